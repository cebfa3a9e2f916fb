"""A zone taken over from an ExternalDNS: which of its records our objects wish for, and what stands against it; writes nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from mcidns.errors import ConfigError
from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey
from mcidns.model.references import ObjectRef
from mcidns.model.zones import Affix, Encryption, Zone
from mcidns.program import adoption
from mcidns.program.adoption import Outcome, Owned, Taking
from mcidns.program.errands import Errand
from mcidns.program.ownership import At
from mcidns.program.standing import ADDRESSING
from mcidns.program.wanted import Wanted
from mcidns.rehearsal import Refusal

Fate = Literal["adopt", "no wish", "conflict", "orphan"]


@dataclass(frozen=True, slots=True)
class Row:
    """One record set of ExternalDNS's, or one name that somebody here wishes for in vain.

    `resource` is the object that ExternalDNS made it for, `wisher` ours; `becomes` what it would hold afterwards.
    """

    key: RecordKey
    values: tuple[str, ...]
    resource: str
    fate: Fate
    wisher: ObjectRef | None = None
    becomes: tuple[str, ...] = ()
    why: str = ""


def readable(zone: Zone, affix: Affix, encryption: Encryption | None) -> Zone:
    """The zone, with ExternalDNS's way of naming and encrypting its TXTs among those that are read."""
    known = zone.registry
    also = tuple(dict.fromkeys((*known.read_also, affix)))
    return replace(zone, registry=replace(known, read_also=also, encryption=encryption or known.encryption))


def former(errand: Errand, asked: str) -> str:
    """Whose records are meant: the owner asked for, or the only other one. Raises ConfigError where there is none, or a choice."""
    found = adoption.census(errand.rules, errand.names, errand.at)
    others = sorted({one.owner for one in found if one.owner and one.owner not in errand.rules.names.owners})
    if asked in errand.rules.names.owners:
        raise ConfigError("--owner-id", f"{asked!r} is ours in this zone", "name the --txt-owner-id of ExternalDNS")
    if asked or len(others) == 1:
        return asked or others[0]
    problem = f"the zone has records of {', '.join(others)}" if others else "nobody else owns a record in the zone"
    remedy = "say whose are meant" if others else "give the --txt-prefix or --txt-suffix that ExternalDNS was started with"
    raise ConfigError("--owner-id", problem, remedy)


def assess(
    errand: Errand, owner: str, wanted: Callable[[DnsName], Wanted | None], refusals: Iterable[Refusal] = ()
) -> tuple[Row, ...]:
    """Every record set of the owner, and every name that is wished for here and stands under somebody else, sorted."""
    theirs = [one for one in adoption.census(errand.rules, errand.names, errand.at) if one.owner == owner]
    rows = [_row(errand, owner, one, wanted(one.key.name)) for one in theirs]
    seen = {one.key.name.relative for one in theirs}
    for refusal in refusals:
        if refusal.reason == "NotOwner" and refusal.name not in seen:
            name = DnsName.parse(refusal.name)
            if name.inside(errand.rules.zone):
                rows.append(Row(RecordKey(name, ""), (), "", "conflict", refusal.source, why=refusal.message))
    return tuple(sorted(rows, key=lambda row: row.key))


def _row(errand: Errand, owner: str, one: Owned, wanted: Wanted | None) -> Row:
    if one.orphan:
        return Row(one.key, (), one.resource, "orphan", why="its record is gone; nothing to take over")
    if wanted is None:
        return Row(one.key, one.values, one.resource, "no wish", why="no object here wishes for it; it stays ExternalDNS's")
    wisher = wanted.causes[0] if wanted.causes else None
    becomes = next((records.values for records in wanted.sets if records.key == one.key), ())
    outcome = plan(errand, owner, wanted)(one.key.name, errand.at)
    if one.key not in outcome.keys:
        return Row(one.key, one.values, one.resource, "conflict", wisher, becomes, "; ".join(outcome.refused))
    if not becomes:
        why = "this type is not wished for; it makes way for " + ", ".join(sorted({records.type for records in wanted.sets}))
    else:
        why = "as it is" if becomes == one.values else "with other values"
    return Row(one.key, one.values, one.resource, "adopt", wisher, becomes, why)


def plan(errand: Errand, owner: str, wanted: Wanted | None) -> Callable[[DnsName, At], Outcome]:
    """How one name is adopted from the owner for whoever wishes for it."""
    taking = Taking(owner, ADDRESSING, wanted.resource if wanted is not None else "")
    return lambda name, at: adoption.adopt(errand.rules, name, at, taking)
