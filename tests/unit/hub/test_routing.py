"""Routing policies read from a GlobalHost and from annotations."""

from typing import Any

import pytest

from mcidns.hub import annotations, generated, globalhost
from mcidns.hub.annotations import MemberObject
from mcidns.hub.generated import GeneratedHost
from mcidns.hub.unreadable import Unreadable
from mcidns.model.decisions import Remembered
from mcidns.model.hosts import Host
from mcidns.model.references import SourceRef
from mcidns.model.routing import All, Failback, Failover, Geo, GeoRule, Latency, Place, Routing, Weighted

GEO: dict[str, Any] = {"rules": [{"continent": "EU", "clusters": ["fra"]}], "default": ["us"]}


def read(routing: Any, **metadata: Any) -> Host | Unreadable:
    return globalhost.parse({"metadata": {"namespace": "shop", "name": "web", **metadata}, "spec": {"routing": routing}})


@pytest.mark.parametrize(
    ("spec", "routing"),
    [
        pytest.param(None, All(), id="nothing said"),
        pytest.param({"policy": "All", "failover": {"order": ["fra"]}}, All(), id="a section that is not chosen"),
        pytest.param({"policy": "Failover", "failover": {"order": ["fra", "eu"]}}, Failover(("fra", "eu")), id="Failover"),
        pytest.param(
            {"policy": "Failover", "failover": {"order": ["a"], "minHealthy": 2, "failback": {"mode": "Manual", "delay": "10m"}}},
            Failover(("a",), 2, Failback("Manual", 600.0)),
            id="Failover with all said",
        ),
        pytest.param({"policy": "Weighted"}, Weighted(), id="Weighted by the members' own weights"),
        pytest.param(
            {"policy": "Weighted", "weighted": {"weights": {"fra": 0, "ams": 255}, "default": 3}},
            Weighted((("ams", 255), ("fra", 0)), 3),
            id="Weighted with all said",
        ),
        pytest.param(
            {
                "policy": "Geo",
                "geo": {"rules": [*GEO["rules"], {"country": "US", "subdivision": "CA", "clusters": ["us"]}], "default": ["fra"]},
            },
            Geo((GeoRule(Place("EU"), ("fra",)), GeoRule(Place("", "US", "CA"), ("us",))), ("fra",)),
            id="Geo",
        ),
        pytest.param({"policy": "Latency"}, Latency(), id="Latency by the members' own regions"),
        pytest.param(
            {"policy": "Latency", "latency": {"regions": {"garr-pa": "eu-south-1"}}},
            Latency((("garr-pa", "eu-south-1"),)),
            id="Latency with a table of regions",
        ),
    ],
)
def test_a_policy_is_read(spec: Any, routing: Routing) -> None:
    host = read(spec)
    assert isinstance(host, Host), host
    assert host.routing == routing


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({"policy": "Random"}, "policy", id="a policy nobody knows"),
        pytest.param({"policy": "Failover"}, "failover", id="Failover without its section"),
        pytest.param({"policy": "Failover", "failover": {}}, "failover.order", id="Failover without order"),
        pytest.param({"failover": {"order": ["a", "b", "a"]}}, "failover.order", id="a cluster twice"),
        pytest.param({"failover": {"order": ["a", ""]}}, "failover.order", id="an empty name"),
        pytest.param({"failover": {"order": ["a"], "minHealthy": 0}}, "failover.minHealthy", id="none healthy wanted"),
        pytest.param({"failover": {"order": ["a"], "failback": {"mode": "Never"}}}, "failover.failback.mode", id="no such mode"),
        pytest.param({"failover": {"order": ["a"], "failback": {"delay": "soon"}}}, "failover.failback.delay", id="no duration"),
        pytest.param({"weighted": {"weights": {"a": -1}}}, "weighted.weights.a", id="a weight of -1"),
        pytest.param({"weighted": {"weights": {"a": 256}}}, "weighted.weights.a", id="a weight of 256"),
        pytest.param({"weighted": {"weights": {"a": "1"}}}, "weighted.weights.a", id="a weight in quotes"),
        pytest.param({"weighted": {"default": 256}}, "weighted.default", id="a default weight of 256"),
        pytest.param({"policy": "Geo"}, "geo", id="Geo without its section"),
        pytest.param({"policy": "Geo", "geo": {"rules": GEO["rules"]}}, "geo.default", id="Geo without default"),
        pytest.param({"geo": {"rules": [], "default": ["a"]}}, "geo.rules", id="Geo without rules"),
        pytest.param({"geo": {**GEO, "rules": [*GEO["rules"], *GEO["rules"]]}}, "geo.rules[1]", id="a place twice"),
        pytest.param({"geo": {**GEO, "rules": [{"clusters": ["a"]}]}}, "geo.rules[0]", id="a rule for nowhere"),
        pytest.param(
            {"geo": {**GEO, "rules": [{"continent": "EU", "country": "IT", "clusters": ["a"]}]}}, "geo.rules[0]", id="two places"
        ),
        pytest.param({"geo": {**GEO, "rules": [{"continent": "EU"}]}}, "geo.rules[0].clusters", id="a rule without clusters"),
        pytest.param(
            {"geo": {**GEO, "rules": [{"continent": "Europe", "clusters": ["a"]}]}}, "geo.rules[0].continent", id="no continent"
        ),
        pytest.param({"geo": {**GEO, "rules": [{"country": "it", "clusters": ["a"]}]}}, "geo.rules[0].country", id="no country"),
        pytest.param(
            {"geo": {**GEO, "rules": [{"continent": "NA", "subdivision": "CA", "clusters": ["a"]}]}},
            "geo.rules[0].subdivision",
            id="a subdivision of a continent",
        ),
        pytest.param({"latency": {"regions": {"garr": "Palermo"}}}, "latency.regions.garr", id="no region of the provider"),
    ],
)
def test_a_mistake_names_its_field_and_a_remedy(spec: Any, field: str) -> None:
    found = read(spec)
    assert isinstance(found, Unreadable), found
    assert {problem.field for problem in found.problems} == {f"spec.routing.{field}"}
    assert all(problem.problem and problem.remedy for problem in found.problems)


