"""Whether what was written is answered by every authoritative server, asked in the background; writing never waits for it."""

import asyncio
import heapq
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
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
MOST = 20_000
"""Changes remembered at once, however a back end cuts them into batches; older ones are given up and said so."""

Start = Callable[[Coroutine[Any, Any, Propagation], Callable[["asyncio.Task[Propagation]"], None]], None]


@dataclass(slots=True, order=True)
class _Expected:
    due: float
    number: int
    batch: Batch = field(compare=False)
    receipt: Receipt = field(compare=False)
    tries: int = field(default=0, compare=False)


class Confirmation:
    """One question at a time and one queue per zone; a name written again counts only with its last write."""

    def __init__(self, state: ZoneState, start: Start) -> None:
        self._state = state
        self._start = start
        self._queue: list[_Expected] = []
        self._latest: dict[DnsName, int] = {}
        self._number = 0
        self._asking = False
        self._changes = 0

    def expect(self, batch: Batch, receipt: Receipt, now: float) -> None:
        """The provider took this batch; find out whether it can be seen."""
        if self._state.confirms is None:
            return
        self._number += 1
        self._latest.update((change.name, self._number) for change in batch)
        self._put(_Expected(now, self._number, batch, receipt))
        while self._changes > MOST and len(self._queue) > 1:
            self._say(self._take(), "Unknown", "not checked, because too many writes are under way")

    def _put(self, expected: _Expected) -> None:
        heapq.heappush(self._queue, expected)
        self._changes += len(expected.batch)

    def _take(self) -> _Expected:
        expected = heapq.heappop(self._queue)
        self._changes -= len(expected.batch)
        return expected

    def launch(self, now: float) -> None:
        """Ask about the batch that is due first, unless the zone is being written: that comes before, for a while."""
        provider = self._state.confirms
        if self._asking or provider is None or not self._queue:
            return
        due = self._queue[0].due
        if due > now or (self._state.is_moving and now < due + YIELD):
            return
        expected = self._take()
        expected.batch = tuple(change for change in expected.batch if self._latest.get(change.name) == expected.number)
        if expected.batch:
            self._asking = True
            self._start(self._ask(provider, expected), lambda task: self._answered(expected, task))

    async def _ask(self, provider: Confirms, expected: _Expected) -> Propagation:
        await self._state.turn(Urgency.COSMETIC)
        return await provider.confirm(self._state.zone.domain, expected.batch, expected.receipt)

    def _answered(self, expected: _Expected, task: "asyncio.Task[Propagation]") -> None:
        self._asking = False
        answer = attempt(task.result)
        if isinstance(answer, ProviderError):
            self._state.tally.failed(answer)
            self._say(expected, "Unknown", f"could not be checked: {answer}")
        else:
            self._say(expected, answer.state, answer.message)
            if answer.state == "Propagated":
                return
        expected.due = asyncio.get_running_loop().time() + min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(expected.tries, 20))
        expected.tries += 1
        self._put(expected)

    def _say(self, expected: _Expected, state: PropagationState, message: str) -> None:
        wishes = self._state.desk.wishes
        for change in expected.batch:
            if self._latest.get(change.name) == expected.number:
                self._state.desk.reports.propagated(wishes.sources_of(change.name), change.name, state, message)
                if state == "Propagated":
                    del self._latest[change.name]
                    self._seen(change.name)

    def _seen(self, name: DnsName) -> None:
        since = self._state.unconfirmed.pop(name, None)
        if since is not None:
            self._state.tally.propagated.observe(time.monotonic() - since)

    @property
    def next_due(self) -> float | None:
        """When to ask next, in the loop's time; a zone that is being written asks when it has its turn."""
        if self._asking or not self._queue:
            return None
        return self._queue[0].due + (YIELD if self._state.is_moving else 0.0)
