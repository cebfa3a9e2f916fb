"""The very first start: nothing is settled before the members that the fleets name were made and read."""

from mcidns.demo import manifests
from tests.scenario.stage import raised


async def test_a_first_start_is_settled_only_when_the_members_of_the_fleet_were_read() -> None:
    async with raised(members=2, running=False) as stage:
        ingress = stage.members["r1"].get("ingresses", "shop", "shop")
        ingress["metadata"]["annotations"] = {"mcidns.io/hostname": "shop.example.org"}
        stage.members["r1"].put(ingress)
        assert stage.host.list("memberclusters") == []
        await stage.start()
        assert stage.app is not None
        app = stage.app
        await stage.until_true(lambda: not app.health().waiting_for, "the controller to be ready")
        assert sorted(cluster.name for cluster in app.inventory.clusters()) == ["r1", "r2"]
        assert not any(app.inventory.is_lost(cluster.name) for cluster in app.inventory.clusters())
        await stage.until_answer("shop.example.org", "192.0.2.1", "192.0.2.2")
        assert [one["metadata"]["name"] for one in stage.host.list("globalhosts")] == [manifests.NAME]
