"""Record sets cut to what a provider can express, with a word on what was lost; nothing is compared or written here."""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct, structs

from mcidns.errors import Rejected
from mcidns.model import properties
from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet
from mcidns.program import flatten
from mcidns.program.remarks import Remark
from mcidns.provider import Capabilities, refusal

Adjust = Callable[[RecordSet], tuple[RecordSet, ...]]
ALIAS = ("alias", "true")
"""ExternalDNS's property of a set that points to a host name of the back end; it has no TTL of its own."""


class Fitted(Struct, frozen=True, gc=False):
    """The sets that can be written, and what is to be said of the others; `refused`: at least one cannot be written at all."""

    sets: dict[RecordKey, RecordSet]
    remarks: tuple[Remark, ...] = ()
    refused: bool = False


def fit(
    wished: Sequence[RecordSet], capabilities: Capabilities, *, apex: DnsName, default_ttl: int, adjust: Adjust | None = None
) -> Fitted:
    """Refuse what no server takes, clamp TTLs, and flatten set identifiers and properties where the back end has none.

    Sets that follow different policies cannot stand together anywhere; they are flattened too.
    """
    alone = _alone(wished, capabilities, apex) if adjust is None else None
    if alone is not None:
        return Fitted({alone.key: alone})
    kept: list[RecordSet] = []
    remarks: list[Remark] = []
    for records in _adjusted(_unmixed(wished, capabilities, remarks), adjust, remarks):
        if not records.values:
            continue
        is_alias = adjust is not None and ALIAS in records.properties
        flaw = None if is_alias else refusal(records, capabilities, apex)
        if flaw is not None:
            remarks.append(Remark("Failed", "Rejected", flaw))
            continue
        kept.append(records if is_alias else _clamped(records, capabilities, default_ttl, remarks))
    if not capabilities.set_identifiers and any(one.properties or one.key.set_identifier for one in kept):
        kept = [one if one.key.set_identifier or not one.properties else _plain(one, remarks) for one in kept]
        kept = flatten.flatten(kept, "the zone's provider has no routing policies", remarks)
    refused = any(remark.state == "Failed" for remark in remarks)
    return Fitted({records.key: records for records in kept}, tuple(dict.fromkeys(remarks)), refused)


def _alone(wished: Sequence[RecordSet], capabilities: Capabilities, apex: DnsName) -> RecordSet | None:
    """The one plain set that most names wish for, where it can be written as it is."""
    if len(wished) != 1:
        return None
    records = wished[0]
    if not records.values or records.properties or records.key.set_identifier:
        return None
    as_it_is = records.ttl > 0 and capabilities.min_ttl <= records.ttl <= capabilities.max_ttl
    return records if as_it_is and refusal(records, capabilities, apex) is None else None


def _unmixed(wished: Iterable[RecordSet], capabilities: Capabilities, remarks: list[Remark]) -> Iterable[RecordSet]:
    """Before anything else is made of them: sets of one type that follow different policies are flattened."""
    if not capabilities.set_identifiers:
        return wished
    sets = [records for records in wished if records.values]
    types = properties.mixed(sets)
    if not types:
        return sets
    alike = flatten.flatten([one for one in sets if one.type in types], "its sets follow different policies", remarks)
    return [*(one for one in sets if one.type not in types), *alike]


def _plain(records: RecordSet, remarks: list[Remark]) -> RecordSet:
    told = f"{records.key}: the zone's provider does not know {', '.join(name for name, _ in records.properties)}"
    remarks.append(Remark("Programmed", "StrategyDegraded", told))
    return structs.replace(records, properties=())


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
    return records if ttl == records.ttl else structs.replace(records, ttl=ttl)
