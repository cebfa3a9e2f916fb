"""References to Kubernetes objects and the sources behind a host; fetching them lives with the clients."""

from typing import Literal, NamedTuple, NewType

ClusterName = NewType("ClusterName", str)
SourceKind = Literal["Ingress", "Service"]


class ObjectRef(NamedTuple):
    """An object of the host cluster by kind, namespace (empty if cluster-scoped) and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class SourceRef(NamedTuple):
    """An Ingress or Service that exists under this name in several members."""

    kind: SourceKind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"
