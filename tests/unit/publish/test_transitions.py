"""Which changes deserve an Event."""

from dataclasses import replace
from typing import Any

import pytest

from mcidns.decide import decide
from mcidns.kube import kinds
from mcidns.kube.client import Object
from mcidns.model.clusters import MemberView
from mcidns.model.decisions import Condition, Decision, Memory
from mcidns.model.references import ObjectRef
from mcidns.model.routing import Failback, Failover
from mcidns.publish import status
from mcidns.publish.transitions import Transitions
from mcidns.testing import build
from mcidns.testing.build import NOW

REF = ObjectRef("GlobalHost", "shop", "web")


def rendered(**conditions: str) -> Object:
    """A status; `Programmed="False:NotOwner"`."""
    wanted = []
    for type_, said in conditions.items():
        value, _, reason = said.partition(":")
        wanted.append({"type": type_, "status": value, "reason": reason or type_, "message": f"{type_} {said}"})
    return {"conditions": wanted}


def told(transitions: Transitions, found: Object, seen: Object | None = None) -> list[tuple[str, str]]:
    return [(one.type, one.reason) for one in transitions.of_status(kinds.GLOBAL_HOST, REF, found, seen or {})]


@pytest.mark.parametrize(
    ("history", "notices"),
    [
        pytest.param([{"Accepted": "True"}], [], id="a good beginning is no news"),
        pytest.param([{"Programmed": "Unknown"}, {"Programmed": "True"}], [("Normal", "Programmed")], id="done for the first time"),
        pytest.param([{"FailOpen": "False:Inactive"}], [], id="nothing abnormal from the start"),
        pytest.param([{"Accepted": "False:Invalid"}], [("Warning", "Invalid")], id="a bad beginning"),
        pytest.param(
            [{"Programmed": "False:NotOwner"}, {"Programmed": "False:NotOwner"}], [("Warning", "NotOwner")], id="told once"
        ),
        pytest.param(
            [{"Programmed": "False:NotOwner"}, {"Programmed": "False:Denied"}],
            [("Warning", "NotOwner"), ("Warning", "Denied")],
            id="another reason",
        ),
        pytest.param(
            [{"Accepted": "False:Invalid"}, {"Accepted": "True"}], [("Warning", "Invalid"), ("Normal", "Accepted")], id="over"
        ),
        pytest.param(
            [{"FailOpen": "True:ServeAll"}, {"FailOpen": "False:Inactive"}],
            [("Warning", "ServeAll"), ("Normal", "FailOpenOver")],
            id="fail-open comes and goes",
        ),
    ],
)
def test_a_condition_is_told_when_it_turns(history: list[dict[str, str]], notices: list[tuple[str, str]]) -> None:
    transitions = Transitions()
    found: list[tuple[str, str]] = []
    for conditions in history:
        found += told(transitions, rendered(**conditions))
    assert found == notices


def test_a_short_doubt_is_no_change() -> None:
    transitions = Transitions()
    told(transitions, rendered(Programmed="True"))
    assert told(transitions, rendered(Programmed="Unknown:Pending")) == []
    assert told(transitions, rendered(Programmed="True")) == []


def test_after_a_restart_the_object_tells_what_was_said_before() -> None:
    bad = rendered(Programmed="False:NotOwner")
    assert told(Transitions(), bad, {"status": bad}) == []
    assert told(Transitions(), rendered(Programmed="True"), {"status": bad}) == [("Normal", "Programmed")]


def decided(*members: MemberView, before: Decision | None = None, **changes: Any) -> Decision:
    memory = before.memory if before is not None else build.memory()
    return decide(replace(build.world(*members), memory=memory), build.host(**changes), NOW)


def fra(*, ready: int) -> MemberView:
    return build.member("fra", build.seen("192.0.2.1", ready=ready, total=1))


def ams(*, ready: int) -> MemberView:
    return build.member("ams", build.seen("192.0.2.2", ready=ready, total=1))


def verdicts(transitions: Transitions, decision: Decision, seen: Object | None = None) -> list[tuple[str, str]]:
    return [(one.reason, one.note.partition(":")[0]) for one in transitions.of_verdicts(decision, seen)]


def test_a_cluster_that_goes_and_returns_is_told() -> None:
    transitions = Transitions()
    first = decided(fra(ready=1), ams(ready=1))
    assert verdicts(transitions, first, {}) == [("Added", "ams"), ("Added", "fra")]
    second = decided(fra(ready=0), ams(ready=1), before=first)
    assert verdicts(transitions, second) == [("Withdrawn", "fra")]
    third = decided(fra(ready=0), ams(ready=0), before=second)
    assert verdicts(transitions, third) == [("Unhealthy", "ams")]
    assert verdicts(transitions, decided(fra(ready=1), ams(ready=0), before=third)) == [("Restored", "fra")]


def test_a_cluster_that_leaves_is_told() -> None:
    transitions = Transitions()
    first = decided(fra(ready=1), ams(ready=1))
    verdicts(transitions, first, {})
    reasons = [reason for reason, _ in verdicts(transitions, decided(ams(ready=1), before=first))]
    assert reasons == ["Withdrawn"]


def test_a_restart_without_change_tells_nothing() -> None:
    first = decided(fra(ready=1), ams(ready=0))
    seen = {"metadata": {}, "status": status.of_host(first, None, NOW)}
    assert verdicts(Transitions(), decided(fra(ready=1), ams(ready=0), before=first), seen) == []


def test_an_object_that_was_forgotten_begins_anew() -> None:
    transitions = Transitions()
    bad = rendered(Accepted="False:Invalid")
    told(transitions, bad)
    transitions.forget(kinds.GLOBAL_HOST, REF)
    assert told(transitions, bad) == [("Warning", "Invalid")]


def test_a_condition_that_is_abnormal_when_true_reads_the_other_way_round() -> None:
    condition = Condition("PlanHeld", "True", "PlanHeld", "waits")
    held = {"conditions": status.conditions((condition,), None, 1, NOW)}
    found = Transitions().of_status(kinds.DNS_ZONE, ObjectRef("DNSZone", "", "main"), held, {"metadata": {"uid": "z"}})
    assert [(one.type, one.reason, one.note, one.regarding.uid) for one in found] == [("Warning", "PlanHeld", "waits", "z")]


def test_a_failover_is_told_of_those_that_take_over_and_of_those_held_back() -> None:
    transitions, host = Transitions(), build.host(routing=Failover(("fra", "ams"), 1, Failback("Manual")))

    def told_of(fra: int, memory: Memory) -> tuple[list[tuple[str, str]], Memory]:
        members = (build.member("fra", build.seen("192.0.2.1", ready=fra)), build.member("ams", build.seen("192.0.2.2")))
        found = decide(build.world(*members, memory=memory), host, NOW)
        notices = transitions.of_verdicts(found, obj_of(found))
        return [(one.reason, one.note.partition(":")[0]) for one in notices], found.memory

    def obj_of(found: Decision) -> Object:
        return {"status": status.of_host(found, None, NOW)}

    first, memory = told_of(1, Memory())
    failed, memory = told_of(0, memory)
    back, memory = told_of(1, memory)
    quiet, _ = told_of(1, memory)
    assert (first, failed, back, quiet) == ([], [("Withdrawn", "fra"), ("Serving", "ams")], [("Restored", "fra")], [])
