"""How much fits into one request: changes cut into batches by record elements and characters; nothing is sent here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcidns.errors import Rejected
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, Urgency
from mcidns_route53 import convert
from mcidns_route53.convert import NOTHING, Cost


def batches(zone: DnsName, changes: Sequence[Change]) -> Iterator[tuple[Change, ...]]:
    """In the order given. A change that Route 53 will surely refuse goes alone, so that it spoils no other."""
    batch = _Batch()
    for change in changes:
        load = _load(zone, change)
        if load is None:
            if batch.changes:
                yield tuple(batch.changes)
            yield (change,)
            batch = _Batch()
            continue
        if batch.changes and not batch.takes(load):
            yield tuple(batch.changes)
            batch = _Batch()
        batch.add(change, load)
    if batch.changes:
        yield tuple(batch.changes)


def proves(change: Change) -> bool:
    """Whether what a change only relies on must travel with it, at any price.

    It costs a DELETE and a CREATE of the same set each. Where a dead region is taken away, hurry counts for more than the
    ownership TXT of each name: the proofs take what room is left, and the exact DELETE of the record stands for the rest.
    """
    return change.urgency != Urgency.WITHDRAW


@dataclass(frozen=True, slots=True)
class _Load:
    """What one change adds to a batch, edit by edit."""

    edits: tuple[tuple[Edit, Cost], ...]

    @property
    def total(self) -> Cost:
        return sum((cost for _, cost in self.edits), NOTHING)


class _Batch:
    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._edits: dict[RecordKey, Edit] = {}
        self._cost = NOTHING

    def takes(self, load: _Load) -> bool:
        """Whether there is room, and nothing in the batch contradicts."""
        added = NOTHING
        for edit, cost in load.edits:
            present = self._edits.get(edit.key)
            if present is None:
                added += cost
            elif not (present.is_check and edit.is_check and convert.same(present.old, edit.old)):
                return False
        return (self._cost + added).fits()

    def add(self, change: Change, load: _Load) -> None:
        """Take it."""
        self.changes.append(change)
        for edit, cost in load.edits:
            if self._edits.setdefault(edit.key, edit) is edit:
                self._cost += cost


def _load(zone: DnsName, change: Change) -> _Load | None:
    """None where the change is refused as it stands."""
    try:
        edits = convert.merged((change,))
        for edit in edits:
            convert.check(edit, zone)
        load = _Load(tuple((edit, _cost(edit, proven=proves(change))) for edit in edits))
    except Rejected:
        return None
    return load if load.total.fits() else None


def _cost(edit: Edit, *, proven: bool) -> Cost:
    if edit.is_check and not proven:
        return NOTHING
    return sum((convert.cost_of(records) for records in (edit.old, edit.new) if records is not None), NOTHING)
