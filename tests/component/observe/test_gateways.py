"""Gateways and routes over real sockets, served by a member or not; what fails there harms nothing else."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

from mcidns.emulator import ApiServer, extensions
from mcidns.model.clusters import Backend, Seen
from mcidns.model.references import SourceRef
from tests.component.observe.fleet import PACE, Fleet, serving, watching
from tests.unit.observe.gateways import gateway, listener, namespace, parent, route

ROUTE = SourceRef("HTTPRoute", "shop", "shop")
LOOK_AGAIN = replace(PACE, unavailable=0.1, unsure=0.05)


@contextlib.asynccontextmanager
async def member(*, installed: bool = True) -> AsyncIterator[ApiServer]:
    """One member with the web Service, and the Gateway API where it is `installed`."""
    async with serving("eu") as (eu,):
        if installed:
            install(eu)
        yield eu


def install(server: ApiServer, tls_routes: str = "v1") -> None:
    """Install the Gateway API, with a Gateway at 192.0.2.80 and a route to the web Service."""
    for crd in extensions.gateway_api(tls_routes=tls_routes):
        server.install_crd(crd)
    server.put(gateway("192.0.2.80", listeners=[listener(hostname="*.example.org")]))
    server.put(route("www.example.org"))


def names(fleet: Fleet, source: SourceRef = ROUTE) -> list[str]:
    """The route's names in the member."""
    state = fleet.state("eu", source)
    return [name.relative for name in state.hostnames] if state is not None else []


def addresses(fleet: Fleet, source: SourceRef = ROUTE) -> list[str]:
    """The route's targets in the member."""
    state = fleet.state("eu", source)
    return sorted(map(str, state.targets)) if state is not None else []


async def test_a_route_is_read_and_followed() -> None:
    async with member() as eu, watching(eu) as fleet:
        await fleet.seen("eu")
        assert (names(fleet), addresses(fleet)) == (["www.example.org"], ["192.0.2.80"])
        state = fleet.state("eu", ROUTE)
        assert state is not None
        assert state.backends == (Backend("web", 2, 2),)
        assert (fleet.health("eu").gateways, fleet.health("eu").routes) == (1, 1)
        fleet.told.clear()
        eu.put(gateway("192.0.2.81", listeners=[listener()]))
        await fleet.until(lambda: addresses(fleet) == ["192.0.2.81"])
        assert "HTTPRoute shop/shop" in fleet.told
        eu.delete("httproutes", "shop", "shop")
        await fleet.until(lambda: fleet.state("eu", ROUTE) is None)


async def test_a_namespaces_labels_open_a_gateway_to_its_routes() -> None:
    async with member() as eu, watching(eu) as fleet:
        chosen = listener(spread="Selector", selector={"matchLabels": {"team": "web"}})
        eu.put(namespace("infra"))
        eu.put(gateway("192.0.2.90", listeners=[chosen], namespace="infra"))
        eu.put(route("www.example.org", parents=[parent(namespace="infra")]))
        await fleet.until(lambda: fleet.state("eu", ROUTE) is not None and not addresses(fleet))
        eu.put(namespace("shop", team="web"))
        await fleet.until(lambda: addresses(fleet) == ["192.0.2.90"])


async def test_a_member_without_the_gateway_api_is_well_and_holds_no_route() -> None:
    async with member(installed=False) as eu, watching(eu, pace=LOOK_AGAIN) as fleet:
        await fleet.seen("eu")
        assert fleet.addresses("eu") == ["192.0.2.1"]
        assert [health.gateways_trouble for health in fleet.healths] == [""] * len(fleet.healths)
        await fleet.until(lambda: isinstance(fleet.observation("eu", ROUTE), Seen))
        assert fleet.state("eu", ROUTE) is None
        assert fleet.inventory.knows("HTTPRoute")


async def test_a_member_without_the_gateway_api_is_back_as_soon_as_its_api_answers_again() -> None:
    async with member(installed=False) as eu, watching(eu, unsure=0.05, unavailable=300.0) as fleet:
        await fleet.until(lambda: fleet.inventory.knows("HTTPRoute"))
        for _ in range(3):
            eu.faults.freeze()
            await fleet.until(lambda: fleet.lost("eu") != "")
            eu.faults.unfreeze()
            await fleet.seen("eu")
            assert fleet.inventory.knows("HTTPRoute")


