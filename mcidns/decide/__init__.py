"""The pure core: from what is known of the world to what DNS shall hold and why; it never asks, waits, logs or writes."""

from collections.abc import Sequence

from mcidns.decide import (
    addresses,
    claims,
    conditions,
    damping,
    drains,
    intents,
    policies,
    probes,
    reverse,
    routes,
    servicedns,
    verdicts,
)
from mcidns.decide.addresses import Book
from mcidns.decide.claims import Claims
from mcidns.decide.drains import Refused
from mcidns.decide.intents import Filled, Scene
from mcidns.decide.render import alone
from mcidns.decide.shares import gather
from mcidns.decide.verdicts import Ground, Judged
from mcidns.model.clusters import Lost, LostReason, MemberView
from mcidns.model.decisions import Decision, Memory, NameDecision, World
from mcidns.model.hosts import Host
from mcidns.model.names import DnsName

__all__ = ["decide"]


def decide(world: World, host: Host, now: float) -> Decision:
    """All that follows from one look at one host, at `now` (unix seconds).

    Equal input in any order gives an equal Decision; so does the same world with the memory of that Decision.
    """
    members, aside = _parts(world, host)
    settled = claims.settle(world, host, members)
    zones = tuple({one.zone.allowed_targets: None for one in settled.granted})
    ground = Ground(host, zones, frozenset(settled.names), now, is_open=not zones or () in zones)
    judged = verdicts.judge(world, members, aside, ground)
    known = reachable = addresses.book(world)
    if _has_names(judged):
        judged = addresses.check(judged, known, ground, direct=_is_direct(judged, settled))
    refused: Refused = ()
    if host.probe is not None:
        judged, reachable = probes.check(judged, known, world, ground, rule=host.probe)
    if host.damping is not None:
        judged = damping.check(judged, host.damping, now)
    if any(view.cluster.drain is not None for view in members):
        judged, refused = drains.check(judged, members, ground)
    freeze = _freeze(world, members, host)
    picked = policies.pick(judged, world, ground, frozen=freeze is not None)
    scene = Scene(world, ground, picked.judged, reachable, settled, routes.serving(picked, world.memory, ground), refused)
    filled = intents.fill(scene) if host.scheme is None else servicedns.fill(scene)
    names = tuple([one.decision for one in filled]) if freeze is None else intents.frozen(scene, freeze)
    pointers = reverse.of_host(host, names, world)
    told = (reverse.condition(pointers, world.programming),) if host.ptr else ()
    return Decision(
        host=host,
        verdicts=tuple([one.verdict for one in scene.judged]),
        names=names,
        conditions=(*conditions.of(scene, filled, names, freeze), *told),
        memory=_memory(scene, filled, known, is_frozen=freeze is not None),
        look_again=_look_again(scene, names),
        claims_lost=settled.lost,
        drains_refused=tuple([cluster for cluster, _ in refused]),
        places=tuple([view.cluster for view in members]) if host.scheme is not None else (),
        reverse=pointers.intents,
    )


def _parts(world: World, host: Host) -> tuple[list[MemberView], list[MemberView]]:
    """The members that take part, and the others."""
    members: list[MemberView] = []
    aside: list[MemberView] = []
    selection = host.clusters
    by_labels = bool(selection.requirements)
    for view in sorted(world.members, key=_name):
        cluster = view.cluster
        taken = selection.takes(cluster.name, dict(cluster.labels) if by_labels else {})
        (members if taken else aside).append(view)
    return members, aside


def _name(view: MemberView) -> str:
    return view.cluster.name


def _freeze(world: World, members: Sequence[MemberView], host: Host) -> str | None:
    """Why nothing at all may be written now, or None."""
    if not world.inventory_complete:
        return "InventoryIncomplete: not every fleet has been listed yet, so that no cluster can be called absent"
    if not world.isolated or not members or probes.any_passes(world, host):
        return None
    if all(_is_early(view) for view in members):
        return "Starting: no member cluster has been read yet"
    return (
        "ControllerIsolated: no member cluster answers, so that the controller is more likely cut off than all of them down; "
        "check its network and credentials"
    )


def _is_early(view: MemberView) -> bool:
    return isinstance(view.observation, Lost) and view.observation.reason is LostReason.NOT_YET_READ


def _has_names(judged: Sequence[Judged]) -> bool:
    return any(isinstance(target, DnsName) for one in judged for target in one.verdict.targets)


def _is_direct(judged: Sequence[Judged], settled: Claims) -> bool:
    """Whether one load balancer's name is all there is to serve, and may stand as a CNAME somewhere."""
    chosen = gather([one for one in judged if one.verdict.eligible])
    return alone(chosen) and any(granted.takes_alias for granted in settled.granted)


def _memory(scene: Scene, filled: Sequence[Filled], known: Book, *, is_frozen: bool) -> Memory:
    before = scene.world.memory
    clusters = tuple([one.remembered for one in scene.judged if one.remembered is not None])
    if is_frozen:
        # Nothing is written, so what DNS holds is what it held.
        return Memory(
            clusters=clusters,
            published=tuple(sorted(before.published)),
            served=tuple(sorted(before.served)),
            hostnames=scene.claims.names,
            resolved=addresses.remembered(scene.judged, known),
            withdrawn=tuple(sorted(before.withdrawn)),
        )
    return Memory(
        clusters=clusters,
        published=tuple([(one.decision.name, one.decision.targets) for one in filled if one.decision.targets]),
        served=routes.served(scene.judged, scene.serving.chosen, before),
        hostnames=scene.claims.names,
        resolved=addresses.remembered(scene.judged, known),
        withdrawn=tuple([(one.decision.name, one.withdrawn) for one in filled if one.withdrawn]),
    )


def _look_again(scene: Scene, names: Sequence[NameDecision]) -> float | None:
    """The earliest unix time at which time alone would change the decision, or a resolution in use is due again."""
    times = [one.until for one in scene.judged if one.until is not None]
    if any(name.record_type != "CNAME" for name in names):
        times += addresses.next_look(scene.world, scene.judged, scene.ground.now)
    return min(times, default=None)
