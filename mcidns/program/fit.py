"""Record sets cut to what a provider can express, with a word on what was lost; nothing is compared or written here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from mcidns.errors import Rejected
from mcidns.model.decisions import ProgramState
from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet
from mcidns.provider import Capabilities, refusal

Adjust = Callable[[RecordSet], tuple[RecordSet, ...]]
ALIAS = ("alias", "true")
"""ExternalDNS's property of a set that points to a host name of the back end; it has no TTL of its own."""


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """Something to tell the objects behind a name; `reason` is a Programmed reason of design §4."""

    state: ProgramState
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Fitted:
    """The sets that can be written, and what is to be said of the others; `refused`: at least one cannot be written at all."""

    sets: dict[RecordKey, RecordSet]
    remarks: tuple[Remark, ...] = ()
    refused: bool = False


def fit(
    wished: Iterable[RecordSet], capabilities: Capabilities, *, apex: DnsName, default_ttl: int, adjust: Adjust | None = None
) -> Fitted:
    """Refuse what no server takes, clamp TTLs, and flatten set identifiers and properties where the back end has none."""
    sets: dict[RecordKey, RecordSet] = {}
    remarks: list[Remark] = []
    for records in _adjusted(wished, adjust, remarks):
        if not records.values:
            continue
        is_alias = adjust is not None and ALIAS in records.properties
        flaw = None if is_alias else refusal(records, capabilities, apex)
        if flaw is not None:
            remarks.append(Remark("Failed", "Rejected", flaw))
            continue
        fitted = records if is_alias else _clamped(records, capabilities, default_ttl, remarks)
        if (fitted.properties or fitted.key.set_identifier) and not capabilities.set_identifiers:
            fitted = _flattened(fitted, sets, remarks)
        sets[fitted.key] = fitted
    refused = any(remark.state == "Failed" for remark in remarks)
    return Fitted(sets, tuple(dict.fromkeys(remarks)), refused)


def _adjusted(wished: Iterable[RecordSet], adjust: Adjust | None, remarks: list[Remark]) -> Iterable[RecordSet]:
    """What the back end makes of each set; what it cannot make anything of is told and left out."""
    if adjust is None:
        return wished
    found: list[RecordSet] = []
    for records in wished:
        try:
            found += adjust(records) if records.values else ()
        except Rejected as error:
            remarks.append(Remark("Failed", "Rejected", str(error)))
    return found


def _clamped(records: RecordSet, capabilities: Capabilities, default_ttl: int, remarks: list[Remark]) -> RecordSet:
    wished = records.ttl if records.ttl > 0 else default_ttl
    ttl = min(max(wished, capabilities.min_ttl), capabilities.max_ttl)
    if ttl != wished:
        remarks.append(Remark("Programmed", "TTLClamped", f"{records.key}: TTL {wished} is written as {ttl}, the provider's limit"))
    return records if ttl == records.ttl else replace(records, ttl=ttl)


def _flattened(records: RecordSet, sets: dict[RecordKey, RecordSet], remarks: list[Remark]) -> RecordSet:
    """All sets of one type as one: the nearest safe thing where the back end has no routing policies."""
    lost = "set identifiers" if records.key.set_identifier else "provider properties"
    plain = RecordKey(records.key.name, records.key.type)
    remarks.append(Remark("Programmed", "StrategyDegraded", f"{plain}: the provider has no {lost}; all targets are served alike"))
    known = sets.get(plain)
    if known is None:
        return RecordSet(plain, records.ttl, records.values)
    if plain.type == "CNAME":
        return known
    return RecordSet(plain, min(known.ttl, records.ttl), tuple(sorted({*known.values, *records.values})))
