"""Readiness over time: `fall` and `rise` observations in a row, ten seconds apart."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from mcidns.decide import decide
from mcidns.model.clusters import LostReason, Observation
from mcidns.model.decisions import Decision, History, Memory, Reason
from mcidns.model.hosts import Host, Readiness, ReadinessMode
from mcidns.testing import build
from mcidns.testing.build import NOW, absent, lost, memory, remembered, seen, unread
from tests.unit.decide.answers import served, verdict

FRA, AMS = "192.0.2.1", "198.51.100.1"
UP, DOWN = seen(FRA), seen(FRA, ready=0, total=3)
HOST = build.host(readiness=Readiness(fall=3, rise=2), damping=None)


def passes(*steps: tuple[float, Observation], host: Host = HOST) -> list[Decision]:
    """Decisions in a row, each with the memory of the one before; times in seconds from NOW."""
    past = memory(published={"www.example.org": [AMS, FRA]})
    return list(_each(steps, host, past))


def _each(steps: Iterable[tuple[float, Observation]], host: Host, past: Memory) -> Iterable[Decision]:
    for at, word in steps:
        world = build.world(build.member("fra", word), build.member("ams", seen(AMS)), memory=past)
        decision = decide(world, host, NOW + at)
        past = decision.memory
        yield decision


def serves(*steps: tuple[float, Observation], host: Host = HOST) -> list[bool]:
    return [FRA in served(decision) for decision in passes(*steps, host=host)]


def test_too_few_endpoints_count_from_the_third_observation() -> None:
    assert serves((0, UP), (1, DOWN), (11, DOWN), (20.9, DOWN), (21, DOWN)) == [True, True, True, True, False]


def test_enough_endpoints_count_from_the_second() -> None:
    assert serves((0, DOWN), (1, UP), (10.9, UP), (11, UP)) == [False, False, False, True]


def test_how_often_anybody_looks_does_not_matter() -> None:
    often = [(1 + step / 4, DOWN) for step in range(79)]

    assert serves((0, UP), *often)[-1] is True
    assert serves((0, UP), (1, DOWN), (500, DOWN)) == [True, True, False]


def test_the_decision_says_when_it_will_turn() -> None:
    _, turning = passes((0, UP), (1, DOWN))

    assert turning.look_again == NOW + 21
    assert verdict(turning).reason is Reason.READY
    assert verdict(turning).message == "0 of 3 endpoints ready, until this was observed fall times in a row (spec.health.readiness)"


def test_one_good_look_ends_a_row_of_bad_ones() -> None:
    assert serves((0, UP), (1, DOWN), (15, UP), (16, DOWN), (30, DOWN), (36, DOWN)) == [True] * 5 + [False]


def test_silence_breaks_the_row() -> None:
    steps = ((0, UP), (1, DOWN), (5, lost(DOWN)), (100, lost(DOWN)), (101, DOWN), (120, DOWN), (121, DOWN))

    assert serves(*steps) == [True] * 6 + [False]


def test_silence_keeps_what_stood_before() -> None:
    assert serves((0, DOWN), (1, UP), (5, lost(UP)), (100, lost(UP))) == [False] * 4


def test_a_restart_does_not_break_the_row() -> None:
    assert serves((0, UP), (1, DOWN), (10, unread()), (21, DOWN)) == [True, True, True, False]


def test_a_restart_into_silence_breaks_it() -> None:
    steps = ((0, UP), (1, DOWN), (10, unread()), (12, lost(reason=LostReason.REFUSED)), (30, DOWN))

    assert serves(*steps) == [True] * 5


def test_the_first_look_at_a_new_object_decides_alone() -> None:
    assert serves((0, DOWN)) == [False]
    assert serves((0, UP)) == [True]
    assert serves((0, UP), (1, absent()), (2, DOWN)) == [True, False, False]
    assert serves((0, lost(DOWN))) == [False]


def test_what_another_rule_hides_is_remembered() -> None:
    hidden = seen("127.0.0.1", ready=0, total=3)
    first, second, third = passes((0, DOWN), (1, hidden), (2, UP))

    assert [verdict(one).reason for one in (first, second, third)] == [Reason.NOT_READY, Reason.NOT_PERMITTED, Reason.NOT_READY]
    assert second.memory.clusters[1].history == History(unready=True)


def test_a_look_that_turns_it_behind_another_rule_is_taken_in_time() -> None:
    hidden = seen("127.0.0.1", ready=0, total=3)
    _, second = passes((0, UP), (1, hidden))

    assert second.look_again == NOW + 21


@pytest.mark.parametrize(
    ("mode", "least", "percent", "backends", "enough"),
    [
        pytest.param("Any", 1, 0, [(0, 2), (1, 2)], True, id="Any: one back end with one ready"),
        pytest.param("Any", 2, 0, [(1, 2), (1, 2)], False, id="Any: none with two"),
        pytest.param("All", 1, 0, [(1, 2), (1, 2)], True, id="All: each with one"),
        pytest.param("All", 1, 0, [(0, 2), (2, 2)], False, id="All: not if one has none"),
        pytest.param("All", 1, 50, [(1, 3), (2, 2)], False, id="All: nor less than its share"),
        pytest.param("Any", 0, 50, [(1, 3), (1, 2)], True, id="Any: half of one is enough"),
        pytest.param("Ignore", 5, 100, [(0, 2)], True, id="Ignore: whatever is there"),
    ],
)
def test_modes_over_all_back_ends(
    mode: ReadinessMode, least: int, percent: int, backends: list[tuple[int, int]], enough: bool
) -> None:
    state = build.state(FRA, backends=[build.backend(*counts, service=str(place)) for place, counts in enumerate(backends)])
    host = build.host(readiness=Readiness(mode, least, percent))
    decision = decide(build.world(build.member("fra", replace(UP, state=state))), host, NOW)

    assert verdict(decision).eligible is enough


def test_a_past_without_readiness_is_no_reason_to_wait() -> None:
    past = memory(remembered("fra", FRA, reason=Reason.CLUSTER_GONE), published={"www.example.org": [FRA]})
    decision = decide(build.world(build.member("fra", UP), memory=past), HOST, NOW)

    assert verdict(decision).reason is Reason.READY
