"""Policies Weighted, Geo and Latency: sets, properties, roles, and the nearest safe thing where a zone holds no sets apart."""

from dataclasses import replace
from typing import Any

import pytest

from mcidns.decide import decide, policies
from mcidns.model.clusters import MemberView
from mcidns.model.decisions import Decision, World
from mcidns.model.names import DnsName
from mcidns.model.routing import Geo, GeoRule, Latency, Place, Routing, Weighted
from mcidns.testing import build
from mcidns.testing.build import NOW, member, resolved, seen
from tests.unit.decide.answers import condition, served, verdict, wish

EU, US, CALIFORNIA = Place("EU"), Place("", "US"), Place("", "US", "CA")
WEIGHT, REGION = "aws/weight", "aws/region"
CONTINENT, COUNTRY, SUBDIVISION = (f"aws/geolocation-{part}-code" for part in ("continent", "country", "subdivision"))
PLAIN = build.zone(takes_sets=False)


def cluster(name: str, number: int, region: str = "", *, ready: int = 1, weight: int = 1) -> MemberView:
    return member(name, seen(f"192.0.2.{number}", ready=ready), region, weight=weight)


def decided(routing: Routing, *members: MemberView, **changes: Any) -> Decision:
    """The decision on a name that is programmed."""
    host = build.host(routing=routing, **changes.pop("host", {}))
    return decide(build.world(*members, programming=(build.programming("www.example.org"),), **changes), host, NOW)


def branches(decision: Decision) -> dict[str, tuple[dict[str, str], tuple[str, ...]]]:
    """By set identifier: properties and the last octets of the addresses."""
    return {
        records.key.set_identifier: (dict(records.properties), tuple(value.rpartition(".")[2] for value in records.values))
        for records in wish(decision).sets
    }


def roles(decision: Decision) -> dict[str, str]:
    return {one.cluster: one.role.value for one in decision.verdicts if one.role is not None}


THREE = (cluster("ams", 1), cluster("fra", 2), cluster("lon", 3))


def test_every_cluster_has_a_set_with_its_weight() -> None:
    decision = decided(Weighted((("ams", 3), ("fra", 255))), *THREE)
    assert branches(decision) == {
        "ams": ({WEIGHT: "3"}, ("1",)),
        "fra": ({WEIGHT: "255"}, ("2",)),
        "lon": ({WEIGHT: "1"}, ("3",)),
    }
    assert decision.names[0].targets == ("192.0.2.1", "192.0.2.2", "192.0.2.3")
    assert condition(decision, "Programmed").reason == "Programmed"


@pytest.mark.parametrize(
    ("routing", "weights"),
    [
        pytest.param(Weighted(), {"ams": "7", "dc": "9"}, id="its own"),
        pytest.param(Weighted(default=5), {"ams": "5", "dc": "5"}, id="the policy's default before its own"),
        pytest.param(Weighted((("ams", 2), ("dc", 3)), 5), {"ams": "2", "dc": "3"}, id="the one it is named with before all"),
    ],
)
def test_where_a_weight_comes_from(routing: Weighted, weights: dict[str, str]) -> None:
    static = build.static("dc", "192.0.2.9", weight=9)
    decision = decided(routing, cluster("ams", 1, weight=7), host={"static_targets": (static,)})
    assert {name: pairs[WEIGHT] for name, (pairs, _) in branches(decision).items()} == weights


def test_an_unhealthy_clusters_set_is_withdrawn() -> None:
    decision = decided(Weighted(), cluster("ams", 1, ready=0), cluster("fra", 2))
    assert set(branches(decision)) == {"fra"}


def test_weight_0_is_the_last_resort() -> None:
    rule = Weighted((("ams", 0),))
    both = decided(rule, cluster("ams", 1), cluster("fra", 2))
    assert (set(branches(both)), roles(both)) == ({"fra"}, {"ams": "LastResort", "fra": "Serving"})
    alone = decided(rule, cluster("ams", 1), cluster("fra", 2, ready=0))
    assert (branches(alone), roles(alone)) == ({"ams": ({WEIGHT: "1"}, ("1",))}, {"ams": "Serving"})


def test_a_cluster_and_a_static_target_of_one_name_share_a_set() -> None:
    decision = decided(Weighted(), cluster("ams", 1), host={"static_targets": (build.static("ams", "192.0.2.9", weight=4),)})
    assert branches(decision) == {"ams": ({WEIGHT: "4"}, ("1", "9"))}


