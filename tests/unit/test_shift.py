"""Work that goes on only while it is our turn."""

import asyncio

import pytest

from mcidns.shift import Shift

pytestmark = pytest.mark.looptime


class Worker:
    """Counts its beginnings and its seconds."""

    def __init__(self) -> None:
        self.begun = self.seconds = 0

    async def work(self) -> None:
        self.begun += 1
        while True:
            await asyncio.sleep(1)
            self.seconds += 1


async def test_work_stops_at_the_end_and_begins_again_with_the_next_turn() -> None:
    noted: list[str] = []
    shift, worker = Shift(lambda: noted.append("begin")), Worker()
    running = asyncio.create_task(shift.run(worker.work))
    await asyncio.sleep(3.5)
    shift.end()
    await asyncio.sleep(100)
    assert (worker.begun, worker.seconds, shift.is_on) == (1, 3, False)
    shift.begin()
    shift.begin()
    await asyncio.sleep(2.5)
    assert (worker.begun, worker.seconds, noted) == (2, 5, ["begin"])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert len(asyncio.all_tasks()) == 1


async def test_an_error_of_the_work_is_not_swallowed() -> None:
    async def broken() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await Shift().run(broken, Worker().work)


async def test_who_is_off_duty_from_the_start_does_nothing() -> None:
    shift, worker = Shift(), Worker()
    shift.end()
    running = asyncio.create_task(shift.run(worker.work))
    await asyncio.sleep(10)
    assert worker.begun == 0
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
