"""Decisions that people have not been told of yet; how each is told lives in telling."""

import asyncio
from collections.abc import Callable
from typing import Final

from mcidns.model.decisions import Decision
from mcidns.model.references import ObjectRef

PAUSE: Final = 0.01
"""Seconds between two handfuls of decisions that are turned into writes."""

TOGETHER: Final = 8
"""Decisions in a handful."""

Tell = Callable[[Decision, Decision | None], None]


class Backlog:
    """The newest decision per host, told a few at a time, so that DNS goes first when a whole region is lost.

    `tell(decision, previous)` turns one into writes. `pass_over(decision, previous)` gets one that a newer one overtakes:
    its status will never be written, but what it says of verdicts happened. `waits` says that DNS is being changed.
    """

    def __init__(self, tell: Tell, pass_over: Tell, waits: Callable[[], bool]) -> None:
        self._tell = tell
        self._pass_over = pass_over
        self._waits = waits
        self._untold: dict[ObjectRef, tuple[Decision, Decision | None]] = {}
        self._wake = asyncio.Event()

    def add(self, decision: Decision, previous: Decision | None) -> None:
        """A host's decision is another one than `previous`."""
        overtaken = self._untold.get(decision.host.ref)
        if overtaken is not None:
            self._pass_over(*overtaken)
        self._untold[decision.host.ref] = (decision, previous)
        self._wake.set()

    def drain(self) -> None:
        """Tell everything now."""
        for ref in tuple(self._untold):
            self._tell(*self._untold.pop(ref))

    async def run(self) -> None:
        """Tell until cancelled."""
        if self._untold:
            self._wake.set()  # left by an earlier run
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._untold:
                await asyncio.sleep(PAUSE)
                if self._waits():
                    continue
                for ref in tuple(self._untold)[:TOGETHER]:
                    self._tell(*self._untold.pop(ref))
