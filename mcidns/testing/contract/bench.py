"""What an author gives the contract (Bench), and what its tests hold in their hands (Desk); no test lives here."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal

import pytest

from mcidns.errors import ProviderError, Rejected
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet, Urgency
from mcidns.provider import Content, Delta, Full, Held, Provider, Reading, Unchanged, Unlisted

Failure = Literal["denied", "throttled", "down", "unanswered", "torn"]
"""Kinds of trouble a bench can make while its context is entered.

`denied`: the credentials are refused. `throttled`: every request is asked to slow down. `down`: nobody answers.
`unanswered`: writes are carried out but their answers are lost. `torn`: answers to `read` end half-way.
"""

ForeignWrite = Callable[[RecordKey, RecordSet | None], Awaitable[None]]
"""Writes one set past the provider, whatever is there; None deletes it."""

_LOOKED_AT = 200

Sets = dict[DnsName, tuple[RecordSet, ...]]


@dataclass(slots=True)
class Bench:
    """A provider and a zone of its back end that is fresh, empty but for what the back end keeps there, and its alone.

    Everything else is optional; tests that need what is missing skip and say so. `rival` is a second provider on the same
    back end, as a second controller would have. `secrets` are texts that no error may show.
    """

    provider: Provider
    zone: DnsName
    foreign: ForeignWrite | None = None
    rival: Provider | None = None
    failures: Mapping[Failure, Callable[[], AbstractAsyncContextManager[object]]] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()


def through(provider: Provider, zone: DnsName) -> ForeignWrite:
    """A foreign writer made of a second provider, for back ends that offer no simpler way."""

    async def write(key: RecordKey, new: RecordSet | None) -> None:
        present = (await provider.look(zone, frozenset({key.name})))[key.name]
        old = next((records for records in present if records.key == key), None)
        for batch in provider.pack(zone, [Change(key.name, (Edit(key, old, new),), Urgency.ADD)]):
            await provider.apply(zone, batch)

    return write


def change(*pairs: tuple[RecordSet | None, RecordSet | None]) -> Change:
    """One change of (old, new) pairs; its name is that of the first."""
    edits = []
    for old, new in pairs:
        either = new if new is not None else old
        assert either is not None, "a pair of None says nothing"
        edits.append(Edit(either.key, old, new))
    return Change(edits[0].key.name, tuple(edits), Urgency.ADD)


def creation(*sets: RecordSet) -> Change:
    """All of these appear together."""
    return change(*((None, records) for records in sets))


def deletion(*sets: RecordSet) -> Change:
    """All of these go together."""
    return change(*((records, None) for records in sets))


class Desk:
    """A bench at work: writes as the controller does, and shows what the zone holds beyond what it held at the start."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.provider = bench.provider
        self.zone = bench.zone
        self._start: Sets = {}
        self._touched: set[DnsName] = set()

    async def begin(self) -> None:
        """Remember what stands in an empty zone."""
        reading = await self.provider.read(self.zone, None)
        if isinstance(reading, Full):
            self._start = plain(reading.names)
        elif isinstance(reading, Unlisted):
            self._start = plain(await self.provider.look(self.zone, frozenset({self.zone})))
        else:
            pytest.fail(f"read(zone, None) answered {type(reading).__name__}; nothing was held, so only Full or Unlisted will do")

    def name(self, label: str) -> DnsName:
        """A name of the zone: `www`, `@` for its apex."""
        return self.zone if label == "@" else DnsName(f"{label}.{self.zone}")

    def records(self, label: str, type_: str, *values: str, ttl: int = 300) -> RecordSet:
        """A record set of the zone, its TTL within what the provider can express."""
        can = self.provider.capabilities
        return RecordSet.of(self.name(label), type_, min(max(ttl, can.min_ttl), can.max_ttl), values)

    def owned(self, label: str, owner: str = "contract") -> RecordSet:
        """The ownership TXT that the controller writes beside the A set of a name."""
        text = f'"heritage=external-dns,external-dns/owner={owner},external-dns/resource=globalhost/shop/web"'
        return self.records(f"mcidns-a.{label}", "TXT", text)

    async def write(self, *changes: Change) -> None:
        """Pack and apply."""
        self.touch(*changes)
        for batch in self.provider.pack(self.zone, changes):
            await self.provider.apply(self.zone, batch)

    def touch(self, *changes: Change) -> None:
        """Names whose content is asked for where the zone cannot be listed."""
        names = (edit.key.name for one in changes for edit in one.edits)
        self._touched.update(name for name in names if name.inside(self.zone))

    async def write_what_is_taken(self, *changes: Change) -> list[tuple[Change, Rejected]]:
        """Write as the zone worker does: a refused batch is halved until its culprits stand alone. Returns them."""
        self.touch(*changes)
        culprits: list[tuple[Change, Rejected]] = []
        for batch in self.provider.pack(self.zone, changes):
            try:
                await self.provider.apply(self.zone, batch)
            except Rejected as error:
                if len(batch) == 1:
                    culprits.append((batch[0], error))
                else:
                    half = len(batch) // 2
                    culprits += await self.write_what_is_taken(*batch[:half])
                    culprits += await self.write_what_is_taken(*batch[half:])
        return culprits

    async def overwrite(self, key: RecordKey, new: RecordSet | None) -> None:
        """Somebody else writes; skips where the bench has no such hook."""
        if self.bench.foreign is None:
            pytest.skip("needs Bench.foreign: a way to write to the zone past the provider")
        self._touched.add(DnsName(key.name.text.lower()))
        await self.bench.foreign(key, new)

    def failing(self, failure: Failure) -> AbstractAsyncContextManager[object]:
        """The trouble as a context; skips where the bench cannot make it."""
        make = self.bench.failures.get(failure)
        if make is None:
            pytest.skip(f"needs Bench.failures[{failure!r}]: a context in which the back end fails in this way")
        return make()

    async def at(self, label: str) -> tuple[RecordSet, ...]:
        """What `look` says stands at a name, sorted."""
        name = self.name(label)
        return tuple(sorted((await self.provider.look(self.zone, frozenset({name})))[name]))

    async def content(self) -> Sets:
        """What stands in the zone beyond the start. `read` and `look` must agree, and what stood there must stand still."""
        reading = await self.provider.read(self.zone, None)
        if isinstance(reading, Full):
            listed = plain(reading.names)
            asked = _some(sorted({*listed, *self._touched}))
            looked = plain(await self.provider.look(self.zone, asked))
            assert looked == {name: listed[name] for name in sorted(asked) if name in listed}, "look and read disagree"
        else:
            listed = plain(await self.provider.look(self.zone, frozenset({self.zone, *self._touched})))
        return self._beyond_start(listed)

    def _beyond_start(self, found: Sets) -> Sets:
        lost = {name: [records for records in sets if records not in found.get(name, ())] for name, sets in self._start.items()}
        assert not any(lost.values()), f"what stood in the empty zone is gone or changed: {lost}"
        beyond = {
            name: tuple(records for records in sets if records not in self._start.get(name, ())) for name, sets in found.items()
        }
        return {name: sets for name, sets in beyond.items() if sets}

    async def holds(self, *sets: RecordSet) -> None:
        """Assert that the zone holds just these sets beyond the start, by value and TTL."""
        assert await self.content() == gathered(*sets)

    async def full(self) -> Full:
        """The zone, listed; skips where the provider cannot list it."""
        reading = await self.provider.read(self.zone, None)
        if isinstance(reading, Unlisted):
            pytest.skip(f"the provider does not list the zone: {reading.why}")
        assert isinstance(reading, Full)
        return reading

    def hides_secrets(self, error: ProviderError) -> None:
        """Assert that an error shows no secret, whoever prints it and however."""
        shown = f"{error!s} {error!r} {error.__cause__!r} {error.__notes__ if hasattr(error, '__notes__') else ''}"
        assert [secret for secret in self.bench.secrets if secret in shown] == []


