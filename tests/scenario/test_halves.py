"""Either half alone: deciding writes DNSEndpoints that anybody may consume, programming consumes those of anybody."""

import asyncio
from dataclasses import replace
from typing import Any

from mcidns.demo import manifests
from tests.scenario.stage import Stage, global_host, raised


def endpoint_rows(stage: Stage) -> list[tuple[str, str, list[str]]]:
    """What the DNSEndpoint of the shop says."""
    found = stage.host.find("dnsendpoints", "shop", "shop") or {}
    return [(row["dnsName"], row["recordType"], row["targets"]) for row in found.get("spec", {}).get("endpoints", [])]


async def test_the_deciding_half_writes_dns_endpoints_and_leaves_dns_alone() -> None:
    async with raised(members=2, running=False) as stage:
        stage.settings = replace(stage.settings, only="decide")
        await stage.start()
        stage.host.put(global_host())
        await stage.until_true(
            lambda: endpoint_rows(stage) == [("shop.example.org", "A", ["192.0.2.1", "192.0.2.2"])], "the DNSEndpoint"
        )
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_true(lambda: endpoint_rows(stage) == [("shop.example.org", "A", ["192.0.2.2"])], "the withdrawal")
        await asyncio.sleep(0.2)
        assert await stage.answer("shop.example.org") == ()
        assert list(stage.names.log) == []


async def test_the_programming_half_programs_dns_endpoints_and_decides_nothing() -> None:
    async with raised(members=1, running=False) as stage:
        stage.settings = replace(stage.settings, only="program")
        await stage.start()
        stage.host.put(global_host())
        stage.host.put(dns_endpoint("mail", "mail.example.org", "192.0.2.25"))
        await stage.until_answer("mail.example.org", "192.0.2.25")
        await asyncio.sleep(0.2)
        assert stage.status() == {}
        assert await stage.answer("shop.example.org") == ()
        stage.host.delete("dnsendpoints", "mail", "shop")
        await stage.until_answer("mail.example.org")


async def test_both_halves_as_two_processes_do_the_whole_job() -> None:
    async with raised(members=2, running=False) as stage:
        deciding = Stage(stage.host, stage.members, stage.names, replace(stage.settings, only="decide"))
        stage.settings = replace(stage.settings, only="program")
        await deciding.start()
        await stage.start()
        try:
            stage.host.put(global_host())
            await stage.until_answer("shop.example.org", "192.0.2.1", "192.0.2.2")
            stage.members["r2"].put(manifests.endpoints(ready=False))
            await stage.until_answer("shop.example.org", "192.0.2.1")
            stage.host.delete("globalhosts", "shop", "shop")
            stage.host.delete("dnsendpoints", "shop", "shop")  # a real control plane's garbage collector follows the owner
            await stage.until_answer("shop.example.org")
        finally:
            await deciding.stop()


def dns_endpoint(name: str, host: str, address: str) -> dict[str, Any]:
    """A DNSEndpoint that somebody else wrote."""
    return {
        "apiVersion": "externaldns.k8s.io/v1alpha1",
        "kind": "DNSEndpoint",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"endpoints": [{"dnsName": host, "recordType": "A", "recordTTL": 60, "targets": [address]}]},
    }
