"""The answer of a zone to one question: RFC 1034 §4.3.2 with wildcards, delegations and CNAMEs.

Transfers and updates never live here.
"""

from dataclasses import dataclass, field

import dns.rcode

from mcidns.nameserver import names, records
from mcidns.nameserver.names import Name
from mcidns.nameserver.records import Row, RRset
from mcidns.nameserver.zone import Zone

_MAX_CHAIN = 16


@dataclass(slots=True)
class Answer:
    """The sections of one answer, and whether it speaks for the zone."""

    rcode: int = int(dns.rcode.NOERROR)
    authoritative: bool = False
    answer: list[Row] = field(default_factory=list)
    authority: list[Row] = field(default_factory=list)
    additional: list[Row] = field(default_factory=list)


def resolve(zone: Zone, name: Name, rdtype: int) -> Answer:
    """What the zone says about a name and type; CNAMEs are followed as long as they stay in the zone."""
    result = Answer(authoritative=True)
    for _ in range(_MAX_CHAIN):
        cut = _delegation(zone, name, rdtype)
        if cut is not None:
            _refer(zone, cut, result)
            return result
        source = _source(zone, name)
        if source is None:
            result.rcode = int(dns.rcode.NXDOMAIN)
            result.authority.append(_negative(zone))
            return result
        node = zone.node(source)
        alias = node.get(records.CNAME)
        if alias is None or rdtype in (records.CNAME, records.ANY):
            found = node.items() if rdtype == records.ANY else _one(node.get(rdtype), rdtype)
            result.answer += [Row(name, kind, rrset.ttl, rrset.rdatas) for kind, rrset in found]
            if not found:
                result.authority.append(_negative(zone))
            return result
        result.answer.append(Row(name, records.CNAME, alias.ttl, alias.rdatas))
        name = alias.rdatas[0]
        if not names.is_within(name, zone.origin):
            return result
    result.rcode = int(dns.rcode.SERVFAIL)
    return result


def _one(rrset: RRset | None, rdtype: int) -> list[tuple[int, RRset]]:
    return [] if rrset is None else [(rdtype, rrset)]


def _source(zone: Zone, name: Name) -> Name | None:
    """The name whose records answer: itself, or the wildcard at its closest encloser (RFC 4592 §3.3.1)."""
    if zone.exists(name):
        return name
    encloser = next(ancestor for ancestor in names.lineage(names.parent(name)) if zone.exists(ancestor))
    star = names.wildcard(encloser)
    return star if zone.exists(star) else None


def _delegation(zone: Zone, name: Name, rdtype: int) -> Name | None:
    """The highest zone cut at or above the name; a DS at the cut itself belongs to this side (RFC 4035 §3.1.4.1)."""
    found = None
    for ancestor in names.lineage(name):
        if ancestor == zone.origin:
            return found
        if records.NS in zone.node(ancestor) and not (rdtype == records.DS and ancestor == name):
            found = ancestor
    return found


def _refer(zone: Zone, cut: Name, result: Answer) -> None:
    servers = zone.node(cut)[records.NS]
    # With a CNAME before it the answer still speaks for the part that is ours.
    result.authoritative = bool(result.answer)
    result.authority.append(Row(cut, records.NS, servers.ttl, servers.rdatas))
    for server in servers.rdatas:
        for kind in (records.A, records.AAAA):
            glue = zone.get(server, kind)
            if glue is not None:
                result.additional.append(Row(server, kind, glue.ttl, glue.rdatas))


def _negative(zone: Zone) -> Row:
    """The SOA as negative answers carry it: its TTL is how long they may be kept (RFC 2308 §3)."""
    soa = zone.soa
    return Row(zone.origin, records.SOA, min(soa.ttl, records.soa_minimum(soa.rdatas[0])), soa.rdatas)
