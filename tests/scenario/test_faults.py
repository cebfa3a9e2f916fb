"""Things go wrong one at a time: each is told where it belongs, and nothing else suffers."""

import pytest

from mcidns.demo import manifests
from tests.scenario.stage import Stage, global_host, raised, region

ALL = ("192.0.2.1", "192.0.2.2", "192.0.2.3")


def conditions(stage: Stage, kind: str, name: str, namespace: str = "") -> dict[str, tuple[str, str, str]]:
    """Status, reason and message by type."""
    found = stage.host.find(kind, name, namespace) or {}
    return {one["type"]: (one["status"], one["reason"], one["message"]) for one in found.get("status", {}).get("conditions", [])}


async def published(stage: Stage) -> None:
    """The host stands in DNS with all its regions."""
    stage.host.put(global_host())
    await stage.until_answer("shop.example.org", *ALL)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        pytest.param(401, "Unauthorized", id="401"),
        pytest.param(403, "Forbidden", id="403"),
        pytest.param(503, "ServerError", id="503"),
    ],
)
async def test_a_member_that_refuses_us_is_lost_with_the_reason_and_keeps_its_address(status: int, reason: str) -> None:
    async with raised() as stage:
        await published(stage)
        member = stage.members["r2"]
        member.faults.fail(status, times=None)
        member.faults.drop_streams()
        await stage.until_true(
            lambda: conditions(stage, "memberclusters", "r2").get("Reachable", ("", "", ""))[1] == reason, reason
        )
        await stage.until_true(lambda: stage.verdicts().get("r2") == "Stale", "the verdict")
        assert await stage.answer("shop.example.org") == ALL
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_answer("shop.example.org", *ALL[1:])


async def test_a_hung_api_socket_is_found_by_the_heartbeat() -> None:
    async with raised() as stage:
        await published(stage)
        hung = stage.members["r3"].faults.stall()
        await stage.until_true(
            lambda: conditions(stage, "memberclusters", "r3").get("Reachable", ("", "", ""))[1] == "Timeout", "Timeout"
        )
        assert await stage.answer("shop.example.org") == ALL
        hung.remove()
        await stage.until_true(lambda: stage.verdicts().get("r3") == "Ready", "its return")


async def test_a_change_missed_by_an_expired_watch_is_found_by_the_relist() -> None:
    async with raised() as stage:
        await published(stage)
        member = stage.members["r1"]
        member.faults.expire_next_watch("endpointslices")
        member.faults.vanish("endpointslices", "web-1", "shop")
        await stage.until_answer("shop.example.org", *ALL[1:])


async def test_a_malformed_object_in_a_watch_harms_nothing() -> None:
    async with raised() as stage:
        await published(stage)
        stage.members["r1"].faults.malform('{"type": "MODIFIED", "object": {"metadata": 5}}')
        stage.members["r2"].put(manifests.endpoints(ready=False))
        await stage.until_answer("shop.example.org", "192.0.2.1", "192.0.2.3")


async def test_an_ingress_with_a_garbage_address_is_told_and_the_others_are_served() -> None:
    async with raised() as stage:
        await published(stage)
        ingress = manifests.member_objects(region(1))[-1]
        ingress["status"]["loadBalancer"]["ingress"].append({"ip": "not-an-address:1"})
        stage.members["r1"].put(ingress)
        await stage.until_true(lambda: stage.reason("ResolvedRefs")[0] == "False", "ResolvedRefs")
        assert "r1" in stage.message("ResolvedRefs")
        assert await stage.answer("shop.example.org") == ALL


async def test_a_kubeconfig_secret_that_is_no_yaml_is_told_without_its_content_and_its_member_stays() -> None:
    async with raised() as stage:
        await published(stage)
        secret = manifests.member_secret(region(1), "{broken: [hushhush2")
        stage.host.put(secret)
        stage.members["r2"].put(manifests.endpoints(ready=False))
        await stage.until_answer("shop.example.org", "192.0.2.1", "192.0.2.3")
        told = str(stage.host.list("memberclusters")) + str(stage.host.list("events.events.k8s.io"))
        assert "hushhush2" not in told


