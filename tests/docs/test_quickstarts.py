"""Quick starts and migration do what they say: every block is played in order against emulated clusters and real or strict DNS."""

import asyncio
import base64
import json
import sys
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
        left = [one for one in zone.sets.values() if not str(one["Name"]).startswith("mcidns-epoch-")]
        assert {one["Type"] for one in left} <= {"NS", "SOA"}
        granted = {str(one["Action"]) for one in json.loads((tmp_path / "policy.json").read_text())["Statement"]}
    told = next(one for one in pages.blocks(ROOT / "providers/mcidns_route53/README.md") if one.language == "json")
    assert granted == {str(one["Action"]) for one in json.loads(told.text)["Statement"]}


OLD = """$TTL 60
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
shop IN A 203.0.113.1
extdns-a-shop IN TXT "heritage=external-dns,external-dns/owner=default,external-dns/resource=ingress/shop/shop"
other IN A 203.0.113.9
extdns-a-other IN TXT "heritage=external-dns,external-dns/owner=default,external-dns/resource=ingress/shop/other"
"""
BEFORE = """
kubectl create namespace mcidns-system
kubectl create namespace shop
kubectl create namespace external-dns
kubectl -n mcidns-system create secret generic ns1-key --from-literal=tsigSecret={secret}
kubectl apply -f crds/
kubectl apply -f before.yaml
"""
OBJECTS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: external-dns, namespace: external-dns}
spec:
  selector: {matchLabels: {app: external-dns}}
  template: {metadata: {labels: {app: external-dns}}, spec: {containers: [{name: external-dns, image: external-dns}]}}
---
apiVersion: mcidns.io/v1alpha1
kind: GlobalHost
metadata: {name: shop, namespace: shop}
spec: {hostnames: [shop.apps.example.org], staticTargets: [{name: dc, addresses: [203.0.113.1, 203.0.113.2]}]}
"""
VALUES = """
image: {{repository: registry.example.org/mcidns}}
providers: {{ns1: {{type: rfc2136, secretRef: {{name: ns1-key}}, config: {{servers: ["127.0.0.1:{port}"], tsigKeyName: mcidns}}}}}}
zones: {{apps: {{domain: apps.example.org, providerRef: {{name: ns1}}, ownerID: research-hub}}}}
"""


def zone_of(names: NameServer) -> dict[str, tuple[str, ...] | None]:
    """What stands at the names of the story: the shop's records, and who owns them and the other's."""
    places = {"shop": "A", "mcidns-a.shop": "TXT", "extdns-a-shop": "TXT", "other": "A", "extdns-a-other": "TXT"}
    found = {place: names.rrset("apps.example.org.", f"{place}.apps.example.org.", type_) for place, type_ in places.items()}
    return {place: held and held[1] for place, held in found.items()}


@pytest.mark.timeout(900)
async def test_the_way_from_external_dns_and_an_uninstall_leave_every_record(tmp_path: Path) -> None:
    key = b"0123456789abcdef0123456789abcdef"
    async with (
        NameServer({"apps.example.org.": OLD}, keys={"mcidns.": ("hmac-sha256", key)}) as names,
        clouds(tmp_path, {}, "hub") as cloud,
    ):
        (tmp_path / "values.yaml").write_text(VALUES.format(port=names.port))
        (tmp_path / "before.yaml").write_text(OBJECTS)
        await cloud.sh(BEFORE.format(secret=base64.b64encode(key).decode()))
        at_first = zone_of(names)
        scaled = {"scale deployment/external-dns --replicas=0": SCALED[f"{_SCALE}0"].replace("/shop", "/external-dns")}
        (tmp_path / "bin" / "mcidns").write_text(TOLERANT.format(real=str(Path(sys.executable).parent / "mcidns")))
        (tmp_path / "bin" / "mcidns").chmod(0o755)
        scaled["scale deployment/dns-mcidns --replicas=0"] = SCALED[f"{_SCALE}0"].replace("/shop", "/dns-mcidns")
        await play(cloud, "docs/upgrade.md", scaled, "From ExternalDNS")
        assert names.log, "something was written"
        after = zone_of(names)
        assert after["shop"] == ("203.0.113.1", "203.0.113.2")
        assert (after["other"], after["extdns-a-other"]) == (at_first["other"], at_first["extdns-a-other"])
        assert (after["extdns-a-shop"], after["mcidns-a.shop"]) == (None, None)
        await play(cloud, "docs/upgrade.md", scaled, "Uninstall without losing records")
        assert zone_of(names) == after
        assert not cloud.servers["hub"].find("deployments", "dns-mcidns", "mcidns-system")


TOLERANT = """#!/bin/bash
{real} "$@"
code=$?
[ "$code" = 2 ] && [[ "$1" =~ ^(import|plan)$ ]] && exit 0
[ "$code" = 1 ] && [ "$1" = get ] && exit 0
exit "$code"
"""
"""These exit codes say that there is something to do, or that a host is not well yet; a person reads on."""
