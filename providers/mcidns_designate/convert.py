"""Record sets between our canonical form and the objects of the API; no requests and no decisions."""

import re
from ipaddress import AddressValueError, IPv6Address

from mcidns.errors import Rejected
from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet
from mcidns.provider import Capabilities, refusal
from mcidns_designate import texts
from mcidns_designate.shapes import NewRecordset, Recordset

TYPES = frozenset({"A", "AAAA", "CNAME", "TXT", "SPF", "NS", "MX", "SRV", "PTR", "CAA", "SSHFP", "TLSA"})
"""Types that can be written; whatever else a zone holds is read as Designate spells it (it refuses most NAPTR and HTTPS)."""
CAN = Capabilities(types=TYPES, compare_and_set=False)
"""No compare and set: between our look and our write somebody else may write, and nobody would notice."""
KEPT_BY_SERVER = frozenset({"SOA"})

_TARGETS = frozenset({"CNAME", "NS", "PTR", "MX", "SRV"})
_CAA = re.compile(r'(\d+)\s+([A-Za-z0-9]+)\s+(?:"((?:[^"\\]|\\.)*)"|(\S.*))\Z', re.DOTALL)


def key(row: Recordset) -> RecordKey:
    """The key of an object, its name in lower case."""
    return RecordKey(DnsName(row.name.lower()), row.type)


def decode(row: Recordset, zone_ttl: int) -> RecordSet:
    """An object as a record set; values that cannot be read stay as they are."""
    return RecordSet(
        key(row), zone_ttl if row.ttl is None else row.ttl, tuple(sorted({_value(row.type, value) for value in row.records}))
    )


def canonical(records: RecordSet) -> tuple[str, ...]:
    """The values as they will read once Designate holds them. Raises Rejected."""
    if records.type not in {"TXT", "SPF"}:
        return records.values
    return tuple(sorted({_encoded(records, value, canonical=True) for value in records.values}))


def encode(records: RecordSet, zone: DnsName) -> NewRecordset:
    """A record set as the body of a POST. Raises Rejected, naming it, for what can never be."""
    flaw = refusal(records, CAN, zone)
    if flaw is not None:
        raise Rejected(flaw)
    if records.key.set_identifier or records.properties:
        raise Rejected(f"{records.key}: Designate has no routing policies; leave out set identifiers and provider properties")
    values = [_encoded(records, value) for value in records.values]
    return NewRecordset(records.name.text, records.type, records.ttl, values)


def _value(type_: str, value: str) -> str:
    try:
        if type_ == "AAAA":
            return _address(value)
        if type_ in {"TXT", "SPF"}:
            return texts.canonical(value)
    except (AddressValueError, texts.BadText):
        return value
    if type_ in _TARGETS:
        return value.lower()
    if type_ == "CAA" and (match := _CAA.match(value)) is not None:
        flags, tag, quoted, plain = match.groups()
        return f'{flags} {tag.lower()} "{plain if quoted is None else quoted}"'
    return value


def _address(value: str) -> str:
    address = IPv6Address(value)
    mapped = address.ipv4_mapped
    # Python 3.13 spells these with a dotted part, earlier ones do not.
    return str(address) if mapped is None else f"::ffff:{int(mapped) >> 16:x}:{int(mapped) & 0xFFFF:x}"


def _encoded(records: RecordSet, value: str, *, canonical: bool = False) -> str:
    if records.type in {"TXT", "SPF"}:
        try:
            return texts.canonical(value) if canonical else texts.encode(value)
        except texts.BadText as error:
            raise Rejected(f"{records.key}: {value[:80]!r} is no text; {error}") from error
    if records.type == "CAA" and (match := _CAA.match(value)) is not None:
        flags, tag, quoted, plain = match.groups()
        # Designate knows this value only without its quotes.
        return f"{flags} {tag} {plain if quoted is None else quoted}"
    return value
