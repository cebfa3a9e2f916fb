"""Which zone a name falls into and whether a namespace may claim it there; rivalry between claims lives in claims."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from mcidns.model.names import DnsName, InvalidName
from mcidns.model.zones import Grant, TtlBounds, Zone

SHOWN = 10


class Refusal(Struct, frozen=True, gc=False):
    """Why a name is not served: a stable reason for the condition, and a sentence with the remedy."""

    reason: str
    message: str


def match(name: DnsName, zones: Sequence[Zone]) -> Zone | Refusal:
    """The zone with the longest domain that holds the name, label by label; two zones of equal domain are refused."""
    best: list[Zone] = []
    length = 0
    for zone in zones:
        if not name.inside(zone.domain):
            continue
        size = len(zone.domain.text)
        if size > length:
            best, length = [zone], size
        elif size == length:
            best.append(zone)
    if len(best) == 1:
        return best[0]
    if not best:
        return _no_zone(name, zones)
    both = " and ".join(f"DNSZone {zone.name}" for zone in sorted(best, key=lambda zone: zone.name))
    return Refusal("AmbiguousZone", f"{name.relative}: {both} have the same domain {best[0].domain.relative}; delete one of them")


def permits(zone: Zone, name: DnsName, namespace: str, labels: Mapping[str, str]) -> bool:
    """Whether a grant of the zone lets this namespace claim the name; a zone without grants lets everybody."""
    if not zone.grants:
        return True
    return any(_is_for(grant, namespace, labels) and _covers(grant, name) for grant in zone.grants)


def refusal(zone: Zone, name: DnsName, namespace: str, labels: Mapping[str, str]) -> Refusal | None:
    """The grant check as an answer for people."""
    if permits(zone, name, namespace, labels):
        return None
    return Refusal(
        "HostnameNotPermitted",
        f"{name.relative}: DNSZone {zone.name} does not let namespace {namespace} claim it; "
        f"ask its owner for an entry in spec.grants with this namespace and name",
    )


def clamp(ttl: int, bounds: TtlBounds) -> int:
    """The nearest TTL that the zone allows, in seconds."""
    return min(max(ttl, bounds.min), bounds.max)


def _is_for(grant: Grant, namespace: str, labels: Mapping[str, str]) -> bool:
    if not grant.namespaces and not grant.requirements:
        return True
    if namespace in grant.namespaces:
        return True
    return bool(grant.requirements) and all(requirement.met_by(dict(labels)) for requirement in grant.requirements)


def _covers(grant: Grant, name: DnsName) -> bool:
    return not grant.names or any(_matches(pattern, name) for pattern in grant.names)


def _matches(pattern: str, name: DnsName) -> bool:
    parsed = _pattern(pattern)
    if parsed is None:
        return False
    if parsed.is_wildcard:
        return name.text.endswith(parsed.text[1:])
    return name == parsed


@lru_cache(maxsize=4096)
def _pattern(text: str) -> DnsName | None:
    try:
        return DnsName.parse(text)
    except InvalidName:
        return None  # a pattern that is no name covers no name


def _no_zone(name: DnsName, zones: Sequence[Zone]) -> Refusal:
    known = sorted(f"{zone.name} ({zone.domain.relative or '.'})" for zone in zones)
    there = ", ".join(known[:SHOWN]) + (f" and {len(known) - SHOWN} more" if len(known) > SHOWN else "")
    return Refusal(
        "NoMatchingZone",
        f"{name.relative}: no DNSZone covers it (there are: {there or 'none'}); create one for a parent domain or change the name",
    )
