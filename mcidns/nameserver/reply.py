"""Writing of answers to the wire: header, question, records with compressed owners, EDNS, truncation.

What they say is never decided here.
"""

import struct

import dns.flags
import dns.rcode

from mcidns.nameserver import names, records
from mcidns.nameserver.lookup import Answer
from mcidns.nameserver.names import Name
from mcidns.nameserver.records import Row
from mcidns.nameserver.request import Request
from mcidns.nameserver.signature import Signer

# The payload that passes nearly every path unfragmented (DNS flag day 2020), as BIND has it.
UDP_PAYLOAD = 1232
PLAIN_UDP = 512
TCP_LIMIT = 65535
_OPT_SIZE = 11
_KEPT_FLAGS = 0x7800 | dns.flags.RD
_LAST_POINTER = 0x3FFF


class Writer:
    """One message in the making; owner names are compressed, record data is not."""

    def __init__(self, request: Request, rcode: int, *, authoritative: bool, with_question: bool = True) -> None:
        self._request = request
        self._rcode = rcode
        self._flags = int(dns.flags.QR) | request.flags & _KEPT_FLAGS | rcode & 0xF
        if authoritative:
            self._flags |= int(dns.flags.AA)
        self._counts = [0, 0, 0, 0]
        self._out = bytearray(12)
        self._places: dict[Name, int] = {}
        if with_question:
            self._counts[0] = 1
            self._out += request.question.wire
            self._remember(request.question.name, 12)

    def __len__(self) -> int:
        return len(self._out)

    def add(self, section: int, row: Row) -> None:
        """Append all records of a row to section 1 (answer), 2 (authority) or 3 (additional), in that order."""
        for rdata in row.rdatas:
            self._name(row.name)
            self._out += struct.pack("!HHIH", row.rdtype, records.IN, row.ttl, len(rdata)) + rdata
        self._counts[section] += len(row.rdatas)

    def finish(self, signer: Signer | None, *, truncated: bool = False) -> bytes:
        """The whole message, with an OPT record if the request had one, and signed if it was."""
        if self._request.edns is not None:
            self._out += b"\0" + struct.pack("!HHIH", records.OPT, UDP_PAYLOAD, self._rcode >> 4 << 24, 0)
            self._counts[3] += 1
        flags = self._flags | (int(dns.flags.TC) if truncated else 0)
        struct.pack_into("!6H", self._out, 0, self._request.id, flags, *self._counts)
        wire = bytes(self._out)
        return wire if signer is None else signer.sign(wire)

    def _name(self, name: Name) -> None:
        start = len(self._out)
        for suffix in names.lineage(name):
            place = self._places.get(suffix)
            if place is not None:
                self._out += name[: len(name) - len(suffix)] + struct.pack("!H", 0xC000 | place)
                self._remember(name, start, len(name) - len(suffix))
                return
        self._out += name
        self._remember(name, start)

    def _remember(self, name: Name, start: int, length: int | None = None) -> None:
        """Note where the suffixes of a name that begin in its first `length` octets stand."""
        end = len(name) - 1 if length is None else length
        for suffix in names.lineage(name):
            at = len(name) - len(suffix)
            if at >= end or start + at > _LAST_POINTER:
                return
            self._places.setdefault(suffix, start + at)


def render(request: Request, answer: Answer, *, signer: Signer | None, udp: bool) -> bytes:
    """One message; over UDP an answer that does not fit is sent empty with TC set, additional data is just left out."""
    limit = TCP_LIMIT if not udp else PLAIN_UDP
    if udp and request.edns is not None:
        limit = min(max(request.edns.payload, PLAIN_UDP), UDP_PAYLOAD)
    limit -= (0 if signer is None else signer.size) + (0 if request.edns is None else _OPT_SIZE)
    writer = _filled(request, answer, with_additional=True)
    if len(writer) > limit and answer.additional:
        writer = _filled(request, answer, with_additional=False)
    if len(writer) > limit:
        empty = Answer(answer.rcode, answer.authoritative)
        return _filled(request, empty, with_additional=False).finish(signer, truncated=True)
    return writer.finish(signer)


def failure(wire: bytes, rcode: int) -> bytes:
    """The bare header that answers a request which could not be read."""
    ident, flags = struct.unpack_from("!HH", wire)
    return struct.pack("!6H", ident, int(dns.flags.QR) | flags & _KEPT_FLAGS | rcode, 0, 0, 0, 0)


def _filled(request: Request, answer: Answer, *, with_additional: bool) -> Writer:
    writer = Writer(request, answer.rcode, authoritative=answer.authoritative)
    sections = (answer.answer, answer.authority, answer.additional if with_additional else [])
    for number, rows in enumerate(sections, start=1):
        for row in rows:
            writer.add(number, row)
    return writer
