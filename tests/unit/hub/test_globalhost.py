"""A GlobalHost read into a Host."""

from ipaddress import ip_address
from typing import Any

import pytest

from mcidns.hub import globalhost
from mcidns.hub.unreadable import Problem, Unreadable
from mcidns.model.decisions import Memory, Remembered
from mcidns.model.hosts import Host, Readiness, Requirement, Selection, StaticTarget
from mcidns.model.names import DnsName
from mcidns.model.references import ClusterName, ObjectRef, SourceRef

METADATA = {
    "namespace": "shop",
    "name": "web",
    "uid": "u1",
    "generation": 3,
    "creationTimestamp": "2026-01-02T03:04:05Z",
}


def ghost(spec: Any = None, **top: Any) -> dict[str, Any]:
    return {"apiVersion": "mcidns.io/v1alpha1", "kind": "GlobalHost", "metadata": METADATA, "spec": spec or {}, **top}


def parsed(spec: Any = None) -> Host:
    found = globalhost.parse(ghost(spec))
    assert isinstance(found, Host), found
    return found


def problems(spec: Any) -> tuple[Problem, ...]:
    found = globalhost.parse(ghost(spec))
    assert isinstance(found, Unreadable), found
    return found.problems


def test_a_host_with_nothing_said_follows_the_ingress_of_its_name_on_all_clusters() -> None:
    assert parsed() == Host(
        namespace="shop",
        name="web",
        uid="u1",
        created_at=1767323045.0,
        generation=3,
        source=SourceRef("Ingress", "shop", "web"),
    )


def test_a_host_with_all_said_is_read_whole() -> None:
    host = parsed(
        {
            "hostnames": ["WWW.Example.org.", "bücher.example.org"],
            "source": {"kind": "Service", "name": "api"},
            "staticTargets": [{"name": "dc", "addresses": ["203.0.113.1", "::ffff:203.0.113.2"], "region": "eu"}],
            "clusters": {"selector": {"matchLabels": {"env": "prod"}}},
            "ttl": 60,
            "maxTargets": 3,
            "routing": {"policy": "All"},
            "health": {
                "readiness": {"mode": "All", "minReady": 2, "minReadyPercent": 50},
                "onUnknown": "Withdraw",
                "staleAfter": "90m",
                "addressGrace": "1m30s",
            },
            "whenNoneHealthy": "Fallback",
            "fallback": ["sorry.example.net"],
            "deletionPolicy": "Orphan",
        }
    )
    assert host.hostnames == (DnsName("www.example.org."), DnsName("xn--bcher-kva.example.org."))
    assert host.source == SourceRef("Service", "shop", "api")
    assert host.static_targets == (StaticTarget("dc", (ip_address("203.0.113.1"), ip_address("203.0.113.2")), "eu"),)
    assert host.clusters == Selection(None, (Requirement("env", "In", ("prod",)),))
    assert (host.ttl, host.max_targets, host.stale_after, host.address_grace) == (60, 3, 5400.0, 90.0)
    assert host.readiness == Readiness("All", 2, 50)
    assert (host.on_unknown, host.when_none_healthy, host.deletion_policy) == ("Withdraw", "Fallback", "Orphan")
    assert host.fallback == (DnsName("sorry.example.net."),)


def test_one_bad_name_harms_only_itself_and_is_told() -> None:
    host = parsed({"hostnames": ["good.example.org", "a..b", "x" * 300, 7]})
    assert host.hostnames == (DnsName("good.example.org."),)
    assert len(host.invalid_hostnames) == 3
    assert host.invalid_hostnames[0].startswith("a..b has an empty label")
    assert "300 characters" in host.invalid_hostnames[1]
    assert host.invalid_hostnames[2] == "hostnames[3] is no text; write a host name such as www.example.org"


