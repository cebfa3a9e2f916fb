"""KubeFed's objects as they were written for KubeFed, and the mistakes that it let pass."""

from typing import Any

import pytest

from mcidns.hub import kubefed
from mcidns.hub.unreadable import Unreadable
from mcidns.model.decisions import Memory, Remembered
from mcidns.model.hosts import Host, Readiness
from mcidns.model.kubefed import Domain, Scheme
from mcidns.model.names import DnsName
from mcidns.model.references import ObjectRef, SourceRef

HOME = "kube-federation-system"
DOMAINS: dict[str, Domain | Unreadable] = {"europe": Domain("europe", DnsName("example.org."))}


def obj(kind: str, spec: Any, **changes: Any) -> dict[str, Any]:
    """An object of KubeFed's, web in shop."""
    metadata = {"name": "web", "namespace": "shop", "uid": "u1", "generation": 3, "creationTimestamp": "2020-11-01T10:00:00Z"}
    annotations = changes.pop("annotations", None)
    return {
        "apiVersion": "multiclusterdns.kubefed.io/v1alpha1",
        "kind": kind,
        "metadata": {**metadata, **({"annotations": annotations} if annotations else {})},
        "spec": spec,
        **changes,
    }


def service(spec: Any, **changes: Any) -> Host:
    """A ServiceDNSRecord that can be read."""
    found = kubefed.service(obj("ServiceDNSRecord", spec, **changes), DOMAINS, HOME)
    assert isinstance(found, Host), found
    return found


def ingress(spec: Any, **changes: Any) -> Host:
    """An IngressDNSRecord that can be read."""
    found = kubefed.ingress(obj("IngressDNSRecord", spec, **changes))
    assert isinstance(found, Host), found
    return found


def problems(found: object) -> list[str]:
    """The mistakes as text."""
    assert isinstance(found, Unreadable), found
    return [str(problem) for problem in found.problems]


def test_a_service_record_is_a_host_whose_names_are_made_by_a_scheme() -> None:
    assert service({"domainRef": "europe"}) == Host(
        namespace="shop",
        name="web",
        uid="u1",
        created_at=1604224800.0,
        generation=3,
        source=SourceRef("Service", "shop", "web"),
        ttl=180,
        max_targets=100,
        kind="ServiceDNSRecord",
        scheme=Scheme("web.shop.europe.svc", DnsName("example.org.")),
    )
    assert service({"domainRef": "europe"}).ref == ObjectRef("ServiceDNSRecord", "shop", "web")


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        pytest.param({}, 180, id="left out"),
        pytest.param({"recordTTL": 0}, 180, id="nothing"),
        pytest.param({"recordTTL": 30}, 30, id="given"),
    ],
)
def test_the_time_to_live_is_kubefeds(given: dict[str, int], seconds: int) -> None:
    assert service({"domainRef": "europe", **given}).ttl == seconds
    assert ingress({"hosts": ["a.example.org"], **given}).ttl == seconds


def test_external_name_prefix_and_leave_to_serve_without_endpoints_are_read() -> None:
    found = service({"domainRef": "europe", "externalName": "checkout", "dnsPrefix": "pay", "allowServiceWithoutEndpoints": True})

    assert found.scheme == Scheme("checkout.shop.europe.svc", DnsName("example.org."), prefix="pay", renamed=True)
    assert found.readiness == Readiness(mode="Ignore")


def test_the_compatibility_annotation_asks_for_what_kubefed_did() -> None:
    annotations = {"mcidns.io/compatibility": "kubefed"}
    old = service({"domainRef": "europe"}, annotations=annotations)

    assert (old.when_none_healthy, old.readiness.mode) == ("Withdraw", "Any")
    behind = ingress({"hosts": ["a.example.org"]}, annotations=annotations)
    assert (behind.when_none_healthy, behind.readiness.mode) == ("Withdraw", "Ignore")


def test_a_domain_that_is_not_there_is_no_mistake_of_the_record_but_told() -> None:
    found = service({"domainRef": "asia"})

    assert found.scheme is not None
    assert found.scheme.domain is None
    assert found.scheme.missing == (
        "spec.domainRef: there is no Domain asia in namespace kube-federation-system; create it there, or correct the reference"
    )


