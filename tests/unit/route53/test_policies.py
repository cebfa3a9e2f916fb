"""Routing policies and aliases: ExternalDNS's properties become Route 53's fields and come back the same."""

from typing import Any

import pytest

from mcidns.errors import Rejected
from mcidns.model.records import RecordSet
from mcidns_route53 import convert, policies
from mcidns_route53.policies import BadProperty
from tests.unit.route53.sets import ZONE, records

HOME = "Z0HOME"


@pytest.mark.parametrize(
    ("made", "fields"),
    [
        pytest.param(records("w", "A", "192.0.2.1", setid="a", weight="0"), {"Weight": 0}, id="weighted"),
        pytest.param(records("w", "A", "192.0.2.1", setid="a", region="eu-south-1"), {"Region": "eu-south-1"}, id="latency"),
        pytest.param(records("w", "A", "192.0.2.1", setid="a", failover="PRIMARY"), {"Failover": "PRIMARY"}, id="failover"),
        pytest.param(
            records("w", "A", "192.0.2.1", setid="a", geolocation_continent_code="EU"),
            {"GeoLocation": {"ContinentCode": "EU"}},
            id="continent",
        ),
        pytest.param(
            records("w", "A", "192.0.2.1", setid="a", geolocation_country_code="*"),
            {"GeoLocation": {"CountryCode": "*"}},
            id="default",
        ),
        pytest.param(
            records("w", "A", "192.0.2.1", setid="a", geolocation_country_code="US", geolocation_subdivision_code="CA"),
            {"GeoLocation": {"CountryCode": "US", "SubdivisionCode": "CA"}},
            id="state",
        ),
        pytest.param(
            records("w", "A", "192.0.2.1", setid="a", geoproximity_region="eu-south-1", geoproximity_bias="-10"),
            {"GeoProximityLocation": {"AWSRegion": "eu-south-1", "Bias": -10}},
            id="geoproximity by region",
        ),
        pytest.param(
            records("w", "A", "192.0.2.1", setid="a", geoproximity_coordinates="45.46,9.19"),
            {"GeoProximityLocation": {"Coordinates": {"Latitude": "45.46", "Longitude": "9.19"}}},
            id="geoproximity by coordinates",
        ),
        pytest.param(
            records("w", "A", "192.0.2.1", setid="a", multi_value_answer="true", health_check_id="abc-1"),
            {"MultiValueAnswer": True, "HealthCheckId": "abc-1"},
            id="multivalue with a health check",
        ),
    ],
)
def test_a_policy_becomes_fields_and_comes_back(made: RecordSet, fields: dict[str, Any]) -> None:
    raw = convert.raw_set(made, HOME)
    assert raw == {
        "Name": "w.example.org.",
        "Type": "A",
        "SetIdentifier": "a",
        "TTL": 60,
        "ResourceRecords": [{"Value": "192.0.2.1"}],
        **fields,
    }
    assert convert.record_set(raw, HOME) == made


def test_an_alias_has_its_target_as_value_and_no_ttl() -> None:
    made = records("@", "A", "lb.example.net.", ttl=0, alias="true", target_hosted_zone="Z0LB", evaluate_target_health="true")
    raw = convert.raw_set(made, HOME)
    assert raw == {
        "Name": "example.org.",
        "Type": "A",
        "AliasTarget": {"HostedZoneId": "Z0LB", "DNSName": "lb.example.net.", "EvaluateTargetHealth": True},
    }
    assert convert.record_set(raw, HOME) == made


def test_an_alias_to_a_name_of_its_own_zone_says_so() -> None:
    (made,) = policies.adjusted(records("www", "A", "origin.example.org.", alias="true"), ZONE)
    assert made == records("www", "A", "origin.example.org.", ttl=0, alias="true", target_hosted_zone="same-zone")
    raw = convert.raw_set(made, HOME)
    assert raw["AliasTarget"]["HostedZoneId"] == HOME
    assert convert.record_set(raw, HOME) == made


def test_a_cname_with_alias_becomes_aliases_of_both_families_even_at_the_apex() -> None:
    found = policies.adjusted(records("@", "CNAME", "lb.example.net.", alias="true", target_hosted_zone="Z0LB"), ZONE)
    assert found == tuple(
        records("@", type_, "lb.example.net.", ttl=0, alias="true", target_hosted_zone="Z0LB") for type_ in ("A", "AAAA")
    )


