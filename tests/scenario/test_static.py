"""Targets that are no clusters: a host name in place of an address is resolved and followed, within what the zone permits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from mcidns.demo import manifests
from tests.scenario.stage import Stage, global_host, raised

BALANCERS = """$TTL 5
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
lb IN A 203.0.113.7
out IN A 198.51.100.7
"""


@asynccontextmanager
async def resolving(**spec: Any) -> AsyncIterator[Stage]:
    """One member at 192.0.2.1, and a resolver that knows lb.example.org and out.example.org."""
    async with raised(members=1, zone_text=BALANCERS, running=False, **spec) as stage:
        stage.settings = replace(stage.settings, resolvers=(f"127.0.0.1:{stage.names.port}",))
        await stage.start()
        yield stage


def static(name: str) -> dict[str, Any]:
    return {"name": "dc", "addresses": [name]}


async def test_a_static_targets_name_is_resolved_beside_a_members_address() -> None:
    async with resolving() as stage:
        stage.host.put(global_host(staticTargets=[static("lb.example.org")]))
        await stage.until_answer("shop.example.org", "192.0.2.1", "203.0.113.7")


async def test_the_name_of_a_fallback_is_resolved_where_it_cannot_stand_by_itself() -> None:
    async with resolving() as stage:
        stage.host.put(global_host(hostnames=["example.org"], whenNoneHealthy="Fallback", fallback=["lb.example.org"]))
        await stage.until_answer("example.org", "192.0.2.1")
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_answer("example.org", "203.0.113.7")


async def test_in_a_zone_that_permits_some_networks_a_name_is_served_by_its_addresses_there_and_never_as_a_cname() -> None:
    async with resolving(allowedTargets=["203.0.113.0/24"]) as stage:
        nowhere: dict[str, Any] = {"source": {"kind": "Service", "name": "nowhere"}}
        stage.host.put(global_host("inside", hostnames=["in.example.org"], staticTargets=[static("lb.example.org")], **nowhere))
        stage.host.put(global_host("outside", hostnames=["bad.example.org"], staticTargets=[static("out.example.org")], **nowhere))
        await stage.until_answer("in.example.org", "203.0.113.7")
        await stage.until_true(lambda: stage.verdicts("outside").get("dc") == "TargetNotPermitted", "the verdict")
        assert await stage.answer("bad.example.org", "CNAME") == ()
