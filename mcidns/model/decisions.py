"""What a decision is made of and what it says; how it is reached lives in decide/."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from mcidns.model.clusters import Cluster, MemberView, Resolution
from mcidns.model.hosts import Host
from mcidns.model.names import DnsName
from mcidns.model.probes import Probe, Streak
from mcidns.model.records import Intent
from mcidns.model.references import ClusterName, ObjectRef
from mcidns.model.targets import Target
from mcidns.model.zones import Zone


class Reason(StrEnum):
    """The rule of design §3 that decided a target; these words stand in status and in `explain`."""

    READY = "Ready"
    STALE = "Stale"
    LAST_ADDRESS = "LastAddress"
    NOT_READY = "NotReady"
    NO_ADDRESS = "NoAddress"
    NOT_PLACED = "NotPlaced"
    CLUSTER_GONE = "ClusterGone"
    UNKNOWN = "Unknown"
    NEVER_SEEN = "NeverSeen"
    NOT_PERMITTED = "TargetNotPermitted"
    UNRESOLVED = "Unresolved"
    STATIC = "Static"
    NOT_PROBED = "NotProbed"
    PROBE_FAILED = "ProbeFailed"
    SUPPRESSED = "Suppressed"
    DRAINED = "Drained"


ProbeState = Literal["New", "Passing", "Failing"]


class Probed(Struct, frozen=True, order=True, gc=False):
    """What a restart must know of one address that is not plainly well: `New` waits for its first answer, `Failing` is out.

    `count` answers in a row, the first at `since` (whole unix seconds), speak against that; `Passing` is kept only while such
    answers do. `detail` says what was seen when it fell.
    """

    address: str
    state: ProbeState
    count: int = 0
    since: float = 0.0
    detail: str = ""


class History(Struct, frozen=True, order=True, gc=False):
    """The part of a cluster's past that only some have; times in whole unix seconds.

    `unready`: its readiness stands at too few, behind another reason. `turning_since`: since when its endpoints speak against
    where its readiness stands. `penalty` points as of `penalty_at`; `suppressed` until enough of them are forgiven.
    """

    unready: bool = False
    turning_since: float | None = None
    probed: tuple[Probed, ...] = ()
    penalty: int = 0
    penalty_at: float = 0.0
    suppressed: bool = False


class Role(StrEnum):
    """What the routing policy makes of an eligible cluster; all but Serving keep it out of DNS although it could serve."""

    SERVING = "Serving"
    STANDBY = "Standby"
    HELD_BACK = "HeldBack"
    NOT_IN_ORDER = "NotInOrder"
    LAST_RESORT = "LastResort"
    NOT_IN_RULES = "NotInRules"
    NO_REGION = "NoRegion"


class Remembered(Struct, frozen=True, gc=False):
    """What must survive a restart about one cluster's targets for one host; times in unix seconds.

    `targets` are the last addresses it gave, as text; `blank_since` is set while its status shows none; `unknown_since`
    while its API does not answer; `ready`/`total` as last counted. `static`: it is one of spec.staticTargets. `role`: see Role,
    empty where no policy chooses among clusters; it has it since `role_since`.
    """

    cluster: str
    targets: tuple[str, ...]
    region: str = ""
    eligible: bool = False
    reason: str = ""
    since: float = 0.0
    blank_since: float | None = None
    unknown_since: float | None = None
    ready: int = 0
    total: int = 0
    static: bool = False
    history: History | None = None
    role: str = ""
    role_since: float | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """A host's last decision as its status keeps it; the empty one belongs to a host that was never decided.

    `published` holds the names that stood in DNS with their targets, `served` the last targets that were healthy,
    `resolved` what load balancers' names last resolved to. `withdrawn` are record values that were taken away from a name
    while something else about it was unknown; they are repeated until everything is known, so that none is left behind.
    """

    clusters: tuple[Remembered, ...] = ()
    published: tuple[tuple[DnsName, tuple[str, ...]], ...] = ()
    served: tuple[str, ...] = ()
    hostnames: tuple[DnsName, ...] = ()
    resolved: tuple[tuple[DnsName, tuple[str, ...]], ...] = ()
    withdrawn: tuple[tuple[DnsName, tuple[str, ...]], ...] = ()


class Claim(Struct, frozen=True, order=True, gc=False):
    """Somebody's claim on a name. The oldest `created_at` wins, then namespace and name in order."""

    created_at: float
    ref: ObjectRef
    ttl: int | None = None


