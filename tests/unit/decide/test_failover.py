"""Policy Failover: who serves, who stands by, who is held back, and what a person can do about it."""

from dataclasses import replace
from typing import Any

import pytest

from mcidns.decide import decide
from mcidns.model.clusters import LostReason, MemberView, Seen
from mcidns.model.decisions import Decision, Memory, World
from mcidns.model.hosts import Host
from mcidns.model.routing import Failback, Failover
from mcidns.testing import build
from mcidns.testing.build import NOW, member, seen
from tests.unit.decide.answers import condition, served, verdict

PLACES = {"ams": ("192.0.2.1", "eu"), "fra": ("192.0.2.2", "eu"), "lon": ("192.0.2.3", "uk"), "nyc": ("192.0.2.4", "us")}
NAMES = {address: name for name, (address, _) in PLACES.items()}


def host(*order: str, min_healthy: int = 1, **changes: Any) -> Host:
    mode, delay = changes.pop("mode", "Automatic"), changes.pop("delay", 0.0)
    return build.host(routing=Failover(order, min_healthy, Failback(mode, delay)), **changes)


def world(*healthy: str, memory: Memory = Memory(), present: tuple[str, ...] = tuple(PLACES)) -> World:  # noqa: B008
    """All clusters, of which only these are healthy."""
    members = [member(name, seen(PLACES[name][0], ready=1 if name in healthy else 0), PLACES[name][1]) for name in present]
    return build.world(*members, memory=memory)


