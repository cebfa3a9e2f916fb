"""Values that stay at a name as somebody who may wish for them could not be asked (law 1); the rest is weighed in plan."""

from msgspec import structs

from mcidns.model import properties
from mcidns.model.records import RecordKey, RecordSet
from mcidns.program.standing import Standing
from mcidns.program.wanted import Wanted


def desired(aim: Wanted, wished: dict[RecordKey, RecordSet], here: Standing) -> tuple[dict[RecordKey, RecordSet], bool]:
    """What is wished with the values that may not leave, and whether there were any."""
    if aim.removable is None:
        return wished, False
    found = dict(wished)
    for key, records in here.own.items():
        target = wished.get(key)
        staying = [value for value in records.values if value not in aim.removable]
        if target is not None:
            missing = set(staying) - set(target.values)
            if missing:
                found[key] = RecordSet(key, target.ttl, tuple(sorted({*target.values, *missing})), target.properties)
        elif staying:
            found[key] = RecordSet(key, records.ttl, tuple(staying), records.properties)
    if not found and not aim.may_empty:
        return dict(here.own), bool(here.own)
    if found == wished:
        return wished, False
    if properties.mixed(found.values()):
        return _old_policy(aim.removable, wished, here), True
    aliases = [records for key, records in found.items() if key.type == "CNAME"]
    if aliases and (len(found) > 1 or any(len(records.values) > 1 for records in aliases)):
        return dict(here.own), True
    return found, True


def _old_policy(removable: frozenset[str], wished: dict[RecordKey, RecordSet], here: Standing) -> dict[RecordKey, RecordSet]:
    """What stands, without what may leave: sets of two policies cannot stand together, so the change of policy waits."""
    left = {
        key: structs.replace(records, values=tuple(value for value in records.values if value not in removable))
        for key, records in here.own.items()
    }
    return {key: records for key, records in left.items() if records.values} or wished
