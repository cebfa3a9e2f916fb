"""What Amazon Route 53 accepts in one zone, written from its documentation and its own error texts; no network, nothing of ours.

Sources: API reference (ChangeResourceRecordSets, ResourceRecordSet, ListResourceRecordSets), Developer Guide ("DNS domain name
format", "Supported DNS record types", "Quotas").
"""

import bisect
import re
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any

Set = dict[str, Any]
Key = tuple[str, str, str]

POLICIES = ("Weight", "Region", "Failover", "GeoLocation", "MultiValueAnswer", "GeoProximityLocation", "CidrRoutingConfig")
COMPARED = ("TTL", "HealthCheckId", "AliasTarget", "TrafficPolicyInstanceId", *POLICIES)
CONTINENTS = {"AF", "AN", "AS", "EU", "NA", "OC", "SA"}
TYPES = {
    "A",
    "AAAA",
    "CAA",
    "CNAME",
    "DS",
    "HTTPS",
    "MX",
    "NAPTR",
    "NS",
    "PTR",
    "SOA",
    "SPF",
    "SRV",
    "SSHFP",
    "SVCB",
    "TLSA",
    "TXT",
}
_STRING = re.compile(r'\s*"((?:[^"\\]|\\[0-7]{3}|\\.)*)"(?:\s+|\Z)')
_LABEL = re.compile(r"(?:[!-\-/-\[\]-~]|\\[0-7]{3}){1,63}\Z")


