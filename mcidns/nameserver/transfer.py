"""Zone transfers: the rows of a whole zone or of its changes, packed into messages. Who may have them is not asked here."""

from collections.abc import Iterable, Iterator

import dns.rcode

from mcidns.nameserver import records
from mcidns.nameserver.names import Name
from mcidns.nameserver.records import Row, RRset
from mcidns.nameserver.reply import Writer
from mcidns.nameserver.request import Request
from mcidns.nameserver.signature import Signer
from mcidns.nameserver.zone import Change, Edit, Zone

# Small enough that compression pointers reach everything and the event loop gets its turn, large enough to be quick.
_MESSAGE_SIZE = 16_000


def full(zone: Zone) -> list[Row]:
    """The zone as it is now, between two copies of its SOA (RFC 5936 §2.2)."""
    soa = current(zone)
    return [soa, *zone.rows(), soa]


def current(zone: Zone) -> Row:
    """The SOA alone: what says "you are up to date", and over UDP "ask again by TCP" (RFC 1995 §2, §4)."""
    return _soa(zone.origin, zone.soa)


def incremental(zone: Zone, changes: Iterable[Change]) -> list[Row]:
    """The changes in their order, each as old SOA, removals, new SOA, additions (RFC 1995 §4)."""
    rows = [current(zone)]
    for change in changes:
        rows.append(_soa(zone.origin, change.soa_before))
        rows += (row for edit in change.edits if (row := _only(edit, edit.before, edit.after)) is not None)
        rows.append(_soa(zone.origin, change.soa_after))
        rows += (row for edit in change.edits if (row := _only(edit, edit.after, edit.before)) is not None)
    rows.append(current(zone))
    return rows


def messages(request: Request, rows: Iterable[Row], signer: Signer | None) -> Iterator[bytes]:
    """The rows as a run of answers; only the first repeats the question, every one is signed if the request was."""
    writer = Writer(request, dns.rcode.NOERROR, authoritative=True)
    filled = False
    for row in rows:
        for rdata in row.rdatas:
            if filled and len(writer) + len(rdata) > _MESSAGE_SIZE:
                yield writer.finish(signer)
                writer = Writer(request, dns.rcode.NOERROR, authoritative=True, with_question=False)
            writer.add(1, Row(row.name, row.rdtype, row.ttl, (rdata,)))
            filled = True
    yield writer.finish(signer)


def _soa(origin: Name, rrset: RRset) -> Row:
    return Row(origin, records.SOA, rrset.ttl, rrset.rdatas)


def _only(edit: Edit, side: RRset | None, other: RRset | None) -> Row | None:
    """The records of one side of an edit that the other side has not; with another TTL they are other records."""
    if side is None:
        return None
    same = () if other is None or other.ttl != side.ttl else other.rdatas
    rdatas = tuple(rdata for rdata in side.rdatas if rdata not in same)
    return Row(edit.name, edit.rdtype, side.ttl, rdatas) if rdatas else None
