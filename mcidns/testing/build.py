"""Builders with defaults, so that a test states only what it is about; they make values and nothing else."""

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

from msgspec import structs

from mcidns.model import targets
from mcidns.model.clusters import Backend, Cluster, Lost, LostReason, MemberView, Observation, Resolved, Seen, SourceState
from mcidns.model.decisions import Claim, Memory, Programming, Reason, Remembered, World
from mcidns.model.hosts import Host, StaticTarget
from mcidns.model.names import DnsName
from mcidns.model.probes import Probe, ProbeRule, Streak
from mcidns.model.references import ClusterName, ObjectRef, SourceRef
from mcidns.model.targets import Network
from mcidns.model.zones import Zone

NOW = 1_800_000_000.0
"""The time at which tests begin, in unix seconds."""

ZONE = Zone(name="main", domain=DnsName("example.org."), owner_id="tests", provider="dns")
"""A zone that lets everybody claim everything below example.org."""

HOST = Host(
    namespace="shop",
    name="web",
    uid="0b8c1d2e",
    created_at=NOW - 86400.0,
    generation=1,
    source=SourceRef("Ingress", "shop", "web"),
    hostnames=(DnsName("www.example.org."),),
)
"""A host that claims www.example.org for the Ingress shop/web."""


def name(text: str) -> DnsName:
    """A name as people write it."""
    return DnsName.parse(text)


def networks(*texts: str) -> tuple[Network, ...]:
    """CIDRs for `Zone.allowed_targets`."""
    return tuple(ip_network(text) for text in texts)


def host(*hostnames: str, **changes: Any) -> Host:
    """HOST with these names, if any, and these fields changed."""
    if hostnames:
        changes["hostnames"] = tuple(name(text) for text in hostnames)
    return replace(HOST, **changes)


def zone(domain: str = "example.org", **changes: Any) -> Zone:
    """ZONE with this domain and these fields changed; named after its domain unless that is ZONE's."""
    parsed = name(domain)
    if parsed != ZONE.domain:
        changes.setdefault("name", parsed.relative.replace(".", "-"))
    return replace(ZONE, domain=parsed, **changes)


def cluster(name: str, region: str = "", **changes: Any) -> Cluster:
    """A member of the inventory."""
    return Cluster(ClusterName(name), region, **changes)


def backend(ready: int = 1, total: int | None = None, service: str = "web", *, applicable: bool = True) -> Backend:
    """Endpoints behind one Service; `total` is `ready` unless given."""
    return Backend(service, ready, ready if total is None else total, applicable)


def state(*addresses: str, backends: Iterable[Backend] | None = None, **changes: Any) -> SourceState:
    """A source that shows these addresses or host names, with one ready endpoint behind it unless said otherwise."""
    shown = frozenset(targets.parse(text) for text in addresses)
    behind = (backend(),) if backends is None else tuple(backends)
    return SourceState(shown, behind, **changes)


def seen(*addresses: str, ready: int = 1, total: int | None = None, at: float = NOW, **changes: Any) -> Seen:
    """A member that answers and holds the source: its addresses, and the endpoints of its one Service."""
    return Seen(state(*addresses, backends=(backend(ready, total),), **changes), at)


def absent(at: float = NOW) -> Seen:
    """A member that answers and does not hold the source."""
    return Seen(None, at)


def lost(last: Seen | None = None, *, since: float = NOW, reason: LostReason = LostReason.TIMEOUT) -> Lost:
    """A member that does not answer; `last` is its last word in this process."""
    return Lost(last, since, reason)


def unread(since: float = NOW) -> Lost:
    """A member that this process has not tried yet."""
    return Lost(None, since, LostReason.NOT_YET_READ)


def member(name: str, observation: Observation, region: str = "", **changes: Any) -> MemberView:
    """A member and its word."""
    return MemberView(cluster(name, region, **changes), observation)


def world(*members: MemberView, **changes: Any) -> World:
    """These members, ZONE, and nothing remembered."""
    return World(**{"members": members, "zones": (ZONE,), **changes})


def remembered(cluster: str, *addresses: str, reason: Reason = Reason.READY, since: float = NOW, **changes: Any) -> Remembered:
    """One cluster of a memory; eligible where the reason says so."""
    served = (Reason.READY, Reason.STALE, Reason.LAST_ADDRESS, Reason.STATIC)
    changes.setdefault("eligible", reason in served)
    changes.setdefault("static", reason is Reason.STATIC)
    if reason in (Reason.STALE, Reason.UNKNOWN):
        changes.setdefault("unknown_since", since)
    return Remembered(cluster, addresses, reason=reason.value, since=since, **changes)


def memory(*clusters: Remembered, published: dict[str, Iterable[str]] | None = None, **changes: Any) -> Memory:
    """A host's last decision. `published` maps names to what they held."""
    stood = tuple((name(host), tuple(values)) for host, values in sorted((published or {}).items()))
    return Memory(clusters=clusters, published=stood, **changes)


def static(name: str, *addresses: str, region: str = "", weight: int = 1) -> StaticTarget:
    """A member that is not Kubernetes."""
    return StaticTarget(name, tuple(targets.parse(text) for text in addresses), region, weight)


def claim(namespace: str, name: str, created_at: float = NOW, ttl: int | None = None) -> Claim:
    """Another GlobalHost's claim."""
    return Claim(created_at, ObjectRef("GlobalHost", namespace, name), ttl)


def resolved(*addresses: str, until: float = NOW + 60) -> Resolved:
    """What a load balancer's name resolves to."""
    return Resolved(frozenset(ip_address(text) for text in addresses), until)


def programming(host: str, **changes: Any) -> Programming:
    """What became of a name; programmed and propagated unless said otherwise."""
    return structs.replace(Programming(name(host), "Programmed", "Programmed", "", "Propagated"), **changes)


PROBE = ProbeRule("HTTP", 80)
"""A probe with nothing said: every 10 seconds, 3 failures in a row take out, 2 successes bring back."""


def answers(
    address: str, good: bool, count: int = 1, *, since: float | None = None, rule: ProbeRule = PROBE, detail: str = ""
) -> tuple[Probe, Streak]:
    """The latest run of equal answers of one address, one per interval and the last at NOW unless said otherwise."""
    begun = NOW - (count - 1) * rule.interval if since is None else since
    probe = Probe(ip_address(address), name("www.example.org"), rule)
    return probe, Streak(good, count, begun, begun + (count - 1) * rule.interval, detail or ("HTTP 200" if good else "HTTP 503"))
