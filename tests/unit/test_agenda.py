"""The agenda: coalesced marks, times, back-off; all in virtual time."""

import asyncio
import logging

import pytest

from mcidns.agenda import Agenda


async def running(agenda: Agenda[str], seconds: float) -> None:
    """Let the agenda work for this long (virtual)."""
    task = asyncio.create_task(agenda.run())
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.looptime
async def test_many_marks_before_a_pass_are_one_pass() -> None:
    seen: list[str] = []
    agenda: Agenda[str] = Agenda(seen.append, clock=asyncio.get_running_loop().time)
    for _ in range(3):
        agenda.mark("web")
    agenda.mark("shop")
    await running(agenda, 1)
    assert seen == ["web", "shop"]


@pytest.mark.looptime
async def test_a_pass_may_ask_to_be_looked_at_again_at_a_time() -> None:
    loop = asyncio.get_running_loop()
    seen: list[float] = []

    def look(_: str) -> float | None:
        seen.append(round(loop.time()))
        return loop.time() + 10 if len(seen) < 3 else None

    agenda: Agenda[str] = Agenda(look, clock=loop.time)
    agenda.mark("web")
    await running(agenda, 100)
    assert seen == [0, 10, 20]


@pytest.mark.looptime
async def test_of_two_times_for_one_key_the_nearer_counts_and_the_farther_is_no_second_pass() -> None:
    loop = asyncio.get_running_loop()
    seen: list[float] = []
    agenda: Agenda[str] = Agenda(lambda _: seen.append(round(loop.time())), clock=loop.time)
    agenda.mark_at("web", 50)
    agenda.mark_at("web", 5)
    agenda.mark_at("web", 20)
    await running(agenda, 100)
    assert seen == [5]


@pytest.mark.looptime
async def test_a_pass_that_raises_is_tried_again_later_and_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()
    tries: list[float] = []
    seen: list[str] = []

    def look(key: str) -> float | None:
        if key == "bad":
            tries.append(round(loop.time()))
            raise RuntimeError("broken on purpose")
        seen.append(key)
        return None

    agenda: Agenda[str] = Agenda(look, clock=loop.time)
    agenda.mark("bad")
    agenda.mark("good")
    with caplog.at_level(logging.ERROR):
        await running(agenda, 8)
    assert seen == ["good"]
    assert tries == [0, 1, 3, 7]
    assert {record.message for record in caplog.records} == {"pass.failed"}


@pytest.mark.looptime
async def test_a_dropped_key_is_not_looked_at_any_more() -> None:
    loop = asyncio.get_running_loop()
    seen: list[str] = []
    agenda: Agenda[str] = Agenda(seen.append, clock=loop.time)
    agenda.mark("web")
    agenda.mark_at("web", 5)
    agenda.drop("web")
    await running(agenda, 10)
    assert seen == []


@pytest.mark.looptime
async def test_quiet_returns_when_nothing_is_due() -> None:
    loop = asyncio.get_running_loop()
    seen: list[str] = []
    agenda: Agenda[str] = Agenda(seen.append, clock=loop.time)
    agenda.mark("web")
    task = asyncio.create_task(agenda.run())
    await asyncio.wait_for(agenda.quiet(), 1)
    assert (seen, agenda.waiting) == (["web"], 0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("turns", [pytest.param(turns, id=f"{turns} turns after it") for turns in range(5)])
async def test_an_agenda_that_is_cancelled_around_a_mark_ends(turns: int) -> None:
    agenda: Agenda[str] = Agenda(lambda _: None, clock=asyncio.get_running_loop().time)
    agenda.mark_at("later", asyncio.get_running_loop().time() + 3600)
    task = asyncio.create_task(agenda.run())
    await asyncio.sleep(0.01)
    agenda.mark("web")
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=1)
    task.cancel()
    assert done
