"""Who may write a zone when: standing by, taking over, being deposed, with and without compare and set."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from mcidns.errors import Rejected, Transient
from mcidns.model.mandates import ALONE, Adrift, Leading, Mandate, Standby
from mcidns.model.names import DnsName
from mcidns.program import epochs
from mcidns.program.epochs import Mark
from mcidns.provider import Capabilities
from mcidns.testing.memory import TYPES, Fault, MemoryProvider
from tests.component.program.bench import Bench, provider, running
from tests.unit.program.builders import OWNER, name, records, ref, wish, zone

pytestmark = pytest.mark.looptime

FENCE = epochs.place(DnsName("example.org."), OWNER)
UNGUARDED = Capabilities(types=TYPES, compare_and_set=False)


class Reign:
    """A mandate that tests change, for one Programmer; `outbids` are the epochs that it was told of."""

    def __init__(self, mandate: Mandate = Standby()) -> None:  # noqa: B008  a frozen value
        self.mandate = mandate
        self.outbids: list[int] = []
        self.bench: Bench | None = None

    def running(self, server: MemoryProvider, **options: object) -> AbstractAsyncContextManager[Bench]:
        return running(server, mandate=lambda: self.mandate, on_outbid=self.outbids.append, **options)  # type: ignore[arg-type]

    def becomes(self, bench: Bench, mandate: Mandate) -> None:
        self.mandate = mandate
        bench.programmer.mandated()


def leads(epoch: int = 1, holder: str = "a_1") -> Leading:
    return Leading(epoch, holder)


def mark(server: MemoryProvider) -> Mark | None:
    """What the fence says."""
    return epochs.read(next((one for one in server.zone("example.org").at(FENCE.name) if one.key == FENCE), None))


def written(server: MemoryProvider) -> list[str]:
    """The names of all changes in the order of their batches."""
    return [change.name.relative for batch in server.batches for change in batch]


async def until(holds: Callable[[], object], what: str = "") -> None:
    """In virtual time, which costs nothing."""
    async with asyncio.timeout(600):
        while not holds():
            await asyncio.sleep(0.05)


async def test_a_standby_reads_and_plans_and_writes_nothing():
    reign, server = Reign(), provider()
    async with reign.running(server) as bench:
        bench.wish(wish("www", "192.0.2.1"))
        await asyncio.sleep(1000)
        assert server.batches == []
        assert bench.calls("read") >= 3
        assert bench.word().state == "Pending"
        assert not bench.programmer.is_moving


async def test_who_takes_over_raises_the_fence_reads_again_and_writes_at_once():
    reign, server = Reign(), provider()
    async with reign.running(server) as bench:
        bench.wish(wish("www", "192.0.2.1"))
        await until(lambda: bench.calls("read") == 1)
        server.calls.clear()
        began = asyncio.get_running_loop().time()
        reign.becomes(bench, leads(7))
        await until(lambda: bench.values("www"))
        assert asyncio.get_running_loop().time() - began < 0.1
        assert [call for call, _ in server.calls][:4] == ["look", "apply", "read", "apply"]
        assert mark(server) == Mark(7, "a_1", OWNER)
        await bench.idle()
        assert bench.word().state == "Programmed"
        assert "epoch 7" in bench.status.message


async def test_what_the_former_leader_did_meanwhile_is_not_done_again():
    reign, server = Reign(), provider()
    async with reign.running(server) as bench:
        bench.wish(wish("www", "192.0.2.1"), wish("new", "192.0.2.2", source=ref("new")))
        await until(lambda: bench.calls("read") == 1)
        async with Reign(leads(1)).running(server) as other:
            other.wish(wish("www", "192.0.2.1"))
            await other.idle()
        server.batches.clear()
        reign.becomes(bench, leads(2))
        await until(lambda: bench.values("new"))
        await bench.idle()
        assert written(server) == [FENCE.name.relative, "new.example.org"]


async def test_every_write_rests_on_the_fence_and_one_change_stays_one_message():
    reign, server = Reign(leads()), provider()
    async with reign.running(server) as bench:
        await until(lambda: mark(server))
        await bench.idle()
        server.calls.clear()
        bench.wish(wish("www", "192.0.2.1"))
        await bench.idle()
        assert [call for call, _ in server.calls if call != "confirm"] == ["apply"]
        (change,) = server.batches[-1]
        assert [edit.key for edit in change.edits if edit.is_check and edit.old is not None] == [FENCE]


async def test_a_restart_under_the_same_epoch_writes_nothing_and_under_the_next_only_the_fence():
    server = provider()
    for epoch, expected in ((1, [FENCE.name.relative, "www.example.org"]), (1, []), (2, [FENCE.name.relative])):
        server.batches.clear()
        async with Reign(leads(epoch)).running(server) as bench:
            bench.wish(wish("www", "192.0.2.1"))
            await until(lambda: bench.word().state == "Programmed")
            assert written(server) == expected


async def test_a_deposed_leader_changes_nothing_more_learns_it_and_says_so():
    old, new, server = Reign(leads(1, "old_1")), Reign(), provider()
    async with old.running(server) as former, new.running(server) as successor:
        for bench in (former, successor):
            bench.wish(wish("www", "192.0.2.1"))
        await until(lambda: former.values("www"))
        new.becomes(successor, leads(2, "new_1"))
        await until(lambda: mark(server) == Mark(2, "new_1", OWNER))
        await successor.idle()
        for number in range(20):
            former.wish(wish(f"h{number}", "192.0.2.9", source=ref(f"h{number}")))
        await until(lambda: former.status.reason == "Deposed")
        assert not any(former.values(f"h{number}") for number in range(20))
        assert old.outbids == [2]
        assert "held by new_1" in former.status.message
        refused = former.calls("apply")
        await asyncio.sleep(0.5)
        assert former.calls("apply") == refused
        assert former.word(ref("h1")).reason == "Deposed"


async def test_a_deposed_leader_that_is_cut_off_does_not_ask_for_a_higher_epoch():
    old, new, server = Reign(leads(1, "old_1")), Reign(), provider()
    async with old.running(server) as former, new.running(server) as successor:
        await until(lambda: mark(server))
        old.becomes(former, Adrift(1, "old_1"))
        former.wish(wish("www", "192.0.2.1"))
        await until(lambda: former.values("www"))
        successor.wish(wish("www", "192.0.2.1"))
        new.becomes(successor, leads(2, "new_1"))
        await until(lambda: mark(server) == Mark(2, "new_1", OWNER))
        former.wish(wish("www", "192.0.2.2"))
        await until(lambda: former.status.reason == "Deposed")
        await asyncio.sleep(120)
        assert former.values("www") == ("192.0.2.1",)
        assert old.outbids == []
        assert mark(server) == Mark(2, "new_1", OWNER)


async def test_two_that_both_believe_to_lead_raise_the_epoch_ever_more_seldom_and_the_zone_stays_right():
    server = provider(records("mail", "A", "203.0.113.9"))
    reigns = [Reign(leads(1, "a_1")), Reign(leads(1, "b_1"))]
    async with reigns[0].running(server) as one, reigns[1].running(server) as other:
        for number in range(300):
            for reign, bench in zip(reigns, (one, other), strict=True):
                if reign.outbids:  # as the elector would
                    reign.becomes(bench, leads(max(reign.outbids) + 1, reign.mandate.holder))
                    reign.outbids.clear()
                bench.wish(wish("www", f"192.0.2.{number % 200 + 1}"))
            await asyncio.sleep(1.0)
        await until(lambda: one.values("www") == (f"192.0.2.{299 % 200 + 1}",))
        assert one.content.at(name("mail")) == (records("mail", "A", "203.0.113.9"),)
        found = mark(server)
        assert found is not None
        assert found.epoch < 40


async def test_a_fence_that_somebody_deleted_is_put_up_again_by_who_leads():
    reign, server = Reign(leads(3)), provider()
    async with reign.running(server) as bench:
        await until(lambda: mark(server))
        bench.vanish(FENCE.name.text)
        bench.wish(wish("www", "192.0.2.1"))
        await until(lambda: bench.values("www"))
        assert mark(server) == Mark(3, "a_1", OWNER)


async def test_a_higher_epoch_in_the_zone_is_never_lowered():
    reign, server = Reign(leads(2)), provider()
    async with Reign(leads(9, "z_1")).running(server):
        await until(lambda: mark(server))
    async with reign.running(server) as bench:
        bench.wish(wish("www", "192.0.2.1"))
        await until(lambda: reign.outbids)
        assert reign.outbids == [9]
        assert mark(server) == Mark(9, "z_1", OWNER)
        reign.becomes(bench, leads(10))  # the Lease is ours: it goes on from what the zone knows
        await until(lambda: bench.values("www"))
        assert mark(server) == Mark(10, "a_1", OWNER)


async def test_without_compare_and_set_a_leader_that_cannot_renew_stops_and_goes_on_afterwards():
    reign, server = Reign(leads()), provider(capabilities=UNGUARDED)
    async with reign.running(server) as bench:
        bench.wish(wish("www", "192.0.2.1"))
        await until(lambda: bench.values("www"))
        assert mark(server) is None
        reign.becomes(bench, Adrift(1, "a_1"))
        bench.wish(wish("www", "192.0.2.2"))
        await until(lambda: bench.status.reason == "Adrift")
        await asyncio.sleep(100)
        assert bench.values("www") == ("192.0.2.1",)
        reign.becomes(bench, leads())
        await until(lambda: bench.values("www") == ("192.0.2.2",))


async def test_without_compare_and_set_what_is_under_way_is_broken_off_when_the_lease_ends_and_nothing_is_lost():
    reign, server = Reign(leads()), provider(capabilities=UNGUARDED)
    async with reign.running(server) as bench:
        await bench.idle()
        server.latency = 20.0
        bench.wish(wish("www", "192.0.2.1"))
        await asyncio.sleep(5.0)
        reign.becomes(bench, Standby("b_1"))
        await asyncio.sleep(100)
        assert bench.values("www") == ()
        server.latency = 0.0
        reign.becomes(bench, leads(3))
        await until(lambda: bench.values("www") == ("192.0.2.1",))
        await bench.idle()
        assert bench.word().state == "Programmed"


async def test_without_compare_and_set_who_takes_over_writes_nothing_before_the_zone_could_be_read_again():
    reign, server = Reign(), provider(capabilities=UNGUARDED)
    theirs = records("www", "A", "203.0.113.9")
    async with reign.running(server) as bench:
        bench.wish(wish("www", "192.0.2.1"), wish("new", "192.0.2.2", source=ref("new")))
        await until(lambda: bench.calls("read") == 1)
        server.zone("example.org").put(name("www"), (theirs,))  # while we stood by
        server.faults.append(Fault("read", Transient("no answer"), times=3))
        reign.becomes(bench, leads())
        await until(lambda: bench.values("new"))
        await bench.idle()
        assert bench.calls("read") == 5
        assert bench.values("www") == ("203.0.113.9",)
        assert bench.word().reason == "NotOwner"


async def test_who_stood_still_writes_nothing_though_nobody_told_it_yet():
    reign, server = Reign(leads()), provider(capabilities=UNGUARDED)
    async with reign.running(server) as bench:
        await bench.idle()
        reign.mandate = Adrift(1, "a_1")  # by the clock alone
        bench.wish(wish("www", "192.0.2.1"))
        await asyncio.sleep(100)
        assert server.batches == []


async def test_a_server_that_refuses_the_fence_is_written_under_the_lease_alone_and_the_zone_says_so():
    reign, server = Reign(leads()), provider()
    server.rejects = lambda change: "update-policy" if change.name == FENCE.name else None
    async with reign.running(server) as bench:
        bench.wish(wish("www", "192.0.2.1"))
        await until(lambda: bench.values("www"))
        assert bench.status.ready
        assert "not fenced" in bench.status.message
        assert "update-policy" in bench.status.message
        reign.becomes(bench, Adrift(1, "a_1"))
        bench.wish(wish("www", "192.0.2.2"))
        await asyncio.sleep(100)
        assert bench.values("www") == ("192.0.2.1",)


async def test_a_server_that_is_down_at_the_take_over_is_asked_again_and_the_zone_says_why_it_waits():
    reign, server = Reign(), provider()
    async with reign.running(server) as bench:
        bench.wish(wish("www", "192.0.2.1"))
        await until(lambda: bench.calls("read") == 1)
        server.faults.append(Fault("look", Transient("no answer"), times=3))
        reign.becomes(bench, leads())
        await until(lambda: bench.status.reason == "ProviderUnavailable")
        assert "epoch" in bench.status.message
        await until(lambda: bench.values("www"))
        assert bench.status.ready


async def test_a_conflict_that_is_not_the_fences_is_looked_into_as_ever():
    reign, server = Reign(leads()), provider()
    async with reign.running(server) as bench:
        await until(lambda: mark(server))
        await bench.idle()
        bench.foreign(records("www", "A", "203.0.113.1"))
        bench.wish(wish("www", "192.0.2.1"), wish("free", "192.0.2.2", source=ref("free")))
        await until(lambda: bench.values("free"))
        await until(lambda: bench.word().reason == "NotOwner")
        assert bench.values("www") == ("203.0.113.1",)


async def test_a_refusal_names_its_culprit_also_behind_the_fence():
    reign, server = Reign(leads()), provider()

    apply = server.apply

    async def naming(domain, batch):
        bad = {change: "no such thing" for change in batch if change.name == name("bad")}
        if bad:
            raise Rejected("refused", culprits=bad)
        return await apply(domain, batch)

    server.apply = naming
    async with reign.running(server) as bench:
        bench.wish(wish("bad", "192.0.2.1", source=ref("bad")), wish("good", "192.0.2.2", source=ref("good")))
        await until(lambda: bench.values("good"))
        await until(lambda: bench.word(ref("bad")).reason == "Rejected")
        assert "no such thing" in bench.word(ref("bad")).message


async def test_the_fence_is_nobodys_leftover_no_foreign_name_and_no_place_for_a_host():
    reign, server = Reign(leads()), provider()
    async with reign.running(server) as bench:
        bench.wish(wish(FENCE.name.text, "192.0.2.1"))
        await until(lambda: mark(server))
        await until(lambda: bench.word().reason == "Rejected")
        bench.programmer.set_zone(zone(resync=60.0), server)
        await asyncio.sleep(300)
        assert mark(server) is not None
        assert bench.status.foreign == 0
        assert written(server) == [FENCE.name.relative]


async def test_without_a_lease_no_fence_is_read_or_written():
    reign, server = Reign(ALONE), provider()
    async with reign.running(server) as bench:
        bench.wish(wish("www", "192.0.2.1"))
        await bench.idle()
        assert [call for call, _ in server.calls if call != "confirm"] == ["read", "apply"]
        assert mark(server) is None


@pytest.mark.parametrize(
    ("owner", "label"),
    [
        pytest.param("research-hub", "mcidns-epoch-research-hub", id="a label as it is"),
        pytest.param("a.b:c", "mcidns-epoch-9af12ac4d5b3fab6", id="what is no label by its digest"),
        pytest.param("Hub", "mcidns-epoch-", id="upper case would be another owner's"),
        pytest.param("x" * 80, "mcidns-epoch-", id="too long for a label"),
    ],
)
def test_where_the_fence_of_an_owner_stands(owner: str, label: str):
    place = epochs.place(DnsName("example.org."), owner)
    first = place.name.labels[0]
    assert first.startswith(label) or label.endswith("6")
    assert len(first) <= 63
    assert DnsName.parse(place.name.text) == place.name
    assert epochs.read(records(place.name.text, "TXT", Mark(4, "pod-1_ab", owner).text)) == Mark(4, "pod-1_ab", owner)
