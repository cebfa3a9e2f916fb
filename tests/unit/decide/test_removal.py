"""Clusters that a person took away, and those that are no Kubernetes at all."""

from dataclasses import replace
from typing import Any

import pytest

from mcidns.decide import decide
from mcidns.model.clusters import Observation
from mcidns.model.decisions import Decision, Memory, Reason, Remembered
from mcidns.model.hosts import Host, Requirement, Selection
from mcidns.model.names import DnsName
from mcidns.model.references import ClusterName
from mcidns.testing import build
from mcidns.testing.build import NOW, absent, memory, remembered, seen
from tests.unit.decide.answers import served, verdict

HOUR = 3600.0
READY = seen("192.0.2.1")


def decided(observation: Observation, *past: Remembered, now: float = NOW, **rules: Any) -> Decision:
    """The decision on a host with this member, `fra`, and a healthy `ams` beside it, so that nothing fails open."""
    world = build.world(
        build.member("fra", observation, region="eu"),
        build.member("ams", seen("198.51.100.1")),
        memory=memory(*past, published={"www.example.org": ["198.51.100.1", "192.0.2.1"]}),
    )
    return decide(world, build.host(**rules), now)


def test_a_cluster_that_left_the_inventory_goes_at_once_and_is_shown_for_an_hour() -> None:
    past = memory(remembered("fra", "192.0.2.1", region="eu"), published={"www.example.org": ["192.0.2.1", "198.51.100.1"]})
    world = build.world(build.member("ams", seen("198.51.100.1")), memory=past)

    decision = decide(world, build.host(), NOW)

    assert (verdict(decision).reason, verdict(decision).region, served(decision)) == (Reason.CLUSTER_GONE, "eu", ("198.51.100.1",))
    assert decision.look_again == NOW + HOUR
    later = decide(replace(world, memory=decision.memory), build.host(), NOW + HOUR)
    assert [one.cluster for one in later.verdicts] == ["ams"]
    assert [one.cluster for one in later.memory.clusters] == ["ams"]


def test_a_cluster_that_never_gave_a_target_leaves_without_a_word() -> None:
    world = build.world(memory=memory(remembered("fra", reason=Reason.NO_ADDRESS)))

    assert decide(world, build.host(), NOW).verdicts == ()


def test_an_absent_object_is_remembered_without_its_targets_after_an_hour() -> None:
    past = remembered("fra", "192.0.2.1", reason=Reason.NOT_PLACED, since=NOW - HOUR)

    decision = decided(absent(), past)

    assert decision.memory.clusters[1] == remembered("fra", reason=Reason.NOT_PLACED, since=NOW - HOUR, region="eu")


@pytest.mark.parametrize(
    "selection",
    [
        pytest.param(Selection(names=(ClusterName("ams"),)), id="by name"),
        pytest.param(Selection(requirements=(Requirement("tier", "In", ("prod",)),)), id="by label"),
    ],
)
def test_a_member_that_the_host_does_not_select_takes_no_part(selection: Selection) -> None:
    prod = (("tier", "prod"),)
    members = (build.member("ams", seen("198.51.100.1"), labels=prod), build.member("fra", READY))
    host = build.host(clusters=selection)

    unknown = decide(build.world(*members), host, NOW)
    known = decide(build.world(*members, memory=memory(remembered("fra", "192.0.2.1"))), host, NOW)

    assert [one.cluster for one in unknown.verdicts] == ["ams"]
    assert [(one.cluster, one.reason) for one in known.verdicts] == [("ams", Reason.READY), ("fra", Reason.NOT_PLACED)]
    assert served(known) == ("198.51.100.1",)


def test_static_targets_serve_always_and_are_withdrawn_when_they_are_no_longer_listed() -> None:
    host = build.host(static_targets=(build.static("dc", "203.0.113.1", region="eu"),))

    first = decide(build.world(), host, NOW + 0.5)
    again = decide(build.world(memory=first.memory), host, NOW + 60)
    without = decide(build.world(memory=again.memory), build.host(), NOW + 90)

    assert [(one.cluster, one.reason, one.region, one.since) for one in again.verdicts] == [("dc", Reason.STATIC, "eu", NOW)]
    assert served(again) == ("203.0.113.1",)
    assert [(one.cluster, one.reason) for one in without.verdicts] == [("dc", Reason.CLUSTER_GONE)]
    assert served(without) == ()


def test_a_static_target_and_a_member_of_one_name_do_not_disturb_each_other() -> None:
    host = build.host(static_targets=(build.static("fra", "203.0.113.1"),))
    world = build.world(build.member("fra", READY))

    first = decide(world, host, NOW)
    again = decide(replace(world, memory=first.memory), host, NOW + 60)
    without = decide(replace(world, memory=first.memory), build.host(), NOW + 60)

    assert [(one.cluster, one.reason) for one in first.verdicts] == [("fra", Reason.READY), ("fra", Reason.STATIC)]
    assert again == first
    assert [(one.cluster, one.reason) for one in without.verdicts] == [("fra", Reason.READY)]


def test_a_static_target_that_may_not_be_published_is_out() -> None:
    decision = decide(build.world(), build.host(static_targets=(build.static("dc", "169.254.169.254"),)), NOW)

    assert (verdict(decision, "dc").reason, verdict(decision, "dc").eligible) == (Reason.NOT_PERMITTED, False)


def test_a_static_name_that_cannot_be_resolved_is_out_until_it_can() -> None:
    host = build.host("example.org", static_targets=(build.static("dc", "lb.example.net"),))

    first = decide(build.world(), host, NOW)
    again = decide(build.world(memory=first.memory), host, NOW + 60)

    assert (verdict(first, "dc").reason, verdict(first, "dc").since) == (Reason.UNRESOLVED, NOW)
    assert again == first


def test_members_missing_from_an_incomplete_inventory_stay_what_they_were() -> None:
    past = memory(
        remembered("fra", "192.0.2.1", ready=2, total=3),
        remembered("lon", "192.0.2.2", reason=Reason.NOT_READY, eligible=False),
        Remembered("odd", ("192.0.2.3",), reason="FromTheFuture"),
        published={"www.example.org": ["192.0.2.1"]},
    )
    world = build.world(memory=past, inventory_complete=False)

    decision = decide(world, build.host(), NOW)

    assert [(one.cluster, one.reason, one.eligible, one.since) for one in decision.verdicts] == [
        ("fra", Reason.READY, True, NOW),
        ("lon", Reason.NOT_READY, False, NOW),
        ("odd", Reason.UNKNOWN, False, 0.0),
    ]
    assert decision.memory.clusters == past.clusters
    assert decision.memory.published == past.published


def test_a_host_without_any_member_decides_nothing_and_says_so() -> None:
    decision = decide(build.world(), build.host(), NOW)

    assert decision.verdicts == ()
    assert decision.memory == Memory(hostnames=(DnsName("www.example.org."),))
    assert isinstance(decision.host, Host)
