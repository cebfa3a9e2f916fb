"""What is written for KubeFed's kinds: their status, and the DNSEndpoints that go with them."""

from typing import Any

import pytest

from mcidns.decide import decide
from mcidns.hub import kubefed as reading
from mcidns.kube.client import Object
from mcidns.model.decisions import Decision, Reason
from mcidns.model.hosts import Host
from mcidns.model.kubefed import Scheme
from mcidns.model.references import ObjectRef, SourceRef
from mcidns.publish import endpoints, kubefed
from mcidns.publish.steps import Apply, Clash, Delete
from mcidns.testing import build
from mcidns.testing.build import NOW

SERVICE = ObjectRef("ServiceDNSRecord", "shop", "web")
REF = ObjectRef("DNSEndpoint", "shop", "service-web")


def record(domain: str | None = "example.org", **scheme: Any) -> Host:
    """A ServiceDNSRecord shop/web."""
    made = Scheme("web.shop.d.svc", build.name(domain) if domain else None, **scheme)
    return build.host(hostnames=(), kind="ServiceDNSRecord", scheme=made, source=SourceRef("Service", "shop", "web"), ttl=180)


def ingress() -> Host:
    """An IngressDNSRecord shop/web."""
    return build.host("www.example.org", kind="IngressDNSRecord", ttl=180)


def decided(host: Host) -> Decision:
    """fra serves, nyc does not, ams has no such object, and old has left the fleet."""
    members = (
        build.member("fra", build.seen("192.0.2.1", "2001:db8::1"), "eu", zones=("a", "b")),
        build.member("nyc", build.seen("192.0.2.2", ready=0, total=1), "us"),
        build.member("ams", build.absent()),
    )
    old = build.remembered("old", "192.0.2.9", reason=Reason.CLUSTER_GONE, since=NOW - 1)
    return decide(build.world(*members, memory=build.memory(old)), host, NOW)


def written(step: object) -> Object:
    """What is applied."""
    assert isinstance(step, Apply), step
    return step.body


def test_the_status_of_a_service_record_has_kubefeds_part_and_ours() -> None:
    status = kubefed.of_host(decided(record()), None, NOW)

    assert status["domain"] == "example.org"
    assert status["dns"] == [
        {"cluster": "ams", "loadBalancer": {}},
        {
            "cluster": "fra",
            "loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, {"ip": "2001:db8::1"}]},
            "region": "eu",
            "zones": ["a", "b"],
        },
        {"cluster": "nyc", "loadBalancer": {}, "region": "us"},
    ]
    assert status["summary"] == {"hostnames": "web.shop.d.svc.example.org +4", "targets": "1/4"}
    assert {one["type"] for one in status["conditions"]} >= {"Accepted", "ResolvedRefs", "Healthy", "Programmed"}


def test_what_is_written_is_what_a_restart_remembers() -> None:
    for host in (record(), ingress()):
        decision = decided(host)
        assert reading.memory({"status": kubefed.of_host(decision, None, NOW)}) == decision.memory


def test_a_load_balancers_name_stands_as_one() -> None:
    world = build.world(build.member("fra", build.seen("lb.example.net")))
    status = kubefed.of_host(decide(world, ingress(), NOW), None, NOW)

    assert status["dns"] == [{"cluster": "fra", "loadBalancer": {"ingress": [{"hostname": "lb.example.net"}]}}]
    assert "domain" not in status


def test_a_record_without_its_domain_has_a_status_all_the_same() -> None:
    status = kubefed.of_host(decided(record(None, missing="no Domain d")), None, NOW)

    assert "domain" not in status
    assert status["summary"]["hostnames"] == ""


def test_a_globalhosts_status_is_its_own() -> None:
    assert "dns" not in kubefed.of_host(decided(build.host("www.example.org")), None, NOW)


def test_a_domain_is_told_to_be_in_use() -> None:
    (one,) = kubefed.of_domain({"metadata": {"generation": 2}}, NOW)["conditions"]

    assert (one["type"], one["status"], one["observedGeneration"]) == ("Accepted", "True", 2)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        pytest.param(record(), "service-web", id="a service record"),
        pytest.param(ingress(), "ingress-web", id="an ingress record"),
        pytest.param(build.host("www.example.org"), "web", id="a GlobalHost"),
    ],
)
def test_the_endpoint_has_kubefeds_name_and_goes_with_its_record(host: Host, name: str) -> None:
    ref = endpoints.ref_of(host.ref)
    body = written(endpoints.plan(ref, decided(host), None))

    assert (ref.namespace, ref.name) == ("shop", name)
    (owner,) = body["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == (host.kind, "web")
    seen = {**body, "metadata": {**body["metadata"], "uid": "e1"}}
    assert endpoints.plan(ref, decided(host), seen) is None
    assert isinstance(endpoints.plan(ref, None, seen), Delete)


def test_an_external_name_tells_the_services_name_on_all_names_but_the_prefix() -> None:
    body = written(endpoints.plan(REF, decided(record(renamed=True, prefix="pay")), None))

    labels = {row["dnsName"]: row.get("labels") for row in body["spec"]["endpoints"]}
    assert labels.pop("pay.example.org") is None
    assert set(map(str, labels.values())) == {"{'serviceName': 'web'}"}
    assert "labels" not in str(written(endpoints.plan(REF, decided(record()), None))["spec"])


def test_a_globalhost_and_a_record_that_ask_for_one_endpoint_do_not_overwrite_each_other() -> None:
    rival = build.host("www.example.org", name="service-web")
    body = written(endpoints.plan(REF, decided(rival), None))
    seen = {**body, "metadata": {**body["metadata"], "uid": "e1"}}
    step = endpoints.plan(REF, decided(record()), seen)

    assert isinstance(step, Clash)
    assert "delete or rename GlobalHost shop/service-web, or rename the ServiceDNSRecord" in step.message
    assert endpoints.plan(REF, decided(record(None)), seen) is None
