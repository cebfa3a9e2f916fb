"""What a zone's worker knows and has to do; the parts of the worker share it, and none of them is here."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Literal

from mcidns.model.decisions import Programming, PropagationState
from mcidns.model.mandates import ALONE, Mandate
from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet, Urgency
from mcidns.model.references import ObjectRef
from mcidns.model.zones import Zone
from mcidns.program.guard import Ledger
from mcidns.program.mirror import Mirror
from mcidns.program.outbox import Outbox
from mcidns.program.pace import Backoff, Pace
from mcidns.program.plan import NamePlan
from mcidns.program.quarantine import Quarantine
from mcidns.program.remarks import Remark
from mcidns.program.reports import Reports
from mcidns.program.standing import Rules
from mcidns.program.tally import Tally
from mcidns.program.wanted import Wishes
from mcidns.program.zones import Listing, PlanSummary
from mcidns.provider import Confirms, Provider

_LOG = logging.getLogger(__name__)

_SEVERITY = {"Failed": 0, "Held": 1, "Pending": 2, "Programmed": 3}


@dataclass(frozen=True, slots=True)
class Desk:
    """What all workers share. `clock` gives unix seconds for what people see; delays go by the loop's own time.

    `zone_of` routes a name, `names_in` gives the names with an intent that belong to a zone. `mandate` is what may be written now,
    right at any moment; `on_outbid(epoch)` says that a zone shows this epoch, which is no lower than ours.
    """

    clock: Callable[[], float]
    wishes: Wishes
    reports: Reports
    zone_of: Callable[[DnsName], str | None]
    names_in: Callable[[str], Collection[DnsName]]
    on_zone: Callable[[str], None]
    dry_run: bool = False
    mandate: Callable[[], Mandate] = lambda: ALONE
    on_outbid: Callable[[int], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the zone cannot be read or written now; `reason` is a Programmed reason."""

    reason: str
    message: str


@dataclass(slots=True)
class Open:
    """A name with changes under way: how many are left, what is to be said at the end, and when their cause was seen."""

    left: int
    remarks: tuple[Remark, ...]
    losers: tuple[ObjectRef, ...] = ()
    since: float | None = None


