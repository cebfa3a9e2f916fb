"""Member objects reduced to what a decision needs."""

import json
from ipaddress import ip_address
from typing import Any

import pytest

from mcidns.model.names import DnsName
from mcidns.model.targets import Target
from mcidns.observe import shapes, sources
from mcidns.observe.frames import Decoder
from mcidns.observe.sources import Ready, Source
from tests.unit.observe.objects import Object, ingress, service, slice_of


def decoded(shape: type[Any], obj: Object) -> Any:
    """The object as it comes off the wire."""
    return Decoder(shape).page(json.dumps({"metadata": {}, "items": [obj]}).encode()).items[0]


def read_service(obj: Object) -> Source:
    """Decode and reduce a Service."""
    return sources.service(decoded(shapes.Service, obj))


def read_ingress(obj: Object) -> Source:
    """Decode and reduce an Ingress."""
    return sources.ingress(decoded(shapes.Ingress, obj))


def read_slice(obj: Object) -> Ready | None:
    """Decode and reduce an EndpointSlice."""
    return sources.endpoints(decoded(shapes.Slice, obj))


@pytest.mark.parametrize(
    ("points", "targets"),
    [
        pytest.param((), set(), id="no status yet"),
        pytest.param(("192.0.2.1",), {ip_address("192.0.2.1")}, id="an address"),
        pytest.param(("192.0.2.1", "2001:DB8::1"), {ip_address("192.0.2.1"), ip_address("2001:db8::1")}, id="both families"),
        pytest.param(({"hostname": "LB.Example.net"},), {DnsName("lb.example.net.")}, id="a host name"),
        pytest.param(
            ({"ip": "192.0.2.1", "hostname": "lb.example.net"},), {ip_address("192.0.2.1")}, id="told twice, address wins"
        ),
        pytest.param(({"ip": "::ffff:192.0.2.1"},), {ip_address("192.0.2.1")}, id="an IPv4-mapped address"),
        pytest.param(({},), set(), id="an empty entry"),
    ],
)
def test_a_load_balancer_gives_its_targets(points: tuple[Any, ...], targets: set[Target]) -> None:
    assert read_service(service("web", *points)).targets == targets
    assert read_ingress(ingress(*points)).targets == targets


@pytest.mark.parametrize(
    ("point", "said"),
    [
        pytest.param({"ip": "192.0.2.999"}, "'192.0.2.999' looks like an address but is none", id="no address"),
        pytest.param({"ip": "fe80::1%eth0"}, "'fe80::1%eth0' carries a zone index", id="zone index"),
        pytest.param({"hostname": "bad host"}, "'bad host' is neither an address nor a host name", id="no name"),
        pytest.param({"hostname": "a" * 300}, "is neither an address nor a host name", id="a name of 300 characters"),
    ],
)
def test_a_garbage_entry_is_told_and_harms_no_other(point: dict[str, str], said: str) -> None:
    source = read_service(service("web", point, "192.0.2.1"))
    assert source.targets == {ip_address("192.0.2.1")}
    assert len(source.unreadable) == 1
    assert source.unreadable[0].startswith("status.loadBalancer.ingress: ")
    assert said in source.unreadable[0]


def test_a_garbage_address_gives_way_to_the_host_name_beside_it() -> None:
    source = read_service(service("web", {"ip": "nonsense!", "hostname": "lb.example.net"}))
    assert source.targets == {DnsName("lb.example.net.")}
    assert len(source.unreadable) == 1


@pytest.mark.parametrize(
    "type_", [pytest.param("ClusterIP", id="ClusterIP"), pytest.param("NodePort", id="NodePort"), pytest.param("", id="none")]
)
def test_only_a_load_balancer_has_addresses_whatever_is_left_in_its_status(type_: str) -> None:
    assert read_service(service("web", "192.0.2.1", type_=type_)).targets == frozenset()


