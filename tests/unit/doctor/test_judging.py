"""Pure checks of claims, zones, answers and members, as tables."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from mcidns.doctor import claims, delegation, fleet, installation, rules, zones
from mcidns.doctor.claims import Surroundings
from mcidns.doctor.delegation import Answer, Authority, Seen, Server
from mcidns.doctor.findings import Outcome
from mcidns.doctor.reaching import Reached
from mcidns.doctor.site import HostSeen, LeaseSeen, MemberSeen, NamespaceSeen, Row, Said, Site, Told
from mcidns.hub import membercluster
from mcidns.hub.unreadable import Problem, Unreadable
from mcidns.model.clusters import Cluster
from mcidns.model.hosts import Requirement, Selection, StaticTarget
from mcidns.model.names import DnsName
from mcidns.model.references import ClusterName, ObjectRef
from mcidns.model.routing import Failover, Geo, GeoRule, Latency, Place, Weighted
from mcidns.model.zones import Grant
from mcidns.testing import build

FOLDER = Path(__file__).parents[2]
NAME = DnsName("www.example.org.")
FRA = Cluster(ClusterName("fra"), "eu-1", labels=(("tier", "gold"),))
AROUND = Surroundings("mcidns-system", (build.ZONE,), (FRA, Cluster(ClusterName("ams"))))
FINE = Told((("Accepted", Said("True", "Accepted", "")),), current=True)


def found(outcome: Outcome) -> list[str]:
    return [one.rule.name for one in outcome.findings]


def seen(**changes: object) -> HostSeen:
    host = replace(build.HOST, **changes)  # type: ignore[arg-type]
    return HostSeen(host.ref, host, FINE)


def test_each_rule_is_the_subject_of_a_test() -> None:
    folders = (FOLDER / "unit" / "doctor", FOLDER / "component" / "doctor")
    text = "\n".join(path.read_text(encoding="utf-8") for folder in folders for path in folder.glob("test_*.py"))
    assert [rule.name for _, rule in rules.ALL if f'"{rule.name}"' not in text] == []


def test_names_of_rules_are_told_apart_and_their_sentences_end_as_sentences_do() -> None:
    names = [rule.name for _, rule in rules.ALL]
    assert len(set(names)) == len(names)
    assert [rule.name for _, rule in rules.ALL if not re.fullmatch(r"[A-Zm].+[.)]", rule.why) or rule.means.endswith(".")] == []


def test_an_object_that_cannot_be_read_is_told_with_its_remedy() -> None:
    broken = Unreadable(build.HOST.ref, "", 1, (Problem("spec.ttl", "is text", "write a number"),))
    outcome = claims.judge(HostSeen(build.HOST.ref, broken, FINE), AROUND)
    assert (found(outcome), "write a number" in outcome.findings[0].remedy) == (["HostUnusable"], True)
    assert found(claims.judge(seen(invalid_hostnames=("a..b has an empty label",)), AROUND)) == ["HostUnusable"]


@pytest.mark.parametrize(
    ("changes", "unknown"),
    [
        pytest.param({}, [], id="all"),
        pytest.param({"routing": Failover(("fra", "eu-1"))}, [], id="a cluster and a region"),
        pytest.param({"routing": Failover(("fra", "eu-2"))}, ["eu-2"], id="an unknown region"),
        pytest.param({"routing": Weighted((("fra", 1), ("eu-1", 1)))}, ["eu-1"], id="weights are of clusters"),
        pytest.param(
            {"routing": Geo((GeoRule(Place("EU"), ("par",)),), ("lon",))}, ["par", "lon"], id="rules and default of a map"
        ),
        pytest.param({"routing": Latency((("nowhere", "x"),))}, [], id="latency maps regions to come"),
        pytest.param({"clusters": Selection((ClusterName("fra"), ClusterName("eu-1")))}, ["eu-1"], id="selected by name"),
        pytest.param(
            {"routing": Failover(("old-dc", "dc")), "static_targets": (StaticTarget("old-dc", (), "dc"),)}, [], id="a static target"
        ),
    ],
)
def test_clusters_that_nobody_knows_are_told(changes: dict[str, object], unknown: list[str]) -> None:
    outcome = claims.judge(seen(**changes), AROUND)
    assert [match[1] for one in outcome.findings if (match := re.search(r"names '(.+?)'", one.what))] == unknown


def test_what_could_not_be_seen_is_not_held_against_a_claim() -> None:
    blind = Surroundings("mcidns-system", None, None)
    assert found(claims.judge(seen(routing=Failover(("nowhere",))), blind)) == []


def test_a_record_of_kubefed_is_judged_by_what_was_told_of_it() -> None:
    told = Told((("ResolvedRefs", Said("False", "SourceNotFound", "it follows the Service of its own name")),), current=True)
    record = HostSeen(ObjectRef("ServiceDNSRecord", "shop", "web"), None, told)
    outcome = claims.judge(record, AROUND)
    assert found(outcome) == ["RecordWithoutSource"]
    assert "Service shop/web" in outcome.findings[0].remedy


@pytest.mark.parametrize(
    ("grant", "rule"),
    [
        pytest.param(Grant(namespaces=("shop",)), [], id="by name"),
        pytest.param(Grant(namespaces=("shop", "later")), [], id="one of two is there"),
        pytest.param(Grant(namespaces=("shopp",)), ["GrantMatchesNothing"], id="mistyped"),
        pytest.param(Grant(requirements=(Requirement("team", "In", ("web",)),)), [], id="by label"),
        pytest.param(Grant(requirements=(Requirement("team", "In", ("dev",)),)), ["GrantMatchesNothing"], id="a label of nobody"),
        pytest.param(Grant(names=("www.example.org",)), [], id="everybody"),
    ],
)
def test_grants_that_match_nothing_are_told(grant: Grant, rule: list[str]) -> None:
    there = (NamespaceSeen("shop", (("team", "web"),)), NamespaceSeen("default", ()))
    assert found(zones.grants(replace(build.ZONE, grants=(grant,)), there)) == rule


def test_a_zone_open_to_everybody_says_so() -> None:
    assert zones.grants(build.ZONE, ()).note == "no grants: every namespace may claim every name"


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        pytest.param("A", "192.0.2.1", "192.0.2.1", id="IPv4"),
        pytest.param("AAAA", "2001:DB8:0:0::1", "2001:db8::1", id="IPv6"),
        pytest.param("CNAME", "LB.Example.net", "lb.example.net.", id="a name"),
    ],
)
def test_values_are_compared_in_one_spelling(type_: str, value: str, expected: str) -> None:
    assert delegation.normal(type_, value) == expected


def test_rows_that_differ_by_client_or_back_end_are_not_compared() -> None:
    rows = (
        Row(NAME, "A", ("192.0.2.1",), 30, ""),
        Row(NAME, "A", ("192.0.2.1",), 30, "eu"),
        Row(NAME, "A", ("lb.example.net",), 30, ""),
        Row(NAME, "CNAME", ("lb.example.net",), 30, ""),
    )
    assert delegation.comparable(replace(seen(), rows=rows)) == (rows[0], rows[3])


def test_a_server_that_this_machine_cannot_reach_is_not_lame() -> None:
    server = Server(DnsName("ns1.example.org."), "2001:db8::53")
    outside = Seen(DnsName("example.org."), None, (Authority(server, unreached="no route"),))
    assert (list(delegation.servers(outside)), outside.answering) == ([], ())


def test_an_answer_that_is_none_is_told_as_such() -> None:
    server = Server(DnsName("ns1.example.org."), "192.0.2.53")
    row = Row(NAME, "A", ("192.0.2.1",), 30, "")
    (one,) = delegation.answers([(seen(), row)], [Answer(server, NAME, "A", trouble="answers SERVFAIL")])
    assert (one.rule.name, "answers SERVFAIL, and GlobalHost shop/web wants 192.0.2.1" in one.what) == ("AnswersDiffer", True)


@pytest.mark.parametrize(("seconds", "rule"), [pytest.param(0.1, [], id="quick"), pytest.param(2.5, ["MemberSlow"], id="slow")])
def test_a_slow_member_is_told(seconds: float, rule: list[str]) -> None:
    spec = membercluster.parse({"metadata": {"name": "fra"}, "spec": {"access": {"kubeconfigSecretRef": {"name": "fra"}}}})
    outcome = fleet.pace(MemberSeen("fra", spec, FINE), Reached("v1.36.2", seconds, 0.0))
    assert (found(outcome), outcome.note.startswith("v1.36.2, ")) == (rule, True)


@pytest.mark.parametrize(
    ("lease", "rule", "note"),
    [
        pytest.param((), [], "no Lease: no election", id="no election"),
        pytest.param((LeaseSeen("mcidns", "pod-1", 95.0, 15.0),), [], "pod-1 leads", id="led"),
        pytest.param((LeaseSeen("mcidns", "pod-1", None, 15.0),), ["LeaderStale"], "", id="never renewed"),
    ],
)
def test_who_leads(lease: tuple[LeaseSeen, ...], rule: list[str], note: str) -> None:
    outcome = installation.leader(Site("mcidns-system", 100.0, leases=lease))
    assert (found(outcome), outcome.note) == (rule, note)


def test_a_record_whose_crd_keeps_no_conditions_is_not_taken_for_undecided() -> None:
    record = HostSeen(ObjectRef("IngressDNSRecord", "shop", "web"), None, Told((), current=False))
    assert found(claims.judge(record, AROUND)) == []
    assert found(claims.judge(replace(seen(), told=Told((), current=False)), AROUND)) == ["HostUndecided"]


@pytest.mark.parametrize(
    ("tier", "rule"), [pytest.param("gold", [], id="some"), pytest.param("golden", ["UnknownCluster"], id="no cluster")]
)
def test_a_selector_that_matches_no_cluster_is_told(tier: str, rule: list[str]) -> None:
    selection = Selection(None, (Requirement("tier", "In", (tier,)),))
    assert found(claims.judge(seen(clusters=selection), AROUND)) == rule
