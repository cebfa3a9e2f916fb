"""Claims by annotation, on objects of the host cluster and of members."""

from typing import Any

import pytest

from mcidns.hub import annotations, generated, globalhost
from mcidns.hub.annotations import MemberObject, Unclaimed
from mcidns.hub.generated import GeneratedHost, Owner, ProbeAsked
from mcidns.hub.unreadable import Unreadable
from mcidns.model.hosts import Host, Requirement, Selection, StaticTarget
from mcidns.model.names import DnsName
from mcidns.model.probes import ProbeRule
from mcidns.model.references import ClusterName, SourceRef
from mcidns.model.targets import parse as target

WWW = DnsName("www.example.org.")
RULES = {"rules": [{"host": "www.example.org"}, {"http": {}}], "tls": [{"hosts": ["www.example.org", "tls.example.org"]}]}


def annotated(kind: str, spec: Any = None, **given: str) -> dict[str, Any]:
    return {
        "apiVersion": "types.kubefed.io/v1beta1",
        "kind": kind,
        "metadata": {
            "namespace": "shop",
            "name": "web",
            "uid": "u7",
            "annotations": {f"mcidns.io/{key}": value for key, value in given.items()},
        },
        "spec": spec or {},
    }


def claimed(kind: str, spec: Any = None, **given: str) -> GeneratedHost:
    found = annotations.of_object(annotated(kind, spec, **given), kind)
    assert isinstance(found, GeneratedHost), found
    return found


def test_an_annotated_federated_ingress_claims_the_names_for_its_placement() -> None:
    found = claimed(
        "FederatedIngress",
        {"template": {"spec": RULES}, "placement": {"clusters": [{"name": "fra"}, {"name": "ams"}]}},
        hostname="auto, shop.example.org",
        ttl="60",
    )
    assert found == GeneratedHost(
        namespace="shop",
        name="web",
        source_kind="Ingress",
        origin="FederatedIngress",
        owner=Owner("types.kubefed.io/v1beta1", "FederatedIngress", "web", "u7"),
        hostnames=(WWW, DnsName("tls.example.org."), DnsName("shop.example.org.")),
        ttl=60,
        clusters=Selection((ClusterName("ams"), ClusterName("fra"))),
    )


def test_a_probe_path_is_asked_for_by_https_where_the_ingress_has_tls() -> None:
    secured = claimed("Ingress", RULES, hostname="auto", **{"probe-path": "/healthz"})
    plain = claimed("Service", {}, hostname="a.example.org", **{"probe-path": " /up?deep=1 "})

    assert secured.probe == ProbeAsked("HTTPS", "/healthz")
    assert plain.probe == ProbeAsked("HTTP", "/up?deep=1")
    assert generated.host_manifest(secured)["spec"]["health"] == {"probe": {"protocol": "HTTPS", "path": "/healthz"}}
    parsed = globalhost.parse(generated.host_manifest(plain))
    assert isinstance(parsed, Host)
    assert parsed.probe == ProbeRule("HTTP", 80, "/up?deep=1")


def test_a_probe_path_that_is_none_is_left_out_and_told() -> None:
    found = claimed("Service", {}, hostname="a.example.org", **{"probe-path": "healthz"})

    assert found.probe is None
    assert [str(one) for one in found.problems] == [
        "metadata.annotations[mcidns.io/probe-path]: 'healthz' is no path; write one such as /healthz"
    ]


def test_ptr_records_are_asked_for_by_true_and_anything_else_is_told() -> None:
    asking = claimed("Service", {}, hostname="a.example.org", ptr=" True ")
    assert asking.ptr
    assert generated.host_manifest(asking)["spec"]["ptr"] is True
    assert not claimed("Service", {}, hostname="a.example.org", ptr="false").ptr
    odd = claimed("Service", {}, hostname="a.example.org", ptr="yes")
    assert not odd.ptr
    assert [str(one) for one in odd.problems] == [
        "metadata.annotations[mcidns.io/ptr]: 'yes' is neither true nor false; write one of them"
    ]


def test_one_member_that_asks_for_ptr_records_is_enough() -> None:
    given = (("mcidns.io/hostname", "a.example.org"), ("mcidns.io/ptr", "true"))
    source = SourceRef("Service", "shop", "web")
    found = annotations.of_members([MemberObject("ams", source, given), MemberObject("fra", source, given[:1])])
    assert isinstance(found, GeneratedHost)
    assert found.ptr


