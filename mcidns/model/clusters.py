"""Member clusters and what they said of a source; asking them lives in observe/."""

from dataclasses import dataclass, field
from enum import StrEnum

from mcidns.model.names import DnsName
from mcidns.model.references import ClusterName
from mcidns.model.targets import Address, Target


@dataclass(frozen=True, slots=True)
class Drain:
    """Somebody takes a member out of service: why, and until when (unix seconds; None: until the drain is taken back).

    `force`: also where that leaves a host with fewer healthy clusters than it asks for.
    """

    reason: str = ""
    until: float | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class Cluster:
    """A member as the inventory knows it. `address_map` turns an address its load balancer reports into the public one (NAT).

    `created_at` (unix seconds) is when it became a member.
    """

    name: ClusterName
    region: str = ""
    zones: tuple[str, ...] = ()
    weight: int = 1
    address_map: tuple[tuple[Address, Address], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    drain: Drain | None = None
    created_at: float = 0.0


@dataclass(frozen=True, slots=True, order=True)
class Backend:
    """Endpoints behind one Service of a source: how many are ready, of how many.

    `applicable` is False where readiness says nothing (an ExternalName Service).
    """

    service: str
    ready: int
    total: int
    applicable: bool = True


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source object as its member shows it. `unreadable` are status entries that are no address, with the reason."""

    targets: frozenset[Target]
    backends: tuple[Backend, ...]
    hostnames: tuple[DnsName, ...] = ()
    unreadable: tuple[str, ...] = ()


class LostReason(StrEnum):
    """Why a member does not answer; the words stand in conditions."""

    NOT_YET_READ = "NotYetRead"
    TIMEOUT = "Timeout"
    REFUSED = "Refused"
    UNREACHABLE = "Unreachable"
    TLS = "TLS"
    UNAUTHORIZED = "Unauthorized"
    FORBIDDEN = "Forbidden"
    SERVER_ERROR = "ServerError"
    BAD_ACCESS = "BadAccess"


@dataclass(frozen=True, slots=True)
class Seen:
    """The member answered: this is the source, and None means that there is no such object there. `at` in unix seconds."""

    state: SourceState | None
    at: float


@dataclass(frozen=True, slots=True)
class Lost:
    """The member does not answer since `since`; `last` is what it said before, None if it never answered this process."""

    last: Seen | None
    since: float
    reason: LostReason
    detail: str = ""


Observation = Seen | Lost


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member of the inventory and its latest word on the source of one host."""

    cluster: Cluster
    observation: Observation


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a load balancer's host name resolves to; fresh until `until` (unix seconds), kept while nothing newer is known."""

    addresses: frozenset[Address]
    until: float


@dataclass(frozen=True, slots=True)
class Unresolved:
    """The name could not be resolved; `last` is what it resolved to before."""

    why: str
    last: Resolved | None = field(default=None)


Resolution = Resolved | Unresolved
