"""What a provider may do to us: each fault is told where it belongs, harms nothing else and ends by itself."""

import asyncio

import pytest

from mcidns.errors import Conflict, Denied, Rejected, Throttled, Transient
from mcidns.model.records import Wish
from mcidns.program.plugins import ProviderSpec
from mcidns.provider import ProviderSettings
from mcidns.testing.memory import Fault, MemoryProvider
from tests.component.program.bench import provider, running
from tests.unit.program.builders import name, records, ref, txt, wish, zone

pytestmark = pytest.mark.looptime

MINE = "mcidns-a.foo"
FOREVER = 10**6


def fill(bench, count=500):
    for number in range(count):
        bench.wish(wish(f"h{number}", "192.0.2.1", source=ref(f"h{number}")))


def refuses(*hosts):
    bad = {name(host) for host in hosts}
    return lambda change: f"{change.name.relative} is not to my taste" if change.name in bad else None


async def test_one_refused_record_among_500_is_found_and_all_others_are_written():
    server = provider()
    server.rejects = refuses("h77")
    async with running(server) as bench:
        fill(bench)
        await bench.idle()
        word = bench.word(ref("h77"))
        assert (word.state, word.reason) == ("Failed", "Rejected")
        assert "h77.example.org" in word.message
        assert "not to my taste" in word.message
        assert sum(1 for number in range(500) if bench.values(f"h{number}")) == 499
        assert bench.status.quarantined == 1
        # Bisecting costs a handful of batches; how the 500 were cut before depends on how fast they were planned.
        assert bench.calls("apply") < 100


class Naming(MemoryProvider):
    """Names every culprit of a batch at once, as Route 53 does."""

    kind: type[Conflict | Rejected] = Rejected

    async def apply(self, zone, batch):
        bad = {change: said for change in batch if (said := self.rejects(change)) is not None}
        if bad:
            self.calls.append(("apply", zone))
            raise self.kind("; ".join(bad.values()), culprits=bad)
        return await super().apply(zone, batch)


async def test_culprits_that_the_back_end_names_are_set_aside_without_a_search():
    server = Naming("example.org")
    server.rejects = refuses("h7", "h9")
    async with running(server) as bench:
        fill(bench, 20)
        await bench.idle()
        assert [bench.word(ref(f"h{number}")).state for number in (6, 7, 8, 9)] == ["Programmed", "Failed", "Programmed", "Failed"]
        assert "h9.example.org is not to my taste" in bench.word(ref("h9")).message
        assert sum(1 for number in range(20) if bench.values(f"h{number}")) == 18
        assert bench.calls("apply") <= 4


async def test_a_conflict_whose_culprit_the_back_end_names_is_looked_at_and_the_rest_written_at_once():
    server = Naming("example.org")
    server.kind, server.rejects = Conflict, refuses("h7")
    async with running(server) as bench:
        fill(bench, 20)
        await asyncio.sleep(1.0)
        server.rejects = lambda _: None
        await asyncio.sleep(60.0)
        assert sum(1 for number in range(20) if bench.values(f"h{number}")) == 20
        assert bench.calls("look") <= 4
        assert bench.calls("apply") <= 8


async def test_a_culprit_of_one_type_leaves_the_other_type_of_the_name_written():
    server = Naming("example.org")
    server.rejects = lambda change: "no AAAA here" if any(edit.key.type == "AAAA" for edit in change.edits) else None
    async with running(server) as bench:
        sets = (records("foo", "A", "192.0.2.1"), records("foo", "AAAA", "2001:db8::1"))
        bench.intend(ref(), Wish(ref(), name("foo"), sets, 1.0))
        await bench.idle()
        assert bench.values("foo") == ("192.0.2.1",)
        assert "no AAAA here" in bench.word().message


