"""A GlobalHost without Kubernetes: names and the rules to serve them by; reading the object lives in hub/."""

from dataclasses import dataclass
from typing import Literal

from mcidns.model.kubefed import Scheme
from mcidns.model.names import DnsName
from mcidns.model.probes import ProbeRule
from mcidns.model.references import ClusterName, ObjectRef, SourceRef
from mcidns.model.routing import ALL, Routing
from mcidns.model.targets import Target

ReadinessMode = Literal["Any", "All", "Ignore"]
WhenNoneHealthy = Literal["ServeAll", "ServeLast", "Fallback", "Withdraw"]
OnUnknown = Literal["Keep", "Withdraw"]
DeletionPolicy = Literal["Delete", "Orphan"]
HostKind = Literal["GlobalHost", "ServiceDNSRecord", "IngressDNSRecord"]


@dataclass(frozen=True, slots=True, order=True)
class Requirement:
    """One term of a label selector (`In`, `NotIn`, `Exists`, `DoesNotExist`)."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...] = ()

    def met_by(self, labels: dict[str, str]) -> bool:
        """Kubernetes' own rule: NotIn also holds where the label is absent."""
        present = self.key in labels
        match self.operator:
            case "In":
                return present and labels[self.key] in self.values
            case "NotIn":
                return not present or labels[self.key] not in self.values
            case "Exists":
                return present
            case "DoesNotExist":
                return not present


@dataclass(frozen=True, slots=True)
class Selection:
    """Which members take part: by name where `names` is given (empty: none), else by labels; no requirement selects all."""

    names: tuple[ClusterName, ...] | None = None
    requirements: tuple[Requirement, ...] = ()

    def takes(self, name: ClusterName, labels: dict[str, str]) -> bool:
        """Whether the member of this name and these labels takes part."""
        if self.names is not None:
            return name in self.names
        return all(requirement.met_by(labels) for requirement in self.requirements)


@dataclass(frozen=True, slots=True)
class Readiness:
    """When the endpoints behind a source count as enough; `percent` is of all endpoints of a back end, 0 to 100.

    `fall` observations in a row of too few take a cluster out, `rise` of enough bring it back; what one observation is says
    decide.health.
    """

    mode: ReadinessMode = "Any"
    min_ready: int = 1
    min_ready_percent: int = 0
    fall: int = 1
    rise: int = 1


@dataclass(frozen=True, slots=True)
class Damping:
    """How much a target may flap (the figure of merit of RFC 2439 §4): times in seconds, the rest in points.

    Each fall costs `penalty` points, of which half are forgiven in every `half_life`. Above `suppress_above` the target stays
    out although it is well, until it has come down to `reuse_below`; that takes `max_suppress` at most from its last fall.
    """

    penalty: int = 1000
    suppress_above: int = 3000
    reuse_below: int = 1000
    half_life: float = 300.0
    max_suppress: float = 1800.0


@dataclass(frozen=True, slots=True)
class StaticTarget:
    """A member that is not Kubernetes."""

    name: str
    targets: tuple[Target, ...]
    region: str = ""
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Host:
    """One GlobalHost. Times are in seconds, `created_at` in unix seconds. No `hostnames`: they come from the source.

    KubeFed's records are hosts of their own `kind`; a ServiceDNSRecord has a `scheme` that makes its names, and no `hostnames`.
    `failback_asked`: what was held back by then (unix seconds) may serve again; `unread` are annotations that say nothing.
    """

    namespace: str
    name: str
    uid: str
    created_at: float
    generation: int
    source: SourceRef
    hostnames: tuple[DnsName, ...] = ()
    invalid_hostnames: tuple[str, ...] = ()
    static_targets: tuple[StaticTarget, ...] = ()
    clusters: Selection = Selection()
    ttl: int | None = None
    max_targets: int = 8
    routing: Routing = ALL
    readiness: Readiness = Readiness()
    on_unknown: OnUnknown = "Keep"
    stale_after: float = 3600.0
    address_grace: float = 300.0
    probe: ProbeRule | None = None
    damping: Damping | None = Damping()
    min_healthy_clusters: int = 1
    when_none_healthy: WhenNoneHealthy = "ServeAll"
    fallback: tuple[Target, ...] = ()
    deletion_policy: DeletionPolicy = "Delete"
    ptr: bool = False
    kind: HostKind = "GlobalHost"
    scheme: Scheme | None = None
    failback_asked: float | None = None
    unread: tuple[str, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        """The object it was read from."""
        return ObjectRef(self.kind, self.namespace, self.name)
