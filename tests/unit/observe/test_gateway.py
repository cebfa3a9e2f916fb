"""The Gateway API's rules: which names, addresses and back ends a Gateway or route has in its member."""

import json
from typing import Any

import pytest

from mcidns.model.clusters import Backend, SourceState
from mcidns.model.names import DnsName
from mcidns.model.references import SourceRef
from mcidns.observe import feed
from mcidns.observe import gateway as rules
from mcidns.observe.frames import Put
from mcidns.observe.store import MemberStore
from tests.unit.observe.gateways import Object, gateway, listener, namespace, parent, route
from tests.unit.observe.objects import ingress, service, slice_of

ROUTE = SourceRef("HTTPRoute", "shop", "shop")
GATEWAY = SourceRef("Gateway", "shop", "public")


class Member:
    """A store that is written as a watch would, and what it told."""

    def __init__(self, *objects: Object) -> None:
        self.told: list[str] = []
        self.store = MemberStore(lambda ref: self.told.append(str(ref)), lambda: self.told.append("claims"))
        self._feeds = {one.kind.kind: one for one in (*feed.feeds(self.store), *feed.gateway_feeds(self.store))}
        for obj in objects:
            self.put(obj)

    def put(self, obj: Object, *, removed: bool = False) -> list[str]:
        """Store an object, or take it away; returns who was told."""
        self.told.clear()
        one = self._feeds[obj["kind"]]
        frame = one.decoder.frame(json.dumps({"type": "MODIFIED", "object": obj}).encode())
        assert isinstance(frame, Put)
        (one.remove if removed else one.set)(frame.item)
        return sorted(set(self.told))

    def drop(self, obj: Object) -> list[str]:
        """Take an object away; returns who was told."""
        return self.put(obj, removed=True)

    def state(self, ref: SourceRef = ROUTE) -> SourceState:
        """The state of a source that is there."""
        state = self.store.state(ref)
        assert state is not None
        return state

    def names(self, ref: SourceRef = ROUTE) -> list[str]:
        """Its host names."""
        return [name.relative for name in self.state(ref).hostnames]

    def addresses(self, ref: SourceRef = ROUTE) -> list[str]:
        """Its targets."""
        return sorted(str(target) for target in self.state(ref).targets)


@pytest.mark.parametrize(
    ("listening", "asked", "shared"),
    [
        pytest.param("www.example.org", "www.example.org", "www.example.org", id="the same"),
        pytest.param("www.example.org", "api.example.org", "", id="two others"),
        pytest.param("*.example.org", "www.example.org", "www.example.org", id="a wildcard listener and a name below it"),
        pytest.param("*.example.org", "a.b.example.org", "a.b.example.org", id="a wildcard covers names of any depth"),
        pytest.param("*.example.org", "example.org", "", id="a wildcard does not cover its own suffix"),
        pytest.param("*.example.org", "badexample.org", "", id="a wildcard covers whole labels"),
        pytest.param("www.example.org", "*.example.org", "www.example.org", id="a wildcard route takes the listener's name"),
        pytest.param("*.example.org", "*.example.org", "*.example.org", id="two equal wildcards"),
        pytest.param("*.example.org", "*.b.example.org", "*.b.example.org", id="the narrower wildcard of the route"),
        pytest.param("*.b.example.org", "*.example.org", "*.b.example.org", id="the narrower wildcard of the listener"),
        pytest.param("*.example.org", "*.example.net", "", id="wildcards of two domains"),
        pytest.param("WWW.example.org", "www.EXAMPLE.org", "www.example.org", id="case does not matter"),
    ],
)
def test_the_names_of_a_route_are_those_that_its_listener_shares(listening: str, asked: str, shared: str) -> None:
    member = Member(gateway("192.0.2.1", listeners=[listener(hostname=listening)]), route(asked))
    assert member.names() == ([shared] if shared else [])
    assert member.addresses() == (["192.0.2.1"] if shared else [])
    found = rules.common(DnsName.parse(listening), DnsName.parse(asked))
    assert (found.relative if found else "") == shared


def test_a_listener_without_name_takes_all_names_of_the_route() -> None:
    assert Member(gateway("192.0.2.1"), route("a.example.org", "b.example.org")).names() == ["a.example.org", "b.example.org"]


