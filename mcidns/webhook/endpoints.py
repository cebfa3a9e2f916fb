"""Record sets as ExternalDNS's endpoints and back: names and values in the one spelling; messages and sockets live elsewhere."""

from collections.abc import Iterable
from typing import Final

from mcidns.model import values
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.records import RecordKey, RecordSet
from mcidns.model.values import InvalidValue
from mcidns.webhook.wire import Endpoint, Property

OWNED_RECORD: Final = "ownedRecord"
"""The label by which an ownership TXT names the record it speaks for."""

_DOTLESS: Final = frozenset({"A", "AAAA", "CNAME", "DNAME", "NS", "PTR"})
"""Types whose values ExternalDNS wants without a final dot; SRV, MX and NAPTR keep it."""


class Unusable(ValueError):
    """The endpoint is no record set; the message names it."""


def record_set(endpoint: Endpoint, ttl: int) -> RecordSet:
    """Strictly: every value must be one of its type. `ttl` where the endpoint has none. Raises Unusable."""
    type_ = endpoint.record_type.strip().upper()
    where = f"{endpoint.dns_name[:80]} {type_}"
    if not endpoint.targets:
        raise Unusable(f"{where}: it has no targets; name at least one")
    try:
        name = DnsName.parse(endpoint.dns_name)
        spelled = [_spelled(type_, text) for text in endpoint.targets]
    except (InvalidName, InvalidValue) as error:
        raise Unusable(f"{where}: {error}") from error
    return _made(endpoint, RecordKey(name, type_, endpoint.set_identifier or ""), ttl, spelled)


def listed(endpoint: Endpoint, ttl: int) -> RecordSet:
    """Whatever stands in a zone: what cannot be read as a value of its type is carried as it is."""
    type_ = endpoint.record_type.strip().upper()
    name = DnsName(endpoint.dns_name.strip().rstrip(".").lower() + ".")
    spelled = []
    for text in endpoint.targets or ():
        try:
            spelled.append(_spelled(type_, text))
        except InvalidValue:
            spelled.append(text)
    return _made(endpoint, RecordKey(name, type_, endpoint.set_identifier or ""), ttl, spelled)


def endpoint(records: RecordSet, labels: dict[str, str] | None = None) -> Endpoint:
    """As ExternalDNS spells it."""
    dotless = records.type in _DOTLESS
    return Endpoint(
        dns_name=records.name.relative,
        targets=[value.removesuffix(".") if dotless else value for value in records.values],
        record_type=records.type,
        set_identifier=records.key.set_identifier or None,
        record_ttl=records.ttl or None,
        labels=labels or None,
        provider_specific=[Property(name, value) for name, value in records.properties] or None,
    )


def united(sets: Iterable[RecordSet]) -> list[RecordSet]:
    """One set per key, of values in any number of endpoints; the lowest TTL counts."""
    found: dict[RecordKey, RecordSet] = {}
    for records in sets:
        known = found.get(records.key)
        if known is not None:
            found[records.key] = _both(known, records)
        else:
            found[records.key] = records
    return list(found.values())


def _both(one: RecordSet, other: RecordSet) -> RecordSet:
    values_ = tuple(sorted({*one.values, *other.values}))
    return RecordSet(one.key, min(one.ttl, other.ttl), values_, one.properties or other.properties)


def _made(endpoint: Endpoint, key: RecordKey, ttl: int, spelled: list[str]) -> RecordSet:
    pairs = tuple(sorted((pair.name, pair.value) for pair in endpoint.provider_specific or ()))
    return RecordSet(key, endpoint.record_ttl or ttl, tuple(sorted(set(spelled))), pairs)


def _spelled(type_: str, text: str) -> str:
    return values.canonical(type_, text) if type_ in values.SPELLED else text.strip()
