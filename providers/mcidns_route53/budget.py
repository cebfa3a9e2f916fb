"""How many requests an AWS account has left, shared by all zones and providers of the process; nothing is sent here."""

import asyncio
import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from weakref import WeakValueDictionary

from mcidns.errors import Throttled

BURST = 5
"""Requests that may leave at once."""
MARGIN = 1.05
"""Requests that leave evenly do not arrive so; the window is kept this much longer than asked."""
LONGEST_PAUSE = 60.0
LONGEST_WAIT = 300.0
"""Seconds that a request may wait for its turn before it is given up, so that nobody waits without end."""


class Rank(IntEnum):
    """Who goes first when requests are scarce: what changes DNS, then what a change waits for, then the rest."""

    WRITE = 0
    LOOK = 1
    LIST = 2
    CONFIRM = 3


class Budget:
    """At most `rate` requests per second, counted over a sliding window, and none while the account is throttled.

    Route 53 allows five per second and account (Developer Guide, "Quotas"). Waiters go by rank, then in order of arrival.
    """

    def __init__(self, rate: float, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._rate = rate
        self._sent: deque[float] = deque(maxlen=_burst(rate))
        self._paused_until = 0.0
        self._throttles = 0
        self._waiting: list[tuple[Rank, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._alarm: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def share(self, rate: float) -> None:
        """Somebody else uses the account too and wants no more than this: the lowest rate holds for all."""
        if rate < self._rate:
            self._rate = rate
            self._sent = deque(self._sent, maxlen=_burst(rate))

    async def take(self, rank: Rank) -> None:
        """Wait for the turn of one request. Raises Throttled when it does not come in time."""
        loop = self._at_home()
        waiter: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._waiting, (rank, next(self._order), waiter))
        self._serve()
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                await waiter
        except TimeoutError:
            message = f"no request to Route 53 was free within {LONGEST_WAIT:.0f} s; lower the number of zones or raise resync"
            raise Throttled(message, retry_after=self._window) from None
        finally:
            waiter.cancel()

    def _at_home(self) -> asyncio.AbstractEventLoop:
        """Times belong to a loop; in another one the budget begins anew."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._alarm, self._paused_until = loop, None, 0.0
            self._sent.clear()
            self._waiting.clear()
        return loop

    @property
    def _window(self) -> float:
        return (self._sent.maxlen or 1) / self._rate * MARGIN

    def _serve(self) -> None:
        loop = self._at_home()
        while self._waiting:
            if self._waiting[0][2].done():
                heapq.heappop(self._waiting)
                continue
            now, due = loop.time(), self._due()
            if due > now:
                self._wake_at(loop, due)
                return
            self._sent.append(now)
            heapq.heappop(self._waiting)[2].set_result(None)

    def _due(self) -> float:
        full = len(self._sent) == self._sent.maxlen
        return max(self._paused_until, self._sent[0] + self._window if full else 0.0)

    def _wake_at(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = loop.call_at(due, self._serve)

    def throttled(self) -> float:
        """The account was told to slow down: nobody sends for a while, longer each time. Returns the seconds."""
        loop = self._at_home()
        delay = min(LONGEST_PAUSE, self._window * 2.0 ** min(self._throttles, 20)) * (1.0 - 0.2 * self._chance())
        self._throttles += 1
        self._paused_until = max(self._paused_until, loop.time() + delay)
        return delay

    def passed(self) -> None:
        """A request was taken."""
        self._throttles = 0


def _burst(rate: float) -> int:
    return max(1, min(BURST, int(rate)))


_BUDGETS: WeakValueDictionary[tuple[str, ...], Budget] = WeakValueDictionary()


def of_account(account: tuple[str, ...], rate: float) -> Budget:
    """The budget that all providers with these credentials share; it goes when the last of them goes."""
    budget = _BUDGETS.get(account)
    if budget is None:
        budget = _BUDGETS[account] = Budget(rate)
    budget.share(rate)
    return budget
