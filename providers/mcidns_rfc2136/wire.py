"""DNS messages as bytes (RFC 1035 §4): reading them, and writing queries and updates; what they mean lives elsewhere."""

import functools
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from msgspec import Struct

from mcidns_rfc2136 import names, rdata

HEADER = struct.Struct("!HHHHHH")
FIXED = struct.Struct("!HHIH")
"""What follows a record's owner: type, class, TTL, length of the data."""

MAX_MESSAGE = 65535
QR, AA, TC = 0x8000, 0x0400, 0x0200
QUERY, UPDATE = 0 << 11, 5 << 11
IN, NONE, ANY_CLASS = 1, 254, 255

_POINTER = 0xC0
_POINTER_REACH = 0x4000
_SHORT = struct.Struct("!H").pack
_ZONE_POINTER = b"\xc0\x0c"  # every message of ours names its zone first, right behind the header

# How the data of types that may hold compressed names is built: bytes before the names, number of names (RFC 3597 §4).
_NAMED = {2: (0, 1), 3: (0, 1), 4: (0, 1), 5: (0, 1), 6: (0, 2), 7: (0, 1), 8: (0, 1), 9: (0, 1), 12: (0, 1), 14: (0, 2)}
_NAMED |= {15: (2, 1), 17: (0, 2), 18: (2, 1), 21: (2, 1), 26: (2, 2), 33: (6, 1), 36: (2, 1), 39: (0, 1)}
_READ_BY_LIBRARY = frozenset({24, 30, 35})  # SIG, NXT, NAPTR: names in odd places
NAMED = frozenset(_NAMED) | _READ_BY_LIBRARY
"""Types whose data must be expanded before it can leave its message."""


class BadMessage(ValueError):
    """The bytes are no DNS message we can read."""


class Record(Struct, frozen=True, gc=False):
    """One record: the owner in lower-case wire form, the data uncompressed."""

    owner: bytes
    type: int
    class_: int
    ttl: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A message in parts. `tsig_at` is where the TSIG record begins, None without one; then it is not in `additional`."""

    id: int
    flags: int
    question: tuple[bytes, int] | None
    answer: tuple[Record, ...]
    authority: tuple[Record, ...]
    additional: tuple[Record, ...]
    tsig: Record | None = None
    tsig_at: int | None = None

    @property
    def rcode(self) -> int:
        """The header's four bits."""
        return self.flags & 15


def read_name(message: bytes, position: int, known: dict[int, bytes]) -> tuple[bytes, int]:
    """The name at `position`, lower case and uncompressed, and where it ends; `known` remembers names by their offset."""
    labels = []
    after, reach = 0, position
    while True:
        length = message[position]
        if length >= _POINTER:
            target = (length & 0x3F) << 8 | message[position + 1]
            after = after or position + 2
            if target >= reach:
                raise BadMessage("a name points forward")
            name = known.get(target, b"")
            if name:
                break
            position = reach = target
        elif length == 0:
            after = after or position + 1
            name = b"\0"
            break
        elif length > names.MAX_LABEL:
            raise BadMessage("a label of a kind nobody uses")
        else:
            labels.append(position)
            position += 1 + length
    for start in reversed(labels):
        name = message[start : start + 1 + message[start]].lower() + name
        known[start] = name
    if len(name) > names.MAX_NAME:
        raise BadMessage("a name is too long")
    return name, after


def expand(message: bytes, position: int, type_: int, length: int) -> bytes:
    """The data of one record of a type in `NAMED`, its names uncompressed (RFC 3597 §4)."""
    end = position + length
    if type_ in _READ_BY_LIBRARY:
        try:
            kind = dns.rdatatype.RdataType.make(type_)
            return dns.rdata.from_wire(dns.rdataclass.IN, kind, message, position, length).to_wire() or b""
        except dns.exception.DNSException as error:
            raise BadMessage(f"a {rdata.mnemonic(type_)} record cannot be read") from error
    prefix, count = _NAMED[type_]
    parts = [message[position : position + prefix]]
    position += prefix
    for _ in range(count):
        name, position = read_name(message, position, {})
        parts.append(name)
    if position > end:
        raise BadMessage("a name reaches beyond its record")
    parts.append(message[position:end])
    return b"".join(parts)


def parse(message: bytes) -> Message:
    """Read a whole message. Raises BadMessage."""
    try:
        return _parse(message)
    except (IndexError, struct.error) as error:
        raise BadMessage("the message ends too early") from error


def _parse(message: bytes) -> Message:
    ident, flags, questions, *counts = HEADER.unpack_from(message)
    question, position = read_question(message, questions)
    known: dict[int, bytes] = {}
    sections: list[list[Record]] = [[], [], []]
    tsig, tsig_at = None, None
    for section, count in zip(sections, counts, strict=True):
        for _ in range(count):
            start = position
            record, position = read_record(message, position, known)
            if record.type != rdata.TSIG:
                section.append(record)
                continue
            tsig, tsig_at = record, start
    if tsig_at is not None and position != after_record(message, tsig_at):
        raise BadMessage("a TSIG that is not the last record")
    answer, authority, additional = map(tuple, sections)
    return Message(ident, flags, question, answer, authority, additional, tsig, tsig_at)


