"""The five laws at work: restarts, foreign records, one bad thing among good ones."""

import base64

import dns.asyncquery
import dns.tsigkeyring
import dns.update

from mcidns.demo import manifests
from tests.scenario.stage import KEY, Stage, global_host, raised

ALL = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
BASE = """$TTL 300
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
"""


async def update(stage: Stage, change: dns.update.UpdateMessage) -> None:
    """A change by somebody else."""
    ring = dns.tsigkeyring.from_text({manifests.KEY: base64.b64encode(KEY).decode()})
    change.use_tsig(ring, keyname=manifests.KEY, algorithm="hmac-sha256")
    await dns.asyncquery.tcp(change, "127.0.0.1", port=stage.names.port, timeout=5)


async def test_a_restart_writes_nothing_that_is_not_needed() -> None:
    async with raised() as stage:
        stage.host.put(global_host())
        await stage.until_answer("shop.example.org", *ALL)
        await stage.until_true(lambda: stage.reason("Programmed")[0] == "True", "Programmed")
        before = stage.names.serial("example.org.")
        await stage.restart()
        await stage.settled()
        await stage.until_true(lambda: stage.reason("Programmed")[0] == "True", "Programmed")
        assert stage.names.serial("example.org.") == before


async def test_a_restart_with_a_dead_member_keeps_its_address() -> None:
    async with raised() as stage:
        stage.host.put(global_host())
        await stage.until_answer("shop.example.org", *ALL)
        await stage.until_true(lambda: len(stage.verdicts()) == 3, "the status")
        await stage.stop()
        stage.members["r3"].faults.refuse()
        await stage.start()
        await stage.settled()
        await stage.until_true(lambda: stage.verdicts().get("r3") == "Stale", "the verdict")
        assert await stage.answer("shop.example.org") == ALL


async def test_what_was_deleted_while_the_controller_was_down_is_cleaned_up_after_its_start() -> None:
    async with raised() as stage:
        stage.host.put(global_host())
        await stage.until_answer("shop.example.org", *ALL)
        await stage.stop()
        stage.host.delete("globalhosts", "shop", "shop")
        await stage.start()
        await stage.until_answer("shop.example.org")


async def test_a_foreign_record_at_the_wanted_name_is_left_alone_and_told() -> None:
    async with raised(zone_text=BASE + "shop IN A 198.51.100.9\n") as stage:
        stage.host.put(global_host())
        await stage.until_true(lambda: stage.reason("Programmed") == ("False", "NotOwner"), "NotOwner")
        assert await stage.answer("shop.example.org") == ("198.51.100.9",)
        assert "shop.example.org A" in stage.message("Programmed")


async def test_two_namespaces_with_one_name_the_older_claim_wins_and_the_loser_is_told() -> None:
    async with raised() as stage:
        stage.host.put(manifests.namespace("zebra"))
        stage.host.put(global_host())
        await stage.until_answer("shop.example.org", *ALL)
        rival = global_host(namespace="zebra", staticTargets=[{"name": "other", "addresses": ["203.0.113.66"]}])
        stage.host.put(rival)
        await stage.until_true(lambda: stage.reason("Accepted", namespace="zebra") == ("False", "HostnameConflict"), "the conflict")
        assert "GlobalHost shop/shop" in stage.message("Accepted", namespace="zebra")
        assert await stage.answer("shop.example.org") == ALL


async def test_a_bad_kubeconfig_harms_only_its_member_and_is_told_on_it() -> None:
    async with raised() as stage:
        stage.host.put(global_host())
        await stage.until_answer("shop.example.org", *ALL)
        stage.host.put(
            {
                "apiVersion": "mcidns.io/v1alpha1",
                "kind": "MemberCluster",
                "metadata": {"name": "broken"},
                "spec": {"access": {"kubeconfigSecretRef": {"name": "absent"}}},
            }
        )

        def told() -> bool:
            found = stage.host.find("memberclusters", "broken") or {}
            conditions = {one["type"]: one for one in found.get("status", {}).get("conditions", [])}
            return "absent" in conditions.get("Reachable", {}).get("message", "")

        await stage.until_true(told, "the condition on the MemberCluster")
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_answer("shop.example.org", *ALL[1:])


async def test_a_name_server_that_is_down_is_told_and_made_good_when_it_returns() -> None:
    async with raised() as stage:
        stage.host.put(global_host())
        await stage.until_answer("shop.example.org", *ALL)
        await stage.names.faults.refuse()
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_true(lambda: stage.reason("Programmed") == ("False", "ProviderUnavailable"), "the condition")
        await stage.names.faults.accept()
        await stage.until_answer("shop.example.org", *ALL[1:])
