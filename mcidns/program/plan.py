"""The difference between what stands at a name and what shall stand there, as changes; nothing is read, judged or written here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from msgspec import Struct, structs

from mcidns.model import properties
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet
from mcidns.program import fit, fresh, keeping, leftovers, ownership, registry
from mcidns.program.edits import Draft
from mcidns.program.fit import Fitted
from mcidns.program.remarks import Remark
from mcidns.program.standing import ADDRESSING, Rules, Standing, marks, survey
from mcidns.program.wanted import Gone, Wanted


class NamePlan(Struct, frozen=True, gc=False):
    """What to do about one name. `empties`: it holds records of ours now, and none afterwards (a release is no emptying).

    `restrained`: something was left alone only because not every object was decided yet. `vacant`: nothing of ours is or
    will be there.
    """

    name: DnsName
    changes: tuple[Change, ...] = ()
    remarks: tuple[Remark, ...] = ()
    empties: bool = False
    restrained: bool = False
    vacant: bool = False


_NONE_LOST: Mapping[RecordKey, RecordSet] = MappingProxyType({})


@dataclass(slots=True)
class _Steps:
    """What is to be done to which key, before it is put into edits."""

    create: dict[RecordKey, RecordSet] = field(default_factory=dict)
    update: dict[RecordKey, RecordSet] = field(default_factory=dict)
    delete: dict[RecordKey, RecordSet] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)


def diff(
    rules: Rules,
    aim: Wanted | Gone,
    at: ownership.At,
    places: Collection[DnsName] = (),
    lost: Mapping[RecordKey, RecordSet] = _NONE_LOST,
) -> NamePlan:
    """Plan one name. `at` is what the zone holds; `places` are the registry names that carry our ownership of this name.

    `lost` were ours until their ownership TXT vanished: those that stand unchanged and that nobody else claims get it again.
    """
    if isinstance(aim, Gone):
        return _farewell(rules, aim, at, places)
    fitted = fit.fit(aim.sets, rules.capabilities, apex=rules.zone, default_ttl=rules.default_ttl, adjust=rules.adjust)
    new = fresh.changes(rules, aim, fitted.sets, at) if not places else None
    if new is not None:
        return NamePlan(aim.name, new, fitted.remarks, vacant=not new)
    return weighed(rules, aim, fitted, at, places, lost=lost)


def weighed(
    rules: Rules,
    aim: Wanted,
    fitted: Fitted,
    at: ownership.At,
    places: Collection[DnsName],
    *,
    lost: Mapping[RecordKey, RecordSet] = _NONE_LOST,
) -> NamePlan:
    """Plan a name by comparing what is wished, as the back end can express it, with what stands there and whose it is."""
    here = survey(rules, aim.name, at, fitted.sets)
    regained = leftovers.regained(rules, here, lost, at)
    if aim.patient and any(h.claim is not None and h.claim.resource not in aim.labels for h in here.holdings.values()):
        waiting = Remark("Pending", "Starting", "the name belongs to another object so far; waiting until every object was decided")
        return NamePlan(aim.name, remarks=(waiting,), restrained=True)
    desired, kept = keeping.desired(aim, fitted.sets, here)
    steps = _steps(rules, desired, here, at)
    if fitted.refused:
        # What was refused is a mistake to be told, not a wish for fewer records.
        steps.delete = {}
    draft = _drafted(rules, aim, here, steps)
    for records in regained:
        draft.add(records.key, Edit(records.key, records, records))
    surviving = {key for key in here.own if key not in steps.delete} | steps.create.keys()
    speaking = {holding.txt.key.name for key, holding in here.holdings.items() if key in surviving}
    unsure = [place for place in places if place not in speaking]
    former = any(holding.claim is not None and holding.claim.owner != rules.owner for holding in here.holdings.values())
    # Where sets stand side by side, so do their TXTs: one that speaks does not vouch for the others at its name.
    if unsure or former or not speaking or rules.capabilities.set_identifiers:
        leftovers.sweep(rules, draft, marks(rules, aim.name, at, places), surviving)
    return NamePlan(
        name=aim.name,
        changes=draft.changes(aim.causes, together=_together(steps, draft, here)),
        remarks=tuple(dict.fromkeys((*fitted.remarks, *steps.remarks))),
        empties=bool(here.own) and not surviving,
        restrained=kept and aim.patient,
        vacant=not surviving,
    )


def _steps(rules: Rules, desired: dict[RecordKey, RecordSet], here: Standing, at: ownership.At) -> _Steps:
    steps = _Steps()
    for key, records in desired.items():
        standing = here.own.get(key)
        if standing is None:
            obstacle = _obstacle(rules, key, here, at)
            if obstacle is None or isinstance(obstacle, ownership.Holding):
                steps.create[key] = records
                if obstacle is not None:
                    here.holdings[key] = obstacle
            else:
                steps.remarks.append(obstacle)
        elif (standing.values, standing.ttl, standing.properties) != (records.values, records.ttl, records.properties):
            steps.update[key] = records
    steps.delete = {key: records for key, records in here.own.items() if key not in desired}
    _allow(rules, steps, here)
    if desired and not steps.create and len(steps.delete) == len(here.own):
        # What shall take the place of these cannot be written: a name in use is not emptied for that.
        steps.delete = {}
    return steps


def _allow(rules: Rules, steps: _Steps, here: Standing) -> None:
    """Drop what the zone's policy forbids, and creates that would clash with what therefore stays."""
    if rules.policy == "Sync":
        return
    if steps.delete:
        steps.remarks.append(_forbidden(rules, "delete", steps.delete))
        steps.delete = {}
    if rules.policy == "CreateOnly" and steps.update:
        steps.remarks.append(_forbidden(rules, "change", steps.update))
        steps.update = {}
    for key in list(steps.create):
        if any((other.type == "CNAME") != (key.type == "CNAME") for other in here.own):
            steps.remarks.append(_forbidden(rules, "replace another type by", {key: steps.create.pop(key)}))


