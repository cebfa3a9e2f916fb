"""The quick starts do what they say: every block is played in order against emulated clusters and real or strict DNS."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcidns.nameserver import NameServer
from tests.component.route53 import parts, strict
from tests.component.route53.strict import Strict
from tests.docs import pages, playing
from tests.docs.pages import ROOT
from tests.docs.playing import Clouds, clouds, free_port, play

_SCALE = "scale deployment/shop --replicas="
SCALED = {f"{_SCALE}{number}": f'patch deployment/shop --type=merge -p \'{{"spec":{{"replicas":{number}}}}}\'' for number in (0, 2)}
"""What stands for `kubectl scale`, whose subresource the emulated server has not."""
BALANCERS = (
    "$TTL 60\n@ IN SOA ns hostmaster 1 3600 600 86400 60\n@ IN NS ns\nns IN A 127.0.0.1\neu IN A 192.0.2.1\nus IN A 192.0.2.2\n"
)


async def gone(cloud: Clouds, hub: str) -> None:
    """The claim is deleted at the end of every quick start."""
    async with asyncio.timeout(playing.PATIENCE):
        while cloud.servers[hub].list("globalhosts") or cloud.servers[hub].list("dnsendpoints"):
            await asyncio.sleep(0.05)


@pytest.mark.timeout(900)
async def test_the_quick_start_on_kind_does_what_it_says(tmp_path: Path) -> None:
    playing.needs("knotd", "keymgr", "dig")
    ingress = {"kind-eu": {"ip": "172.18.0.6"}, "kind-us": {"ip": "172.18.0.7"}}
    async with clouds(tmp_path, ingress, "kind-hub") as cloud:
        await play(cloud, "docs/quickstart-kind.md", {"5300": str(free_port()), **SCALED})
        await gone(cloud, "kind-hub")


@pytest.fixture
def service() -> Iterator[Strict]:
    with strict.serving() as one:
        one.empty()
        yield one


@pytest.mark.timeout(900)
async def test_the_quick_start_on_aws_does_what_it_says(tmp_path: Path, service: Strict) -> None:
    zone = service.zones[parts.create_zone(service, "apps.example.org")]
    ingress = {"eu": {"hostname": "eu.elb.example"}, "us": {"hostname": "us.elb.example"}}
    keys = {"AWS_ENDPOINT_URL_ROUTE_53": service.url, "AWS_ACCESS_KEY_ID": "AKIAMCIDNS", "AWS_SECRET_ACCESS_KEY": parts.SECRET}
    async with NameServer({"elb.example.": BALANCERS}) as names, clouds(tmp_path, ingress, "hub", **keys) as cloud:
        cloud.arguments = (f"--resolver=127.0.0.1:{names.port}",)
        await play(cloud, "docs/quickstart-aws.md", SCALED)
        await gone(cloud, "hub")
        latency = {
            (one["SetIdentifier"], one["Region"])
            for batch in service.batches
            for change in batch
            if "Region" in (one := change["ResourceRecordSet"])
        }
        assert latency == {("eu-south-1", "eu-south-1"), ("us-east-1", "us-east-1")}
        assert {one["Type"] for one in zone.sets.values()} <= {"NS", "SOA"}
        granted = {str(one["Action"]) for one in json.loads((tmp_path / "policy.json").read_text())["Statement"]}
    told = next(one for one in pages.blocks(ROOT / "providers/mcidns_route53/README.md") if one.language == "json")
    assert granted == {str(one["Action"]) for one in json.loads(told.text)["Statement"]}
