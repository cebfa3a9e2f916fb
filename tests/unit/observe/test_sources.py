"""Member objects as they come off the wire, reduced to what a decision needs."""

import json
from ipaddress import ip_address
from typing import Any

import pytest

from mcidns.model.clusters import Backend, SourceState
from mcidns.model.names import DnsName
from mcidns.model.references import SourceRef
from mcidns.observe import shapes, sources
from mcidns.observe.shapes import Bookmark, Decoder, Failure, Garbage, Put, Removed
from mcidns.observe.sources import Ready
from mcidns.observe.store import MemberStore


def ingress(*addresses: dict[str, str], host: str = "shop.example.org", service: str = "web", **spec: Any) -> dict[str, Any]:
    """An Ingress as the API shows it."""
    rule = {"host": host, "http": {"paths": [{"backend": {"service": {"name": service}}}]}}
    return {
        "metadata": {"name": "shop", "namespace": "shop", "uid": "u1", "resourceVersion": "5"},
        "spec": {"rules": [rule], **spec},
        "status": {"loadBalancer": {"ingress": list(addresses)}},
    }


def slice_of(name: str, *ready: bool | None, service: str = "web") -> dict[str, Any]:
    """An EndpointSlice with one endpoint for each readiness; None leaves the condition out."""
    endpoints = [{"conditions": {} if one is None else {"ready": one}} for one in ready]
    return {
        "metadata": {"name": name, "namespace": "shop", "labels": {"kubernetes.io/service-name": service}},
        "endpoints": endpoints,
    }


def read_ingress(obj: dict[str, Any]) -> sources.Source:
    """Decode and reduce."""
    page = Decoder(shapes.Ingress).page(json.dumps({"metadata": {}, "items": [obj]}).encode())
    return sources.ingress(page.items[0])


def test_an_ingress_gives_its_addresses_names_and_the_services_behind_it() -> None:
    source = read_ingress(
        ingress(
            {"ip": "192.0.2.1"},
            {"hostname": "LB.Example.net"},
            tls=[{"hosts": ["pay.example.org"]}],
            defaultBackend={"service": {"name": "fallback"}},
        )
    )
    assert source.targets == {ip_address("192.0.2.1"), DnsName("lb.example.net.")}
    assert [name.relative for name in source.hostnames] == ["pay.example.org", "shop.example.org"]
    assert source.services == ("fallback", "web")


def test_a_garbage_address_is_told_and_harms_no_other() -> None:
    source = read_ingress(ingress({"ip": "192.0.2.999"}, {"ip": "192.0.2.1"}))
    assert source.targets == {ip_address("192.0.2.1")}
    assert source.unreadable == ("status.loadBalancer.ingress: '192.0.2.999' looks like an address but is none",)


def test_an_ingress_without_status_or_rules_is_no_error() -> None:
    source = read_ingress({"metadata": {"name": "bare", "namespace": "shop"}})
    assert (source.targets, source.hostnames, source.services) == (frozenset(), (), ())


def test_a_malformed_object_is_skipped_and_counted() -> None:
    body = json.dumps({"metadata": {"resourceVersion": "7"}, "items": [{"metadata": 5}, ingress(), {"spec": []}]}).encode()
    page = Decoder(shapes.Ingress).page(body)
    assert (len(page.items), page.version, page.skipped) == (1, "7", 2)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        pytest.param({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}}, Bookmark("9"), id="bookmark"),
        pytest.param({"type": "ERROR", "object": {"code": 410, "message": "too old"}}, Failure(410, "too old"), id="error"),
        pytest.param({"type": "PARTY", "object": {}}, Garbage("unknown event type 'PARTY'"), id="unknown type"),
    ],
)
def test_watch_frames_that_carry_no_object(frame: dict[str, Any], expected: object) -> None:
    assert Decoder(shapes.Ingress).frame(json.dumps(frame).encode()) == expected


def test_watch_frames_with_objects_and_with_garbage() -> None:
    decoder = Decoder(shapes.Ingress)
    assert isinstance(decoder.frame(json.dumps({"type": "MODIFIED", "object": ingress()}).encode()), Put)
    assert isinstance(decoder.frame(json.dumps({"type": "DELETED", "object": ingress()}).encode()), Removed)
    assert isinstance(decoder.frame(b"{half"), Garbage)
    assert isinstance(decoder.frame(json.dumps({"type": "ADDED", "object": {"metadata": []}}).encode()), Garbage)


