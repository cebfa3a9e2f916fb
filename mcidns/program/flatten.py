"""Routing policies given up: several sets of a name and type become one, the nearest safe thing; when to is judged in fit.

Of weighted sets those of weight 0 are left out, unless there are no others. Of sets by place the one for everywhere else is left;
it is meant for anybody, while the others may be for their own places only. Of a failover the primary is left: nothing checks
the health here, so that whoever writes the sets has to. All others unite: nearest, next or any, each can serve everybody.
"""

from collections.abc import Iterable, Sequence

from mcidns.model import properties
from mcidns.model.properties import Kind
from mcidns.model.records import RecordKey, RecordSet
from mcidns.program.remarks import Remark

_ADDRESSING = frozenset({"A", "AAAA", "CNAME"})

_WORDS: dict[Kind, str] = {
    "weight": "all targets with a weight above 0 are served alike",
    "geolocation": "everybody is served the targets for all other places",
    "failover": "only the primary targets are served",
}
_ALIKE = "all targets are served alike"


def flatten(sets: Iterable[RecordSet], why: str, remarks: list[Remark]) -> list[RecordSet]:
    """Plain sets, one for each type, and a remark on what was lost. Addresses of both families are judged together."""
    groups: dict[str, list[RecordSet]] = {}
    for records in sets:
        groups.setdefault("" if records.type in _ADDRESSING else records.type, []).append(records)
    return [plain for group in groups.values() for plain in _group(group, why, remarks)]


def _group(group: Sequence[RecordSet], why: str, remarks: list[Remark]) -> list[RecordSet]:
    kinds = sorted({properties.kind(records) for records in group})
    if kinds == ["simple"]:
        return list(group)
    served = [records for kind in kinds for records in _served(kind, [one for one in group if properties.kind(one) == kind])]
    name = group[0].name.relative
    words = _WORDS.get(kinds[0], _ALIKE) if len(kinds) == 1 else _ALIKE
    remarks.append(Remark("Programmed", "StrategyDegraded", f"{name}: {why}; {words}"))
    found: dict[RecordKey, RecordSet] = {}
    for records in sorted(served, key=_preference):
        key = RecordKey(records.name, records.type)
        known = found.get(key)
        if known is None:
            found[key] = RecordSet(key, records.ttl, records.values)
        elif key.type == "CNAME":
            told = f"{key}: a CNAME has one target; {known.values[0]} is kept, {records.values[0]} is left out"
            remarks.append(Remark("Programmed", "StrategyDegraded", told))
        else:
            found[key] = RecordSet(key, min(known.ttl, records.ttl), tuple(sorted({*known.values, *records.values})))
    if len(found) > 1 and any(key.type == "CNAME" for key in found):
        return [records for key, records in found.items() if key.type != "CNAME"]
    return list(found.values())


def _served(kind: Kind, group: list[RecordSet]) -> list[RecordSet]:
    match kind:
        case "weight":
            chosen = [one for one in group if properties.value(one, properties.WEIGHT) != "0"]
        case "geolocation":
            chosen = [one for one in group if properties.value(one, properties.COUNTRY) == properties.ANYWHERE]
        case "failover":
            chosen = [one for one in group if properties.value(one, properties.FAILOVER).upper() == "PRIMARY"]
        case _:
            chosen = group
    return chosen or group


def _preference(records: RecordSet) -> tuple[int, RecordKey]:
    """The heaviest first, where only one can stay."""
    weight = properties.value(records, properties.WEIGHT)
    return (-int(weight) if weight.isascii() and weight.isdigit() else 0, records.key)
