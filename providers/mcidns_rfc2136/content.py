"""The content of a transferred zone, kept as bytes and decoded when it is looked at; reading the messages lives in transfer.py."""

import struct
from collections.abc import ItemsView, Iterable, Iterator, Mapping
from typing import TypeVar, overload

from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet
from mcidns_rfc2136 import names, rdata

T = TypeVar("T")

_FIXED = struct.Struct("!HHIH")


class ZoneContent(Mapping[DnsName, tuple[RecordSet, ...]]):
    """Every name of a zone with its record sets, without SOA, RRSIG, NSEC and their kind (see rdata.KEPT_BY_SERVER).

    `entries` maps a wire name to its records one behind another, each as type, class, TTL, length and uncompressed data.
    A name is decoded at each access (some microseconds) and not kept, so a zone takes little more room than its bytes.
    """

    __slots__ = ("_entries", "_texts")

    def __init__(self, entries: dict[bytes, bytes], texts: Iterable[bytes]) -> None:
        self._entries = entries
        self._texts = frozenset(texts)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[DnsName]:
        to_text = names.to_text
        for owner in self._entries:
            yield DnsName(to_text(owner))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, DnsName) and _owner(name) in self._entries

    def __getitem__(self, name: DnsName) -> tuple[RecordSet, ...]:
        owner = _owner(name)
        if owner is None or owner not in self._entries:
            raise KeyError(name)
        return record_sets(name, self._entries[owner])

    @overload
    def get(self, name: DnsName, /) -> tuple[RecordSet, ...] | None: ...
    @overload
    def get(self, name: DnsName, /, default: tuple[RecordSet, ...]) -> tuple[RecordSet, ...]: ...
    @overload
    def get(self, name: DnsName, /, default: T) -> tuple[RecordSet, ...] | T: ...
    def get(self, name: DnsName, /, default: object = None) -> object:
        """The sets at a name; without the exception that the inherited method pays for a name that is not there."""
        try:
            records = self._entries.get(names.to_wire(name.text))
        except names.NameProblem:
            return default
        return default if records is None else record_sets(name, records)

    def items(self) -> ItemsView[DnsName, tuple[RecordSet, ...]]:
        """The pairs, each decoded once."""
        return _Items(self)

    def pairs(self) -> Iterator[tuple[DnsName, tuple[RecordSet, ...]]]:
        """What `items` iterates over."""
        to_text = names.to_text
        for owner, records in self._entries.items():
            name = DnsName(to_text(owner))
            yield name, record_sets(name, records)

    def texts(self) -> Iterator[RecordSet]:
        """Every TXT record set, found without decoding the rest."""
        to_text = names.to_text
        for owner in self._texts:
            yield from record_sets(DnsName(to_text(owner)), self._entries[owner], only=rdata.TXT)


class _Items(ItemsView[DnsName, tuple[RecordSet, ...]]):
    """Pairs without a second look-up per name."""

    def __init__(self, content: ZoneContent) -> None:
        super().__init__(content)
        self._content = content

    def __iter__(self) -> Iterator[tuple[DnsName, tuple[RecordSet, ...]]]:
        return self._content.pairs()


def record_sets(name: DnsName, records: bytes, *, only: int = 0) -> tuple[RecordSet, ...]:
    """The records of one name as sets, sorted by type; the lowest TTL of a set counts (RFC 2181 §5.2)."""
    found: dict[int, tuple[int, list[str]]] = {}
    position = 0
    end = len(records)
    unpack = _FIXED.unpack_from
    while position < end:
        type_, _, ttl, length = unpack(records, position)
        start = position + 10
        position = start + length
        if only and type_ != only:
            continue
        value = rdata.decode(type_, records[start:position])
        present = found.get(type_)
        if present is None:
            found[type_] = (ttl, [value])
        else:
            found[type_] = (min(ttl, present[0]), present[1])
            present[1].append(value)
    sets = [_record_set(name, rdata.mnemonic(type_), ttl, values) for type_, (ttl, values) in found.items()]
    return tuple(sets) if len(sets) < 2 else tuple(sorted(sets, key=_by_type))


def _record_set(name: DnsName, type_: str, ttl: int, values: list[str]) -> RecordSet:
    if len(values) == 1:
        return RecordSet(RecordKey(name, type_), ttl, (values[0],))
    return RecordSet.of(name, type_, ttl, values)


def _by_type(records: RecordSet) -> str:
    return records.key.type


def _owner(name: DnsName) -> bytes | None:
    try:
        return names.to_wire(name.text)
    except names.NameProblem:
        return None
