"""One zone's fence: a TXT with the leader's epoch on which every write rests, so that a deposed leader's write fails by itself."""

import asyncio
import logging
import re
from collections.abc import Callable, Coroutine, Sequence
from itertools import islice
from typing import Any, assert_never

from msgspec import structs

from mcidns.errors import Conflict, Denied, ProviderError, Rejected, Throttled, Transient
from mcidns.model.mandates import Adrift, Alone, Leading, Standby
from mcidns.model.records import Change, Edit, RecordSet, Urgency
from mcidns.program import epochs
from mcidns.program.attempts import attempt
from mcidns.program.epochs import Mark
from mcidns.program.outbox import Batch
from mcidns.program.pace import Backoff
from mcidns.program.resting import Resting
from mcidns.program.state import Trouble, ZoneState
from mcidns.provider import Receipt

_LOG = logging.getLogger(__name__)

TTL = 60
FORGIVEN = 600.0
"""Seconds without another's epoch after which the next one is answered at once again."""
TRIES = 3
"""Times a fence is read and raised in a row before somebody else's writes to it count as trouble."""

Start = Callable[[Coroutine[Any, Any, Any], Callable[["asyncio.Task[Any]"], None]], None]


class Barred(ProviderError):
    """We may not write now; nothing was sent, or it was broken off."""


class Deposed(Barred):
    """The fence is not ours any more, so that nothing was written; `mark` says whose it is, None if it is gone."""

    def __init__(self, message: str, mark: Mark | None) -> None:
        super().__init__(message)
        self.mark = mark


