"""The zone worker on Route 53: what a quiet zone, a lost region and a culprit cost in requests, within the account's budget."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import replace

from msgspec import structs

from mcidns.model.decisions import Programming
from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet, Wish
from mcidns.model.references import ObjectRef
from mcidns.model.zones import Zone
from mcidns.program import ownership
from mcidns.program.programmer import Programmer
from mcidns_route53 import Route53Provider
from tests.component.route53 import parts
from tests.component.route53.parts import ZONE
from tests.component.route53.rules import Set
from tests.component.route53.strict import Strict

SERVED = Zone("main", ZONE, "research-hub", provider="dns")
REGIONS = ("192.0.2.1", "198.51.100.1")


@contextlib.asynccontextmanager
async def working(service: Strict, served: Zone = SERVED, **config: object) -> AsyncIterator[Programmer]:
    """A Programmer on one hosted zone; all its tasks have ended afterwards."""
    made = Route53Provider.from_settings(parts.settings(service, **config))
    programmer = Programmer(clock=time.time, on_report=lambda _: None, on_zone=lambda _: None)
    task = asyncio.create_task(programmer.run())
    try:
        programmer.set_zone(served, made)
        programmer.settled()
        yield programmer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await made.aclose()


def source(number: int) -> ObjectRef:
    return ObjectRef("GlobalHost", "shop", f"h{number}")


def wish(programmer: Programmer, number: int, *addresses: str, note: str = "", sets: tuple[RecordSet, ...] = ()) -> None:
    """One object wishes for one name."""
    name = DnsName(f"h{number}.{ZONE}")
    wished = sets or (RecordSet.of(name, "A", 60, addresses),)
    programmer.intend(source(number), (Wish(source(number), wished[0].name, wished, 1.0, cluster_note=note),))


def word(programmer: Programmer, number: int) -> Programming:
    return programmer.programming(source(number))[0]


def held(number: int, *addresses: str, note: str = "") -> list[Set]:
    """A host of ours as it stands in the zone: its addresses and their ownership."""
    text = ownership.write("research-hub", f"globalhost/shop/h{number}", clusters=note)
    return [
        {"Name": f"h{number}.{ZONE}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value} for value in addresses]},
        {"Name": f"mcidns-a.h{number}.{ZONE}", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": text}]},
    ]


async def test_a_quiet_zone_of_20_000_record_sets_makes_no_request_but_the_scheduled_listing(service: Strict) -> None:
    zone = parts.create_zone(service)
    for number in range(10_000):
        for one in held(number, *REGIONS):
            service.zones[zone].sets[one["Name"], one["Type"], ""] = one
    service.zones[zone].touched()
    async with working(service, replace(SERVED, resync=3600.0)) as programmer:
        for number in range(10_000):
            wish(programmer, number, *REGIONS)
        await programmer.idle(100.0)
        assert word(programmer, 9_999).state == "Programmed"
        listing = {"list_hosted_zones_by_name": 1, "list_resource_record_sets": 67}
        assert service.counted == listing
        for number in range(0, 10_000, 10):
            wish(programmer, number, *REGIONS)
        await programmer.idle(10.0)
        await asyncio.sleep(0.5)
        assert service.counted == listing
        programmer.set_zone(replace(SERVED, resync=0.1), next(iter(programmer._providers.values())))
        while service.counted["list_resource_record_sets"] < 134:
            await asyncio.sleep(0.05)
        assert set(service.counted) == set(listing)
        assert programmer.zone_status("main").owned == 10_000
        assert programmer.zone_status("main").writes == 0


async def test_a_lost_region_of_500_names_is_two_batches_and_its_notes_follow(service: Strict) -> None:
    zone = parts.create_zone(service)
    for number in range(500):
        parts.put(service, zone, *held(number, *REGIONS, note="catania+napoli"))
    service.rate = 5
    async with working(service, requestsPerSecond=5) as programmer:
        for number in range(500):
            wish(programmer, number, *REGIONS, note="catania+napoli")
        await programmer.idle(30.0)
        assert service.batches == []
        await asyncio.sleep(1.1)
        begun = time.monotonic()
        for number in range(500):
            wish(programmer, number, REGIONS[0], note="catania")
        await asyncio.sleep(0)
        while any(service.zones[zone].sets[f"h{n}.{ZONE}", "A", ""]["ResourceRecords"][1:] for n in range(500)):
            await asyncio.sleep(0.01)
        right = len(service.batches)
        took = time.monotonic() - begun
        await programmer.idle(30.0)
    assert right == 2
    assert took < 10.0
    assert service.throttled <= 1, "a busy machine lets requests arrive closer together than they were sent, but not for long"
    texts = [one["ResourceRecords"][0]["Value"] for key, one in service.zones[zone].sets.items() if key[1] == "TXT"]
    assert all("mcidns/clusters=catania" in text and "napoli" not in text for text in texts)


async def test_a_culprit_in_a_burst_is_told_and_costs_no_search(service: Strict) -> None:
    zone = parts.create_zone(service)
    async with working(service) as programmer:
        await programmer.idle(10.0)
        theirs: Set = {"Name": f"h7.{ZONE}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "203.0.113.66"}]}
        parts.put(service, zone, theirs)
        for number in range(100):
            wish(programmer, number, *REGIONS)
        await programmer.idle(30.0)
        assert word(programmer, 7).reason == "NotOwner"
        assert [word(programmer, n).state for n in (6, 8, 99)] == ["Programmed"] * 3
        assert service.zones[zone].sets[f"h7.{ZONE}", "A", ""] == theirs
        assert service.counted["change_resource_record_sets"] <= 5
        assert service.counted["list_resource_record_sets"] <= 4


async def test_an_alias_that_was_wished_as_a_cname_settles(service: Strict) -> None:
    parts.create_zone(service)
    async with working(service) as programmer:
        name = DnsName(f"h1.{ZONE}")
        properties = (("alias", "true"), ("aws/evaluate-target-health", "false"), ("aws/target-hosted-zone", "Z35SXDOTRQ7X7K"))
        alias = structs.replace(RecordSet.of(name, "CNAME", 300, ["lb.example.net."]), properties=properties)
        wish(programmer, 1, sets=(alias,))
        await programmer.idle(10.0)
        assert word(programmer, 1).state == "Programmed"
        written = [(e["Action"], e["ResourceRecordSet"]["Type"]) for batch in service.batches for e in batch]
        assert sorted(written) == [("CREATE", "A"), ("CREATE", "AAAA"), ("CREATE", "TXT"), ("CREATE", "TXT")]
        before = len(service.batches)
        programmer.set_zone(replace(SERVED, resync=0.1), next(iter(programmer._providers.values())))
        listings = service.counted["list_resource_record_sets"]
        while service.counted["list_resource_record_sets"] < listings + 3:
            await asyncio.sleep(0.02)
        await programmer.idle(10.0)
        assert len(service.batches) == before


async def test_an_alias_whose_hosted_zone_nobody_named_is_told_at_its_name(service: Strict) -> None:
    parts.create_zone(service)
    async with working(service) as programmer:
        wish(programmer, 1, sets=(parts.records("h1", "CNAME", "lb.example.net.", alias="true"),))
        await programmer.idle(10.0)
        assert (word(programmer, 1).state, word(programmer, 1).reason) == ("Failed", "Rejected")
        assert "aws/target-hosted-zone" in word(programmer, 1).message
        assert service.batches == []


async def test_weighted_sets_of_two_regions_are_owned_one_by_one(service: Strict) -> None:
    zone = parts.create_zone(service)
    async with working(service) as programmer:
        sets = tuple(parts.records("h1", "A", f"192.0.2.{i}", setid=region, weight=str(i)) for i, region in enumerate(("eu", "us")))
        wish(programmer, 1, sets=sets)
        await programmer.idle(10.0)
        assert word(programmer, 1).state == "Programmed"
        keys = {key for key in service.zones[zone].sets if key[2]}
        assert keys == {(f"{place}h1.{ZONE}", type_, i) for place, type_ in (("", "A"), ("mcidns-a.", "TXT")) for i in ("eu", "us")}
        wish(programmer, 1, sets=sets[:1])
        await programmer.idle(10.0)
        assert {key[2] for key in service.zones[zone].sets if key[2]} == {"eu"}