def test_a_name_too_long_for_a_set_identifier_keeps_one_of_its_own() -> None:
    names = ("c" * 200, "c" * 199 + "d")
    found = {policies.identifier(name) for name in names}
    assert (len(found), {len(one) for one in found}) == (2, {128})


GEO = Geo((GeoRule(EU, ("fra",)), GeoRule(US, ("us-west-2",)), GeoRule(CALIFORNIA, ("sfo",))), ("ams",))
WORLDWIDE = (cluster("ams", 1), cluster("fra", 2), cluster("nyc", 3, "us-west-2"), cluster("sfo", 4))


def test_every_place_has_a_set_and_so_has_everywhere_else() -> None:
    assert branches(decided(GEO, *WORLDWIDE)) == {
        "default": ({COUNTRY: "*"}, ("1",)),
        "continent-EU": ({CONTINENT: "EU"}, ("2",)),
        "country-US": ({COUNTRY: "US"}, ("3",)),
        "country-US-CA": ({COUNTRY: "US", SUBDIVISION: "CA"}, ("4",)),
    }


def test_a_place_without_a_healthy_cluster_is_left_to_the_wider_ones() -> None:
    decision = decided(GEO, WORLDWIDE[0], cluster("fra", 2, ready=0), *WORLDWIDE[2:])
    assert set(branches(decision)) == {"default", "country-US", "country-US-CA"}


def test_without_the_defaults_clusters_all_healthy_ones_stand_in_for_them() -> None:
    decision = decided(GEO, cluster("ams", 1, ready=0), *WORLDWIDE[1:], cluster("new", 5))
    assert branches(decision)["default"] == ({COUNTRY: "*"}, ("2", "3", "4", "5"))
    assert roles(decision)["new"] == "Serving"


def test_a_cluster_that_no_rule_names_stands_by() -> None:
    decision = decided(GEO, *WORLDWIDE, cluster("new", 5))
    assert roles(decision)["new"] == "NotInRules"
    assert "spec.routing.geo names neither it nor its region" in verdict(decision, "new").message
    assert "192.0.2.5" not in served(decision)


def test_strangers_in_the_rules_are_told() -> None:
    told = condition(decided(GEO, *WORLDWIDE[:3]), "ResolvedRefs")
    assert (told.reason, told.message.partition(":")[0]) == ("ClusterNotFound", "spec.routing.geo.rules[2].clusters (sfo)")
    assert "geo.default (ams)" in condition(decided(GEO, *WORLDWIDE[1:]), "ResolvedRefs").message
    assert "weighted.weights (mars)" in condition(decided(Weighted((("mars", 1),)), *THREE), "ResolvedRefs").message


def test_where_a_zone_permits_none_of_the_defaults_addresses_the_others_stand_in() -> None:
    zones = (build.zone(allowed_targets=build.networks("192.0.2.2/32")), build.zone("example.net"))
    host = {"hostnames": (DnsName("www.example.net."), DnsName("www.example.org."))}
    decision = decided(Geo((GeoRule(EU, ("fra",)),), ("ams",)), *WORLDWIDE[:2], zones=zones, host=host)
    assert [(r.key.set_identifier, r.values) for r in wish(decision, 1).sets] == [
        ("continent-EU", ("192.0.2.2",)),
        ("default", ("192.0.2.2",)),
    ]


REGIONS = (cluster("a", 1, "eu-west-1"), cluster("b", 2, "eu-west-1"), cluster("c", 3, "us-east-1"), cluster("d", 4, "garr-pa"))


def test_every_region_of_the_providers_has_a_set() -> None:
    decision = decided(Latency((("garr-pa", "eu-south-1"),)), *REGIONS)
    assert branches(decision) == {
        "eu-south-1": ({REGION: "eu-south-1"}, ("4",)),
        "eu-west-1": ({REGION: "eu-west-1"}, ("1", "2")),
        "us-east-1": ({REGION: "us-east-1"}, ("3",)),
    }


def test_a_cluster_whose_region_the_provider_does_not_know_stands_by() -> None:
    decision = decided(Latency(), *REGIONS)
    assert (set(branches(decision)), roles(decision)["d"]) == ({"eu-west-1", "us-east-1"}, "NoRegion")
    assert "spec.routing.latency.regions" in verdict(decision, "d").message


