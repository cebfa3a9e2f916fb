"""The changes for a name at which nothing stands: records go in with their ownership; weighing against what stands is in plan."""

from collections.abc import Mapping

from mcidns.model.records import Change, Edit, RecordKey, RecordSet, Urgency
from mcidns.program import ownership, registry
from mcidns.program.standing import Rules
from mcidns.program.wanted import Wanted


def changes(rules: Rules, aim: Wanted, wished: Mapping[RecordKey, RecordSet], at: ownership.At) -> tuple[Change, ...] | None:
    """One change per record set; equal to what weighing would give, at a third of its cost, for a first sync is made of these.

    None where anything stands at the name or at one of the names that could hold its ownership, and where none can be held.
    """
    if rules.registry == "None" or at(aim.name):
        return None
    content = ownership.write(rules.owner, aim.resource, clusters=aim.clusters, orphan=aim.orphan)
    names = rules.names
    found: list[Change] = []
    for key, records in wished.items():
        spots = names.spots(key.name, key.type)
        place = spots.written
        if isinstance(place, registry.Unownable) or at(place):
            return None
        for other, _ in spots.read:
            if other is not place and at(other):
                return None
        mark = RecordKey(place, "TXT", key.set_identifier)
        txt = RecordSet(mark, records.ttl, (names.value(content, place),), records.properties)
        note = f"{key.type} (none) -> {' '.join(records.values)}"
        edits = (Edit(key, None, records), Edit(mark, None, txt))
        found.append(Change(aim.name, edits, Urgency.ADD, aim.causes, note))
    return tuple(found)
