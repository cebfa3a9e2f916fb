"""What a user of the Programmer sees: names in, records and words out."""

import asyncio
from dataclasses import replace

import pytest

from mcidns.model.names import DnsName
from mcidns.model.records import Untouched
from mcidns.program.pace import Pace
from mcidns.provider import Capabilities
from mcidns.testing.memory import TYPES, MemoryProvider
from tests.component.program.bench import provider, running
from tests.unit.program.builders import name, records, ref, txt, wish, zone

pytestmark = pytest.mark.looptime

MINE = "mcidns-a.foo"
OURS = (records("foo"), txt(MINE))


async def test_a_wish_becomes_a_record_with_its_txt_and_a_word():
    async with running() as bench:
        bench.wish(wish("foo", "192.0.2.1"))
        await bench.idle()
        assert bench.content.at(name("foo")) == (records("foo"),)
        assert bench.content.at(name(MINE)) == (txt(MINE),)
        assert (bench.word().state, bench.word().reason) == ("Programmed", "Programmed")
        assert bench.reports == [ref()]


async def test_a_restart_on_a_zone_that_is_right_writes_nothing():
    async with running(provider(*OURS)) as bench:
        bench.wish(wish("foo", "192.0.2.1"))
        await bench.idle()
        assert bench.word().state == "Programmed"
        assert bench.calls("apply") == 0


async def test_the_same_wish_again_asks_nothing_of_the_server():
    async with running() as bench:
        bench.wish(wish("foo", "192.0.2.1"))
        await bench.idle()
        before = list(bench.provider.calls)
        bench.wish(wish("foo", "192.0.2.1"))
        await bench.idle()
        assert bench.provider.calls == before


async def test_no_call_goes_out_before_the_zone_was_read_and_one_reading_is_enough():
    async with running() as bench:
        for number in range(250):
            bench.wish(wish(f"h{number}", "192.0.2.1", source=ref(f"h{number}")))
        await bench.idle()
        assert bench.provider.calls[0][0] == "read"
        assert bench.calls("read") == 1
        assert bench.calls("look") == 0
        assert bench.status.owned == 250


async def test_withdrawals_go_before_additions_and_those_before_cosmetics():
    sets = [
        one for number in range(9) for one in (records(f"h{number}", "A", "192.0.2.1", "192.0.2.2"), txt(f"mcidns-a.h{number}"))
    ]
    server = provider(*sets, batch=3, capabilities=Capabilities(types=TYPES, compare_and_set=True, parallel=1))
    async with running(server) as bench:
        for number in range(3):
            bench.wish(wish(f"h{number}", "192.0.2.1", "192.0.2.2", ttl=60))
        for number in range(3, 6):
            bench.intend(ref(f"h{number}"), wish(f"h{number}", "192.0.2.1", "192.0.2.2", "192.0.2.3", source=ref(f"h{number}")))
        for number in range(6, 9):
            bench.intend(ref(f"h{number}"), wish(f"h{number}", "192.0.2.1", source=ref(f"h{number}")))
        bench.intend(ref(), *(wish(f"h{number}", "192.0.2.1", "192.0.2.2", ttl=60) for number in range(3)))
        await bench.idle()
        order = [change.name for batch in server.batches for change in batch]
        assert order == [name(f"h{number}") for number in (6, 7, 8, 3, 4, 5, 0, 1, 2)]


async def test_changes_that_come_while_one_is_under_way_are_one_change_afterwards():
    server = provider()
    server.latency = 1.0
    async with running(server) as bench:
        await bench.idle()
        for last in (1, 2, 3, 4):
            bench.wish(wish("foo", f"192.0.2.{last}"))
            await asyncio.sleep(0.1)
        await bench.idle()
        assert bench.values("foo") == ("192.0.2.4",)
        assert len(server.batches) == 2


async def test_an_object_that_goes_takes_its_name_along():
    async with running() as bench:
        bench.wish(wish("foo", "192.0.2.1"))
        await bench.idle()
        bench.programmer.forget(ref())
        await bench.idle()
        assert bench.content.sets == {}
        assert bench.programmer.programming(ref()) == ()


async def test_an_object_that_goes_leaves_its_records_where_they_shall_outlive_it():
    async with running() as bench:
        bench.wish(wish("foo", "192.0.2.1", orphan=True))
        await bench.idle()
        bench.programmer.forget(ref())
        await bench.idle()
        assert bench.content.sets == {name("foo"): (records("foo"),)}


async def test_orphans_of_a_former_process_go_once_every_object_was_decided_and_not_before():
    async with running(provider(*OURS), settled=False) as bench:
        await bench.idle()
        assert bench.values("foo") == ("192.0.2.1",)
        bench.programmer.settled()
        await bench.idle()
        assert bench.content.sets == {}


