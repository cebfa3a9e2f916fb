"""Work that is done only while it is our turn; whose turn it is and what the work is, others know."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Work = Callable[[], Coroutine[Any, Any, None]]


class Shift:
    """On from the start. `begin` and `end` return at once; `on_begin` is called before the work goes on."""

    def __init__(self, on_begin: Callable[[], None] = lambda: None) -> None:
        self._on_begin = on_begin
        self._turned = asyncio.Event()
        self.is_on = True

    def begin(self) -> None:
        """It is our turn."""
        if not self.is_on:
            self._on_begin()
            self._turn(on=True)

    def end(self) -> None:
        """It is somebody else's: what is under way is broken off."""
        if self.is_on:
            self._turn(on=False)

    def _turn(self, *, on: bool) -> None:
        self.is_on = on
        self._turned.set()

    async def run(self, *works: Work) -> None:
        """Do all of it while it is our turn, until cancelled. Each work can be cancelled at any time and begun again."""
        while True:
            self._turned.clear()
            running = [asyncio.create_task(work()) for work in works] if self.is_on else []
            waiting = asyncio.create_task(self._turned.wait())
            try:
                done, _ = await asyncio.wait((*running, waiting), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (*running, waiting):
                    task.cancel()
                await asyncio.gather(*running, waiting, return_exceptions=True)
            for task in done - {waiting}:
                task.result()  # a work that ends by itself has failed
