"""One zone in memory: its record sets, and the bounded journal of its changes. Messages never reach it."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import dns.exception
import dns.name
import dns.rdataset
import dns.zone

from mcidns.nameserver import names, records
from mcidns.nameserver.names import Name
from mcidns.nameserver.records import Row, RRset

EMPTY_ZONE = """\
$TTL 60
@ IN SOA ns1 hostmaster 1 3600 600 86400 60
@ IN NS ns1
ns1 IN A 127.0.0.1
"""
_NOTHING: Mapping[int, RRset] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Edit:
    """One record set before and after a change; None where there is none."""

    name: Name
    rdtype: int
    before: RRset | None
    after: RRset | None


@dataclass(frozen=True, slots=True)
class Change:
    """What one update did: its edits without the SOA, and the SOA before and after."""

    edits: tuple[Edit, ...]
    soa_before: RRset
    soa_after: RRset

    @property
    def serials(self) -> tuple[int, int]:
        """The zone's serial before and after."""
        return records.soa_serial(self.soa_before.rdatas[0]), records.soa_serial(self.soa_after.rdatas[0])

    @property
    def size(self) -> int:
        """How many records it takes away and adds."""
        sets = (side for edit in self.edits for side in (edit.before, edit.after) if side is not None)
        return 2 + sum(len(rrset.rdatas) for rrset in sets)


class Zone:
    """The record sets of one zone by name and type; readable at any time, changed only by `commit`.

    `journal` bounds the changes kept for incremental transfers, in records.
    """

    def __init__(self, origin: Name, text: str | None = None, *, journal: int = 100_000) -> None:
        self.origin = origin
        self._nodes: dict[Name, dict[int, RRset]] = {}
        # How many names with records there are at or below a name: tells an empty non-terminal from nothing.
        self._below: dict[Name, int] = {}
        self._journal: deque[Change] = deque()
        self._journal_room = journal
        for name, rdtype, rrset in _parsed(origin, EMPTY_ZONE if text is None else text):
            self._put(name, rdtype, rrset)

    @property
    def soa(self) -> RRset:
        """The SOA record set."""
        return self._nodes[self.origin][records.SOA]

    @property
    def serial(self) -> int:
        """The serial of the SOA."""
        return records.soa_serial(self.soa.rdatas[0])

    def get(self, name: Name, rdtype: int) -> RRset | None:
        """The record set of a name and type."""
        return self._nodes.get(name, _NOTHING).get(rdtype)

    def node(self, name: Name) -> Mapping[int, RRset]:
        """All record sets of a name, by type; empty when it has none."""
        return self._nodes.get(name, _NOTHING)

    def exists(self, name: Name) -> bool:
        """Whether the name has records or lies above a name that has (RFC 4592 §2.2.2)."""
        return name in self._below

    def rows(self) -> list[Row]:
        """Every record set but the SOA, as they are now."""
        return [
            Row(name, rdtype, rrset.ttl, rrset.rdatas)
            for name, node in self._nodes.items()
            for rdtype, rrset in node.items()
            if rdtype != records.SOA
        ]

    def commit(self, change: Change) -> None:
        """Make a change and remember it in the journal."""
        for edit in change.edits:
            self._put(edit.name, edit.rdtype, edit.after)
        self._put(self.origin, records.SOA, change.soa_after)
        self._journal.append(change)
        self._journal_room -= change.size
        while self._journal_room < 0:
            self._journal_room += self._journal.popleft().size

    def since(self, serial: int) -> tuple[Change, ...] | None:
        """The changes that lead from a serial to the present one; None when the journal does not reach so far back."""
        found: list[Change] = []
        for change in reversed(self._journal):
            found.append(change)
            if change.serials[0] == serial:
                return tuple(reversed(found))
        return None

    def _put(self, name: Name, rdtype: int, rrset: RRset | None) -> None:
        node = self._nodes.get(name)
        if rrset is None:
            if node is not None and node.pop(rdtype, None) is not None and not node:
                del self._nodes[name]
                self._count(name, -1)
            return
        if node is None:
            node = self._nodes[name] = {}
            self._count(name, 1)
        node[rdtype] = rrset

    def _count(self, name: Name, step: int) -> None:
        for ancestor in names.lineage(name):
            count = self._below.get(ancestor, 0) + step
            if count:
                self._below[ancestor] = count
            else:
                del self._below[ancestor]
            if ancestor == self.origin:
                return


def _parsed(origin: Name, text: str) -> Iterator[tuple[Name, int, RRset]]:
    name = names.text(origin)
    try:
        parsed = dns.zone.from_text(text, dns.name.from_text(name), relativize=False)
        parsed.check_origin()
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(f"zone {name}: the master file text is not usable: {error}; it needs an SOA and an NS") from error
    for owner, rdataset in parsed.iterate_rdatasets():
        rdatas = sorted({rdata.to_digestable() for rdata in rdataset})
        yield owner.to_digestable(), int(rdataset.rdtype), RRset(int(rdataset.ttl), tuple(rdatas))
