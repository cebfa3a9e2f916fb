"""Drains: a cluster taken out of service, for as long and as far as its hosts can spare it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from mcidns.decide import decide, drains
from mcidns.model import targets
from mcidns.model.clusters import Drain, Observation
from mcidns.model.decisions import Decision, Memory, Reason, World
from mcidns.testing import build
from mcidns.testing.build import NOW, absent, lost, memory, remembered, seen
from tests.unit.decide.answers import condition, served, verdict, wish

FRA, AMS, LON = "192.0.2.1", "198.51.100.1", "203.0.113.1"
DRAIN = Drain("kernel upgrade")
FORCED = Drain("kernel upgrade", force=True)
Marks = Mapping[str, Drain]
PUBLISHED: dict[str, Iterable[str]] = {"www.example.org": [AMS, FRA]}


FRA_ONLY: Marks = {"fra": DRAIN}
BOTH: Marks = {"fra": DRAIN, "ams": DRAIN}
ALL_FORCED: Marks = {"fra": FORCED, "ams": FORCED}


def world(
    marks: Marks = FRA_ONLY, *, fra: Observation | None = None, ams: Observation | None = None, past: Memory | None = None
) -> World:
    """`fra` and `ams`, well unless said otherwise, and which of them are drained."""
    return build.world(
        build.member("fra", fra or seen(FRA), drain=marks.get("fra")),
        build.member("ams", ams or seen(AMS), drain=marks.get("ams")),
        memory=past or memory(published=PUBLISHED),
    )


def decided(known: World, now: float = NOW, **rules: Any) -> Decision:
    return decide(known, build.host(**rules), now)


def test_a_drained_cluster_is_out_whatever_its_signals_say() -> None:
    for word in (seen(FRA), seen(FRA, ready=0), lost(seen(FRA)), seen()):
        decision = decided(world(fra=word))

        assert verdict(decision).reason is Reason.DRAINED
        assert served(decision) == (AMS,)


def test_it_says_why_and_is_no_fault() -> None:
    decision = decided(world())

    assert verdict(decision).message == "drained: kernel upgrade"
    assert condition(decision, "Healthy").status == "True"
    assert condition(decision, "Healthy").message == "1 of 1 clusters serve, drained: fra"
    assert condition(decision, "ResolvedRefs").status == "True"


def test_it_ends_by_itself() -> None:
    until = world({"fra": Drain("", NOW + 3600)})
    during, after = decided(until), decided(until, NOW + 3600)

    assert during.look_again == NOW + 3600
    assert verdict(during).message == "drained, until 2027-01-15T09:00:00Z"
    assert verdict(after).reason is Reason.READY
    assert served(after) == (FRA, AMS)


def test_it_is_refused_where_too_few_would_be_left() -> None:
    decision = decided(world(ams=seen(AMS, ready=0)))

    assert verdict(decision).reason is Reason.READY
    assert decision.drains_refused == ("fra",)
    assert served(decision) == (FRA,)
    assert condition(decision, "DrainRefused").message == (
        "fra serves on: no healthy cluster would be left, and spec.minHealthyClusters is 1. "
        "Bring another cluster up, or drain with --force"
    )
    assert "its drain is refused here" in verdict(decision).message


def test_a_refused_drain_is_looked_at_again_when_it_ends() -> None:
    ending = world({"fra": Drain("", NOW + 60)}, ams=seen(AMS, ready=0))
    during, after = decided(ending), decided(ending, NOW + 60)

    assert during.look_again == NOW + 60
    assert after.drains_refused == ()
    assert "DrainRefused" not in {one.type for one in after.conditions}


def test_it_takes_effect_when_another_cluster_is_well_again() -> None:
    refused = decided(world(ams=seen(AMS, ready=0)))
    taken = decided(world(past=refused.memory), NOW + 1)

    assert verdict(taken).reason is Reason.DRAINED
    assert taken.drains_refused == ()


def test_what_is_drained_stays_so_when_the_others_fail() -> None:
    taken = decided(world())
    worse = decided(world(ams=seen(AMS, ready=0), past=taken.memory), NOW + 1)

    assert verdict(worse).reason is Reason.DRAINED
    assert served(worse) == (AMS,)
    assert condition(worse, "FailOpen").status == "True"


def test_force_asks_no_question() -> None:
    decision = decided(world({"fra": FORCED}, ams=seen(AMS, ready=0)))

    assert verdict(decision).reason is Reason.DRAINED
    assert decision.drains_refused == ()


@pytest.mark.parametrize(
    ("ams", "least", "reason"),
    [
        pytest.param(seen(AMS), 1, Reason.DRAINED, id="one well is enough for one"),
        pytest.param(seen(AMS), 2, Reason.READY, id="but not for two"),
        pytest.param(lost(seen(AMS)), 1, Reason.READY, id="one that does not answer is in doubt"),
        pytest.param(absent(), 1, Reason.READY, id="one without the object is none"),
        pytest.param(absent(), 0, Reason.DRAINED, id="none is needed"),
    ],
)
def test_how_many_must_be_left(ams: Observation, least: int, reason: Reason) -> None:
    assert verdict(decided(world(ams=ams), min_healthy_clusters=least)).reason is reason


def test_a_static_target_counts_as_a_cluster() -> None:
    decision = decided(world(ams=absent()), static_targets=(build.static("dc", LON),))

    assert verdict(decision).reason is Reason.DRAINED
    assert served(decision) == (LON,)


def test_of_two_drained_at_once_one_stays_if_one_must() -> None:
    both = world(BOTH)
    first = decided(both)
    second = decided(replace(both, memory=first.memory), NOW + 1)

    assert first.drains_refused == ("fra",)
    assert served(first) == (FRA,)
    assert second.verdicts == first.verdicts


def test_the_one_that_is_drained_already_goes_before_the_other() -> None:
    first = decided(world())
    both = decided(world(BOTH, past=first.memory), NOW + 1)

    assert both.drains_refused == ("ams",)


def test_what_is_forced_goes_before_what_is_not() -> None:
    marks: Marks = {"fra": FORCED, "ams": DRAIN}
    first = decided(world(marks))
    second = decided(world(marks, past=first.memory), NOW + 1)

    assert first.drains_refused == ("ams",)
    assert "no healthy cluster would be left" in verdict(first, "ams").message
    assert second.verdicts == first.verdicts


class TestOfAllClusters:
    """Forced: what then becomes of the name."""

    def test_the_name_is_withdrawn_as_its_people_asked(self) -> None:
        decision = decided(world(ALL_FORCED))

        assert served(decision) == ()
        assert wish(decision).complete
        assert condition(decision, "Healthy").message == "every cluster that has Ingress shop/web is drained: ams, fra"
        assert condition(decision, "ResolvedRefs").status == "True"

    def test_the_fallback_takes_over(self) -> None:
        decision = decided(world(ALL_FORCED), when_none_healthy="Fallback", fallback=(targets.parse("203.0.113.9"),))

        assert served(decision) == ("203.0.113.9",)


def test_readiness_behind_a_drain_is_remembered() -> None:
    hidden = decided(world(fra=seen(FRA, ready=0)))
    unread = decided(world({}, fra=lost(), past=hidden.memory), NOW + 1)

    assert verdict(hidden).reason is Reason.DRAINED
    assert verdict(unread).reason is Reason.NOT_READY


def test_a_drain_is_no_fall() -> None:
    known: Memory | None = None
    for turn in range(9):
        known = decided(world(past=known), NOW + 2 * turn).memory
        known = decided(world({}, past=known), NOW + 2 * turn + 1).memory

    assert known is not None
    assert {one.history for one in known.clusters if one.cluster == "fra"} == {None}


def test_a_cluster_that_was_never_read_cannot_be_drained_yet() -> None:
    decision = decided(world(fra=lost()))

    assert verdict(decision).reason is Reason.NEVER_SEEN


def test_a_static_target_of_the_same_name_is_not_drained() -> None:
    decision = decided(world(fra=absent()), static_targets=(build.static("fra", LON),))

    assert served(decision) == (AMS, LON)


class TestObjection:
    """The same rule by what statuses say, for whoever wants to drain."""

    ROWS = (remembered("fra", FRA), remembered("ams", AMS), remembered("lon", LON, reason=Reason.NOT_READY))

    @pytest.mark.parametrize(
        ("cluster", "least", "why"),
        [
            pytest.param("fra", 1, None, id="another is left"),
            pytest.param("fra", 2, "1 healthy cluster would be left, and spec.minHealthyClusters is 2", id="one too few"),
            pytest.param("lon", 3, "2 healthy clusters would be left, and spec.minHealthyClusters is 3", id="two of three"),
            pytest.param("par", 9, None, id="the host is not there"),
        ],
    )
    def test_tells_what_would_be_left(self, cluster: str, least: int, why: str | None) -> None:
        assert drains.objection(build.host(min_healthy_clusters=least), cluster, self.ROWS) == why

    def test_says_nothing_of_what_is_drained_already(self) -> None:
        rows = (remembered("fra", FRA, reason=Reason.DRAINED), remembered("ams", AMS, reason=Reason.NOT_READY))

        assert drains.objection(build.host(), "fra", rows) is None
