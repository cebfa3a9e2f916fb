"""Learning what a zone holds: listing it, asking whether it moved, looking at single names; writing lives elsewhere."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine, Iterator
from itertools import islice
from typing import Any, assert_never

from mcidns.errors import Denied, ProviderError, Throttled
from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet
from mcidns.program.attempts import attempt
from mcidns.program.mirror import Mirror
from mcidns.program.pace import Backoff
from mcidns.program.standing import ADDRESSING, survey
from mcidns.program.state import Trouble, ZoneState
from mcidns.provider import Content, Delta, Full, Held, Reading, Unchanged, Unlisted

_LOG = logging.getLogger(__name__)

SLICE = 0.008
LOOKS = 200
"""Names looked at in one request to the provider."""
_STEP = 64

Start = Callable[[Coroutine[Any, Any, Any], Callable[["asyncio.Task[Any]"], None]], None]


class Reader:
    """Keeps the mirror true. Reads and writes may overlap: what we wrote while a reading was under way is kept as written."""

    def __init__(self, state: ZoneState, start: Start, *, chance: Callable[[], float] = random.random) -> None:
        self._state = state
        self._start = start
        self._chance = chance
        self._reading = False
        self._looking = False
        self._adoption: Iterator[None] | None = None
        self._backoff = Backoff(chance=chance)

    @property
    def busy(self) -> bool:
        """Whether a question is under way or an answer is being taken in."""
        return self._reading or self._looking or self._adoption is not None

    @property
    def next_due(self) -> float | None:
        """When to read next, in the loop's time; None while a reading is under way."""
        return None if self._reading or self._adoption is not None else self._state.next_read

    def read_if_due(self, now: float) -> None:
        """Ask what the zone holds: at the start, every `resync` seconds, and sooner after a conflict."""
        state = self._state
        if self._reading or self._adoption is not None or (now < state.next_read and state.must_read != "due"):
            return
        self._reading = True
        if state.must_read == "due":
            state.must_read = "under way"
        state.written = set()
        state.next_read = now + self._interval()
        self._start(self._read(), self._was_read)

    def _interval(self) -> float:
        return self._state.zone.resync * (0.9 + 0.2 * self._chance())

    async def _read(self) -> Reading:
        state = self._state
        await state.turn()
        held = None
        if state.mirror is not None and state.serial is not None and state.listing == "transfer":
            held = Held(state.serial, state.mirror.at)
        return await state.provider.read(state.zone.domain, held)

    def _was_read(self, task: "asyncio.Task[Reading]") -> None:
        state = self._state
        self._reading = False
        reading = attempt(task.result)
        if isinstance(reading, ProviderError):
            self._failed(reading)
            self._ended(well=False)
            return
        state.read_trouble = failed = None
        state.tally.read_at = state.desk.clock()
        self._backoff.reset()
        match reading:
            case Unchanged():
                state.serial = reading.serial
            case Delta():
                state.serial = reading.serial
                failed = attempt(self._take_delta, reading.names)
                if failed is not None:
                    state.serial = None
                    self._failed(failed)
            case Full():
                state.listing = "transfer"
                self._adoption = self._adopt(reading)
            case Unlisted():
                self._work_unlisted(reading)
            case _:
                assert_never(reading)
        self._ended(well=failed is None)

    def _ended(self, *, well: bool = True) -> None:
        """A reading is over: one that had to be made before writing was made.

        Where every write compares before it sets, one that failed will do; where none does, what somebody wrote since the last one
        would be overwritten unseen (law 3), so that it is made again first.
        """
        state = self._state
        if self._adoption is None:
            state.written = None
        if self._adoption is None and state.must_read == "under way" and (well or state.rules.capabilities.compare_and_set):
            state.must_read = "no"
            state.wake.set()

    def _failed(self, error: ProviderError) -> None:
        """A failed reading holds up writes only while nothing was ever read, and where it had to be made first (`_ended`)."""
        state = self._state
        state.tally.failed(error)
        delay = max(0.0, error.retry_after) if isinstance(error, Throttled) else self._backoff.next()
        reason = "Denied" if isinstance(error, Denied) else "ProviderUnavailable"
        state.read_trouble = Trouble(reason, str(error))
        state.next_read = asyncio.get_running_loop().time() + delay
        if state.mirror is None:
            state.untold.update(dict.fromkeys(state.waiting()))
        _LOG.warning("zone.unread", extra={"zone": state.zone.name, "reason": reason, "why": str(error), "delay": round(delay, 1)})

    def _take_delta(self, names: Content) -> None:
        state = self._state
        if state.mirror is None:
            return
        written = state.written or ()
        for name in self._absorb(state.mirror, [(name, names[name]) for name in names if name not in written]):
            self._touch(name)
        self._touch_blocked()

    def _absorb(self, mirror: Mirror, names: list[tuple[DnsName, tuple[RecordSet, ...]]]) -> set[DnsName]:
        """Let the mirror learn these, and note which records of ours lose their ownership by it."""
        before = {host: self._own(mirror, host) for place, _ in names for host in mirror.hosts_at(place)}
        changed = mirror.absorb(names)
        for host, own in before.items():
            self._compare_ownership(host, own, mirror)
        return changed

    def _own(self, mirror: Mirror, host: DnsName) -> dict[RecordKey, RecordSet]:
        return survey(self._state.rules, host, mirror.at).own

    def _compare_ownership(self, host: DnsName, before: dict[RecordKey, RecordSet], mirror: Mirror) -> None:
        now = self._own(mirror, host) if before else {}
        lost = {key: records for key, records in before.items() if key not in now and mirror.holds(key) is not None}
        if lost:
            self._state.lost[host] = lost
        else:
            self._state.lost.pop(host, None)

    def _touch(self, name: DnsName) -> None:
        """Plan a name that changed under us, and those it holds the ownership of."""
        state = self._state
        if state.mirror is None:
            return
        for host in (name, *(subject for subject, _ in state.rules.names.subjects(name))):
            if host in state.desk.wishes or state.mirror.places(host):
                state.mark(host)

    def _touch_blocked(self) -> None:
        for name in self._state.blocked:
            self._state.mark(name)

    def _adopt(self, full: Full) -> Iterator[None]:
        """Index a new listing and put it in the mirror's place; what differs from what was believed is planned."""
        state = self._state
        fresh, old = Mirror(state.rules, full.names), state.mirror
        yield from fresh.scan()
        if old is None:
            concerned = {*state.desk.names_in(state.zone.name), *fresh.owned}
        else:
            concerned = set()
            for count, name in enumerate(
                {*state.desk.names_in(state.zone.name), *fresh.owned, *old.owned, *state.desk.wishes.left()}
            ):
                if _view(old, name) != _view(fresh, name):
                    concerned.add(name)
                    self._compare_ownership(name, self._own(old, name), fresh)
                if not count % _STEP:
                    yield
            fresh.absorb((name, old.at(name)) for name in state.written or ())
        state.mirror, state.serial = fresh, full.serial
        for name in concerned:
            state.mark(name)
        self._touch_blocked()

    def advance(self) -> bool:
        """Take in an answer for up to 8 ms; True if more is left."""
        deadline = time.perf_counter() + SLICE
        while self._adoption is not None:
            step = attempt(next, self._adoption, self)
            if step is not None:
                self._adoption = None
                if isinstance(step, ProviderError):
                    self._failed(step)
                self._ended(well=not isinstance(step, ProviderError))
            elif time.perf_counter() > deadline:
                return True
        return False

    def _work_unlisted(self, reading: Unlisted) -> None:
        state = self._state
        if state.mirror is None or state.listing == "transfer":
            state.mirror = Mirror(state.rules)
        state.listing, state.why_targeted, state.serial = "targeted", reading.why, None
        for name in (*state.desk.names_in(state.zone.name), *state.desk.wishes.left()):
            state.must_look[name] = None
            state.mark(name)

    def look_if_due(self) -> None:
        """Ask for the present content of names that cannot be planned without it."""
        state = self._state
        if self._looking or not state.must_look:
            return
        names = frozenset(islice((name for name in state.must_look if name not in state.in_flight), LOOKS))
        if not names:
            return
        for name in names:
            del state.must_look[name]
        state.looking = names
        self._looking = True
        asked = frozenset(place for name in names for place in self._places(name))
        self._start(self._look(asked), lambda task: self._looked(names, asked, task))

    def _places(self, name: DnsName) -> set[DnsName]:
        """A name and every registry name that may speak for what we wish or hold there."""
        state = self._state
        aim = state.desk.wishes.aim(name)
        types = ADDRESSING | {records.key.type for records in getattr(aim, "sets", ())}
        if state.mirror is not None:
            types |= {records.key.type for records in state.mirror.at(name)}
        return {name}.union(place for type_ in types for place, _ in state.rules.names.places(name, type_))

    async def _look(self, names: frozenset[DnsName]) -> Content:
        await self._state.turn()
        return await self._state.provider.look(self._state.zone.domain, names)

    def _looked(self, names: frozenset[DnsName], asked: frozenset[DnsName], task: "asyncio.Task[Content]") -> None:
        state = self._state
        self._looking = False
        state.looking = frozenset()
        content = attempt(task.result)
        if isinstance(content, ProviderError):
            state.tally.failed(content)
            state.must_look.update(dict.fromkeys(names))
            delay = max(0.0, content.retry_after) if isinstance(content, Throttled) else state.backoff.next()
            reason = "Denied" if isinstance(content, Denied) else "ProviderUnavailable"
            state.pause(Trouble(reason, str(content)), asyncio.get_running_loop().time() + delay)
        elif state.mirror is not None:
            self._absorb(state.mirror, [(name, tuple(content.get(name, ()))) for name in asked if name not in state.in_flight])
            state.fresh.update(names)
        for name in names:
            state.mark(name)


def _view(mirror: Mirror, name: DnsName) -> tuple[object, ...]:
    places = sorted(mirror.places(name))
    return (frozenset(mirror.at(name)), *((place, frozenset(mirror.at(place))) for place in places))