@dataclass(slots=True)
class ZoneState:
    """All that changes in the life of one worker; times are the loop's.

    `lost` are records that were ours until their ownership TXT vanished. `planned` is kept by a dry run only. `since` says of
    names that are to be planned, `unconfirmed` of written ones, when the change was seen that led to it (`time.monotonic`).
    `written` are names written since the reading that is under way began, None without one. `must_read`: nothing is written before
    a reading that began after now has ended, as somebody else wrote the zone. `reserved`: the fence's place.
    """

    zone: Zone
    provider: Provider
    rules: Rules
    desk: Desk
    pace: Pace | None = None
    mirror: Mirror | None = None
    serial: int | None = None
    listing: Listing = "unknown"
    why_targeted: str = ""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    dirty: dict[DnsName, None] = field(default_factory=dict)
    passing: dict[DnsName, None] = field(default_factory=dict)
    deferred: set[DnsName] = field(default_factory=set)
    must_look: dict[DnsName, None] = field(default_factory=dict)
    looking: frozenset[DnsName] = frozenset()
    fresh: set[DnsName] = field(default_factory=set)
    in_flight: dict[DnsName, int] = field(default_factory=dict)
    open: dict[DnsName, Open] = field(default_factory=dict)
    emptying: dict[DnsName, NamePlan] = field(default_factory=dict)
    restrained: set[DnsName] = field(default_factory=set)
    blocked: set[DnsName] = field(default_factory=set)
    lost: dict[DnsName, dict[RecordKey, RecordSet]] = field(default_factory=dict)
    planned: dict[DnsName, NamePlan] = field(default_factory=dict)
    written: set[DnsName] | None = None
    outbox: Outbox = field(default_factory=Outbox)
    ledger: Ledger = field(default_factory=Ledger)
    quarantine: Quarantine = field(default_factory=Quarantine)
    backoff: Backoff = field(default_factory=Backoff)
    paused_until: float = 0.0
    next_read: float = 0.0
    reserved: DnsName | None = None
    must_read: Literal["no", "due", "under way"] = "no"
    trouble: Trouble | None = None
    read_trouble: Trouble | None = None
    untold: dict[DnsName, None] = field(default_factory=dict)
    writes: int = 0
    summary: PlanSummary | None = None
    since: dict[DnsName, float] = field(default_factory=dict)
    unconfirmed: dict[DnsName, float] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    confirms: Confirms | None = field(init=False)
    _as_wished: str = field(init=False)

    def __post_init__(self) -> None:
        self._as_wished = f"zone {self.zone.domain.relative} holds it as wished"
        self.confirms = self.provider if isinstance(self.provider, Confirms) else None

    def mark(self, name: DnsName) -> None:
        """Look at the name again as soon as possible; what waits to be sent for it is out of date and does not go."""
        self.dirty[name] = None
        if name in self.open:
            self.outbox.withdraw(name)
        if self.trouble is not None or self.read_trouble is not None:
            self.untold[name] = None
        self.wake.set()

    @property
    def is_moving(self) -> bool:
        """Whether something is to be planned or sent, and nothing holds it up."""
        if self.mirror is None or self.trouble is not None or self.read_trouble is not None:
            return False
        return bool(self.dirty or self.passing or self.outbox or self.in_flight)

    def is_pending(self, name: DnsName) -> bool:
        """Whether the last word on the name is not spoken."""
        return (
            name in self.dirty
            or name in self.passing
            or name in self.open
            or name in self.deferred
            or name in self.must_look
            or name in self.looking
        )

    def taken(self, name: DnsName, since: float) -> None:
        """The provider took what follows for the name from a change that was seen at `since`."""
        self.tally.answered.observe(time.monotonic() - since)
        if self.confirms is not None:
            self.unconfirmed[name] = since

    async def turn(self, urgency: Urgency = Urgency.ADD) -> None:
        """Wait until the provider's rate limit lets one more request pass."""
        if self.pace is not None:
            loop = asyncio.get_running_loop()
            began = loop.time()
            try:
                await self.pace.acquire(urgency)
            finally:
                self.tally.waited += loop.time() - began

    def pause(self, trouble: Trouble, until: float) -> None:
        """Write nothing until then, and say why at every name that waits."""
        delay = round(until - asyncio.get_running_loop().time(), 1)
        told = {"zone": self.zone.name, "reason": trouble.reason, "why": trouble.message, "delay": delay}
        _LOG.warning("zone.paused", extra=told)
        self.trouble = trouble
        self.paused_until = max(self.paused_until, until)
        self.untold.update(dict.fromkeys(self.waiting()))

    def waiting(self) -> set[DnsName]:
        """Every name that something is still to be done for."""
        return {*self.dirty, *self.passing, *self.open, *self.deferred, *self.must_look, *self.looking}

    def tell(
        self, name: DnsName, remarks: tuple[Remark, ...], *, losers: tuple[ObjectRef, ...] = (), written: bool = False
    ) -> None:
        """Give the word on a name to every object that wishes something for it; the worst remark decides."""
        sources = self.desk.wishes.sources_of(name)
        if not sources:
            return
        propagation: PropagationState = "Pending" if written and self.confirms is not None else "Unknown"
        if not remarks:
            said = Programming(name, "Programmed", "Programmed", self._as_wished, propagation)
        else:
            ordered = sorted(remarks, key=lambda remark: _SEVERITY[remark.state])
            worst = ordered[0]
            if worst.state != "Programmed":
                propagation = "Unknown"
            said = Programming(name, worst.state, worst.reason, "; ".join(remark.message for remark in ordered), propagation)
        winners = tuple(source for source in sources if source not in losers) if losers else sources
        self.desk.reports.put(winners, said, written=written and said.state == "Programmed")
        if losers:
            message = f"{name.relative} was claimed earlier by {winners[0] if winners else 'another object'}; choose another name"
            self.desk.reports.put(losers, Programming(name, "Failed", "HostnameConflict", message))
