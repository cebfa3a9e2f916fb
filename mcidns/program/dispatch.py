"""Waiting changes go out in batches, and every answer is judged: taken, later, or whose fault; planning lives elsewhere."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from mcidns.errors import Conflict, Denied, ProviderError, Rejected, Throttled, Transient
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Urgency
from mcidns.program import gathering
from mcidns.program.attempts import attempt
from mcidns.program.confirmation import Confirmation
from mcidns.program.fence import Barred, Deposed, Fence
from mcidns.program.outbox import Batch
from mcidns.program.remarks import Remark
from mcidns.program.state import Trouble, ZoneState
from mcidns.provider import Receipt

_LOG = logging.getLogger(__name__)

WORTHWHILE = 200
"""Changes that fill a message well enough to be sent while more are being planned."""
SPLITS = 200
"""Refused batches halved before the zone pauses, so that a zone full of bad records cannot flood its server."""
DENIED_IN_A_ROW = 3
CONFLICTS = 3
CONFLICT_DELAY = 30.0

Start = Callable[[Coroutine[Any, Any, Receipt], Callable[["asyncio.Task[Receipt]"], None]], None]


class Dispatch:
    """Sends what waits, with as many batches under way as the provider allows, and learns from every answer."""

    def __init__(self, state: ZoneState, fence: Fence, confirmation: Confirmation, start: Start) -> None:
        self._state = state
        self._fence = fence
        self._confirmation = confirmation
        self._start = start
        self._under_way = 0
        self._splits = 0
        self._denied = 0
        self._probing = False
        self._conflicts: dict[DnsName, int] = {}
        self._gathering = gathering.Gathering()

    @property
    def next_due(self) -> float | None:
        """When what is being gathered is sent at the latest, in the loop's time."""
        return self._gathering.until

    @property
    def under_way(self) -> int:
        """Batches the provider has not answered yet."""
        return self._under_way

    @property
    def is_probing(self) -> bool:
        """Whether the zone as a whole was denied and nothing was taken since."""
        return self._probing

    def launch(self, *, more_to_come: bool = False) -> bool:
        """Start batches while there is room; whether any was. After a denial of the whole zone one change at a time is tried.

        While one is under way and planning goes on, small batches wait to become bigger ones: a message has its price.
        """
        state = self._state
        if not self._fence.is_open or (more_to_come and self._under_way and len(state.outbox) < WORTHWHILE):
            return False
        if state.rules.capabilities.scarce and self._gathering.goes_on(
            len(state.outbox), busy=self._under_way > 0, more_to_come=more_to_come, now=self._now()
        ):
            return False
        before = self._under_way
        room = 1 if self._probing else max(1, state.rules.capabilities.parallel)
        while self._under_way < room:
            piece = state.outbox.piece()
            if piece is None:
                break
            self._send(piece)
        free = room - self._under_way
        offer = state.outbox.first(1 if self._probing else gathering.OFFER * free) if free > 0 else ()
        if not offer:
            if not self._under_way and not state.outbox:
                self._splits = 0
            return self._under_way > before
        batches = attempt(lambda: self._fence.packed(offer, free))
        if isinstance(batches, ProviderError):
            state.tally.failed(batches)
            self._set_back(batches, "ProviderUnavailable")
            return False
        for batch in batches:
            state.outbox.sent(batch)
            self._send(batch)
        return self._under_way > before

    def _send(self, batch: Batch) -> None:
        state = self._state
        for change in batch:
            state.in_flight[change.name] = state.in_flight.get(change.name, 0) + 1
        self._under_way += 1
        self._start(self._apply(batch), lambda task: self._landed(batch, task))

    async def _apply(self, batch: Batch) -> Receipt:
        await self._state.turn(min(change.urgency for change in batch))
        return await self._fence.apply(batch)

    def _landed(self, batch: Batch, task: "asyncio.Task[Receipt]") -> None:
        state = self._state
        self._under_way -= 1
        for change in batch:
            left = state.in_flight.pop(change.name)
            if left > 1:
                state.in_flight[change.name] = left - 1
        if state.deferred:
            for name in [change.name for change in batch if change.name in state.deferred]:
                state.deferred.discard(name)
                state.mark(name)
        answer = attempt(task.result)
        if isinstance(answer, ProviderError):
            state.tally.failed(answer)
        match answer:
            case Receipt():
                self._taken(batch, answer)
            case Barred():
                self._postpone(batch, look=True)
                if isinstance(answer, Deposed):
                    self._fence.lost(answer)
            case Throttled():
                self._postpone(batch, look=answer.unsure)
                state.pause(Trouble("ProviderUnavailable", str(answer)), self._now() + max(0.0, answer.retry_after))
            case Transient():
                self._postpone(batch, look=answer.unsure)
                self._set_back(answer, "ProviderUnavailable")
            case _:
                self._refused(batch, answer)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _taken(self, batch: Batch, receipt: Receipt) -> None:
        state = self._state
        self._denied = 0
        if state.mirror is not None:
            state.mirror.patch(batch)
        if state.written is not None:
            state.written.update([edit.key.name for change in batch for edit in change.edits])
        state.writes += len(batch)
        state.trouble = None
        state.backoff.reset()
        if self._probing:
            self._probing = False
            for name in state.quarantine.release("Denied"):
                state.mark(name)
        for change in batch:
            self._close(change, written=True)
        if self._conflicts or len(state.quarantine):
            for change in batch:
                self._conflicts.pop(change.name, None)
                state.quarantine.acquit(change)
        if state.looking:
            # That answer may be older than this write.
            for name in [change.name for change in batch if change.name in state.looking]:
                state.must_look[name] = None
                state.mark(name)
        if _LOG.isEnabledFor(logging.DEBUG):
            for change in batch:
                told = {"zone": state.zone.name, "dns_name": change.name.relative, "change": change.note}
                _LOG.debug("zone.changed", extra=told)
        _LOG.info(
            "zone.written",
            extra={"zone": state.zone.name, "changes": len(batch), "first": f"{batch[0].name.relative} ({batch[0].note})"},
        )
        self._confirmation.expect(batch, receipt, self._now())

    def _close(self, change: Change, remark: Remark | None = None, *, written: bool = False) -> None:
        """One change of a name has its answer; the last one gives the name its word."""
        state, name = self._state, change.name
        opened = state.open.get(name)
        if opened is None:
            return
        if opened.since is not None and written and change.urgency is not Urgency.COSMETIC:
            state.taken(name, opened.since)
            opened.since = None
        if remark is not None:
            opened.remarks = (*opened.remarks, remark)
        opened.left -= 1
        if opened.left <= 0:
            del state.open[name]
            state.tell(name, opened.remarks, losers=opened.losers, written=written)
            if written and name not in state.desk.wishes:
                state.desk.wishes.forget_name(name)

    def _postpone(self, batch: Batch, *, look: bool) -> None:
        """Plan these again later; after an answer that leaves it open whether they were written, look first."""
        for change in batch:
            if look:
                self._state.must_look[change.name] = None
            self._state.mark(change.name)

    def _set_back(self, error: ProviderError, reason: str) -> None:
        state = self._state
        delay = state.backoff.next()
        self._splits = 0
        for name in state.outbox.drop_pieces():
            state.mark(name)
        state.pause(Trouble(reason, str(error)), self._now() + delay)

    def _refused(self, batch: Batch, error: ProviderError) -> None:
        state = self._state
        if isinstance(error, Conflict) and state.serial is not None and state.listing == "transfer":
            # One cheap question tells what somebody else wrote, beside the search for the name concerned.
            state.next_read = 0.0
        named = error.culprits if isinstance(error, Conflict | Rejected) else {}
        if any(change in named for change in batch):
            self._part(batch, named, Conflict if isinstance(error, Conflict) else Rejected)
            return
        if len(batch) == 1:
            self._single(batch[0], error)
            return
        self._splits += 1
        if self._splits <= SPLITS:
            state.outbox.halve(batch)
            return
        self._postpone(batch, look=False)
        self._set_back(error, "Denied" if isinstance(error, Denied) else "Rejected")

    def _part(self, batch: Batch, named: Mapping[Change, str], kind: type[Conflict | Rejected]) -> None:
        """The back end named the culprits: they are judged at once, and the rest goes out again without them."""
        rest = tuple(change for change in batch if change not in named)
        if rest:
            self._state.outbox.put_back(rest)
        for change in batch:
            if change in named:
                self._single(change, kind(named[change]))

    def _single(self, change: Change, error: ProviderError) -> None:
        match error:
            case Conflict():
                self._conflicted(change, error)
            case Denied():
                self._denied += 1
                self._confine(change, Remark("Failed", "Denied", f"{_what(change)} was denied: {error}"))
                if self._denied >= DENIED_IN_A_ROW or self._probing:
                    self._denied_zone(error)
            case Rejected():
                self._denied = 0
                self._confine(change, Remark("Failed", "Rejected", f"{_what(change)} was refused: {error}"))
            case _:
                self._postpone((change,), look=True)
                self._set_back(error, "ProviderUnavailable")

    def _confine(self, change: Change, remark: Remark, delay: float | None = None) -> None:
        state = self._state
        culprit = state.quarantine.confine(change, remark, now=self._now(), delay=delay)
        _LOG.warning(
            "zone.quarantined",
            extra={
                "zone": state.zone.name,
                "dns_name": change.name.relative,
                "reason": remark.reason,
                "why": remark.message,
                "try": culprit.tries,
            },
        )
        self._close(change, remark)

    def _denied_zone(self, error: ProviderError) -> None:
        """Not single names but the zone is denied: pause, and then probe with one change instead of flooding the server."""
        state = self._state
        if not self._probing:
            for name in state.quarantine.release("Denied"):
                state.mark(name)
        self._probing = True
        self._denied = 0
        self._set_back(error, "Denied")

    def _conflicted(self, change: Change, error: ProviderError) -> None:
        state = self._state
        count = self._conflicts.get(change.name, 0) + 1
        state.must_look[change.name] = None
        if count < CONFLICTS:
            self._conflicts[change.name] = count
            state.mark(change.name)
            return
        self._conflicts.pop(change.name, None)
        message = f"{_what(change)} met somebody else's change {CONFLICTS} times; tried again in {CONFLICT_DELAY:.0f} s: {error}"
        self._confine(change, Remark("Failed", "Conflict", message), delay=CONFLICT_DELAY)


def _what(change: Change) -> str:
    return f"{change.name.relative} ({change.note})"
