"""How much fits into one request: changes cut into batches by record elements and characters; nothing is sent here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from mcidns.errors import Rejected
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, Urgency
from mcidns_route53 import convert
from mcidns_route53.convert import NOTHING, Cost


def batches(zone: DnsName, changes: Sequence[Change]) -> Iterator[tuple[Change, ...]]:
    """In the order given. A change that Route 53 will surely refuse goes alone, so that it spoils no other.

    Changes of one name that follow each other stay together where they can: a group of weighted sets is one to Route 53.
    """
    batch = _Batch()
    for unit in _units(zone, changes):
        if batch.changes and not batch.takes(unit.load):
            yield tuple(batch.changes)
            batch = _Batch()
        if unit.load is None:
            yield unit.changes
        else:
            batch.add(unit.changes, unit.load)
    if batch.changes:
        yield tuple(batch.changes)


def proves(change: Change) -> bool:
    """Whether what a change only relies on must travel with it, at any price.

    It costs a DELETE and a CREATE of the same set each. Where a dead region is taken away, hurry counts for more than the
    ownership TXT of each name: the proofs take what room is left, and the exact DELETE of the record stands for the rest.
    What several changes of a batch rely on (a fence) is proven always: it costs once.
    """
    return change.urgency != Urgency.WITHDRAW


@dataclass(frozen=True, slots=True)
class _Item:
    """One edit, what it would use up, and whether it surely does."""

    edit: Edit
    cost: Cost
    sure: bool


@dataclass(frozen=True, slots=True)
class _Load:
    """What one change adds to a batch, edit by edit."""

    items: tuple[_Item, ...]

    @property
    def total(self) -> Cost:
        return sum((item.cost for item in self.items if item.sure), NOTHING)


@dataclass(frozen=True, slots=True)
class _Unit:
    """Changes that are not cut apart, and their load; no load where they are refused as they stand."""

    changes: tuple[Change, ...]
    load: _Load | None


def _units(zone: DnsName, changes: Sequence[Change]) -> Iterator[_Unit]:
    for _, group in groupby(changes, key=lambda change: change.name):
        singles = [_Unit((change,), _load(zone, change)) for change in group]
        whole = _together(singles) if len(singles) > 1 else None
        yield from (whole,) if whole is not None else singles


def _together(singles: Sequence[_Unit]) -> _Unit | None:
    """As one, if one request takes them all and none contradicts another."""
    batch = _Batch()
    for single in singles:
        if single.load is None or not batch.takes(single.load):
            return None
        batch.add(single.changes, single.load)
    items = tuple(item for single in singles if single.load is not None for item in single.load.items)
    return _Unit(tuple(batch.changes), _Load(items))


class _Batch:
    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._edits: dict[RecordKey, Edit] = {}
        self._sure: set[RecordKey] = set()
        self._cost = NOTHING

    def takes(self, load: _Load | None) -> bool:
        """Whether there is room, and nothing in the batch contradicts."""
        if load is None:
            return False
        added = NOTHING
        for item in load.items:
            present, edit = self._edits.get(item.edit.key), item.edit
            if present is not None and not (present.is_check and edit.is_check and convert.same(present.old, edit.old)):
                return False
            if (item.sure or present is not None) and edit.key not in self._sure:
                added += item.cost
        return (self._cost + added).fits()

    def add(self, changes: Sequence[Change], load: _Load) -> None:
        """Take them."""
        self.changes += changes
        for item in load.items:
            key = item.edit.key
            if (item.sure or key in self._edits) and key not in self._sure:
                self._sure.add(key)
                self._cost += item.cost
            self._edits.setdefault(key, item.edit)


def _load(zone: DnsName, change: Change) -> _Load | None:
    """None where the change is refused as it stands."""
    try:
        edits = convert.merged((change,))
        for edit in edits:
            convert.check(edit, zone)
        load = _Load(tuple(_Item(edit, cost(edit), not edit.is_check or proves(change)) for edit in edits))
    except Rejected:
        return None
    return load if load.total.fits() else None


def cost(edit: Edit) -> Cost:
    """What it takes to name the old set and the new one; for a check that is its proof. Raises Rejected."""
    return sum((convert.cost_of(records) for records in (edit.old, edit.new) if records is not None), NOTHING)