def test_and_serves_everybody_while_no_other_is_healthy() -> None:
    decision = decided(Latency(), cluster("a", 1, "eu-west-1", ready=0), REGIONS[3])
    assert (branches(decision), roles(decision)) == ({"eu-west-1": ({REGION: "eu-west-1"}, ("4",))}, {"d": "Serving"})


def test_where_no_region_is_known_all_are_answered_alike_and_it_is_said() -> None:
    decision = decided(Latency(), cluster("a", 1, "garr-pa"), cluster("b", 2))
    assert branches(decision) == {"": ({}, ("1", "2"))}
    assert condition(decision, "Programmed").reason == "StrategyDegraded"


@pytest.mark.parametrize(
    ("routing", "left", "words"),
    [
        pytest.param(Weighted((("ams", 0), ("fra", 9))), "2 3 4", "whatever their weights", id="weights but that of 0"),
        pytest.param(GEO, "1", "spec.routing.geo.default", id="the default of places"),
        pytest.param(Latency(), "1 2 3 4", "all healthy clusters", id="all regions"),
    ],
)
def test_a_zone_that_holds_no_sets_apart_gets_the_nearest_safe_thing(routing: Routing, left: str, words: str) -> None:
    decision = decided(routing, *WORLDWIDE, zones=(PLAIN,))
    assert branches(decision) == {"": ({}, tuple(left.split()))}
    told = condition(decision, "Programmed")
    assert (told.status, told.reason) == ("True", "StrategyDegraded")
    assert words in told.message


@pytest.mark.parametrize(
    ("routing", "key", "pairs"),
    [
        pytest.param(Weighted(), "fail-open", {WEIGHT: "1"}, id="Weighted"),
        pytest.param(GEO, "default", {COUNTRY: "*"}, id="Geo"),
        pytest.param(Latency(), "us-west-2", {REGION: "us-west-2"}, id="Latency"),
    ],
)
def test_when_none_is_healthy_one_set_answers_everybody_within_the_policy(
    routing: Routing, key: str, pairs: dict[str, str]
) -> None:
    sick = tuple(replace(view, observation=seen(f"192.0.2.{n}", ready=0)) for n, view in enumerate(WORLDWIDE, 1))
    past = build.memory(published={"www.example.org": ["192.0.2.1"]})
    decision = decided(routing, *sick, memory=past)
    assert branches(decision) == {key: (pairs, ("1", "2", "3", "4"))}
    assert wish(decision).fail_open
    assert branches(decided(routing, *sick, memory=past, zones=(PLAIN,))) == {"": ({}, ("1", "2", "3", "4"))}


def two_balancers() -> World:
    names = (DnsName("lb-a.example.net."), DnsName("lb-b.example.net."))
    return build.world(
        member("ams", seen("lb-a.example.net")),
        member("fra", seen("lb-b.example.net")),
        resolutions=((names[0], resolved("192.0.2.1", "2001:db8::1")), (names[1], resolved("192.0.2.2"))),
    )


def test_names_of_load_balancers_are_resolved_into_each_set() -> None:
    decision = decide(two_balancers(), build.host(routing=Weighted()), NOW)
    assert [(str(records.key), records.values) for records in wish(decision).sets] == [
        ("www.example.org A [ams]", ("192.0.2.1",)),
        ("www.example.org A [fra]", ("192.0.2.2",)),
        ("www.example.org AAAA [ams]", ("2001:db8::1",)),
    ]


def test_a_name_that_is_all_there_is_stays_a_cname_within_the_policy() -> None:
    decision = decide(build.world(member("ams", seen("lb.example.net"))), build.host(routing=Weighted()), NOW)
    assert [(str(records.key), records.properties) for records in wish(decision).sets] == [
        ("www.example.org CNAME [ams]", ((WEIGHT, "1"),))
    ]


def test_max_targets_holds_for_each_answer() -> None:
    members = (member("ams", seen("192.0.2.1", "192.0.2.2", "192.0.2.3")), member("fra", seen("192.0.2.4", "192.0.2.5")))
    decision = decided(Weighted(), *members, host={"max_targets": 2})
    assert [len(records.values) for records in wish(decision).sets] == [2, 2]
    told = condition(decision, "Programmed")
    assert (told.reason, "1 targets of www.example.org are left out" in told.message) == ("TargetsTruncated", True)


def test_the_ownership_note_names_those_who_serve() -> None:
    assert wish(decided(Weighted((("ams", 0),)), *THREE)).cluster_note == "fra+lon"