async def test_a_quarantined_change_is_tried_again_ever_more_rarely_and_leaves_when_it_is_taken():
    server = provider()
    server.rejects = refuses("foo")
    async with running(server) as bench:
        bench.wish(wish("foo", "192.0.2.1"))
        await asyncio.sleep(3600.0)
        assert 5 <= bench.calls("apply") <= 9
        server.rejects = lambda _: None
        await asyncio.sleep(3700.0)
        assert bench.word().state == "Programmed"
        assert bench.status.quarantined == 0


async def test_new_content_is_tried_at_once():
    server = provider()
    server.rejects = lambda change: "bad" if "192.0.2.66" in change.note else None
    async with running(server) as bench:
        bench.wish(wish("foo", "192.0.2.66"))
        await bench.idle()
        assert bench.word().reason == "Rejected"
        bench.wish(wish("foo", "192.0.2.1"))
        await bench.idle()
        assert bench.word().state == "Programmed"
        assert bench.status.quarantined == 0


async def test_a_zone_full_of_bad_records_does_not_flood_its_server():
    server = provider()
    server.rejects = lambda change: "no" if change.name != name("h3") else None
    async with running(server) as bench:
        fill(bench, 1000)
        await asyncio.sleep(0.5)
        assert bench.calls("apply") <= 2 * 200 + 20
        await asyncio.sleep(200.0)
        assert bench.values("h3") == ("192.0.2.1",)


async def test_a_name_the_policy_does_not_grant_stops_no_other():
    server = provider()
    server.denies = refuses("h1", "h2")
    async with running(server) as bench:
        fill(bench, 100)
        await bench.idle()
        assert {bench.word(ref(f"h{number}")).reason for number in (1, 2)} == {"Denied"}
        assert sum(1 for number in range(100) if bench.values(f"h{number}")) == 98
        assert bench.status.ready


async def test_a_zone_that_denies_everything_is_left_in_peace_and_says_so_and_recovers():
    server = provider()
    server.denies = lambda _: "REFUSED; allow the key in update-policy"
    async with running(server) as bench:
        fill(bench, 300)
        await asyncio.sleep(60.0)
        assert bench.calls("apply") < 40
        assert (bench.status.ready, bench.status.reason) == (False, "Denied")
        assert {bench.word(ref(f"h{number}")).reason for number in range(300)} == {"Denied"}
        server.denies = lambda _: None
        await asyncio.sleep(120.0)
        assert all(bench.values(f"h{number}") for number in range(300))
        assert bench.status.ready


async def test_a_server_that_is_down_is_told_at_every_waiting_name_and_no_other_and_recovers():
    server = provider(records("ok"), txt("mcidns-a.ok", resource="globalhost/shop/ok"))
    async with running(server) as bench:
        bench.wish(wish("ok", "192.0.2.1", source=ref("ok")))
        await bench.idle()
        down = Fault("apply", Transient("no answer from 192.0.2.53"), times=FOREVER)
        server.faults.append(down)
        bench.wish(wish("foo", "192.0.2.1"))
        await asyncio.sleep(30.0)
        assert (bench.word().state, bench.word().reason) == ("Failed", "ProviderUnavailable")
        assert "no answer from 192.0.2.53" in bench.word().message
        assert bench.word(ref("ok")).state == "Programmed"
        assert not bench.status.ready
        down.times = 0
        await asyncio.sleep(61.0)
        assert bench.word().state == "Programmed"
        assert bench.status.ready


async def test_attempts_on_a_server_that_is_down_slow_down_to_one_a_minute():
    server = provider()
    async with running(server) as bench:
        await bench.idle()
        server.faults.append(Fault("apply", Transient("down"), times=FOREVER))
        bench.wish(wish("foo", "192.0.2.1"))
        await asyncio.sleep(3600.0)
        assert 55 <= bench.calls("apply") <= 95
        assert bench.reports == [ref()]