async def test_orphans_of_an_object_that_cannot_be_judged_stay_until_it_can():
    async with running(provider(*OURS)) as bench:
        bench.intend(ref(), Untouched(ref(), name("bar"), "no member answers"))
        await bench.idle()
        assert bench.values("foo") == ("192.0.2.1",)
        bench.wish(wish("bar", "192.0.2.1"))
        await bench.idle()
        assert bench.values("foo") == ()


async def test_a_partner_not_heard_yet_loses_no_address_at_the_start():
    both = (records("foo", "A", "192.0.2.1", "192.0.2.2"), txt(MINE))
    async with running(provider(*both), settled=False) as bench:
        bench.wish(wish("foo", "192.0.2.1", merge="shop"))
        await bench.idle()
        assert bench.values("foo") == ("192.0.2.1", "192.0.2.2")
        bench.wish(wish("foo", "192.0.2.2", source=ref("second"), claimed_at=2.0, merge="shop"))
        bench.programmer.settled()
        await bench.idle()
        assert bench.values("foo") == ("192.0.2.1", "192.0.2.2")
        assert bench.provider.batches == []


async def test_a_younger_rival_decided_first_does_not_take_the_name_at_the_start():
    async with running(provider(*OURS), settled=False) as bench:
        bench.wish(wish("foo", "198.51.100.1", source=ref("late"), claimed_at=9.0))
        await bench.idle()
        assert bench.word(ref("late")).reason == "Starting"
        bench.wish(wish("foo", "192.0.2.1"))
        bench.programmer.settled()
        await bench.idle()
        assert bench.provider.batches == []
        assert bench.word(ref("late")).reason == "HostnameConflict"
        assert "GlobalHost shop/web" in bench.word(ref("late")).message


async def test_what_this_process_published_may_shrink_before_every_object_was_decided():
    async with running(settled=False) as bench:
        bench.wish(wish("foo", "192.0.2.1", "192.0.2.2", merge="shop"))
        await bench.idle()
        bench.wish(wish("foo", "192.0.2.1", merge="shop"))
        await bench.idle()
        assert bench.values("foo") == ("192.0.2.1",)


async def test_nothing_is_written_at_an_untouched_name_and_it_says_why():
    async with running(provider(*OURS)) as bench:
        bench.intend(ref(), Untouched(ref(), name("foo"), "no member at all answers"))
        await bench.idle()
        assert bench.provider.batches == []
        assert (bench.word().state, bench.word().message) == ("Held", "no member at all answers")


async def test_a_name_without_a_zone_says_so_until_there_is_one():
    async with running() as bench:
        bench.wish(wish("www.example.net.", "192.0.2.1"))
        assert (bench.word().state, bench.word().reason) == ("Failed", "NoMatchingZone")
        other = MemoryProvider("example.net")
        bench.programmer.set_zone(zone("net", "example.net"), other)
        await bench.idle()
        assert bench.word().state == "Programmed"
        assert DnsName("www.example.net.") in other.zone("example.net").sets


async def test_two_zones_of_one_domain_are_refused_and_lose_nothing():
    async with running() as bench:
        bench.wish(wish("foo", "192.0.2.1"))
        await bench.idle()
        bench.programmer.set_zone(zone("twin"), bench.provider)
        await bench.idle()
        assert bench.word().reason == "NoMatchingZone"
        assert "example and twin" in bench.word().message
        assert bench.values("foo") == ("192.0.2.1",)
        bench.programmer.remove_zone("twin")
        await bench.idle()
        assert bench.word().state == "Programmed"


async def test_the_longest_domain_takes_the_name_and_what_the_shorter_held_stays():
    async with running() as bench:
        bench.wish(wish("www.eu", "192.0.2.1"))
        await bench.idle()
        eu = MemoryProvider("eu.example.org")
        bench.programmer.set_zone(zone("eu", "eu.example.org"), eu)
        await bench.idle()
        assert name("www.eu") in eu.zone("eu.example.org").sets
        assert bench.values("www.eu") == ("192.0.2.1",)


async def test_a_zone_without_a_provider_says_so_at_its_names():
    async with running() as bench:
        bench.programmer.set_zone(zone("net", "example.net"), None)
        bench.wish(wish("www.example.net.", "192.0.2.1"))
        assert bench.word().reason == "ProviderUnavailable"
        assert "spec.providerRef" in bench.word().message
        assert bench.programmer.zone_status("net").reason == "NoProvider"


async def test_a_zone_with_an_owner_that_cannot_work_says_so():
    async with running() as bench:
        bench.programmer.set_zone(replace(zone("net", "example.net"), owner_id="a,b"), MemoryProvider("example.net"))
        assert (bench.programmer.zone_status("net").reason, bench.programmer.zone_status("net").ready) == ("Invalid", False)
        assert "spec.ownerID" in bench.programmer.zone_status("net").message