async def test_a_gateway_api_that_is_installed_later_is_found() -> None:
    async with member(installed=False) as eu, watching(eu, pace=LOOK_AGAIN) as fleet:
        await fleet.until(lambda: isinstance(fleet.observation("eu", ROUTE), Seen))
        install(eu)
        await fleet.until(lambda: addresses(fleet) == ["192.0.2.80"])


async def test_a_route_is_read_in_the_best_version_that_the_member_serves() -> None:
    async with member(installed=False) as eu:
        install(eu, tls_routes="v1alpha2")
        eu.put(gateway("192.0.2.80", listeners=[listener(protocol="TLS", port=443)]))
        eu.put({**route("tls.example.org", kind="TLSRoute"), "apiVersion": "gateway.networking.k8s.io/v1alpha2"})
        async with watching(eu, pace=LOOK_AGAIN) as fleet:
            await fleet.until(lambda: names(fleet, SourceRef("TLSRoute", "shop", "shop")) == ["tls.example.org"])


async def test_routes_that_may_not_be_read_are_unknown_while_services_are_known() -> None:
    async with member() as eu:
        denied = eu.faults.fail(403, "httproutes")
        async with watching(eu) as fleet:
            await fleet.seen("eu")
            assert (fleet.addresses("eu"), fleet.ready("eu")) == (["192.0.2.1"], (2, 2))
            assert str(getattr(fleet.observation("eu", ROUTE), "reason", "")) == "Forbidden"
            assert not fleet.inventory.knows("HTTPRoute")
            assert fleet.inventory.knows("Ingress")
            assert "httproutes" in fleet.health("eu").gateways_trouble
            denied.remove()
            await fleet.until(lambda: fleet.inventory.knows("HTTPRoute"))
            assert addresses(fleet) == ["192.0.2.80"]
            assert fleet.health("eu").gateways_trouble == ""


async def test_routes_that_break_later_keep_their_last_word() -> None:
    async with member() as eu, watching(eu) as fleet:
        await fleet.until(lambda: addresses(fleet) == ["192.0.2.80"])
        broken = eu.faults.fail(500, "httproutes")
        eu.faults.drop_streams("httproutes")
        await fleet.until(lambda: not isinstance(fleet.observation("eu", ROUTE), Seen))
        assert (addresses(fleet), fleet.lost("eu")) == (["192.0.2.80"], "")
        broken.remove()
        await fleet.until(lambda: isinstance(fleet.observation("eu", ROUTE), Seen))


async def test_a_gateway_api_that_vanishes_with_its_objects_standing_is_no_withdrawal() -> None:
    async with member() as eu, watching(eu, pace=LOOK_AGAIN) as fleet:
        await fleet.until(lambda: addresses(fleet) == ["192.0.2.80"])
        gone = eu.faults.fail(404, "gateway.networking.k8s.io")
        eu.faults.drop_streams("gateway.networking.k8s.io")
        await fleet.until(lambda: not isinstance(fleet.observation("eu", ROUTE), Seen))
        assert addresses(fleet) == ["192.0.2.80"]
        gone.remove()
        await fleet.until(lambda: isinstance(fleet.observation("eu", ROUTE), Seen))


async def test_a_gateway_api_that_is_taken_away_after_its_objects_holds_none() -> None:
    async with member() as eu, watching(eu, pace=LOOK_AGAIN) as fleet:
        await fleet.until(lambda: addresses(fleet) == ["192.0.2.80"])
        eu.delete("httproutes", "shop", "shop")
        eu.delete("gateways", "public", "shop")
        await fleet.until(lambda: fleet.state("eu", ROUTE) is None)
        eu.faults.fail(404, "gateway.networking.k8s.io")
        eu.faults.drop_streams("gateway.networking.k8s.io")
        await fleet.until(lambda: fleet.inventory.knows("HTTPRoute") and isinstance(fleet.observation("eu", ROUTE), Seen))