ProgramState = Literal["Programmed", "Pending", "Failed", "Held"]
PropagationState = Literal["Propagated", "Pending", "Mismatch", "Unknown"]


class Programming(Struct, frozen=True, gc=False):
    """What became of a name in DNS, as the zone's worker observed it. `reason` is one of the Programmed reasons of design §4."""

    name: DnsName
    state: ProgramState
    reason: str
    message: str
    propagation: PropagationState = "Unknown"
    propagation_message: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """The part of the world that bears on one host, frozen.

    `inventory_complete` is False until every fleet was listed once. `rivals` are the other claims per name of this host.
    `namespace_labels` are those of the host's namespace. `isolated` says that no member at all answers; `heard_since` (unix
    seconds) since when some member has answered without a break, so that what failed before may have been the hub's own
    network. `probes` are the answers so far; a probe that is missing was not answered yet.
    """

    members: tuple[MemberView, ...]
    zones: tuple[Zone, ...]
    memory: Memory = Memory()
    rivals: tuple[tuple[DnsName, tuple[Claim, ...]], ...] = ()
    namespace_labels: tuple[tuple[str, str], ...] = ()
    resolutions: tuple[tuple[DnsName, Resolution], ...] = ()
    programming: tuple[Programming, ...] = ()
    inventory_complete: bool = True
    isolated: bool = False
    heard_since: float = 0.0
    probes: tuple[tuple[Probe, Streak], ...] = ()


class Verdict(Struct, frozen=True, gc=False):
    """Whether a cluster's targets may be served, and the rule that says so. `message` is a sentence for people.

    `targets` are those it would contribute, sorted. `since` is when the verdict (eligible, reason) last changed. `probe` is
    where its addresses stand by their probes, `Mixed` where they differ, empty without a probe. `role`: None where the policy
    does not choose among clusters, or the cluster is not eligible.
    """

    cluster: ClusterName
    region: str
    targets: tuple[Target, ...]
    eligible: bool
    reason: Reason
    message: str
    since: float
    ready: int = 0
    total: int = 0
    probe: ProbeState | Literal["", "Mixed"] = ""
    role: Role | None = None

    @property
    def serves(self) -> bool:
        """Whether its targets are among those to be served."""
        return self.eligible and self.role in (None, Role.SERVING)


class Condition(Struct, frozen=True, gc=False):
    """A condition of the standard shape (KEP-1623) without times; the writer keeps `lastTransitionTime`."""

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str


class NameDecision(Struct, frozen=True, gc=False):
    """One name of the host: what it shall hold, for status and DNSEndpoint. `zone` is the DNSZone's name, empty if none matches."""

    name: DnsName
    zone: str
    intent: Intent
    record_type: str
    targets: tuple[str, ...]
    ttl: int


@dataclass(frozen=True, slots=True)
class Decision:
    """All that follows from one look at one host: records, conditions, status, Events and `explain` are read off this value.

    `names` are those the host may serve; `look_again` is a unix time, None if only a change matters. `drains_refused` are the
    clusters that somebody drains and that serve on here, as too few others could. `places` are the
    members by which a ServiceDNSRecord has its names. `reverse` asks for PTR records.
    """

    host: Host
    verdicts: tuple[Verdict, ...]
    names: tuple[NameDecision, ...]
    conditions: tuple[Condition, ...]
    memory: Memory
    look_again: float | None
    claims_lost: tuple[tuple[DnsName, ObjectRef], ...] = ()
    drains_refused: tuple[ClusterName, ...] = ()
    places: tuple[Cluster, ...] = ()
    reverse: tuple[Intent, ...] = ()

    @property
    def intents(self) -> tuple[Intent, ...]:
        """What the zones are asked for."""
        return (*(name.intent for name in self.names), *self.reverse)
