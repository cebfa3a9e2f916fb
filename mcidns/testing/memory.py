"""A provider that keeps its zones in memory, with compare and set, a journal and faults on demand; for tests only."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

from mcidns.errors import Conflict, Denied, Rejected, Transient
from mcidns.model import properties
from mcidns.model.decisions import PropagationState
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet
from mcidns.provider import (
    Capabilities,
    Content,
    Delta,
    Full,
    Held,
    Propagation,
    ProviderSettings,
    Reading,
    Receipt,
    Unchanged,
    Unlisted,
    refusal,
)

TYPES = frozenset({"A", "AAAA", "CNAME", "TXT", "MX", "NS", "SRV", "PTR", "CAA"})
Call = Literal["read", "look", "apply", "confirm"]
Moment = Literal["before", "after"]
Hook = Callable[[Call, Moment], None]


@dataclass(slots=True)
class Fault:
    """Raise `error` at a call, before or after it took effect, `times` times; `names` limits it to batches with one of these."""

    call: Call
    error: BaseException
    moment: Moment = "before"
    times: int = 1
    names: frozenset[DnsName] = frozenset()


@dataclass(slots=True)
class MemoryZone:
    """The content of one zone and, per serial, the names that step changed."""

    sets: dict[DnsName, tuple[RecordSet, ...]] = field(default_factory=dict)
    serial: int = 1
    journal: dict[int, frozenset[DnsName]] = field(default_factory=dict)

    def put(self, name: DnsName, sets: Iterable[RecordSet]) -> None:
        """Replace the content of a name, as one step."""
        self._store(name, tuple(sets))
        self._step(frozenset({name}))

    def _store(self, name: DnsName, sets: tuple[RecordSet, ...]) -> None:
        if sets:
            self.sets[name] = tuple(sorted(sets))
        else:
            self.sets.pop(name, None)

    def _step(self, names: frozenset[DnsName]) -> None:
        self.serial += 1
        self.journal[self.serial] = names

    def at(self, name: DnsName) -> tuple[RecordSet, ...]:
        """All sets at a name."""
        return self.sets.get(name, ())

    def holds(self, edit: Edit) -> RecordSet | None:
        """The set an edit speaks of."""
        return next((records for records in self.at(edit.key.name) if records.key == edit.key), None)

    def write(self, edits: Sequence[Edit]) -> None:
        """Carry out edits as one step; nothing is checked."""
        for edit in edits:
            others = tuple(records for records in self.at(edit.key.name) if records.key != edit.key)
            self._store(edit.key.name, others if edit.new is None else (*others, edit.new))
        if edits:
            self._step(frozenset(edit.key.name for edit in edits))

    def since(self, serial: int) -> frozenset[DnsName] | None:
        """Names changed after this serial; None if the journal does not reach back."""
        steps = range(serial + 1, self.serial + 1)
        if any(step not in self.journal for step in steps):
            return None
        return frozenset().union(*(self.journal[step] for step in steps))


class MemoryProvider:
    """A back end without a network. `calls` lists what was asked; `hook` is run at every point where a process could die.

    `rejects` and `denies` judge single changes; a batch with one such change fails whole. `batch` is the most changes in one
    batch, `latency` the seconds (of the loop's time) each call takes. `listing=False` makes every zone Unlisted.
    """

    def __init__(self, *zones: str, batch: int = 100, listing: bool = True, capabilities: Capabilities | None = None) -> None:
        self.zones: dict[DnsName, MemoryZone] = {DnsName.parse(zone): MemoryZone() for zone in zones}
        self.batch = batch
        self.listing = listing
        self.latency = 0.0
        self.faults: list[Fault] = []
        self.calls: list[tuple[Call, DnsName]] = []
        self.batches: list[tuple[Change, ...]] = []
        self.rejects: Callable[[Change], str | None] = lambda _: None
        self.denies: Callable[[Change], str | None] = lambda _: None
        self.hook: Hook | None = None
        self.propagation: PropagationState = "Propagated"
        self.closed = False
        self._capabilities = capabilities or Capabilities(types=TYPES, compare_and_set=True, parallel=2)

    @classmethod
    def from_settings(cls, settings: ProviderSettings) -> Self:
        """`config.zones` lists the zones it serves."""
        zones = settings.config.get("zones", ())
        return cls(*(str(zone) for zone in zones)) if isinstance(zones, (list, tuple)) else cls()

    @property
    def capabilities(self) -> Capabilities:
        """As given; two batches at once and compare and set by default."""
        return self._capabilities

    def zone(self, domain: str) -> MemoryZone:
        """One zone, made empty if there is none."""
        return self.zones.setdefault(DnsName.parse(domain), MemoryZone())

    async def _at(self, call: Call, moment: Moment, batch: Sequence[Change] = ()) -> None:
        """A point at which the process may die or the answer be lost."""
        await asyncio.sleep(self.latency / 2)
        if self.hook is not None:
            self.hook(call, moment)
        names = {change.name for change in batch}
        for fault in self.faults:
            if (fault.call, fault.moment) == (call, moment) and fault.times and (not fault.names or fault.names & names):
                fault.times -= 1
                raise fault.error

    def _serve(self, domain: DnsName) -> MemoryZone:
        zone = self.zones.get(domain)
        if zone is None:
            raise Transient(f"zone {domain.relative} is not served here; add it to the server")
        return zone

    async def read(self, zone: DnsName, held: Held | None) -> Reading:
        """By serial and journal, as a name server would."""
        self.calls.append(("read", zone))
        await self._at("read", "before")
        if not self.listing:
            return Unlisted("transfers are refused")
        content = self._serve(zone)
        if held is not None and held.serial == content.serial:
            reading: Reading = Unchanged(content.serial)
        elif held is not None and (changed := content.since(held.serial)) is not None:
            reading = Delta(content.serial, {name: content.at(name) for name in changed})
        else:
            reading = Full(content.serial, dict(content.sets))
        await self._at("read", "after")
        return reading

    async def look(self, zone: DnsName, names: frozenset[DnsName]) -> Content:
        """The present content of these names."""
        self.calls.append(("look", zone))
        await self._at("look", "before")
        content = self._serve(zone)
        found = {name: content.at(name) for name in names}
        await self._at("look", "after")
        return found

    def pack(self, zone: DnsName, changes: Sequence[Change]) -> Iterator[tuple[Change, ...]]:
        """By count."""
        for start in range(0, len(changes), self.batch):
            yield tuple(changes[start : start + self.batch])

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        """All or nothing, with every edit's `old` compared by value."""
        self.calls.append(("apply", zone))
        await self._at("apply", "before", batch)
        content = self._serve(zone)
        self._judge(zone, batch)
        edits = [edit for change in batch for edit in change.edits]
        writes = [edit for edit in edits if not edit.is_check]
        if any(content.holds(edit) != edit.new for edit in writes):
            if self._capabilities.compare_and_set:
                _compare(content, edits)
            _forbid_clashes(content, writes)
            content.write(writes)
        self.batches.append(tuple(batch))
        await self._at("apply", "after", batch)
        return Receipt(str(content.serial))

    def _judge(self, zone: DnsName, batch: Sequence[Change]) -> None:
        for change in batch:
            flaw, denial = self.rejects(change) or self._flaw(zone, change), self.denies(change)
            if flaw is not None:
                raise Rejected(flaw)
            if denial is not None:
                raise Denied(denial)

    def _flaw(self, zone: DnsName, change: Change) -> str | None:
        """What every back end refuses."""
        for edit in change.edits:
            if edit.key.set_identifier and not self._capabilities.set_identifiers:
                return f"{edit.key}: there are no set identifiers here"
            flaw = None if edit.new is None else refusal(edit.new, self._capabilities, zone)
            if flaw is not None:
                return flaw
        return None

    async def confirm(self, zone: DnsName, batch: Sequence[Change], receipt: Receipt) -> Propagation:
        """What `propagation` says."""
        self.calls.append(("confirm", zone))
        await self._at("confirm", "before", batch)
        return Propagation(self.propagation, "" if self.propagation == "Propagated" else f"ns2 is behind {receipt.token}")

    async def aclose(self) -> None:
        """Note that it was closed."""
        self.closed = True


def _compare(content: MemoryZone, edits: Sequence[Edit]) -> None:
    for edit in edits:
        held = content.holds(edit)
        if (held.values if held else None) != (edit.old.values if edit.old else None):
            raise Conflict(f"{edit.key} is not as expected; read it again")


def _forbid_clashes(content: MemoryZone, writes: Sequence[Edit]) -> None:
    """What a real server would silently ignore must not pass here."""
    left: dict[DnsName, dict[RecordKey, RecordSet]] = {}
    for edit in writes:
        sets = left.setdefault(edit.key.name, {records.key: records for records in content.at(edit.key.name)})
        if edit.new is None:
            sets.pop(edit.key, None)
        else:
            sets[edit.key] = edit.new
    for name, sets in left.items():
        types = {key.type for key in sets}
        if "CNAME" in types and len(types) > 1:
            raise Conflict(f"{name.relative} would hold a CNAME beside other data; remove one of them")
        if properties.mixed(sets.values()):
            raise Rejected(f"{name.relative} would hold sets of different routing policies; change them all at once")