def test_a_failback_is_asked_for_by_annotation() -> None:
    host = read(None, annotations={"mcidns.io/failback": "2027-01-15T08:00:00Z"})
    assert isinstance(host, Host)
    assert host.failback_asked == 1_800_000_000.0


def test_a_mistyped_failback_is_told_and_harms_nothing_else() -> None:
    host = read(None, annotations={"mcidns.io/failback": "now"})
    assert isinstance(host, Host)
    assert host.failback_asked is None
    assert host.unread == ("metadata.annotations[mcidns.io/failback]: 'now' is no time; use `mcidns failback web`",)


def test_a_static_target_has_a_weight() -> None:
    static = {"name": "dc", "addresses": ["203.0.113.1"], "weight": 0}
    host = globalhost.parse({"metadata": {}, "spec": {"staticTargets": [static]}})
    assert isinstance(host, Host)
    assert host.static_targets[0].weight == 0


def test_roles_are_remembered() -> None:
    entry = {"cluster": "fra", "eligible": True, "role": "HeldBack", "roleSince": "2027-01-15T08:00:00Z"}
    memory = globalhost.memory({"status": {"targets": [entry]}})
    assert memory.clusters == (Remembered("fra", (), eligible=True, role="HeldBack", role_since=1_800_000_000.0),)


def claimed(**given: str) -> GeneratedHost:
    metadata = {"namespace": "shop", "name": "web", "annotations": {f"mcidns.io/{key}": value for key, value in given.items()}}
    found = annotations.of_object({"metadata": metadata, "spec": {}}, "Ingress")
    assert isinstance(found, GeneratedHost), found
    return found


@pytest.mark.parametrize(
    ("given", "routing"),
    [
        pytest.param({}, None, id="nothing said"),
        pytest.param({"weights": "fra=3, ams=0"}, Weighted((("ams", 0), ("fra", 3))), id="weights mean Weighted"),
        pytest.param({"failover_order": "fra, eu"}, Failover(("fra", "eu")), id="an order means Failover"),
        pytest.param({"routing": "weighted"}, Weighted(), id="Weighted by the members' own weights"),
        pytest.param({"routing": "Latency"}, Latency(), id="Latency"),
        pytest.param({"routing": "All"}, All(), id="All"),
    ],
)
def test_a_policy_is_asked_for_by_annotation_and_the_host_made_of_it_reads_the_same(
    given: dict[str, str], routing: Routing | None
) -> None:
    found = claimed(hostname="www.example.org", **{key.replace("_", "-"): value for key, value in given.items()})
    assert (found.routing, found.problems) == (routing, ())
    host = globalhost.parse(generated.host_manifest(found))
    assert isinstance(host, Host)
    assert host.routing == (routing or All())


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        pytest.param({"routing": "random"}, ["routing"], id="a policy nobody knows"),
        pytest.param({"routing": "Geo"}, ["routing"], id="Geo"),
        pytest.param({"routing": "Failover"}, ["routing"], id="Failover without order"),
        pytest.param({"routing": "Failover", "failover-order": ","}, ["failover-order"], id="an empty order"),
        pytest.param({"failover-order": "a,b,a"}, ["failover-order"], id="a cluster twice in the order"),
        pytest.param({"weights": "fra=256"}, ["weights"], id="a weight of 256"),
        pytest.param({"weights": "fra=-1"}, ["weights"], id="a weight of -1"),
        pytest.param({"weights": "fra"}, ["weights"], id="no weight"),
        pytest.param({"weights": "fra=1,fra=2"}, ["weights"], id="a cluster with two weights"),
        pytest.param({"routing": "All", "weights": "fra=1"}, ["weights"], id="weights without use"),
        pytest.param({"routing": "Latency", "failover-order": "fra"}, ["failover-order"], id="an order without use"),
    ],
)
def test_what_cannot_be_used_of_the_annotations_is_told_and_the_names_are_served(given: dict[str, str], keys: list[str]) -> None:
    found = claimed(hostname="www.example.org", **given)
    assert found.hostnames
    assert [problem.field for problem in found.problems] == [f"metadata.annotations[mcidns.io/{key}]" for key in keys]


def copy(cluster: str, weights: str) -> MemberObject:
    pairs = (("mcidns.io/hostname", "www.example.org"), ("mcidns.io/weights", weights))
    return MemberObject(cluster, SourceRef("Ingress", "shop", "web"), pairs)


def test_copies_in_several_members_that_agree_give_one_policy() -> None:
    found = annotations.of_members([copy("fra", "fra=1"), copy("ams", "fra=1")])
    assert isinstance(found, GeneratedHost)
    assert (found.routing, found.problems) == (Weighted((("fra", 1),)), ())


def test_copies_that_differ_are_told_and_the_first_holds() -> None:
    found = annotations.of_members([copy("fra", "fra=1"), copy("ams", "fra=2")])
    assert isinstance(found, GeneratedHost)
    assert found.routing == Weighted((("fra", 2),))
    assert [problem.problem for problem in found.problems] == ["differs between the members"]
