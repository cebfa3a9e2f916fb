"""Routing policies: which healthy clusters serve, in which branches, and the role of each; what to do without any is in routes.

A policy says nothing of health: clusters that are out have no role and no share in any branch. Where a branch is left without
a cluster it is not published, so that those it served are answered by what remains.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from math import floor
from typing import assert_never

from msgspec import Struct, structs

from mcidns.decide import failover
from mcidns.decide.shares import SIMPLE, Branch, Share, gather
from mcidns.decide.verdicts import Ground, Judged
from mcidns.model import properties
from mcidns.model.decisions import Reason, Role, World
from mcidns.model.properties import Pairs
from mcidns.model.routing import All, Failover, Geo, Latency, Place, Routing, Weighted

LONGEST_IDENTIFIER = 128
"""Characters in a set identifier (Route 53)."""

_ROLES = {role.value: role for role in Role}
_WORDS = {
    Role.STANDBY: "stands by: clusters before it in spec.routing.failover.order serve",
    Role.HELD_BACK: "healthy again, but held back by spec.routing.failover.failback; `mcidns failback` brings it back at once",
    Role.NOT_IN_ORDER: "stands by: spec.routing.failover.order does not name it, and clusters that it names serve",
    Role.LAST_RESORT: "stands by: its weight is 0, and others are healthy",
    Role.NOT_IN_RULES: "stands by: spec.routing.geo names neither it nor its region",
    Role.NO_REGION: "stands by: its region is none that the provider knows; list it in spec.routing.latency.regions",
}


class Picked(Struct, frozen=True, gc=False):
    """`judged` with their roles. `branches` are what to serve, none if nobody is eligible; `chosen` are all targets in them.

    `plain` is the nearest safe thing in one branch, for zones that can hold no more; `everybody` is the empty branch that
    answers all clients within the policy, to be filled when nobody is healthy.
    """

    judged: tuple[Judged, ...]
    branches: tuple[Branch, ...]
    chosen: tuple[Share, ...]
    plain: tuple[Share, ...]
    everybody: Branch = SIMPLE


@dataclass(frozen=True, slots=True)
class _Cast:
    """What a policy makes of the eligible clusters; `roles` and `until` go by their places."""

    roles: Sequence[Role]
    branches: Sequence[Branch]
    plain: Sequence[Judged]
    everybody: Branch = SIMPLE
    until: dict[int, float] = field(default_factory=dict)


def pick(judged: tuple[Judged, ...], world: World, ground: Ground, *, frozen: bool) -> Picked:
    """Apply the host's policy. `frozen`: nothing is written now, so that every cluster keeps the role it had."""
    routing = ground.host.routing
    eligible = [one for one in judged if one.verdict.eligible]
    if isinstance(routing, All):
        chosen = gather(eligible)
        return Picked(judged, (Branch(chosen),) if chosen else (), chosen, chosen)
    found = _cast(routing, eligible, judged, world, ground)
    serving = [one for one, role in zip(eligible, found.roles, strict=True) if role is Role.SERVING]
    if frozen:
        acting = tuple([_as_before(one) for one in judged])
    else:
        roles = {
            id(one): _with_role(one, role, found.until.get(place), ground.now)
            for place, (one, role) in enumerate(zip(eligible, found.roles, strict=True))
        }
        acting = tuple([roles.get(id(one), one) for one in judged])
    branches = tuple([branch for branch in found.branches if branch.shares])
    return Picked(acting, branches, gather(serving), gather(found.plain), found.everybody)


def _key(judged: Judged) -> tuple[str, bool]:
    return judged.verdict.cluster, judged.remembered is not None and judged.remembered.static


def _with_role(judged: Judged, role: Role, until: float | None, now: float) -> Judged:
    was = judged.was
    kept = was is not None and was.role == role and was.role_since is not None
    since = was.role_since if was is not None and kept else float(floor(now))
    return _acting(judged, role, since, until)


def _as_before(judged: Judged) -> Judged:
    was = judged.was
    role = _ROLES.get(was.role) if was is not None else None
    return judged if was is None or role is None else _acting(judged, role, was.role_since, None)


def _acting(judged: Judged, role: Role, since: float | None, until: float | None) -> Judged:
    words = _WORDS.get(role)
    verdict = judged.verdict
    message = f"{verdict.message}; {words}" if words is not None and verdict.eligible else verdict.message
    return structs.replace(
        judged,
        verdict=structs.replace(verdict, role=role, message=message),
        remembered=judged.remembered and structs.replace(judged.remembered, role=role.value, role_since=since),
        until=min((at for at in (judged.until, until) if at is not None), default=None),
    )


def _cast(
    routing: Failover | Weighted | Geo | Latency, eligible: Sequence[Judged], judged: Sequence[Judged], world: World, ground: Ground
) -> _Cast:
    match routing:
        case Failover():
            found = failover.cast(routing, eligible, ground.host.failback_asked, ground.now)
            serving = [one for one, role in zip(eligible, found.roles, strict=True) if role is Role.SERVING]
            return _Cast(found.roles, [Branch(gather(serving))], serving, until=dict(found.until))
        case Weighted():
            return _weighted(eligible, _weights(routing, world, ground))
        case Geo():
            return _geo(routing, eligible)
        case Latency():
            return _latency(routing, eligible, judged)
        case _:
            assert_never(routing)


def _weights(routing: Weighted, world: World, ground: Ground) -> dict[tuple[str, bool], int]:
    """Of every cluster: by its name, else the policy's default, else its own."""
    own = {(str(view.cluster.name), False): view.cluster.weight for view in world.members}
    own |= {(static.name, True): static.weight for static in ground.host.static_targets}
    named = dict(routing.weights)
    return {key: named.get(key[0], weight if routing.default is None else routing.default) for key, weight in own.items()}


