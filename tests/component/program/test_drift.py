"""Resync: what others did to the zone is seen, repaired where it is ours, and costs one question where nothing happened."""

import asyncio

import pytest
from msgspec import structs

from mcidns.provider import Capabilities
from mcidns.testing.memory import TYPES
from tests.component.program.bench import provider, running
from tests.unit.program.builders import records, ref, txt, wish, zone

pytestmark = pytest.mark.looptime

MINE = "mcidns-a.foo"
OURS = (records("foo"), txt(MINE))
RESYNC = 400.0


async def settle(bench):
    bench.wish(wish("foo", "192.0.2.1"))
    await bench.idle()


async def test_a_quiet_zone_costs_one_question_per_resync():
    async with running(provider(*OURS)) as bench:
        await settle(bench)
        before = len(bench.provider.calls)
        await asyncio.sleep(RESYNC)
        assert [call for call, _ in bench.provider.calls[before:]] == ["read"]


async def test_a_record_somebody_edited_is_put_right():
    async with running(provider(*OURS)) as bench:
        await settle(bench)
        bench.foreign(records("foo", "A", "203.0.113.66"))
        await asyncio.sleep(RESYNC)
        assert bench.values("foo") == ("192.0.2.1",)


async def test_a_record_somebody_deleted_is_made_again():
    async with running(provider(*OURS)) as bench:
        await settle(bench)
        bench.vanish("foo")
        await asyncio.sleep(RESYNC)
        assert bench.values("foo") == ("192.0.2.1",)


async def test_a_record_whose_ownership_was_taken_away_is_ours_no_more():
    async with running(provider(*OURS)) as bench:
        await settle(bench)
        bench.vanish(MINE)
        bench.foreign(records("foo", "A", "203.0.113.66"))
        await asyncio.sleep(RESYNC)
        assert bench.word().reason == "NotOwner"
        assert bench.values("foo") == ("203.0.113.66",)


async def test_a_foreign_record_that_goes_makes_way_at_the_next_resync():
    async with running(provider(records("foo", "A", "203.0.113.66"))) as bench:
        await settle(bench)
        assert bench.word().reason == "NotOwner"
        bench.vanish("foo")
        await asyncio.sleep(RESYNC)
        assert bench.word().state == "Programmed"
        assert bench.values("foo") == ("192.0.2.1",)


async def test_our_own_writes_are_no_drift():
    async with running() as bench:
        await settle(bench)
        await asyncio.sleep(RESYNC)
        assert len(bench.provider.batches) == 1


@pytest.mark.parametrize("journal", [pytest.param(True, id="by differences"), pytest.param(False, id="by a whole listing")])
async def test_other_peoples_changes_dirty_nothing_of_ours(journal):
    async with running(provider(*OURS)) as bench:
        await settle(bench)
        bench.foreign(records("mail", "MX", "1 mx."), records("other", "TXT", '"x"'))
        if not journal:
            bench.content.journal.clear()
        await asyncio.sleep(RESYNC)
        assert bench.provider.batches == []
        assert bench.status.names == 4


async def test_a_whole_listing_repairs_what_drifted_and_finds_what_came_back():
    async with running(provider(*OURS, records("bar"), txt("mcidns-a.bar", resource="globalhost/shop/elder"))) as bench:
        await settle(bench)
        assert bench.values("bar") == ()
        bench.foreign(records("foo", "A", "203.0.113.66"), records("bar"), txt("mcidns-a.bar", resource="globalhost/shop/elder"))
        bench.content.journal.clear()
        await asyncio.sleep(RESYNC)
        assert bench.values("foo") == ("192.0.2.1",)
        assert bench.values("bar") == ()


async def test_a_write_while_a_listing_is_under_way_is_not_forgotten():
    server = provider(*OURS)
    async with running(server) as bench:
        await settle(bench)
        bench.content.journal.clear()
        bench.foreign(records("mail", "MX", "1 mx."))
        server.latency = 400.0
        await asyncio.sleep(600.0)  # the resync began at 270 to 330 s, took its snapshot 200 s later and ends after 400 s
        assert bench.calls("read") == 2
        server.latency = 0.0
        bench.wish(wish("foo", "192.0.2.2"))
        await asyncio.sleep(1.0)
        assert bench.values("foo") == ("192.0.2.2",)
        written = len(server.batches)
        await asyncio.sleep(200.0)
        assert bench.values("foo") == ("192.0.2.2",)
        assert len(server.batches) == written


