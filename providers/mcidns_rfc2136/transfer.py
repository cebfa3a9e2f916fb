"""Zone transfers as they arrive, message by message (RFC 5936, RFC 1995): complete and verified, or not at all.

Sockets live in connection.py; what the difference means for names that are already held lives in delta.py.
"""

import struct
from dataclasses import dataclass

from mcidns_rfc2136 import rcodes, rdata, wire
from mcidns_rfc2136.content import ZoneContent
from mcidns_rfc2136.tsig import Verifier
from mcidns_rfc2136.wire import BadMessage, Record

_HALF = 1 << 31
_UNSIGNED_REFUSALS = frozenset({rcodes.REFUSED, rcodes.NOTAUTH})


class Broken(Exception):
    """The transfer ended or changed in a way that leaves it incomplete; nothing of it may be used."""


class TransferRefused(Exception):
    """The server does not give the zone: `rcode` of its first answer."""

    def __init__(self, rcode: int) -> None:
        super().__init__(f"rcode {rcode}")
        self.rcode = rcode


@dataclass(frozen=True, slots=True)
class Step:
    """One record removed (`ttl` None) or added by an incremental transfer, in the order sent."""

    owner: bytes
    type: int
    data: bytes
    ttl: int | None


@dataclass(frozen=True, slots=True)
class Whole:
    """The zone at `serial`."""

    serial: int
    content: ZoneContent


@dataclass(frozen=True, slots=True)
class Steps:
    """What leads from the held serial to `serial`; no steps when they are the same."""

    serial: int
    steps: tuple[Step, ...]


def newer(serial: int, than: int) -> bool:
    """Whether `serial` follows `than` (RFC 1982 §3.2, 32 bits)."""
    return serial != than and (serial - than) % (1 << 32) < _HALF


def serial_of(soa: bytes) -> int:
    """The serial in an SOA's uncompressed data."""
    return int.from_bytes(soa[-20:-16], "big")


class _Listing:
    """Gathers the records of a whole zone; the hot loop of reading large ones."""

    def __init__(self, zone: bytes, serial: int | None = None) -> None:
        self.entries: dict[bytes, bytes] = {}
        self.texts: set[bytes] = set()
        self.ended = False
        self._zone = zone
        self._serial = serial

    def take(self, message: bytes, position: int, count: int) -> int:
        """Add `count` records from `position`; returns where they end."""
        entries, known = self.entries, dict[int, bytes]()
        unpack, named, kept = wire.FIXED.unpack_from, wire.NAMED, rdata.KEPT_BY_SERVER
        for _ in range(count):
            first = message[position]
            after = position + 1 + first
            if first >= 0xC0 and (owner := known.get((first & 0x3F) << 8 | message[position + 1], b"")):
                position += 2
            elif first < 64 and message[after] >= 0xC0 and (tail := known.get((message[after] & 0x3F) << 8 | message[after + 1])):
                owner = known[position] = message[position:after].lower() + tail
                position = after + 2
            else:
                owner, position = wire.read_name(message, position, known)
            type_, class_, ttl, length = unpack(message, position)
            start = position
            position += 10 + length
            if type_ in named:
                data = wire.expand(message, start + 10, type_, length)
                if type_ == rdata.SOA:
                    self._soa(owner, data)
                    continue
                record = wire.FIXED.pack(type_, class_, ttl, len(data)) + data
            elif type_ in kept:
                continue
            else:
                record = message[start:position]
                if type_ == rdata.TXT:
                    self.texts.add(owner)
            if self.ended:
                raise Broken("the server sent records behind the closing SOA")
            present = entries.get(owner)
            entries[owner] = record if present is None else present + record
        if position > len(message):
            raise BadMessage("a record reaches beyond the message")
        return position

    def _soa(self, owner: bytes, data: bytes) -> None:
        if owner != self._zone or self.ended:
            raise Broken("the server sent an SOA where none belongs")
        serial = serial_of(data)
        if self._serial is None:
            if self.entries:
                raise Broken("the transfer does not begin with the SOA")
            self._serial = serial
        elif self._serial != serial:
            raise Broken(f"the transfer began at serial {self._serial} and ended at {serial}")
        else:
            self.ended = True

    def result(self) -> Whole:
        if self._serial is None or not self.ended:
            raise Broken("the transfer is not complete")
        return Whole(self._serial, ZoneContent(self.entries, self.texts))


