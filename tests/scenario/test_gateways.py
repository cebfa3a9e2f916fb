"""Hosts whose source is of the Gateway API, with members that serve it and one that does not."""

from mcidns.demo import manifests
from mcidns.emulator import extensions
from tests.scenario.stage import Stage, global_host, raised
from tests.unit.observe.gateways import gateway, listener, route

ALL = ("192.0.2.101", "192.0.2.102", "192.0.2.103")
SOURCE = {"kind": "HTTPRoute", "name": "shop"}


def install(stage: Stage, *names: str) -> None:
    """Let these members serve the Gateway API, each with a Gateway of its own and the route shop."""
    for name in names:
        for crd in extensions.gateway_api():
            stage.members[name].install_crd(crd)
        stage.members[name].put(gateway(f"192.0.2.10{name[-1]}", listeners=[listener(hostname="*.example.org")]))
        stage.members[name].put(route("shop.example.org", "shop.example.net"))


async def test_a_host_with_a_route_follows_the_regions_that_have_it() -> None:
    async with raised(running=False) as stage:
        install(stage, "r1", "r2")
        stage.host.put(global_host(hostnames=[], source=SOURCE))
        await stage.start()
        await stage.until_answer("shop.example.org", *ALL[:2])
        await stage.until_true(lambda: stage.verdicts() == {"r1": "Ready", "r2": "Ready", "r3": "NotPlaced"}, "verdicts")
        assert await stage.answer("shop.example.net") == ()
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_answer("shop.example.org", ALL[1])
        stage.members["r1"].put(manifests.endpoints(ready=True))
        await stage.until_answer("shop.example.org", *ALL[:2])
        stage.members["r2"].put(gateway("192.0.2.202", listeners=[listener(hostname="*.example.org")]))
        await stage.until_answer("shop.example.org", ALL[0], "192.0.2.202")
        stage.members["r2"].delete("httproutes", "shop", "shop")
        await stage.until_answer("shop.example.org", ALL[0])


async def test_a_route_that_no_gateway_takes_any_more_keeps_its_last_address_for_a_while() -> None:
    async with raised() as stage:
        install(stage, "r1", "r2", "r3")
        await stage.settled()
        await stage.restart()
        stage.host.put(global_host(hostnames=[], source=SOURCE))
        await stage.until_answer("shop.example.org", *ALL)
        stage.members["r1"].put(route("shop.example.org", accepted=[]))
        await stage.until_true(lambda: stage.verdicts().get("r1") == "LastAddress", "the verdict")
        assert await stage.answer("shop.example.org") == ALL


async def test_an_annotated_route_of_the_host_is_a_claim_on_the_names_it_shares_in_each_member() -> None:
    async with raised(running=False) as stage:
        install(stage, "r1", "r2", "r3")
        for crd in extensions.gateway_api():
            stage.host.install_crd(crd)
        await stage.start()
        stage.host.put(route("shop.example.org", annotations={"mcidns.io/hostname": "auto"}))
        await stage.until_answer("shop.example.org", *ALL)
        stage.host.delete("httproutes", "shop", "shop")
        await stage.until_answer("shop.example.org")


async def test_an_annotated_route_of_a_member_is_a_claim() -> None:
    async with raised(running=False) as stage:
        install(stage, "r1", "r2", "r3")
        stage.members["r1"].put(route("shop.example.org", annotations={"mcidns.io/hostname": "auto"}))
        await stage.start()
        await stage.until_answer("shop.example.org", *ALL)
        await stage.settled()
        assert stage.host.get("globalhosts", "shop", "shop")["spec"]["source"] == {"kind": "HTTPRoute", "name": "shop"}


async def test_routes_that_may_not_be_read_harm_no_host_but_their_own() -> None:
    async with raised(running=False) as stage:
        install(stage, "r1", "r2", "r3")
        stage.host.put(global_host(name="plain", hostnames=["plain.example.org"]))
        stage.host.put(global_host(hostnames=[], source=SOURCE))
        await stage.start()
        await stage.until_answer("shop.example.org", *ALL)
        stage.members["r3"].faults.fail(403, "httproutes")
        stage.members["r3"].faults.drop_streams("httproutes")
        await stage.until_true(lambda: stage.verdicts().get("r3") == "Stale", "the verdict of the route's host")
        await stage.until_true(
            lambda: stage.verdicts("plain") == {"r1": "Ready", "r2": "Ready", "r3": "Ready"}, "the other host to be well"
        )
        assert await stage.answer("shop.example.org") == ALL
