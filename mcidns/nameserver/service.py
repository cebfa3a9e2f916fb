"""From the bytes of one request to the bytes of its answer: which zone, which right, which operation. Sockets never live here."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import dns.flags
import dns.opcode
import dns.rcode
import dns.rdatatype

from mcidns.nameserver import lookup, names, records, reply, request, signature, transfer, update
from mcidns.nameserver.counters import AppliedUpdate, Counters
from mcidns.nameserver.faults import Faults
from mcidns.nameserver.lookup import Answer
from mcidns.nameserver.names import MalformedError, Name
from mcidns.nameserver.request import Request
from mcidns.nameserver.signature import Key, Signer
from mcidns.nameserver.zone import Zone

_QUERY = int(dns.opcode.QUERY)
_UPDATE = int(dns.opcode.UPDATE)


@dataclass(frozen=True, slots=True)
class Reply:
    """The messages that answer a request, in order; `hang_up` closes the connection behind them."""

    messages: Iterable[bytes] = ()
    hang_up: bool = False


class Service:
    """Answers requests from zones and keys; every change to a zone happens inside `respond`."""

    def __init__(self, zones: dict[Name, Zone], keys: Mapping[Name, Key], faults: Faults, clock: Callable[[], float]) -> None:
        self.counters = Counters()
        self.log: deque[AppliedUpdate] = deque(maxlen=10_000)
        self._zones = zones
        self._keys = keys
        self._faults = faults
        self._clock = clock

    def respond(self, wire: bytes, *, udp: bool) -> Reply:
        """Carry out one request. What is no request at all (too short, or itself an answer) gets no answer."""
        if len(wire) < 12 or wire[2] & 0x80:
            return Reply(hang_up=True)
        now = self._clock() + self._faults.clock_skew
        try:
            asked = request.read(wire)
            signer = signature.verify(asked, self._keys, int(now))
        except MalformedError:
            self.counters.unreadable += 1
            return Reply((reply.failure(wire, dns.rcode.FORMERR),))
        if signer is not None and signer.error:
            self.counters.signature_errors[dns.rcode.to_text(dns.rcode.Rcode(signer.error), tsig=True)] += 1
            return _single(asked, Answer(dns.rcode.NOTAUTH), signer, udp=udp)
        if asked.edns is not None and asked.edns.version > 0:
            return _single(asked, Answer(dns.rcode.BADVERS), signer, udp=udp)
        if asked.opcode == _UPDATE:
            return self._update(asked, signer, now, udp=udp)
        if asked.opcode != _QUERY:
            return _single(asked, Answer(dns.rcode.NOTIMP), signer, udp=udp)
        if asked.question.rdtype in (records.AXFR, records.IXFR):
            return self._transfer(asked, signer, udp=udp)
        return _single(asked, self._query(asked), signer, udp=udp)

    def _query(self, asked: Request) -> Answer:
        question = asked.question
        self.counters.queries[dns.rdatatype.to_text(dns.rdatatype.RdataType(question.rdtype))] += 1
        if records.is_meta(question.rdtype) and question.rdtype != records.ANY:
            return Answer(dns.rcode.NOTIMP)
        zone = self._closest_zone(question.name)
        if zone is None or question.rdclass not in (records.IN, records.CLASS_ANY):
            return Answer(dns.rcode.REFUSED)
        return lookup.resolve(zone, question.name, question.rdtype)

    def _closest_zone(self, name: Name) -> Zone | None:
        held = (self._zones.get(ancestor) for ancestor in names.lineage(name))
        return next((zone for zone in held if zone is not None), None)

    def _transfer(self, asked: Request, signer: Signer | None, *, udp: bool) -> Reply:
        zone = self._zones.get(asked.question.name)
        rcode = self._transfer_refusal(asked, signer, zone, udp=udp)
        if zone is None or rcode != dns.rcode.NOERROR:
            self.counters.transfers["refused"] += 1
            return _single(asked, Answer(rcode), signer, udp=udp)
        if asked.question.rdtype == records.AXFR:
            kind, rows = "AXFR", transfer.full(zone)
        else:
            serial = records.soa_serial(asked.second[0].rdata)
            changes = zone.since(serial)
            if udp or not records.is_newer(zone.serial, than=serial):
                kind, rows = "IXFR current", [transfer.current(zone)]
            elif changes is None:
                kind, rows = "IXFR as AXFR", transfer.full(zone)
            else:
                kind, rows = "IXFR", transfer.incremental(zone, changes)
        self.counters.transfers[kind] += 1
        return Reply(transfer.messages(asked, rows, signer))

    def _transfer_refusal(self, asked: Request, signer: Signer | None, zone: Zone | None, *, udp: bool) -> int:
        if zone is None:
            return dns.rcode.NOTAUTH
        if asked.question.rdtype == records.AXFR and udp:
            return dns.rcode.FORMERR
        if signer is None or self._faults.refuse_transfers:
            return dns.rcode.REFUSED
        if asked.question.rdtype == records.IXFR:
            held = asked.second
            if len(held) != 1 or held[0].rdtype != records.SOA or not held[0].rdata:
                return dns.rcode.FORMERR
        return dns.rcode.NOERROR

    def _update(self, asked: Request, signer: Signer | None, now: float, *, udp: bool) -> Reply:
        if self._faults.hangs_up("before"):
            return Reply(hang_up=True)
        forced = self._faults.take_rcode()
        rcode = self._apply(asked, signer, now) if forced is None else forced
        self.counters.updates[dns.rcode.to_text(dns.rcode.Rcode(rcode))] += 1
        if self._faults.hangs_up("after") or (forced is None and self._faults.take_drop()):
            return Reply(hang_up=True)
        return _single(asked, Answer(rcode), signer, udp=udp)

    def _apply(self, asked: Request, signer: Signer | None, now: float) -> int:
        zone = self._zones.get(asked.question.name)
        if asked.question.rdtype != records.SOA:
            return dns.rcode.FORMERR
        if zone is None or asked.question.rdclass != records.IN:
            return dns.rcode.NOTAUTH
        if signer is None:
            return dns.rcode.REFUSED
        try:
            update.check(zone, asked.first)
            update.scan(zone, asked.second)
            change = update.compute(zone, asked.second)
        except update.RefusedUpdateError as refusal:
            return refusal.rcode
        if change is not None:
            zone.commit(change)
            self.counters.effective_updates += 1
            self.log.append(AppliedUpdate(now, names.text(zone.origin), names.text(signer.key_name), change))
        return dns.rcode.NOERROR


def _single(asked: Request, answer: Answer, signer: Signer | None, *, udp: bool) -> Reply:
    return Reply((reply.render(asked, answer, signer=signer, udp=udp),))
