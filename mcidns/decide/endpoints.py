"""DNSEndpoints that others wrote: which of their rows may be programmed, under the rules that hold for everybody."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from mcidns.decide import admission, reverse
from mcidns.decide.admission import Refusal
from mcidns.decide.reverse import Claimant, Forward
from mcidns.model import targets, values
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.records import RecordKey, RecordSet, Wish
from mcidns.model.references import ObjectRef
from mcidns.model.values import InvalidValue
from mcidns.model.zones import Zone

_SINGLE = "CNAME"


class Row(Protocol):
    """What is read of one entry of `spec.endpoints`; names and values unchecked, `ttl` None where unset."""

    @property
    def dns_name(self) -> str: ...
    @property
    def record_type(self) -> str: ...
    @property
    def targets(self) -> tuple[str, ...]: ...
    @property
    def ttl(self) -> int | None: ...
    @property
    def set_identifier(self) -> str: ...
    @property
    def properties(self) -> tuple[tuple[str, str], ...]: ...


def admit(
    source: ObjectRef, created_at: float, rows: Iterable[Row], zones: Sequence[Zone], labels: Iterable[tuple[str, str]] = ()
) -> tuple[tuple[Wish, ...], tuple[str, ...]]:
    """One wish per name, sorted, and a sentence for every row or target that is left out; the others do not suffer from it.

    `created_at` in unix seconds, `labels` those of the source's namespace. Rows of one name, type and set identifier unite
    under the lowest TTL. DNSEndpoints of one namespace share names, as they do under ExternalDNS.
    """
    problems: list[str] = []
    by_label = dict(labels)
    found: dict[RecordKey, RecordSet] = {}
    asking: set[RecordKey] = set()
    for row in rows:
        admitted = _row(row, source, zones, by_label, problems)
        if admitted is not None:
            known = found.get(admitted.key)
            found[admitted.key] = admitted if known is None else _united(known, admitted)
            if _asks_for_ptr(row, f"{row.dns_name[:80]} {row.record_type}", problems):
                asking.add(admitted.key)
    by_name: dict[DnsName, list[RecordSet]] = {}
    for key in sorted(found):
        by_name.setdefault(key.name, []).append(found[key])
    wishes = [
        Wish(source, name, sets, created_at, merge=f"DNSEndpoint/{source.namespace}")
        for name, together in by_name.items()
        if (sets := _without_clashes(together, problems))
    ]
    claimant = Claimant(source, created_at, by_label)
    pointers = reverse.of([_forward(found[key]) for key in sorted(asking & found.keys())], claimant, zones)
    explicit = {wish.name for wish in wishes}
    wishes += [intent for intent in pointers.intents if isinstance(intent, Wish) and intent.name not in explicit]
    problems += [refusal.message for refusal in pointers.refusals]
    return tuple(sorted(wishes, key=lambda wish: wish.name)), tuple(dict.fromkeys(problems))


def _forward(records: RecordSet) -> Forward:
    return Forward(records.name, records.values, records.ttl)


def _asks_for_ptr(row: Row, where: str, problems: list[str]) -> bool:
    asked = dict(row.properties).get(reverse.PROPERTY, "")
    if asked and (row.record_type not in ("A", "AAAA") or asked.lower() != "ptr"):
        problems.append(f"{where}: the property {reverse.PROPERTY} {asked[:20]!r} means nothing here; ptr may stand at A and AAAA")
        return False
    return bool(asked)


def _row(row: Row, source: ObjectRef, zones: Sequence[Zone], labels: Mapping[str, str], problems: list[str]) -> RecordSet | None:
    where = f"{row.dns_name[:80]} {row.record_type}"
    try:
        name = DnsName.parse(row.dns_name)
    except InvalidName as error:
        problems.append(f"{where}: {error}")
        return None
    zone = _zone(name, source, zones, labels)
    objection = zone.message if isinstance(zone, Refusal) else _misplaced(name, row, zone)
    if isinstance(zone, Refusal) or objection:
        problems.append(f"{where}: {objection}")
        return None
    try:
        offered = [values.canonical(row.record_type, text) for text in row.targets]
    except InvalidValue as error:
        problems.append(f"{where}: {error}")
        return None
    kept = [value for value in offered if _may(value, row.record_type, zone, where, problems)]
    if row.record_type == _SINGLE and len(set(kept)) > 1:
        problems.append(f"{where}: a CNAME has exactly one target; leave one, or use A records")
        return None
    if not kept:
        problems.append(f"{where}: no target is left that could be published")
        return None
    ttl = admission.clamp(row.ttl or zone.ttl.default, zone.ttl)
    key = RecordKey(name, row.record_type, row.set_identifier)
    return RecordSet(key, ttl, tuple(sorted(set(kept))), _properties(row))


def _properties(row: Row) -> tuple[tuple[str, str], ...]:
    """Without what is answered by PTR records here and no provider knows."""
    return tuple(sorted((name, value) for name, value in row.properties if name != reverse.PROPERTY))


def _zone(name: DnsName, source: ObjectRef, zones: Sequence[Zone], labels: Mapping[str, str]) -> Zone | Refusal:
    zone = admission.match(name, zones)
    if isinstance(zone, Refusal):
        return zone
    return admission.refusal(zone, name, source.namespace, labels) or zone


def _misplaced(name: DnsName, row: Row, zone: Zone) -> str | None:
    if name != zone.domain:
        return None
    # ExternalDNS writes an alias as a CNAME; a provider that has aliases makes addresses of it, any other refuses it.
    if row.record_type == _SINGLE and ("alias", "true") not in row.properties:
        return "a CNAME cannot stand at the zone's apex (RFC 1034 §3.6.2); use A and AAAA records"
    if row.record_type == "NS":
        return "the zone's own NS records belong to its name servers; delegate a name below it instead"
    return None


def _may(value: str, type_: str, zone: Zone, where: str, problems: list[str]) -> bool:
    if type_ not in ("A", "AAAA"):
        return True
    objection = targets.objection(targets.parse(value), zone.allowed_targets)
    if objection is not None:
        problems.append(f"{where}: {objection}")
    return objection is None


def _united(known: RecordSet, other: RecordSet) -> RecordSet:
    together = tuple(sorted({*known.values, *other.values}))
    return RecordSet(known.key, min(known.ttl, other.ttl), together, known.properties or other.properties)


def _without_clashes(together: Sequence[RecordSet], problems: list[str]) -> tuple[RecordSet, ...]:
    """A CNAME stands alone and has one target: it yields to other types, and one that united to several is dropped."""
    others = any(records.type != _SINGLE for records in together)
    kept = []
    for records in together:
        if records.type == _SINGLE and others:
            problems.append(f"{records.key}: a CNAME cannot stand beside other records of its name (RFC 1034 §3.6.2)")
        elif records.type == _SINGLE and len(records.values) > 1:
            problems.append(f"{records.key}: several rows give it different targets; leave one of them")
        else:
            kept.append(records)
    return tuple(kept)
