"""Outbox, quarantine, pace, routes, reports and plug-ins, each by itself."""

import asyncio
from importlib.metadata import EntryPoint

import pytest

from mcidns.errors import ConfigError
from mcidns.model.decisions import Programming
from mcidns.model.records import Change, Edit, Urgency
from mcidns.model.references import ObjectRef
from mcidns.program import plugins
from mcidns.program.outbox import Outbox
from mcidns.program.pace import Backoff, Pace
from mcidns.program.quarantine import Quarantine
from mcidns.program.remarks import Remark
from mcidns.program.reports import Reports
from mcidns.program.zones import Routes
from tests.unit.program.builders import name, records, ref, zone

WHY = Remark("Failed", "Rejected", "not to my taste")


def change(host: str, urgency: Urgency = Urgency.ADD, value: str = "192.0.2.1") -> Change:
    one = records(host, "A", value)
    return Change(one.name, (Edit(one.key, None, one),), urgency)


class TestOutbox:
    def test_withdrawals_come_first_and_equals_in_the_order_of_arrival(self):
        outbox = Outbox()
        given = [change("a", Urgency.COSMETIC), change("b"), change("c", Urgency.WITHDRAW), change("d")]
        outbox.put(given)
        assert [one.name for one in outbox.first(9)] == [name(host) for host in "cbda"]
        assert [one.name for one in outbox.first(2)] == [name(host) for host in "cb"]

    def test_a_name_planned_again_leaves_queue_and_pieces(self):
        outbox = Outbox()
        outbox.put([change("a")])
        outbox.halve((change("a"), change("b"), change("c")))
        outbox.withdraw(name("a"))
        assert name("a") not in outbox
        assert name("b") in outbox
        assert [one.name for piece in (outbox.piece(), outbox.piece()) if piece for one in piece] == [name("b"), name("c")]
        assert not outbox

    def test_draining_names_everything_that_waits(self):
        outbox = Outbox()
        outbox.put([change("a")])
        outbox.halve((change("b"), change("c")))
        assert outbox.drain() == {name("a"), name("b"), name("c")}
        assert not outbox


class TestQuarantine:
    def test_the_same_content_waits_twice_as_long_each_time_up_to_an_hour(self):
        quarantine, now, waits = Quarantine(), 0.0, []
        for _ in range(10):
            until = quarantine.confine(change("a"), WHY, now=now).until
            waits.append(until - now)
            now = until
        assert waits == [30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3600.0, 3600.0, 3600.0]

    def test_other_content_is_free_and_forgets_the_old(self):
        quarantine = Quarantine()
        quarantine.confine(change("a"), WHY, now=0.0)
        other = change("a", value="192.0.2.2")
        assert quarantine.sift(name("a"), (other,), now=1.0) == ((other,), ())
        assert len(quarantine) == 0

    def test_equal_content_is_held_back_with_its_reason_until_its_time(self):
        quarantine = Quarantine()
        quarantine.confine(change("a"), WHY, now=0.0)
        assert quarantine.sift(name("a"), (change("a"), change("a", value="192.0.2.2")), now=1.0)[1] == (WHY,)
        assert quarantine.due(29.0) == set()
        assert quarantine.due(30.0) == {name("a")}
        assert quarantine.sift(name("a"), (change("a"),), now=30.0) == ((change("a"),), ())

    def test_one_reason_can_be_let_go_alone(self):
        quarantine = Quarantine()
        quarantine.confine(change("a"), WHY, now=0.0)
        quarantine.confine(change("b"), Remark("Failed", "Denied", "no"), now=0.0)
        assert quarantine.release("Denied") == {name("b")}
        assert len(quarantine) == 1


