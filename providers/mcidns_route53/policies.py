"""Routing policies and aliases: ExternalDNS's property names on one side, Route 53's fields on the other; values live elsewhere.

Sources: ExternalDNS's AWS provider (property names); Route 53 API, data type ResourceRecordSet (fields and their bounds).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet
from mcidns_route53 import values

Properties = tuple[tuple[str, str], ...]
Fields = dict[str, Any]

ALIAS = "alias"
EVALUATE = "aws/evaluate-target-health"
TARGET_ZONE = "aws/target-hosted-zone"
SAME_ZONE = "same-zone"
HEALTH_CHECK = "aws/health-check-id"
OTHER = "aws/other"
"""Marks a set that holds fields we have no property for; it is shown, and never written."""

ALIASES = frozenset({"A", "AAAA", "CNAME"})
"""Types whose sets may be aliases here."""
POLICIES = {
    "aws/weight": "Weight",
    "aws/region": "Region",
    "aws/failover": "Failover",
    "aws/geolocation-continent-code": "GeoLocation",
    "aws/geolocation-country-code": "GeoLocation",
    "aws/geolocation-subdivision-code": "GeoLocation",
    "aws/geoproximity-region": "GeoProximityLocation",
    "aws/geoproximity-bias": "GeoProximityLocation",
    "aws/geoproximity-coordinates": "GeoProximityLocation",
    "aws/geoproximity-local-zone-group": "GeoProximityLocation",
    "aws/multi-value-answer": "MultiValueAnswer",
}
"""Property to the field that holds it; all fields of one set must be the same one."""

_GEO = {
    "aws/geolocation-continent-code": "ContinentCode",
    "aws/geolocation-country-code": "CountryCode",
    "aws/geolocation-subdivision-code": "SubdivisionCode",
}
_KNOWN_FIELDS = frozenset(
    {"Name", "Type", "TTL", "ResourceRecords", "SetIdentifier", "AliasTarget", "HealthCheckId", *POLICIES.values()}
)
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d+\Z")
_CODE = re.compile(r"[A-Z]{1,3}\Z")


class BadProperty(ValueError):
    """A property cannot be used so; the message says what to write."""


def is_alias(records: RecordSet) -> bool:
    """Whether the set is an alias; a TXT that inherited the property from its record is none."""
    return records.key.type in ALIASES and (ALIAS, "true") in records.properties


def normal(key: RecordKey, properties: Properties) -> Properties:
    """The properties as reading would show them: known ones only, in one spelling. Raises BadProperty."""
    found: dict[str, str] = {}
    for name, value in properties:
        spell = _SPELLINGS.get(name)
        if spell is None:
            continue
        spelled = spell(value.strip())
        if spelled:
            found[name] = spelled
    if ALIAS not in found:
        found.pop(EVALUATE, None)
        found.pop(TARGET_ZONE, None)
    _check(key, found)
    return tuple(sorted(found.items()))


def _check(key: RecordKey, found: Mapping[str, str]) -> None:
    policies = {POLICIES[name] for name in found if name in POLICIES}
    if key.set_identifier and len(policies) != 1:
        raise BadProperty(
            "a set identifier needs exactly one routing policy, such as aws/weight: 10"
            if not policies
            else f"{', '.join(sorted(policies))} exclude one another; keep one policy"
        )
    if policies and not key.set_identifier:
        raise BadProperty(f"{', '.join(sorted(name for name in found if name in POLICIES))} needs a set identifier; name one")
    if len(key.set_identifier) > 128:
        raise BadProperty(f"a set identifier has at most 128 characters, not {len(key.set_identifier)}; shorten it")
    if found.get("aws/geolocation-continent-code") and (policies == {"GeoLocation"} and len(_geo(found)) > 1):
        raise BadProperty("a continent stands alone; remove the country and subdivision codes")
    if "aws/geolocation-subdivision-code" in found and found.get("aws/geolocation-country-code") not in {"US", "UA"}:
        raise BadProperty("aws/geolocation-subdivision-code needs aws/geolocation-country-code US (or UA)")
    if ALIAS in found and "MultiValueAnswer" in policies:
        raise BadProperty("an alias cannot be a multivalue answer; choose another policy")


def _geo(found: Mapping[str, str]) -> list[str]:
    return [name for name in _GEO if name in found]


def fields(records: RecordSet) -> Fields:
    """The policy fields of one set, without its alias. Raises BadProperty."""
    found = dict(normal(records.key, records.properties))
    made: Fields = {}
    if records.key.set_identifier:
        made["SetIdentifier"] = records.key.set_identifier
    for name, field in (("aws/region", "Region"), ("aws/failover", "Failover"), (HEALTH_CHECK, "HealthCheckId")):
        if name in found:
            made[field] = found[name]
    if "aws/weight" in found:
        made["Weight"] = int(found["aws/weight"])
    if "aws/multi-value-answer" in found:
        made["MultiValueAnswer"] = True
    if _geo(found):
        made["GeoLocation"] = {_GEO[name]: found[name] for name in _geo(found)}
    proximity = _proximity(found)
    if proximity:
        made["GeoProximityLocation"] = proximity
    return made


def _proximity(found: Mapping[str, str]) -> Fields:
    made: Fields = {}
    if "aws/geoproximity-region" in found:
        made["AWSRegion"] = found["aws/geoproximity-region"]
    if "aws/geoproximity-local-zone-group" in found:
        made["LocalZoneGroup"] = found["aws/geoproximity-local-zone-group"]
    if "aws/geoproximity-coordinates" in found:
        latitude, longitude = found["aws/geoproximity-coordinates"].split(",")
        made["Coordinates"] = {"Latitude": latitude, "Longitude": longitude}
    if "aws/geoproximity-bias" in found:
        made["Bias"] = int(found["aws/geoproximity-bias"])
    return made


def alias_target(records: RecordSet, zone_id: str) -> Fields:
    """The field AliasTarget of an alias, or nothing for any other set. Raises BadProperty."""
    if not is_alias(records):
        return {}
    found = dict(records.properties)
    target_zone = found.get(TARGET_ZONE, "")
    if not target_zone:
        raise BadProperty(f"the alias does not say in which hosted zone its target is; set {TARGET_ZONE} (or {SAME_ZONE})")
    return {
        "AliasTarget": {
            "HostedZoneId": zone_id if target_zone == SAME_ZONE else target_zone,
            "DNSName": records.values[0],
            "EvaluateTargetHealth": found.get(EVALUATE) == "true",
        }
    }


def properties(raw: Mapping[str, Any], zone_id: str) -> Properties:
    """What a listed set says in its fields, as properties."""
    found: dict[str, str] = {}
    if len(raw) <= 4 and "ResourceRecords" in raw:
        return ()
    for name, field in (("aws/region", "Region"), ("aws/failover", "Failover"), (HEALTH_CHECK, "HealthCheckId")):
        if raw.get(field):
            found[name] = str(raw[field])
    if "Weight" in raw:
        found["aws/weight"] = str(raw["Weight"])
    if raw.get("MultiValueAnswer"):
        found["aws/multi-value-answer"] = "true"
    geo = raw.get("GeoLocation") or {}
    found.update({name: geo[field] for name, field in _GEO.items() if geo.get(field)})
    _read_proximity(raw.get("GeoProximityLocation") or {}, found)
    alias = raw.get("AliasTarget")
    if alias:
        found[ALIAS] = "true"
        found[TARGET_ZONE] = SAME_ZONE if alias["HostedZoneId"] == zone_id else alias["HostedZoneId"]
        if alias.get("EvaluateTargetHealth"):
            found[EVALUATE] = "true"
    others = sorted(field for field, value in raw.items() if field not in _KNOWN_FIELDS and value)
    if others:
        found[OTHER] = ",".join(others)
    return tuple(sorted(found.items()))


def _read_proximity(raw: Mapping[str, Any], found: dict[str, str]) -> None:
    for name, field in (("aws/geoproximity-region", "AWSRegion"), ("aws/geoproximity-local-zone-group", "LocalZoneGroup")):
        if raw.get(field):
            found[name] = raw[field]
    place = raw.get("Coordinates")
    if place:
        found["aws/geoproximity-coordinates"] = f"{place['Latitude']},{place['Longitude']}"
    if raw.get("Bias"):
        found["aws/geoproximity-bias"] = str(raw["Bias"])


def alias_value(raw: Mapping[str, Any]) -> str:
    """The target of a listed alias."""
    return values.canonical("CNAME", raw["AliasTarget"]["DNSName"])


def adjusted(records: RecordSet, zone: DnsName) -> tuple[RecordSet, ...]:
    """The sets that reading will show once this was written; an alias has no TTL of its own. Raises BadProperty."""
    found = normal(records.key, records.properties)
    if records.key.type not in ALIASES or (ALIAS, "true") not in found:
        without = tuple((name, value) for name, value in found if name not in {ALIAS, EVALUATE, TARGET_ZONE})
        return (RecordSet(records.key, records.ttl, records.values, without),)
    target = records.values[0]
    if len(records.values) != 1:
        raise BadProperty(f"an alias has one target, not {len(records.values)}; leave one")
    if TARGET_ZONE not in dict(found):
        if not DnsName(target).inside(zone):
            raise BadProperty(
                f"the alias target {target} is outside the zone, and Route 53 wants its hosted zone; set {TARGET_ZONE}"
                " (for a load balancer its CanonicalHostedZoneId)"
            )
        found = tuple(sorted((*found, (TARGET_ZONE, SAME_ZONE))))
    types = ("A", "AAAA") if records.key.type == "CNAME" else (records.key.type,)
    keys = [RecordKey(records.key.name, type_, records.key.set_identifier) for type_ in types]
    return tuple(RecordSet(key, 0, records.values, found) for key in keys)


def _flag(value: str) -> str:
    if value.lower() not in {"", "true", "false"}:
        raise BadProperty(f"{value[:40]!r} is neither true nor false")
    return "true" if value.lower() == "true" else ""


def _present(value: str) -> str:
    return "true" if not value else _flag(value)


def _alias(value: str) -> str:
    # ExternalDNS also knows `A` and `AAAA`, which say for which family the alias shall stand.
    return "true" if value in {"A", "AAAA"} else _flag(value)


def _number(name: str, low: int, high: int) -> Callable[[str], str]:
    def spell(value: str) -> str:
        try:
            number = int(value)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise BadProperty(f"{name} {value[:40]!r} is no whole number from {low} to {high}")
        return str(number)

    return spell


def _one_of(name: str, *allowed: str) -> Callable[[str], str]:
    def spell(value: str) -> str:
        if value.upper() not in allowed:
            raise BadProperty(f"{name} {value[:40]!r} is not known; write one of {', '.join(allowed)}")
        return value.upper()

    return spell


def _matching(name: str, pattern: re.Pattern[str], form: str) -> Callable[[str], str]:
    def spell(value: str) -> str:
        if not pattern.match(value):
            raise BadProperty(f"{name} {value[:60]!r} is no {form}")
        return value

    return spell


def _coordinates(value: str) -> str:
    parts = [part.strip() for part in value.split(",")]
    try:
        latitude, longitude = (float(part) for part in parts)
    except ValueError:
        latitude = longitude = 999.0
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise BadProperty(f"aws/geoproximity-coordinates {value[:40]!r} is not latitude,longitude such as 45.46,9.19")
    return ",".join(parts)


def _country(value: str) -> str:
    return "*" if value == "*" else _matching("aws/geolocation-country-code", _CODE, "country code such as IT, or *")(value.upper())


_ID = re.compile(r"[A-Za-z0-9/_-]{1,128}\Z")
_SPELLINGS: dict[str, Callable[[str], str]] = {
    ALIAS: _alias,
    EVALUATE: _flag,
    TARGET_ZONE: _matching(TARGET_ZONE, _ID, "hosted zone id"),
    HEALTH_CHECK: _matching(HEALTH_CHECK, _ID, "health check id"),
    "aws/weight": _number("aws/weight", 0, 255),
    "aws/region": _matching("aws/region", _REGION, "AWS region such as eu-south-1"),
    "aws/failover": _one_of("aws/failover", "PRIMARY", "SECONDARY"),
    "aws/geolocation-continent-code": _one_of("aws/geolocation-continent-code", "AF", "AN", "AS", "EU", "NA", "OC", "SA"),
    "aws/geolocation-country-code": _country,
    "aws/geolocation-subdivision-code": lambda value: _matching(
        "aws/geolocation-subdivision-code", _CODE, "subdivision code such as CA"
    )(value.upper()),
    "aws/geoproximity-region": _matching("aws/geoproximity-region", _REGION, "AWS region such as eu-south-1"),
    "aws/geoproximity-bias": _number("aws/geoproximity-bias", -99, 99),
    "aws/geoproximity-coordinates": _coordinates,
    "aws/geoproximity-local-zone-group": _matching("aws/geoproximity-local-zone-group", _ID, "local zone group"),
    "aws/multi-value-answer": _present,
}
