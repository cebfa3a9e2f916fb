"""The queue of writes: the newest per object, a bounded number at once, retries, and a clean end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable

import pytest

from mcidns.kube.errors import Failing, KubeError, Unreachable, from_status
from mcidns.publish.writer import Writer

SOON = 10.0


@contextlib.asynccontextmanager
async def running(writer: Writer) -> AsyncIterator[Writer]:
    task = asyncio.create_task(writer.run())
    try:
        yield writer
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def note(log: list[str], text: str, *errors: KubeError) -> Callable[[], Awaitable[None]]:
    """An action that fails with these errors first and then writes."""
    left = list(errors)

    async def action() -> None:
        if left:
            raise left.pop(0)
        log.append(text)

    return action


def answer(code: int, reason: str = "", seconds: str | None = None) -> KubeError:
    return from_status("PATCH /x", {"code": code, "reason": reason, "message": "no"}, retry_after=seconds)


async def test_the_newest_write_of_an_object_replaces_a_waiting_one() -> None:
    log: list[str] = []
    writer = Writer(at_once=1)
    for text in ("a1", "a2", "a3"):
        writer.want("a", note(log, text))
    writer.want("b", note(log, "b1"))
    async with running(writer):
        assert await writer.flush(SOON)
    assert log == ["a3", "b1"]


async def test_a_write_asked_for_while_one_is_under_way_follows_it_and_never_overlaps() -> None:
    log: list[str] = []
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        log.append("begin")
        started.set()
        await go_on.wait()
        log.append("end")

    writer = Writer(at_once=4)
    async with running(writer):
        writer.want("a", slow)
        await started.wait()
        writer.want("a", note(log, "second"))
        writer.want("b", note(log, "other"))
        while "other" not in log:
            await asyncio.sleep(0)
        go_on.set()
        assert await writer.flush(SOON)
    assert log == ["begin", "other", "end", "second"]


async def test_only_so_many_writes_run_at_once() -> None:
    running_now, most = 0, 0

    async def action() -> None:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        for _ in range(5):
            await asyncio.sleep(0)
        running_now -= 1

    writer = Writer(at_once=3)
    for key in range(20):
        writer.want(key, action)
    async with running(writer):
        assert await writer.flush(SOON)
    assert most == 3


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Unreachable("PATCH /x", Failing.TIMEOUT, "no answer"), id="no answer"),
        pytest.param(answer(500), id="a server error"),
        pytest.param(answer(429, seconds="0"), id="too many requests"),
        pytest.param(answer(409, "Conflict"), id="a conflict"),
        pytest.param(answer(403, "Forbidden"), id="rights that somebody may grant"),
        pytest.param(answer(404, "NotFound"), id="a kind that somebody may install"),
    ],
)
async def test_what_may_work_later_is_tried_again(error: KubeError) -> None:
    log: list[str] = []
    heard: list[tuple[Hashable, str]] = []
    writer = Writer(first_delay=0.001, on_result=lambda key, error: heard.append((key, type(error).__name__)))
    async with running(writer):
        writer.want("a", note(log, "done", error, error))
        assert await writer.flush(SOON)
    assert log == ["done"]
    assert heard == [("a", type(error).__name__), ("a", type(error).__name__), ("a", "NoneType")]


async def test_what_the_server_calls_invalid_is_not_tried_again_until_it_differs() -> None:
    log: list[str] = []
    writer = Writer(first_delay=0.001)
    async with running(writer):
        writer.want("a", note(log, "never", answer(422, "Invalid"), answer(422, "Invalid")))
        assert await writer.flush(SOON)
        assert log == []
        writer.want("a", note(log, "better"))
        assert await writer.flush(SOON)
    assert log == ["better"]


async def test_a_failing_object_does_not_hold_up_the_others() -> None:
    log: list[str] = []
    writer = Writer(at_once=1, first_delay=30.0)
    async with running(writer):
        writer.want("a", note(log, "late", answer(500)))
        writer.want("b", note(log, "b"))
        assert not await writer.flush(0.2)
        assert log == ["b"]
        assert writer.waiting == 1


async def test_a_write_held_back_goes_with_what_comes_in_the_meantime_or_at_the_end() -> None:
    log: list[str] = []
    writer = Writer()
    async with running(writer):
        writer.want("a", note(log, "1"), after=3600.0)
        writer.want("a", note(log, "2"), after=3600.0)
        await asyncio.sleep(0)
        assert log == []
        assert await writer.flush(SOON)
    assert log == ["2"]


async def test_an_urgent_write_does_not_wait_for_one_held_back() -> None:
    log: list[str] = []
    writer = Writer()
    async with running(writer):
        writer.want("a", note(log, "later"), after=3600.0)
        writer.want("a", note(log, "now"))
        while not log:
            await asyncio.sleep(0)
    assert log == ["now"]


async def test_a_forgotten_write_is_not_made() -> None:
    log: list[str] = []
    writer = Writer()
    writer.want("a", note(log, "a"))
    writer.forget("a")
    async with running(writer):
        assert await writer.flush(SOON)
    assert log == []
    assert writer.waiting == 0


async def test_what_a_cancelled_run_left_is_written_by_the_next_one() -> None:
    log: list[str] = []
    started = asyncio.Event()

    async def cut_off() -> None:
        if started.is_set():
            log.append("under way")
            return
        started.set()
        await asyncio.Event().wait()

    failed = asyncio.Event()
    writer = Writer(at_once=2, first_delay=3600.0, on_result=lambda *_: failed.set())
    async with running(writer):
        writer.want("a", cut_off)
        writer.want("b", note(log, "failed before", answer(500)))
        writer.want("c", note(log, "held back"), after=3600.0)
        await started.wait()
        await failed.wait()
    async with running(writer):
        assert await writer.flush(SOON)
    assert sorted(log) == ["failed before", "held back", "under way"]


async def test_writes_give_way_to_what_is_more_urgent() -> None:
    log: list[str] = []
    busy = [True]
    looks: list[None] = []

    def waits() -> bool:
        looks.append(None)
        return busy[0]

    writer = Writer(waits=waits)
    async with running(writer):
        writer.want("a", note(log, "a"))
        while len(looks) < 3:
            await asyncio.sleep(0)
        assert log == []
        busy[0] = False
        assert await writer.flush(SOON)
    assert log == ["a"]