class Life:
    """One host through changing health; every pass goes on from what the last one remembered."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.memory = Memory()
        self.now = NOW

    def with_healthy(self, *healthy: str, after: float = 10.0) -> str:
        """Who serves when these are healthy, so many seconds later."""
        self.now += after
        self.decision = decide(world(*healthy, memory=self.memory), self.host, self.now)
        self.memory = self.decision.memory
        return who(self.decision)

    def role(self, cluster: str) -> str:
        role = verdict(self.decision, cluster).role
        return "" if role is None else role.value


def who(decision: Decision) -> str:
    return " ".join(sorted(NAMES[address] for address in served(decision)))


@pytest.mark.parametrize(
    ("order", "min_healthy", "healthy", "serving"),
    [
        pytest.param("ams fra lon", 1, "ams fra lon", "ams", id="the first serves alone"),
        pytest.param("ams fra lon", 1, "fra lon", "fra", id="the next when the first is out"),
        pytest.param("ams fra lon", 1, "lon", "lon", id="the last when all before are out"),
        pytest.param("eu lon", 1, "ams fra lon", "ams fra", id="a region stands for all its clusters"),
        pytest.param("eu lon", 1, "fra lon", "fra", id="one cluster of a region is enough for one"),
        pytest.param("eu lon nyc", 2, "fra lon nyc", "fra lon", id="the order is followed until enough serve"),
        pytest.param("eu lon nyc", 4, "ams lon nyc", "ams lon nyc", id="too few healthy ones serve all"),
        pytest.param("lon eu", 2, "ams fra lon", "ams fra lon", id="a step serves whole even where it is more than enough"),
        pytest.param("fra eu", 1, "ams fra", "fra", id="a cluster may stand before its own region"),
        pytest.param("fra eu", 1, "ams", "ams", id="and the rest of the region comes after it"),
        pytest.param("lon", 1, "ams fra nyc", "ams fra nyc", id="who is not in the order serves after all that are"),
        pytest.param("lon", 1, "ams lon", "lon", id="and only then"),
        pytest.param("mars ams", 1, "ams fra", "ams", id="a name that nobody has is passed over"),
    ],
)
def test_who_serves(order: str, min_healthy: int, healthy: str, serving: str) -> None:
    decision = decide(world(*healthy.split()), host(*order.split(), min_healthy=min_healthy), NOW)
    assert who(decision) == serving


def test_those_that_do_not_serve_say_why_and_count_as_healthy() -> None:
    life = Life(host("ams", "fra"))
    life.with_healthy("ams", "fra", "lon", "nyc")
    assert [(one.cluster, one.eligible, one.role) for one in life.decision.verdicts] == [
        ("ams", True, "Serving"),
        ("fra", True, "Standby"),
        ("lon", True, "NotInOrder"),
        ("nyc", True, "NotInOrder"),
    ]
    assert "stands by: clusters before it" in verdict(life.decision, "fra").message
    assert (condition(life.decision, "Healthy").status, condition(life.decision, "Healthy").message) == (
        "True",
        "4 of 4 clusters can serve (Serving: ams; Standby: fra; NotInOrder: lon, nyc)",
    )


def test_a_cluster_that_is_out_has_no_role() -> None:
    life = Life(host("ams", "fra"))
    life.with_healthy("fra")
    assert (life.role("ams"), life.role("fra")) == ("", "Serving")
    assert condition(life.decision, "Healthy").reason == "PartiallyHealthy"


def test_without_a_delay_the_better_one_is_back_at_once() -> None:
    life = Life(host("ams", "fra"))
    assert life.with_healthy("ams", "fra") == "ams"
    assert life.with_healthy("fra") == "fra"
    assert life.with_healthy("ams", "fra") == "ams"


def test_the_better_one_waits_until_it_has_been_healthy_for_the_delay() -> None:
    life = Life(host("ams", "fra", delay=600))
    life.with_healthy("ams", "fra")
    assert life.with_healthy("fra") == "fra"
    assert life.with_healthy("ams", "fra") == "fra"
    assert life.role("ams") == "HeldBack"
    assert life.decision.look_again == life.now + 600
    assert life.with_healthy("ams", "fra", after=599.0) == "fra"
    assert life.with_healthy("ams", "fra", after=1.0) == "ams"
    assert life.role("fra") == "Standby"
    assert life.decision.look_again is None


def test_a_flap_starts_the_delay_again() -> None:
    life = Life(host("ams", "fra", delay=600))
    life.with_healthy("fra")
    life.with_healthy("ams", "fra")
    life.with_healthy("fra", after=590.0)
    assert life.with_healthy("ams", "fra") == "fra"
    assert life.with_healthy("ams", "fra", after=590.0) == "fra"
    assert life.with_healthy("ams", "fra") == "ams"


def test_the_first_publication_waits_for_nobody() -> None:
    life = Life(host("ams", "fra", mode="Manual"))
    assert life.with_healthy("ams", "fra") == "ams"


def test_by_hand_the_better_one_stays_held_back_for_ever() -> None:
    life = Life(host("ams", "fra", mode="Manual"))
    life.with_healthy("fra")
    assert life.with_healthy("ams", "fra") == "fra"
    assert life.with_healthy("ams", "fra", after=1e7) == "fra"
    assert life.decision.look_again is None
    assert "mcidns failback" in verdict(life.decision, "ams").message


def test_asking_brings_back_whoever_was_held_back_by_then() -> None:
    life = Life(host("ams", "fra", mode="Manual"))
    life.with_healthy("fra")
    life.with_healthy("ams", "fra")
    life.host = replace(life.host, failback_asked=life.now)
    assert life.with_healthy("ams", "fra") == "ams"
    life.with_healthy("fra")
    assert life.with_healthy("ams", "fra") == "fra", "an old request does not count for a later failure"


def test_asking_ends_a_delay_too() -> None:
    life = Life(host("ams", "fra", delay=3600))
    life.with_healthy("fra")
    life.with_healthy("ams", "fra")
    life.host = replace(life.host, failback_asked=life.now)
    assert life.with_healthy("ams", "fra", after=1.0) == "ams"


def test_what_fails_is_replaced_by_the_next_in_order_and_not_by_one_held_back() -> None:
    life = Life(host("ams", "fra", "lon", mode="Manual"))
    life.with_healthy("fra", "lon")
    life.with_healthy("ams", "fra", "lon")
    assert life.with_healthy("ams", "lon") == "lon"
    assert life.role("ams") == "HeldBack"


def test_one_held_back_serves_where_nobody_else_is_healthy() -> None:
    life = Life(host("ams", "fra", mode="Manual"))
    life.with_healthy("fra")
    life.with_healthy("ams", "fra")
    assert life.with_healthy("ams") == "ams"
    assert life.with_healthy("ams", "fra") == "ams"


def test_of_those_held_back_no_more_serve_than_are_needed() -> None:
    life = Life(host("ams", "fra", "lon", "nyc", min_healthy=2, mode="Manual"))
    assert life.with_healthy("lon", "nyc") == "lon nyc"
    assert life.with_healthy("ams", "fra", "lon", "nyc") == "lon nyc"
    assert life.with_healthy("ams", "fra", "lon") == "ams lon"
    assert life.role("fra") == "HeldBack"
    assert life.with_healthy("ams", "fra", "lon", "nyc") == "ams lon"


def test_a_cluster_of_a_step_that_serves_alone_joins_without_waiting() -> None:
    life = Life(host("eu", "us", mode="Manual"))
    assert life.with_healthy("ams") == "ams"
    assert life.with_healthy("ams", "fra", "nyc") == "ams fra"


def test_a_restart_goes_on_with_who_serves_and_who_is_held_back() -> None:
    life = Life(host("ams", "fra", delay=600))
    life.with_healthy("fra")
    life.with_healthy("ams", "fra")
    held_at = life.now
    unread = build.world(*(member(name, build.unread(), PLACES[name][1]) for name in PLACES), memory=life.memory)

    after = decide(unread, life.host, life.now + 30)

    assert (who(after), verdict(after, "ams").role, after.look_again) == ("fra", "HeldBack", held_at + 600)
    assert after.memory.clusters == life.memory.clusters


def test_while_everything_is_frozen_nobody_changes_its_role() -> None:
    life = Life(host("ams", "fra", mode="Manual", on_unknown="Withdraw", stale_after=60.0))
    life.with_healthy("fra")
    life.with_healthy("ams", "fra")
    silent = tuple(
        MemberView(view.cluster, build.lost(view.observation, since=life.now, reason=LostReason.TIMEOUT))
        for view in world("ams", "fra").members
        if isinstance(view.observation, Seen)
    )
    frozen = decide(build.world(*silent, memory=life.memory, isolated=True), life.host, life.now + 3600)
    assert [(one.cluster, one.role) for one in frozen.memory.clusters[:2]] == [("ams", "HeldBack"), ("fra", "Serving")]
    assert not verdict(frozen, "fra").eligible
    life.memory = frozen.memory
    assert life.with_healthy("ams", "fra", after=7200.0) == "fra"


def test_a_role_that_nobody_knows_is_forgotten() -> None:
    past = build.memory(build.remembered("ams", "192.0.2.1", role="Emperor"), build.remembered("fra", "192.0.2.2", role="HeldBack"))
    frozen = decide(replace(world("ams", "fra", memory=past), inventory_complete=False), host("ams"), NOW)
    assert [one.role for one in frozen.verdicts] == [None, "HeldBack", None, None]
    assert who(decide(world("ams", "fra", memory=past), host("fra", "ams"), NOW)) == "fra"


def test_nobody_healthy_is_no_matter_of_order() -> None:
    life = Life(host("ams", "fra"))
    life.with_healthy("ams")
    assert life.with_healthy() == "ams fra lon nyc"
    assert condition(life.decision, "FailOpen").reason == "ServeAll"
    assert life.with_healthy("nyc") == "nyc"


def test_what_served_last_is_what_was_chosen_last() -> None:
    life = Life(host("ams", "fra", when_none_healthy="ServeLast"))
    life.with_healthy("ams", "fra")
    assert life.with_healthy() == "ams"


def test_a_name_in_the_order_that_nobody_has_is_told_with_field_and_remedy() -> None:
    decision = decide(world("ams"), host("mars", "ams", "eu"), NOW)
    told = condition(decision, "ResolvedRefs")
    assert (told.status, told.reason) == ("False", "ClusterNotFound")
    assert told.message.startswith("spec.routing.failover.order[0] (mars): no cluster that takes part has this name or region;")


def test_a_cluster_that_left_the_fleet_is_a_stranger_at_once() -> None:
    life = Life(host("ams", "fra"))
    life.with_healthy("ams", "fra")
    gone = decide(world("fra", present=("fra", "lon", "nyc"), memory=life.memory), life.host, life.now + 1)
    assert who(gone) == "fra"
    assert "order[0] (ams)" in condition(gone, "ResolvedRefs").message


def test_a_mistyped_annotation_is_told_although_the_names_are_accepted() -> None:
    decision = decide(world("ams"), host("ams", unread=("metadata.annotations[mcidns.io/failback]: 'x' is no time",)), NOW)
    told = condition(decision, "Accepted")
    assert (told.status, told.reason) == ("True", "AnnotationIgnored")
    assert told.message.endswith("metadata.annotations[mcidns.io/failback]: 'x' is no time")


def test_a_failover_is_one_plain_set_that_every_zone_can_hold() -> None:
    plain = replace(world("ams", "fra"), zones=(build.zone(takes_sets=False),), programming=(build.programming("www.example.org"),))
    decision = decide(plain, host("ams", "fra"), NOW)
    assert who(decision) == "ams"
    assert condition(decision, "Programmed").reason == "Programmed"
