"""Dirty names become waiting changes, a slice of time at a time; sending them lives in dispatch.py."""

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from msgspec import structs

from mcidns.errors import ProviderError
from mcidns.model.names import DnsName
from mcidns.model.records import Change, RecordKey, RecordSet
from mcidns.model.references import ObjectRef
from mcidns.program import plan
from mcidns.program.attempts import attempt
from mcidns.program.guard import HeldPlan, weigh
from mcidns.program.mirror import Mirror
from mcidns.program.plan import NamePlan
from mcidns.program.remarks import Remark
from mcidns.program.state import Open, ZoneState
from mcidns.program.wanted import Frozen, Wanted
from mcidns.program.zones import PlanSummary

SLICE = 0.004
"""Seconds of planning after which the loop gets its turn."""
_NOTHING: Mapping[RecordKey, RecordSet] = MappingProxyType({})
REJUDGE = 0.5
"""Seconds between two looks at a plan that is held already, so that ten thousand deletions in a row stay cheap."""


@dataclass(slots=True)
class _Counts:
    """Record sets of the pass so far."""

    creates: int = 0
    updates: int = 0
    deletes: int = 0
    held: int = 0


class Planner:
    """Plans what is dirty, pass by pass: a pass is what was dirty when it began, so that the guard sees it whole."""

    def __init__(self, state: ZoneState) -> None:
        self._state = state
        self._counts = _Counts()
        self.rejudge_at: float | None = None
        self._judge_due = False

    def run_slice(self, now: float) -> bool:
        """Plan for up to 4 ms; True if more waits."""
        state = self._state
        deadline = time.perf_counter() + SLICE
        if not state.passing:
            state.passing, state.dirty = dict(reversed(state.dirty.items())), {}
        while state.passing:
            name, _ = state.passing.popitem()
            self._plan(name, now)
            if time.perf_counter() > deadline:
                return True
        self._judge(now)
        self._sum_up()
        return bool(state.dirty)

    def _plan(self, name: DnsName, now: float) -> None:
        state = self._state
        if name in state.in_flight:
            state.deferred.add(name)
            return
        if name in state.looking:
            return
        opened = state.open.pop(name, None)
        if opened is not None:
            state.outbox.withdraw(name)
            if opened.since is not None:
                state.since[name] = opened.since
        if state.emptying and state.emptying.pop(name, None) is not None:
            self._judge_due = True
        if state.desk.zone_of(name) != state.zone.name:
            return
        mirror = state.mirror
        if mirror is None or name in state.must_look or not self._is_known(mirror, name):
            state.must_look[name] = None
            return
        self._decide(mirror, name, now)

    def _is_known(self, mirror: Mirror, name: DnsName) -> bool:
        state = self._state
        if not mirror.knows(name):
            return False
        # Without compare and set, only a fresh look makes a write to an unlisted zone safe; dispatch forgets after writing.
        return state.listing != "targeted" or state.rules.capabilities.compare_and_set or name in state.fresh

    def _decide(self, mirror: Mirror, name: DnsName, now: float) -> None:
        state = self._state
        state.fresh.discard(name)
        aim = state.desk.wishes.aim(name)
        if aim is None:
            state.restrained.add(name)
            return
        if isinstance(aim, Frozen):
            state.tell(name, (Remark("Held", "Untouched", aim.why),))
            return
        if name == state.reserved and isinstance(aim, Wanted):
            state.tell(name, (Remark("Failed", "Rejected", f"{name.relative} holds the epoch of who leads; choose another name"),))
            return
        found = attempt(plan.diff, state.rules, aim, mirror.at, mirror.places(name), state.lost.get(name, _NOTHING))
        if isinstance(found, ProviderError):
            state.tell(name, (Remark("Failed", "ProviderUnavailable", f"{name.relative} could not be planned: {found}"),))
            return
        self._note(name, found, aim.losers if isinstance(aim, Wanted) else (), now)

    def _note(self, name: DnsName, found: NamePlan, losers: tuple[ObjectRef, ...], now: float) -> None:
        state = self._state
        changes, confined = state.quarantine.sift(name, found.changes, now=now)
        remarks = (*found.remarks, *confined) if confined else found.remarks
        if found.restrained:
            state.restrained.add(name)
        if remarks and any(remark.reason == "NotOwner" for remark in remarks):
            state.blocked.add(name)
        elif state.blocked:
            state.blocked.discard(name)
        if found.vacant and not changes:
            state.desk.wishes.forget_name(name)
        if not found.empties and not found.vacant:
            state.ledger.wished_again(name)
        if state.desk.dry_run:
            changes, remarks = self._rehearse(structs.replace(found, changes=changes, remarks=remarks))
        since = state.since.pop(name, None) if state.since else None
        if not changes:
            state.tell(name, remarks, losers=losers)
            return
        state.open[name] = Open(len(changes), remarks, losers, since)
        if found.empties and not name.is_reverse:  # a region that fails takes its addresses' names along
            state.emptying[name] = structs.replace(found, changes=changes)
            self._judge_due = True
        else:
            self._count(changes)
            state.outbox.put(changes)

    def _rehearse(self, found: NamePlan) -> tuple[tuple[Change, ...], tuple[Remark, ...]]:
        """Keep what a dry run would write and say so; nothing is left to be written."""
        self._state.planned[found.name] = found
        if not found.changes:
            return (), found.remarks
        self._count(found.changes)
        would = "; ".join(f"would write {change.note}" for change in found.changes)
        return (), (*found.remarks, Remark("Held", "DryRun", would))

    def _judge(self, now: float) -> None:
        """Ask the guard about everything that would empty a name."""
        state = self._state
        if not self._judge_due or (self.rejudge_at is not None and now < self.rejudge_at):
            return
        self._judge_due = False
        pending = {name: found.changes for name, found in state.emptying.items()}
        allowed = state.ledger.judge(pending, self._owned(), state.zone.guard, approved=state.zone.approved_plan, now=now)
        for name in allowed - state.dirty.keys():  # what changed meanwhile is planned anew: it may be wished for again
            changes = state.emptying.pop(name).changes
            state.open.setdefault(name, Open(len(changes), ()))
            self._count(changes)
            state.outbox.put(changes)
        held = state.ledger.held
        self.rejudge_at = now + REJUDGE if held is not None else None
        if held is not None:
            for name in held.names:
                opened = state.open.pop(name, None)
                losers = opened.losers if opened is not None else ()
                state.tell(name, (Remark("Held", "PlanHeld", held.message),), losers=losers)
            self._counts.held = len(held.names)

    def weighed(self) -> HeldPlan | None:
        """What the guard would hold of a dry run."""
        state = self._state
        pending = {name: found.changes for name, found in state.planned.items() if found.empties and found.changes}
        held = weigh(pending, self._owned(), frozenset(), state.zone.guard)
        return None if held is not None and held.digest == state.zone.approved_plan else held

    def _owned(self) -> Collection[DnsName]:
        state = self._state
        if state.rules.registry == "None":
            return state.desk.names_in(state.zone.name)
        return state.mirror.owned if state.mirror is not None else ()

    def reconsider(self) -> None:
        """The guard's rules or the approval changed: judge what is held again."""
        self._judge_due = True
        self.rejudge_at = None

    def rejudge_due(self, now: float) -> bool:
        """Whether deletions joined a held plan and have not been judged with it."""
        return self._judge_due and (self.rejudge_at is None or self.rejudge_at <= now)

    @property
    def is_judging(self) -> bool:
        """Whether the guard has still to be asked about something."""
        return self._judge_due

    @property
    def next_judgement(self) -> float | None:
        """When to come back for that, in the loop's time."""
        return self.rejudge_at if self._judge_due else None

    def _count(self, changes: Iterable[Change]) -> None:
        counts = self._counts
        for change in changes:
            for edit in change.edits:
                old, new = edit.old, edit.new
                if old is None:
                    counts.creates += new is not None
                elif new is None:
                    counts.deletes += 1
                else:
                    counts.updates += old != new

    def _sum_up(self) -> None:
        """Close the pass: what it had to do becomes the zone's last plan."""
        counts = self._counts
        if counts != _Counts():
            at = self._state.desk.clock()
            self._state.summary = PlanSummary(counts.creates, counts.updates, counts.deletes, counts.held, at)
            self._counts = _Counts()
