"""Changes that rest on one more set of records, made as they are asked for; why they rest on it is not known here."""

from collections.abc import Iterator, Sequence
from typing import overload

from mcidns.model.records import Change, Edit


class Resting(Sequence[Change]):
    """The same changes, each with the edit `check`. A back end takes the first few of many that are offered to it again and again,
    so nothing is made of the others.
    """

    def __init__(self, changes: Sequence[Change], check: Edit) -> None:
        self._changes = changes
        self._check = check
        self._made: dict[int, tuple[Change, Change]] = {}

    def _with_check(self, change: Change) -> Change:
        made = Change(change.name, (*change.edits, self._check), change.urgency, change.causes, change.note)
        self._made[id(made)] = made, change
        return made

    def plain(self, made: Change) -> Change:
        """The change that this one, taken from here, was made of."""
        return self._made[id(made)][1]

    def __iter__(self) -> Iterator[Change]:
        return map(self._with_check, self._changes)

    def __len__(self) -> int:
        return len(self._changes)

    @overload
    def __getitem__(self, index: int) -> Change: ...

    @overload
    def __getitem__(self, index: slice) -> "Resting": ...

    def __getitem__(self, index: int | slice) -> "Change | Resting":
        """One of them, or a run of them that knows what it was made of."""
        if isinstance(index, int):
            return self._with_check(self._changes[index])
        part = Resting(self._changes[index], self._check)
        part._made = self._made
        return part
