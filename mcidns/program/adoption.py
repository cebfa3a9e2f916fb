"""Ownership handed from one to another and given up, name by name, as changes of TXTs alone; no record itself is ever changed."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet, Urgency
from mcidns.program import epochs, fit, ownership, registry
from mcidns.program.affixes import TYPES
from mcidns.program.ownership import At, Holding
from mcidns.program.standing import ADDRESSING, Rules, marks, survey

ADOPTED = "adopted"
"""The resource label of what was taken over for no object in particular."""


@dataclass(frozen=True, slots=True)
class Taking:
    """What to take over: records of `former`, or those that carry no mark where it is None, of these types.

    `resource` is the label of the object that wishes for the name, empty to keep what stands.
    """

    former: str | None = None
    types: frozenset[str] = ADDRESSING
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be done about the ownership of one name. `keys` change hands; `already` are as wished; `refused` say why not."""

    name: DnsName
    change: Change | None = None
    keys: tuple[RecordKey, ...] = ()
    already: tuple[RecordKey, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(slots=True)
class _Draft:
    """Edits by key, the first word on each TXT counting, and what is left alone."""

    edits: dict[RecordKey, Edit] = field(default_factory=dict)
    taken: dict[RecordKey, Holding | None] = field(default_factory=dict)
    already: list[RecordKey] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def outcome(self, name: DnsName, note: str) -> Outcome:
        keys = tuple(sorted(self.taken))
        writes = any(not edit.is_check for edit in self.edits.values())
        change = Change(name, tuple(self.edits.values()), Urgency.COSMETIC, (), note) if writes else None
        return Outcome(name, change, keys, tuple(self.already), tuple(self.refused))


def adopt(rules: Rules, name: DnsName, at: At, taking: Taking) -> Outcome:
    """Make the records at a name ours: one change that sets our TXT, takes the former owner's away, and rests on the records.

    Marked so that the records outlive the mark: where no object wishes for them, a controller gives them up again and deletes
    nothing. Somebody else's records are refused, and so is what cannot carry a TXT.
    """
    draft = _Draft()
    records = [one for one in at(name) if one.type in TYPES and not rules.names.holding(one).claims]
    for one in records:
        _weigh(rules, draft, one, at, taking)
    if not records:
        draft.refused.append(f"{name.relative} holds no record that could be owned")
    for key in draft.taken:
        one = next(records_ for records_ in records if records_.key == key)
        draft.edits[key] = Edit(key, one, one)
        _mark(rules, draft, one, taking)
    if taking.former is not None:
        _clear(rules, draft, name, at, taking.former)
    return draft.outcome(name, f"ownership from {taking.former or 'nobody'} to {rules.owner}")


def _weigh(rules: Rules, draft: _Draft, records: RecordSet, at: At, taking: Taking) -> None:
    key = records.key
    found = rules.names.find(key, at, alias=fit.ALIAS in records.properties)
    if rules.names.owns(found):
        draft.already.append(key)
    elif found is not None and not found.claims:
        draft.refused.append(f"{key}: TXT {found.txt.name.relative}, where its ownership would stand, is no ownership; remove it")
    elif found is not None and not set(found.owners) <= {taking.former, *rules.names.owners}:
        draft.refused.append(f"{key} belongs to {' and '.join(found.owners)}; only with --owner it would be taken over")
    elif found is None and taking.former is not None:
        if key.type in taking.types:
            draft.refused.append(f"{key} carries no mark of {taking.former}; without --owner it would be taken over")
    elif found is not None or key.type in taking.types:
        objection = _objection(rules, key, at)
        if objection:
            draft.refused.append(objection)
        else:
            draft.taken[key] = found


def _objection(rules: Rules, key: RecordKey, at: At) -> str:
    try:
        place = rules.names.written(key.name, key.type)
    except registry.Unownable as error:
        return str(error)
    if any(one.type == "CNAME" for one in at(place)):
        return f"{key}: a CNAME stands at {place.relative}, where its ownership TXT would be; remove that CNAME"
    return ""


def _mark(rules: Rules, draft: _Draft, records: RecordSet, taking: Taking) -> None:
    """Our TXT for one record, in the place of whatever owned it there."""
    key, found = records.key, draft.taken[records.key]
    place = rules.names.written(key.name, key.type)
    kept = found.claims[0].resource if found is not None else ""
    content = ownership.write(rules.owner, taking.resource or kept or ADOPTED, orphan=True)
    value = rules.names.value(content, place)
    if found is not None and found.txt.name == place:
        draft.edits[found.txt.key] = Edit(found.txt.key, found.txt, found.with_claim(value))
        return
    txt = RecordKey(place, "TXT", key.set_identifier)
    draft.edits[txt] = Edit(txt, None, RecordSet(txt, records.ttl, (value,), records.properties))


def _clear(rules: Rules, draft: _Draft, name: DnsName, at: At, former: str) -> None:
    """Take every mark of the former owner's away that speaks for nothing but what was taken: it may have left several forms."""
    held = {one.key for one in at(name) if one.type in TYPES and not rules.names.holding(one).claims}
    for key in tuple(draft.taken):
        alias = rules.names.places(name, "CNAME") if key.type == "A" and not any(one.type == "CNAME" for one in held) else ()
        for place, typed in (*rules.names.places(name, key.type), *(one for one in alias if one[1])):
            for txt in at(place):
                found = rules.names.holding(txt) if txt.type == "TXT" and txt.key.set_identifier == key.set_identifier else None
                if found is None or former not in found.owners or found.txt.key in draft.edits:
                    continue
                shared = {other for other in held - draft.taken.keys() if other.set_identifier == key.set_identifier}
                alone = typed or all(other.type == "AAAA" for other in shared)
                draft.edits[txt.key] = Edit(txt.key, txt, _without(found, former) if alone else txt)


def _without(found: Holding, former: str) -> RecordSet | None:
    gone = {claim.raw for claim in found.claims if claim.owner == former}
    left = tuple(value for value in found.txt.values if value not in gone)
    return RecordSet(found.txt.key, found.txt.ttl, left, found.txt.properties) if left else None


def release(rules: Rules, name: DnsName, at: At) -> Outcome:
    """Give up the ownership of whatever is ours at a name; the records stay, and a TXT without record goes too."""
    draft = _Draft()
    here = survey(rules, name, at)
    for key, records in here.own.items():
        draft.taken[key] = here.holdings[key]
        draft.edits[key] = Edit(key, records, records)
    for mark in marks(rules, name, at, places(rules, (name,))):
        txt = mark.holding.txt
        draft.edits[txt.key] = Edit(txt.key, txt, mark.holding.without_claims())
    if not draft.edits:
        draft.refused.append(f"{name.relative} is not ours")
    return draft.outcome(name, f"ownership of {rules.owner} given up")


def lower(rules: Rules, name: DnsName, at: At) -> Outcome:
    """Take the fence away that stands at this name, if it is ours."""
    mark = epochs.standing(rules.zone, at(name))
    if mark is None or mark.owner not in rules.names.owners:
        return Outcome(name, refused=(f"{name.relative} holds no fence of ours",))
    change = epochs.given_up(name, at(name))
    return Outcome(name, change, tuple(edit.key for edit in change.edits))


def places(rules: Rules, names: Iterable[DnsName]) -> frozenset[DnsName]:
    """These names and every registry name that may speak for something there."""
    return frozenset(
        place for name in names for place in (name, *(txt for type_ in TYPES for txt, _ in rules.names.places(name, type_)))
    )


@dataclass(frozen=True, slots=True)
class Owned:
    """One record set and who owns it; `owner` empty: nobody, `resource` as its TXT says, `orphan`: a TXT without record."""

    key: RecordKey
    values: tuple[str, ...]
    owner: str
    resource: str = ""
    orphan: bool = False
    sealed: bool = False


def census(rules: Rules, names: Collection[DnsName], at: At) -> tuple[Owned, ...]:
    """Everything that could be owned at these names, sorted; ownership TXTs appear only where their record is missing.

    The fences of whoever leads are no records of anybody.
    """
    found: list[Owned] = []
    for name in names:
        for records in at(name):
            if records.type not in TYPES or epochs.standing(rules.zone, (records,)) is not None:
                continue
            mark = rules.names.holding(records)
            if mark.claims:
                found += _orphans(rules, name, mark, at)
            else:
                holding = rules.names.find(records.key, at, alias=fit.ALIAS in records.properties)
                claim = holding.claims[0] if holding is not None and holding.claims else None
                owner = " and ".join(holding.owners) if holding is not None else ""
                resource = claim.resource if claim is not None else ""
                found.append(Owned(records.key, records.values, owner, resource, sealed=claim is not None and claim.sealed))
    return tuple(sorted(found, key=lambda one: (one.key, one.owner)))


def _orphans(rules: Rules, place: DnsName, mark: Holding, at: At) -> list[Owned]:
    """The mark itself, where none of the records it may speak for is there."""
    subjects = tuple(rules.names.subjects(place))
    for host, type_ in subjects:
        for records in at(host):
            is_alias = type_ == "CNAME" and records.type == "A" and fit.ALIAS in records.properties
            fits = type_ in {None, records.type} or is_alias
            if fits and records.key.set_identifier == mark.txt.key.set_identifier and not rules.names.holding(records).claims:
                return []
    host, type_ = subjects[0] if subjects else (place, None)
    key = RecordKey(host, type_ or "", mark.txt.key.set_identifier)
    return [Owned(key, (), owner, mark.claims[0].resource, orphan=True) for owner in mark.owners]
