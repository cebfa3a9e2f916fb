"""What is lost on the host (its API, a zone, a provider, a Secret, a namespace, a CRD, a second controller): DNS stands."""

import asyncio

import pytest

from mcidns.app import App
from mcidns.demo import manifests
from mcidns.emulator import ApiServer
from mcidns.kube import access
from tests.scenario.stage import KEY, Stage, global_host, raised, region, zone

ALL = ("192.0.2.1", "192.0.2.2", "192.0.2.3")


async def published(stage: Stage) -> None:
    """The host stands in DNS with all its regions, and its status says so."""
    stage.host.put(global_host())
    await stage.until_answer("shop.example.org", *ALL)
    await stage.until_true(lambda: stage.reason("Programmed")[0] == "True", "Programmed")


def ready(stage: Stage, kind: str, name: str) -> tuple[str, str, str]:
    """Status, reason and message of a condition Ready."""
    found = stage.host.find(kind, name) or {}
    for one in found.get("status", {}).get("conditions", []):
        if one["type"] == "Ready":
            return one["status"], one["reason"], one["message"]
    return "", "", ""


async def test_while_the_hosts_api_is_down_dns_follows_the_regions_and_the_status_comes_later() -> None:
    async with raised() as stage:
        await published(stage)
        stage.host.faults.refuse()
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_answer("shop.example.org", *ALL[1:])
        stage.members["r2"].put(manifests.endpoints(ready=False))
        await stage.until_answer("shop.example.org", ALL[2])
        stage.host.faults.accept()
        await stage.until_true(lambda: stage.verdicts() == {"r1": "NotReady", "r2": "NotReady", "r3": "Ready"}, "the status")
        stage.members["r1"].put(manifests.endpoints(ready=True))
        await stage.until_answer("shop.example.org", ALL[0], ALL[2])


async def test_two_controllers_at_once_leave_the_zone_right() -> None:
    async with raised() as stage:
        await published(stage)
        second = App(stage.settings, access.from_kubeconfig(stage.host.kubeconfig_yaml()))
        task = asyncio.create_task(second.run())
        try:
            await stage.until_true(lambda: not second.health().waiting_for, "the second controller to be ready")
            stage.members["r1"].put(manifests.endpoints(ready=False))
            await stage.until_answer("shop.example.org", *ALL[1:])
            stage.members["r1"].put(manifests.endpoints(ready=True))
            await stage.until_answer("shop.example.org", *ALL)
            assert len(await stage.answer("mcidns-a.shop.example.org", "TXT")) == 1
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_a_deleted_zone_keeps_its_records_and_its_hosts_say_so() -> None:
    async with raised() as stage:
        await published(stage)
        stage.host.delete("dnszones", "example-org")
        await stage.until_true(lambda: stage.reason("Accepted") == ("False", "NoMatchingZone"), "NoMatchingZone")
        assert await stage.answer("shop.example.org") == ALL
        serial = stage.names.serial("example.org.")
        stage.host.put(zone())
        await stage.until_true(lambda: stage.reason("Programmed")[0] == "True", "Programmed again")
        assert await stage.answer("shop.example.org") == ALL
        assert stage.names.serial("example.org.") == serial


async def test_a_deleted_provider_keeps_the_records_and_its_zone_says_so() -> None:
    async with raised() as stage:
        await published(stage)
        stage.host.delete("dnsproviders", "demo")
        await stage.until_true(lambda: ready(stage, "dnszones", "example-org")[0] == "False", "the zone to say so")
        assert await stage.answer("shop.example.org") == ALL
        stage.host.put(manifests.provider(stage.names.port))
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_answer("shop.example.org", *ALL[1:])


async def test_a_provider_whose_secret_or_config_breaks_goes_on_with_what_it_has_and_says_so() -> None:
    async with raised() as stage:
        await published(stage)
        stage.host.delete("secrets", "demo-tsig", manifests.SYSTEM)
        await stage.until_true(lambda: "does not exist" in ready(stage, "dnsproviders", "demo")[2], "the missing Secret to be told")
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_answer("shop.example.org", *ALL[1:])
        stage.host.put(manifests.tsig_secret(KEY))
        await stage.until_true(lambda: ready(stage, "dnsproviders", "demo")[0] == "True", "the provider to be well")
        broken = manifests.provider(stage.names.port)
        broken["spec"]["config"]["tsigAlgorithm"] = "hmac-md6"
        stage.host.put(broken)
        await stage.until_true(lambda: "hmac-md6" in ready(stage, "dnsproviders", "demo")[2], "the mistake to be told")
        stage.members["r2"].put(manifests.endpoints(ready=False))
        await stage.until_answer("shop.example.org", ALL[2])


