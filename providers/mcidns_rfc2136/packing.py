"""How many changes go into one message: by an upper bound of their bytes, without encoding them twice."""

from collections.abc import Iterator, Mapping, Sequence

from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet
from mcidns_rfc2136 import convert, wire

_TSIG_ROOM = 700
"""Header, zone section and a TSIG with the longest names and digest."""

_LEAST = 3 + wire.FIXED.size
_NEIGHBOURS = 16  # sets that must be absent beside a CNAME, at most
_SHORTER_ON_WIRE = frozenset({"CNAME", "NS", "PTR", "DNAME", "MX", "SRV", "TXT", "SPF", "CAA"})


def batches(zone: DnsName, changes: Sequence[Change], limit: int) -> Iterator[tuple[Change, ...]]:
    """In the order given: at most `limit` changes, at most one message of bytes, and nothing in it that contradicts itself.

    A change that fits nowhere gets a batch of its own, so that only it is refused.
    """
    batch: list[Change] = []
    room = 0
    message = _Message()
    for change in changes:
        size = _size(zone, change, message.edits)
        full = len(batch) >= limit or room + size > wire.MAX_MESSAGE - _TSIG_ROOM
        if batch and (full or not message.has_place_for(change)):
            yield tuple(batch)
            batch, room, message = [], 0, _Message()
            size = _size(zone, change, message.edits)
        batch.append(change)
        room += size
        message.add(change)
    if batch:
        yield tuple(batch)


class _Message:
    """The edits of one message so far, and the names at which they leave a CNAME, or anything else."""

    def __init__(self) -> None:
        self.edits: dict[RecordKey, Edit] = {}
        self._aliases: set[DnsName] = set()
        self._others: set[DnsName] = set()

    def has_place_for(self, change: Change) -> bool:
        """Whether the change contradicts nothing; a CNAME is kept away from other data at its name, or both would be refused."""
        for edit in change.edits:
            present = self.edits.get(edit.key)
            if present is not None and convert.joined(present, edit) is None:
                return False
            if edit.new is not None and edit.key.name in (self._others if edit.key.type == "CNAME" else self._aliases):
                return False
        return True

    def add(self, change: Change) -> None:
        for edit in change.edits:
            present = self.edits.setdefault(edit.key, edit)
            if present is not edit:
                self.edits[edit.key] = convert.joined(present, edit) or edit
            if edit.new is not None:
                (self._aliases if edit.key.type == "CNAME" else self._others).add(edit.key.name)


def _size(zone: DnsName, change: Change, known: Mapping[RecordKey, Edit]) -> int:
    """What the change adds to a message with these edits: what all of its changes rest on (a fence) stands there once."""
    size = 0
    spared = len(zone.text) - 3 - wire.FIXED.size
    for edit in change.edits:
        if edit.key in known and edit.is_check:
            continue
        head = len(edit.key.name.text) - spared
        head = max(head, _LEAST)
        if edit.old is None and edit.new is not None and edit.key.type != "CNAME":
            size += 2 * head + _records_size(head, edit.new)  # the set and what would hide it must be absent
            continue
        old = _records_size(head, edit.old)
        if edit.old is None:
            size += 2 * head  # the set and what would hide it must be absent
        elif edit.is_check:
            size += old
        else:
            size += 2 * old + head  # expected, then deleted record by record or as a set
        if edit.key.type == "CNAME" and edit.new is not None:
            size += _NEIGHBOURS * head
        size += _records_size(head, None if edit.is_check else edit.new)
    return size


def _records_size(head: int, records: RecordSet | None) -> int:
    if records is None:
        return 0
    if len(records.values) == 1:
        return head + _data_size(records.key.type, records.values[0])
    return sum(head + _data_size(records.key.type, value) for value in records.values)


def _data_size(type_: str, value: str) -> int:
    if type_ == "A":
        return 4
    if type_ == "AAAA":
        return 16
    length = len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
    return length + 4 if type_ in _SHORTER_ON_WIRE else 8 * length + 64  # an IPv6 hint of HTTPS grows most
