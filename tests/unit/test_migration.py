"""What becomes of KubeFed's objects, and what a take-over would write."""

from collections.abc import Sequence
from typing import Any

import pytest

from mcidns import migration
from mcidns.kube import kinds
from mcidns.kube.kinds import Kind
from mcidns.migration import Finding, Former, Report
from mcidns.model.references import ObjectRef
from mcidns.model.zones import Affix

Object = dict[str, Any]
HOME = "kube-federation-system"
TOP = "web.shop.europe.svc.example.org"
FORMER = Former("my-identifier", Affix(prefix="cname"))
ZONE = {"domain": "example.org", "ownerID": "hub-1"}


def obj(kind: Kind, name: str, namespace: str = "", **content: Any) -> Object:
    """An object of the host."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **content.pop("metadata", {})}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, **content}


def cluster(name: str, region: str = "", *zones: str) -> Object:
    """A KubeFedCluster."""
    spec = {"apiEndpoint": "https://api.example.org", "secretRef": {"name": name}}
    return obj(kinds.KUBEFED_CLUSTER, name, HOME, spec=spec, status={"region": region, "zones": list(zones)})


def objects(*more: tuple[Kind, Object], zone: Object | None = None, owned: int = 0) -> dict[Kind, list[Object]]:
    """A host with a zone, a Domain and two clusters, and these objects besides."""
    found: dict[Kind, list[Object]] = {
        kinds.DNS_ZONE: [obj(kinds.DNS_ZONE, "example-org", spec=zone or ZONE, status={"owned": owned})],
        kinds.KUBEFED_DOMAIN: [obj(kinds.KUBEFED_DOMAIN, "europe", HOME, domain="example.org")],
        kinds.KUBEFED_CLUSTER: [cluster("fra", "eu", "a"), cluster("nyc", "us")],
    }
    for kind, one in more:
        found.setdefault(kind, []).append(one)
    return found


def service(name: str = "web", **spec: Any) -> tuple[Kind, Object]:
    """A ServiceDNSRecord."""
    return kinds.SERVICE_DNS_RECORD, obj(kinds.SERVICE_DNS_RECORD, name, "shop", spec={"domainRef": "europe", **spec})


def ingress(*hosts: str) -> tuple[Kind, Object]:
    """An IngressDNSRecord."""
    return kinds.INGRESS_DNS_RECORD, obj(kinds.INGRESS_DNS_RECORD, "web", "shop", spec={"hosts": list(hosts)})


def assess(*more: tuple[Kind, Object], former: Former = FORMER, **changes: Any) -> Report:
    """The report on such a host."""
    return migration.assess(objects(*more, **changes), HOME, former)


def finding(report: Report, kind: str) -> Finding:
    """The only finding on an object of this kind."""
    (found,) = [one for one in report.findings if one.ref.kind == kind]
    return found


def test_records_work_unchanged_and_their_names_are_listed() -> None:
    report = assess(service(dnsPrefix="pay"), ingress("shop.example.org"))

    record = finding(report, "ServiceDNSRecord")
    assert (record.outcome, record.told) == ("unchanged", ())
    assert set(record.names) == {
        TOP,
        "web.shop.europe.svc.eu.example.org",
        "web.shop.europe.svc.a.eu.example.org",
        "web.shop.europe.svc.us.example.org",
        "pay.example.org",
    }
    assert finding(report, "IngressDNSRecord").names == ("shop.example.org",)


@pytest.mark.parametrize(
    ("record", "outcome", "words"),
    [
        pytest.param(ingress("shop.example.org", "shop.example.net"), "in part", "no DNSZone covers it", id="no zone"),
        pytest.param(ingress("a..b"), "not served", "empty label", id="no name"),
        pytest.param(service(domainRef="asia"), "not served", "there is no Domain asia", id="no Domain"),
        pytest.param(service(recordTTL=-1), "not served", "spec.recordTTL", id="no TTL"),
        pytest.param(service(dnsPrefix="-"), "in part", "spec.dnsPrefix", id="no prefix"),
    ],
)
def test_what_is_not_served_is_told(record: tuple[Kind, Object], outcome: str, words: str) -> None:
    found = next(one for one in assess(record).findings)

    assert found.outcome == outcome
    assert any(words in text for text in found.told)


def test_grants_count() -> None:
    zone = {**ZONE, "grants": [{"namespaceSelector": {"matchLabels": {"dns": "yes"}}}]}
    labelled = (kinds.NAMESPACE, obj(kinds.NAMESPACE, "shop", metadata={"labels": {"dns": "yes"}}))

    assert finding(assess(ingress("shop.example.org"), zone=zone), "IngressDNSRecord").outcome == "not served"
    assert finding(assess(ingress("shop.example.org"), labelled, zone=zone), "IngressDNSRecord").outcome == "unchanged"


def test_kubefeds_own_endpoints_are_left_behind_with_the_names_that_nobody_will_serve() -> None:
    rows = [{"dnsName": name, "recordType": "A", "targets": ["192.0.2.1"]} for name in (TOP, "web.shop.europe.svc.old.example.org")]
    endpoint = obj(kinds.KUBEFED_ENDPOINT, "service-web", "shop", spec={"endpoints": rows})
    report = assess(service(), (kinds.KUBEFED_ENDPOINT, endpoint))

    assert finding(report, "DNSEndpoint").told == (
        "mcidns writes dnsendpoints.externaldns.k8s.io service-web in its place",
        "web.shop.europe.svc.old.example.org is in it, and no record asks for it",
    )
    assert any("stop the ExternalDNS" in text for text in report.advice)
    assert finding(assess((kinds.KUBEFED_ENDPOINT, endpoint)), "DNSEndpoint").told[0].startswith(f"{TOP} is in it")


def test_federated_objects_without_a_record_had_no_name_and_get_none() -> None:
    free = (kinds.FEDERATED_INGRESS, obj(kinds.FEDERATED_INGRESS, "free", "shop"))
    claimed = (kinds.FEDERATED_SERVICE, obj(kinds.FEDERATED_SERVICE, "web", "shop"))
    annotations = {"annotations": {"mcidns.io/hostname": "auto"}}
    annotated = (kinds.FEDERATED_INGRESS, obj(kinds.FEDERATED_INGRESS, "own", "shop", metadata=annotations))
    report = assess(service(), free, claimed, annotated)

    assert [one.ref for one in report.findings if one.outcome == "no record"] == [ObjectRef("FederatedIngress", "shop", "free")]


def patches(report: Report) -> Sequence[Object]:
    """What would be written."""
    return [one.patch for one in report.writes]


def test_a_zone_takes_over_by_bearing_the_former_owners_id_and_reading_its_names() -> None:
    assert patches(assess(service())) == [{"ownerID": "my-identifier", "registry": {"readAlso": [{"prefix": "cname"}]}}]


def test_what_a_zone_reads_already_stays() -> None:
    zone = {**ZONE, "registry": {"readAlso": [{"suffix": "-x"}]}}
    (patch,) = patches(assess(service(), zone=zone))
    assert patch["registry"] == {"readAlso": [{"suffix": "-x"}, {"prefix": "cname"}]}

    reading = {**ZONE, "registry": {"readAlso": [{"prefix": "cname"}]}}
    assert patches(assess(service(), zone=reading)) == [{"ownerID": "my-identifier"}]
    assert patches(assess(service(), former=Former("my-identifier"))) == [
        {"ownerID": "my-identifier", "registry": {"readAlso": [{"prefix": ""}]}}
    ]


@pytest.mark.parametrize(
    ("former", "changes", "words"),
    [
        pytest.param(Former(), {}, "give its --txt-owner-id", id="no owner given"),
        pytest.param(FORMER, {"owned": 3}, "owns 3 names as hub-1, which would become foreign", id="it owns something already"),
        pytest.param(Former("default"), {}, "cannot take over: spec.ownerID", id="everybody's owner id"),
        pytest.param(
            FORMER,
            {"zone": {**ZONE, "ownerID": "my-identifier", "registry": {"readAlso": [{"prefix": "cname"}]}}, "owned": 3},
            "owns what my-identifier wrote already",
            id="done before",
        ),
    ],
)
def test_a_zone_is_left_alone_where_nothing_can_or_need_be_taken_over(former: Former, changes: Any, words: str) -> None:
    report = assess(service(), former=former, **changes)

    assert report.writes == ()
    assert [words in one.told for one in report.takeovers] == [True]


def test_a_zone_that_no_record_needs_is_not_mentioned() -> None:
    assert assess().takeovers == ()


def test_advice_names_what_a_person_must_do() -> None:
    nothing = migration.assess({kinds.DNS_ZONE: [obj(kinds.DNS_ZONE, "broken", spec={})]}, HOME, Former("default"))
    assert [text.partition(":")[0] for text in nothing.advice] == [
        "DNSZone broken",
        "there is no KubeFedCluster and no MemberCluster",
        "the owner id default is what every ExternalDNS has until told otherwise, so no DNSZone may bear it",
    ]
    assert any(
        text.startswith("no region is known of old") for text in assess(service(), (kinds.KUBEFED_CLUSTER, cluster("old"))).advice
    )
    by_hand = obj(kinds.MEMBER_CLUSTER, "old", spec={"access": {"kubeconfigSecretRef": {"name": "x"}}, "region": "eu"})
    report = assess(service(), (kinds.KUBEFED_CLUSTER, cluster("old")), (kinds.MEMBER_CLUSTER, by_hand))
    assert not any("no region" in text for text in report.advice)
    unreadable = assess(
        (kinds.MEMBER_CLUSTER, obj(kinds.MEMBER_CLUSTER, "bad", spec={})), (kinds.KUBEFED_CLUSTER, {"metadata": {}})
    )
    assert len(unreadable.advice) == 2
