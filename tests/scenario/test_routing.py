"""Routing policies in a whole controller: what DNS answers while regions fail, come back and are asked to come back."""

from typing import Any

from mcidns.demo import manifests
from tests.scenario.stage import Stage, global_host, raised

R1, R2, R3 = "192.0.2.1", "192.0.2.2", "192.0.2.3"
NAME = "shop.example.org"


def failover(*order: str, **rest: Any) -> dict[str, Any]:
    return global_host(routing={"policy": "Failover", "failover": {"order": list(order), **rest}})


def roles(stage: Stage) -> dict[str, str]:
    return {target["cluster"]: target.get("role", "") for target in stage.status().get("targets", [])}


async def test_the_first_in_order_serves_and_has_it_back_when_it_is_back() -> None:
    async with raised() as stage:
        stage.host.put(failover("r1", "r2", "r3"))
        await stage.until_answer(NAME, R1)
        await stage.until_true(lambda: roles(stage) == {"r1": "Serving", "r2": "Standby", "r3": "Standby"}, "the roles")
        assert stage.reason("Healthy") == ("True", "AllHealthy")
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_answer(NAME, R2)
        stage.members["r2"].put(manifests.endpoints(ready=False))
        await stage.until_answer(NAME, R3)
        stage.members["r1"].put(manifests.endpoints(ready=True))
        await stage.until_answer(NAME, R1)


async def test_a_region_that_cannot_be_asked_is_not_failed_over() -> None:
    async with raised() as stage:
        stage.host.put(failover("r1", "r2"))
        await stage.until_answer(NAME, R1)
        stage.members["r1"].faults.refuse()
        await stage.until_true(lambda: stage.verdicts().get("r1") == "Stale", "the verdict")
        assert await stage.answer(NAME) == (R1,)


async def test_the_order_is_followed_until_enough_serve_and_a_stranger_in_it_is_told() -> None:
    async with raised() as stage:
        stage.host.put(failover("r9", "r1", "r2", "r3", minHealthy=2))
        await stage.until_answer(NAME, R1, R2)
        await stage.until_true(lambda: stage.reason("ResolvedRefs") == ("False", "ClusterNotFound"), "the stranger to be told")
        assert "spec.routing.failover.order[0] (r9)" in stage.message("ResolvedRefs")
        stage.members["r2"].put(manifests.endpoints(ready=False))
        await stage.until_answer(NAME, R1, R3)


async def test_by_hand_a_region_comes_back_when_somebody_asks_and_not_by_a_restart() -> None:
    async with raised() as stage:
        stage.host.put(failover("r1", "r2", failback={"mode": "Manual"}))
        await stage.until_answer(NAME, R1)
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_answer(NAME, R2)
        stage.members["r1"].put(manifests.endpoints(ready=True))
        await stage.until_true(lambda: roles(stage).get("r1") == "HeldBack", "r1 to be held back")
        held_since = [target["roleSince"] for target in stage.status()["targets"] if target["cluster"] == "r1"]

        await stage.restart()
        await stage.settled()
        stage.host.put(global_host("other", hostnames=["other.example.org"]))
        await stage.until_answer("other.example.org", R1, R2, R3)

        assert await stage.answer(NAME) == (R2,)
        assert held_since == [target["roleSince"] for target in stage.status()["targets"] if target["cluster"] == "r1"]
        found = stage.host.find("globalhosts", "shop", "shop")
        assert found is not None
        found["metadata"].setdefault("annotations", {})["mcidns.io/failback"] = held_since[0]
        stage.host.put(found)
        await stage.until_answer(NAME, R1)
        await stage.until_true(lambda: roles(stage).get("r2") == "Standby", "r2 to stand by")


async def test_weights_that_dns_cannot_hold_leave_the_last_resort_out_and_that_is_told() -> None:
    async with raised() as stage:
        stage.host.put(global_host(routing={"policy": "Weighted", "weighted": {"weights": {"r1": 3, "r3": 0}}}))
        await stage.until_answer(NAME, R1, R2)
        await stage.until_true(lambda: stage.reason("Programmed") == ("True", "StrategyDegraded"), "StrategyDegraded")
        assert f"{NAME} in DNSZone example-org: the clusters that serve are answered alike" in stage.message("Programmed")
        assert roles(stage)["r3"] == "LastResort"
        able = (stage.host.find("dnsproviders", "demo", "") or {})["status"]["capabilities"]
        assert ("CompareAndSet" in able, "SetIdentifiers" in able) == (True, False)
        for name in ("r1", "r2"):
            stage.members[name].put(manifests.endpoints(ready=False))
        await stage.until_answer(NAME, R3)


async def test_an_annotated_federated_ingress_asks_for_a_policy() -> None:
    async with raised() as stage:
        federated = manifests.federated_ingress()
        federated["metadata"]["annotations"] = {"mcidns.io/hostname": NAME, "mcidns.io/failover-order": "r2,r1"}
        federated["spec"]["placement"] = {"clusters": [{"name": name} for name in ("r1", "r2", "r3")]}
        stage.host.put(federated)
        await stage.until_answer(NAME, R2)
        federated["metadata"]["annotations"] = {"mcidns.io/hostname": NAME}
        stage.host.put(federated)
        await stage.until_answer(NAME, R1, R2, R3)


async def test_without_a_provider_the_sets_stand_in_the_dnsendpoint_for_externaldns() -> None:
    async with raised(providerRef=None) as stage:
        stage.host.put(global_host(routing={"policy": "Weighted", "weighted": {"weights": {"r1": 3, "r3": 0}}}))

        def rows() -> list[tuple[str, list[str], list[dict[str, str]]]]:
            found = stage.host.find("dnsendpoints", "shop", "shop") or {"spec": {"endpoints": []}}
            return [
                (row.get("setIdentifier", ""), row["targets"], row.get("providerSpecific", []))
                for row in found["spec"]["endpoints"]
            ]

        wanted = [
            (name, [address], [{"name": "aws/weight", "value": weight}])
            for name, address, weight in (("r1", R1, "3"), ("r2", R2, "1"))
        ]
        await stage.until_true(lambda: rows() == wanted, "the rows")
