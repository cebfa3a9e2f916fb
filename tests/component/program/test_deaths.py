"""Law 5: the process may die at every await that reads or writes; the next one converges and nothing foreign is harmed."""

import asyncio
import itertools

import pytest

from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet, Wish
from mcidns.program import ownership
from mcidns.program.programmer import Programmer
from mcidns.testing.memory import MemoryProvider
from tests.component.program.bench import loop_clock, provider
from tests.unit.program.builders import OWNER, at, records, ref, rules, txt, wish, zone

pytestmark = pytest.mark.looptime

FOREIGN = (
    records("mail", "MX", "1 mx."),
    records("taken", "A", "203.0.113.1"),
    records("theirs", "A", "203.0.113.2"),
    txt("mcidns-a.theirs", "other"),
    records("same", "A", "192.0.2.1"),
)
BEFORE = (
    *FOREIGN,
    records("grow"),
    txt("mcidns-a.grow", resource="globalhost/shop/grow"),
    records("turn"),
    txt("mcidns-a.turn", resource="globalhost/shop/turn"),
    records("leave"),
    txt("mcidns-a.leave", resource="globalhost/shop/leave"),
    txt("mcidns-a.lone", resource="globalhost/shop/lone"),
)


class Died(BaseException):
    """The process ends here."""


def wishes() -> tuple[Wish, ...]:
    """A creation, an update, a change of type, a name whose TXT stands alone, and names that are other people's."""
    return (
        wish("new", "192.0.2.1", source=ref("new")),
        wish("grow", "192.0.2.1", "192.0.2.2", source=ref("grow")),
        wish("turn", "lb.example.net.", source=ref("turn"), type_="CNAME"),
        wish("lone", "192.0.2.1", source=ref("lone")),
        wish("taken", "192.0.2.1", source=ref("taken")),
        wish("theirs", "192.0.2.1", source=ref("theirs")),
        wish("same", "192.0.2.1", source=ref("same")),
    )


def server(listing: bool) -> MemoryProvider:
    return provider(*BEFORE, batch=1, listing=listing)


async def live(made: MemoryProvider, *, kill_at: int | None, cancel: bool = False) -> int:
    """One life of a Programmer on the server; how many points it passed. It dies at the given one."""
    passed = itertools.count(1)
    last = 0
    task: asyncio.Task[None] | None = None

    def point(*_: str) -> None:
        nonlocal last
        last = next(passed)
        if last == kill_at:
            if cancel and task is not None:
                task.cancel()
                return
            raise Died

    made.hook = point
    programmer = Programmer(clock=loop_clock, on_report=lambda _: None, on_zone=lambda _: None)
    task = asyncio.create_task(programmer.run())
    programmer.set_zone(zone(), made)
    for one in wishes():
        programmer.intend(one.source, (one,))
    programmer.settled()
    idle = asyncio.create_task(programmer.idle(300.0))
    await asyncio.wait((task, idle), return_when=asyncio.FIRST_COMPLETED)
    for each in (task, idle):
        each.cancel()
    await asyncio.gather(task, idle, return_exceptions=True)
    made.hook = None
    return last


def check_laws(made: MemoryProvider) -> None:
    """Whatever happened: foreign sets are as they were, and every set of ours has its TXT."""
    content = made.zone("example.org")
    for one in FOREIGN:
        assert one in content.at(one.name)
    held = at(content.sets)
    laws = rules(zone())
    strangers = {one.key for one in FOREIGN}
    for sets in content.sets.values():
        for one in sets:
            if one.key in strangers or (one.type == "TXT" and ownership.holding(one).claim is not None):
                continue
            holding = laws.names.find(one.key, held)
            assert holding is not None, f"{one.key} stands without its TXT"
            assert holding.claim is not None
            assert holding.claim.owner == OWNER


def converged(*, listing: bool) -> dict[DnsName, tuple[RecordSet, ...]]:
    label = "globalhost/shop/{}".format
    wished = [
        records("new"),
        txt("mcidns-a.new", resource=label("new")),
        records("grow", "A", "192.0.2.1", "192.0.2.2"),
        txt("mcidns-a.grow", resource=label("grow")),
        records("turn", "CNAME", "lb.example.net."),
        txt("mcidns-cname.turn", resource=label("turn")),
        records("lone"),
        txt("mcidns-a.lone", resource=label("lone")),
    ]
    if not listing:  # a zone that cannot be listed keeps its leftovers
        wished += [records("leave"), txt("mcidns-a.leave", resource=label("leave"))]
    return {one.name: (one,) for one in (*FOREIGN, *wished)}


@pytest.mark.parametrize("listing", [pytest.param(True, id="listed"), pytest.param(False, id="unlisted")])
@pytest.mark.parametrize("cancel", [pytest.param(False, id="killed"), pytest.param(True, id="cancelled")])
async def test_death_at_any_point_harms_nothing_and_the_next_life_finishes(listing, cancel):
    whole = server(listing)
    points = await live(whole, kill_at=None)
    assert whole.zone("example.org").sets == converged(listing=listing)
    assert points > 10
    for kill_at in range(1, points + 1):
        made = server(listing)
        await live(made, kill_at=kill_at, cancel=cancel)
        check_laws(made)
        await live(made, kill_at=None)
        check_laws(made)
        assert made.zone("example.org").sets == converged(listing=listing), f"after death at point {kill_at}"


async def test_two_deaths_in_a_row_harm_nothing():
    whole = server(True)
    points = await live(whole, kill_at=None)
    for first, second in itertools.product(range(1, points + 1, 3), repeat=2):
        made = server(True)
        await live(made, kill_at=first)
        await live(made, kill_at=second)
        check_laws(made)
        await live(made, kill_at=None)
        assert made.zone("example.org").sets == converged(listing=True)


async def test_a_life_after_a_life_that_finished_writes_nothing():
    made = server(True)
    await live(made, kill_at=None)
    written = len(made.batches)
    await live(made, kill_at=None)
    assert len(made.batches) == written