async def test_names_that_come_while_the_server_is_down_are_told_too():
    server = provider()
    async with running(server) as bench:
        await bench.idle()
        server.faults.append(Fault("apply", Transient("down"), times=FOREVER))
        bench.wish(wish("foo", "192.0.2.1"))
        await asyncio.sleep(0.1)
        bench.wish(wish("bar", "192.0.2.1", source=ref("bar")))
        await asyncio.sleep(0.1)
        assert bench.word(ref("bar")).reason == "ProviderUnavailable"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(Transient("server 192.0.2.53 does not answer; start it"), "ProviderUnavailable", id="down"),
        pytest.param(Denied("wrong TSIG secret for key upd; correct it in the Secret"), "Denied", id="wrong key"),
        pytest.param(Throttled("slow down", retry_after=20.0), "ProviderUnavailable", id="throttled"),
        pytest.param(ValueError("a mistake of the plug-in"), "ProviderUnavailable", id="a mistake of the plug-in"),
    ],
)
async def test_a_zone_that_cannot_be_read_at_the_start_says_why_at_its_names_and_recovers(error, reason, caplog):
    server = provider()
    fault = Fault("read", error, times=FOREVER)
    server.faults.append(fault)
    async with running(server) as bench:
        bench.wish(wish("foo", "192.0.2.1"))
        await asyncio.sleep(10.0)
        assert bench.word().reason == reason
        assert str(error).partition(";")[0] in bench.word().message
        assert (bench.status.ready, bench.status.reason) == (False, reason)
        fault.times = 0
        await asyncio.sleep(61.0)
        assert bench.word().state == "Programmed"
        assert bench.status.ready


async def test_a_failed_resync_stops_no_write():
    server = provider()
    async with running(server) as bench:
        await bench.idle()
        server.faults.append(Fault("read", Transient("down for transfers"), times=FOREVER))
        await asyncio.sleep(400.0)
        assert not bench.status.ready
        bench.wish(wish("foo", "192.0.2.1"))
        await bench.idle()
        assert bench.word().state == "Programmed"


async def test_a_throttled_zone_waits_as_long_as_it_was_told():
    server = provider()
    async with running(server) as bench:
        await bench.idle()
        server.faults.append(Fault("apply", Throttled("slow down", retry_after=42.0)))
        bench.wish(wish("foo", "192.0.2.1"))
        await asyncio.sleep(41.0)
        assert bench.calls("apply") == 1
        await asyncio.sleep(2.0)
        assert bench.word().state == "Programmed"


@pytest.mark.parametrize(
    "moment", [pytest.param("before", id="it was not carried out"), pytest.param("after", id="it was carried out")]
)
async def test_after_an_answer_that_was_lost_the_name_is_looked_at_before_anything_is_written(moment):
    server = provider()
    async with running(server) as bench:
        await bench.idle()
        server.faults.append(Fault("apply", Transient("time-out", unsure=True), moment=moment))
        bench.wish(wish("foo", "192.0.2.1"))
        await bench.idle()
        assert bench.word().state == "Programmed"
        assert bench.values("foo") == ("192.0.2.1",)
        made = [call for call, _ in server.calls if call in {"apply", "look"}]
        assert made == (["apply", "look"] if moment == "after" else ["apply", "look", "apply"])


async def test_an_unexpected_exception_of_a_plug_in_is_logged_with_its_origin_and_ends_nothing(caplog):
    server = provider()
    async with running(server) as bench:
        await bench.idle()
        server.faults.append(Fault("apply", ZeroDivisionError("oops")))
        bench.wish(wish("foo", "192.0.2.1"))
        await asyncio.sleep(0.5)
        assert "ZeroDivisionError: oops" in bench.status.message
        assert any(record.exc_info for record in caplog.records)
        await bench.idle()
        assert bench.word().state == "Programmed"


async def test_a_conflict_that_never_ends_is_given_a_rest_and_harms_no_other():
    server = provider()
    async with running(server) as bench:
        await bench.idle()
        server.faults.append(Fault("apply", Conflict("NXRRSET"), times=FOREVER, names=frozenset({name("foo")})))
        bench.wish(wish("foo", "192.0.2.1"))
        fill(bench, 20)
        await bench.idle()
        assert bench.word().reason == "Conflict"
        assert all(bench.values(f"h{number}") for number in range(20))
        made = bench.calls("apply")
        await asyncio.sleep(25.0)
        assert bench.calls("apply") == made
        server.faults.clear()
        await asyncio.sleep(10.0)
        assert bench.word().state == "Programmed"


