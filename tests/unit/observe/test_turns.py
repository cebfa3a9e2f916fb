"""A rate and a number of places, in virtual time: who begins when, and that what hangs delays only what hangs."""

import asyncio
import resource
from itertools import pairwise

import pytest

from mcidns.observe.turns import Turns, affordable

pytestmark = pytest.mark.looptime


class Desk:
    """Turns that note what began and when."""

    def __init__(self, rate: float, places: int) -> None:
        self.began: list[tuple[str, float]] = []
        self.unwanted: set[str] = set()
        self.turns: Turns[str] = Turns(self._begin, rate=rate, places=places)

    def _begin(self, item: str) -> bool:
        if item in self.unwanted:
            return False
        self.began.append((item, round(asyncio.get_running_loop().time(), 3)))
        return True

    @property
    def names(self) -> list[str]:
        """What began, in order."""
        return [name for name, _ in self.began]


async def test_beginnings_keep_to_the_rate_and_to_the_order_of_coming() -> None:
    desk = Desk(rate=10, places=100)
    await asyncio.sleep(10)
    for number in range(25):
        desk.turns.come(f"n{number}", slow=number % 2 == 1)
    await asyncio.sleep(10)
    assert desk.names == [f"n{number}" for number in range(25)]
    times = [when for _, when in desk.began]
    assert times[-1] == pytest.approx(11.9, abs=0.01)
    assert times.count(times[0]) == 6  # half a second's worth may come at once after a pause
    assert all(after - before <= 0.101 for before, after in pairwise(times))


async def test_a_crowd_begins_in_handfuls_so_that_the_loop_goes_round_in_between() -> None:
    desk = Desk(rate=1000, places=100)
    await asyncio.sleep(10)
    for number in range(60):
        desk.turns.come(f"n{number}", slow=False)
    begun = []
    for _ in range(5):
        begun.append(len(desk.began))
        await asyncio.sleep(0)
    assert begun == [0, 25, 50, 60, 60]


async def test_no_more_are_under_way_than_there_are_places() -> None:
    desk = Desk(rate=1000, places=2)
    for name in "abcd":
        desk.turns.come(name, slow=False)
    await asyncio.sleep(1)
    assert desk.names == ["a", "b"]
    desk.turns.leave(slow=False)
    await asyncio.sleep(1)
    assert desk.names == ["a", "b", "c"]


async def test_what_hangs_gets_half_of_the_places_and_the_others_pass_it_by() -> None:
    desk = Desk(rate=1000, places=4)
    for number in range(5):
        desk.turns.come(f"slow{number}", slow=True)
    desk.turns.come("quick", slow=False)
    await asyncio.sleep(1)
    assert desk.names == ["slow0", "slow1", "quick"]
    desk.turns.leave(slow=True)
    await asyncio.sleep(1)
    assert desk.names[3:] == ["slow2"]


async def test_what_hangs_is_not_starved_by_a_crowd_either() -> None:
    desk = Desk(rate=10, places=4)
    for number in range(10):
        desk.turns.come(f"quick{number}", slow=False)
    desk.turns.come("slow", slow=True)
    for number in range(10, 20):
        desk.turns.come(f"quick{number}", slow=False)
    for _ in range(60):
        await asyncio.sleep(0.1)
        if desk.began and desk.names[-1] != "slow":
            desk.turns.leave(slow=False)
    assert desk.names.index("slow") == 10


async def test_what_is_unwanted_by_now_takes_neither_a_place_nor_time() -> None:
    desk = Desk(rate=1, places=2)
    desk.turns.come("first", slow=False)
    desk.unwanted = {f"n{number}" for number in range(100)}
    for name in [*desk.unwanted, "last"]:
        desk.turns.come(name, slow=False)
    await asyncio.sleep(3)
    assert desk.names == ["first", "last"]
    assert desk.began[1][1] <= 1.0


async def test_stopping_forgets_what_waits() -> None:
    desk = Desk(rate=1, places=2)
    for name in "abc":
        desk.turns.come(name, slow=False)
    await asyncio.sleep(0.1)
    desk.turns.stop()
    await asyncio.sleep(10)
    assert desk.names == ["a"]
    desk.turns.come("d", slow=False)
    await asyncio.sleep(1)
    assert desk.names == ["a", "d"]


async def test_there_are_never_more_places_than_half_of_the_files_that_may_be_open(caplog: pytest.LogCaptureFixture) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    try:
        assert affordable(100) == 100
        assert caplog.records == []
        assert affordable(2000) == 512
        assert [record.getMessage() for record in caplog.records] == ["probe.places"]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
