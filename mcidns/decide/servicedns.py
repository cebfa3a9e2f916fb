"""What each name of a ServiceDNSRecord holds: its own clusters' targets, else a CNAME to a name that ends in some; no naming."""

from collections.abc import Mapping
from typing import cast

from msgspec import structs

from mcidns.decide import intents, policies, routes
from mcidns.decide.claims import Granted
from mcidns.decide.intents import Filled, Scene
from mcidns.decide.naming import Level
from mcidns.model.decisions import Reason
from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet, Wish


def fill(scene: Scene) -> tuple[Filled, ...]:
    """Every granted name, sorted. Each is filled as a host of its own clusters alone would be, by the same rules.

    A name without healthy targets falls back to the nearest name above it that holds something. Where nothing above does, the
    rules of a single host stand, so that no published name is emptied by health alone (law 2); but where the owner wants just
    that (Withdraw), a CNAME that ends nowhere is left, as KubeFed did.
    """
    granted = {one.name: one for one in scene.claims.granted}
    done: dict[DnsName, Filled] = {}
    for level in scene.claims.levels.levels:
        if level.name in granted:
            part = _part(scene, level, granted[level.name])
            (filled,) = intents.fill(part)
            goal = _goal(part, level, filled, done)
            done[level.name] = filled if goal is None else _pointing(filled, goal)
    return tuple(done[name] for name in sorted(done))


def _part(scene: Scene, level: Level, granted: Granted) -> Scene:
    """The scene as a host of this one name and these clusters would see it."""
    settled = structs.replace(scene.claims, granted=(granted,))
    if level.clusters is None:
        return structs.replace(scene, claims=settled)
    judged = tuple([one for one in scene.judged if one.verdict.cluster in level.clusters])
    picked = policies.pick(judged, scene.world, scene.ground, frozen=False)
    return structs.replace(scene, judged=judged, claims=settled, serving=routes.serving(picked, scene.world.memory, scene.ground))


def _goal(part: Scene, level: Level, filled: Filled, done: Mapping[DnsName, Filled]) -> DnsName | None:
    """Where the name shall point, None where it holds its own targets or nothing."""
    decided = filled.decision
    is_healthy = bool(decided.targets) and filled.fail_open is None
    if not level.above or (is_healthy and not level.is_alias) or not filled.granted.takes_cname:
        return None
    # Nothing is known of a cluster of this name: what the name may hold because of it stays (law 1).
    unseen = not level.is_alias and any(one.verdict.reason is Reason.NEVER_SEEN for one in part.judged)
    if unseen and not _pointed(dict(part.world.memory.published).get(level.name, ()), level):
        return None
    goal = next((name for name in level.above if name in done and done[name].decision.targets), None)
    if goal is None and part.ground.host.when_none_healthy == "Withdraw" and not decided.targets:
        return level.above[0]
    return goal


def _pointed(before: tuple[str, ...], level: Level) -> bool:
    return bool(before) and {*before} <= {name.relative for name in level.above}


def _pointing(filled: Filled, goal: DnsName) -> Filled:
    decided = filled.decision
    wish = cast("Wish", decided.intent)  # filling gives wishes and nothing else
    records = RecordSet(RecordKey(decided.name, "CNAME"), decided.ttl, (goal.text,))
    return structs.replace(
        filled,
        decision=structs.replace(
            decided,
            intent=structs.replace(wish, sets=(records,), fail_open=False, complete=True, withdrawn=frozenset()),
            record_type="CNAME",
            targets=(goal.relative,),
        ),
        fail_open=None,
        left_out=0,
        withdrawn=(),
    )


def regionless(scene: Scene) -> tuple[str, ...]:
    """Members that have part in the record's first name only, for want of a region."""
    return tuple(sorted(view.cluster.name for view in scene.world.members if not view.cluster.region))
