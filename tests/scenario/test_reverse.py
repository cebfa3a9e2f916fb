"""PTR records from end to end: asked for by spec, annotation or property, in a reverse zone of a real BIND."""

import asyncio
from typing import Any

import dns.asyncquery
import dns.message
import dns.rdatatype
import pytest

from mcidns.demo import manifests
from tests.bind import Bind
from tests.scenario.stage import KEY, Stage, global_host, raised

pytestmark = pytest.mark.skipif(not Bind.available(), reason="named is not installed")

REVERSE = "2.0.192.in-addr.arpa."
KEYS = {manifests.KEY: ("hmac-sha256", KEY)}


def served_by(stage: Stage, bind: Bind) -> None:
    """The reverse zone and its server."""
    provider = manifests.provider(bind.port)
    provider["metadata"]["name"] = "bind"
    stage.host.put(provider)
    spec = {"domain": REVERSE.rstrip("."), "providerRef": {"name": "bind"}, "ownerID": "scenario"}
    stage.host.put({"apiVersion": "mcidns.io/v1alpha1", "kind": "DNSZone", "metadata": {"name": "reverse"}, "spec": spec})


async def pointed(stage: Stage, bind: Bind, **expected: str) -> None:
    """Wait until the last numbers of 192.0.2.0/24 point to these names, `_1="shop"`; all others to nothing."""

    async def holds() -> bool:
        found: dict[str, str] = {}
        for last in (1, 2, 3, 9):
            query = dns.message.make_query(f"{last}.{REVERSE}", "PTR")
            answer = await dns.asyncquery.tcp(query, "127.0.0.1", port=bind.port, timeout=5)
            found |= {f"_{last}": str(one).split(".", maxsplit=1)[0] for rrset in answer.answer for one in rrset}
        stage.seen[:] = [f"reverse is {found}"]
        return found == expected

    await stage.until(holds, f"reverse to be {expected}")


async def test_addresses_point_back_while_they_are_served() -> None:
    async with raised() as stage, Bind({REVERSE: None}, KEYS) as bind:
        served_by(stage, bind)
        stage.host.put(global_host(ptr=True))
        await pointed(stage, bind, _1="shop", _2="shop", _3="shop")
        await stage.until_true(lambda: stage.reason("ReversePublished") == ("True", "Programmed"), "the condition")
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await pointed(stage, bind, _2="shop", _3="shop")
        stage.members["r2"].faults.refuse()
        await stage.until_true(lambda: stage.verdicts().get("r2") == "Stale", "the verdict")
        await pointed(stage, bind, _2="shop", _3="shop")
        stage.host.delete("globalhosts", "shop", "shop")
        await pointed(stage, bind)


async def test_a_restart_changes_nothing_and_asking_no_more_takes_them_away() -> None:
    async with raised(members=2) as stage, Bind({REVERSE: None}, KEYS) as bind:
        served_by(stage, bind)
        stage.host.put(global_host(ptr=True))
        await pointed(stage, bind, _1="shop", _2="shop")
        await stage.stop()
        stage.members["r2"].faults.refuse()
        await stage.start()
        await stage.until_true(lambda: stage.verdicts().get("r2") == "Stale", "the verdict")
        await pointed(stage, bind, _1="shop", _2="shop")
        stage.host.put(global_host())
        await pointed(stage, bind)
        await stage.until_answer("shop.example.org", "192.0.2.1", "192.0.2.2")


async def test_an_annotation_and_a_property_ask_too_and_the_older_claim_keeps_the_address() -> None:
    async with raised(members=1) as stage, Bind({REVERSE: None}, KEYS) as bind:
        served_by(stage, bind)
        federated = manifests.federated_ingress()
        federated["metadata"]["annotations"] = {"mcidns.io/hostname": "shop.example.org", "mcidns.io/ptr": "true"}
        federated["spec"]["placement"] = {"clusters": [{"name": "r1"}]}
        stage.host.put(federated)
        await pointed(stage, bind, _1="shop")
        await asyncio.sleep(1.1)  # objects are dated to the second, and the older claim is to be the older
        stage.host.put(dns_endpoint("192.0.2.9", "192.0.2.1"))
        await pointed(stage, bind, _1="shop", _9="mail")
        stage.host.delete("federatedingresses", "shop", "shop")
        stage.host.delete("globalhosts", "shop", "shop")
        await pointed(stage, bind, _1="mail", _9="mail")


async def test_without_a_reverse_zone_the_name_is_served_all_the_same_and_the_condition_says_why() -> None:
    async with raised(members=1) as stage:
        stage.host.put(global_host(ptr=True))
        await stage.until_answer("shop.example.org", "192.0.2.1")
        await stage.until_true(lambda: stage.reason("ReversePublished") == ("False", "NoReverseZone"), "the condition")
        assert "create one for a reverse zone above it" in stage.message("ReversePublished")


def dns_endpoint(*addresses: str) -> dict[str, Any]:
    """A DNSEndpoint of somebody else that asks for PTR records."""
    row = {
        "dnsName": "mail.example.org",
        "recordType": "A",
        "targets": list(addresses),
        "providerSpecific": [{"name": "record-type", "value": "ptr"}],
    }
    return {
        "apiVersion": "externaldns.k8s.io/v1alpha1",
        "kind": "DNSEndpoint",
        "metadata": {"name": "mail", "namespace": "shop"},
        "spec": {"endpoints": [row]},
    }