def test_an_external_name_service_is_exempt_from_readiness() -> None:
    assert read_service(service("web", type_="ExternalName")).external_name
    assert not read_service(service("web")).external_name


def test_an_ingress_names_its_hosts_and_the_services_behind_it() -> None:
    source = read_ingress(
        ingress(
            tls=[{"hosts": ["Pay.example.org", ""]}, {}], defaultBackend={"service": {"name": "fallback", "port": {"number": 1}}}
        )
    )
    assert [name.relative for name in source.hostnames] == ["pay.example.org", "shop.example.org"]
    assert source.services == ("fallback", "web")


def test_a_wildcard_is_a_host_and_a_bad_host_is_told() -> None:
    source = read_ingress(ingress(host="*.example.org", tls=[{"hosts": ["bad..example.org"]}]))
    assert [name.relative for name in source.hostnames] == ["*.example.org"]
    assert "host in rules or tls" in source.unreadable[0]


def test_an_ingress_without_status_rules_or_service_back_end_is_no_error() -> None:
    bare = read_ingress({"metadata": {"name": "bare", "namespace": "shop"}})
    assert (bare.targets, bare.hostnames, bare.services) == (frozenset(), (), ())
    resource = {"resource": {"kind": "Bucket", "name": "static"}}
    assert read_ingress({"metadata": {"name": "b"}, "spec": {"defaultBackend": resource}}).services == ()


def test_only_annotations_for_us_are_kept_and_identity_only_with_them() -> None:
    plain = read_service(service("web", uid="u1", annotations={"kubectl.kubernetes.io/last-applied-configuration": "{}"}))
    assert (plain.annotations, plain.uid, plain.created) == ((), "", "")
    ours = read_service(
        service(
            "web",
            uid="u1",
            creationTimestamp="2026-01-02T03:04:05Z",
            annotations={"mcidns.io/hostname": "a.example.org", "external-dns.alpha.kubernetes.io/ttl": "60", "other": "x"},
        )
    )
    assert ours.annotations == (("external-dns.alpha.kubernetes.io/ttl", "60"), ("mcidns.io/hostname", "a.example.org"))
    assert (ours.uid, ours.created) == ("u1", "2026-01-02T03:04:05Z")


@pytest.mark.parametrize(
    ("slices", "counted"),
    [
        pytest.param([], (0, 0), id="no slice"),
        pytest.param([slice_of("a")], (0, 0), id="an empty slice"),
        pytest.param([slice_of("a", True, False, None)], (2, 3), id="an unset condition counts as ready"),
        pytest.param([slice_of("a", True, "terminating")], (1, 1), id="a terminating endpoint counts for nothing"),
        pytest.param([slice_of("a", True), slice_of("b", False, first=2)], (1, 2), id="slices add up"),
        pytest.param(
            [slice_of("a", True, True), slice_of("b", True, first=2)], (2, 2), id="one endpoint in two slices counts once"
        ),
        pytest.param([slice_of("a", False), slice_of("b", True)], (1, 1), id="ready in either is ready"),
        pytest.param([slice_of("a", True, True), slice_of("b", True, True, family="IPv6")], (2, 2), id="dual stack counts once"),
        pytest.param([slice_of("a", True), slice_of("b", True, True, family="IPv6")], (2, 2), id="the larger family counts"),
    ],
)
def test_ready_endpoints_of_a_service(slices: list[Object], counted: tuple[int, int]) -> None:
    found = [one for one in map(read_slice, slices) if one is not None]
    assert sources.counts(found) == counted


def test_endpoints_without_addresses_still_count_one_by_one() -> None:
    obj = {**slice_of("a"), "endpoints": [{"conditions": {"ready": True}}, {}]}
    found = read_slice(obj)
    assert found is not None
    assert sources.counts([found]) == (2, 2)


def test_a_slice_without_a_service_is_nobodys() -> None:
    obj = slice_of("a", True)
    del obj["metadata"]["labels"]
    assert read_slice(obj) is None