def test_members_that_ask_for_a_probe_get_it() -> None:
    given = (("mcidns.io/hostname", "a.example.org"), ("mcidns.io/probe-path", "/up"))
    source = SourceRef("Service", "shop", "web")
    found = annotations.of_members([MemberObject("ams", source, given), MemberObject("fra", source, given[:1])])

    assert isinstance(found, GeneratedHost)
    assert found.probe == ProbeAsked("HTTP", "/up")


@pytest.mark.parametrize(
    ("placement", "clusters"),
    [
        pytest.param({}, Selection(()), id="neither names nor selector means nowhere"),
        pytest.param({"clusters": []}, Selection(()), id="an empty list means nowhere"),
        pytest.param(
            {"clusters": [{"name": "fra"}], "clusterSelector": {}}, Selection((ClusterName("fra"),)), id="names beat the selector"
        ),
        pytest.param({"clusters": [], "clusterSelector": {}}, Selection(()), id="even an empty list beats the selector"),
        pytest.param({"clusterSelector": {}}, Selection(None, ()), id="an empty selector means everywhere"),
        pytest.param(
            {"clusterSelector": {"matchLabels": {"env": "prod"}}},
            Selection(None, (Requirement("env", "In", ("prod",)),)),
            id="a selector selects",
        ),
    ],
)
def test_placement_counts_as_kubefed_counts_it(placement: dict[str, Any], clusters: Selection) -> None:
    found = claimed("FederatedService", {"placement": placement}, hostname="www.example.org")
    assert found.clusters == clusters
    read_back = globalhost.parse(generated.host_manifest(found))
    assert isinstance(read_back, Host)
    assert read_back.clusters == clusters


def test_the_manifest_of_a_claim_reads_back_as_the_host_it_asks_for() -> None:
    found = claimed("Ingress", RULES, hostname="auto", ttl="5m")
    manifest = generated.host_manifest(found)
    assert manifest["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "mcidns",
        "mcidns.io/generated-from": "Ingress",
    }
    assert manifest["metadata"]["ownerReferences"][0]["uid"] == "u7"
    host = globalhost.parse(manifest)
    assert isinstance(host, Host)
    assert (host.hostnames, host.ttl, host.source, host.clusters) == (
        (WWW, DnsName("tls.example.org.")),
        300,
        SourceRef("Ingress", "shop", "web"),
        Selection(),
    )


def test_a_target_replaces_what_members_report() -> None:
    found = claimed("Service", hostname="www.example.org", target="203.0.113.2, 203.0.113.1")
    host = globalhost.parse(generated.host_manifest(found))
    assert isinstance(host, Host)
    assert host.static_targets == (StaticTarget("static", (target("203.0.113.1"), target("203.0.113.2"))),)
    assert host.clusters == Selection(())


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind) for kind in ("Gateway", "HTTPRoute", "GRPCRoute", "TLSRoute")])
def test_auto_on_a_gateway_or_route_means_the_names_that_the_source_has_in_the_members(kind: str) -> None:
    found = claimed(kind, {"hostnames": ["www.example.org"]}, hostname="Auto", ttl="60")
    host = globalhost.parse(generated.host_manifest(found))
    assert isinstance(host, Host)
    assert (host.hostnames, host.source.kind, host.ttl) == ((), kind, 60)
    named = claimed(kind, hostname="api.example.org")
    assert [name.relative for name in named.hostnames] == ["api.example.org"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        pytest.param({"hostname": "auto", "target": "203.0.113.1"}, "stands beside auto", id="auto with targets of its own"),
        pytest.param({"hostname": "auto, a..b"}, "only auto", id="auto beside names that cannot be read"),
    ],
)
def test_auto_that_cannot_be_followed_on_a_route_is_told(given: dict[str, str], problem: str) -> None:
    found = annotations.of_object(annotated("HTTPRoute", {}, **given), "HTTPRoute")
    assert isinstance(found, Unreadable)
    assert problem in found.message


def test_an_object_without_annotations_claims_nothing() -> None:
    found = annotations.of_object(annotated("Ingress", RULES), "Ingress")
    assert isinstance(found, Unclaimed)
    assert found.problems == ()


def test_annotations_that_do_nothing_are_told() -> None:
    found = annotations.of_object(annotated("Ingress", RULES, ttl="60", hostnames="www.example.org"), "Ingress")
    assert isinstance(found, Unclaimed)
    assert [problem.field for problem in found.problems] == [
        "metadata.annotations[mcidns.io/hostnames]",
        "metadata.annotations[mcidns.io/ttl]",
    ]


