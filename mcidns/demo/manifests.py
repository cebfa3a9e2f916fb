"""The objects of the demo, as a person would write them; who applies them and when is in stage and story."""

import base64
import copy
from dataclasses import dataclass
from typing import Any

from mcidns.doctor import shipped
from mcidns.emulator import extensions

Object = dict[str, Any]

HOSTNAME = "shop.garr.example"
ZONE = "garr.example"
NAMESPACE = "shop"
NAME = "shop"
SYSTEM = "mcidns-system"
KEY = "mcidns-demo."


@dataclass(frozen=True, slots=True)
class Region:
    """One member of the demo: its name is its region, after regions of a research network's cloud."""

    name: str
    place: str
    address: str


REGIONS = (
    Region("garr-ct1", "Catania", "192.0.2.10"),
    Region("garr-na1", "Napoli", "198.51.100.20"),
    Region("garr-pa1", "Palermo", "203.0.113.30"),
)


def crds() -> list[Object]:
    """The project's CRDs, from the installed package or the checkout."""
    return [copy.deepcopy(definition) for _, definition in shipped.definitions()]


def kubefed_crds() -> list[Object]:
    """KubeFed's own kinds, as little of them as the demo's objects need; a real host has KubeFed's."""
    return [
        extensions.open_definition("types.kubefed.io", "v1beta1", "FederatedIngress", "federatedingresses"),
        extensions.open_definition("types.kubefed.io", "v1beta1", "FederatedService", "federatedservices"),
        extensions.open_definition("core.kubefed.io", "v1beta1", "KubeFedCluster", "kubefedclusters"),
    ]


def namespace(name: str) -> Object:
    """A Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def member_secret(region: Region, kubeconfig: str) -> Object:
    """What makes a cluster a member: a labelled Secret with its kubeconfig."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": region.name,
            "namespace": SYSTEM,
            "labels": {"mcidns.io/cluster": region.name},
            "annotations": {"mcidns.io/region": region.name},
        },
        "data": {"kubeconfig": _base64(kubeconfig)},
    }


def tsig_secret(secret: bytes) -> Object:
    """The key that signs updates."""
    text = base64.b64encode(secret).decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "demo-tsig", "namespace": SYSTEM},
        "data": {"tsigSecret": _base64(text)},
    }


def provider(port: int) -> Object:
    """The name server, as a DNSProvider."""
    return {
        "apiVersion": "mcidns.io/v1alpha1",
        "kind": "DNSProvider",
        "metadata": {"name": "demo"},
        "spec": {
            "type": "rfc2136",
            "secretRef": {"name": "demo-tsig"},
            "config": {"servers": [f"127.0.0.1:{port}"], "tsigKeyName": KEY.rstrip("."), "tsigAlgorithm": "hmac-sha256"},
        },
    }


def zone() -> Object:
    """The zone that may be programmed."""
    return {
        "apiVersion": "mcidns.io/v1alpha1",
        "kind": "DNSZone",
        "metadata": {"name": "garr-example"},
        "spec": {
            "domain": ZONE,
            "providerRef": {"name": "demo"},
            "ownerID": "mcidns-demo",
            "ttl": {"default": 5},
            "grants": [{"namespaces": [NAMESPACE], "names": [f"*.{ZONE}"]}],
        },
    }


def federated_ingress() -> Object:
    """The one object its user writes: an Ingress for every region, and the name it shall have."""
    return {
        "apiVersion": "types.kubefed.io/v1beta1",
        "kind": "FederatedIngress",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "annotations": {"mcidns.io/hostname": HOSTNAME, "mcidns.io/ttl": "5"}},
        "spec": {
            "placement": {"clusters": [{"name": region.name} for region in REGIONS]},
            "template": {"spec": _ingress_spec()},
        },
    }


def member_objects(region: Region) -> list[Object]:
    """What the federation and the cluster's own controllers make of it in a member."""
    return [
        namespace(NAMESPACE),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web", "namespace": NAMESPACE},
            "spec": {"selector": {"app": "shop"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
        },
        endpoints(ready=True),
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": {"kubefed.io/managed": "true"}},
            "spec": _ingress_spec(),
            "status": {"loadBalancer": {"ingress": [{"ip": region.address}]}},
        },
    ]


def endpoints(*, ready: bool) -> Object:
    """The pods behind the Service, as the EndpointSlice shows them."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "web-1", "namespace": NAMESPACE, "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [f"10.0.0.{number}"], "conditions": {"ready": ready}} for number in (1, 2, 3)],
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
    }


def _ingress_spec() -> Object:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    return {"rules": [{"host": HOSTNAME, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
