"""How fast and how often: a token bucket per provider and growing delays; what is delayed is not known here."""

import asyncio
import heapq
import random
from collections.abc import Callable

from mcidns.model.records import Urgency


class Pace:
    """A token bucket shared by all zones of one provider: `rate` requests per second, up to `burst` at once.

    Who waits goes by urgency, and among equals in the order of arrival: a region that is taken away from one zone does not
    stand behind another zone's cosmetics.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = float(max(burst, 1))
        self._tokens = self._burst
        self._at: float | None = None
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None

    async def acquire(self, urgency: Urgency = Urgency.ADD) -> None:
        """Wait until one more request may be made."""
        self._refill()
        if not self._waiting and self._tokens >= 1.0:
            self._tokens -= 1.0
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._number += 1
        heapq.heappush(self._waiting, (urgency, self._number, turn))
        self._arm()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._tokens += 1.0  # our turn came in the moment in which nobody wanted it any more
                self._serve()
            raise

    def _refill(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._at is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now

    def _arm(self) -> None:
        if self._timer is None and self._waiting:
            delay = max(0.0, 1.0 - self._tokens) / self._rate
            self._timer = asyncio.get_running_loop().call_later(delay, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._serve()

    def _serve(self) -> None:
        self._refill()
        # A hair's breadth below one is one: the timer was set for the very moment.
        while self._waiting and self._tokens >= 1.0 - 1e-6:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                self._tokens -= 1.0
                turn.set_result(None)
        self._arm()


class Backoff:
    """Delays from `first` seconds doubling to `longest`, each shortened by up to a fifth so that many do not return at once."""

    def __init__(self, first: float = 1.0, longest: float = 60.0, *, chance: Callable[[], float] = random.random) -> None:
        self._first = first
        self._longest = longest
        self._chance = chance
        self.failures = 0

    def next(self) -> float:
        """One more failure; seconds to wait."""
        delay = min(self._longest, self._first * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return delay * (1.0 - 0.2 * self._chance())

    def reset(self) -> None:
        """It works again."""
        self.failures = 0
