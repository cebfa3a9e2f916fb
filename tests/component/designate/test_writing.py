"""Record sets are written with as few requests as are safe, taken back where they are refused, and followed to the servers."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator

import dns.asyncquery
import dns.message
import dns.rdatatype
import pytest

from mcidns.errors import Conflict, Denied, Rejected
from mcidns.model.records import Change, Edit, Urgency
from mcidns.provider import Propagation, Receipt
from mcidns_designate import DesignateProvider
from tests.component.designate import parts
from tests.component.designate.parts import Zone, change, creation, deletion
from tests.openstack.designate import Designate

LONG = 40.0


async def answer(designate: Designate, zone: Zone, label: str, type_: str) -> list[str]:
    """What Designate's BIND answers."""
    query = dns.message.make_query(zone.name(label).text, type_)
    reply = await dns.asyncquery.udp(query, "127.0.0.1", port=designate.bind.port, timeout=5)
    wanted = dns.rdatatype.from_text(type_)
    return sorted(rdata.to_text() for rrset in reply.answer if rrset.rdtype == wanted for rdata in rrset)


async def until_answered(designate: Designate, zone: Zone, label: str, type_: str, expected: list[str]) -> None:
    """Designate calls a set ACTIVE by the serial its zone had when it was made; the serial that carries it may come later."""
    async with asyncio.timeout(LONG):
        while await answer(designate, zone, label, type_) != expected:
            await asyncio.sleep(0.1)


async def followed(made: DesignateProvider, zone: Zone, one: Change, receipt: Receipt, *ends: str) -> list[Propagation]:
    """Ask until the state is one of `ends`; all that was answered."""
    told: list[Propagation] = []
    async with asyncio.timeout(LONG):
        while not told or told[-1].state not in ends:
            await asyncio.sleep(0.1 if told else 0)
            told.append(await made.confirm(zone.domain, [one], receipt))
    return told


async def confirmed(made: DesignateProvider, zone: Zone, one: Change, *ends: str) -> list[Propagation]:
    """Apply, and ask until the state is one of `ends`."""
    return await followed(made, zone, one, await made.apply(zone.domain, [one]), *ends)


async def test_a_record_costs_no_more_than_its_two_writes(designate: Designate):
    async with parts.behind_proxy(designate.open) as (zone, proxy, made):
        first, second, mine = zone.records("www", "A", "192.0.2.1"), zone.records("www", "A", "192.0.2.2"), zone.owned("www")
        await made.read(zone.domain, None)
        asked, list_ = "GET /v2/zones/*/recordsets/*", "/v2/zones/*/recordsets"
        walk = [
            (
                Change(
                    zone.name("www"),
                    (
                        Edit(first.key, None, first),
                        Edit(mine.key, None, mine),
                        parts.absent(zone.name("www"), "CNAME"),
                        parts.absent(mine.name, "CNAME"),
                    ),
                    Urgency.ADD,
                ),
                [f"POST {list_}"] * 2,
            ),
            (change((first, second), (mine, mine)), [asked, asked, f"PUT {list_}/*"]),
            (change((first, second), (mine, mine)), [asked, asked]),
            (deletion(second, mine), [asked, asked, f"DELETE {list_}/*", f"DELETE {list_}/*"]),
        ]
        for one, expected in walk:
            proxy.calls.clear()
            await made.apply(zone.domain, [one])
            assert proxy.calls == expected


async def test_what_was_written_is_pending_until_the_name_servers_answer_it(designate: Designate):
    async with parts.fresh_zone(designate.open) as zone, parts.provider(designate.open) as made:
        text = f'"caf\\195\\169; \\"x\\" \\\\" "{"y" * 255}"'
        sets = [
            zone.records("www", "A", "192.0.2.1", "192.0.2.2"),
            zone.records("www", "AAAA", "2001:db8::1"),
            zone.records("text", "TXT", text),
            zone.records("_sip._tcp", "SRV", "0 5 443 www.example.net."),
            zone.records("*.apps", "CNAME", "lb.example.net."),
            zone.records("issuer", "CAA", '0 issue "ca.example.net"'),
        ]
        told = await confirmed(made, zone, creation(*sets), "Propagated")
        assert {said.state for said in told} == {"Pending", "Propagated"}
        assert "has not seen" in told[0].message
        await until_answered(designate, zone, "www", "A", ["192.0.2.1", "192.0.2.2"])
        await until_answered(designate, zone, "www", "AAAA", ["2001:db8::1"])
        await until_answered(designate, zone, "_sip._tcp", "SRV", ["0 5 443 www.example.net."])
        await until_answered(designate, zone, "shop.apps", "CNAME", ["lb.example.net."])
        await until_answered(designate, zone, "issuer", "CAA", ['0 issue "ca.example.net"'])
        (served,) = await answer(designate, zone, "text", "TXT")
        assert served.replace('" "', "") == text.replace('" "', "")
        assert await parts.content(made, zone) == set(sets)

        told = await confirmed(made, zone, deletion(*sets), "Propagated")
        assert {said.state for said in told} == {"Pending", "Propagated"}
        assert "without" in told[0].message
        await until_answered(designate, zone, "www", "A", [])
        await until_answered(designate, zone, "text", "TXT", [])


