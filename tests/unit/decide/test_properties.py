"""What holds for every world and every history: the laws of design §1 as far as deciding can keep or break them."""

import os
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import TypeVar

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mcidns.decide import decide
from mcidns.model.clusters import Lost, LostReason, MemberView, Seen
from mcidns.model.decisions import Decision, Memory, Reason, World
from mcidns.model.hosts import Host
from mcidns.model.records import Wish
from mcidns.testing import build
from tests.unit.decide import worlds

T = TypeVar("T")
History = tuple[Host, list[World], list[float]]

# No deadline: the machine that runs the tests may be busy.
EXAMPLES = settings(deadline=None, max_examples=int(os.environ.get("MCIDNS_EXAMPLES", "100")))


def _live(history: History) -> tuple[World, Decision, float]:
    """The last world with the memory that its history left, the decision on it, and its time."""
    host, passing, moments = history
    memory = Memory()
    for bare, now in zip(passing, moments, strict=True):
        world = replace(bare, memory=memory)
        decision = decide(world, host, now)
        memory = decision.memory
    return world, decision, now


def _served(decision: Decision) -> dict[str, set[str]]:
    return {name.name.text: set(name.targets) for name in decision.names}


@EXAMPLES
@given(worlds.histories())
def test_the_same_world_with_the_memory_of_its_decision_gives_that_decision(history: History) -> None:
    world, decision, now = _live(history)

    assert decide(replace(world, memory=decision.memory), history[0], now) == decision


