"""A queue of writes that keeps the newest per object, retries and never makes its caller wait; what is written lives elsewhere."""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Final

from mcidns.errors import McidnsError
from mcidns.kube.errors import Conflict, Invalid, TooManyRequests

_LOG = logging.getLogger(__name__)

Action = Callable[[], Awaitable[None]]

SLOWEST: Final = 60.0
"""Seconds between two tries of one write, at most."""

COMPLAIN_EVERY: Final = 10.0
"""Seconds between two warnings of writes that fail alike."""

GLANCE: Final = 0.005
"""Seconds between two looks at whether more urgent work is left."""


class Writer:
    """Runs at most `at_once` writes at a time and never two for one key. A write asked for again replaces the waiting one.

    An action works out by itself what is still needed, so that a late or repeated run does no harm. It may raise McidnsError:
    the write is then tried again, later and later (1 to 60 s with jitter, as the server asks after 429, at once after a
    Conflict), unless the server calls it invalid, which only another content can cure. `on_result` hears of every try,
    with the key and None or the error. While `waits` says so, because DNS is being changed, no write is begun. Use it from one
    event loop.
    """

    def __init__(
        self,
        *,
        at_once: int = 8,
        first_delay: float = 1.0,
        on_result: Callable[[Hashable, McidnsError | None], None] = lambda *_: None,
        waits: Callable[[], bool] = lambda: False,
    ) -> None:
        self._at_once = at_once
        self._first_delay = first_delay
        self._on_result = on_result
        self._waits = waits
        self._actions: dict[Hashable, Action] = {}
        self._ready: deque[Hashable] = deque()
        self._queued: set[Hashable] = set()
        self._running: set[Hashable] = set()
        self._timers: dict[Hashable, asyncio.TimerHandle] = {}
        self._failures: dict[Hashable, int] = {}
        self._complained: dict[tuple[object, type], float] = {}
        self._held_back: set[Hashable] = set()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def waiting(self) -> int:
        """How many objects have a write waiting or under way."""
        return len(self._actions.keys() | self._running)

    def want(self, key: Hashable, action: Action, *, after: float = 0.0) -> None:
        """Run the action soon, or within `after` seconds together with what else comes for the key until then."""
        self._actions[key] = action
        self._idle.clear()
        if key in self._queued or key in self._running or (key in self._timers and key in self._failures):
            return
        if after > 0:
            if key not in self._timers:
                self._held_back.add(key)
                self._later(key, after)
            return
        self._enqueue(key)

    def forget(self, key: Hashable) -> None:
        """Drop the waiting write of a key; one under way ends by itself."""
        self._actions.pop(key, None)
        self._failures.pop(key, None)
        self._cancel(key)
        self._note_idle()

    async def run(self) -> None:
        """Write until cancelled; a later run takes up what was left, failures at once."""
        for key in tuple(self._actions.keys() - self._held_back):
            self._enqueue(key)
        try:
            async with asyncio.TaskGroup() as tasks:
                for number in range(self._at_once):
                    tasks.create_task(self._work(), name=f"writer {number}")
        finally:
            for key in tuple(self._timers):
                self._cancel_timer(key)

    async def flush(self, timeout: float) -> bool:
        """Wait until nothing is left to write, `timeout` seconds at most; False if something is. Held-back writes go now.

        What failed waits for its next try, so that a server that is down does not hold up a clean stop beyond the time-out.
        """
        for key in tuple(self._held_back):
            self._enqueue(key)
        try:
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def _enqueue(self, key: Hashable) -> None:
        self._cancel(key)
        if key in self._actions and key not in self._queued and key not in self._running:
            self._queued.add(key)
            self._ready.append(key)
            self._wake.set()

    def _later(self, key: Hashable, delay: float) -> None:
        self._cancel_timer(key)
        self._timers[key] = asyncio.get_running_loop().call_later(delay, self._enqueue, key)

    def _cancel(self, key: Hashable) -> None:
        self._cancel_timer(key)
        self._held_back.discard(key)

    def _cancel_timer(self, key: Hashable) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    async def _work(self) -> None:
        while True:
            while not self._ready:
                self._wake.clear()
                await self._wake.wait()
            await self._give_way()
            if not self._ready:
                continue
            key = self._ready.popleft()
            self._queued.discard(key)
            action = self._actions.pop(key, None)
            if action is None:
                self._note_idle()
                continue
            self._running.add(key)
            error: McidnsError | None = None
            try:
                await action()
            except McidnsError as caught:
                error = caught
            except asyncio.CancelledError:
                self._actions.setdefault(key, action)  # for the next run, which writes what is left at a clean stop
                raise
            finally:
                self._running.discard(key)
            self._after(key, action, error)

    async def _give_way(self) -> None:
        while self._waits():
            await asyncio.sleep(GLANCE)

    def _after(self, key: Hashable, action: Action, error: McidnsError | None) -> None:
        self._on_result(key, error)
        if error is None:
            self._failures.pop(key, None)
            self._enqueue(key)
        elif isinstance(error, Invalid):
            _LOG.error("publish.refused", extra={"object": str(key), "why": str(error)})
            self._failures.pop(key, None)
            self._enqueue(key)
        else:
            self._retry(key, action, error)
        self._note_idle()

    def _retry(self, key: Hashable, action: Action, error: McidnsError) -> None:
        failures = self._failures.get(key, 0) + 1
        self._failures[key] = failures
        self._actions.setdefault(key, action)
        delay = self._delay(error, failures)
        told = {"object": str(key), "why": str(error), "failures": failures, "delay": round(delay, 2)}
        _LOG.log(self._level(key, error), "publish.retry", extra=told)
        self._later(key, delay)

    def _level(self, key: Hashable, error: McidnsError) -> int:
        """One warning in ten seconds for each kind of object and error: where one write fails, thousands may."""
        now = asyncio.get_running_loop().time()
        what = (key[0] if isinstance(key, tuple) else key, type(error))
        if now - self._complained.get(what, float("-inf")) < COMPLAIN_EVERY:
            return logging.DEBUG
        self._complained[what] = now
        return logging.WARNING

    def _delay(self, error: McidnsError, failures: int) -> float:
        if isinstance(error, TooManyRequests):
            return min(max(error.retry_after or 0.0, self._first_delay), SLOWEST) * random.uniform(1.0, 1.2)
        if isinstance(error, Conflict) and failures == 1:
            return 0.0
        longest = min(self._first_delay * 2.0 ** min(failures - 1, 20), SLOWEST)
        return longest * random.uniform(0.5, 1.0)

    def _note_idle(self) -> None:
        if not self._actions and not self._running:
            self._idle.set()