def test_what_cannot_be_used_is_left_out_and_told_while_the_rest_stands() -> None:
    found = claimed("Ingress", hostname="www.example.org,a..b", ttl="soon", weight="1", target="300.1.1.1,203.0.113.1")
    assert (found.hostnames, found.ttl, found.targets) == ((WWW,), None, (target("203.0.113.1"),))
    assert [problem.field for problem in found.problems] == [
        "metadata.annotations[mcidns.io/hostname]",
        "metadata.annotations[mcidns.io/target]",
        "metadata.annotations[mcidns.io/ttl]",
        "metadata.annotations[mcidns.io/weight]",
    ]


@pytest.mark.parametrize(
    ("kind", "spec", "given"),
    [
        pytest.param("Service", {}, {"hostname": "auto"}, id="a Service has no rules"),
        pytest.param("Ingress", {}, {"hostname": "auto"}, id="an Ingress without hosts"),
        pytest.param("Ingress", {}, {"hostname": " , "}, id="nothing but a comma"),
        pytest.param("Ingress", {}, {"hostname": "a..b"}, id="no good name"),
        pytest.param("Ingress", {}, {"hostname": "a.b", "target": "300.1.1.1"}, id="no good target"),
        pytest.param("FederatedIngress", {"placement": {"clusters": "all"}}, {"hostname": "a.b"}, id="a garbage placement"),
    ],
)
def test_a_claim_without_anything_to_claim_is_unreadable(kind: str, spec: dict[str, Any], given: dict[str, str]) -> None:
    found = annotations.of_object(annotated(kind, spec, **given), kind)
    assert isinstance(found, Unreadable)
    assert all(problem.remedy for problem in found.problems)


def external(**given: str) -> dict[str, Any]:
    obj = annotated("Service")
    obj["metadata"]["annotations"] = {key.replace("__", "/").replace("_", "-"): value for key, value in given.items()}
    return obj


EXTERNAL = {"external-dns.alpha.kubernetes.io/hostname": "old.example.org", "external-dns.kubernetes.io/ttl": "1m"}


def test_external_dns_annotations_count_only_when_asked_for_and_yield_to_ours() -> None:
    obj = annotated("Service")
    obj["metadata"]["annotations"] = dict(EXTERNAL)
    assert isinstance(annotations.of_object(obj, "Service"), Unclaimed)
    found = annotations.of_object(obj, "Service", external_dns=True)
    assert isinstance(found, GeneratedHost)
    assert (found.hostnames, found.ttl, found.problems) == ((DnsName("old.example.org."),), 60, ())
    obj["metadata"]["annotations"]["mcidns.io/hostname"] = "www.example.org"
    found = annotations.of_object(obj, "Service", external_dns=True)
    assert isinstance(found, GeneratedHost)
    assert found.hostnames == (WWW,)


def in_member(cluster: str, hosts: tuple[str, ...] = (), **given: str) -> MemberObject:
    pairs = tuple(sorted((f"mcidns.io/{key}", value) for key, value in given.items()))
    return MemberObject(cluster, SourceRef("Ingress", "shop", "web"), pairs, hosts)


def test_the_same_object_annotated_in_several_members_is_one_claim() -> None:
    found = annotations.of_members(
        [
            in_member("fra", hostname="www.example.org", ttl="60"),
            in_member("ams", ("tls.example.org",), hostname="auto", ttl="30"),
            in_member("lon", hostname="a..b"),
        ]
    )
    assert found == GeneratedHost(
        namespace="shop",
        name="web",
        source_kind="Ingress",
        origin="member-Ingress",
        hostnames=(DnsName("tls.example.org."), WWW),
        ttl=30,
        problems=found.problems if isinstance(found, GeneratedHost) else (),
    )
    assert isinstance(found, GeneratedHost)
    assert [problem.field for problem in found.problems] == ["lon: metadata.annotations[mcidns.io/hostname]"]
    assert "ownerReferences" not in generated.host_manifest(found)["metadata"]


def test_members_without_claim_make_nothing() -> None:
    assert annotations.of_members([]) is None
    assert isinstance(annotations.of_members([in_member("fra")]), Unclaimed)
    assert isinstance(annotations.of_members([in_member("fra", hostname="a..b")]), Unreadable)