@pytest.mark.parametrize(
    ("hostname", "served"),
    [
        pytest.param("_svc.example.org", "_svc.example.org", id="underscore"),
        pytest.param("*.apps.example.org", "any.apps.example.org", id="wildcard"),
        pytest.param("bücher.example.org", "xn--bcher-kva.example.org", id="international"),
        pytest.param("SHOP.Example.ORG.", "shop.example.org", id="upper case with a final dot"),
    ],
)
async def test_unusual_names_are_served(hostname: str, served: str) -> None:
    async with raised(members=1) as stage:
        federated = manifests.federated_ingress()
        federated["metadata"]["annotations"] = {"mcidns.io/hostname": hostname}
        federated["spec"]["placement"] = {"clusters": [{"name": "r1"}]}
        stage.host.put(federated)
        await stage.until_answer(served, "192.0.2.1")


async def test_a_name_of_300_characters_is_refused_with_the_reason_and_the_other_name_is_served() -> None:
    async with raised(members=1) as stage:
        federated = manifests.federated_ingress()
        long = ".".join(["a" * 60] * 5) + ".example.org"
        federated["metadata"]["annotations"] = {"mcidns.io/hostname": f"{long},shop.example.org"}
        federated["spec"]["placement"] = {"clusters": [{"name": "r1"}]}
        stage.host.put(federated)
        await stage.until_answer("shop.example.org", "192.0.2.1")

        def told() -> bool:
            return any("at most 253" in str(event.get("note")) for event in stage.host.list("events.events.k8s.io"))

        await stage.until_true(told, "the Event")


async def test_a_wrong_key_is_told_on_the_zone_and_on_the_host_without_the_secret() -> None:
    async with raised(running=False) as stage:
        stage.host.put(manifests.tsig_secret(b"another secret of thirty-two byt"))
        await stage.start()
        stage.host.put(global_host())
        await stage.until_true(lambda: conditions(stage, "dnszones", "example-org").get("Ready", ("",))[0] == "False", "Ready")
        await stage.until_true(lambda: stage.reason("Programmed")[0] == "False", "Programmed")
        assert stage.reason("Programmed")[1] == "Denied"
        stage.host.put(manifests.tsig_secret(b"hushhush89abcdef0123456789abcdef"))
        await stage.until_answer("shop.example.org", *ALL)


async def test_an_event_tells_who_was_withdrawn_and_why() -> None:
    async with raised() as stage:
        await published(stage)
        stage.members["r1"].put(manifests.endpoints(ready=False))

        def told() -> bool:
            events = stage.host.list("events.events.k8s.io")
            return any(event.get("reason") == "Withdrawn" and event["note"].startswith("r1: 0 of 3") for event in events)

        await stage.until_true(told, "the Event")


async def test_the_dns_endpoint_is_written_and_repaired_when_edited_or_deleted() -> None:
    async with raised() as stage:
        await published(stage)

        def rows() -> list[tuple[str, list[str]]]:
            found = stage.host.find("dnsendpoints", "shop", "shop") or {}
            return [(row["dnsName"], row["targets"]) for row in found.get("spec", {}).get("endpoints", [])]

        right = [("shop.example.org", list(ALL))]
        await stage.until_true(lambda: rows() == right, "the DNSEndpoint")
        edited = stage.host.get("dnsendpoints", "shop", "shop")
        edited["spec"]["endpoints"][0]["targets"] = ["203.0.113.1"]
        stage.host.put(edited)
        await stage.until_true(lambda: rows() == right, "the repair of the edit")
        stage.host.delete("dnsendpoints", "shop", "shop")
        await stage.until_true(lambda: rows() == right, "the repair of the deletion")


async def test_a_dns_endpoint_of_other_origin_is_programmed_too() -> None:
    async with raised() as stage:
        endpoint = {"dnsName": "other.example.org", "recordType": "A", "targets": ["198.51.100.5"], "recordTTL": 60}
        stage.host.put(
            {
                "apiVersion": "externaldns.k8s.io/v1alpha1",
                "kind": "DNSEndpoint",
                "metadata": {"name": "other", "namespace": "shop"},
                "spec": {"endpoints": [endpoint]},
            }
        )
        await stage.until_answer("other.example.org", "198.51.100.5")
        stage.host.delete("dnsendpoints", "other", "shop")
        await stage.until_answer("other.example.org")
