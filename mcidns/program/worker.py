"""One zone's worker: a single loop that reads, plans, sends and reports, in slices; no other zone waits for it."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

from mcidns.errors import ProviderError
from mcidns.model.names import DnsName
from mcidns.model.zones import Zone
from mcidns.program.attempts import attempt
from mcidns.program.confirmation import Confirmation
from mcidns.program.dispatch import WORTHWHILE, Dispatch
from mcidns.program.fence import Fence
from mcidns.program.guard import HeldPlan
from mcidns.program.pace import Backoff, Pace
from mcidns.program.plan import NamePlan
from mcidns.program.planner import Planner
from mcidns.program.reader import Reader
from mcidns.program.remarks import Remark
from mcidns.program.standing import Rules
from mcidns.program.state import Desk, Trouble, ZoneState
from mcidns.program.tally import Figures
from mcidns.program.zones import ZoneStatus
from mcidns.provider import Adjusts, Provider

_LOG = logging.getLogger(__name__)

STATUS_EVERY = 2.0
"""Seconds between two notices of a zone whose counters alone moved."""
_TOLD_AT_ONCE = 500
ANSWERS_WAY = 6
"""Turns of the loop from bytes that came to a finished task."""

Landing = Callable[["asyncio.Task[Any]"], None]


class Worker:
    """All state is touched by one synchronous turn at a time; only questions to the provider are tasks of their own.

    A turn takes in the answers that came, plans a slice, starts what may start, and sets the alarm. Nothing is delayed on
    purpose: a mark wakes the loop, and what is dirty by then is planned and sent together.
    """

    def __init__(self, zone: Zone, provider: Provider, desk: Desk, pace: Pace | None = None) -> None:
        """Raises ConfigError where the zone's rules cannot work."""
        self._tasks: dict[asyncio.Task[Any], Landing] = {}
        self._finished: deque[asyncio.Task[Any]] = deque()
        self._crashes = Backoff()
        adjusts = provider if isinstance(provider, Adjusts) else None
        self._furnish(ZoneState(zone, provider, Rules.of(zone, provider.capabilities, adjusts), desk, pace))
        self._alarm: asyncio.TimerHandle | None = None
        self._announced: tuple[object, ...] = ()
        self._announced_at = float("-inf")

    def _furnish(self, state: ZoneState) -> None:
        self.state = state
        self._planner = Planner(state)
        self._reader = Reader(state, self._start)
        self._confirmation = Confirmation(state, self._start)
        self.fence = Fence(state, self._start)
        self._dispatch = Dispatch(state, self.fence, self._confirmation, self._start)

    def mark(self, names: Iterable[DnsName]) -> None:
        """Look at these names as soon as possible."""
        for name in names:
            self.state.mark(name)

    def settle(self) -> None:
        """Every object was decided: what waited for that is planned."""
        restrained, self.state.restrained = self.state.restrained, set()
        self.mark(restrained)

    def update(self, zone: Zone) -> None:
        """Take over a change that needs no restart (limits, policy, approval, resync)."""
        state = self.state
        before, state.zone = state.zone, zone
        state.rules = replace(state.rules, policy=zone.policy, default_ttl=zone.ttl.default)
        state.next_read = min(state.next_read, asyncio.get_running_loop().time() + zone.resync)
        if (before.policy, before.ttl) != (zone.policy, zone.ttl):
            self.mark((*state.desk.names_in(zone.name), *(state.mirror.owned if state.mirror is not None else ())))
        self._planner.reconsider()
        state.wake.set()

    async def run(self) -> None:
        """Work until cancelled; every task it started has ended when it returns."""
        self.state.wake.set()
        try:
            while True:
                await self.state.wake.wait()
                self.state.wake.clear()
                more = attempt(self._turn)
                if isinstance(more, ProviderError):
                    await self._begin_anew(more)
                elif more:
                    self.state.wake.set()
                    await self._give_way()
        finally:
            await self._stop()

    async def _give_way(self) -> None:
        """Let others run between two slices, long enough for an answer that has come to get here: the provider would idle."""
        for _ in range(ANSWERS_WAY if self._tasks else 1):
            await asyncio.sleep(0)
            if self._finished:
                return

    async def _begin_anew(self, error: ProviderError) -> None:
        """A turn broke down half-way, so what it left cannot be trusted: forget it all and read the zone again, later."""
        await self._stop()
        old = self.state
        state = ZoneState(old.zone, old.provider, old.rules, old.desk, old.pace, writes=old.writes, summary=old.summary)
        state.tally, state.since = old.tally, old.since
        state.read_trouble = Trouble("ProviderUnavailable", str(error))
        state.next_read = asyncio.get_running_loop().time() + self._crashes.next()
        self._furnish(state)
        self.mark(state.desk.names_in(state.zone.name))
        state.wake.set()

    async def _stop(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self._finished.clear()

    def _start(self, work: Coroutine[Any, Any, Any], landing: Landing) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = landing
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._finished.append(task)
        self.state.wake.set()

    def _turn(self) -> bool:
        """One synchronous step; True if there is more to do at once."""
        state, now = self.state, asyncio.get_running_loop().time()
        while self._finished:
            task = self._finished.popleft()
            self._tasks.pop(task)(task)
        for name in state.quarantine.due(now):
            state.mark(name)
        self.fence.advance(now)
        self._reader.read_if_due(now)
        more = self._reader.advance()
        if state.mirror is not None and now >= state.paused_until:
            more = self._work(now) or more
        self._confirmation.launch(now)
        more = self._tell_trouble(now) or more
        self._announce(now)
        self._set_alarm(now)
        return more

    def _work(self, now: float) -> bool:
        state = self.state
        to_plan = bool(state.dirty or state.passing or self._planner.rejudge_due(now))
        if state.passing and len(state.outbox) >= WORTHWHILE and self._dispatch.launch(more_to_come=True):
            return True  # the provider works on it while the next slice is planned
        more = self._planner.run_slice(now) if to_plan else False
        self._reader.look_if_due()
        self._dispatch.launch(more_to_come=more)
        if state.trouble is not None and not self.is_busy and not self._dispatch.is_probing:
            state.trouble = None
        return more

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way or waits; what is quarantined or held by the guard does not count."""
        state = self.state
        return bool(
            state.dirty
            or state.passing
            or state.must_look
            or state.deferred
            or state.outbox
            or self._dispatch.under_way
            or self._reader.busy
            or state.mirror is None
            or self._finished
            or self._planner.is_judging
        )

    @property
    def is_moving(self) -> bool:
        """Whether the zone is being changed just now."""
        return self.state.is_moving and self.fence.is_open

    @property
    def trouble(self) -> str:
        """Why the zone cannot be worked on at present, empty if it can."""
        trouble = self.state.trouble or self.state.read_trouble
        return trouble.message if trouble is not None else ""

    @property
    def figures(self) -> Figures:
        """What it has done so far and has still to do."""
        return self.state.tally.figures(len(self.state.waiting()))

    @property
    def planned(self) -> tuple[NamePlan, ...]:
        """What a dry run found, by name."""
        return tuple(found for _, found in sorted(self.state.planned.items()))

    def weighed(self) -> HeldPlan | None:
        """What the guard would hold of that."""
        return self._planner.weighed()

    def _tell_trouble(self, now: float) -> bool:
        """While the zone cannot be worked on, say why at every name that waits."""
        state = self.state
        trouble = state.trouble if now < state.paused_until else None
        if trouble is None:
            trouble = state.read_trouble if state.mirror is None else self.fence.trouble
        if trouble is None:
            state.untold.clear()
            return False
        for _ in range(min(_TOLD_AT_ONCE, len(state.untold))):
            name, _unused = state.untold.popitem()
            state.tell(name, (Remark("Failed", trouble.reason, f"{trouble.message} (zone {state.zone.name}; tried again)"),))
        return bool(state.untold)

    def _set_alarm(self, now: float) -> None:
        state = self.state
        times = (
            self._reader.next_due,
            state.quarantine.next_due,
            self._confirmation.next_due,
            self._dispatch.next_due,
            self.fence.next_due,
            state.paused_until if state.paused_until > now else self._planner.next_judgement,
            self._announced_at + STATUS_EVERY if self._announced != self._notice() else None,
        )
        if self._alarm is not None:
            self._alarm.cancel()
        delay = max(min((due for due in times if due is not None), default=now + state.zone.resync) - now, 0.001)
        self._alarm = asyncio.get_running_loop().call_later(delay, state.wake.set)

    def _announce(self, now: float) -> None:
        """Tell of the zone when what it is changed at once, when only counters moved now and then."""
        notice = self._notice()
        if notice == self._announced:
            return
        if notice[0] == (self._announced or (None,))[0] and now - self._announced_at < STATUS_EVERY:
            return
        self._announced, self._announced_at = notice, now
        self.state.desk.on_zone(self.state.zone.name)

    def _notice(self) -> tuple[object, ...]:
        state = self.state
        held = state.ledger.held
        main = (self._standing(), state.listing, held.digest if held is not None else "")
        return main, state.writes, len(state.mirror) if state.mirror is not None else 0, state.serial, state.summary

    def _standing(self) -> tuple[bool, str, str]:
        state = self.state
        trouble: Trouble | None = state.trouble or state.read_trouble or self.fence.trouble
        if trouble is not None:
            return False, trouble.reason, trouble.message
        if state.mirror is None:
            return False, "Starting", "the zone is being read for the first time"
        if state.listing == "targeted":
            why = state.why_targeted
            return True, "Ready", f"works without listing the zone, so leftovers are not found: {why}"
        return True, "Ready", "; ".join(filter(None, ("the zone is read and written", self.fence.remark)))

    @property
    def status(self) -> ZoneStatus:
        """The zone as of now."""
        state = self.state
        ready, reason, message = self._standing()
        mirror = state.mirror
        names = len(mirror) if mirror is not None else 0
        ours = len(mirror.owned) + mirror.owned_places if mirror is not None else 0
        return ZoneStatus(
            name=state.zone.name,
            ready=ready,
            reason=reason,
            message=message,
            serial=state.serial,
            names=names,
            owned=len(mirror.owned) if mirror is not None else 0,
            foreign=max(0, names - ours - (mirror is not None and mirror.holds(self.fence.key) is not None)),
            plan=state.summary,
            held=state.ledger.held,
            writes=state.writes,
            quarantined=len(state.quarantine),
            listing=state.listing,
        )
