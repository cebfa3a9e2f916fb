"""Pure checks of zones: their objects, and the ownership of the names that are claimed in them; reading them is in backends."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from mcidns.doctor import rules
from mcidns.doctor.findings import Finding, Outcome
from mcidns.doctor.site import NamespaceSeen, ZoneSeen
from mcidns.hub.unreadable import Unreadable
from mcidns.model.hosts import Requirement
from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey
from mcidns.model.zones import Affix, Registry, Zone
from mcidns.program import adoption, standing
from mcidns.program.ownership import At
from mcidns.program.registry import Names
from mcidns.program.standing import ADDRESSING, Rules


def twins(zone: ZoneSeen, all_: Iterable[ZoneSeen]) -> Outcome:
    """Another DNSZone with a provider and the same domain; told of the later one by name."""
    mine = zone.zone
    if isinstance(mine, Unreadable) or mine.provider is None:
        return Outcome()
    others = [
        one
        for one in all_
        if isinstance(one.zone, Zone) and one.zone.provider is not None and one.zone.domain == mine.domain and one.name < zone.name
    ]
    return Outcome.of(
        rules.ZONE_TWICE.found(
            f"DNSZones {zone.name} (owner {mine.owner_id}) and {one.name} (owner {_owner(one)}) are both {mine.domain.relative}",
            name=zone.name,
        )
        for one in others
    )


def _owner(seen: ZoneSeen) -> str:
    return seen.zone.owner_id if isinstance(seen.zone, Zone) else ""


def held(seen: ZoneSeen) -> Outcome:
    """A plan that waits for a person."""
    said = seen.told.of("PlanHeld")
    if said.status != "True":
        return Outcome()
    return Outcome((rules.PLAN_HELD.found(said.message, name=seen.name, digest=seen.digest or "DIGEST"),))


def grants(zone: Zone, namespaces: Iterable[NamespaceSeen]) -> Outcome:
    """Grants by which nobody may claim anything."""
    there = {one.name: dict(one.labels) for one in namespaces}
    if not zone.grants:
        return Outcome(note="no grants: every namespace may claim every name")
    findings: list[Finding] = []
    for position, grant in enumerate(zone.grants):
        where = f"spec.grants[{position}] of DNSZone {zone.name}"
        parts = {"name": zone.name}
        missing = [name for name in grant.namespaces if name not in there]
        by_label = any(all(one.met_by(labels) for one in grant.requirements) for labels in there.values())
        if grant.requirements and not by_label:
            label = _label(grant.requirements[0])
            what = f"no namespace has the labels of {where} ({'; '.join(map(_spelled, grant.requirements))})"
            findings.append(rules.GRANT_EMPTY.found(what, **parts, label=label))
        elif missing and len(missing) == len(grant.namespaces):
            what = f"{where} names {', '.join(missing)}, and there is no such namespace"
            findings.append(rules.GRANT_EMPTY.found(what, **parts, label="KEY=VALUE"))
    return Outcome.of(findings, f"{len(zone.grants)} grants")


def _label(one: Requirement) -> str:
    return f"{one.key}={one.values[0] if one.values else 'true'}" if one.operator in ("In", "Exists") else f"{one.key}-"


def _spelled(one: Requirement) -> str:
    return f"{one.key} {one.operator} {', '.join(one.values)}".rstrip()


def ownership(zone: Zone, ruled: Rules, wanted: Iterable[tuple[DnsName, frozenset[str]]], at: At) -> Outcome:
    """Records and marks of others at names that are claimed; `wanted` has the types that each name shall hold."""
    if ruled.registry == "None":
        return Outcome(note="registry.type is None: whatever stands at a name is taken for ours")
    names = tuple(wanted)
    findings = [finding for name, types in names for finding in _at_name(zone, ruled, name, types or ADDRESSING, at)]
    return Outcome.of(findings, f"{len(names)} claimed names")


def _at_name(zone: Zone, ruled: Rules, name: DnsName, types: frozenset[str], at: At) -> Iterator[Finding]:
    survey = standing.survey(ruled, name, at)
    blocking = {
        other
        for type_ in types
        if not any(key.type == type_ for key in survey.own) and (other := survey.in_the_way(RecordKey(name, type_))) is not None
    }
    owners = {survey.owners[key] for key in blocking if key in survey.owners}
    unread = {key: owner for key in blocking if key not in survey.owners and (owner := _usual_owner(ruled, key, at))}
    parts = {"zone": zone.name, "host": name.relative}
    free = sorted({key.type for key in blocking if key not in survey.owners and key not in unread})
    if free:
        yield rules.UNOWNED_RECORD.found(f"{name.relative} has {', '.join(free)} that carry no mark of anybody", **parts)
    for owner in sorted(set(unread.values())):
        yield rules.RIVAL_UNREAD.found(f"the records of {name.relative} belong to {owner}", **parts, owner=owner)
    orphans = {
        one.owner
        for one in adoption.census(ruled, sorted(adoption.places(ruled, (name,))), at)
        if one.orphan and one.key.name == name and one.owner and one.owner not in ruled.names.owners
    }
    for owner in sorted(owners | orphans):
        kept = "the records of {} belong" if owner in owners else "an ownership TXT of {}, without a record, belongs"
        yield rules.RIVAL_OWNER.found(f"{kept.format(name.relative)} to {owner}", **parts, owner=owner)


def _usual_owner(ruled: Rules, key: RecordKey, at: At) -> str:
    """Whom a mark in ExternalDNS's own form names, where the zone reads other forms only; empty if there is none."""
    found = _usual(ruled.zone).find(key, at)
    return " and ".join(found.owners) if found is not None else ""


def places(ruled: Rules, names: Iterable[DnsName]) -> frozenset[DnsName]:
    """Everything that bears on who owns these names."""
    listed = tuple(names)
    usual = _usual(ruled.zone)
    beside = {place for name in listed for type_ in ADDRESSING for place, _ in usual.places(name, type_)}
    return adoption.places(ruled, listed) | beside


@lru_cache(maxsize=64)
def _usual(domain: DnsName) -> Names:
    return Names.of(domain, Registry(write=Affix()))