def test_a_route_without_names_has_those_of_its_listeners() -> None:
    listeners = [listener("a", "a.example.org"), listener("b", "*.b.example.org", "HTTPS", 443), listener("c")]
    assert Member(gateway("192.0.2.1", listeners=listeners), route()).names() == ["*.b.example.org", "a.example.org"]


def test_a_route_and_a_listener_without_names_name_none_but_have_the_address() -> None:
    member = Member(gateway("192.0.2.1"), route())
    assert (member.names(), member.addresses()) == ([], ["192.0.2.1"])


def test_names_that_no_listener_shares_are_left_out_and_the_others_serve() -> None:
    member = Member(gateway("192.0.2.1", listeners=[listener(hostname="*.example.org")]), route("a.example.org", "a.example.net"))
    assert member.names() == ["a.example.org"]


@pytest.mark.parametrize(
    ("ref", "names"),
    [
        pytest.param(parent(), ["a.example.org", "b.example.org"], id="every listener"),
        pytest.param(parent(sectionName="b"), ["b.example.org"], id="a listener by name"),
        pytest.param(parent(port=80), ["a.example.org"], id="a listener by port"),
        pytest.param(parent(sectionName="a", port=443), [], id="a name and a port of two listeners"),
        pytest.param(parent(sectionName="none"), [], id="a listener that is not there"),
        pytest.param(parent(namespace="other"), [], id="a Gateway of another namespace"),
        pytest.param(parent(kind="Service", group=""), [], id="a parent that is no Gateway"),
        pytest.param(parent("private"), [], id="a Gateway that is not there"),
    ],
)
def test_a_parent_ref_chooses_listeners(ref: Object, names: list[str]) -> None:
    listeners = [listener("a", "a.example.org"), listener("b", "b.example.org", "HTTPS", 443)]
    member = Member(gateway("192.0.2.1", listeners=listeners), route("a.example.org", "b.example.org", parents=[ref]))
    assert (member.names(), member.addresses()) == (names, ["192.0.2.1"] if names else [])


@pytest.mark.parametrize(
    ("kind", "protocol", "kinds", "taken"),
    [
        pytest.param("HTTPRoute", "HTTP", None, True, id="HTTP takes HTTPRoutes"),
        pytest.param("GRPCRoute", "HTTPS", None, True, id="HTTPS takes GRPCRoutes"),
        pytest.param("TLSRoute", "TLS", None, True, id="TLS takes TLSRoutes"),
        pytest.param("HTTPRoute", "TLS", None, False, id="TLS takes no HTTPRoutes"),
        pytest.param("TLSRoute", "HTTPS", None, False, id="HTTPS takes no TLSRoutes"),
        pytest.param("HTTPRoute", "TCP", None, False, id="TCP takes none that names hosts"),
        pytest.param("HTTPRoute", "example.org/own", None, True, id="a protocol of an implementation takes any"),
        pytest.param("HTTPRoute", "HTTP", ["GRPCRoute"], False, id="kinds narrow it down"),
        pytest.param("GRPCRoute", "HTTP", ["GRPCRoute"], True, id="kinds name it"),
    ],
)
def test_a_listener_takes_routes_by_its_protocol_and_kinds(kind: Any, protocol: str, kinds: list[str] | None, taken: bool) -> None:
    one = listener(protocol=protocol, kinds=kinds) if kinds else listener(protocol=protocol)
    member = Member(gateway("192.0.2.1", listeners=[one]), route("a.example.org", kind=kind))
    assert member.names(SourceRef(kind, "shop", "shop")) == (["a.example.org"] if taken else [])


