"""What to look at next and when: one run per key at a time, coalesced marks, back-off; what a run does is the caller's."""

import asyncio
import heapq
import logging
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_LOG = logging.getLogger(__name__)

SLICE = 0.008
"""Seconds of passes after which the loop gets its turn, so that a thousand marks never hold up a watch or a zone."""

GLANCE = 0.02
"""Seconds between two looks at whether idle marks still have to wait."""

FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0


class Agenda(Generic[K]):
    """A level-based work list. `run_pass(key)` is synchronous and short and returns when (unix time) to look again, or None.

    A mark says only "look at this again"; what happened does not matter, and any number of marks before the pass are one.
    A pass that raises is logged, and its key is tried again after 1 s doubling to 60 s; no other key waits for it.
    """

    def __init__(
        self,
        run_pass: Callable[[K], float | None],
        *,
        clock: Callable[[], float],
        name: str = "agenda",
        waits: Callable[[], bool] = lambda: False,
    ) -> None:
        self._run_pass = run_pass
        self._clock = clock
        self._name = name
        self._waits = waits
        self._due: dict[K, None] = {}
        self._idle: dict[K, None] = {}
        self._timers: list[tuple[float, int, K]] = []
        self._next_look: dict[K, float] = {}
        self._failures: dict[K, int] = {}
        self._counter = 0
        self._wake = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()

    def mark(self, key: K) -> None:
        """Look at the key as soon as possible."""
        self._due[key] = None
        self._quiet.clear()
        self._wake.set()

    def mark_idly(self, key: K) -> None:
        """Look at the key when nothing is due and `waits` does not hold it up: nothing but words depends on it."""
        if not self._idle:
            self._wake.set()
        self._idle[key] = None

    def mark_at(self, key: K, when: float) -> None:
        """Look at the key at this unix time at the latest; a nearer time already noted stays."""
        noted = self._next_look.get(key)
        if noted is not None and noted <= when:
            return
        self._next_look[key] = when
        self._counter += 1
        heapq.heappush(self._timers, (when, self._counter, key))
        self._wake.set()

    def drop(self, key: K) -> None:
        """Forget the key: its marks, its time and its failures."""
        self._due.pop(key, None)
        self._idle.pop(key, None)
        self._next_look.pop(key, None)
        self._failures.pop(key, None)

    @property
    def waiting(self) -> int:
        """How many keys are due now."""
        return len(self._due)

    async def quiet(self) -> None:
        """Return when nothing is due (what waits for a later time does not count)."""
        await self._quiet.wait()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._collect_timers()
            if self._due:
                self._work_one_slice(self._due)
                await asyncio.sleep(0)
                continue
            self._quiet.set()
            if not self._idle:
                await self._sleep()
            elif self._waits():
                await self._sleep(GLANCE)
            else:
                self._work_one_slice(self._idle)
                await asyncio.sleep(0)

    def _work_one_slice(self, keys: dict[K, None]) -> None:
        end = time.perf_counter() + SLICE
        while keys and time.perf_counter() < end:
            key = next(iter(keys))
            self._due.pop(key, None)
            self._idle.pop(key, None)
            self._pass(key)

    def _pass(self, key: K) -> None:
        self._next_look.pop(key, None)
        try:
            again = self._run_pass(key)
        except Exception:  # noqa: BLE001
            # The one place that catches all: a fault in one host's pass must not end the passes of the others (law 4).
            failures = self._failures.get(key, 0) + 1
            self._failures[key] = failures
            again = self._clock() + min(LONGEST_DELAY, FIRST_DELAY * 2 ** (failures - 1))
            _LOG.exception("pass.failed", extra={"agenda": self._name, "key": str(key), "failures": failures})
        else:
            self._failures.pop(key, None)
        if again is not None:
            self.mark_at(key, again)

    def _collect_timers(self) -> None:
        now = self._clock()
        while self._timers and self._timers[0][0] <= now:
            when, _, key = heapq.heappop(self._timers)
            if self._next_look.get(key) == when:
                del self._next_look[key]
                self.mark(key)

    async def _sleep(self, most: float | None = None) -> None:
        self._wake.clear()
        delay = max(0.0, self._timers[0][0] - self._clock()) if self._timers else None
        if most is not None:
            delay = most if delay is None else min(delay, most)
        try:
            # Not wait_for: in Python 3.11 it loses a cancellation that comes in the turn of what it waits for.
            async with asyncio.timeout(delay):
                await self._wake.wait()
        except TimeoutError:
            return


class EndOfTurn:
    """Calls what it is given once at the end of this turn of the loop, however often it was given."""

    def __init__(self) -> None:
        self._pending: set[Callable[[], None]] = set()

    def __call__(self, call: Callable[[], None]) -> None:
        """Ask for the call."""
        if call in self._pending:
            return
        self._pending.add(call)

        def now() -> None:
            self._pending.discard(call)
            call()

        asyncio.get_running_loop().call_soon(now)
