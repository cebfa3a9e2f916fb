"""Policy Failover: which of the healthy clusters serve, which stand by, which are held back; other policies are in policies.

The order is a list of steps, the best first: an entry stands for the cluster of that name, and for all clusters of the region
of that name. Clusters that no entry names make up one last step. Step by step, all healthy clusters of a step serve, until
`min_healthy` clusters do: then the rest stands by.

A cluster that is healthy again and stands before one that serves now is held back first: for the delay of `failback`, or
until a person asks (`mcidns failback`; asking ends a delay too). Held back, it serves only where too few others are healthy, and
no more of those than it takes. Whatever fails is replaced at once; only a way back ever waits. Who serves, and since when
whoever is better is held back, is remembered as the clusters' roles, so that a restart goes on from there.
"""

from collections.abc import Mapping, Sequence
from math import floor

from msgspec import Struct

from mcidns.decide.verdicts import Judged
from mcidns.model.decisions import Remembered, Role
from mcidns.model.routing import Failover


class Cast(Struct, frozen=True, gc=False):
    """A role for each eligible cluster, in their order, and when time alone brings a held one back (unix seconds)."""

    roles: tuple[Role, ...]
    until: Mapping[int, float]


def cast(rule: Failover, eligible: Sequence[Judged], asked: float | None, now: float) -> Cast:
    """`asked` is when a person asked for failback, in unix seconds."""
    steps = [step(rule, one) for one in eligible]
    held, until = _held(rule, steps, [one.was for one in eligible], asked, now)
    serving = _first(rule, steps, [place for place in range(len(steps)) if place not in held])
    if len(serving) < rule.min_healthy and held:
        serving += _first(rule, steps, sorted(held), have=len(serving))
    held.difference_update(serving)
    roles = []
    for place, own in enumerate(steps):
        if place in serving:
            roles.append(Role.SERVING)
        elif place in held:
            roles.append(Role.HELD_BACK)
        else:
            roles.append(Role.STANDBY if own < len(rule.order) else Role.NOT_IN_ORDER)
    return Cast(tuple(roles), {place: at for place, at in until.items() if place in held})


def step(rule: Failover, judged: Judged) -> int:
    """The place of a cluster in the order, by its name or its region, whichever comes first; behind all if by neither."""
    verdict = judged.verdict
    names = (verdict.cluster, verdict.region)
    return next((place for place, entry in enumerate(rule.order) if entry in names), len(rule.order))


def _held(
    rule: Failover, steps: Sequence[int], past: Sequence[Remembered | None], asked: float | None, now: float
) -> tuple[set[int], dict[int, float]]:
    """Who must not take over yet: those held back before, and those newly found better than a cluster that serves."""
    served = [was is not None and was.role == Role.SERVING for was in past]
    last = max((own for own, serves in zip(steps, served, strict=True) if serves), default=-1)
    held: set[int] = set()
    until: dict[int, float] = {}
    for place, was in enumerate(past):
        if was is not None and was.role == Role.HELD_BACK and was.role_since is not None:
            since = was.role_since
        elif steps[place] < last and not served[place]:
            since = float(floor(now))
        else:
            continue
        if asked is not None and asked >= since:
            continue
        if rule.failback.mode == "Automatic":
            if now >= since + rule.failback.delay:
                continue
            until[place] = since + rule.failback.delay
        held.add(place)
    return held, until


def _first(rule: Failover, steps: Sequence[int], places: Sequence[int], have: int = 0) -> list[int]:
    """Whole steps in order, until with those there are (`have`) enough clusters serve."""
    found: list[int] = []
    for own in sorted({steps[place] for place in places}):
        if have + len(found) >= rule.min_healthy:
            break
        found += [place for place in places if steps[place] == own]
    return found
