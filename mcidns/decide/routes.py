"""Which targets to serve: the eligible ones by the routing policy, and what to serve when there are none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from mcidns.decide import permission, signals
from mcidns.decide.addresses import Book
from mcidns.decide.verdicts import Ground, Judged
from mcidns.model import targets
from mcidns.model.decisions import Memory, Reason
from mcidns.model.hosts import WhenNoneHealthy
from mcidns.model.names import DnsName
from mcidns.model.targets import Target

Share = tuple[Target, str, str]
"""A target, its text, and the region (else cluster) over which a truncated answer is spread."""

_UNWELL = frozenset(
    {Reason.NOT_READY, Reason.UNKNOWN, Reason.UNRESOLVED, Reason.NOT_PROBED, Reason.PROBE_FAILED, Reason.SUPPRESSED}
)


@dataclass(frozen=True, slots=True)
class Serving:
    """`healthy` are the shares to serve; when there are none, `spare` is for names that are published already.

    `how` is the rule that chose `spare`, which may be weaker than the one asked for where that one has nothing to offer.
    `is_waiting`: a cluster may yet become healthy, so that an empty answer is a matter of health and not of will. `solo`: all
    clusters together, healthy or not, have but one target.
    """

    healthy: tuple[Share, ...]
    spare: tuple[Share, ...]
    how: WhenNoneHealthy
    is_waiting: bool
    solo: bool


def serving(judged: Sequence[Judged], memory: Memory, ground: Ground) -> Serving:
    """Policy `All`: every eligible target."""
    rule = ground.host.when_none_healthy
    healthy = shares([one for one in judged if one.verdict.eligible])
    placed = [one for one in judged if one.is_placed]
    # A drain takes its targets away for good, but the fallback is there for just that.
    drained = rule == "Fallback" and any(one.verdict.reason is Reason.DRAINED for one in judged)
    waiting = (bool(placed) or drained) and rule != "Withdraw"
    solo = len({text for one in placed for text in one.spelled}) == 1
    if healthy:
        return Serving(healthy, (), rule, waiting, solo)
    spare, how = _spare(rule, judged, memory, ground)
    return Serving((), spare, how, waiting, solo)


def shares(judged: Sequence[Judged]) -> tuple[Share, ...]:
    """The targets of these clusters, each once, in the order of `targets.order`."""
    found: dict[str, Share] = {}
    for one in judged:
        verdict = one.verdict
        for target, text in zip(verdict.targets, one.spelled, strict=True):
            if text not in found:
                found[text] = (target, text, verdict.region or verdict.cluster)
    return tuple(sorted(found.values(), key=_order))


def served(judged: Sequence[Judged], healthy: Sequence[Share], memory: Memory) -> tuple[str, ...]:
    """The last targets that were healthy, without those that nobody shows any more."""
    if healthy:
        return tuple(sorted([text for _, text, _ in healthy]))
    known = {text for one in judged if one.is_placed for text in one.spelled}
    return tuple(sorted(known.intersection(memory.served)))


def last_resort(judged: Sequence[Judged], published: Sequence[str], known: Book, ground: Ground) -> tuple[Share, ...]:
    """What the name holds already, without what was taken away on purpose or may not be published (law 2)."""
    placed = _reached([one for one in judged if one.is_placed], known)
    removed = _reached([one for one in judged if not one.is_placed], known) - placed
    return tuple(
        (target, signals.spell(target), "")
        for target in signals.parsed(published)
        if target not in removed and permission.objection(target, ground.zones, ground.own) is None
    )


def _reached(judged: Sequence[Judged], known: Book) -> set[Target]:
    found: set[Target] = {target for one in judged for target in one.reaches}
    for target in tuple(found):
        if isinstance(target, DnsName):
            found.update(known.get(target, ()))
    return found


def _spare(
    rule: WhenNoneHealthy, judged: Sequence[Judged], memory: Memory, ground: Ground
) -> tuple[tuple[Share, ...], WhenNoneHealthy]:
    match rule:
        case "Withdraw":
            return (), "Withdraw"
        case "ServeLast":
            last = set(served(judged, (), memory))
            chosen = [share for share in shares([one for one in judged if one.is_placed]) if share[1] in last]
        case "Fallback":
            chosen = [
                (target, signals.spell(target), "")
                for target in sorted(set(ground.host.fallback), key=targets.order)
                if permission.objection(target, ground.zones, ground.own) is None
            ]
        case "ServeAll":
            chosen = []
        case _:
            assert_never(rule)
    return (tuple(chosen), rule) if chosen else (_all(judged), "ServeAll")


def _all(judged: Sequence[Judged]) -> tuple[Share, ...]:
    """Whatever is out for its health; addresses that their cluster does not show any more only if there is nothing better."""
    unwell = shares([one for one in judged if one.verdict.reason in _UNWELL])
    return unwell or shares([one for one in judged if one.verdict.reason is Reason.NO_ADDRESS])


def _order(share: Share) -> tuple[int, int, str]:
    return targets.order(share[0])
