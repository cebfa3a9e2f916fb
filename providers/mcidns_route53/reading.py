"""What a hosted zone holds: listed whole, page by page, or only around the names asked for; nothing is written here."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from mcidns.errors import Transient
from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet
from mcidns_route53 import convert, spelling
from mcidns_route53.account import Account, Answer
from mcidns_route53.budget import Rank
from mcidns_route53.convert import RawSet
from mcidns_route53.zones import HostedZone

PAGE = "300"
"""Record sets in one answer, the most that Route 53 gives."""
SOA = "SOA"
_STEP = 64
"""Sets decoded before others get their turn."""

Sets = dict[DnsName, tuple[RecordSet, ...]]


class Spellings:
    """Sets that Route 53 holds in another spelling than ours; to delete one, it must be named exactly as it stands."""

    def __init__(self) -> None:
        self._raw: dict[tuple[str, RecordKey], tuple[RecordSet, RawSet]] = {}

    def begin(self, zone: HostedZone) -> None:
        """The zone is listed anew."""
        self._raw = {key: found for key, found in self._raw.items() if key[0] != zone.id}

    def take(self, zone: HostedZone, records: RecordSet, raw: RawSet) -> None:
        """Remember a set as listed, where our own spelling is another."""
        if not convert.is_ours(records, raw):
            self._raw[zone.id, records.key] = (records, raw)
        elif self._raw:
            self._raw.pop((zone.id, records.key), None)

    def keep(self, zone: HostedZone, records: RecordSet, raw: RawSet) -> None:
        """Remember a set as it stands, whatever its spelling."""
        self._raw[zone.id, records.key] = (records, raw)

    def forget(self, zone: HostedZone, keys: Iterable[RecordKey]) -> None:
        """These sets were written by us, in our spelling."""
        for key in keys if self._raw else ():
            self._raw.pop((zone.id, key), None)

    def of(self, zone: HostedZone, records: RecordSet) -> RawSet:
        """The set as it must be named. Raises Rejected."""
        known = self._raw.get((zone.id, records.key))
        if known is not None and convert.same(known[0], records):
            return known[1]
        return convert.raw_set(records, zone.id)


async def full(account: Account, zone: HostedZone, spellings: Spellings) -> Sets:
    """Every set of the zone but its SOA; raises rather than leave something out."""
    spellings.begin(zone)
    found: dict[DnsName, list[RecordSet]] = {}
    async for page in _pages(account, zone, Rank.LIST, {}):
        for count, (records, raw) in enumerate(_decoded(page, zone)):
            spellings.take(zone, records, raw)
            found.setdefault(records.key.name, []).append(records)
            if not count % _STEP:
                await asyncio.sleep(0)
    return {name: tuple(sets) for name, sets in found.items()}


def _decoded(page: Answer, zone: HostedZone) -> Iterable[tuple[RecordSet, RawSet]]:
    for raw in page["ResourceRecordSets"]:
        if raw["Type"] != SOA:
            yield convert.record_set(raw, zone.id), raw


async def _pages(account: Account, zone: HostedZone, rank: Rank, start: Mapping[str, str]) -> AsyncIterator[Answer]:
    while True:
        page = await account.call("list_resource_record_sets", rank, HostedZoneId=zone.id, MaxItems=PAGE, **start)
        yield page
        following = _following(page)
        if not following:
            return
        if following == start:
            raise Transient(f"Route 53 lists zone {zone.domain.relative} in a circle; tried again")
        start = following


def _following(page: Mapping[str, Any]) -> dict[str, str]:
    """Where the next page starts; empty at the end."""
    if not page.get("IsTruncated"):
        return {}
    names = (
        ("NextRecordName", "StartRecordName"),
        ("NextRecordType", "StartRecordType"),
        ("NextRecordIdentifier", "StartRecordIdentifier"),
    )
    found = {start: page[following] for following, start in names if page.get(following)}
    if "StartRecordName" not in found:
        raise Transient("Route 53 ended a page of records in the middle; tried again")
    return found


async def some(
    account: Account, zone: HostedZone, names: frozenset[DnsName], spellings: Spellings
) -> tuple[Sets, dict[RecordKey, RawSet]]:
    """What stands at these names, and each set as listed. One request serves all names that its page reaches over."""
    search = _Search(names)
    while (name := search.next_name()) is not None:
        async for page in _pages(account, zone, Rank.LOOK, {"StartRecordName": spelling.wire_name(name)}):
            for records, raw in _decoded(page, zone):
                if search.found(records, raw):
                    spellings.take(zone, records, raw)
            if search.is_done(name, _following(page)):
                break
    return search.sets(), search.raw


class _Search:
    """Names still to be looked at, in the order of listings, and what was found."""

    def __init__(self, names: frozenset[DnsName]) -> None:
        self._found: dict[DnsName, dict[RecordKey, RecordSet]] = {name: {} for name in names}
        self._left = sorted(names, key=spelling.order, reverse=True)
        self.raw: dict[RecordKey, RawSet] = {}

    def next_name(self) -> DnsName | None:
        """The first name that no page has reached yet."""
        return self._left[-1] if self._left else None

    def found(self, records: RecordSet, raw: RawSet) -> bool:
        """Take a listed set in, if its name was asked for."""
        at = self._found.get(records.key.name)
        if at is None:
            return False
        at[records.key] = records
        self.raw[records.key] = raw
        return True

    def is_done(self, asked: DnsName, following: Mapping[str, str]) -> bool:
        """Whether the page ends the search from this name on; strikes out every name that it surely reached over."""
        reached = spelling.name(following["StartRecordName"]) if following else None
        if reached == asked:
            return False
        self._left.pop()
        while self._left and spelling.is_plain(asked) and self._is_over(self._left[-1], reached):
            self._left.pop()
        return True

    @staticmethod
    def _is_over(name: DnsName, reached: DnsName | None) -> bool:
        if not spelling.is_plain(name):
            return False
        return reached is None or (spelling.is_plain(reached) and spelling.order(name) < spelling.order(reached))

    def sets(self) -> Sets:
        """By name; absent ones are empty."""
        return {name: tuple(sets.values()) for name, sets in self._found.items()}