def read_question(message: bytes, count: int) -> tuple[tuple[bytes, int] | None, int]:
    """The only question, None if there is none, and where the answers begin."""
    if count == 0:
        return None, HEADER.size
    if count > 1:
        raise BadMessage("more than one question")
    name, position = read_name(message, HEADER.size, {})
    return (name, int.from_bytes(message[position : position + 2], "big")), position + 4


def read_record(message: bytes, position: int, known: dict[int, bytes]) -> tuple[Record, int]:
    """The record at `position` and where the next begins."""
    owner, position = read_name(message, position, known)
    type_, class_, ttl, length = FIXED.unpack_from(message, position)
    position += FIXED.size
    end = position + length
    if end > len(message):
        raise BadMessage("a record reaches beyond the message")
    named = type_ in NAMED and length > 0
    data = expand(message, position, type_, length) if named else message[position:end]
    return Record(owner, type_, class_, ttl, data), end


def after_record(message: bytes, position: int) -> int:
    """Where the record at `position` ends."""
    while length := message[position]:
        if length >= _POINTER:
            position += 1
            break
        position += 1 + length
    position += 1
    return position + FIXED.size + int.from_bytes(message[position + 8 : position + 10], "big")


def query(name: bytes, type_: int, authority: Iterable[Record] = ()) -> bytes:
    """A query without its id (its first two bytes), not asking for recursion; IXFR carries the held SOA as `authority`."""
    records = tuple(authority)
    head = struct.pack("!HHHHH", QUERY, 1, 0, len(records), 0) + name + struct.pack("!HH", type_, IN)
    return head + b"".join(r.owner + FIXED.pack(r.type, r.class_, r.ttl, len(r.data)) + r.data for r in records)


class Fresh(Struct, frozen=True, gc=False):
    """A set for a name at which neither its type nor a CNAME may stand: its TTL, and the data of each of its records."""

    owner: bytes
    type: int
    ttl: int
    data: tuple[bytes, ...]


def update(zone: bytes, prerequisites: Sequence[Record], updates: Sequence[Record], fresh: Sequence[Fresh] = ()) -> bytes:
    """An UPDATE (RFC 2136 §2) without its id (its first two bytes); owners must lie in the zone and are compressed.

    Of `fresh`, sets of one name stand one behind another; they are asked for after the prerequisites and written after the updates.
    """
    message = _Message(zone)
    before = message.records(prerequisites) + message.absences(fresh)
    after = message.records(updates) + message.sets(fresh)
    struct.pack_into("!HHHHH", message.out, 0, UPDATE, 1, before, after, 0)
    return bytes(message.out)


class _Message:
    """An UPDATE as it grows; each name is spelled where it occurs first, and later ones point there."""

    def __init__(self, zone: bytes) -> None:
        self.out = bytearray(HEADER.size - 2) + zone + struct.pack("!HH", rdata.SOA, IN)
        self._tail = len(zone)
        self._spelled = {zone: _ZONE_POINTER}

    def _spell(self, owner: bytes) -> bytes:
        at = len(self.out) + 2
        reference = owner[: -self._tail] + _ZONE_POINTER
        self._spelled[owner] = _SHORT(_POINTER << 8 | at) if at < _POINTER_REACH else reference
        return reference

    def records(self, records: Sequence[Record]) -> int:
        """Add them as they are; their number."""
        known, out, pack = self._spelled.get, self.out, FIXED.pack
        for one in records:
            head = pack(one.type, one.class_, one.ttl, len(one.data))
            out += (known(one.owner) or self._spell(one.owner)) + head + one.data
        return len(records)

    def absences(self, fresh: Sequence[Fresh]) -> int:
        """Add what must not stand where these go; the number of records."""
        spelled, out, count, last = self._spelled, self.out, len(fresh), b""
        for one in fresh:
            owner = one.owner
            out += (spelled.get(owner) or self._spell(owner)) + _absent(one.type)
            if owner is not last:
                out += spelled[owner] + _NO_CNAME
                count, last = count + 1, owner
        return count

    def sets(self, fresh: Sequence[Fresh]) -> int:
        """Add the records of these; their number."""
        spelled, out, pack, count = self._spelled, self.out, FIXED.pack, 0
        for one in fresh:
            reference, type_, ttl = spelled[one.owner], one.type, one.ttl
            for data in one.data:
                out += reference + pack(type_, IN, ttl, len(data)) + data
            count += len(one.data)
        return count


@functools.lru_cache(maxsize=512)
def _absent(type_: int) -> bytes:
    return FIXED.pack(type_, NONE, 0, 0)


_NO_CNAME = FIXED.pack(rdata.CNAME, NONE, 0, 0)