def test_an_empty_list_of_clusters_means_none_and_an_empty_selector_all() -> None:
    assert parsed({"clusters": {"names": []}}).clusters == Selection(())
    assert parsed({"clusters": {"names": ["b", "a", "a"]}}).clusters == Selection((ClusterName("a"), ClusterName("b")))
    assert parsed({"clusters": {"selector": {}}}).clusters == Selection(None, ())
    assert parsed({"clusters": {}}).clusters == Selection(None, ())


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({"ttl": "60"}, "spec.ttl", id="a TTL in quotes"),
        pytest.param({"ttl": True}, "spec.ttl", id="a TTL that is a boolean"),
        pytest.param({"maxTargets": 0}, "spec.maxTargets", id="no target at all"),
        pytest.param({"fallback": ["300.1.2.3"]}, "spec.fallback[0]", id="a garbage address"),
        pytest.param({"fallback": ["fe80::1%eth0"]}, "spec.fallback[0]", id="an address with a zone index"),
        pytest.param({"whenNoneHealthy": "Fallback"}, "spec.fallback", id="Fallback to nothing"),
        pytest.param({"whenNoneHealthy": "Panic"}, "spec.whenNoneHealthy", id="a word nobody knows"),
        pytest.param({"health": {"staleAfter": "soon"}}, "spec.health.staleAfter", id="no duration"),
        pytest.param({"health": []}, "spec.health", id="a list for an object"),
        pytest.param({"hostnames": "www.example.org"}, "spec.hostnames", id="text for a list"),
        pytest.param({"clusters": {"names": ["a"], "selector": {}}}, "spec.clusters.selector", id="names and selector"),
        pytest.param(
            {"clusters": {"selector": {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}}},
            "spec.clusters.selector.matchExpressions[0].values",
            id="Exists with values",
        ),
        pytest.param({"staticTargets": [{"name": "a", "addresses": []}]}, "spec.staticTargets[0].addresses", id="no address"),
        pytest.param(
            {"staticTargets": [{"name": "a", "addresses": ["a.b"]}, {"name": "a", "addresses": ["a.b"]}]},
            "spec.staticTargets[1].name",
            id="a static target twice",
        ),
    ],
)
def test_a_mistake_names_its_field_and_a_remedy(spec: dict[str, Any], field: str) -> None:
    told = problems(spec)
    assert [problem.field for problem in told] == [field]
    assert told[0].problem
    assert told[0].remedy


def test_all_mistakes_are_told_at_once_with_the_generation_they_are_of() -> None:
    found = globalhost.parse(ghost({"ttl": 0, "maxTargets": "many", "deletionPolicy": 3}))
    assert isinstance(found, Unreadable)
    assert (found.ref, found.uid, found.generation) == (ObjectRef("GlobalHost", "shop", "web"), "u1", 3)
    assert [problem.field for problem in found.problems] == ["spec.deletionPolicy", "spec.maxTargets", "spec.ttl"]
    assert found.message.startswith("spec.deletionPolicy: is a number; write text")


def test_status_is_remembered() -> None:
    status = {
        "hostnames": [
            {"name": "www.example.org", "recordType": "A", "targets": ["203.0.113.1"]},
            {"name": "www.example.org", "recordType": "AAAA", "targets": ["2001:db8::1"]},
            {"name": "new.example.org"},
            {"name": "old.example.org", "targets": [], "claimed": False},
        ],
        "targets": [
            {
                "cluster": "fra",
                "region": "eu",
                "addresses": ["203.0.113.1"],
                "eligible": True,
                "reason": "Stale",
                "since": "2026-01-01T00:00:00Z",
                "unknownSince": "2026-01-01T00:00:10Z",
                "ready": 2,
                "total": 3,
            }
        ],
        "served": ["203.0.113.1"],
        "resolved": [{"name": "lb.example.net", "addresses": ["203.0.113.9"]}],
        "withdrawn": [{"name": "www.example.org", "values": ["203.0.113.7"]}],
    }
    www, new, old = DnsName("www.example.org."), DnsName("new.example.org."), DnsName("old.example.org.")
    assert globalhost.memory(ghost(status=status)) == Memory(
        clusters=(Remembered("fra", ("203.0.113.1",), "eu", True, "Stale", 1767225600.0, None, 1767225610.0, 2, 3),),
        published=((old, ()), (www, ("203.0.113.1", "2001:db8::1"))),
        served=("203.0.113.1",),
        hostnames=(www, new),
        resolved=((DnsName("lb.example.net."), ("203.0.113.9",)),),
        withdrawn=((www, ("203.0.113.7",)),),
    )


def test_an_object_without_status_remembers_nothing() -> None:
    assert globalhost.memory(ghost()) == Memory()
