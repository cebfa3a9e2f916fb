"""References to Kubernetes objects and the sources behind a host; fetching them lives with the clients."""

from typing import Final, Literal, NewType, get_args

from msgspec import Struct

ClusterName = NewType("ClusterName", str)
RouteKind = Literal["HTTPRoute", "GRPCRoute", "TLSRoute"]
SourceKind = Literal["Ingress", "Service", "Gateway", "HTTPRoute", "GRPCRoute", "TLSRoute"]

ROUTES: Final[tuple[RouteKind, ...]] = get_args(RouteKind)
GATEWAY_KINDS: Final[frozenset[str]] = frozenset(("Gateway", *ROUTES))
"""Kinds of the Gateway API, which a member may serve or not."""


class ObjectRef(Struct, frozen=True, order=True, cache_hash=True, gc=False):
    """An object of the host cluster by kind, namespace (empty if cluster-scoped) and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class SourceRef(Struct, frozen=True, order=True, cache_hash=True, gc=False):
    """An Ingress, Service, Gateway or route that exists under this name in several members."""

    kind: SourceKind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"