@pytest.mark.parametrize(
    ("allowed", "taken"),
    [
        pytest.param({}, False, id="nothing said means the same namespace"),
        pytest.param({"spread": "Same"}, False, id="Same"),
        pytest.param({"spread": "All"}, True, id="All"),
        pytest.param({"spread": "None"}, False, id="None"),
        pytest.param({"spread": "Sometimes"}, False, id="a word that nobody knows"),
        pytest.param({"spread": "Selector", "selector": {"matchLabels": {"team": "web"}}}, True, id="a label that it has"),
        pytest.param({"spread": "Selector", "selector": {"matchLabels": {"team": "api"}}}, False, id="a label that it has not"),
        pytest.param(
            {"spread": "Selector", "selector": {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["api"]}]}},
            True,
            id="an expression",
        ),
        pytest.param(
            {"spread": "Selector", "selector": {"matchExpressions": [{"key": "team", "operator": "Near"}]}},
            False,
            id="an operator that nobody knows",
        ),
        pytest.param({"spread": "Selector", "selector": {}}, True, id="an empty selector selects all"),
        pytest.param({"spread": "Selector"}, False, id="no selector selects none"),
    ],
)
def test_a_listener_says_whose_routes_it_takes(allowed: dict[str, Any], taken: bool) -> None:
    member = Member(
        gateway("192.0.2.1", listeners=[listener(**allowed)], namespace="infra"),
        route("a.example.org", parents=[parent(namespace="infra")]),
        namespace("shop", team="web"),
    )
    assert member.addresses() == (["192.0.2.1"] if taken else [])


def test_labels_of_a_namespace_that_change_count_at_once() -> None:
    chosen = listener(spread="Selector", selector={"matchLabels": {"team": "web"}})
    member = Member(
        gateway("192.0.2.1", listeners=[chosen], namespace="infra"), route(parents=[parent(namespace="infra")]), namespace("shop")
    )
    assert member.addresses() == []
    assert member.put(namespace("shop", team="web")) == ["Gateway infra/public", "HTTPRoute shop/shop"]
    assert member.addresses() == ["192.0.2.1"]
    member.drop(namespace("shop"))
    assert member.addresses() == []


@pytest.mark.parametrize(
    ("address", "targets"),
    [
        pytest.param("192.0.2.1", ["192.0.2.1"], id="IPv4"),
        pytest.param("2001:db8::1", ["2001:db8::1"], id="IPv6"),
        pytest.param({"value": "192.0.2.1"}, ["192.0.2.1"], id="an address without type"),
        pytest.param({"type": "Hostname", "value": "lb.example.net"}, ["lb.example.net."], id="a host name"),
        pytest.param({"type": "NamedAddress", "value": "pool-1"}, [], id="a name within an implementation"),
        pytest.param({"type": "IPAddress", "value": ""}, [], id="an empty one"),
    ],
)
def test_addresses_are_those_of_the_gateways_status(address: str | Object, targets: list[str]) -> None:
    assert Member(gateway(address), route("a.example.org")).addresses() == targets


def test_an_address_that_is_none_is_told() -> None:
    member = Member(gateway("192.0.2.1", "300.1.1.1"), route("a.example.org"))
    assert member.addresses() == ["192.0.2.1"]
    assert member.state().unreadable == ("status.addresses: '300.1.1.1' looks like an address but is none",)


def test_a_gateway_that_is_not_programmed_shows_no_address() -> None:
    member = Member(gateway("192.0.2.1", conditions=[{"type": "Programmed", "status": "False"}]), route("a.example.org"))
    assert (member.addresses(), member.names()) == ([], ["a.example.org"])
    member.put(gateway("192.0.2.1", conditions=[]))
    assert member.addresses() == ["192.0.2.1"]


def test_a_listener_that_its_controller_refused_serves_nothing() -> None:
    listeners = [listener("a", "a.example.org"), listener("b", "b.example.org")]
    assert Member(gateway("192.0.2.1", listeners=listeners, refused=["b"]), route()).names() == ["a.example.org"]


def test_only_gateways_that_accepted_the_route_count() -> None:
    one, two = parent("one"), parent("two")
    member = Member(gateway("192.0.2.1", name="one"), gateway("192.0.2.2", name="two"))
    member.put(route("a.example.org", parents=[one, two], accepted=[one]))
    assert member.addresses() == ["192.0.2.1"]
    member.put(route("a.example.org", parents=[one, two]))
    assert member.addresses() == ["192.0.2.1", "192.0.2.2"]
    member.put(route("a.example.org", parents=[one, two], accepted=[]))
    assert (member.addresses(), member.names()) == ([], ["a.example.org"])


def test_a_status_that_spells_its_parent_out_is_of_the_same_parent() -> None:
    obj = route("a.example.org")
    obj["status"]["parents"][0]["parentRef"] = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "namespace": "shop",
        "name": "public",
    }
    assert Member(gateway("192.0.2.1"), obj).addresses() == ["192.0.2.1"]


