"""The guard inside a running worker: mass deletions wait, everything else goes."""

import asyncio

import pytest

from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet, Wish
from mcidns.model.zones import Guard
from mcidns.testing.memory import MemoryProvider
from tests.component.program.bench import Bench, provider, running
from tests.unit.program.builders import records, ref, txt, wish, zone

pytestmark = pytest.mark.looptime


async def filled(bench: Bench, count: int = 20) -> None:
    for number in range(count):
        bench.wish(wish(f"h{number}", "192.0.2.1", "192.0.2.2", source=ref(f"h{number}")))
    await bench.idle()


def held_names(bench: Bench) -> int:
    return len(bench.status.held.names) if bench.status.held is not None else 0


async def test_deleting_a_third_of_the_names_waits_and_says_how_to_approve():
    async with running() as bench:
        await filled(bench)
        for number in range(7):
            bench.programmer.forget(ref(f"h{number}"))
        bench.wish(wish("h9", "192.0.2.1", source=ref("h9")))
        await bench.idle()
        assert held_names(bench) == 7
        assert bench.values("h0") == ("192.0.2.1", "192.0.2.2")
        assert bench.values("h9") == ("192.0.2.1",)
        assert f"mcidns.io/approve-plan: {bench.status.held.digest}" in bench.status.held.message


async def test_an_approved_plan_goes():
    async with running() as bench:
        await filled(bench)
        for number in range(20):
            bench.programmer.forget(ref(f"h{number}"))
        await bench.idle()
        bench.programmer.set_zone(zone(approved_plan=bench.status.held.digest), bench.provider)
        await bench.idle()
        assert bench.content.sets == {}
        assert bench.status.held is None


async def test_another_digest_approves_nothing():
    async with running() as bench:
        await filled(bench)
        for number in range(20):
            bench.programmer.forget(ref(f"h{number}"))
        await bench.idle()
        bench.programmer.set_zone(zone(approved_plan="000000000000"), bench.provider)
        await bench.idle()
        assert held_names(bench) == 20


async def test_names_wished_for_again_end_the_hold():
    async with running() as bench:
        await filled(bench)
        for number in range(8):
            bench.programmer.forget(ref(f"h{number}"))
        await bench.idle()
        writes = bench.status.writes
        for number in range(8):
            bench.wish(wish(f"h{number}", "192.0.2.1", "192.0.2.2", source=ref(f"h{number}")))
        await bench.idle()
        assert bench.status.held is None
        assert bench.status.writes == writes == 20


async def test_an_emptied_wish_is_held_and_its_object_is_told():
    async with running() as bench:
        await filled(bench)
        for number in range(20):
            bench.wish(wish(f"h{number}", source=ref(f"h{number}")))
        await bench.idle()
        assert (bench.word(ref("h3")).state, bench.word(ref("h3")).reason) == ("Held", "PlanHeld")
        assert "mcidns.io/approve-plan" in bench.word(ref("h3")).message


async def test_a_region_that_fails_everywhere_is_no_mass_deletion():
    async with running() as bench:
        await filled(bench)
        for number in range(20):
            bench.wish(wish(f"h{number}", "192.0.2.2", source=ref(f"h{number}")))
        await bench.idle()
        assert {bench.values(f"h{number}") for number in range(20)} == {("192.0.2.2",)}


async def test_names_that_go_one_by_one_add_up():
    async with running() as bench:
        await filled(bench)
        for number in range(20):
            bench.programmer.forget(ref(f"h{number}"))
            await bench.idle()
        left = [number for number in range(20) if bench.values(f"h{number}")]
        assert len(left) == 14
        assert held_names(bench) == 14
        await asyncio.sleep(3600.0)
        assert [number for number in range(20) if bench.values(f"h{number}")] == left


async def test_a_trickle_over_hours_passes():
    async with running() as bench:
        await filled(bench)
        for number in range(10):
            bench.programmer.forget(ref(f"h{number}"))
            await asyncio.sleep(120.0)
        assert not any(bench.values(f"h{number}") for number in range(10))


async def test_orphans_of_a_whole_zone_are_held_after_a_restart():
    sets = [one for number in range(12) for one in (records(f"h{number}"), txt(f"mcidns-a.h{number}"))]
    async with running(provider(*sets)) as bench:
        await bench.idle()
        assert held_names(bench) == 12
        assert bench.provider.batches == []


async def test_the_digest_is_the_same_after_a_restart():
    sets = [one for number in range(12) for one in (records(f"h{number}"), txt(f"mcidns-a.h{number}"))]
    digests = set()
    for _ in range(2):
        async with running(provider(*sets)) as bench:
            await bench.idle()
            digests.add(bench.status.held.digest)
    assert len(digests) == 1


async def test_a_higher_limit_lets_it_pass():
    async with running() as bench:
        await filled(bench)
        for number in range(8):
            bench.programmer.forget(ref(f"h{number}"))
        await bench.idle()
        bench.programmer.set_zone(zone(guard=Guard(max_emptied_percent=50)), bench.provider)
        await bench.idle()
        assert bench.status.owned == 12


async def test_ten_thousand_deletions_one_by_one_stay_cheap():
    async with running() as bench:
        await filled(bench, 400)
        for number in range(400):
            bench.programmer.forget(ref(f"h{number}"))
            await asyncio.sleep(0.001)
        await bench.idle()
        assert held_names(bench) == 280


async def test_a_region_that_takes_all_names_of_its_addresses_along_does_not_wait():
    async with running(MemoryProvider("2.0.192.in-addr.arpa"), served=zone(domain="2.0.192.in-addr.arpa")) as bench:
        for number in range(20):
            pointer = DnsName(f"{number}.2.0.192.in-addr.arpa.")
            sets = (RecordSet.of(pointer, "PTR", 30, ["www.example.org."]),)
            bench.intend(ref(f"h{number}"), Wish(ref(f"h{number}"), pointer, sets, 0.0))
        await bench.idle()
        held = bench.provider.zone("2.0.192.in-addr.arpa")
        assert sum(one.type == "PTR" for sets in held.sets.values() for one in sets) == 20
        for number in range(20):
            bench.programmer.forget(ref(f"h{number}"))
        await bench.idle()
        assert held.sets == {}
