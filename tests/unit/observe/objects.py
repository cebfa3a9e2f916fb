"""Members' objects as their API shows them, with defaults."""

from typing import Any

Object = dict[str, Any]


def service(name: str = "web", *points: str | dict[str, str], type_: str = "LoadBalancer", **meta: Any) -> Object:
    """A Service; each point is an address, or an entry of its load balancer's status."""
    entries = [{"ip": point} if isinstance(point, str) else point for point in points]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop", **meta},
        "spec": {"type": type_, "ports": [{"port": 80}], **({"externalName": "a.example"} if type_ == "ExternalName" else {})},
        "status": {"loadBalancer": {"ingress": entries}} if entries else {"loadBalancer": {}},
    }


def ingress(*points: str | dict[str, str], host: str = "shop.example.org", backend: str = "web", **more: Any) -> Object:
    """An Ingress named shop with one rule; `annotations` go into its metadata, everything else into its spec."""
    entries = [{"ip": point} if isinstance(point, str) else point for point in points]
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": backend, "port": {"number": 80}}}}
    annotations = more.pop("annotations", None)
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "shop", "namespace": "shop", **({"annotations": annotations} if annotations else {})},
        "spec": {"rules": [{"host": host, "http": {"paths": [path]}}], **more},
        "status": {"loadBalancer": {"ingress": entries}},
    }


def slice_of(name: str = "web-1", *ready: bool | str | None, service: str = "web", family: str = "IPv4", first: int = 1) -> Object:
    """An EndpointSlice with one endpoint for each readiness: None leaves the condition out, "terminating" says so.

    Endpoints are numbered from `first`, so that two slices can hold the same one.
    """
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "addressType": family,
        "metadata": {"name": name, "namespace": "shop", "labels": {"kubernetes.io/service-name": service}},
        "endpoints": [_endpoint(one, number, family) for number, one in enumerate(ready, first)],
        "ports": [],
    }


def _endpoint(ready: bool | str | None, number: int, family: str) -> Object:
    address = f"10.0.0.{number}" if family == "IPv4" else f"2001:db8::{number}"
    if ready == "terminating":
        return {"addresses": [address], "conditions": {"ready": True, "terminating": True}}
    return {"addresses": [address], "conditions": {} if ready is None else {"ready": ready}}