def test_back_ends_are_the_services_of_all_rules_wherever_they_are_and_nothing_else() -> None:
    backends = [
        {"name": "web"},
        {"name": "api", "namespace": "back"},
        {"name": "off", "weight": 0},
        {"name": "import", "kind": "ServiceImport", "group": "multicluster.x-k8s.io"},
    ]
    other = slice_of("api-1", True, False, service="api")
    other["metadata"]["namespace"] = "back"
    member = Member(gateway("192.0.2.1"), route("a.example.org", backends=backends), slice_of("web-1", True), other)
    assert member.state().backends == (Backend("back/api", 1, 2), Backend("web", 1, 1))
    assert member.state(GATEWAY).backends == (Backend("back/api", 1, 2), Backend("web", 1, 1))


def test_a_gateway_has_the_names_of_its_listeners_and_a_nameless_listener_those_of_its_routes() -> None:
    listeners = [listener("a", "*.apps.example.org"), listener("b", port=8080)]
    member = Member(
        gateway("192.0.2.1", listeners=listeners),
        route("x.apps.example.org", parents=[parent(sectionName="a")]),
        route("www.example.net", parents=[parent(sectionName="b")], name="www"),
        route("refused.example.net", name="refused", accepted=[], backends=[{"name": "api"}]),
    )
    assert member.names(GATEWAY) == ["*.apps.example.org", "refused.example.net", "www.example.net"]
    assert member.addresses(GATEWAY) == ["192.0.2.1"]
    assert [backend.service for backend in member.state(GATEWAY).backends] == ["web"]


def test_a_route_whose_names_cannot_be_read_asks_for_none_not_for_all() -> None:
    member = Member(gateway("192.0.2.1", listeners=[listener(hostname="*.example.org")]), route("a..example.org"))
    assert (member.names(), member.addresses()) == ([], [])
    assert member.state().unreadable == ("spec.hostnames: a..example.org has an empty label; remove the doubled or leading dot",)


def test_each_change_tells_those_it_bears_on() -> None:
    member = Member(ingress("192.0.2.9"), service("web"))
    assert member.put(route("a.example.org")) == ["Gateway shop/public", "HTTPRoute shop/shop"]
    assert member.put(gateway("192.0.2.1")) == ["Gateway shop/public", "HTTPRoute shop/shop"]
    assert member.put(route("b.example.org", name="other", parents=[parent("private")])) == [
        "Gateway shop/private",
        "HTTPRoute shop/other",
    ]
    assert member.put(gateway("192.0.2.1")) == []
    assert member.put(slice_of("web-1", True)) == [
        "Gateway shop/private",
        "Gateway shop/public",
        "HTTPRoute shop/other",
        "HTTPRoute shop/shop",
        "Ingress shop/shop",
        "Service shop/web",
    ]
    assert member.addresses() == ["192.0.2.1"]
    assert member.drop(gateway("192.0.2.1")) == ["Gateway shop/public", "HTTPRoute shop/shop"]
    assert (member.store.state(GATEWAY), member.addresses()) == (None, [])
    member.drop(route("a.example.org"))
    assert member.store.state(ROUTE) is None


def test_a_change_that_leaves_a_route_as_it_was_is_silent() -> None:
    member = Member(gateway("192.0.2.1", listeners=[listener(hostname="*.example.org")]), route("a.example.org"))
    member.state()
    more = [listener(hostname="*.example.org"), listener("other", "*.example.net")]
    assert "HTTPRoute shop/shop" not in member.put(gateway("192.0.2.1", listeners=more))


def test_an_annotated_route_claims_the_names_it_shares_with_its_listeners_as_they_stand() -> None:
    annotations = {"mcidns.io/hostname": "auto", "other": "x"}
    member = Member(route("a.example.org", "a.example.net", annotations=annotations))
    (claim,) = member.store.annotated()
    assert (claim.ref, claim.hostnames, claim.annotations) == (ROUTE, (), (("mcidns.io/hostname", "auto"),))
    assert "claims" in member.put(gateway("192.0.2.1", listeners=[listener(hostname="*.example.org")]))
    (claim,) = member.store.annotated()
    assert [name.relative for name in claim.hostnames] == ["a.example.org"]
    assert "claims" in member.put(route("a.example.org"))
    assert list(member.store.annotated()) == []