@EXAMPLES
@given(worlds.histories(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(history: History, random: Random) -> None:
    host = history[0]
    world, decision, now = _live(history)

    def mixed(items: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(random.sample(items, len(items)))

    shuffled = replace(
        world,
        members=mixed(world.members),
        resolutions=mixed(world.resolutions),
        memory=replace(
            world.memory,
            clusters=mixed(world.memory.clusters),
            published=mixed(world.memory.published),
            resolved=mixed(world.memory.resolved),
        ),
    )
    again = decide(shuffled, replace(host, hostnames=mixed(host.hostnames), fallback=mixed(host.fallback)), now)

    assert replace(again, host=host) == decision


def _keeps(history: History) -> History:
    host, passing, moments = history
    return replace(host, on_unknown="Keep"), passing, moments


def _silenced(view: MemberView, now: float) -> MemberView:
    """The same member, gone silent after its last word."""
    if isinstance(view.observation, Lost):
        return view
    return replace(view, observation=Lost(view.observation, now, LostReason.TIMEOUT))


def _restarted(world: World, now: float) -> World:
    """What a new process sees before it has read any member or asked any resolver."""
    members = tuple(replace(view, observation=Lost(None, now, LostReason.NOT_YET_READ)) for view in world.members)
    return replace(world, members=members, resolutions=())


@EXAMPLES
@given(worlds.histories().map(_keeps), st.data())
def test_a_member_that_falls_silent_removes_nothing_while_unknown_is_kept(history: History, data: st.DataObject) -> None:
    world, decision, now = _live(history)
    silent = data.draw(st.frozensets(st.sampled_from(worlds.NAMES)))
    members = tuple(_silenced(view, now) if view.cluster.name in silent else view for view in world.members)

    after = decide(replace(world, members=members, memory=decision.memory), history[0], now + 1)

    assert _served(after) == _served(decision)


@EXAMPLES
@given(worlds.histories(), st.data())
def test_a_published_name_is_never_emptied_by_health_alone(history: History, data: st.DataObject) -> None:
    host = replace(history[0], when_none_healthy=data.draw(st.sampled_from(["ServeAll", "ServeLast", "Fallback"])))
    world, decision, now = _live((host, *history[1:]))
    assume(not world.isolated)
    later = now + data.draw(st.sampled_from([1.0, 299.0, 301.0, 3599.0, 100000.0]))
    sick = []
    for view in world.members:
        match view.observation:
            case Seen(state) if state is not None:
                blank = data.draw(st.booleans())
                worse = replace(state, targets=frozenset() if blank else state.targets, backends=(build.backend(0, 2),))
                sick.append(replace(view, observation=Seen(worse, later)))
            case _:
                sick.append(view)

    after = _served(decide(replace(world, members=tuple(sick), memory=decision.memory), host, later))

    assert {name for name, values in _served(decision).items() if values} <= {name for name, values in after.items() if values}


@EXAMPLES
@given(worlds.histories())
def test_a_new_process_asks_for_what_the_last_one_published(history: History) -> None:
    world, decision, now = _live(history)

    again = decide(replace(_restarted(world, now + 1), memory=decision.memory), history[0], now + 1)

    assert _served(again) == _served(decision)
    assert again.memory.clusters == decision.memory.clusters


def _stances(decision: Decision, clusters: set[str]) -> set[tuple[str, bool, Reason, float]]:
    return {
        (one.cluster, one.eligible, one.reason, one.since)
        for one in decision.verdicts
        if one.cluster in clusters and one.reason is not Reason.NEVER_SEEN
    }


@EXAMPLES
@given(worlds.histories())
def test_a_restart_changes_no_verdict_of_what_is_remembered(history: History) -> None:
    world, decision, now = _live(history)
    known = {one.cluster for one in decision.memory.clusters}

    again = decide(replace(_restarted(world, now + 1), memory=decision.memory), history[0], now + 1)

    assert _stances(again, known) == _stances(decision, known)


@EXAMPLES
@given(worlds.histories(), st.sampled_from([LostReason.TIMEOUT, LostReason.NOT_YET_READ]))
def test_a_new_member_that_does_not_answer_changes_nothing_that_is_published(history: History, reason: LostReason) -> None:
    world, decision, now = _live(history)
    new = build.member("zzz", Lost(None, now, reason))

    after = decide(replace(world, members=(*world.members, new), memory=decision.memory), history[0], now)

    assert _served(after) == _served(decision)


def _may_serve(decision: Decision) -> set[tuple[str, bool]]:
    """Those that are eligible, or whose return is a matter of time, or that would be eligible if they were alone.

    A name nobody here can resolve is then left to the clients. What is suppressed or drained returns in time, and so does what
    has enough endpoints and waits until that was observed often enough.
    """
    returning = {one.cluster for one in decision.memory.clusters if one.history and one.history.turning_since is not None}
    waiting = (Reason.UNRESOLVED, Reason.SUPPRESSED, Reason.DRAINED)
    return {
        (one.cluster, one.reason is Reason.STATIC)
        for one in decision.verdicts
        if one.eligible or one.reason in waiting or one.cluster in returning
    }


@EXAMPLES
@given(worlds.histories(), st.lists(st.floats(0, 20000), min_size=2, max_size=5))
def test_time_alone_brings_in_only_what_was_waiting_for_it(history: History, ages: list[float]) -> None:
    world, decision, now = _live(history)
    world = replace(world, memory=decision.memory)
    passes = [decide(world, history[0], now + age) for age in sorted(ages)]

    for earlier, later in pairwise(passes):
        assert _may_serve(later) <= _may_serve(earlier)


@EXAMPLES
@given(worlds.histories(), st.floats(0, 0.999))
def test_before_it_is_time_to_look_again_the_decision_stays(history: History, share: float) -> None:
    world, decision, now = _live(history)
    world = replace(world, memory=decision.memory)
    later = now + (100000.0 if decision.look_again is None else decision.look_again - now) * share

    assert decision.look_again is None or decision.look_again > now
    assert decide(world, history[0], later) == decision


@EXAMPLES
@given(worlds.histories())
def test_a_complete_wish_withdraws_nothing_by_value_and_no_wish_withdraws_what_it_serves(history: History) -> None:
    _, decision, _ = _live(history)

    for intent in decision.intents:
        if isinstance(intent, Wish):
            assert not (intent.complete and intent.withdrawn)
            assert intent.withdrawn.isdisjoint(value for records in intent.sets for value in records.values)


@EXAMPLES
@given(worlds.histories())
def test_nothing_that_clients_cannot_reach_is_ever_published(history: History) -> None:
    _, decision, _ = _live(history)

    assert not any("127.0.0.1" in values for values in _served(decision).values())
