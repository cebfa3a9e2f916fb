"""Reading of one DNS request from the wire into values. What is answered to it never lives here."""

import struct
from dataclasses import dataclass
from typing import NamedTuple

from mcidns.nameserver import names, records
from mcidns.nameserver.names import MalformedError, Name

_HEADER = struct.Struct("!6H")
_RECORD = struct.Struct("!HHIH")
_TSIG_TIMES = struct.Struct("!HIHH")


class Record(NamedTuple):
    """One record of a request; `rdata` is canonical, and empty where the record has none."""

    name: Name
    rdtype: int
    rdclass: int
    ttl: int
    rdata: bytes


@dataclass(frozen=True, slots=True)
class Question:
    """The one question, or an UPDATE's zone; `wire` is how it was spelled."""

    name: Name
    rdtype: int
    rdclass: int
    wire: bytes


@dataclass(frozen=True, slots=True)
class Edns:
    """The requester's OPT record: the largest datagram it takes, in octets, and its version (RFC 6891)."""

    payload: int
    version: int


@dataclass(frozen=True, slots=True)
class Tsig:
    """A request's TSIG record (RFC 8945 §4.2) and the offset where it starts; times in seconds."""

    owner: Name
    algorithm: Name
    time: int
    fudge: int
    mac: bytes
    original_id: int
    error: int
    other: bytes
    start: int


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `first` and `second` are the sections answer/prerequisite and authority/update."""

    wire: bytes
    id: int
    flags: int
    question: Question
    first: tuple[Record, ...]
    second: tuple[Record, ...]
    edns: Edns | None
    tsig: Tsig | None

    @property
    def opcode(self) -> int:
        """The kind of request (RFC 1035 §4.1.1, RFC 2136 §1.3)."""
        return self.flags >> 11 & 0xF


def read(wire: bytes) -> Request:
    """The request in a message's bytes; MalformedError when it is malformed or does not ask exactly one question."""
    try:
        return _read(wire)
    except (IndexError, struct.error) as error:
        raise MalformedError("the message ends early") from error


def _read(wire: bytes) -> Request:
    ident, flags, *counts = _HEADER.unpack_from(wire)
    if counts[0] != 1:
        raise MalformedError("a request asks exactly one question")
    name, offset = names.read(wire, 12)
    rdtype, rdclass = struct.unpack_from("!HH", wire, offset)
    offset += 4
    question = Question(name, rdtype, rdclass, wire[12:offset])
    first, offset = _section(wire, offset, counts[1])
    second, offset = _section(wire, offset, counts[2])
    edns, tsig, offset = _additional(wire, offset, counts[3])
    if offset != len(wire):
        raise MalformedError("the message has octets behind its last record")
    return Request(wire, ident, flags, question, first, second, edns, tsig)


def _section(wire: bytes, offset: int, count: int) -> tuple[tuple[Record, ...], int]:
    found = []
    for _ in range(count):
        name, offset = names.read(wire, offset)
        rdtype, rdclass, ttl, length = _RECORD.unpack_from(wire, offset)
        if rdtype in (records.OPT, records.TSIG):
            raise MalformedError("an OPT or TSIG record outside the additional section")
        if rdclass == records.CLASS_ANY and length:
            raise MalformedError("a record of class ANY with data (RFC 2136 §2.4, §2.5)")
        offset += _RECORD.size
        rdata = records.canonical(rdtype, wire, offset, length) if length else b""
        found.append(Record(name, rdtype, rdclass, ttl, rdata))
        offset += length
    return tuple(found), offset


def _additional(wire: bytes, offset: int, count: int) -> tuple[Edns | None, Tsig | None, int]:
    edns: Edns | None = None
    tsig: Tsig | None = None
    for index in range(count):
        start = offset
        name, offset = names.read(wire, offset)
        rdtype, rdclass, ttl, length = _RECORD.unpack_from(wire, offset)
        offset += _RECORD.size
        if rdtype == records.OPT:
            if edns is not None or name != names.ROOT:
                raise MalformedError("more than one OPT record, or one not owned by the root")
            edns = Edns(rdclass, ttl >> 16 & 0xFF)
        elif rdtype == records.TSIG:
            if index != count - 1 or rdclass != records.CLASS_ANY or ttl != 0:
                raise MalformedError("the TSIG record is not the last one, or not of class ANY and TTL 0")
            tsig = _tsig(wire, start, name, (offset, offset + length))
        offset += length
    return edns, tsig, offset


def _tsig(wire: bytes, start: int, owner: Name, span: tuple[int, int]) -> Tsig:
    algorithm, offset = names.read(wire, span[0])
    high, low, fudge, mac_size = _TSIG_TIMES.unpack_from(wire, offset)
    offset += _TSIG_TIMES.size
    mac = wire[offset : offset + mac_size]
    offset += mac_size
    original_id, error, other_size = struct.unpack_from("!HHH", wire, offset)
    offset += 6
    other = wire[offset : offset + other_size]
    if offset + other_size != span[1]:
        raise MalformedError("the TSIG record's length does not fit its fields")
    return Tsig(owner, algorithm, high << 32 | low, fudge, mac, original_id, error, other, start)
