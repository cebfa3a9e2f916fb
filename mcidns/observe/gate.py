"""A bound on how many lists are read at once, that nobody can hold for long; what is read behind it is the callers' business."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """At most `width` turns at once; a turn longer than `longest` seconds goes on, but no longer keeps others waiting.

    It bounds memory and bursts of work, not correctness, so giving a place away early is no harm, while a slow member that
    kept it would delay the others (law 4).
    """

    def __init__(self, width: int = 8, longest: float = 1.0) -> None:
        self._places = asyncio.Semaphore(width)
        self._longest = longest

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a place and hold it at most as long as the block runs."""
        await self._places.acquire()
        holding = True

        def give_up() -> None:
            nonlocal holding
            if holding:
                holding = False
                self._places.release()

        timer = asyncio.get_running_loop().call_later(self._longest, give_up)
        try:
            yield
        finally:
            timer.cancel()
            give_up()
