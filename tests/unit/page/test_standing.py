"""How things stand, in one word and a tone: read off what was decided, never judged again."""

from dataclasses import replace
from typing import Any

import pytest

from mcidns import decide
from mcidns.model.clusters import Drain
from mcidns.model.decisions import Condition, Reason, Role, Verdict
from mcidns.model.references import ClusterName
from mcidns.page import standing
from mcidns.publish.transitions import ABNORMAL
from mcidns.testing import build
from mcidns.testing.build import NOW
from tests.component.page import boards


def verdict(reason: Reason, *, eligible: bool = False, role: Role | None = None) -> Verdict:
    return Verdict(ClusterName("r1"), "", (), eligible, reason, "", NOW, role=role)


@pytest.mark.parametrize(
    ("told", "tone", "word"),
    [
        (verdict(Reason.READY, eligible=True), "good", "Ready"),
        (verdict(Reason.STALE, eligible=True), "doubt", "Stale"),
        (verdict(Reason.READY, eligible=True, role=Role.STANDBY), "aside", "Standby"),
        (verdict(Reason.READY, eligible=True, role=Role.SERVING), "good", "Ready"),
        (verdict(Reason.DRAINED), "aside", "Drained"),
        (verdict(Reason.NOT_PLACED), "none", "NotPlaced"),
        (verdict(Reason.NOT_PROBED), "wait", "NotProbed"),
        (verdict(Reason.NOT_READY), "bad", "NotReady"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_verdict_has_the_word_of_status_and_a_tone_that_says_whether_it_serves(told: Verdict, tone: str, word: str) -> None:
    assert (standing.of_verdict(told), standing.word_of(told)) == (tone, word)


def test_every_reason_has_a_tone_when_it_keeps_a_cluster_out() -> None:
    tones = {reason: standing.of_verdict(verdict(reason)) for reason in Reason}
    assert set(tones.values()) == {"bad", "none", "wait", "aside"}


def test_a_host_is_well_where_every_cluster_serves_and_its_names_are_programmed() -> None:
    told = boards.scene().decide("www")
    assert (standing.of(told).tone, standing.of(told).word) == ("good", "Healthy")


@pytest.mark.parametrize(
    ("scene", "tone", "word"),
    [
        ({"out": "napoli"}, "doubt", "PartiallyHealthy"),
        ({"stale": "napoli"}, "doubt", "Unknown"),
        ({"programmed": False}, "wait", "Pending"),
    ],
    ids=["one out", "one silent", "not written yet"],
)
def test_the_worst_condition_speaks_for_the_host(scene: dict[str, Any], tone: str, word: str) -> None:
    found = standing.of(boards.scene().decide("www", **scene))
    assert (found.tone, found.word, found.wants_attention) == (tone, word, tone == "doubt")
    assert found.says


def test_a_host_whose_writes_fail_or_that_serves_what_is_unhealthy_is_bad() -> None:
    told = boards.scene().decide("www")
    failed = Condition("Programmed", "False", "Rejected", "the server refuses the record")
    opened = Condition("FailOpen", "True", "ServeAll", "no healthy target")
    for one, word in ((failed, "Rejected"), (opened, "FailOpen")):
        others = tuple(condition for condition in told.conditions if condition.type != one.type)
        found = standing.of(replace(told, conditions=(*others, one)))
        assert (found.tone, found.word, found.says) == ("bad", word, one.message)


def test_a_host_that_nobody_has_and_one_that_cannot_be_read_are_bad() -> None:
    nowhere = decide.decide(build.world(build.member("r1", build.absent())), build.host(), NOW)
    assert (standing.of(nowhere).tone, standing.of(nowhere).word) == ("bad", "NoneHealthy")
    assert standing.of(None, "spec.ttl: is -1").says == "spec.ttl: is -1"
    broken = standing.of(boards.scene().decide("www"), "spec.ttl: is -1; give 1 or more")
    assert (broken.tone, broken.word) == ("bad", "Invalid")


def test_a_search_finds_a_host_by_name_hostname_address_state_and_verdict() -> None:
    text = standing.of(boards.scene().decide("www", out="napoli")).text
    for word in ("shop/www", "www.example.org", "192.0.2.10", "partiallyhealthy", "napoli:notready", "catania:ready", "globalhost"):
        assert word in text, word


def test_conditions_that_are_bad_when_true_are_shown_so() -> None:
    for type_, status, tone in (
        ("Healthy", "True", "good"),
        ("Healthy", "False", "bad"),
        ("FailOpen", "True", "bad"),
        ("FailOpen", "False", "good"),
    ):
        assert standing.of_condition(Condition(type_, status, "", ""), ABNORMAL) == tone  # type: ignore[arg-type]
    assert standing.of_condition(Condition("Healthy", "Unknown", "", ""), ABNORMAL) == "wait"


def test_a_member_that_is_silent_says_so_before_its_drain() -> None:
    drained = boards.member("r1", drain=Drain("new switches"), at_risk=("shop/www",))
    assert (standing.of_member(drained).tone, standing.of_member(drained).says) == ("aside", "new switches; refused for shop/www")
    silent = replace(drained, reachable=False, reason="Timeout", message="no answer")
    assert (standing.of_member(silent).tone, standing.of_member(silent).word) == ("bad", "Timeout")
    assert standing.of_member(boards.member("r1", known=False, reason="NotYetRead", reachable=False)).tone == "wait"
    assert standing.of_member(boards.member("r1", duplicate_of="r0")).word == "SameCluster"
    assert standing.of_member(boards.member("r1", gateways_trouble="forbidden")).word == "NoGateways"
    assert standing.of_member(boards.member("r1")).tone == "good"


def test_a_zone_tells_of_trouble_before_held_plans_before_refused_changes() -> None:
    held = boards.zone(held=boards.held("a.example.org"), quarantined=3)
    assert standing.of_zone(held).word == "PlanHeld"
    assert standing.of_zone(replace(held, ready=False, reason="ProviderUnavailable", message="no answer")).tone == "bad"
    assert standing.of_zone(replace(held, held=None)).word == "Quarantined"
    assert standing.of_zone(boards.zone()).tone == "good"
    assert standing.of_zone(boards.zone(ready=False, reason="Starting")).tone == "wait"
