"""The order in which the edits of a batch are carried out, one request each; sending them lives in writing.py."""

from collections.abc import Iterable, Sequence

from mcidns.errors import Rejected
from mcidns.model.records import Change, Edit, RecordKey, RecordSet

_HERITAGE = "heritage="


def edits(batch: Sequence[Change]) -> list[Edit]:
    """All edits of a batch, a check of what is also written left out, in the order in which they are safe.

    Nothing is ever served without its ownership standing beside it, whenever we are interrupted: ownership is written
    first, then records that stand in the way of others go, then records are written, and ownership goes last.
    Raises Rejected where two changes want different things of one set.
    """
    chosen: dict[RecordKey, Edit] = {}
    for change in batch:
        for edit in change.edits:
            present = chosen.get(edit.key)
            if present is None or present.is_check:
                chosen[edit.key] = edit
            elif not edit.is_check and edit != present:
                raise Rejected(f"{edit.key}: the batch holds two changes that contradict each other; send them one by one")
    return sorted(chosen.values(), key=_turn)


def _turn(edit: Edit) -> int:
    if _owns(edit.new):
        return 0
    if _owns(edit.old):
        return 3
    return 1 if edit.new is None else 2


def _owns(records: RecordSet | None) -> bool:
    """Whether a set speaks of ownership, in the form that ExternalDNS and we write."""
    return records is not None and records.type == "TXT" and any(_HERITAGE in value for value in records.values)


def needs_look(edit: Edit, batch: Iterable[Edit]) -> bool:
    """Whether somebody has to look before this edit: Designate itself refuses to make a set that is there already.

    It also refuses a CNAME beside other data and other data beside a CNAME, so that these absences need no question where
    something is made at the name.
    """
    if edit.old is not None:
        return True
    if edit.new is not None:
        return False
    made = {other.key.type for other in batch if other.key.name == edit.key.name and other.old is None and other.new is not None}
    return not (made - {"CNAME"} if edit.key.type == "CNAME" else "CNAME" in made)
