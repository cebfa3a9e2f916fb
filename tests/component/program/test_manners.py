"""Good manners towards the loop and the memory: planning gives way, and what is over is forgotten."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from mcidns.errors import Transient
from mcidns.model.names import DnsName
from mcidns.model.records import Change
from mcidns.program.programmer import Programmer
from mcidns.provider import Capabilities, Receipt
from mcidns.testing.memory import TYPES, Fault, MemoryProvider
from tests.component.program.bench import provider, running
from tests.unit.program.builders import name, ref, wish


async def test_planning_thousands_of_names_gives_way_to_other_tasks():
    async with running() as bench:
        await bench.idle(30.0)
        for number in range(3000):
            bench.wish(wish(f"h{number}", "192.0.2.1", source=ref(f"h{number}")))
        turns = 0
        started = time.process_time()
        while bench.status.writes < 3000 and time.process_time() - started < 30.0:
            await asyncio.sleep(0)
            turns += 1
        assert bench.status.writes == 3000
        assert turns > 10


class Distant(MemoryProvider):
    """Answers after some turns of the loop, as bytes on a stream need them; notes how many names were to be planned by then."""

    def __init__(self) -> None:
        super().__init__("example.org", batch=200)
        self.programmer: Programmer | None = None
        self.to_plan: list[int] = []

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        """As the provider in memory."""
        for _ in range(4):
            await asyncio.sleep(0)
        assert self.programmer is not None
        self.to_plan.append(len(self.programmer._workers["example"].state.passing))
        return await super().apply(zone, batch)


async def test_a_back_end_that_has_answered_gets_more_while_names_are_still_being_planned():
    server = Distant()
    async with running(server) as bench:
        server.programmer = bench.programmer
        await bench.idle(30.0)
        for number in range(8000):
            bench.wish(wish(f"h{number}", "192.0.2.1", source=ref(f"h{number}")))
        await bench.idle(60.0)
    while_planning = [left for left in server.to_plan if left]
    assert len(while_planning) >= 8


@pytest.mark.looptime
async def test_what_waits_while_a_back_end_is_down_does_not_go_out_once_it_is_out_of_date():
    server = provider()
    down = Fault("apply", Transient("no answer"), times=10**9)
    server.faults.append(down)
    async with running(server) as bench:
        await bench.idle(30.0)
        for number in range(2000):
            bench.wish(wish(f"h{number}", "192.0.2.1", source=ref(f"h{number}")))
        await asyncio.sleep(5.0)
        for number in range(2000):
            bench.wish(wish(f"h{number}", "192.0.2.2", source=ref(f"h{number}")))
        down.times = 0
        before = len(server.batches)
        await bench.idle(300.0)
        sent = {edit.new.values for batch in server.batches[before:] for one in batch for edit in one.edits if edit.new}
        assert ("192.0.2.2",) in sent
        assert ("192.0.2.1",) not in sent


async def test_a_name_that_is_wished_for_again_before_its_pass_ends_is_never_emptied():
    server = provider()
    async with running(server) as bench:
        for number in range(60):
            bench.wish(wish(f"h{number}", "192.0.2.1", source=ref(f"h{number}")))
        await bench.idle(30.0)
        before, state = len(server.batches), bench.programmer._workers["example"].state
        bench.programmer.forget(ref("h7"))
        for number in range(1000, 9000):
            bench.wish(wish(f"h{number}", "192.0.2.1", source=ref(f"h{number}")))
        while not (state.passing and name("h7") in state.emptying):
            await asyncio.sleep(0)
        bench.wish(wish("h7", "192.0.2.1", source=ref("h7")))
        await bench.idle(60.0)
        assert name("h7") not in {one.name for batch in server.batches[before:] for one in batch}
        assert bench.values("h7") == ("192.0.2.1",)


@pytest.mark.looptime
async def test_where_requests_are_scarce_what_comes_within_a_moment_goes_out_together():
    server = provider(capabilities=Capabilities(types=TYPES, compare_and_set=True, scarce=True))
    server.latency = 0.3
    async with running(server) as bench:
        await bench.idle(30.0)
        begun = asyncio.get_running_loop().time()
        for number in range(60):
            bench.wish(wish(f"h{number}", "192.0.2.1", source=ref(f"h{number}")))
            await asyncio.sleep(0.001)
        await bench.idle(30.0)
        assert [len(batch) for batch in server.batches] == [60]
        assert asyncio.get_running_loop().time() - begun < 0.5


async def test_names_that_went_are_forgotten_everywhere():
    async with running() as bench:
        await bench.idle(30.0)
        for number in range(5):
            bench.wish(wish(f"h{number}", "192.0.2.1", source=ref(f"h{number}")))
        await bench.idle(30.0)
        for number in range(5):
            bench.programmer.forget(ref(f"h{number}"))
        await bench.idle(30.0)
        programmer = bench.programmer
        assert not list(programmer._wishes.names())
        assert not list(programmer._wishes.left())
        assert programmer._homes == {}
        assert not programmer._members["example"]
        assert programmer._reports._known == {}
        assert programmer._reports._shown == {}
        state = programmer._workers["example"].state
        assert (state.dirty, state.open, dict(state.in_flight), state.emptying) == ({}, {}, {}, {})