async def test_a_conflict_in_a_big_batch_delays_only_the_name_concerned():
    server = provider()
    async with running(server) as bench:
        await bench.idle()
        bench.foreign(records("h7", "A", "203.0.113.66"))
        fill(bench, 100)
        await bench.idle()
        assert bench.word(ref("h7")).reason == "NotOwner"
        assert sum(1 for number in range(100) if bench.values(f"h{number}") == ("192.0.2.1",)) == 99
        assert bench.values("h7") == ("203.0.113.66",)


async def test_a_zone_that_hangs_delays_no_other():
    server, other = provider(), MemoryProvider("example.net")
    server.latency = 10_000.0
    async with running(server) as bench:
        bench.programmer.set_zone(zone("net", "example.net"), other)
        bench.wish(wish("foo", "192.0.2.1"), wish("www.example.net.", "192.0.2.1", source=ref("net")))
        await asyncio.sleep(0.1)
        assert bench.word(ref("net")).state == "Programmed"
        assert bench.word().state == "Pending"


async def test_a_refusal_in_one_type_leaves_the_other_type_of_the_name_written():
    server = provider()
    server.rejects = lambda change: "no IPv6 here" if "AAAA" in change.note else None
    async with running(server) as bench:
        two = wish("foo", "192.0.2.1")
        both = type(two)(two.source, two.name, (*two.sets, records("foo", "AAAA", "2001:db8::1")), 1.0)
        bench.wish(both)
        await bench.idle()
        assert bench.values("foo") == ("192.0.2.1",)
        assert bench.word().reason == "Rejected"


async def test_a_pack_that_breaks_pauses_the_zone_and_ends_nothing(caplog):
    server = provider()
    pack = server.pack
    broken = [True]

    def sometimes(domain, changes):
        if broken:
            raise Rejected("a change over 64 KiB")
        return pack(domain, changes)

    server.pack = sometimes
    async with running(server) as bench:
        bench.wish(wish("foo", "192.0.2.1"))
        await asyncio.sleep(3.0)
        assert bench.word().state == "Failed"
        broken.clear()
        await asyncio.sleep(30.0)
        assert bench.word().state == "Programmed"


async def test_a_mistake_of_our_own_in_a_turn_restarts_the_zone_and_ends_nothing():
    server = provider()
    async with running(server) as bench:
        await bench.idle()
        calls = iter([True])
        real = bench.provider.confirm

        async def confirm(domain, batch, receipt):
            return object() if next(calls, None) else await real(domain, batch, receipt)

        server.confirm = confirm  # type: ignore[method-assign]  # an answer no provider may give
        bench.wish(wish("foo", "192.0.2.1"))
        await asyncio.sleep(0.5)
        assert not bench.status.ready
        assert "AttributeError" in bench.status.message
        bench.wish(wish("foo", "192.0.2.2"))
        await asyncio.sleep(5.0)
        assert bench.word().state == "Programmed"
        assert bench.values("foo") == ("192.0.2.2",)
        assert bench.status.ready


async def test_a_provider_given_up_is_closed_when_the_workers_that_used_it_have_ended():
    first, second = provider(), provider()
    made = iter([first, second])
    async with running(provider()) as bench:
        bench.programmer._open_provider = lambda _: next(made)
        spec = ProviderSpec("memory", ProviderSettings("main", {}))
        old, new = bench.programmer.open(spec), bench.programmer.open(spec)
        bench.programmer.set_zone(zone(), old)
        await bench.idle()
        bench.programmer.close(old)
        assert not first.closed
        bench.programmer.set_zone(zone(), new)
        bench.programmer.close(old)
        await bench.idle()
        await asyncio.sleep(0.1)
        assert (first.closed, second.closed) == (True, False)
    assert second.closed