def _forbidden(rules: Rules, what: str, sets: dict[RecordKey, RecordSet]) -> Remark:
    names = ", ".join(str(key) for key in sets)
    return Remark(
        "Held",
        "PolicyForbids",
        f"policy {rules.policy} of zone {rules.zone.relative} does not let us {what} {names}; set policy: Sync",
    )


def _obstacle(rules: Rules, key: RecordKey, here: Standing, at: ownership.At) -> Remark | ownership.Holding | None:
    """Why this key may not be created: somebody's record or ownership is there, or there is no room for ours.

    Otherwise our ownership, where it outlived its record.
    """
    other = here.in_the_way(key)
    if other is not None:
        owner = here.owners.get(other)
        if owner is not None:
            return Remark("Failed", "NotOwner", f"{other} belongs to owner {owner!r}, by its ownership TXT; we leave it alone")
        return Remark(
            "Failed", "NotOwner", f"{other} is in the zone without our ownership and is left alone; {_handover(rules, other)}"
        )
    if rules.registry == "None":
        return None
    try:
        place = rules.names.written(key.name, key.type)
    except registry.Unownable as error:
        return Remark("Failed", "Rejected", str(error))
    found = rules.names.find(key, at)
    if found is None or rules.names.owns(found):
        return _cname_at(place, at) or found
    if found.claim is not None:
        return Remark(
            "Failed",
            "NotOwner",
            f"{key} is claimed by owner {found.claim.owner!r} (TXT {found.txt.key.name.relative}); we leave it alone",
        )
    return Remark(
        "Failed",
        "NotOwner",
        f"TXT {found.txt.key.name.relative}, where our ownership of {key} would stand, is not ours; remove that TXT",
    )


def _handover(rules: Rules, other: RecordKey) -> str:
    if other.type not in ADDRESSING:
        return "remove it or choose another name"
    try:
        place = rules.names.written(other.name, other.type)
    except registry.Unownable:
        return "remove it"
    return f'remove it, or hand it over by a TXT {place.relative} "{ownership.HERITAGE},external-dns/owner={rules.owner}"'


def _cname_at(place: DnsName, at: ownership.At) -> Remark | None:
    if any(records.key.type == "CNAME" for records in at(place)):
        return Remark(
            "Failed", "NotOwner", f"a CNAME stands at {place.relative}, where our ownership TXT would be; remove that CNAME"
        )
    return None


