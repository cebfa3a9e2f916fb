"""How many changes go into one message: by an upper bound of their bytes, without encoding them twice."""

from collections.abc import Iterator, Sequence

from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet
from mcidns_rfc2136 import convert, wire

_TSIG_ROOM = 700
"""Header, zone section and a TSIG with the longest names and digest."""

_NEIGHBOURS = 16  # sets that must be absent beside a CNAME, at most
_SHORTER_ON_WIRE = frozenset({"CNAME", "NS", "PTR", "DNAME", "MX", "SRV", "TXT", "SPF", "CAA"})


def batches(zone: DnsName, changes: Sequence[Change], limit: int) -> Iterator[tuple[Change, ...]]:
    """In the order given: at most `limit` changes, at most one message of bytes, and nothing in it that contradicts itself.

    A change that fits nowhere gets a batch of its own, so that only it is refused.
    """
    batch: list[Change] = []
    message = _Message(zone)
    for change in changes:
        if batch and (len(batch) >= limit or not message.takes(change)):
            yield tuple(batch)
            batch, message = [], _Message(zone)
        if not batch:
            message.takes(change)
        batch.append(change)
    if batch:
        yield tuple(batch)


class _Message:
    """The edits of one message so far, the most bytes they can take, and where they leave a CNAME, or anything else."""

    def __init__(self, zone: DnsName) -> None:
        self.size = 0
        self._edits: dict[RecordKey, Edit] = {}
        self._aliases: set[DnsName] = set()
        self._others: set[DnsName] = set()
        self._spared = len(zone.text) - 3 - wire.FIXED.size  # what a record's head lacks of the text of its name

    def takes(self, change: Change) -> bool:
        """Add a change, or say that it contradicts what is here or finds no room; after a no the message takes nothing more."""
        edits = self._edits
        for edit in change.edits:
            key = edit.key
            present = edits.get(key)
            if present is None:
                edits[key] = edit
                self.size += self._bytes(edit)
            elif present is not edit:  # what all changes rest on (a fence) stands there once
                together = convert.joined(present, edit)
                if together is None:
                    return False
                edits[key] = together
                self.size += 0 if edit.is_check else self._bytes(edit)
            if edit.new is not None and not self._stands_apart(key):
                return False
        return self.size <= wire.MAX_MESSAGE - _TSIG_ROOM

    def _stands_apart(self, key: RecordKey) -> bool:
        """A CNAME is kept away from other data at its name, or both would be refused."""
        alias = key.type == "CNAME"
        (self._aliases if alias else self._others).add(key.name)
        return key.name not in (self._others if alias else self._aliases)

    def _bytes(self, edit: Edit) -> int:
        old, new = edit.old, edit.new
        head = len(edit.key.name.text) - self._spared
        if old is None:
            size = 2 * head  # the set and what would hide it must be absent
        elif old == new:
            return _records_size(head, old)
        else:
            size = 2 * _records_size(head, old) + head  # expected, then deleted record by record or as a set
        if new is not None:
            size += _records_size(head, new) + (_NEIGHBOURS * head if edit.key.type == "CNAME" else 0)
        return size


def _records_size(head: int, records: RecordSet) -> int:
    size, type_ = 0, records.key.type
    for value in records.values:
        size += head + (4 if type_ == "A" else _data_size(type_, value))
    return size


def _data_size(type_: str, value: str) -> int:
    if type_ == "AAAA":
        return 16
    length = len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
    return length + 4 if type_ in _SHORTER_ON_WIRE else 8 * length + 64  # an IPv6 hint of HTTPS grows most
