"""What is served: what the routing policy picked, or what whenNoneHealthy asks for where that is nothing."""

from collections.abc import Sequence
from typing import assert_never

from msgspec import Struct

from mcidns.decide import permission, signals
from mcidns.decide.addresses import Book
from mcidns.decide.policies import Picked
from mcidns.decide.shares import SIMPLE, Branch, Share, gather
from mcidns.decide.verdicts import Ground, Judged
from mcidns.model import targets
from mcidns.model.decisions import Memory, Reason
from mcidns.model.hosts import WhenNoneHealthy
from mcidns.model.names import DnsName
from mcidns.model.targets import Target
from mcidns.model.zones import Zone

_UNWELL = frozenset(
    {Reason.NOT_READY, Reason.UNKNOWN, Reason.UNRESOLVED, Reason.NOT_PROBED, Reason.PROBE_FAILED, Reason.SUPPRESSED}
)


class Serving(Struct, frozen=True, gc=False):
    """`branches` and the rest as in Picked; when there are none, `spare` is for names that are published already.

    `how` is the rule that chose `spare`, which may be weaker than the one asked for where that one has nothing to offer.
    `is_waiting`: a cluster may yet become healthy, so that an empty answer is a matter of health and not of will. `solo`: all
    clusters together, healthy or not, have but one target.
    """

    branches: tuple[Branch, ...]
    chosen: tuple[Share, ...]
    plain: tuple[Share, ...]
    everybody: Branch
    spare: tuple[Share, ...]
    how: WhenNoneHealthy
    is_waiting: bool
    solo: bool

    def within(self, zone: Zone) -> tuple[Branch, ...]:
        """The branches, as far as the zone can hold them."""
        if zone.takes_sets or not self.branches:
            return self.branches
        return (Branch(self.plain),)

    def to_everybody(self, shares: tuple[Share, ...], zone: Zone) -> Branch:
        """One branch with these targets that answers all clients, so that a policy need not be given up for want of health."""
        place = self.everybody if zone.takes_sets else SIMPLE
        return Branch(shares, place.set_identifier, place.properties)


def serving(picked: Picked, memory: Memory, ground: Ground) -> Serving:
    """What the policy picked, and what to serve where that is nothing."""
    judged = picked.judged
    rule = ground.host.when_none_healthy
    placed = [one for one in judged if one.is_placed]
    # A drain takes its targets away for good, but the fallback is there for just that.
    drained = rule == "Fallback" and any(one.verdict.reason is Reason.DRAINED for one in judged)
    spare: tuple[Share, ...] = ()
    how = rule
    if not picked.branches:
        spare, how = _spare(rule, judged, memory, ground)
    return Serving(
        branches=picked.branches,
        chosen=picked.chosen,
        plain=picked.plain,
        everybody=picked.everybody,
        spare=spare,
        how=how,
        is_waiting=(bool(placed) or drained) and rule != "Withdraw",
        solo=len({text for one in placed for text in one.spelled}) == 1,
    )


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
            chosen = [share for share in gather([one for one in judged if one.is_placed]) if share[1] in last]
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
    unwell = gather([one for one in judged if one.verdict.reason in _UNWELL])
    return unwell or gather([one for one in judged if one.verdict.reason is Reason.NO_ADDRESS])
