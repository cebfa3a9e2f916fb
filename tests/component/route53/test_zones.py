"""Which hosted zone serves a domain, found once and told clearly where it cannot be told."""

from typing import Any

import pytest

from mcidns.errors import Denied, Transient
from mcidns.model.names import DnsName
from tests.component.route53 import parts
from tests.component.route53.parts import ZONE
from tests.component.route53.strict import Strict

VPC = "vpc-0a1b2c3d"


async def found(service: Strict, **config: Any) -> str:
    async with parts.provider(service, **config) as dns:
        await dns.read(ZONE, None)
        zone = dns.zone(ZONE)
        assert zone is not None
        return zone.id


async def test_a_zone_is_found_by_its_name_and_looked_for_once(service: Strict) -> None:
    parts.create_zone(service, "sub.example.org")
    wanted = parts.create_zone(service)
    parts.create_zone(service, "notexample.org")
    async with parts.provider(service) as dns:
        for _ in range(3):
            await dns.read(ZONE, None)
        zone = dns.zone(ZONE)
        assert zone is not None
        assert zone.id == wanted
    assert service.counted == {"list_hosted_zones_by_name": 1, "list_resource_record_sets": 3}


async def test_two_zones_of_one_name_are_refused_by_name_and_told_apart_by_type_or_id(service: Strict) -> None:
    public, private = parts.create_zone(service), parts.create_zone(service, vpc=VPC)
    with pytest.raises(Denied) as caught:
        await found(service)
    told = str(caught.value)
    assert f"{public} (public)" in told
    assert f"{private} (private)" in told
    assert "zoneType" in told
    assert await found(service, zoneType="public") == public
    assert await found(service, zoneType="private") == private
    assert await found(service, zoneID=private) == private
    assert await found(service, zoneID={"example.org": public}) == public


async def test_private_zones_of_one_name_are_told_apart_by_their_vpc(service: Strict) -> None:
    parts.create_zone(service, vpc="vpc-ffffffff")
    wanted = parts.create_zone(service, vpc=VPC)
    assert await found(service, vpcID=VPC) == wanted


async def test_zones_are_narrowed_by_tags(service: Strict) -> None:
    parts.create_zone(service, tags={"team": "web"})
    wanted = parts.create_zone(service, tags={"team": "dns", "stage": "live"})
    assert await found(service, tags={"team": "dns"}) == wanted
    assert await found(service, tags={"stage": ""}) == wanted
    with pytest.raises(Transient, match="none fits zoneType, vpcID and tags"):
        await found(service, tags={"team": "nobody"})


@pytest.mark.parametrize(
    ("config", "told"),
    [
        pytest.param({}, "no hosted zone example.org", id="by name"),
        pytest.param({"zoneID": "Z0NOWHERE"}, "no hosted zone Z0NOWHERE", id="by id"),
    ],
)
async def test_a_zone_that_is_not_there_is_told_and_found_when_it_comes(service: Strict, config: dict[str, Any], told: str) -> None:
    async with parts.provider(service, **config) as dns:
        with pytest.raises(Transient, match=told):
            await dns.read(ZONE, None)
        if not config:
            parts.create_zone(service)
            await dns.read(ZONE, None)


async def test_an_id_of_another_domain_is_refused(service: Strict) -> None:
    other = parts.create_zone(service, "example.net")
    with pytest.raises(Denied, match=r"is example\.net, not example\.org"):
        await found(service, zoneID=other)


async def test_a_zone_that_was_deleted_and_made_anew_is_found_again(service: Strict) -> None:
    parts.create_zone(service)
    async with parts.provider(service) as dns:
        await dns.read(ZONE, None)
        service.empty()
        wanted = parts.create_zone(service)
        with pytest.raises(Transient, match="does not exist any more"):
            await dns.read(ZONE, None)
        await dns.read(ZONE, None)
        zone = dns.zone(ZONE)
        assert zone is not None
        assert zone.id == wanted


async def test_one_provider_serves_several_zones(service: Strict) -> None:
    ids = {domain: parts.create_zone(service, domain) for domain in ("example.org", "example.net")}
    async with parts.provider(service) as dns:
        for domain, zone_id in ids.items():
            await dns.read(DnsName(f"{domain}."), None)
            zone = dns.zone(DnsName(f"{domain}."))
            assert zone is not None
            assert zone.id == zone_id
