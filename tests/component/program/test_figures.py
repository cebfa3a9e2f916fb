"""What a zone's worker counts: how long answers took, what went wrong, how long the rate limit held it up."""

import asyncio
import time

import pytest

from mcidns.errors import Conflict, Denied, Rejected, Throttled, Transient
from mcidns.program.pace import Pace
from mcidns.program.tally import Figures, Tally
from mcidns.testing.memory import Fault, MemoryProvider
from tests.component.program.bench import Bench, provider, running
from tests.unit.program.builders import name, ref, wish


def figures(bench: Bench) -> Figures:
    ((_, found),) = bench.programmer.figures()
    assert found is not None
    return found


def seen(bench: Bench, host: str, *addresses: str, ago: float = 0.0) -> None:
    """A change, seen so many seconds ago, leads to these addresses."""
    one = wish(host, *addresses, source=ref(host))
    bench.programmer.intend(one.source, (one,), time.monotonic() - ago)


async def test_what_was_seen_counts_once_when_the_provider_took_it_and_nothing_else_does() -> None:
    async with running() as bench:
        seen(bench, "a", "192.0.2.1", ago=100.0)
        bench.wish(wish("b", "192.0.2.1", source=ref("b")))  # nobody saw anything: an object was written, or time passed
        await bench.idle()
        assert bench.values("b") == ("192.0.2.1",)
        answered = figures(bench).answered
        assert sum(answered.counts) == answered.counts[-1] == 1, "more than a minute, so above the last bound"
        assert 100.0 <= answered.total < 190.0
        seen(bench, "a", "192.0.2.1", ago=500.0)  # what was seen changes nothing
        seen(bench, "a", "192.0.2.2", ago=1.0)
        await bench.idle()
        assert sum(figures(bench).answered.counts) == 2
        assert figures(bench).answered.total < 390.0


async def test_the_first_of_several_changes_that_wait_together_is_the_one_that_counts() -> None:
    async with running(settled=True) as bench:
        await bench.idle()
        for number, ago in enumerate((300.0, 200.0, 100.0)):
            seen(bench, "a", f"192.0.2.{number}", ago=ago)
        await bench.idle()
        assert sum(figures(bench).answered.counts) == 1
        assert figures(bench).answered.total >= 300.0


async def test_a_write_that_had_to_be_tried_again_is_as_late_as_it_was_for_users() -> None:
    server = provider()
    async with running(server) as bench:
        await bench.idle()
        server.faults.append(Fault("apply", Conflict("somebody was faster"), times=2))
        seen(bench, "a", "192.0.2.1", ago=100.0)
        await bench.idle()
        assert bench.values("a") == ("192.0.2.1",)
        assert (sum(figures(bench).answered.counts), figures(bench).answered.counts[-1]) == (1, 1)
        assert dict(figures(bench).errors)["Conflict"] == 2


async def test_what_the_provider_never_took_is_no_answer() -> None:
    server = provider()
    server.rejects = lambda change: "not to my taste" if change.name == name("bad") else None
    async with running(server) as bench:
        seen(bench, "bad", "192.0.2.1")
        await bench.idle()
        assert (sum(figures(bench).answered.counts), bench.status.quarantined) == (0, 1)


@pytest.mark.looptime
async def test_propagation_is_measured_where_the_provider_can_tell() -> None:
    async with running() as bench:
        seen(bench, "a", "192.0.2.1", ago=100.0)
        await bench.idle()
        await asyncio.sleep(120)
        counts = figures(bench).propagated.counts
        assert sum(counts) == counts[-1] == 1
        assert bench.word(ref("a")).propagation == "Propagated"


@pytest.mark.looptime
@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Transient("down"), id="Transient"),
        pytest.param(Throttled("slow down", retry_after=3.0), id="Throttled"),
        pytest.param(Denied("not you"), id="Denied"),
        pytest.param(Rejected("not that"), id="Rejected"),
        pytest.param(Conflict("not now"), id="Conflict"),
    ],
)
@pytest.mark.parametrize("call", ["read", "apply"])
async def test_every_class_of_error_is_counted_by_its_name_wherever_it_comes_from(error: Exception, call: str) -> None:
    server = provider()
    server.faults.append(Fault(call, error))  # type: ignore[arg-type]
    async with running(server) as bench:
        bench.wish(wish("a", "192.0.2.1"))
        await asyncio.sleep(200)
        assert bench.values("a") == ("192.0.2.1",)
        found = dict(figures(bench).errors)
        assert set(found) == {"Transient", "Throttled", "Denied", "Rejected", "Conflict"}
        assert {kind: count for kind, count in found.items() if count} == {type(error).__name__: 1}


def test_a_plug_ins_own_kinds_of_error_make_no_series_of_their_own() -> None:
    class RateExceeded(Throttled):
        pass

    tally = Tally()
    tally.failed(RateExceeded("slow", retry_after=1.0))
    assert {kind: count for kind, count in tally.figures(0).errors if count} == {"Throttled": 1}


@pytest.mark.looptime
async def test_time_spent_at_the_rate_limit_is_told() -> None:
    async with running(MemoryProvider("example.org"), pace=Pace(0.5, 1)) as bench:
        bench.wish(wish("a", "192.0.2.1"))
        await bench.idle()
        # Reading takes the only token; the write has to wait two seconds for the next.
        assert figures(bench).waited == pytest.approx(2.0, abs=0.1)


@pytest.mark.looptime
async def test_waiting_names_and_the_time_of_the_last_reading_follow_the_zone() -> None:
    server = provider()
    server.faults.append(Fault("read", Transient("down"), times=10**6))
    async with running(server) as bench:
        bench.wish(wish("a", "192.0.2.1", source=ref("a")), wish("b", "192.0.2.1", source=ref("b")))
        await asyncio.sleep(10)
        assert (figures(bench).waiting, figures(bench).read_at) == (2, 0.0)
        server.faults.clear()
        await asyncio.sleep(120)
        assert figures(bench).waiting == 0
        assert 1_700_000_010 < figures(bench).read_at < 1_700_000_130


async def test_a_zone_that_is_gone_has_no_figures() -> None:
    async with running() as bench:
        await bench.idle()
        bench.programmer.remove_zone("example")
        assert bench.programmer.figures() == ()
