"""How fast and how often: a token bucket per provider and growing delays; what is delayed is not known here."""

import asyncio
import random
from collections.abc import Callable


class Pace:
    """A token bucket shared by all zones of one provider: `rate` requests per second, up to `burst` at once.

    Waiters go in the order in which they came.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = max(burst, 1)
        self._tokens = float(self._burst)
        self._at: float | None = None
        self._turn = asyncio.Lock()

    async def acquire(self, count: int = 1) -> None:
        """Wait until this many requests may be made; more than `burst` at once simply takes longer."""
        async with self._turn:
            now = asyncio.get_running_loop().time()
            if self._at is not None:
                self._tokens = min(float(self._burst), self._tokens + (now - self._at) * self._rate)
            self._at = now
            self._tokens -= count
            if self._tokens < 0:
                await asyncio.sleep(-self._tokens / self._rate)


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
