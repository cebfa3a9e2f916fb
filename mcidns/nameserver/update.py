"""RFC 2136: whether an UPDATE's prerequisites hold, and the one change that its records make.

Who may send it is never asked here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import dns.rcode

from mcidns.nameserver import names, records
from mcidns.nameserver.names import Name
from mcidns.nameserver.records import RRset
from mcidns.nameserver.request import Record
from mcidns.nameserver.zone import Change, Edit, Zone

# BIND's defaults of max-records-per-type and max-types-per-name.
MAX_RECORDS = 100
MAX_TYPES = 100
_MAX_TTL = 0x7FFFFFFF


class RefusedUpdateError(Exception):
    """The whole message is refused with this rcode, and nothing was changed."""

    def __init__(self, rcode: int, reason: str) -> None:
        super().__init__(reason)
        self.rcode = rcode


def check(zone: Zone, prerequisites: Iterable[Record]) -> None:
    """Pass if every prerequisite holds (§3.2), else raise with the rcode that says which kind did not."""
    wanted: dict[tuple[Name, int], set[bytes]] = {}
    for record in prerequisites:
        _require(record.ttl == 0, dns.rcode.FORMERR, "a prerequisite with a TTL")
        _require(names.is_within(record.name, zone.origin), dns.rcode.NOTZONE, "a prerequisite outside the zone")
        if record.rdclass == records.IN:
            _require(not records.is_meta(record.rdtype), dns.rcode.FORMERR, "a prerequisite of a meta type")
            wanted.setdefault((record.name, record.rdtype), set()).add(record.rdata)
            continue
        _require(not record.rdata, dns.rcode.FORMERR, "a prerequisite of class ANY or NONE with data")
        _check_existence(zone, record)
    for (name, rdtype), rdatas in wanted.items():
        rrset = zone.get(name, rdtype)
        _require(rrset is not None and set(rrset.rdatas) == rdatas, dns.rcode.NXRRSET, "the RRset has other values")


def _check_existence(zone: Zone, record: Record) -> None:
    node = zone.node(record.name)
    whole = record.rdtype == records.ANY
    exists = bool(node) if whole else record.rdtype in node
    if record.rdclass == records.CLASS_ANY:
        _require(exists, dns.rcode.NXDOMAIN if whole else dns.rcode.NXRRSET, "something that must exist does not")
    elif record.rdclass == records.CLASS_NONE:
        _require(not exists, dns.rcode.YXDOMAIN if whole else dns.rcode.YXRRSET, "something exists that must not")
    else:
        raise RefusedUpdateError(dns.rcode.FORMERR, "a prerequisite of a class that is none")


def scan(zone: Zone, updates: Iterable[Record]) -> None:
    """Pass if every update record is well-formed and in the zone (§3.4.1), else raise with the rcode."""
    for record in updates:
        _require(names.is_within(record.name, zone.origin), dns.rcode.NOTZONE, "an update outside the zone")
        meta = records.is_meta(record.rdtype)
        if record.rdclass == records.IN:
            good = not meta and record.rdata != b""
        elif record.rdclass == records.CLASS_ANY:
            good = record.ttl == 0 and record.rdata == b"" and (not meta or record.rdtype == records.ANY)
        else:
            good = record.rdclass == records.CLASS_NONE and record.ttl == 0 and not meta and record.rdata != b""
        _require(good, dns.rcode.FORMERR, "an update record whose class, type, TTL or data do not fit together")


def compute(zone: Zone, updates: Iterable[Record]) -> Change | None:
    """The change that checked update records make (§3.4.2), in their order and atomically; None when they change nothing.

    What a zone cannot hold (data beside a CNAME, a zone without SOA or NS) is left out silently, as the RFC and BIND do.
    """
    draft = _Draft(zone)
    for record in updates:
        if record.rdclass == records.IN:
            draft.add(record)
        elif record.rdclass == records.CLASS_NONE:
            draft.remove_record(record)
        elif record.rdtype == records.ANY:
            draft.remove_name(record.name)
        else:
            draft.remove_rrset(record.name, record.rdtype)
    return draft.change()


class _Draft:
    """The nodes that an update touches, while it is worked out; the zone itself stays as it is."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._nodes: dict[Name, dict[int, RRset]] = {}

    def _node(self, name: Name) -> dict[int, RRset]:
        node = self._nodes.get(name)
        if node is None:
            node = self._nodes[name] = dict(self._zone.node(name))
        return node

    def add(self, record: Record) -> None:
        node = self._node(record.name)
        ttl = record.ttl if record.ttl <= _MAX_TTL else 0
        if record.rdtype == records.SOA:
            self._add_soa(record, ttl)
        elif self._fits(node, record.rdtype):
            held = node.get(record.rdtype)
            if held is None or record.rdtype in records.SINGLE:
                node[record.rdtype] = RRset(ttl, (record.rdata,))
            else:
                node[record.rdtype] = held.with_rdata(record.rdata, ttl)

    def _add_soa(self, record: Record, ttl: int) -> None:
        """Only the apex has an SOA, and its serial never goes back (§3.4.2.2)."""
        held = self._node(self._zone.origin)[records.SOA]
        newer = records.is_newer(records.soa_serial(record.rdata), than=records.soa_serial(held.rdatas[0]))
        if record.name == self._zone.origin and newer:
            self._node(record.name)[records.SOA] = RRset(ttl, (record.rdata,))

    @staticmethod
    def _fits(node: dict[int, RRset], rdtype: int) -> bool:
        if rdtype == records.CNAME:
            return all(held == records.CNAME or held in records.BESIDE_CNAME for held in node)
        return records.CNAME not in node or rdtype in records.BESIDE_CNAME

    def remove_record(self, record: Record) -> None:
        node = self._node(record.name)
        held = node.get(record.rdtype)
        if held is None or record.rdtype == records.SOA:
            return
        kept = held.without_rdata(record.rdata)
        if kept is not None:
            node[record.rdtype] = kept
        elif not self._is_vital(record.name, record.rdtype):
            del node[record.rdtype]

    def remove_rrset(self, name: Name, rdtype: int) -> None:
        if not self._is_vital(name, rdtype):
            self._node(name).pop(rdtype, None)

    def remove_name(self, name: Name) -> None:
        for rdtype in tuple(self._node(name)):
            self.remove_rrset(name, rdtype)

    def _is_vital(self, name: Name, rdtype: int) -> bool:
        return name == self._zone.origin and rdtype in (records.SOA, records.NS)

    def change(self) -> Change | None:
        soa_before = self._zone.soa
        soa_after = self._node(self._zone.origin).pop(records.SOA)
        edits: list[Edit] = []
        for name, node in self._nodes.items():
            edits += _edits(name, self._zone.node(name), node)
            _require(len(node) <= MAX_TYPES, dns.rcode.SERVFAIL, "too many types at one name")
        if not edits and soa_after == soa_before:
            return None
        for edit in edits:
            full = edit.after is not None and len(edit.after.rdatas) > MAX_RECORDS
            _require(not full, dns.rcode.SERVFAIL, "too many records in one RRset")
        if soa_after == soa_before:
            rdata = soa_before.rdatas[0]
            stepped = records.soa_with_serial(rdata, records.next_serial(records.soa_serial(rdata)))
            soa_after = replace(soa_before, rdatas=(stepped,))
        return Change(tuple(edits), soa_before, soa_after)


def _edits(name: Name, before: Mapping[int, RRset], after: Mapping[int, RRset]) -> list[Edit]:
    kinds = dict.fromkeys((*before, *after))
    return [
        Edit(name, rdtype, before.get(rdtype), after.get(rdtype))
        for rdtype in kinds
        if rdtype != records.SOA and before.get(rdtype) != after.get(rdtype)
    ]


def _require(holds: bool, rcode: int, reason: str) -> None:
    if not holds:
        raise RefusedUpdateError(rcode, reason)