class Copy:
    """What a zone worker holds: a listing, with later readings laid over it."""

    def __init__(self, full: Full) -> None:
        if full.serial is None:
            pytest.skip("the back end has no serial, so every reading is whole")
        self.serial: int = full.serial
        self.names: Sets = plain(full.names)

    @property
    def held(self) -> Held:
        """As `read` wants it."""
        return Held(self.serial, lambda name: self.names.get(name, ()))

    def lay(self, reading: Reading) -> None:
        """Take a later reading in."""
        match reading:
            case Unchanged():
                self.serial = reading.serial
            case Delta():
                self.serial = reading.serial
                self.names.update({name: tuple(sorted(reading.names[name])) for name in reading.names})
                self.names = {name: sets for name, sets in self.names.items() if sets}
            case Full():
                assert reading.serial is not None, "the serial is gone; it was there before"
                self.serial, self.names = reading.serial, plain(reading.names)
            case Unlisted():
                pytest.fail(f"the zone was listed before, and now it is not: {reading.why}")


def plain(content: Content) -> Sets:
    """A content decoded: names with anything at all, sets sorted, without the SOA that the server keeps."""
    found = {name: tuple(sorted(records for records in content[name] if records.type != "SOA")) for name in content}
    return {name: sets for name, sets in found.items() if sets}


def _some(names: Sequence[DnsName]) -> frozenset[DnsName]:
    """All of a few names, some of many."""
    return frozenset(names[:: len(names) // _LOOKED_AT + 1])


def gathered(*sets: RecordSet) -> Sets:
    """Sets by name, sorted."""
    found: Sets = {}
    for records in sorted(sets):
        found[records.name] = (*found.get(records.name, ()), records)
    return found
