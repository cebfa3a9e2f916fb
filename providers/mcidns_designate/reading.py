"""What a zone holds: the cheap question first, then the whole list, or single names; writing lives elsewhere."""

import asyncio
from collections.abc import Iterable

from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet
from mcidns.provider import Content, Full, Held, Reading, Unchanged
from mcidns_designate import convert, listing, shapes
from mcidns_designate.answers import Refused
from mcidns_designate.api import Api, together
from mcidns_designate.shapes import Recordset
from mcidns_designate.zones import Known, Zones

SINGLE = 40
"""Names of a zone of unknown size up to which they are asked for one by one."""


async def read(api: Api, zones: Zones, zone: DnsName, held: Held | None) -> Reading:
    """One GET where nothing moved: neither the serial nor the version, which every write and every new status raises.

    The serial alone would hide what was written in the seconds before it is raised.
    """
    known = await zones.fresh(zone)
    now = (known.row.serial, known.row.version)
    if held is not None and held.serial == known.row.serial and known.read_at == now:
        return Unchanged(known.row.serial)
    rows = await listing.recordsets(api, zones, known)
    known.ids.clear()
    content = await _content(known, rows)
    known.read_at = now
    return Full(now[0], content)


async def look(api: Api, zones: Zones, zone: DnsName, names: frozenset[DnsName]) -> Content:
    """The present content of these names."""
    known = await zones.known(zone)
    inside = [name for name in names if name.inside(zone)]
    found: dict[DnsName, tuple[RecordSet, ...]] = dict.fromkeys(names, ())
    # A list costs as much as three single questions and one more per 25 names in it (measured on Designate 23).
    if len(inside) > (SINGLE if known.read_at is None else 3 + len(known.ids) // 25):
        content = await _content(known, await listing.recordsets(api, zones, known))
        found.update((name, content[name]) for name in inside if name in content)
        return found
    answers = await together(at(api, zones, known, name) for name in inside)
    return found | dict(zip(inside, answers, strict=True))


async def at(api: Api, zones: Zones, known: Known, name: DnsName) -> tuple[RecordSet, ...]:
    """All record sets at one name. A `*` in the question matches everything, so the answer is looked through.

    Some databases compare names by case, so what somebody wrote in capitals is found by the id that a listing gave.
    """
    listed = await listing.recordsets(api, zones, known, {"name": name.text})
    rows = [row for row in listed if row.name.lower() == name.text]
    for type_, ident in tuple(known.ids.get(name, {}).items()):
        if all(row.id != ident for row in rows):
            row = await by_id(api, zones, known, RecordKey(name, type_), ident)
            rows += [row] if row is not None else []
    return _sets(known, rows)


async def by_id(api: Api, zones: Zones, known: Known, key: RecordKey, ident: str) -> Recordset | None:
    """One record set where it was last seen; None, and forgotten, if it is no longer there."""
    what = str(key)
    try:
        return shapes.decode(await api.get(f"{known.path}/{ident}", what), Recordset, what)
    except Refused as refused:
        if refused.type != "recordset_not_found":
            raise listing.problem(zones, known, refused, what) from refused
        known.forget(key)
        return None


def _sets(known: Known, rows: Iterable[Recordset]) -> tuple[RecordSet, ...]:
    served = [known.decode(row) for row in rows if row.records and row.type not in convert.KEPT_BY_SERVER]
    return tuple(sorted(served, key=lambda records: records.type))


async def _content(known: Known, rows: list[Recordset]) -> dict[DnsName, tuple[RecordSet, ...]]:
    """By name; gives way between handfuls, so that a big zone does not hold up the others."""
    found: dict[DnsName, list[RecordSet]] = {}
    for start in range(0, len(rows), 200):
        for records in _sets(known, rows[start : start + 200]):
            found.setdefault(records.name, []).append(records)
        await asyncio.sleep(0)
    return {name: tuple(sorted(sets, key=lambda records: records.type)) for name, sets in found.items()}