def _weighted(eligible: Sequence[Judged], weights: dict[tuple[str, bool], int]) -> _Cast:
    """A branch for each cluster. Those of weight 0 serve, and alike, only while no other is healthy."""
    heavy = [weights.get(_key(one), 1) for one in eligible]
    last_resort = not any(heavy)
    roles = [Role.SERVING if weight or last_resort else Role.LAST_RESORT for weight in heavy]
    serving: dict[str, list[tuple[Judged, int]]] = {}
    for one, weight, role in zip(eligible, heavy, roles, strict=True):
        if role is Role.SERVING:
            serving.setdefault(one.verdict.cluster, []).append((one, weight or 1))
    branches = [
        Branch(gather([one for one, _ in group]), identifier(name), ((properties.WEIGHT, str(max(weight for _, weight in group))),))
        for name, group in serving.items()
    ]
    plain = [one for group in serving.values() for one, _ in group]
    return _Cast(roles, branches, plain, Branch((), "fail-open", ((properties.WEIGHT, "1"),)))


def _geo(routing: Geo, eligible: Sequence[Judged]) -> _Cast:
    """A branch for each place, and the default's, which is never missing: without its clusters all healthy ones stand in.

    The branch of a place whose clusters are all out is not published, so that its clients get the next wider place that has
    one (subdivision, country, continent) and at last the default's.
    """
    default = [one for one in eligible if _is_named(one, routing.default)] or list(eligible)
    everybody = Branch((), "default", ((properties.COUNTRY, properties.ANYWHERE),))
    branches = [structs.replace(everybody, shares=gather(default))]
    serving = {id(one) for one in default}
    for rule in routing.rules:
        group = [one for one in eligible if _is_named(one, rule.clusters)]
        branches.append(Branch(gather(group), str(rule.place), _of_place(rule.place)))
        serving.update(map(id, group))
    roles = [Role.SERVING if id(one) in serving else Role.NOT_IN_RULES for one in eligible]
    return _Cast(roles, branches, default, everybody)


def _is_named(judged: Judged, names: Sequence[str]) -> bool:
    return judged.verdict.cluster in names or judged.verdict.region in names


def _of_place(place: Place) -> Pairs:
    pairs = (
        (properties.CONTINENT, place.continent),
        (properties.COUNTRY, place.country),
        (properties.SUBDIVISION, place.subdivision),
    )
    return tuple(pair for pair in pairs if pair[1])


def _latency(routing: Latency, eligible: Sequence[Judged], judged: Sequence[Judged]) -> _Cast:
    """A branch for each of the provider's regions; clusters in none of them serve only while no other is healthy.

    A single branch answers everybody, whatever its region: that of all clusters which comes first by name does.
    """
    names = dict(routing.regions)
    home = min((region for one in judged if one.is_placed if (region := _region(one, names))), default="")
    everybody = Branch((), home, ((properties.REGION, home),)) if home else SIMPLE
    regions = [_region(one, names) for one in eligible]
    if not any(regions):
        branches = [structs.replace(everybody, shares=gather(eligible))]
        return _Cast([Role.SERVING] * len(eligible), branches, eligible, everybody)
    branches = []
    for region in sorted({region for region in regions if region}):
        group = [one for one, its in zip(eligible, regions, strict=True) if its == region]
        branches.append(Branch(gather(group), region, ((properties.REGION, region),)))
    roles = [Role.SERVING if region else Role.NO_REGION for region in regions]
    return _Cast(roles, branches, eligible, everybody)


def _region(judged: Judged, names: dict[str, str]) -> str:
    region = names.get(judged.verdict.region, judged.verdict.region)
    return region if properties.is_region(region) else ""


def identifier(cluster: str) -> str:
    """The set identifier of a cluster's own branch: its name, or a hash in place of what is too much of it."""
    if len(cluster) <= LONGEST_IDENTIFIER:
        return cluster
    return f"{cluster[: LONGEST_IDENTIFIER - 17]}-{blake2b(cluster.encode(), digest_size=8).hexdigest()}"


def degraded(routing: Routing, everybody: Branch, *, takes_sets: bool) -> str:
    """What a zone makes of the policy that it cannot express, as a sentence; empty where it can."""
    match routing:
        case All() | Failover():
            return ""
        case Weighted() if not takes_sets:
            return "the clusters that serve are answered alike, whatever their weights"
        case Geo() if not takes_sets:
            return "every client is answered with the clusters of spec.routing.geo.default"
        case Latency() if not takes_sets or everybody is SIMPLE:
            return "all healthy clusters are answered alike"
        case _:
            return ""


def strangers(routing: Routing, judged: Iterable[Judged]) -> tuple[tuple[str, str], ...]:
    """Names in the policy that belong to no cluster that takes part and to no region of one, with their fields."""
    named: list[tuple[str, str]] = []
    match routing:
        case Failover(order):
            named = [(f"failover.order[{place}]", name) for place, name in enumerate(order)]
        case Weighted(weights):
            named = [("weighted.weights", name) for name, _ in weights]
        case Geo(rules, default):
            for place, rule in enumerate(rules):
                named += [(f"geo.rules[{place}].clusters", name) for name in rule.clusters]
            named += [("geo.default", name) for name in default]
        case All() | Latency():
            pass
        case _:
            assert_never(routing)
    known: set[str] = set()
    for one in judged if named else ():
        if one.verdict.reason is not Reason.CLUSTER_GONE:
            known.update((one.verdict.cluster, one.verdict.region))
    return tuple((f"spec.routing.{path}", name) for path, name in named if name not in known)