class _Difference:
    """Follows the SOAs of an incremental transfer: old, removals, new, additions, and again, until the newest closes it."""

    def __init__(self, zone: bytes, held: int, target: int) -> None:
        self.ended = False
        self._zone = zone
        self._target = target
        self._at = held
        self._adding: bool | None = None
        self._steps: list[Step] = []

    def take(self, record: Record) -> None:
        """Add the next record behind the opening SOA."""
        if self.ended:
            raise Broken("the server sent records behind the closing SOA")
        if record.type == rdata.SOA:
            self._soa(record)
        elif self._adding is None:
            raise Broken("the difference does not begin with an SOA")
        elif record.type not in rdata.KEPT_BY_SERVER:
            self._steps.append(Step(record.owner, record.type, record.data, record.ttl if self._adding else None))

    def _soa(self, record: Record) -> None:
        serial = serial_of(record.data)
        if record.owner != self._zone:
            raise Broken("the server sent an SOA where none belongs")
        if self._adding is False:
            if not newer(serial, self._at):
                raise Broken(f"the difference steps from serial {self._at} to {serial}")
            self._at, self._adding = serial, True
        elif serial != self._at:
            raise Broken(f"the difference continues from serial {serial}, not from {self._at}")
        elif self._adding and serial == self._target:
            self.ended = True
        else:
            self._adding = False

    def result(self) -> Steps:
        return Steps(self._target, tuple(self._steps))


class Transfer:
    """One transfer of `zone` (wire name). `held` is the serial an IXFR starts from, None for an AXFR.

    Feed it each message as it comes until `feed` returns True, then take `result`.
    """

    def __init__(self, zone: bytes, ident: int, held: int | None, verifier: Verifier | None) -> None:
        self._zone = zone
        self._ident = ident
        self._held = held
        self._verifier = verifier
        self._listing: _Listing | None = _Listing(zone) if held is None else None
        self._difference: _Difference | None = None
        self._opening: Record | None = None
        self._current = False
        self._messages = 0

    def feed(self, raw: bytes) -> bool:
        """Take the next message; True when the transfer is complete. Raises Broken, TransferRefused or BadSignature."""
        try:
            return self._feed(raw)
        except (BadMessage, IndexError, struct.error) as error:
            raise Broken(f"message {self._messages} of the transfer cannot be read: {error}") from error

    def result(self) -> Whole | Steps:
        """What was transferred; only after `feed` returned True."""
        if self._listing is not None:
            return self._listing.result()
        if self._difference is not None and self._difference.ended:
            return self._difference.result()
        if self._current and self._held is not None:
            return Steps(self._held, ())
        raise Broken("the transfer is not complete")

    def _feed(self, raw: bytes) -> bool:
        self._messages += 1
        ident, flags, questions, answers, authorities, additionals = wire.HEADER.unpack_from(raw)
        if ident != self._ident or not flags & wire.QR:
            raise Broken("the server sent a message that answers something else")
        rcode = flags & 15
        question, position = wire.read_question(raw, questions)
        if question is not None and question[0] != self._zone:
            raise Broken("the server answers for another zone")
        position = self._answers(raw, position, answers) if not rcode else self._skip(raw, position, answers)
        if self._messages == 1 and rcode in _UNSIGNED_REFUSALS and not additionals:
            # The key is known, or the SOA would not have been answered: it may not transfer, and some servers say so unsigned.
            raise TransferRefused(rcode)
        self._verify(raw, position, authorities + additionals)
        if rcode:
            if self._messages == 1:
                raise TransferRefused(rcode)
            raise Broken(f"the server broke off with rcode {rcode}")
        return self._complete()

    def _complete(self) -> bool:
        listing, difference = self._listing, self._difference
        ended = self._current or bool(listing and listing.ended) or bool(difference and difference.ended)
        if ended and self._verifier is not None:
            self._verifier.finish()
        return ended

    def _verify(self, raw: bytes, position: int, rest: int) -> None:
        tsig, tsig_at = None, None
        for _ in range(rest):
            tsig_at = position
            tsig, position = wire.read_record(raw, position, {})
        if self._verifier is None:
            return
        if tsig is None or tsig.type != rdata.TSIG:
            self._verifier.check(raw, None, None)
        else:
            self._verifier.check(raw, tsig.data, tsig_at)

    def _skip(self, raw: bytes, position: int, count: int) -> int:
        for _ in range(count):
            position = wire.after_record(raw, position)
        return position

    def _answers(self, raw: bytes, position: int, count: int) -> int:
        if self._listing is not None:
            return self._listing.take(raw, position, count)
        known: dict[int, bytes] = {}
        for index in range(count):
            begin = position
            record, position = wire.read_record(raw, position, known)
            if self._difference is not None:
                self._difference.take(record)
            elif self._opening is None:
                self._open(record, alone=count == 1)
            elif self._is_difference(record):
                self._difference = _Difference(self._zone, serial_of(record.data), serial_of(self._opening.data))
                self._difference.take(record)
            else:
                self._listing = _Listing(self._zone, serial_of(self._opening.data))
                return self._listing.take(raw, begin, count - index)
        return position

    def _open(self, soa: Record, *, alone: bool) -> None:
        if soa.type != rdata.SOA or soa.owner != self._zone:
            raise Broken("the transfer does not begin with the SOA")
        self._opening = soa
        self._current = alone and serial_of(soa.data) == self._held

    def _is_difference(self, second: Record) -> bool:
        """The second record tells a difference (the held SOA) from a whole zone (RFC 1995 §4)."""
        return second.type == rdata.SOA and serial_of(second.data) == self._held
