"""How many changes go into one message: by an upper bound of their bytes, without encoding them twice."""

from collections.abc import Iterator, Sequence

from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordSet
from mcidns_rfc2136 import convert, wire
from mcidns_rfc2136.convert import Place

_TSIG_ROOM = 700
"""Header, zone section and a TSIG with the longest names and digest."""

_NEIGHBOURS = 16  # sets that must be absent beside a CNAME, at most
_SHORTER_ON_WIRE = frozenset({"CNAME", "NS", "PTR", "DNAME", "MX", "SRV", "TXT", "SPF", "CAA"})


def batches(zone: DnsName, changes: Sequence[Change], limit: int) -> Iterator[tuple[Change, ...]]:
    """In the order given: at most `limit` changes, at most one message of bytes, and nothing in it that contradicts itself.

    A change that fits nowhere gets a batch of its own, so that only it is refused.
    """
    batch: list[Change] = []
    room = 0
    edits: dict[Place, Edit] = {}
    for change in changes:
        size = _size(zone, change)
        full = len(batch) >= limit or room + size > wire.MAX_MESSAGE - _TSIG_ROOM
        if batch and (full or not _fits(change, edits)):
            yield tuple(batch)
            batch, room, edits = [], 0, {}
        batch.append(change)
        room += size
        for edit in change.edits:
            where = convert.place(edit.key)
            present = edits.get(where)
            edits[where] = edit if present is None else convert.joined(present, edit) or edit
    if batch:
        yield tuple(batch)


def _fits(change: Change, edits: dict[Place, Edit]) -> bool:
    for edit in change.edits:
        present = edits.get(convert.place(edit.key))
        if present is not None and convert.joined(present, edit) is None:
            return False
        if edit.new is not None and not _may_join(edit, edits):
            return False
    return True


def _may_join(edit: Edit, edits: dict[Place, Edit]) -> bool:
    """Keeps a CNAME away from other data at its name, so that the earlier change is not refused with the later one."""
    name = edit.key.name.text
    if edit.key.type == "CNAME":
        return not any(key[0] == name and key[1] != "CNAME" and other.new is not None for key, other in edits.items())
    cname = edits.get((name, "CNAME", ""))
    return cname is None or cname.new is None


def _size(zone: DnsName, change: Change) -> int:
    size = 0
    for edit in change.edits:
        name = edit.key.name.text
        head = max(len(name) - len(zone.text), 0) + 3 + wire.FIXED.size
        old = _records_size(head, edit.old)
        if edit.old is None:
            size += 2 * head  # the set and what would hide it must be absent
        elif edit.is_check:
            size += old
        else:
            size += 2 * old + head  # expected, then deleted record by record or as a set
        if edit.key.type == "CNAME":
            size += _NEIGHBOURS * head
        size += _records_size(head, None if edit.is_check else edit.new)
    return size


def _records_size(head: int, records: RecordSet | None) -> int:
    if records is None:
        return 0
    return sum(head + _data_size(records.key.type, value) for value in records.values)


def _data_size(type_: str, value: str) -> int:
    if type_ == "A":
        return 4
    if type_ == "AAAA":
        return 16
    length = len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
    return length + 4 if type_ in _SHORTER_ON_WIRE else 8 * length + 64  # an IPv6 hint of HTTPS grows most