class Member:
    """A store with what it told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.store = MemberStore(lambda ref: self.told.append(str(ref)), lambda: self.told.append("claims"))

    def put(self, obj: dict[str, Any]) -> None:
        """Store an Ingress or a slice."""
        if "endpoints" in obj:
            item = Decoder(shapes.Slice).page(json.dumps({"metadata": {}, "items": [obj]}).encode()).items[0]
            self.store.put_slice(("shop", obj["metadata"]["name"]), sources.slice_(item))
        else:
            self.store.put_source("Ingress", ("shop", "shop"), read_ingress(obj))

    def state(self) -> SourceState | None:
        """The Ingress' state."""
        return self.store.state(SourceRef("Ingress", "shop", "shop"))


def test_ready_endpoints_are_counted_over_all_slices_and_an_unset_condition_counts_as_ready() -> None:
    member = Member()
    member.put(ingress({"ip": "192.0.2.1"}))
    member.put(slice_of("web-1", True, False, None))
    member.put(slice_of("web-2", True))
    member.put(slice_of("other-1", True, service="other"))
    state = member.state()
    assert state is not None
    assert state.backends == (Backend("web", 3, 4),)


def test_a_slice_tells_only_the_sources_behind_which_it_stands() -> None:
    member = Member()
    member.put(ingress({"ip": "192.0.2.1"}))
    member.told.clear()
    member.put(slice_of("other-1", True, service="other"))
    assert member.told == []
    member.put(slice_of("web-1", True))
    assert member.told == ["Ingress shop/shop"]


def test_an_update_that_changes_nothing_we_use_is_silent() -> None:
    member = Member()
    member.put(ingress({"ip": "192.0.2.1"}))
    member.put(slice_of("web-1", True))
    member.told.clear()
    member.put(ingress({"ip": "192.0.2.1"}))
    member.put(slice_of("web-1", True))
    assert member.told == []


def test_a_slice_that_goes_or_loses_its_service_takes_its_endpoints_with_it() -> None:
    member = Member()
    member.put(ingress({"ip": "192.0.2.1"}))
    member.put(slice_of("web-1", True))
    member.put(slice_of("web-2", True))
    member.store.put_slice(("shop", "web-2"), None)
    state = member.state()
    assert state is not None
    assert state.backends == (Backend("web", 1, 1),)


def test_an_ingress_that_changes_its_backend_is_no_longer_told_of_the_old_one() -> None:
    member = Member()
    member.put(ingress({"ip": "192.0.2.1"}))
    member.put(ingress({"ip": "192.0.2.1"}, service="api"))
    member.told.clear()
    member.put(slice_of("web-1", True))
    assert member.told == []


def test_an_external_name_service_exempts_the_back_end_from_readiness() -> None:
    member = Member()
    member.put(ingress({"ip": "192.0.2.1"}))
    member.told.clear()
    member.store.put_source("Service", ("shop", "web"), sources.Source(frozenset(), external_name=True))
    assert member.told == ["Service shop/web", "Ingress shop/shop"]
    state = member.state()
    assert state is not None
    assert state.backends == (Backend("web", 0, 0, applicable=False),)


def test_a_deleted_source_is_absent_and_told() -> None:
    member = Member()
    member.put(ingress({"ip": "192.0.2.1"}))
    member.told.clear()
    member.store.drop_source("Ingress", ("shop", "shop"))
    assert (member.state(), member.told) == (None, ["Ingress shop/shop"])


def test_annotated_objects_are_claims() -> None:
    member = Member()
    obj = ingress({"ip": "192.0.2.1"})
    obj["metadata"]["annotations"] = {"mcidns.io/hostname": "auto", "kubectl.kubernetes.io/other": "x"}
    member.put(obj)
    assert "claims" in member.told
    assert [(one.ref.name, one.annotations) for one in member.store.annotated()] == [("shop", (("mcidns.io/hostname", "auto"),))]


def test_a_slice_without_a_service_is_nobodys() -> None:
    bare = Decoder(shapes.Slice).page(b'{"metadata":{},"items":[{"metadata":{"name":"x"}}]}').items[0]
    assert sources.slice_(bare) is None
    assert sources.slice_(
        Decoder(shapes.Slice).page(json.dumps({"metadata": {}, "items": [slice_of("a", True)]}).encode()).items[0]
    ) == (Ready("web", 1, 1))