@pytest.mark.parametrize(
    ("spec", "annotations", "told"),
    [
        pytest.param({}, None, "spec.domainRef: is missing; set it", id="no domainRef"),
        pytest.param(
            {"domainRef": "europe", "recordTTL": -1},
            None,
            "spec.recordTTL: is -1; write a whole number from 0 to",
            id="a TTL below 0",
        ),
        pytest.param({"domainRef": ["europe"]}, None, "spec.domainRef: is a list; write text", id="a list for a text"),
        pytest.param(
            {"domainRef": "europe"},
            {"mcidns.io/compatibility": "yes"},
            "metadata.annotations[mcidns.io/compatibility]: is 'yes'; write kubefed, or remove the annotation",
            id="an unknown compatibility",
        ),
    ],
)
def test_a_mistake_in_a_service_record_is_told_with_field_and_remedy(
    spec: dict[str, Any], annotations: dict[str, str] | None, told: str
) -> None:
    found = problems(kubefed.service(obj("ServiceDNSRecord", spec, annotations=annotations), DOMAINS, HOME))

    assert any(told in problem for problem in found), found


def test_a_domain_that_cannot_be_read_stops_the_record_where_it_is() -> None:
    broken = kubefed.domain({"metadata": {"name": "europe", "namespace": HOME}, "domain": "a b"})
    assert isinstance(broken, Unreadable)
    (told,) = problems(kubefed.service(obj("ServiceDNSRecord", {"domainRef": "europe"}), {"europe": broken}, HOME))

    assert told.startswith("spec.domainRef: Domain kube-federation-system/europe cannot be used (domain: a b has the label 'a b'")
    assert told.endswith("; correct the Domain")


def test_an_ingress_record_publishes_its_hosts_and_tells_of_those_that_are_none() -> None:
    found = ingress({"hosts": ["Shop.Example.org.", "a..b", "*.example.org", "shop.example.org"]})

    assert [name.text for name in found.hostnames] == ["shop.example.org.", "*.example.org."]
    assert len(found.invalid_hostnames) == 1
    assert (found.kind, found.source) == ("IngressDNSRecord", SourceRef("Ingress", "shop", "web"))


def test_an_ingress_record_without_hosts_takes_none_from_the_rules() -> None:
    """KubeFed never looked there."""
    assert ingress({}).invalid_hostnames == ("no name is given; name at least one, such as www.example.org",)
    assert problems(kubefed.ingress(obj("IngressDNSRecord", {"hosts": "a.example.org"}))) == [
        "spec.hosts: is text; write a list",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param({}, "domain: is missing; set it", id="no domain"),
        pytest.param({"domain": "*.example.org"}, "domain: *.example.org is a wildcard", id="a wildcard"),
        pytest.param({"domain": 7}, "domain: is a number; write text", id="a number"),
    ],
)
def test_a_domain_is_read_or_told_of(content: dict[str, Any], told: str) -> None:
    meta = {"metadata": {"name": "europe", "namespace": HOME}}

    assert kubefed.domain({**meta, "domain": "Example.org"}) == Domain("europe", DnsName("example.org."))
    assert any(problem.startswith(told) for problem in problems(kubefed.domain({**meta, **content})))


def test_kubefeds_own_status_is_remembered_where_ours_is_not_there() -> None:
    balancer = {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "LB.example.net"}, {"ip": "1.2.3"}, {}]}
    dns = [
        {"cluster": "c1", "loadBalancer": balancer, "region": "eu", "zones": ["eu-1"]},
        {"cluster": "c2", "loadBalancer": {}},
        {"loadBalancer": balancer},
    ]
    status = {"domain": "example.org", "dns": dns}

    assert kubefed.memory(obj("ServiceDNSRecord", {}, status=status)) == Memory(
        clusters=(Remembered("c1", ("192.0.2.1", "lb.example.net"), "eu", eligible=True, reason="Ready"),)
    )
    ours = {**status, "targets": [{"cluster": "c9", "addresses": ["192.0.2.9"]}]}
    assert [one.cluster for one in kubefed.memory(obj("ServiceDNSRecord", {}, status=ours)).clusters] == ["c9"]
    assert kubefed.memory({}) == Memory()