@pytest.mark.looptime
class TestPace:
    async def test_a_burst_goes_at_once_and_then_at_the_rate(self):
        pace, loop = Pace(rate=5.0, burst=10), asyncio.get_running_loop()
        started = loop.time()
        for _ in range(10):
            await pace.acquire()
        assert loop.time() - started == pytest.approx(0.0)
        for _ in range(10):
            await pace.acquire()
        assert loop.time() - started == pytest.approx(2.0)

    async def test_waiters_go_in_the_order_they_came(self):
        pace, order = Pace(rate=1.0, burst=1), []

        async def one(number: int) -> None:
            await pace.acquire()
            order.append(number)

        await asyncio.gather(*(one(number) for number in range(5)))
        assert order == list(range(5))

    async def test_a_withdrawal_goes_before_what_waits_for_less(self):
        pace, order = Pace(rate=1.0, burst=1), []

        async def one(urgency: Urgency) -> None:
            await pace.acquire(urgency)
            order.append(urgency)

        await pace.acquire()
        await asyncio.gather(*(one(urgency) for urgency in (Urgency.COSMETIC, Urgency.ADD, Urgency.COSMETIC, Urgency.WITHDRAW)))
        assert order == [Urgency.WITHDRAW, Urgency.ADD, Urgency.COSMETIC, Urgency.COSMETIC]

    async def test_a_waiter_that_is_cancelled_stops_nobody(self):
        pace = Pace(rate=1.0, burst=1)
        await pace.acquire()
        waiting = asyncio.create_task(pace.acquire())
        await asyncio.sleep(0.1)
        waiting.cancel()
        async with asyncio.timeout(5.0):
            await pace.acquire()


def test_delays_double_to_a_minute_and_begin_anew():
    backoff = Backoff(chance=lambda: 0.0)
    assert [backoff.next() for _ in range(8)] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    backoff.reset()
    assert backoff.next() == 1.0


@pytest.mark.parametrize(
    ("host", "home"),
    [
        pytest.param("www", "org", id="below the domain"),
        pytest.param("", "org", id="the apex"),
        pytest.param("www.eu", "eu", id="the longest domain"),
        pytest.param("wwweu", "org", id="by labels, not by letters"),
        pytest.param("www.example.net.", None, id="nowhere"),
    ],
)
def test_a_name_belongs_to_the_longest_domain(host, home):
    assert Routes([zone("org"), zone("eu", "eu.example.org")]).zone_of(name(host)) == home


def test_equal_domains_are_nobodys():
    routes = Routes([zone("one"), zone("two")])
    assert routes.zone_of(name("www")) is None
    assert "one and two" in routes.objection(name("www"))


def test_news_is_told_once_until_it_was_shown():
    told: list[ObjectRef] = []
    reports = Reports(told.append)
    first, second = (Programming(name("a"), "Programmed", "Programmed", text) for text in ("one", "two"))
    reports.put((ref(),), first)
    reports.put((ref(),), second)
    assert told == [ref()]
    reports.show(ref(), (second,))
    reports.put((ref(),), second)
    assert told == [ref()]
    reports.put((ref(),), first)
    assert told == [ref(), ref()]


class TestPlugins:
    def test_an_unknown_type_names_those_that_are_known(self):
        with pytest.raises(ConfigError, match="use one of: memory"):
            plugins.load("nowhere", [EntryPoint("memory", "mcidns.testing.memory:MemoryProvider", plugins.GROUP)])

    def test_two_packages_with_one_type_are_refused(self):
        points = [EntryPoint("memory", module, plugins.GROUP) for module in ("a:A", "b:B")]
        with pytest.raises(ConfigError, match="a:A and by b:B"):
            plugins.available(points)

    def test_the_same_package_seen_twice_is_one(self):
        point = EntryPoint("memory", "a:A", plugins.GROUP)
        assert plugins.available([point, point]) == {"memory": point}

    def test_a_missing_sdk_names_the_extra(self):
        with pytest.raises(ConfigError, match=r"pip install 'mcidns\[cloud\]'"):
            plugins.load("cloud", [EntryPoint("cloud", "no_such_sdk_of_ours:Provider", plugins.GROUP)])

    def test_a_class_that_is_not_there_is_told(self):
        with pytest.raises(ConfigError, match="has no"):
            plugins.load("memory", [EntryPoint("memory", "mcidns.testing.memory:Nothing", plugins.GROUP)])

    def test_what_is_no_provider_is_refused(self):
        with pytest.raises(ConfigError, match="no provider class"):
            plugins.load("memory", [EntryPoint("memory", "mcidns.testing.memory:TYPES", plugins.GROUP)])

    def test_a_provider_is_found_by_its_entry_point(self):
        points = [EntryPoint("memory", "mcidns.testing.memory:MemoryProvider", plugins.GROUP)]
        assert plugins.load("memory", points).__name__ == "MemoryProvider"
