"""Damping: what falls again and again stays out until it has been steady, and nothing else moves for it."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import log, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcidns.decide import decide
from mcidns.model.clusters import Observation
from mcidns.model.decisions import Decision, History, Memory, Reason
from mcidns.model.hosts import Damping
from mcidns.testing import build
from mcidns.testing.build import NOW, absent, answers, lost, memory, seen
from tests.unit.decide.answers import condition, served, verdict
from tests.unit.decide.test_properties import EXAMPLES

FRA, AMS = "192.0.2.1", "198.51.100.1"
UP, DOWN = seen(FRA), seen(FRA, ready=0)
RULE = Damping()
PUBLISHED: dict[str, Iterable[str]] = {"www.example.org": [AMS, FRA]}
Step = tuple[float, Observation]


def passes(*steps: Step, damping: Damping | None = RULE, past: Memory | None = None, steady: bool = True) -> Iterator[Decision]:
    """Decisions in a row on `fra`, with `ams` beside it always well; times in seconds from NOW."""
    known = past or memory(published=PUBLISHED)
    host = build.host(damping=damping)
    others = (build.member("ams", seen(AMS)),) if steady else ()
    for at, word in steps:
        decision = decide(build.world(build.member("fra", word), *others, memory=known), host, NOW + at)
        known = decision.memory
        yield decision


def flapping(times: int, every: float = 2.0) -> list[Step]:
    """Up and down so many times, ending up."""
    falls = [step for turn in range(times) for step in ((turn * every, UP), (turn * every + every / 2, DOWN))]
    return [*falls, (times * every, UP)]


def last(*steps: Step, damping: Damping | None = RULE) -> Decision:
    return list(passes(*steps, damping=damping))[-1]


def test_three_falls_are_forgiven_and_the_fourth_is_not() -> None:
    assert verdict(last(*flapping(3))).reason is Reason.READY
    assert verdict(last(*flapping(4))).reason is Reason.SUPPRESSED


def test_what_is_suppressed_is_out_and_says_until_when() -> None:
    decision = last(*flapping(4))
    (fra,) = (one for one in decision.memory.clusters if one.cluster == "fra")

    assert served(decision) == (AMS,)
    assert fra.history is not None
    assert fra.history.suppressed
    assert decision.look_again == pytest.approx(fra.history.penalty_at + 300 * log2(fra.history.penalty / 1000))
    assert "it fell too often and is kept out until it has been steady, at least until 2027-01-15T08:1" in verdict(decision).message
    assert "Suppressed in fra" in condition(decision, "Healthy").message


def test_it_returns_when_it_was_steady_long_enough() -> None:
    *_, out = passes(*flapping(4))
    assert out.look_again is not None
    before, at = passes((out.look_again - NOW - 1, UP), (out.look_again - NOW, UP), past=out.memory)

    assert (verdict(before).reason, verdict(at).reason) == (Reason.SUPPRESSED, Reason.READY)
    assert served(at) == (FRA, AMS)


def test_another_fall_while_suppressed_makes_it_longer() -> None:
    *_, out = passes(*flapping(4))
    *_, again = passes((100, DOWN), (101, UP), past=out.memory)

    assert out.look_again is not None
    assert again.look_again is not None
    assert again.look_again > out.look_again


def test_it_stays_out_no_longer_than_max_suppress_after_its_last_fall() -> None:
    decision = last(*flapping(200))

    assert decision.look_again is not None
    assert decision.look_again <= NOW + 200 * 2 + RULE.max_suppress


def test_what_recovers_when_all_is_forgiven_is_let_in_at_once() -> None:
    *_, out = passes(*flapping(4), (9, DOWN))
    (back,) = passes((3600, UP), past=out.memory)

    assert verdict(back).reason is Reason.READY


def test_a_fall_after_all_is_forgiven_counts_from_nothing() -> None:
    *_, out = passes(*flapping(4), (9, DOWN))
    *_, back = passes((7200, UP), (7201, DOWN), (7202, UP), past=out.memory)
    (fra,) = (one for one in back.memory.clusters if one.cluster == "fra")

    assert verdict(back).reason is Reason.READY
    assert fra.history == History(penalty=1000, penalty_at=NOW + 7201)


def test_points_are_forgotten_with_the_next_change_after_they_are_forgiven() -> None:
    decision = last((0, UP), (1, DOWN), (2, UP), (3000, lost(UP)))
    (fra,) = (one for one in decision.memory.clusters if one.cluster == "fra")

    assert fra.history is None


def test_time_alone_writes_nothing() -> None:
    *_, settled = passes((0, UP), (1, DOWN), (2, UP))
    later = list(passes(*((float(at), UP) for at in range(3, 9000, 500)), past=settled.memory))

    assert all(decision == settled for decision in later)


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([step for turn in range(9) for step in ((turn * 2.0, UP), (turn * 2 + 1.0, absent()))], id="object deleted"),
        pytest.param(
            [step for turn in range(9) for step in ((turn * 2.0, UP), (turn * 2 + 1.0, seen("127.0.0.1")))], id="not permitted"
        ),
        pytest.param([step for turn in range(9) for step in ((turn * 2.0, UP), (turn * 2 + 1.0, lost(UP)))], id="stale, not out"),
    ],
)
def test_what_is_no_fall_costs_nothing(steps: list[Step]) -> None:
    assert verdict(last(*steps, (99, UP))).reason is Reason.READY


def test_damping_can_be_turned_off() -> None:
    assert verdict(last(*flapping(50), damping=None)).reason is Reason.READY


def test_a_cluster_that_flaps_alone_keeps_its_name_published_throughout() -> None:
    found = list(passes(*flapping(9), past=memory(published={"www.example.org": [FRA]}), steady=False))

    assert {served(decision) for decision in found} == {(FRA,)}


def test_a_target_that_fails_its_probe_again_and_again_is_suppressed() -> None:
    host = build.host(probe=build.PROBE, static_targets=(build.static("dc", FRA),))
    known = memory(published={"www.example.org": [FRA]})
    reasons = []
    for turn in range(5):
        for good, count in ((True, 2), (False, 3)):
            world = build.world(memory=known, probes=(answers(FRA, good, count),))
            decision = decide(world, host, NOW + turn)
            known = decision.memory
            reasons.append(verdict(decision, "dc").reason)

    assert reasons[:2] == [Reason.STATIC, Reason.PROBE_FAILED]
    assert reasons[-2:] == [Reason.SUPPRESSED, Reason.PROBE_FAILED]


rules = st.builds(
    Damping,
    penalty=st.integers(1, 2000),
    suppress_above=st.integers(1500, 5000),
    reuse_below=st.integers(100, 1400),
    half_life=st.sampled_from([1.0, 60.0, 300.0]),
    max_suppress=st.sampled_from([300.0, 1800.0, 1e9]),
)
spans = st.lists(st.sampled_from([0.1, 0.1, 1.0, 1.0, 7.5, 60.0]), min_size=10, max_size=60)


def by_turns(history: list[float]) -> tuple[list[Step], float]:
    """Up first, then down, and so on, after these seconds each; and when that ended."""
    at, steps = 0.0, [(0.0, UP)]
    for turn, span in enumerate(history):
        at += span
        steps.append((at, UP if turn % 2 else DOWN))
    return [(moment, word) for moment, word in steps], at


@EXAMPLES
@given(rules, spans)
def test_a_flapping_target_moves_dns_no_more_than_its_points_allow(rule: Damping, history: list[float]) -> None:
    """Each fall that shows costs a penalty, and no more is forgiven than the half-life gives back (RFC 2439 §4)."""
    steps, at = by_turns(history)
    found = list(passes(*steps, damping=rule))

    falls = sum(verdict(one).eligible and not verdict(two).eligible for one, two in pairwise(found))
    most = rule.suppress_above + rule.penalty + 1
    # A fall is dated to the whole second, so that up to a second more than there was is forgiven for each.
    allowed = most * (1 + (at + falls) * log(2) / rule.half_life) / max(rule.penalty - 1, 1)
    assert falls <= allowed + (at + falls) / rule.max_suppress
    assert all(AMS in served(decision) for decision in found)
    assert {verdict(decision, "ams").since for decision in found} == {NOW}


def test_falls_that_cost_little_add_up_all_the_same() -> None:
    """One fall is worth less than half of what lets a target back, and still it is not forgotten at the next return."""
    rule = Damping(penalty=257, suppress_above=1500, reuse_below=514, half_life=300.0, max_suppress=1e9)
    steps, _ = by_turns([0.1] * 13)
    found = list(passes(*steps, damping=rule))
    assert sum(verdict(one).eligible and not verdict(two).eligible for one, two in pairwise(found)) == 6
    assert verdict(found[-2]).reason is Reason.SUPPRESSED


@EXAMPLES
@given(rules, spans)
def test_what_stays_well_is_served_again_in_the_end(rule: Damping, history: list[float]) -> None:
    steps, at = by_turns(history)
    *_, before = passes(*steps, damping=rule)
    end = at + 65 * rule.half_life if rule.max_suppress > 1e6 else at + rule.max_suppress + 1
    (after,) = passes((end, UP), damping=rule, past=before.memory)

    assert verdict(after).reason is Reason.READY
