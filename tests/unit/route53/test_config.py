"""What a DNSProvider of type route53 may say, and how each mistake is told."""

from typing import Any

import pytest

from mcidns.errors import ConfigError
from mcidns.model.names import DnsName
from mcidns.model.secrets import Secret
from mcidns.program import plugins
from mcidns.provider import ProviderSettings
from mcidns_route53 import Route53Provider, config
from mcidns_route53.config import Config, Keys, Role

KEYS = {"accessKeyID": Secret("AKIAEXAMPLE"), "secretAccessKey": Secret("hushhush")}


def parse(secrets: dict[str, Secret] | None = None, **fields: Any) -> Config:
    return config.parse(ProviderSettings("dns", fields, KEYS if secrets is None else secrets))


def test_the_plug_in_is_found_by_its_type() -> None:
    assert plugins.load("route53") is Route53Provider


def test_nothing_at_all_means_the_environments_credentials_and_every_zone_of_the_account() -> None:
    assert parse({}) == Config()


def test_all_fields_are_read() -> None:
    made = parse(
        region="eu-south-1",
        roleARN="arn:aws:iam::123456789012:role/dns",
        roleSessionName="hub",
        externalID="research",
        endpointURL="https://route53.example.net",
        stsEndpointURL="https://sts.eu-south-1.amazonaws.com",
        zoneType="Private",
        vpcID="vpc-0a1b2c3d",
        tags={"team": "dns"},
        requestsPerSecond=2,
        timeout=3.5,
    )
    assert made == Config(
        keys=Keys("AKIAEXAMPLE", Secret("hushhush")),
        role=Role("arn:aws:iam::123456789012:role/dns", "hub", "research"),
        region="eu-south-1",
        endpoint_url="https://route53.example.net",
        sts_endpoint_url="https://sts.eu-south-1.amazonaws.com",
        zone_type="private",
        vpc_id="vpc-0a1b2c3d",
        tags=(("team", "dns"),),
        rate=2.0,
        timeout=3.5,
    )


def test_a_zone_id_is_for_every_domain_or_one_per_domain() -> None:
    assert parse(zoneID="/hostedzone/Z0123456789").only_zone == "Z0123456789"
    assert parse(zoneID={"Example.ORG": "Z0123456789", "example.net.": "Z2222"}).zone_ids == (
        (DnsName("example.org."), "Z0123456789"),
        (DnsName("example.net."), "Z2222"),
    )


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        pytest.param({"zoneid": "Z1234"}, ("config.zoneid", "did you mean zoneID?"), id="misspelled"),
        pytest.param({"secretAccessKey": "x"}, ("config.secretAccessKey", "into the Secret"), id="a secret in the open"),
        pytest.param({"zoneID": "example.org"}, ("config.zoneID", "Z0123456789ABC"), id="a domain as zone id"),
        pytest.param({"zoneID": ["Z1234"]}, ("config.zoneID", "{example.org: Z…}"), id="a list of zone ids"),
        pytest.param({"zoneID": {"a..b": "Z1234"}}, ("config.zoneID", "a..b"), id="no domain"),
        pytest.param({"zoneType": "internal"}, ("config.zoneType", "public or private"), id="zone type"),
        pytest.param({"vpcID": "my-vpc"}, ("config.vpcID", "vpc-"), id="vpc"),
        pytest.param({"vpcID": "vpc-0a1b2c3d", "zoneType": "public"}, ("config.vpcID", "zoneType: private"), id="public in a VPC"),
        pytest.param({"tags": ["team"]}, ("config.tags", "{team: dns}"), id="tags"),
        pytest.param({"roleARN": "dns"}, ("config.roleARN", "arn:aws:iam::"), id="role"),
        pytest.param({"externalID": "x"}, ("config.externalID", "roleARN"), id="external id without a role"),
        pytest.param(
            {"roleSessionName": "a b", "roleARN": "arn:aws:iam::123456789012:role/x"}, ("roleSessionName", "2 to 64"), id="session"
        ),
        pytest.param({"endpointURL": "route53"}, ("config.endpointURL", "https://"), id="endpoint"),
        pytest.param({"endpointURL": "https://user:pw@host"}, ("config.endpointURL", "https://"), id="credentials in the endpoint"),
        pytest.param({"requestsPerSecond": 0}, ("config.requestsPerSecond", "0.1 to"), id="no requests"),
        pytest.param({"timeout": True}, ("config.timeout", "0.1 to 60"), id="a flag as time"),
        pytest.param({"region": 7}, ("config.region", "string"), id="a number as region"),
        pytest.param({"profile": "dns"}, ("config.profile", "keep one"), id="profile beside static keys"),
    ],
)
def test_each_mistake_names_its_field_and_the_remedy(fields: dict[str, Any], told: tuple[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(**fields)
    assert [part for part in told if part not in str(caught.value)] == []
    assert "hushhush" not in str(caught.value)


@pytest.mark.parametrize(
    "secrets",
    [
        pytest.param({"accessKeyID": Secret("AKIA")}, id="no secret key"),
        pytest.param({"secretAccessKey": Secret("hushhush")}, id="no key id"),
        pytest.param({"accessKeyID": Secret(" "), "secretAccessKey": Secret("hushhush")}, id="a blank key id"),
        pytest.param({"sessionToken": Secret("hushhush")}, id="a token alone"),
    ],
)
def test_half_a_key_pair_is_refused_without_showing_it(secrets: dict[str, Secret]) -> None:
    with pytest.raises(ConfigError, match="secretRef") as caught:
        parse(secrets)
    assert "hushhush" not in str(caught.value)


def test_providers_of_one_account_are_known_as_such() -> None:
    role = "arn:aws:iam::123456789012:role/"
    assert parse(roleARN=role + "a").account == parse({}, roleARN=role + "b").account
    assert parse().account == parse(zoneType="public").account
    assert parse().account != parse({}).account
    assert parse({}, profile="x").account != parse({}, profile="y").account


def test_the_settings_show_no_secret() -> None:
    assert "hushhush" not in repr(parse())