async def test_a_removed_zone_keeps_its_records_and_its_names_say_so():
    async with running() as bench:
        bench.wish(wish("foo", "192.0.2.1"))
        await bench.idle()
        bench.programmer.remove_zone("example")
        await bench.idle()
        assert bench.values("foo") == ("192.0.2.1",)
        assert bench.word().reason == "NoMatchingZone"
        with pytest.raises(KeyError):
            bench.programmer.zone_status("example")


async def test_a_new_provider_takes_over_when_the_former_worker_has_ended():
    async with running() as bench:
        bench.wish(wish("foo", "192.0.2.1"))
        await bench.idle()
        second = provider()
        bench.programmer.set_zone(zone(), second)
        await bench.idle()
        assert second.zone("example.org").at(name("foo")) == (records("foo"),)


async def test_a_change_of_policy_reaches_the_running_worker():
    async with running(provider(*OURS), served=zone(policy="CreateOnly")) as bench:
        bench.wish(wish("foo", "192.0.2.9"))
        await bench.idle()
        assert bench.word().reason == "PolicyForbids"
        bench.programmer.set_zone(zone(), bench.provider)
        await bench.idle()
        assert bench.values("foo") == ("192.0.2.9",)
        assert bench.calls("read") == 1


async def test_a_dry_run_writes_nothing_and_says_what_it_would():
    async with running(dry_run=True) as bench:
        bench.wish(wish("foo", "192.0.2.1"))
        await bench.idle()
        assert bench.provider.batches == []
        assert (bench.word().state, bench.word().reason) == ("Held", "DryRun")
        assert "A (none) -> 192.0.2.1" in bench.word().message
        assert bench.status.plan is not None
        assert bench.status.plan.creates == 2


async def test_partners_unite_and_healthy_ones_displace_those_that_fail_open():
    async with running() as bench:
        bench.wish(wish("foo", "192.0.2.1", merge="shop", fail_open=True))
        second = ref("second")
        bench.wish(wish("foo", "192.0.2.2", source=second, claimed_at=2.0, merge="shop"))
        await bench.idle()
        assert bench.values("foo") == ("192.0.2.2",)
        bench.wish(wish("foo", "192.0.2.1", merge="shop"))
        await bench.idle()
        assert bench.values("foo") == ("192.0.2.1", "192.0.2.2")
        assert bench.word(second).state == "Programmed"


@pytest.mark.parametrize(("state", "word"), [("Propagated", "Propagated"), ("Pending", "Pending"), ("Mismatch", "Mismatch")])
async def test_what_the_authoritative_servers_answer_is_told(state, word):
    server = provider()
    server.propagation = state
    async with running(server) as bench:
        bench.wish(wish("foo", "192.0.2.1"))
        await asyncio.sleep(1.0)
        assert (bench.word().state, bench.word().propagation) == ("Programmed", word)


async def test_propagation_is_asked_again_ever_more_slowly_until_it_is_there():
    server = provider()
    server.propagation = "Pending"
    async with running(server) as bench:
        bench.wish(wish("foo", "192.0.2.1"))
        await asyncio.sleep(100.0)
        assert bench.calls("confirm") < 12
        server.propagation = "Propagated"
        await asyncio.sleep(61.0)
        asked = bench.calls("confirm")
        assert bench.word().propagation == "Propagated"
        await asyncio.sleep(200.0)
        assert bench.calls("confirm") == asked


async def test_a_bucket_shared_by_two_zones_paces_both():
    server = provider()
    server.zone("example.net")
    pace = Pace(rate=1.0, burst=1)
    async with running(server, pace=pace) as bench:
        bench.programmer.set_zone(zone("net", "example.net"), server, pace)
        await bench.idle()
        started = asyncio.get_running_loop().time()
        bench.wish(wish("foo", "192.0.2.1"), wish("www.example.net.", "192.0.2.1", source=ref("net")))
        await bench.idle()
        assert asyncio.get_running_loop().time() - started >= 1.0


async def test_words_are_told_once_until_they_are_read():
    async with running() as bench:
        bench.wish(wish("foo", "192.0.2.1"))
        await bench.idle()
        bench.wish(wish("foo", "192.0.2.2"))
        await bench.idle()
        assert bench.reports == [ref()]
        bench.word()
        bench.wish(wish("foo", "192.0.2.3"))
        assert bench.word().state == "Pending"
        await bench.idle()
        assert bench.reports == [ref(), ref()]


async def test_the_status_counts_what_is_ours_and_what_is_not():
    async with running(provider(records("mail", "MX", "1 mx."), records("other"), *OURS)) as bench:
        bench.wish(wish("foo", "192.0.2.1"))
        await bench.idle()
        status = bench.status
        assert (status.ready, status.names, status.owned, status.foreign, status.listing) == (True, 4, 1, 2, "transfer")
        assert bench.zones
