"""TTLs within the zone's bounds, and answers that would be too long."""

from dataclasses import replace

import pytest

from mcidns.decide import decide
from mcidns.model.decisions import Decision, World
from mcidns.model.names import DnsName
from mcidns.model.zones import TtlBounds
from mcidns.testing import build
from mcidns.testing.build import NOW, claim, member, seen
from tests.unit.decide.answers import sets

WWW = DnsName("www.example.org.")


def message(decision: Decision, type_: str) -> tuple[str, str]:
    """Reason and message of a condition."""
    return next((one.reason, one.message) for one in decision.conditions if one.type == type_)


@pytest.mark.parametrize(
    ("asked", "rivals", "bounds", "ttl", "note"),
    [
        pytest.param(None, (), TtlBounds(), 30, "", id="the zone's default where none is asked for"),
        pytest.param(120, (), TtlBounds(), 120, "", id="what the host asks for"),
        pytest.param(120, (60,), TtlBounds(), 60, "", id="the lowest of those who share the name"),
        pytest.param(None, (90, None), TtlBounds(), 90, "", id="a partner's where the host asks for none"),
        pytest.param(
            5,
            (),
            TtlBounds(60, 300, 60),
            60,
            "TTLClamped: www.example.org has TTL 60 instead of 5: DNSZone main allows 60 to 300 s",
            id="not below what the zone allows",
        ),
        pytest.param(
            900,
            (),
            TtlBounds(60, 300, 60),
            300,
            "TTLClamped: www.example.org has TTL 300 instead of 900: DNSZone main allows 60 to 300 s",
            id="nor above",
        ),
    ],
)
def test_the_ttl(asked: int | None, rivals: tuple[int | None, ...], bounds: TtlBounds, ttl: int, note: str) -> None:
    partners = tuple(claim("shop", f"partner-{number}", ttl=rival) for number, rival in enumerate(rivals))
    world = build.world(
        member("ams", seen("192.0.2.1")),
        zones=(build.zone(ttl=bounds),),
        rivals=((WWW, partners),),
        programming=(build.programming("www.example.org"),),
    )

    decision = decide(world, build.host(ttl=asked), NOW)

    assert (decision.names[0].ttl, sets(decision)[0][1]) == (ttl, ttl)
    reason, told = message(decision, "Programmed")
    assert reason == ("TTLClamped" if note else "Programmed")
    assert note in told


def crowd(count: int, regions: int) -> World:
    """Clusters with one address each, in so many regions (none: no regions at all)."""
    return build.world(
        *(
            member(f"c{number:02}", seen(f"192.0.2.{number}"), region=f"r{number % regions}" if regions else "")
            for number in range(1, count + 1)
        ),
        programming=(build.programming("www.example.org"),),
    )


def test_a_long_answer_is_cut_and_spread_over_the_regions() -> None:
    decision = decide(crowd(12, 3), build.host(max_targets=6), NOW)

    chosen = decision.names[0].targets
    assert len(chosen) == 6
    assert sorted(int(text.rpartition(".")[2]) % 3 for text in chosen) == [0, 0, 1, 1, 2, 2]
    assert message(decision, "Programmed") == (
        "TargetsTruncated",
        (
            "every name stands in its zone; "
            "TargetsTruncated: 6 targets of www.example.org are left out; raise spec.maxTargets to serve them"
        ),
    )


def test_a_crowded_region_does_not_push_out_a_small_one() -> None:
    members = (*(member(f"c{n}", seen(f"192.0.2.{n}"), region="eu") for n in range(20)), member("us", seen("198.51.100.1"), "us"))

    decision = decide(build.world(*members), build.host(max_targets=2), NOW)

    assert "198.51.100.1" in decision.names[0].targets


def test_a_target_that_goes_moves_only_its_own_place() -> None:
    whole = set(decide(crowd(12, 0), build.host(max_targets=6), NOW).names[0].targets)
    gone = min(whole)
    members = tuple(
        replace(view, observation=seen(gone, ready=0)) if seen(gone).state == getattr(view.observation, "state", None) else view
        for view in crowd(12, 0).members
    )

    after = set(decide(build.world(*members), build.host(max_targets=6), NOW).names[0].targets)

    assert whole - after == {gone}
    assert len(after - whole) == 1


def test_names_spread_differently_over_the_same_targets() -> None:
    host = build.host(*(f"www{number}.example.org" for number in range(8)), max_targets=3)

    decision = decide(crowd(12, 0), host, NOW)

    assert len({name.targets for name in decision.names}) > 1


def test_each_address_family_has_its_own_measure() -> None:
    world = build.world(member("ams", seen("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2")))

    decision = decide(world, build.host(max_targets=1), NOW)

    assert [(type_, len(values)) for type_, _, values in sets(decision)] == [("A", 1), ("AAAA", 1)]