class Fence:
    """Whether the zone may be written now, and what each write has to rest on.

    A new leader raises the fence by compare and set, only upwards and from what it has just read, has the zone read again, and
    then writes. Where there is no compare and set, or the server does not let us keep a fence, the zone is written while the
    Lease is ours by the clock, and what is under way is broken off at its end. Without a Lease there is no fence.
    """

    def __init__(self, state: ZoneState, start: Start) -> None:
        self._state = state
        self._start = start
        self.key = epochs.place(state.zone.domain, state.zone.owner_id)
        state.reserved = self.key.name
        self._held: RecordSet | None = None
        self._entered: Leading | None = None
        self._tried: Leading | None = None
        self._busy = False
        self._due = 0.0
        self._backoff = Backoff()
        self._outbids = Backoff()
        self._outbid_at = 0.0
        self._trouble: Trouble | None = None
        self._why_none = "" if self._is_possible else "its provider has no compare and set"
        self._scopes: set[asyncio.Timeout] = set()

    @property
    def _is_possible(self) -> bool:
        able = self._state.rules.capabilities
        return able.compare_and_set and "TXT" in able.types and not self._state.desk.dry_run

    @property
    def is_open(self) -> bool:
        """Whether changes may be sent now."""
        mandate = self._state.desk.mandate()
        match mandate:
            case Alone():
                return True
            case Standby():
                return False
            case Leading():
                return self._entered == mandate and self._state.must_read == "no"
            case Adrift():
                same = self._entered == Leading(mandate.epoch, mandate.holder)
                return same and self._held is not None and self._state.must_read == "no"
        assert_never(mandate)

    @property
    def trouble(self) -> Trouble | None:
        """Why the zone cannot be written although we lead, or led."""
        mandate = self._state.desk.mandate()
        if isinstance(mandate, Alone | Standby):
            return None
        if isinstance(mandate, Adrift) and self._trouble is None and self._held is None:
            why = self._why_none or "its fence is not ours"
            return Trouble("Adrift", f"the Lease could not be renewed, and the zone is not fenced: {why}; nothing is written")
        return self._trouble

    @property
    def remark(self) -> str:
        """What there is to say of it where all is well; empty without a Lease."""
        if not isinstance(self._state.desk.mandate(), Leading):
            return ""
        mark = epochs.read(self._held)
        return f"fenced with epoch {mark.epoch}" if mark is not None else f"not fenced: {self._why_none}"

    @property
    def next_due(self) -> float | None:
        """When the fence is tried again, in the loop's time."""
        return self._due if self._wants() is not None and not self._busy else None

    def _wants(self) -> Leading | None:
        """The mandate that the fence does not show yet."""
        mandate = self._state.desk.mandate()
        if not isinstance(mandate, Leading) or (self._entered == mandate and (self._held is not None or not self._is_possible)):
            return None
        return mandate

    def advance(self, now: float) -> None:
        """Raise the fence if we lead under another epoch than it shows."""
        mandate = self._wants()
        if mandate is None or self._busy or (now < self._due and self._tried == mandate):
            return
        self._tried = mandate
        if self._is_possible:
            self._busy = True
            self._start(self._raise(mandate), lambda task: self._raised(mandate, task))
        else:
            self._enter(mandate)

    def _enter(self, mandate: Leading, held: RecordSet | None = None) -> None:
        """The zone is ours to write, once it has been read again: somebody else wrote it until now."""
        anew = self._entered != mandate
        self._entered, self._held, self._trouble = mandate, held, None
        if anew:
            self._state.must_read = "due"
        self._state.wake.set()

    async def _raise(self, mandate: Leading) -> RecordSet | Mark:
        """The fence with our epoch, or the mark of somebody whose epoch is no lower."""
        state, mine = self._state, self._mine(mandate)
        for _ in range(TRIES):
            found = await self._look()
            mark = epochs.read(found)
            if mark == mine and found is not None:
                return found
            if mark is not None and mark.epoch >= mandate.epoch:
                return mark
            if found is not None and mark is None:
                raise Rejected(f"{self.key} holds something else than a fence of ours; remove it")
            if state.desk.mandate() != mandate:
                raise Barred("the Lease is not ours any more")
            records = RecordSet(self.key, max(TTL, state.rules.capabilities.min_ttl), (mine.text,))
            change = Change(self.key.name, (Edit(self.key, found, records),), Urgency.WITHDRAW, (), f"epoch {mandate.epoch}")
            try:
                await state.turn(Urgency.WITHDRAW)
                await state.provider.apply(state.zone.domain, (change,))
            except Conflict:
                continue
            if state.mirror is not None:
                state.mirror.patch((change,))
            return records
        raise Rejected(f"{self.key} was changed by somebody else, or stands beside a CNAME, {TRIES} times in a row")

    def _mine(self, mandate: Leading) -> Mark:
        # Who encrypts his TXTs does not want to tell the name of a pod either.
        encryption = self._state.zone.registry.encryption
        holder = mandate.holder.rpartition("_")[2] if encryption is not None and encryption.writes else mandate.holder
        return Mark(mandate.epoch, re.sub(r"[^A-Za-z0-9._:-]", "-", holder)[:80], self._state.zone.owner_id)

    async def _look(self) -> RecordSet | None:
        state = self._state
        await state.turn(Urgency.WITHDRAW)
        content = await state.provider.look(state.zone.domain, frozenset({self.key.name}))
        return next((records for records in content.get(self.key.name, ()) if records.key == self.key), None)

    def _raised(self, mandate: Leading, task: "asyncio.Task[RecordSet | Mark]") -> None:
        self._busy = False
        state, now = self._state, asyncio.get_running_loop().time()
        answer = attempt(task.result)
        match answer:
            case RecordSet():
                self._backoff.reset()
                self._why_none = ""
                self._enter(mandate, answer)
                _LOG.info("zone.fenced", extra={"zone": state.zone.name, "epoch": mandate.epoch})
            case Mark():
                self._outbid(answer, now)
            case Rejected() | Denied():
                self._due = now + state.zone.resync
                self._why_none = str(answer)
                self._enter(mandate)
                _LOG.warning("zone.unfenced", extra={"zone": state.zone.name, "why": str(answer)})
            case Barred():
                self._due = now
            case ProviderError():
                delay = answer.retry_after if isinstance(answer, Throttled) else self._backoff.next()
                self._due = now + max(0.0, delay)
                if self._entered != mandate:
                    self._trouble = Trouble("ProviderUnavailable", f"the zone's epoch cannot be raised: {answer}")

    def _outbid(self, mark: Mark, now: float) -> None:
        """Ask for a higher epoch, less and less often: two controllers that both may lead must not raise it in turns all day."""
        if now >= self._outbid_at:
            if now - self._outbid_at > FORGIVEN:
                self._outbids.reset()
            self._outbid_at = now + self._outbids.next()
            self._state.desk.on_outbid(mark.epoch)
        self._due = self._outbid_at
        self._depose(mark)

    def packed(self, offer: Sequence[Change], most: int) -> list[Batch]:
        """The first batches of these changes, with room for the fence in each. Raises what the provider raises."""
        pack, domain, held = self._state.provider.pack, self._state.zone.domain, self._held
        if held is None:
            return list(islice(pack(domain, offer), most))
        guarded = Resting(offer, Edit(self.key, held, held))
        return [tuple(map(guarded.plain, batch)) for batch in islice(pack(domain, guarded), most)]

    async def apply(self, batch: Batch) -> Receipt:
        """Write a batch if that may be, resting on the fence. Raises Barred, Deposed, and what the provider raises."""
        if not self.is_open:
            raise Barred("we do not lead any more")
        state, held = self._state, self._held
        if held is None:
            return await self._within_the_lease(state.provider.apply(state.zone.domain, batch))
        # A batch is taken whole or not at all, so that one of its changes stands for all.
        first = structs.replace(batch[0], edits=(*batch[0].edits, Edit(self.key, held, held)))
        try:
            return await state.provider.apply(state.zone.domain, (first, *batch[1:]))
        except (Conflict, Rejected) as error:
            if isinstance(error, Conflict):
                await self._verify(held)
            error.culprits = {batch[0] if change == first else change: why for change, why in error.culprits.items()}
            raise

    async def _verify(self, held: RecordSet) -> None:
        """Whether it was the fence that met somebody else's change. Raises Deposed."""
        found = await self._look()
        if found is None or found.values != held.values:
            mark = epochs.read(found)
            raise Deposed(_told(mark), mark)

    async def _within_the_lease(self, writing: Coroutine[Any, Any, Receipt]) -> Receipt:
        if isinstance(self._state.desk.mandate(), Alone):
            return await writing
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._scopes.add(scope)
                return await writing
        except TimeoutError as error:
            if scope.expired():
                raise Barred("broken off, because the Lease ran out") from error
            raise Transient(str(error), unsure=True) from error
        finally:
            self._scopes.discard(scope)

    def mandated(self) -> None:
        """The mandate is another one: break off what nothing guards, and see what is to be done."""
        if not self.is_open:
            if isinstance(self._state.desk.mandate(), Adrift):
                why = self.trouble.message if self.trouble is not None else ""
                _LOG.warning("zone.adrift", extra={"zone": self._state.zone.name, "why": why})
            for scope in self._scopes:
                scope.reschedule(asyncio.get_running_loop().time())
        self._state.wake.set()

    def lost(self, deposed: Deposed) -> None:
        """A write found another fence."""
        self._due = asyncio.get_running_loop().time()
        self._depose(deposed.mark)

    def _depose(self, mark: Mark | None) -> None:
        if self._held is not None or self._trouble is None:
            _LOG.warning("zone.deposed", extra={"zone": self._state.zone.name, "why": _told(mark)})
        self._held = self._entered = None
        self._trouble = Trouble("Deposed", _told(mark))
        self._state.untold.update(dict.fromkeys(self._state.waiting()))


def _told(mark: Mark | None) -> str:
    if mark is None:
        return "the zone's fence is gone, and nothing is written until we know that we lead"
    return (
        f"the zone's epoch is {mark.epoch}, held by {mark.holder}, so nothing is written here; if that is another controller with"
        f" the same ownerID {mark.owner!r} and a Lease of its own, give one of them another ownerID"
    )
