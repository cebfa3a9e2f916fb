"""Record sets and the dictionaries that the API speaks in; edits to the entries of one change batch; pure, sends nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcidns.errors import Rejected
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet
from mcidns_route53 import policies, spelling, values

RawSet = Mapping[str, Any]
Entry = dict[str, Any]
"""One element of ChangeBatch.Changes: Action and ResourceRecordSet."""

TYPES = frozenset(
    {"A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"}
)
MAX_VALUES = 400
MAX_TTL = 2**31 - 1


def record_set(raw: RawSet, zone_id: str) -> RecordSet:
    """A listed set. An alias has TTL 0 and its target as only value."""
    type_ = raw["Type"]
    key = RecordKey(spelling.name(raw["Name"]), type_, raw.get("SetIdentifier", ""))
    properties = policies.properties(raw, zone_id)
    if raw.get("AliasTarget"):
        return RecordSet(key, 0, (policies.alias_value(raw),), properties)
    found = [values.canonical(type_, record["Value"]) for record in raw.get("ResourceRecords", ())]
    return RecordSet(key, int(raw.get("TTL", 0)), tuple(sorted(set(found))), properties)


def raw_set(records: RecordSet, zone_id: str) -> Entry:
    """A set as the API takes it. Raises Rejected naming the record and what is wrong with it."""
    key = records.key
    made: Entry = {"Name": spelling.wire_name(key.name), "Type": key.type}
    try:
        made.update(policies.fields(records))
        alias = policies.alias_target(records, zone_id)
        if alias:
            return {**made, **alias}
        made["TTL"] = records.ttl
        made["ResourceRecords"] = [{"Value": _value(key, value)} for value in records.values]
    except policies.BadProperty as error:
        raise Rejected(f"{key}: {error}") from error
    return made


def _value(key: RecordKey, value: str) -> str:
    try:
        return values.wire(key.type, value)
    except values.BadValue as error:
        raise Rejected(f"{key}: value {_short(value)}: {error}") from error


def check(edit: Edit, zone: DnsName) -> None:
    """Refuse what Route 53 never takes, before it is sent. Raises Rejected naming the record."""
    key, new = edit.key, edit.new
    if not key.name.inside(zone):
        raise Rejected(f"{key}: the name is not in zone {zone.relative}; move it to a DNSZone that holds it")
    if key.type == "NS" and key.name == zone and new is None and edit.old is not None:
        raise Rejected(f"{key}: a zone cannot lose its own NS records; name at least one")
    if new is None or edit.is_check:
        return
    if key.type not in TYPES:
        raise Rejected(f"{key}: Route 53 has no records of type {key.type}; it has {', '.join(sorted(TYPES))}")
    if not 1 <= len(new.values) <= MAX_VALUES:
        raise Rejected(f"{key}: {len(new.values)} values; Route 53 takes 1 to {MAX_VALUES} in one set")
    if not 0 <= new.ttl <= MAX_TTL:
        raise Rejected(f"{key}: TTL {new.ttl} is out of range; write 0 to {MAX_TTL} seconds")
    if dict(new.properties).get(policies.OTHER):
        raise Rejected(f"{key}: it has {dict(new.properties)[policies.OTHER]}, which we cannot write; change it in Route 53 itself")
    _check_policy(new)
    if key.type == "CNAME":
        _check_alone(new, zone)


def _check_policy(new: RecordSet) -> None:
    if not new.properties and not new.key.set_identifier:
        return
    raw_set(new, "")
    found = dict(new.properties)
    if (found.get("aws/multi-value-answer", "false") != "false" or policies.is_alias(new)) and len(new.values) != 1:
        what = "an alias" if policies.is_alias(new) else "a multivalue answer"
        raise Rejected(f"{new.key}: {what} has exactly one value, not {len(new.values)}")


def _check_alone(new: RecordSet, zone: DnsName) -> None:
    if new.key.name == zone:
        raise Rejected(f"{new.key}: the apex of a zone cannot be a CNAME; publish addresses, or an alias")
    if len(new.values) != 1:
        raise Rejected(f"{new.key}: a CNAME has exactly one value, not {len(new.values)}")


def _short(value: str) -> str:
    return repr(value if len(value) <= 100 else value[:80] + "…")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a batch uses up of a request: record elements and characters of values (Developer Guide, "Quotas")."""

    elements: int = 0
    characters: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.elements + other.elements, self.characters + other.characters)

    def fits(self) -> bool:
        """Whether Route 53 takes so much in one request."""
        return self.elements <= MAX_ELEMENTS and self.characters <= MAX_CHARACTERS


MAX_ELEMENTS = 1000
MAX_CHARACTERS = 32_000
NOTHING = Cost()


def cost_of(records: RecordSet) -> Cost:
    """What naming a set once uses up; an UPSERT would count twice, but we send none. Raises Rejected."""
    if policies.is_alias(records):
        return Cost(1, len(records.values[0]))
    return Cost(len(records.values), sum(len(_value(records.key, value)) for value in records.values))


def is_ours(records: RecordSet, raw: RawSet) -> bool:
    """Whether a listed set is spelled as we would spell it."""
    if raw.get("AliasTarget") or raw.get("GeoProximityLocation") or any(name == policies.OTHER for name, _ in records.properties):
        try:
            return bool(raw_set(records, raw["AliasTarget"]["HostedZoneId"] if raw.get("AliasTarget") else "") == dict(raw))
        except Rejected:
            return False
    found = sorted([record["Value"] for record in raw.get("ResourceRecords", ())])
    if found == list(records.values) and not any("\\" in value for value in found):
        return True
    try:
        return found == sorted(values.wire(records.key.type, value) for value in records.values)
    except values.BadValue:
        return False


def merged(changes: Sequence[Change]) -> tuple[Edit, ...]:
    """One edit per key; a check may stand beside a change that expects the same. Raises Rejected when two contradict."""
    found: dict[RecordKey, Edit] = {}
    for edit in (edit for change in changes for edit in change.edits):
        present = found.setdefault(edit.key, edit)
        if present is edit:
            continue
        if not same(present.old, edit.old) or not (present.is_check or edit.is_check or same(present.new, edit.new)):
            raise Rejected(f"{edit.key}: two changes of one batch expect or leave it differently; send them one after another")
        if present.is_check:
            found[edit.key] = edit
    return tuple(found.values())


def same(one: RecordSet | None, other: RecordSet | None) -> bool:
    """Whether two sets of one key mean the same, TTLs aside."""
    if one is None or other is None:
        return one is other
    return one.values == other.values and _policy(one) == _policy(other)


def _policy(records: RecordSet) -> policies.Properties:
    # An ownership TXT inherits its record's properties, alias included; Route 53 stores only what applies.
    try:
        found = policies.normal(records.key, records.properties)
    except policies.BadProperty:
        return records.properties
    if records.key.type in policies.ALIASES:
        return found
    return tuple((name, value) for name, value in found if name not in {policies.ALIAS, policies.EVALUATE, policies.TARGET_ZONE})
