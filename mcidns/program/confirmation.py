"""Whether what was written is answered by every authoritative server, asked in the background; writing never waits for it."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from mcidns.errors import ProviderError
from mcidns.model.decisions import PropagationState
from mcidns.model.names import DnsName
from mcidns.model.records import Urgency
from mcidns.program.attempts import attempt
from mcidns.program.outbox import Batch
from mcidns.program.state import ZoneState
from mcidns.provider import Confirms, Propagation, Receipt

FIRST_DELAY = 0.5
LONGEST_DELAY = 60.0
YIELD = 2.0
"""Seconds for which a question that is due waits while there is something to write."""
MOST = 256
"""Batches remembered at once; older ones are given up and said so."""

Start = Callable[[Coroutine[Any, Any, Propagation], Callable[["asyncio.Task[Propagation]"], None]], None]


@dataclass(slots=True)
class _Expected:
    batch: Batch
    receipt: Receipt
    number: int
    due: float
    tries: int = 0


class Confirmation:
    """One question at a time and one queue per zone; a name written again counts only with its last write."""

    def __init__(self, state: ZoneState, start: Start) -> None:
        self._state = state
        self._start = start
        self._queue: deque[_Expected] = deque()
        self._latest: dict[DnsName, int] = {}
        self._number = 0
        self._asking = False

    def expect(self, batch: Batch, receipt: Receipt, now: float) -> None:
        """The provider took this batch; find out whether it can be seen."""
        if self._state.confirms is None:
            return
        self._number += 1
        self._latest.update((change.name, self._number) for change in batch)
        self._queue.append(_Expected(batch, receipt, self._number, now))
        if len(self._queue) > MOST:
            self._say(self._queue.popleft(), "Unknown", "not checked, because too many writes are under way")

    def launch(self, now: float) -> None:
        """Ask about the batch that is due first, unless the zone is being written: that comes before, for a while."""
        provider = self._state.confirms
        if self._asking or provider is None or not self._queue:
            return
        expected = min(self._queue, key=lambda expected: expected.due)
        if expected.due > now or (self._state.is_moving and now < expected.due + YIELD):
            return
        self._queue.remove(expected)
        expected.batch = tuple(change for change in expected.batch if self._latest.get(change.name) == expected.number)
        if expected.batch:
            self._asking = True
            self._start(self._ask(provider, expected), lambda task: self._answered(expected, task))

    async def _ask(self, provider: Confirms, expected: _Expected) -> Propagation:
        if self._state.pace is not None:
            await self._state.pace.acquire(Urgency.COSMETIC)
        return await provider.confirm(self._state.zone.domain, expected.batch, expected.receipt)

    def _answered(self, expected: _Expected, task: "asyncio.Task[Propagation]") -> None:
        self._asking = False
        answer = attempt(task.result)
        if isinstance(answer, ProviderError):
            self._say(expected, "Unknown", f"could not be checked: {answer}")
        else:
            self._say(expected, answer.state, answer.message)
            if answer.state == "Propagated":
                return
        expected.due = asyncio.get_running_loop().time() + min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(expected.tries, 20))
        expected.tries += 1
        self._queue.append(expected)

    def _say(self, expected: _Expected, state: PropagationState, message: str) -> None:
        wishes = self._state.desk.wishes
        for change in expected.batch:
            if self._latest.get(change.name) == expected.number:
                self._state.desk.reports.propagated(wishes.sources_of(change.name), change.name, state, message)
                if state == "Propagated":
                    del self._latest[change.name]

    @property
    def next_due(self) -> float | None:
        """When to ask next, in the loop's time; a zone that is being written asks when it has its turn."""
        if self._asking or not self._queue:
            return None
        return min(expected.due for expected in self._queue) + (YIELD if self._state.is_moving else 0.0)