class Refusal(Exception):
    """An error of the service: its code and text."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def spelled(name: str) -> str:
    r"""A name as it is stored and listed: lower case, final dot, everything odd as `\ooo`."""
    lowered = re.sub(
        r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)) if match.group(1) != "056" else r"\056", name
    ).lower()
    shown = "".join(c if c in "abcdefghijklmnopqrstuvwxyz0123456789-_." or c == "\\" else f"\\{ord(c):03o}" for c in lowered)
    return shown if shown.endswith(".") else shown + "."


def order(key: Key) -> tuple[str, str, str]:
    """As listings are sorted."""
    name, type_, identifier = key
    return ".".join(reversed(name.removesuffix(".").split("."))) + ".", type_, identifier


class StrictZone:
    """The record sets of one hosted zone, and every rule they obey. `health_checks` are the ids that exist."""

    def __init__(self, name: str, sets: list[Set], health_checks: Callable[[], set[str]] = set) -> None:
        self.name = spelled(name)
        self.sets: dict[Key, Set] = {self._key(one): one for one in sets}
        self._health_checks = health_checks
        self._sorted: list[tuple[tuple[str, str, str], Key]] | None = None

    def touched(self) -> None:
        """`sets` were changed past the rules."""
        self._sorted = None

    @staticmethod
    def _key(one: Mapping[str, Any]) -> Key:
        return spelled(one["Name"]), one["Type"], one.get("SetIdentifier") or ""

    def change(self, changes: Sequence[Mapping[str, Any]]) -> None:
        """All of it or nothing. Raises Refusal."""
        if not changes:
            raise Refusal("InvalidInput", "Invalid request: Changes must not be empty")
        _check_quotas(changes)
        for change in changes:
            _check_form(change)
        after, problems, made = dict(self.sets), [], dict[Key, Set]()
        for change in changes:
            problem = self._step(after, made, change)
            if problem is not None:
                problems.append(problem)
        for key, one in made.items():
            if after.get(key) is one:
                problems += self._standing(after, key, one)
        if problems:
            raise Refusal("InvalidChangeBatch", f"[{', '.join(dict.fromkeys(problems))}]")
        self.sets, self._sorted = after, None

    def _step(self, after: dict[Key, Set], made: dict[Key, Set], change: Mapping[str, Any]) -> str | None:
        one, action = dict(change["ResourceRecordSet"]), change["Action"]
        key = self._key(one)
        one["Name"] = key[0]
        if key[0] != self.name and not key[0].endswith("." + self.name):
            return f"RRSet with DNS name {key[0]} is not permitted in zone {self.name}"
        shown = f"[name='{key[0]}', type='{key[1]}'" + (f", set-identifier='{key[2]}'" if key[2] else "") + "]"
        if action == "DELETE":
            if key not in after:
                return f"Tried to delete resource record set {shown} but it was not found"
            if not same(after[key], one):
                return f"Tried to delete resource record set {shown} but the values provided do not match the current values"
            if key[0] == self.name and key[1] in {"SOA", "NS"} and key not in made:
                one["_needed"] = True
            del after[key]
            return None
        if action == "CREATE" and key in after:
            return f"Tried to create resource record set {shown} but it already exists"
        after[key] = made[key] = one
        return None

    def _standing(self, after: dict[Key, Set], key: Key, one: Set) -> list[str]:
        name, type_, identifier = key
        problems = [f"Invalid Resource Record: '{problem}'" for problem in _values(one)]
        if not all(_LABEL.match(label) for label in name.removesuffix(".").split(".")) or len(name) > 255:
            problems.append(f"FATAL problem: DomainLabelTooLong (Domain label is too long) encountered with '{name}'")
        if r"\052" in name and not (name.startswith(r"\052.") and name.count(r"\052") == 1):
            problems.append(f"RRSet with DNS name {name} is not permitted in zone {self.name}")
        if one.get("HealthCheckId") and one["HealthCheckId"] not in self._health_checks():
            raise Refusal("NoSuchHealthCheck", f"No health check exists with the specified ID {one['HealthCheckId']}")
        if type_ == "CNAME" and name == self.name:
            problems.append(f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {self.name}")
        here = {other: held for other, held in self._at(after, name) if other != key}
        if any((other[1] == "CNAME") != (type_ == "CNAME") for other in here):
            problems.append(
                f"RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with the same"
                f" DNS name in zone {self.name}"
            )
        return problems + _beside(one, [held for other, held in here.items() if other[1] == type_], name, type_, identifier)

    def _at(self, after: dict[Key, Set], name: str) -> list[tuple[Key, Set]]:
        if after is not getattr(self, "_indexed", None):
            self._indexed = after
            self._by_name: dict[str, list[Key]] = {}
            for key in after:
                self._by_name.setdefault(key[0], []).append(key)
        return [(key, after[key]) for key in self._by_name.get(name, ()) if key in after]

    def page(self, name: str | None, type_: str | None, identifier: str | None, most: int) -> tuple[list[Set], Key | None]:
        """Sets from a place on, and the key of the next page."""
        if type_ and not name:
            raise Refusal("InvalidInput", "The input is not valid")
        if self._sorted is None:
            self._sorted = sorted((order(key), key) for key in self.sets)
        start = 0
        if name:
            start = bisect.bisect_left(self._sorted, (order((spelled(name), type_ or "", identifier or "")), ("", "", "")))
        found = self._sorted[start : start + min(most, 300)]
        following = start + min(most, 300)
        next_ = self._sorted[following][1] if following < len(self._sorted) else None
        return [self.sets[key] for _, key in found], next_


def same(held: Set, given: Set) -> bool:
    """Whether a DELETE names a set exactly; the order of values does not count."""
    if any(_plain(held.get(field)) != _plain(given.get(field)) for field in COMPARED):
        return False
    return sorted(r["Value"] for r in held.get("ResourceRecords") or ()) == sorted(
        r["Value"] for r in given.get("ResourceRecords") or ()
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item not in (None, False, "")}
    return None if value in (None, False, "") else (value.lower() if isinstance(value, str) else str(value))


def _check_quotas(changes: Sequence[Mapping[str, Any]]) -> None:
    elements = characters = 0
    for change in changes:
        twice = 2 if change["Action"] == "UPSERT" else 1
        found = change["ResourceRecordSet"].get("ResourceRecords") or [{"Value": ""}]
        elements += twice * len(found)
        characters += twice * sum(len(record["Value"]) for record in found)
    if elements > 1000:
        raise Refusal("InvalidChangeBatch", "[Number of records limit of 1000 exceeded.]")
    if characters > 32000:
        raise Refusal("InvalidChangeBatch", "[Number of characters limit of 32000 exceeded.]")


def _check_form(change: Mapping[str, Any]) -> None:
    one = change["ResourceRecordSet"]
    where = (
        f"Change with [Action={change['Action']}, Name={one['Name']}, Type={one['Type']},"
        f" SetIdentifier={one.get('SetIdentifier') or 'null'}]"
    )
    if one["Type"] not in TYPES:
        raise Refusal("InvalidInput", f"Invalid XML ; Value '{one['Type']}' is not facet-valid")
    plain = one.get("TTL") is not None and bool(one.get("ResourceRecords"))
    either = "[AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]"
    if bool(one.get("AliasTarget")) == plain or (
        one.get("AliasTarget") and (one.get("TTL") is not None or one.get("ResourceRecords"))
    ):
        found = "more than one" if plain else "none"
        raise Refusal("InvalidInput", f"Invalid request: Expected exactly one of {either}, but found {found} in {where}")
    policies = [policy for policy in POLICIES if one.get(policy) is not None and one.get(policy) is not False]
    if policies and not one.get("SetIdentifier"):
        raise Refusal("InvalidInput", f"Invalid request: Missing field 'SetIdentifier' in {where}")
    if one.get("SetIdentifier") and len(policies) != 1:
        found = "more than one" if policies else "none"
        wanted = "[Weight, Region, Failover, GeoLocation, or MultiValueAnswer]"
        raise Refusal("InvalidInput", f"Invalid request: Expected exactly one of {wanted}, but found {found} in {where}")
    _check_ranges(one, where)


def _check_ranges(one: Mapping[str, Any], where: str) -> None:
    if one.get("TTL") is not None and not 0 <= int(one["TTL"]) <= 2147483647:
        raise Refusal("InvalidInput", f"Invalid request: TTL out of range in {where}")
    if one.get("Weight") is not None and not 0 <= int(one["Weight"]) <= 255:
        raise Refusal("InvalidInput", f"Invalid request: Weight out of range in {where}")
    if one.get("Failover") not in {None, "", "PRIMARY", "SECONDARY"}:
        raise Refusal("InvalidInput", f"Invalid request: Failover in {where}")
    geo = one.get("GeoLocation") or {}
    if geo.get("ContinentCode") and (geo["ContinentCode"] not in CONTINENTS or geo.get("CountryCode")):
        raise Refusal("InvalidInput", f"Invalid request: GeoLocation in {where}")
    if geo.get("SubdivisionCode") and geo.get("CountryCode") not in {"US", "UA"}:
        raise Refusal("InvalidInput", f"Invalid request: SubdivisionCode in {where}")
    if len(one.get("ResourceRecords") or ()) > 400:
        raise Refusal("InvalidInput", f"Invalid request: more than 400 ResourceRecords in {where}")
    if one.get("AliasTarget") and one.get("MultiValueAnswer"):
        raise Refusal("InvalidInput", f"Invalid request: multivalue alias in {where}")


def _beside(one: Set, others: list[Set], name: str, type_: str, identifier: str) -> list[str]:
    """Rules among the sets of one name and type."""
    about = f"RRSet with DNS name {name}, type {type_}"
    if not others:
        return [f"{about}, SetIdentifier {identifier} cannot have more than one value"] if _many(one) else []
    if not identifier or any(not other.get("SetIdentifier") for other in others):
        return [f"{about} cannot be created as other RRSets exist with the same name and type."]
    policy = _policy(one)
    if any(_policy(other) != policy for other in others):
        kind = {"Weight": "weighted", "Region": "latency", "Failover": "failover", "GeoLocation": "geolocation"}.get(
            policy, "multivalue answer"
        )
        return [
            f"{about}, SetIdentifier {identifier} cannot be created because a non {kind} rrset exists with the same name and type."
        ]
    problems = [f"{about}, SetIdentifier {identifier} cannot have more than one value"] if _many(one) else []
    if policy == "Weight" and any(other.get("TTL") != one.get("TTL") for other in others if other.get("TTL") and one.get("TTL")):
        problems.append(f"{about}, SetIdentifier {identifier} cannot be created as weighted sets must contain the same TTL.")
    if policy in {"Region", "Failover", "GeoLocation"} and any(_plain(other[policy]) == _plain(one[policy]) for other in others):
        problems.append(
            f"{about}, SetIdentifier {identifier} cannot be created because a {policy} RRSet with the same name, type and"
            " place already exists."
        )
    return problems


def _policy(one: Set) -> str:
    return next((policy for policy in POLICIES if one.get(policy) is not None and one.get(policy) is not False), "")


def _many(one: Set) -> bool:
    return bool(one.get("MultiValueAnswer")) and len(one.get("ResourceRecords") or ()) > 1


def _values(one: Set) -> list[str]:
    records = [record["Value"] for record in one.get("ResourceRecords") or ()]
    problems = [f"Duplicate Resource Record: {value}" for value in set(records) if records.count(value) > 1]
    if one["Type"] == "CNAME" and len(records) > 1:
        problems.append("RRSet of type CNAME must have exactly one Resource Record")
    check = _CHECKS.get(one["Type"])
    for value in records if check is not None else ():
        try:
            assert check is not None
            check(value)
        except ValueError as error:
            problems.append(f"FATAL problem: {error} encountered with '{value[:60]}'")
    return problems


def _ipv4(value: str) -> None:
    try:
        IPv4Address(value)
    except ValueError as error:
        raise ValueError("ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)") from error


def _ipv6(value: str) -> None:
    try:
        IPv6Address(value)
    except ValueError as error:
        raise ValueError("AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)") from error


def _text(value: str) -> None:
    if not value.isascii() or not value.isprintable():
        raise ValueError("UnsupportedCharacter (Value contains unsupported characters)")
    position, total = 0, 0
    while position < len(value):
        match = _STRING.match(value, position)
        if match is None:
            raise ValueError("InvalidCharacterString (Value should be enclosed in quotation marks)")
        length = len(re.sub(r"\\[0-7]{3}|\\.", "x", match.group(1)))
        if length > 255:
            raise ValueError("CharacterStringTooLong (Value is too long)")
        total += length
        position = match.end()
    if not value or total > 4000:
        raise ValueError("CharacterStringTooLong (Value is too long)")


def _host(value: str) -> None:
    labels = spelled(value).removesuffix(".").split(".")
    if value != "." and (" " in value or len(value) > 255 or not all(_LABEL.match(label) for label in labels)):
        raise ValueError("DomainNameInvalid (Value is not a valid domain name)")


def _fields(*checks: Callable[[str], object]) -> Callable[[str], None]:
    def check(value: str) -> None:
        parts = value.split(None, len(checks) - 1)
        if len(parts) != len(checks):
            raise ValueError("InvalidFieldCount (Value has the wrong number of fields)")
        for part, one in zip(parts, checks, strict=True):
            one(part)

    return check


_CHECKS: dict[str, Callable[[str], None]] = {
    "A": _ipv4,
    "AAAA": _ipv6,
    "CAA": _fields(int, str, _text),
    "CNAME": _host,
    "DS": _fields(int, int, int, bytes.fromhex),
    "MX": _fields(int, _host),
    "NS": _host,
    "PTR": _host,
    "SPF": _text,
    "SRV": _fields(int, int, int, _host),
    "SSHFP": _fields(int, int, bytes.fromhex),
    "TLSA": _fields(int, int, int, bytes.fromhex),
    "TXT": _text,
}
