"""Telling waits for DNS, but not for ever; what is overtaken while it waits is not lost."""

import asyncio
from dataclasses import replace

import pytest

from mcidns import decide
from mcidns.agenda import Agenda
from mcidns.backlog import Backlog
from mcidns.model.decisions import Decision, World
from mcidns.precedence import CALM, FORGOTTEN, PATIENCE, Precedence
from mcidns.testing.build import host


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_telling_waits_while_dns_is_changed() -> None:
    busy, clock = [True], Clock()
    precedence = Precedence(lambda: busy[0], clock)
    assert precedence.waits()
    busy[0] = False
    assert precedence.waits()  # what a lost region brings comes in gusts
    clock.now += CALM * 1.01
    assert not precedence.waits()


def test_one_stretch_of_urgent_work_holds_telling_up_only_so_long() -> None:
    clock = Clock()
    precedence = Precedence(lambda: True, clock)
    waited = 0.0
    while precedence.waits():
        clock.now += 0.5
        waited += 0.5
    assert waited == PATIENCE
    clock.now += FORGOTTEN / 2
    assert not precedence.waits()


def test_a_new_stretch_begins_when_nobody_asked_for_a_while() -> None:
    clock = Clock()
    precedence = Precedence(lambda: True, clock)
    while precedence.waits():
        clock.now += 0.5
    clock.now += FORGOTTEN + 0.1
    assert precedence.waits()


@pytest.mark.looptime
async def test_an_idle_mark_waits_for_what_is_due_and_for_dns() -> None:
    seen: list[str] = []
    busy = [True]
    agenda: Agenda[str] = Agenda(seen.append, clock=asyncio.get_running_loop().time, waits=lambda: busy[0])
    agenda.mark_idly("words")
    agenda.mark("dns")
    running = asyncio.create_task(agenda.run())
    await asyncio.sleep(1.0)
    assert seen == ["dns"]
    busy[0] = False
    await asyncio.sleep(1.0)
    assert seen == ["dns", "words"]
    agenda.mark_idly("words")
    agenda.drop("words")
    await asyncio.sleep(1.0)
    assert seen == ["dns", "words"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def decided(name: str, note: float) -> Decision:
    decision = decide.decide(World((), ()), host(name=name), 0.0)
    return replace(decision, look_again=note)


@pytest.mark.looptime
async def test_the_newest_decision_is_told_and_the_one_it_overtakes_is_passed_over() -> None:
    told: list[tuple[float | None, float | None]] = []
    passed: list[float | None] = []
    waits = [True]

    def tell(decision: Decision, previous: Decision | None) -> None:
        told.append((decision.look_again, previous.look_again if previous is not None else None))

    backlog = Backlog(tell, lambda decision, _: passed.append(decision.look_again), lambda: waits[0])
    first, second = decided("shop", 1.0), decided("shop", 2.0)
    backlog.add(first, None)
    backlog.add(second, first)
    running = asyncio.create_task(backlog.run())
    await asyncio.sleep(1.0)
    assert (told, passed) == ([], [1.0])
    waits[0] = False
    await asyncio.sleep(1.0)
    assert told == [(2.0, 1.0)]
    backlog.add(first, second)
    backlog.drain()
    assert told == [(2.0, 1.0), (1.0, 2.0)]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