@contextlib.contextmanager
def answering_nobody(designate: Designate) -> Iterator[None]:
    """Designate's BIND refuses every question, so that Designate cannot see what it serves."""
    config = designate.bind.folder / "named.conf"
    before = config.read_text()
    config.write_text(before.replace("allow-query { any; }", "allow-query { none; }"))
    os.kill(designate.bind.pid, signal.SIGHUP)
    try:
        yield
    finally:
        config.write_text(before)
        os.kill(designate.bind.pid, signal.SIGHUP)


async def test_name_servers_that_are_not_seen_to_serve_a_change_are_a_mismatch_until_they_are(designate: Designate):
    async with parts.fresh_zone(designate.open) as zone, parts.provider(designate.open) as made:
        www, gone = zone.records("www", "A", "192.0.2.1"), zone.records("gone", "A", "192.0.2.1")
        await confirmed(made, zone, creation(gone), "Propagated")
        with answering_nobody(designate):
            receipt = await made.apply(zone.domain, [deletion(gone)])
            told = await confirmed(made, zone, creation(www), "Mismatch")
            removed = await followed(made, zone, deletion(gone), receipt, "Mismatch")
        assert f"Designate reports ERROR for www.{zone.domain.relative} A" in told[-1].message
        assert "may still be answered" in removed[-1].message
        await confirmed(made, zone, creation(www), "Propagated")
        assert await answer(designate, zone, "www", "A") == ["192.0.2.1"]


async def test_too_many_values_name_the_quota_and_leave_nothing_behind(designate: Designate):
    async with parts.fresh_zone(designate.open) as zone, parts.provider(designate.open) as made:
        many = zone.records("www", "A", *(f"192.0.2.{number}" for number in range(21)))
        with pytest.raises(Rejected) as caught:
            await made.apply(zone.domain, [creation(many, zone.owned("www"))])
        for words in (str(many.key), "recordset_records", " is 20", "openstack dns quota set", "--recordset-records"):
            assert words in str(caught.value)
        assert await zone.rows() == {}


async def test_a_zone_that_is_full_names_its_quota_and_takes_removals_all_the_same(designate: Designate):
    async with parts.fresh_zone(designate.open, project="small") as zone:
        await zone.quota("small", zone_recordsets=5)  # two of them are Designate's own
        async with parts.provider(designate.open, projectID="small") as made:
            first = creation(one := zone.records("one", "A", "192.0.2.1"), mine := zone.owned("one"))
            await made.apply(zone.domain, [first])
            with pytest.raises(Rejected, match=r"two.*quota zone_recordsets of project small is 5.*--zone-recordsets"):
                await made.apply(zone.domain, [creation(zone.records("two", "A", "192.0.2.1"), zone.owned("two"))])
            assert await parts.content(made, zone) == {one, mine}
            await made.apply(zone.domain, [deletion(one, mine)])
            assert await zone.rows() == {}


async def test_a_change_that_meets_somebody_elses_records_is_taken_back(designate: Designate):
    async with parts.fresh_zone(designate.open) as zone, parts.provider(designate.open) as made:
        address, mine = zone.records("www", "A", "192.0.2.1"), zone.owned("www")
        await made.apply(zone.domain, [creation(address, mine)])
        await zone.put("www", "TXT", '"theirs"')
        alias, alias_mine = zone.records("www", "CNAME", "lb.example.net."), zone.owned("www", "cname")
        with pytest.raises(Conflict, match="a CNAME stands alone"):
            await made.apply(zone.domain, [change((address, None), (mine, None), (None, alias), (None, alias_mine))])
        assert await parts.content(made, zone) == {address, mine, zone.records("www", "TXT", '"theirs"')}


async def test_a_set_without_values_is_told_and_not_filled(designate: Designate):
    async with parts.fresh_zone(designate.open) as zone, parts.provider(designate.open) as made:
        await zone.put("www", "A")
        with pytest.raises(Rejected, match="without any value, or one of another project, stands there; remove it"):
            await made.apply(zone.domain, [creation(zone.records("www", "A", "192.0.2.1"), zone.owned("www"))])
        assert {key: row["records"] for key, row in (await zone.rows()).items()} == {("www", "A"): []}


async def test_what_designate_keeps_itself_is_left_alone(designate: Designate):
    async with parts.fresh_zone(designate.open) as zone, parts.provider(designate.open) as made:
        servers = zone.records("@", "NS", "ns1.example.net.", ttl=3600)
        with pytest.raises(Rejected, match="kept by Designate itself"):
            await made.apply(zone.domain, [change((servers, zone.records("@", "NS", "ns9.example.net.")))])
        found = await made.look(zone.domain, frozenset({zone.domain}))
        assert found[zone.domain] == (servers,)


async def test_who_may_only_read_is_told_which_role_is_missing(designate: Designate):
    async with parts.behind_proxy(designate.open) as (zone, proxy, made):
        proxy.headers["X-Roles"] = "reader"
        await made.read(zone.domain, None)
        with pytest.raises(Denied, match=r"forbids a-www.* TXT.*role"):
            await made.apply(zone.domain, [creation(zone.records("www", "A", "192.0.2.1"), zone.owned("www"))])
        assert await zone.rows() == {}