async def test_a_foreign_writer_between_our_read_and_our_write_is_noticed_and_left_alone():
    async with running() as bench:
        await bench.idle()
        bench.foreign(records("foo", "A", "203.0.113.66"))
        bench.wish(wish("foo", "192.0.2.1"))
        await bench.idle()
        assert bench.values("foo") == ("203.0.113.66",)
        assert bench.word().reason == "NotOwner"


async def test_a_foreign_change_of_our_record_between_read_and_write_is_overwritten_only_after_it_was_seen():
    async with running(provider(*OURS)) as bench:
        await settle(bench)
        bench.foreign(records("foo", "A", "203.0.113.66"))
        bench.wish(wish("foo", "192.0.2.2"))
        await bench.idle()
        assert bench.values("foo") == ("192.0.2.2",)
        assert bench.word().state == "Programmed"


@pytest.mark.parametrize("fenced", [pytest.param(True, id="with compare and set"), pytest.param(False, id="without")])
async def test_a_zone_that_cannot_be_listed_is_worked_on_by_looking(fenced):
    server = provider(records("foo"), txt(MINE), listing=False, capabilities=Capabilities(types=TYPES, compare_and_set=fenced))
    async with running(server) as bench:
        bench.wish(wish("foo", "192.0.2.2"))
        bench.wish(wish("bar", "192.0.2.1", source=ref("bar")))
        await bench.idle()
        assert (bench.values("foo"), bench.values("bar")) == (("192.0.2.2",), ("192.0.2.1",))
        assert (bench.status.listing, bench.status.ready) == ("targeted", True)
        assert "transfers are refused" in bench.status.message
        bench.programmer.forget(ref("bar"))
        await bench.idle()
        assert bench.values("bar") == ()


async def test_drift_is_found_by_looking_too():
    async with running(provider(*OURS, listing=False)) as bench:
        await settle(bench)
        bench.foreign(records("foo", "A", "203.0.113.66"))
        await asyncio.sleep(RESYNC)
        assert bench.values("foo") == ("192.0.2.1",)


async def test_foreign_records_are_respected_without_a_listing():
    async with running(provider(records("foo", "A", "203.0.113.66"), listing=False)) as bench:
        await settle(bench)
        assert bench.word().reason == "NotOwner"
        assert bench.values("foo") == ("203.0.113.66",)


async def test_a_resync_that_was_shortened_takes_effect():
    async with running(provider(*OURS), served=zone(resync=36000.0)) as bench:
        await settle(bench)
        bench.programmer.set_zone(zone(resync=10.0), bench.provider)
        before = bench.calls("read")
        await asyncio.sleep(12.0)
        assert bench.calls("read") == before + 1


@pytest.mark.parametrize("journal", [pytest.param(True, id="by differences"), pytest.param(False, id="by a whole listing")])
async def test_a_record_that_lost_only_its_ownership_gets_it_again(journal):
    async with running(provider(*OURS, records("foo", "AAAA", "2001:db8::1"), txt("mcidns-aaaa.foo"))) as bench:
        bench.wish(structs.replace(wish("foo"), sets=(records("foo"), records("foo", "AAAA", "2001:db8::1"))))
        await bench.idle()
        bench.vanish(MINE)
        if not journal:
            bench.content.journal.clear()
        await asyncio.sleep(RESYNC)
        assert (bench.word().state, bench.values(MINE, "TXT")) == ("Programmed", txt(MINE).values)
        (repair,) = bench.provider.batches[0]
        assert {edit.key.type: edit.is_check for edit in repair.edits} == {"A": True, "TXT": False}


@pytest.mark.parametrize(
    ("others", "why"),
    [
        pytest.param((txt(MINE, "somebody"),), "belongs to owner 'somebody'", id="that somebody else has marked meanwhile"),
        pytest.param((records(MINE, "TXT", '"v=spf1"'),), "without our ownership", id="whose place is taken"),
        pytest.param((records("foo", "A", "203.0.113.1"),), "without our ownership", id="that was changed"),
    ],
)
async def test_a_record_that_lost_its_ownership_is_not_taken_back(others, why):
    async with running(provider(*OURS)) as bench:
        await settle(bench)
        bench.vanish(MINE)
        bench.foreign(*others)
        await asyncio.sleep(RESYNC)
        assert bench.provider.batches == []
        assert why in bench.word().message


async def test_a_released_name_that_nobody_wishes_for_stays_released():
    async with running(provider(*OURS)) as bench:
        await settle(bench)
        bench.vanish(MINE)
        bench.intend(ref())
        await asyncio.sleep(RESYNC)
        assert bench.values("foo") == ("192.0.2.1",)
        assert bench.values(MINE, "TXT") == ()
