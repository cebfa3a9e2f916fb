"""Objects that mcidns makes of annotations and fleets, as values and as manifests; applying them lives in publish/."""

import base64
import json
from dataclasses import dataclass
from typing import Any, Final

from mcidns.hub import routing, selection
from mcidns.hub.dnsendpoint import MANAGED_BY, MANAGER
from mcidns.hub.metadata import Pairs
from mcidns.hub.reach import AccessSpec, ByContext, ByKubeconfig, ByProvider, ByToken, SecretKey, Way
from mcidns.hub.unreadable import Problem
from mcidns.model import targets
from mcidns.model.hosts import Selection
from mcidns.model.names import DnsName
from mcidns.model.probes import ProbeProtocol
from mcidns.model.references import ObjectRef, SourceKind
from mcidns.model.routing import Routing
from mcidns.model.targets import Target

GENERATED_FROM: Final = "mcidns.io/generated-from"
"""Label on what was made by us: the kind it was made of, with `member-` before it where that object is in a member."""

STATIC_NAME: Final = "static"
"""The static target that stands for a `mcidns.io/target` annotation."""

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Owner:
    """An object of the host cluster and namespace that a generated one goes with."""

    api_version: str
    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class ProbeAsked:
    """The probe that annotations ask for; all else about it is as usual."""

    protocol: ProbeProtocol
    path: str


@dataclass(frozen=True, slots=True)
class GeneratedHost:
    """The GlobalHost that annotations ask for. No `hostnames`: from the source; `clusters` None: all members.

    `owner` is None where the annotated object is in a member, `routing` where the annotations say nothing of it. `problems`
    are annotations that were left out of account.
    """

    namespace: str
    name: str
    source_kind: SourceKind
    origin: str
    owner: Owner | None = None
    hostnames: tuple[DnsName, ...] = ()
    ttl: int | None = None
    targets: tuple[Target, ...] = ()
    routing: Routing | None = None
    clusters: Selection | None = None
    probe: ProbeAsked | None = None
    ptr: bool = False
    problems: tuple[Problem, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        """The GlobalHost."""
        return ObjectRef("GlobalHost", self.namespace, self.name)

    @property
    def made_of(self) -> ObjectRef:
        """The annotated object."""
        return ObjectRef(self.origin.removeprefix("member-"), self.namespace, self.name)


@dataclass(frozen=True, slots=True)
class GeneratedMember:
    """The MemberCluster that a fleet object asks for. `region`, `zones` and `labels` yield to what a person has set.

    It is not made before the Secret `waits_for` is there, where that is how somebody says that the cluster shall be one.
    """

    name: str
    access: AccessSpec
    made_of: ObjectRef
    region: str = ""
    zones: tuple[str, ...] = ()
    labels: Pairs = ()
    problems: tuple[Problem, ...] = ()
    waits_for: SecretKey | None = None

    @property
    def ref(self) -> ObjectRef:
        """The MemberCluster."""
        return ObjectRef("MemberCluster", "", self.name)


def host_manifest(host: GeneratedHost) -> Manifest:
    """What is applied for a generated GlobalHost."""
    spec: Manifest = {"source": {"kind": host.source_kind, "name": host.name}}
    if host.hostnames:
        spec["hostnames"] = [name.relative for name in host.hostnames]
    if host.ttl is not None:
        spec["ttl"] = host.ttl
    if host.targets:
        spec["staticTargets"] = [{"name": STATIC_NAME, "addresses": [spell(target) for target in host.targets]}]
    if host.routing is not None:
        spec["routing"] = routing.render(host.routing)
    if host.clusters is not None:
        spec["clusters"] = _clusters(host.clusters)
    if host.probe is not None:
        spec["health"] = {"probe": {"protocol": host.probe.protocol, "path": host.probe.path}}
    if host.ptr:
        spec["ptr"] = True
    metadata: Manifest = {
        "name": host.name,
        "namespace": host.namespace,
        "labels": {MANAGED_BY: MANAGER, GENERATED_FROM: host.origin},
    }
    if host.owner is not None:
        metadata["ownerReferences"] = [
            {
                "apiVersion": host.owner.api_version,
                "kind": host.owner.kind,
                "name": host.owner.name,
                "uid": host.owner.uid,
                "controller": False,
                "blockOwnerDeletion": False,
            }
        ]
    return {"metadata": metadata, "spec": spec}


def _clusters(chosen: Selection) -> Manifest:
    if chosen.names is not None:
        return {"names": list(chosen.names)}
    return {"selector": selection.render(chosen.requirements)}


def member_manifest(member: GeneratedMember) -> Manifest:
    """What is applied for a generated MemberCluster.

    It has no owner reference: what made it is namespaced, and the garbage collector would take it for gone.
    """
    spec: Manifest = {
        "access": _access(member.access),
        "source": {"kind": member.made_of.kind, "namespace": member.made_of.namespace, "name": member.made_of.name},
    }
    if member.region:
        spec["region"] = member.region
    if member.zones:
        spec["zones"] = list(member.zones)
    labels = {**dict(member.labels), MANAGED_BY: MANAGER, GENERATED_FROM: member.made_of.kind}
    return {"metadata": {"name": member.name, "labels": labels}, "spec": spec}


def _access(access: AccessSpec) -> Manifest:
    found = _way(access.way)
    if access.proxy_url:
        found["proxyURL"] = access.proxy_url
    if access.impersonate:
        found["impersonate"] = access.impersonate
    if access.insecure:
        found["insecureSkipTLSVerify"] = True
    return found


def _way(way: Way) -> Manifest:
    match way:
        case ByKubeconfig(secret):
            return {"kubeconfigSecretRef": _secret(secret)}
        case ByContext(context):
            return {"context": context}
        case ByToken():
            found: Manifest = {**_server(way), "tokenSecretRef": _secret(way.token)}
            return found if way.ca_secret is None else {**found, "caBundleSecretRef": _secret(way.ca_secret)}
        case ByProvider():
            provider: Manifest = {"name": way.provider}
            if way.config:
                provider["config"] = json.loads(way.config)
            if way.args:
                provider["args"] = list(way.args)
            if way.env:
                provider["env"] = [{"name": name, "value": value} for name, value in way.env]
            return {**_server(way), "provider": provider}


def _server(way: ByToken | ByProvider) -> Manifest:
    found: Manifest = {"server": way.server}
    if way.ca:
        found["caBundle"] = base64.b64encode(way.ca.encode()).decode("ascii")
    if way.tls_server_name:
        found["tlsServerName"] = way.tls_server_name
    return found


def _secret(key: SecretKey) -> Manifest:
    found: Manifest = {"name": key.name, "key": key.key}
    if key.namespace:
        found["namespace"] = key.namespace
    return found


def spell(target: Target) -> str:
    """A target as manifests hold it: an address in short form, a name without final dot."""
    return target.relative if isinstance(target, DnsName) else str(target)


def order(found: tuple[Target, ...]) -> tuple[Target, ...]:
    """In the order of the model, each once."""
    return tuple(sorted(set(found), key=targets.order))
