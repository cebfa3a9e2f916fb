"""How the signals of a cluster are read: endpoints, addresses, ages, and what is said of them."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from mcidns.decide import decide
from mcidns.model.clusters import LostReason, Observation
from mcidns.model.decisions import Decision, Reason, Remembered
from mcidns.model.hosts import Readiness
from mcidns.model.references import SourceRef
from mcidns.testing import build
from mcidns.testing.build import NOW, absent, backend, lost, memory, remembered, seen, state
from tests.unit.decide.answers import verdict

HOUR = 3600.0
GRACE = 300.0
WITHDRAW: dict[str, Any] = {"on_unknown": "Withdraw", "stale_after": HOUR}
READY = seen("192.0.2.1")


def decided(observation: Observation, *past: Remembered, now: float = NOW, **rules: Any) -> Decision:
    """The decision on a host with this member, `fra`, and a healthy `ams` beside it, so that nothing fails open."""
    world = build.world(
        build.member("fra", observation, region="eu"),
        build.member("ams", seen("198.51.100.1")),
        memory=memory(*past, published={"www.example.org": ["198.51.100.1", "192.0.2.1"]}),
    )
    return decide(world, build.host(**rules), now)


@pytest.mark.parametrize(
    ("readiness", "backends", "source", "enough"),
    [
        pytest.param(Readiness(), (backend(1, 3),), "Ingress", True, id="one ready endpoint is enough by default"),
        pytest.param(Readiness(min_ready=2), (backend(1, 3),), "Ingress", False, id="fewer than minReady are too few"),
        pytest.param(Readiness(min_ready_percent=50), (backend(1, 2),), "Ingress", True, id="exactly minReadyPercent is enough"),
        pytest.param(Readiness(min_ready_percent=50), (backend(1, 3),), "Ingress", False, id="less than minReadyPercent is not"),
        pytest.param(Readiness("Any"), (backend(0, 1, "a"), backend(1, 1, "b")), "Ingress", True, id="Any wants one back end"),
        pytest.param(Readiness("All"), (backend(0, 1, "a"), backend(1, 1, "b")), "Ingress", False, id="All wants each back end"),
        pytest.param(Readiness("Ignore"), (backend(0, 1),), "Ingress", True, id="Ignore looks at none"),
        pytest.param(
            Readiness("All"),
            (backend(1, 1, "a"), backend(0, 0, "b", applicable=False)),
            "Ingress",
            True,
            id="a back end to which readiness does not apply is not looked at",
        ),
        pytest.param(Readiness(), (backend(0, 0, applicable=False),), "Service", True, id="an ExternalName Service is enough"),
        pytest.param(Readiness(), (), "Service", False, id="a Service without endpoints has none ready"),
        pytest.param(Readiness(), (), "Ingress", True, id="an Ingress without Services has nothing to wait for"),
    ],
)
def test_when_endpoints_are_enough(readiness: Readiness, backends: tuple[Any, ...], source: Any, enough: bool) -> None:
    observation = replace(READY, state=state("192.0.2.1", backends=backends))

    decision = decided(observation, readiness=readiness, source=SourceRef(source, "shop", "web"))

    assert verdict(decision).eligible is enough


def test_counts_are_summed_over_the_back_ends_that_apply() -> None:
    backends = (backend(1, 2, "a"), backend(2, 2, "b"), backend(5, 5, "c", applicable=False))

    one = verdict(decided(replace(READY, state=state("192.0.2.1", backends=backends))))

    assert (one.ready, one.total, one.message) == (3, 4, "3 of 4 endpoints ready")


def test_the_address_map_turns_what_a_member_shows_into_the_public_address() -> None:
    nat = ((ip_address("10.0.0.1"), ip_address("203.0.113.7")), (ip_address("10.0.0.2"), ip_address("203.0.113.8")))
    world = build.world(build.member("fra", seen("10.0.0.1", "10.0.0.2", "192.0.2.1"), address_map=nat))

    decision = decide(world, build.host(), NOW)

    assert decision.names[0].targets == ("192.0.2.1", "203.0.113.7", "203.0.113.8")


def test_a_target_outside_the_zones_networks_is_dropped_and_the_others_stay() -> None:
    zone = build.zone(allowed_targets=build.networks("192.0.2.0/24"))
    world = build.world(build.member("fra", seen("192.0.2.1", "203.0.113.5")), zones=(zone,))

    decision = decide(world, build.host(), NOW)

    assert decision.names[0].targets == ("192.0.2.1",)
    assert "203.0.113.5 is outside the zone's allowedTargets" in verdict(decision).message


def test_a_target_is_published_only_in_the_zone_that_allows_it() -> None:
    inside = build.zone("a.example", allowed_targets=build.networks("192.0.2.0/24"))
    outside = build.zone("b.example", allowed_targets=build.networks("203.0.113.0/24"))
    world = build.world(build.member("fra", seen("192.0.2.1", "203.0.113.5")), zones=(inside, outside))

    decision = decide(world, build.host("www.a.example", "www.b.example"), NOW)

    assert [name.targets for name in decision.names] == [("192.0.2.1",), ("203.0.113.5",)]


@pytest.mark.parametrize(
    ("past", "since"),
    [
        pytest.param((), NOW, id="a new verdict begins now"),
        pytest.param((remembered("fra", "192.0.2.1", since=NOW - 50),), NOW - 50, id="an unchanged one keeps its beginning"),
        pytest.param(
            (remembered("fra", "192.0.2.1", reason=Reason.NOT_READY, since=NOW - 50),), NOW, id="a changed one begins now"
        ),
    ],
)
def test_since_tells_when_the_verdict_changed_in_whole_seconds(past: tuple[Remembered, ...], since: float) -> None:
    assert verdict(decided(READY, *past, now=NOW + 0.9)).since == since


@pytest.mark.parametrize(
    ("observation", "past", "look_again"),
    [
        pytest.param(READY, (), None, id="a healthy target never by time alone"),
        pytest.param(lost(READY, since=NOW - 60), (), NOW - 60 + HOUR, id="an unreachable one when staleAfter is over"),
        pytest.param(seen(), (remembered("fra", "192.0.2.1"),), NOW + GRACE, id="a blank one when addressGrace is over"),
        pytest.param(absent(), (remembered("fra", "192.0.2.1"),), NOW + HOUR, id="an absent one when its targets are forgotten"),
    ],
)
def test_when_to_look_again(observation: Observation, past: tuple[Remembered, ...], look_again: float | None) -> None:
    assert decided(observation, *past, **WITHDRAW).look_again == look_again


@pytest.mark.parametrize(
    ("observation", "words"),
    [
        pytest.param(seen("192.0.2.1", ready=0, total=3), "0 of 3 endpoints ready", id="not ready"),
        pytest.param(seen("192.0.2.1", ready=0, total=0), "no endpoints", id="no endpoints at all"),
        pytest.param(lost(READY), "its API does not answer (Timeout); its last known addresses stay", id="stale"),
        pytest.param(
            lost(seen("192.0.2.1", ready=0, total=3), reason=LostReason.UNAUTHORIZED),
            "0 of 3 endpoints ready, when it last answered (Unauthorized)",
            id="not ready and silent",
        ),
        pytest.param(replace(READY, state=state("192.0.2.1", backends=[])), "readiness says nothing here", id="nothing to count"),
        pytest.param(lost(reason=LostReason.TLS), "not read yet (TLS), and nothing is remembered of it", id="never seen"),
    ],
)
def test_the_message_says_it_to_people(observation: Observation, words: str) -> None:
    assert verdict(decided(observation)).message == words
