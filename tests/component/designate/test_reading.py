"""A zone is read whole or not at all, cheaply when nothing moved, and whoever its project is."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from mcidns.errors import Denied, Transient
from mcidns.model.names import DnsName
from mcidns.provider import Full, Held, Unchanged
from tests.component.designate import parts
from tests.component.designate.parts import creation, deletion
from tests.openstack.designate import Designate
from tests.openstack.proxy import Fault


async def test_a_quiet_resync_is_one_question(designate: Designate):
    async with parts.behind_proxy(designate.open) as (zone, proxy, made):
        await made.apply(zone.domain, [creation(zone.records("www", "A", "192.0.2.1"))])
        await zone.settled()
        reading = await made.read(zone.domain, None)
        assert isinstance(reading, Full)
        proxy.calls.clear()
        held = Held(reading.serial or 0, lambda _: ())
        assert await made.read(zone.domain, held) == Unchanged(reading.serial or 0)
        assert proxy.calls == ["GET /v2/zones/*"]


async def test_what_somebody_wrote_is_seen_before_the_serial_tells(designate: Designate):
    async with parts.behind_proxy(designate.open) as (zone, _, made):
        await zone.settled()
        before = await made.read(zone.domain, None)
        assert isinstance(before, Full)
        await zone.put("www", "A", "192.0.2.1")
        after = await made.read(zone.domain, Held(before.serial or 0, lambda _: ()))
        assert isinstance(after, Full)
        assert after.names[zone.name("www")] == (zone.records("www", "A", "192.0.2.1"),)


async def test_a_list_of_many_pages_is_whole(designate: Designate):
    async with parts.behind_proxy(designate.open) as (zone, proxy, made):
        sets = {zone.records(f"h{i}", "A", "192.0.2.1") for i in range(7)}
        for one in sets:
            await made.apply(zone.domain, [creation(one)])
        proxy.page = 2
        proxy.calls.clear()
        assert await parts.content(made, zone) == sets
        assert proxy.calls == ["GET /v2/zones/*", *["GET /v2/zones/*/recordsets"] * 5]


@pytest.mark.parametrize("gone", [pytest.param("h0", id="one that was seen"), pytest.param("h1", id="the last of a page")])
async def test_a_list_is_whole_though_a_set_goes_while_it_is_read(designate: Designate, gone: str):
    async with parts.behind_proxy(designate.open) as (zone, proxy, made):
        for number in range(5):
            await zone.put(f"h{number}", "A", "192.0.2.1")
        pages = 0

        async def remove(request: web.Request) -> None:
            nonlocal pages
            pages += "recordsets" in request.path
            if pages == 3 and proxy.meanwhile is not None:
                proxy.meanwhile = None
                await zone.remove(gone, "A")

        proxy.page, proxy.meanwhile = 2, remove  # SOA and NS, h0 and h1, …
        found = {records.name for records in await parts.content(made, zone)}
        assert found >= {zone.name(f"h{number}") for number in range(5)} - {zone.name(gone)}
        assert (await made.look(zone.domain, frozenset({zone.name(gone)})))[zone.name(gone)] == ()


async def test_a_list_that_says_there_is_more_than_it_gives_is_not_taken(designate: Designate):
    async with parts.behind_proxy(designate.open) as (zone, proxy, made):
        row: dict[str, Any] = {"id": "1", "name": f"www.{zone.domain}", "type": "A", "records": ["192.0.2.1"]}
        short: dict[str, object] = {"recordsets": [row], "links": {}, "metadata": {"total_count": 3}}
        fault = Fault("status", lambda request: request.path.endswith("/recordsets"), 3, status=200, body=short)
        with proxy.failing(fault), pytest.raises(Transient, match="changed 3 times"):
            await made.read(zone.domain, None)


async def test_sets_without_a_ttl_have_the_zones_and_sets_without_values_are_not_there(designate: Designate):
    async with parts.fresh_zone(designate.open) as zone, parts.provider(designate.open) as made:
        await zone.put("www", "A", "192.0.2.1", ttl=None)
        await zone.put("void", "A", ttl=60)
        assert await parts.content(made, zone) == {zone.records("www", "A", "192.0.2.1", ttl=3600)}
        assert (await made.look(zone.domain, frozenset({zone.name("void")})))[zone.name("void")] == ()


async def test_many_names_are_looked_up_in_one_list(designate: Designate):
    async with parts.behind_proxy(designate.open) as (zone, proxy, made):
        await zone.put("h3", "A", "192.0.2.1")
        await made.read(zone.domain, None)
        proxy.calls.clear()
        asked = frozenset(zone.name(f"h{number}") for number in range(60))
        found = await made.look(zone.domain, asked)
        assert {name: sets for name, sets in found.items() if sets} == {zone.name("h3"): (zone.records("h3", "A", "192.0.2.1"),)}
        assert found.keys() == asked
        assert proxy.calls == ["GET /v2/zones/*/recordsets"]


async def test_a_zone_that_is_not_there_is_told_with_what_to_do(designate: Designate):
    async with parts.provider(designate.open) as made:
        with pytest.raises(Denied, match=r"zone absent\.test is not among those .*openstack zone create"):
            await made.read(DnsName("absent.test."), None)


async def test_a_zone_whose_records_come_from_elsewhere_is_told_so(designate: Designate):
    secondary = parts.fresh_zone(designate.open, type="SECONDARY", masters=["192.0.2.1"])
    async with secondary as zone, parts.provider(designate.open) as made:
        with pytest.raises(Denied, match="of type SECONDARY"):
            await made.read(zone.domain, None)


async def test_a_zone_made_anew_is_found_under_its_new_id(designate: Designate):
    async with parts.fresh_zone(designate.open) as old, parts.provider(designate.open) as made:
        await made.read(old.domain, None)
        await old.request("DELETE")
        async with asyncio.timeout(30):
            while await old.status() is not None:
                await asyncio.sleep(0.1)
        async with parts.fresh_zone(designate.open, name=old.domain.text) as new:
            wished = new.records("www", "A", "192.0.2.1")
            with pytest.raises(Denied, match="no longer there under its id"):
                await made.apply(new.domain, [creation(wished)])
            await made.apply(new.domain, [creation(wished)])
            assert await parts.content(made, new) == {wished}


async def test_zones_of_other_projects_are_served_where_the_config_says_so(designate: Designate):
    async with parts.fresh_zone(designate.open, project="elsewhere") as zone:
        async with parts.provider(designate.open) as ours:
            with pytest.raises(Denied, match="sudoProjectID or allProjects"):
                await ours.read(zone.domain, None)
        for number, (key, value) in enumerate(
            {"allProjects": True, "sudoProjectID": "elsewhere", "projectID": "elsewhere"}.items()
        ):
            async with parts.provider(designate.open, **{key: value}) as made:
                wished, mine = zone.records(f"h{number}", "A", "192.0.2.1"), zone.owned(f"h{number}")
                await made.apply(zone.domain, [creation(wished, mine)])
                assert {wished, mine} <= await parts.content(made, zone)
                await made.apply(zone.domain, [deletion(wished, mine)])
        assert await zone.rows() == {}