async def test_a_deleted_namespace_takes_its_names_along_and_no_other() -> None:
    async with raised() as stage:
        await published(stage)
        stage.host.put(manifests.namespace("other"))
        stage.host.put(
            global_host(
                "kept",
                "other",
                hostnames=["kept.example.org"],
                source={"kind": "Ingress", "name": "kept"},
                staticTargets=[{"name": "dc", "addresses": ["203.0.113.7"]}],
            )
        )
        await stage.until_answer("kept.example.org", "203.0.113.7")
        stage.host.delete("globalhosts", "shop", "shop")  # as the namespace controller does
        stage.host.delete("namespaces", "shop")
        await stage.until_answer("shop.example.org")
        assert await stage.answer("kept.example.org") == ("203.0.113.7",)


async def test_a_load_balancer_that_shows_no_address_keeps_the_last_one_for_a_while_and_says_so() -> None:
    async with raised() as stage:
        await published(stage)
        ingress = manifests.member_objects(region(1))[-1]
        ingress["status"] = {"loadBalancer": {}}
        stage.members["r1"].put(ingress)
        await stage.until_true(lambda: stage.verdicts().get("r1") == "LastAddress", "the verdict")
        assert await stage.answer("shop.example.org") == ALL
        assert stage.reason("ResolvedRefs") == ("False", "NoAddress")


async def test_members_that_answer_that_they_have_nothing_are_believed() -> None:
    async with raised(members=2) as stage:
        stage.host.put(global_host())
        await stage.until_answer("shop.example.org", *ALL[:2])
        stage.members["r1"].delete("ingresses", "shop", "shop")
        await stage.until_answer("shop.example.org", ALL[1])
        await stage.until_true(lambda: stage.verdicts().get("r1") == "NotPlaced", "the verdict")
        stage.members["r2"].delete("ingresses", "shop", "shop")
        await stage.until_answer("shop.example.org")
        await stage.until_true(lambda: stage.reason("ResolvedRefs") == ("False", "SourceNotFound"), "SourceNotFound")


async def test_a_deleted_crd_is_the_deletion_of_every_claim_which_the_guard_holds() -> None:
    async with raised(guard={"minNames": 1}) as stage:
        await published(stage)
        stage.host.delete("customresourcedefinitions", "globalhosts.mcidns.io")

        def held() -> bool:
            found = stage.host.get("dnszones", "example-org")["status"]["conditions"]
            return any(one["type"] == "PlanHeld" and one["status"] == "True" for one in found)

        await stage.until_true(held, "PlanHeld")
        assert await stage.answer("shop.example.org") == ALL


async def test_a_deleted_crd_takes_the_few_names_along_that_the_guard_does_not_count() -> None:
    async with raised() as stage:
        await published(stage)
        stage.host.delete("customresourcedefinitions", "globalhosts.mcidns.io")
        await stage.until_answer("shop.example.org")


@pytest.mark.parametrize(("least", "served"), [pytest.param(1, ALL[:1], id="held"), pytest.param(10, (), id="too few to be held")])
async def test_a_second_host_with_the_same_owner_id_takes_names_for_its_leftovers_unless_the_guard_holds_it(
    least: int, served: tuple[str, ...]
) -> None:
    guard = {"minNames": least}
    async with raised(members=1, guard=guard) as stage, ApiServer("second") as host:
        stage.host.put(global_host())
        await stage.until_answer("shop.example.org", ALL[0])
        await stage.stop()
        for crd in manifests.crds():
            host.install_crd(crd)
        own = (manifests.namespace(manifests.SYSTEM), manifests.tsig_secret(KEY), manifests.provider(stage.names.port))
        for obj in (*own, zone(guard=guard)):
            host.put(obj)
        second = App(stage.settings, access.from_kubeconfig(host.kubeconfig_yaml()))
        task = asyncio.create_task(second.run())

        def judged() -> bool:
            conditions = host.get("dnszones", "example-org")["status"]["conditions"]
            held = any(one["type"] == "PlanHeld" and one["status"] == "True" for one in conditions)
            return held or stage.names.rrset("example.org.", "shop.example.org.", "A") is None

        try:
            await stage.until_true(judged, "the second host to have judged what it found")
            assert await stage.answer("shop.example.org") == served
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
