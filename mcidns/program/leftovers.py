"""Ownership TXTs that speak for nothing any more, and records that lost theirs, put in order; all else is decided in plan."""

from collections.abc import Mapping

from mcidns.model.records import Edit, RecordKey, RecordSet
from mcidns.program import ownership, registry
from mcidns.program.edits import Draft
from mcidns.program.standing import Mark, Rules, Standing


def sweep(rules: Rules, draft: Draft, ours: tuple[Mark, ...], surviving: set[RecordKey]) -> None:
    """Remove them, so that nobody's later record is taken for ours, nor a record of ours for a former owner's."""
    if rules.policy != "Sync":
        return
    relied = {txt.key: key.type for key, txt in draft.relied.items()}
    for mark in ours:
        txt = mark.holding.txt
        if mark.type is not None and relied.get(txt.key, mark.type) != mark.type:
            continue  # an alias is owned by it so far; it goes once another TXT stands
        spoken = [
            key
            for key in surviving
            if key.set_identifier == txt.key.set_identifier and (key.type != "AAAA" if mark.type is None else key.type == mark.type)
        ]
        if not spoken or _is_superseded(rules, mark, spoken):
            draft.legacy = draft.legacy or mark.type is None
            host = RecordKey(txt.key.name, mark.type or "", txt.key.set_identifier)
            draft.sweep(host, Edit(txt.key, txt, mark.holding.without_claims()))


def _is_superseded(rules: Rules, mark: Mark, spoken: list[RecordKey]) -> bool:
    """Whether it is a former owner's, and a TXT of ours stands elsewhere for all that it speaks for, or will with this plan."""
    if mark.holding.claim is None or mark.holding.claim.owner == rules.owner:
        return False
    try:
        return all(rules.names.written(key.name, key.type) != mark.holding.txt.name for key in spoken)
    except registry.Unownable:
        return False


def regained(rules: Rules, here: Standing, lost: Mapping[RecordKey, RecordSet], at: ownership.At) -> tuple[RecordSet, ...]:
    """Take back what lost its ownership TXT and nothing else; a changed record is somebody's who knows why."""
    found = []
    for key, before in lost.items():
        records = here.foreign.get(key)
        if records is None or records.values != before.values or rules.names.find(key, at) is not None:
            continue
        here.own[key] = here.foreign.pop(key)
        found.append(records)
    return tuple(found)
