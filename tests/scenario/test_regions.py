"""Regions fail and come back; what clients are told by DNS, and what the owner is told by status."""

from mcidns.demo import manifests
from tests.scenario.stage import Stage, global_host, raised, region

ALL = ("192.0.2.1", "192.0.2.2", "192.0.2.3")


async def published(stage: Stage) -> None:
    """The host is claimed and stands in DNS with all its regions."""
    stage.host.put(global_host())
    await stage.until_answer("shop.example.org", *ALL)


async def test_a_global_host_publishes_every_healthy_region() -> None:
    async with raised() as stage:
        await published(stage)
        await stage.until_true(lambda: stage.reason("Programmed") == ("True", "Programmed"), "Programmed")
        assert stage.verdicts() == {"r1": "Ready", "r2": "Ready", "r3": "Ready"}
        assert stage.reason("Accepted")[0] == "True"


async def test_a_region_without_ready_pods_leaves_and_returns() -> None:
    async with raised() as stage:
        await published(stage)
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_answer("shop.example.org", *ALL[1:])
        await stage.until_true(lambda: stage.verdicts().get("r1") == "NotReady", "the verdict")
        stage.members["r1"].put(manifests.endpoints(ready=True))
        await stage.until_answer("shop.example.org", *ALL)


async def test_a_cut_api_keeps_the_address_and_marks_it_stale() -> None:
    async with raised() as stage:
        await published(stage)
        stage.members["r2"].faults.refuse()
        await stage.until_true(lambda: stage.verdicts().get("r2") == "Stale", "the verdict")
        assert await stage.answer("shop.example.org") == ALL
        stage.members["r2"].faults.accept()
        await stage.until_true(lambda: stage.verdicts().get("r2") == "Ready", "the verdict")


async def test_all_members_cut_off_freezes_everything() -> None:
    async with raised() as stage:
        await published(stage)
        for member in stage.members.values():
            member.faults.refuse()
        await stage.until_true(lambda: stage.reason("Healthy")[0] == "Unknown", "Healthy to be Unknown")
        assert await stage.answer("shop.example.org") == ALL


async def test_nothing_healthy_serves_all_and_says_so() -> None:
    async with raised() as stage:
        await published(stage)
        for member in stage.members.values():
            member.put(manifests.endpoints(ready=False))
        await stage.until_true(lambda: stage.reason("FailOpen")[0] == "True", "FailOpen")
        await stage.until_answer("shop.example.org", *ALL)


async def test_a_member_that_leaves_the_fleet_is_withdrawn_at_once() -> None:
    async with raised() as stage:
        await published(stage)
        stage.host.delete("secrets", "r3", manifests.SYSTEM)
        await stage.until_answer("shop.example.org", *ALL[:2])


async def test_a_deleted_global_host_takes_its_records_and_their_ownership_along() -> None:
    async with raised() as stage:
        await published(stage)
        assert await stage.answer("mcidns-a.shop.example.org", "TXT") != ()
        stage.host.delete("globalhosts", "shop", "shop")
        await stage.until_answer("shop.example.org")
        assert await stage.answer("mcidns-a.shop.example.org", "TXT") == ()


async def test_an_annotated_federated_ingress_is_a_claim_and_its_placement_counts() -> None:
    async with raised() as stage:
        federated = manifests.federated_ingress()
        federated["metadata"]["annotations"] = {"mcidns.io/hostname": "shop.example.org"}
        federated["spec"]["placement"] = {"clusters": [{"name": "r1"}, {"name": "r2"}]}
        stage.host.put(federated)
        await stage.until_answer("shop.example.org", *ALL[:2])
        stage.host.delete("federatedingresses", "shop", "shop")
        await stage.until_answer("shop.example.org")


async def test_an_annotated_ingress_of_a_member_is_a_claim() -> None:
    async with raised() as stage:
        ingress = manifests.member_objects(region(1))[-1]
        ingress["metadata"]["annotations"] = {"mcidns.io/hostname": "shop.example.org"}
        stage.members["r1"].put(ingress)
        await stage.until_answer("shop.example.org", *ALL)
