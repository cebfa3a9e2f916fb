"""What holds of every policy in every history: sets that may stand together, stability, and who may take over from whom."""

import os
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from mcidns.decide import decide
from mcidns.model import properties
from mcidns.model.clusters import MemberView
from mcidns.model.decisions import Decision, Memory, Role
from mcidns.model.records import RecordSet, Wish
from mcidns.model.routing import Failback, Failover, Geo, Weighted
from mcidns.testing import build
from mcidns.testing.build import NOW
from tests.unit.decide import worlds

EXAMPLES = settings(deadline=None, max_examples=int(os.environ.get("MCIDNS_EXAMPLES", "100")))


def passes(history: worlds.History) -> list[Decision]:
    """All decisions of a history, each with the memory of the one before."""
    host, passing, moments = history
    memory = Memory()
    found = []
    for bare, now in zip(passing, moments, strict=True):
        found.append(decide(replace(bare, memory=memory), host, now))
        memory = found[-1].memory
    return found


def unfrozen(history: worlds.History) -> list[Decision]:
    """Without those on worlds in which nothing may be written: there everything keeps its role, whatever its verdict."""
    return [decision for decision, world in zip(passes(history), history[1], strict=True) if not world.isolated]


def by_name(decision: Decision) -> list[tuple[RecordSet, ...]]:
    return [intent.sets for intent in decision.intents if isinstance(intent, Wish) and intent.sets]


@EXAMPLES
@given(worlds.histories())
def test_the_sets_of_a_name_follow_one_policy_and_each_key_stands_once(history: worlds.History) -> None:
    for decision in passes(history):
        for sets in by_name(decision):
            assert not properties.mixed(sets)
            assert len({records.key for records in sets}) == len(sets)
            assert list(sets) == sorted(sets)
            assert {records.type for records in sets} in ({"A"}, {"AAAA"}, {"A", "AAAA"}, {"CNAME"})


@EXAMPLES
@given(worlds.histories())
def test_by_place_there_is_always_a_set_for_everybody_else(history: worlds.History) -> None:
    for decision in passes(history):
        for sets in by_name(decision):
            kinds = {properties.kind(records) for records in sets}
            assert "geolocation" not in kinds or any(properties.value(one, properties.COUNTRY) == "*" for one in sets)
            assert isinstance(history[0].routing, Geo) or "geolocation" not in kinds


@EXAMPLES
@given(worlds.histories())
def test_a_set_with_a_weight_has_one_above_0(history: worlds.History) -> None:
    for decision in passes(history):
        weights = {properties.value(records, properties.WEIGHT) for sets in by_name(decision) for records in sets} - {""}
        assert all(1 <= int(weight) <= 255 for weight in weights)
        assert isinstance(history[0].routing, Weighted) or not weights


@EXAMPLES
@given(worlds.histories())
def test_whoever_is_eligible_serves_or_says_why_not(history: worlds.History) -> None:
    for decision in unfrozen(history):
        assert all(one.role is None or one.eligible for one in decision.verdicts)
        eligible = [one for one in decision.verdicts if one.eligible]
        assert not eligible or any(one.serves for one in eligible)


def clusters_serving(decision: Decision) -> set[str]:
    return {str(one.cluster) for one in decision.verdicts if one.role is Role.SERVING}


def by_hand(history: worlds.History) -> worlds.History:
    host, passing, moments = history
    routing = host.routing if isinstance(host.routing, Failover) else Failover(("ams", "eu", "par"))
    rule = replace(routing, failback=Failback("Manual"))
    return replace(host, routing=rule, static_targets=(), scheme=None), passing, moments


@EXAMPLES
@given(worlds.histories().map(by_hand))
def test_by_hand_nobody_better_takes_over_while_those_who_serve_are_enough(history: worlds.History) -> None:
    rule = history[0].routing
    assert isinstance(rule, Failover)
    for before, after in pairwise(passes(history)):
        regions = {str(one.cluster): one.region for one in after.verdicts}
        steps = {
            name: next((n for n, entry in enumerate(rule.order) if entry in (name, region)), len(rule.order))
            for name, region in regions.items()
        }
        served = clusters_serving(before)
        still = {str(one.cluster) for one in after.verdicts if one.eligible} & served
        if len(still) < rule.min_healthy or not still:
            continue
        last = max(steps[name] for name in still)
        assert all(steps[name] >= last for name in clusters_serving(after) - served)


@EXAMPLES
@given(worlds.histories().map(by_hand))
def test_enough_clusters_serve_wherever_enough_are_healthy(history: worlds.History) -> None:
    rule = history[0].routing
    assert isinstance(rule, Failover)
    for decision in unfrozen(history):
        eligible = sum(one.eligible for one in decision.verdicts)
        assert len(clusters_serving(decision)) >= min(rule.min_healthy, eligible)


def crowd(places: list[tuple[int, str]]) -> tuple[MemberView, ...]:
    return tuple(build.member(f"c{number:03}", build.seen(f"192.0.2.{number}"), region) for number, region in places)


crowds = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from(["", "eu", "us", "ap"])),
    unique_by=lambda place: place[0],
    min_size=2,
    max_size=30,
)


@EXAMPLES
@given(crowds, st.integers(1, 12), st.data())
def test_one_target_that_goes_or_comes_never_reshuffles_the_others(
    places: list[tuple[int, str]], limit: int, data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(places))
    host = build.host(max_targets=limit)
    whole = set(decide(build.world(*crowd(places)), host, NOW).names[0].targets)
    less = set(decide(build.world(*crowd([place for place in places if place != gone])), host, NOW).names[0].targets)

    assert whole - less <= {f"192.0.2.{gone[0]}"}
    assert len(less - whole) <= 1
    assert len(whole) == min(limit, len(places))


@EXAMPLES
@given(crowds, st.integers(1, 12))
def test_no_region_is_left_out_while_another_has_two_places_more(places: list[tuple[int, str]], limit: int) -> None:
    chosen = decide(build.world(*crowd(places)), build.host(max_targets=limit), NOW).names[0].targets
    homes = {f"192.0.2.{number}": region or f"c{number:03}" for number, region in places}
    taken = {home: sum(homes[text] == home for text in chosen) for home in homes.values()}
    for home, count in taken.items():
        spare = sum(other == home for other in homes.values()) - count
        assert not spare or all(count >= most - 1 for most in taken.values())