def test_properties_are_kept_in_one_spelling_and_strangers_left_out() -> None:
    wished = RecordSet(
        records("w", "A", setid="a").key,
        60,
        ("192.0.2.1",),
        (("alias", "false"), ("aws/evaluate-target-health", "true"), ("aws/weight", "010"), ("cloudflare-proxied", "true")),
    )
    assert policies.adjusted(wished, ZONE) == (records("w", "A", "192.0.2.1", setid="a", weight="10"),)


def test_an_ownership_text_that_inherited_an_alias_is_plain() -> None:
    text = records("mcidns-a.www", "TXT", '"x"', setid="a", alias="true", target_hosted_zone="same-zone", weight="7")
    raw = convert.raw_set(text, HOME)
    assert "AliasTarget" not in raw
    assert raw["Weight"] == 7
    assert convert.same(convert.record_set(raw, HOME), text)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        pytest.param(records("w", "A", "192.0.2.1", setid="a"), "exactly one routing policy", id="identifier without policy"),
        pytest.param(records("w", "A", "192.0.2.1", weight="1"), "needs a set identifier", id="policy without identifier"),
        pytest.param(
            records("w", "A", "192.0.2.1", setid="a", weight="1", failover="PRIMARY"), "exclude one another", id="two policies"
        ),
        pytest.param(records("w", "A", "192.0.2.1", setid="a", weight="256"), "0 to 255", id="weight"),
        pytest.param(records("w", "A", "192.0.2.1", setid="a", weight="many"), "0 to 255", id="weight in words"),
        pytest.param(records("w", "A", "192.0.2.1", setid="a", failover="THIRD"), "PRIMARY, SECONDARY", id="failover"),
        pytest.param(records("w", "A", "192.0.2.1", setid="a", geolocation_continent_code="XX"), "AF, AN", id="continent"),
        pytest.param(
            records("w", "A", "192.0.2.1", setid="a", geolocation_continent_code="EU", geolocation_country_code="IT"),
            "stands alone",
            id="continent and country",
        ),
        pytest.param(
            records("w", "A", "192.0.2.1", setid="a", geolocation_country_code="IT", geolocation_subdivision_code="CT"),
            "needs aws/geolocation-country-code US",
            id="subdivision of another country",
        ),
        pytest.param(records("w", "A", "192.0.2.1", setid="a", region="mars"), "AWS region", id="region"),
        pytest.param(
            records("w", "A", "192.0.2.1", setid="a", geoproximity_coordinates="91,0"), "latitude,longitude", id="coordinates"
        ),
        pytest.param(records("w", "A", "192.0.2.1", setid="x" * 129, weight="1"), "128 characters", id="long identifier"),
        pytest.param(records("w", "A", "192.0.2.1", alias="perhaps"), "neither true nor false", id="flag"),
        pytest.param(
            records("w", "A", "lb.example.net.", alias="true"), "aws/target-hosted-zone", id="alias abroad without its zone"
        ),
        pytest.param(
            records("w", "A", "a.example.org.", "b.example.org.", alias="true"), "one target", id="alias with two targets"
        ),
    ],
)
def test_what_cannot_be_expressed_is_refused_with_the_remedy(made: RecordSet, told: str) -> None:
    with pytest.raises(BadProperty, match=told):
        policies.adjusted(made, ZONE)


def test_fields_that_have_no_property_are_shown_and_never_written() -> None:
    raw = {
        "Name": "w.example.org.",
        "Type": "A",
        "SetIdentifier": "a",
        "TTL": 60,
        "ResourceRecords": [{"Value": "192.0.2.1"}],
        "CidrRoutingConfig": {"CollectionId": "c", "LocationName": "l"},
    }
    found = convert.record_set(raw, HOME)
    assert found.properties == (("aws/other", "CidrRoutingConfig"),)
    assert not convert.is_ours(found, raw)
    with pytest.raises(Rejected, match=r"w\.example\.org A"):
        convert.raw_set(found, HOME)