def _drafted(rules: Rules, aim: Wanted, here: Standing, steps: _Steps) -> Draft:
    draft = Draft(aim.name)
    for key, records in steps.delete.items():
        draft.add(key, Edit(key, records, None))
    for key, new in steps.create.items():
        draft.add(key, Edit(key, None, new))
    for key, new in steps.update.items():
        draft.add(key, Edit(key, here.own[key], new))
    if rules.registry == "None":
        return draft
    content = ownership.write(rules.owner, aim.resource, clusters=aim.clusters, orphan=aim.orphan)
    for key in (*steps.create, *(key for key in here.own if key not in steps.delete)):
        standing = steps.create.get(key) or steps.update.get(key) or here.own[key]
        may_note = rules.policy != "CreateOnly" or key in steps.create
        _mark(rules, draft, standing, here.holdings.get(key), content if may_note else None)
    return draft


def _mark(rules: Rules, draft: Draft, records: RecordSet, holding: ownership.Holding | None, content: str | None) -> None:
    """Bring the ownership of one record up to date in the same change; where nothing differs, only rely on it."""
    key = records.key
    try:
        place = rules.names.written(key.name, key.type)
    except registry.Unownable:
        place = None
    if holding is not None and holding.claim is not None:
        at_place = holding.txt.key.name == place
        policy = properties.of_routing(records.properties)
        moves = bool(key.set_identifier) and policy != properties.of_routing(holding.txt.properties)
        if content is not None and at_place and (moves or not rules.names.is_as_written(holding, content)):
            noted = holding.with_claim(rules.names.value(content, holding.txt.key.name))
            renewed = Edit(holding.txt.key, holding.txt, structs.replace(noted, properties=policy) if moves else noted)
            if moves or not (rules.capabilities.scarce and ownership.says_same(holding.claim, content)):
                draft.add(key, renewed)
                return
            draft.later(renewed)
        draft.rely(key, holding.txt)
        if at_place:
            return
    if place is not None and content is not None:
        txt = RecordKey(place, "TXT", key.set_identifier)
        draft.add(key, Edit(txt, None, RecordSet(txt, records.ttl, (rules.names.value(content, place),), records.properties)))


def _together(steps: _Steps, draft: Draft, here: Standing) -> bool:
    """Whether all edits must be one change: a change of type or of policy, or a legacy TXT that several records share."""
    if draft.legacy or any((new.type == "CNAME") != (old.type == "CNAME") for new in steps.create for old in steps.delete):
        return True
    if not any(key.set_identifier for key in (*steps.create, *steps.delete, *steps.update)):
        return False
    before = [*steps.delete.values(), *(here.own[key] for key in steps.update)]
    return bool(properties.mixed([*before, *steps.create.values(), *steps.update.values()]))


def _farewell(rules: Rules, gone: Gone, at: ownership.At, places: Collection[DnsName]) -> NamePlan:
    """Take away what is ours where nobody wishes for the name; or only our ownership, where the records shall outlive it."""
    here = survey(rules, gone.name, at, [records.key for records in gone.sets])
    if rules.registry == "None":
        wished = {(records.key, records.values) for records in gone.sets}
        here.own = {key: records for key, records in here.own.items() if (key, records.values) in wished and not gone.orphan}
    ours = marks(rules, gone.name, at, places)
    claims = [h.claim for h in (*here.holdings.values(), *(mark.holding for mark in ours)) if h.claim is not None]
    if rules.policy != "Sync" or any(claim.resource in gone.spared for claim in claims):
        return NamePlan(gone.name)
    if gone.removable is not None and any(v not in gone.removable for records in here.own.values() for v in records.values):
        return NamePlan(gone.name, restrained=True)
    draft = Draft(gone.name)
    release = gone.orphan or any(claim.orphan for claim in claims)
    if not release:
        for key, records in here.own.items():
            draft.add(key, Edit(key, records, None))
    leftovers.sweep(rules, draft, ours, set())
    empties = bool(here.own) and not release
    return NamePlan(gone.name, draft.changes((), together=True), empties=empties, vacant=not draft.edits)
