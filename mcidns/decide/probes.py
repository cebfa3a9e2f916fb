"""Probes: which a host wants, and what their answers so far say of its addresses; asking lives in observe/."""

from collections.abc import Iterable

from mcidns.decide import addresses, claims, permission, signals
from mcidns.decide.claims import Granted
from mcidns.model.clusters import Lost, MemberView
from mcidns.model.decisions import Reason, Remembered, World
from mcidns.model.hosts import Host
from mcidns.model.names import DnsName
from mcidns.model.probes import Probe
from mcidns.model.targets import Target

STAND_IN = "probe"
"""The label that stands for the `*` of a wildcard name: whatever serves the wildcard serves it too."""

_REMOVED = frozenset({Reason.NOT_PLACED, Reason.CLUSTER_GONE})


def wanted(host: Host, world: World) -> frozenset[Probe]:
    """Every question that bears on the host: its rule, each address of the clusters that hold its source, its first name.

    Empty without a rule, or while none of its names is granted. Load balancers' names count by the addresses they are known to
    resolve to. An address that may be published in none of the zones concerned is never asked.
    """
    rule = host.probe
    if rule is None:
        return frozenset()
    members = [view for view in world.members if host.clusters.takes(view.cluster.name, dict(view.cluster.labels))]
    settled = claims.settle(world, host, members)
    if not settled.granted:
        return frozenset()
    name = asked_as(settled.granted)
    zones = tuple({one.zone.allowed_targets: None for one in settled.granted})
    own = frozenset(settled.names)
    known = addresses.book(world)
    return frozenset(
        Probe(address, name, rule)
        for target in _targets(host, world, members)
        if permission.objection(target, zones, own) is None
        for address in addresses.reached(target, known)
        if permission.objection(address, zones, own) is None
    )


def asked_as(granted: Iterable[Granted]) -> DnsName:
    """The first of the names, by which all its addresses are asked; a wildcard by a name that it covers."""
    name = min(one.name for one in granted)
    return DnsName(STAND_IN + name.text[1:]) if name.is_wildcard else name


def _targets(host: Host, world: World, members: Iterable[MemberView]) -> set[Target]:
    past = {was.cluster: was for was in world.memory.clusters if not was.static}
    found = {target for static in host.static_targets for target in static.targets}
    for view in members:
        found.update(_offered(view, past.get(view.cluster.name)))
    return found


def _offered(view: MemberView, was: Remembered | None) -> tuple[Target, ...]:
    """What the cluster shows, or showed last while it is silent or its status blank."""
    seen = view.observation.last if isinstance(view.observation, Lost) else view.observation
    if seen is not None and seen.state is None:
        return ()
    if seen is not None and seen.state is not None and seen.state.targets:
        return signals.public(view.cluster, seen.state)
    return () if was is None or was.reason in _REMOVED else signals.parsed(was.targets)
