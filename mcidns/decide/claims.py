"""Which names a host claims and which of them it has: zone, grant, rivals and TTL; what they hold lives in render."""

from collections.abc import Sequence

from msgspec import Struct

from mcidns.decide import admission, naming
from mcidns.decide.admission import Refusal
from mcidns.decide.naming import NO_LEVELS, Levels
from mcidns.model.clusters import Lost, MemberView
from mcidns.model.decisions import Claim, Decision, Reason, World
from mcidns.model.hosts import Host
from mcidns.model.names import DnsName
from mcidns.model.references import ObjectRef
from mcidns.model.zones import Zone

_REMOVED = frozenset({Reason.NOT_PLACED, Reason.CLUSTER_GONE})


class Granted(Struct, frozen=True, gc=False):
    """A name the host may serve. `asked` is the TTL before the zone's bounds; `shared`: others of its namespace serve it too."""

    name: DnsName
    zone: Zone
    ttl: int
    asked: int
    shared: bool

    @property
    def takes_cname(self) -> bool:
        """Whether a CNAME may stand here: never beside a zone's SOA (RFC 1034 §3.6.2) nor beside a partner's addresses."""
        return not self.shared and self.name != self.zone.domain

    @property
    def takes_alias(self) -> bool:
        """Whether a load balancer's name may stand here as a CNAME: only its owner decides where that leads, so never in a zone
        that permits some networks alone; there it is resolved, and what it resolves to is judged.
        """
        return self.takes_cname and not self.zone.allowed_targets


class Claims(Struct, frozen=True, gc=False):
    """All names claimed, sorted; those granted; why the others are not; and who holds those that were lost.

    `levels` are those of a ServiceDNSRecord.
    """

    names: tuple[DnsName, ...]
    granted: tuple[Granted, ...]
    refusals: tuple[Refusal, ...]
    lost: tuple[tuple[DnsName, ObjectRef], ...]
    levels: Levels = NO_LEVELS


def settle(world: World, host: Host, members: Sequence[MemberView]) -> Claims:
    """Judge every name of the host on its own; `members` are those that take part."""
    levels = naming.of(host.scheme, [view.cluster for view in members]) if host.scheme is not None else NO_LEVELS
    names = _names(world, host, members) if host.scheme is None else levels.names
    labels = dict(world.namespace_labels)
    rivals = dict(world.rivals)
    granted: list[Granted] = []
    lost: list[tuple[DnsName, ObjectRef]] = []
    refusals = [Refusal("Invalid", _sentence(text, host)) for text in sorted(host.invalid_hostnames)]
    refusals += [Refusal("Invalid", text) for text in levels.mistakes]
    for name in names:
        zone = admission.match(name, world.zones)
        if isinstance(zone, Refusal):
            refusals.append(zone)
            continue
        refused = admission.refusal(zone, name, host.namespace, labels)
        if refused is not None:
            refusals.append(refused)
            continue
        winner = _winner(host, rivals.get(name, ()))
        if winner is not None:
            lost.append((name, winner))
            refusals.append(_conflict(name, winner))
            continue
        granted.append(_grant(host, name, zone, rivals.get(name, ())))
    if not names and not refusals:
        refusals.append(_nameless(host))
    return Claims(names, tuple(granted), tuple(refusals), tuple(lost), levels)


def standing(decision: Decision) -> tuple[DnsName, ...]:
    """The names for which this host counts as a rival: those its zone and grants permit, won or lost.

    A name that is refused must not keep others from it, or any namespace could take names from the one that may have them.
    """
    held = {name.name for name in decision.names} | {name for name, _ in decision.claims_lost}
    return tuple(name for name in decision.memory.hostnames if name in held)


def _names(world: World, host: Host, members: Sequence[MemberView]) -> tuple[DnsName, ...]:
    if host.hostnames or host.invalid_hostnames:
        return tuple(sorted(set(host.hostnames)))
    # A name is only given up when every member that could have named it has spoken (law 1).
    found: set[DnsName] = set()
    silent = not world.inventory_complete
    placed = {was.cluster for was in world.memory.clusters if was.reason not in _REMOVED}
    for view in members:
        word = view.observation.last if isinstance(view.observation, Lost) else view.observation
        if word is None:
            silent = silent or view.cluster.name in placed
        elif word.state is not None:
            found.update(word.state.hostnames)
    if silent:
        found.update(world.memory.hostnames)
    return tuple(sorted(found))


def _winner(host: Host, rivals: Sequence[Claim]) -> ObjectRef | None:
    """Whoever of another namespace claimed the name before us; ours if nobody did."""
    mine = (host.created_at, host.namespace, host.name)
    others = [claim for claim in rivals if claim.ref.namespace != host.namespace]
    first = min(others, key=_rank, default=None)
    return first.ref if first is not None and _rank(first) < _oldest_of_us(mine, host, rivals) else None


def _rank(claim: Claim) -> tuple[float, str, str]:
    return (claim.created_at, claim.ref.namespace, claim.ref.name)


def _oldest_of_us(mine: tuple[float, str, str], host: Host, rivals: Sequence[Claim]) -> tuple[float, str, str]:
    # A namespace that shares a name holds it by its oldest claim; else its members would win and lose apart.
    return min((mine, *(_rank(claim) for claim in rivals if claim.ref.namespace == host.namespace)))


def _grant(host: Host, name: DnsName, zone: Zone, rivals: Sequence[Claim]) -> Granted:
    partners = [claim for claim in rivals if claim.ref.namespace == host.namespace]
    asked = [ttl for ttl in (host.ttl, *(claim.ttl for claim in partners)) if ttl is not None]
    ttl = min(asked) if asked else zone.ttl.default
    return Granted(name, zone, admission.clamp(ttl, zone.ttl), ttl, bool(partners))


def _conflict(name: DnsName, winner: ObjectRef) -> Refusal:
    return Refusal(
        "HostnameConflict",
        f"{name.relative}: {winner} claimed it first; choose another name, or have that claim removed",
    )


def _nameless(host: Host) -> Refusal:
    if host.scheme is not None:
        return Refusal("NoHostname", f"no name can be made: {host.scheme.missing}")
    return Refusal(
        "NoHostname",
        f"no name is claimed: set spec.hostnames, or name one in {host.source}",
    )


def _sentence(text: str, host: Host) -> str:
    return f"spec.{'hostnames' if host.kind == 'GlobalHost' else 'hosts'}: {text}"
