"""Edits of one name gathered into changes that must not come apart; what to edit is decided elsewhere."""

from dataclasses import dataclass, field

from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet, Urgency
from mcidns.model.references import ObjectRef


@dataclass(slots=True)
class Draft:
    """Edits at one name, by the record they serve. `legacy`: an ownership TXT shared by several records is among them."""

    name: DnsName
    edits: dict[RecordKey, dict[RecordKey, Edit]] = field(default_factory=dict)
    relied: dict[RecordKey, RecordSet] = field(default_factory=dict)
    loose: list[tuple[RecordKey, Edit]] = field(default_factory=list)
    notes: list[Edit] = field(default_factory=list)
    legacy: bool = False

    def add(self, key: RecordKey, edit: Edit) -> None:
        """Make the edit part of what happens to `key`; a check never takes the place of a real edit."""
        group = self.edits.setdefault(key, {})
        if edit.key not in group or group[edit.key].is_check:
            group[edit.key] = edit

    def rely(self, key: RecordKey, txt: RecordSet) -> None:
        """State the ownership that whatever happens to `key` rests on."""
        self.relied[key] = txt

    def later(self, edit: Edit) -> None:
        """Change what an ownership TXT notes, in a change of its own that may come late."""
        self.notes.append(edit)

    def sweep(self, key: RecordKey, edit: Edit) -> None:
        """Remove an ownership TXT, with its record where that goes too."""
        self.loose.append((key, edit))

    def changes(self, causes: tuple[ObjectRef, ...], *, together: bool) -> tuple[Change, ...]:
        """One change per record, or a single one for the whole name."""
        self._place_loose()
        for key, txt in self.relied.items():
            if key in self.edits:
                self.add(key, Edit(txt.key, txt, txt))
        groups = list(self.edits.values())
        if together and len(groups) > 1:
            groups = [_joined(groups)]
        changes = [_change(self.name, tuple(group.values()), causes) for group in groups]
        return (*changes, *(_change(self.name, (edit,), causes) for edit in self.notes))

    def _place_loose(self) -> None:
        for key, edit in self.loose:
            home = next((k for k in self.edits if k.type == key.type and k.set_identifier == key.set_identifier), None)
            if home is None and not key.type:
                home = next(iter(self.edits), None)
            self.add(home or key, edit)
        self.loose.clear()


def _joined(groups: list[dict[RecordKey, Edit]]) -> dict[RecordKey, Edit]:
    joined: dict[RecordKey, Edit] = {}
    for group in groups:
        for key, edit in group.items():
            if key not in joined or joined[key].is_check:
                joined[key] = edit
    return joined


def _change(name: DnsName, edits: tuple[Edit, ...], causes: tuple[ObjectRef, ...]) -> Change:
    urgency, notes = Urgency.COSMETIC, []
    for edit in edits:
        if edit.key.name != name or edit.is_check:
            continue
        before = edit.old.values if edit.old is not None else ()
        after = edit.new.values if edit.new is not None else ()
        urgency = min(urgency, _urgency(before, after))
        notes.append(f"{edit.key.type} {' '.join(before) or '(none)'} -> {' '.join(after) or '(none)'}")
    return Change(name, edits, urgency, causes, "; ".join(notes) or "ownership only")


def _urgency(before: tuple[str, ...], after: tuple[str, ...]) -> Urgency:
    if before == after:
        return Urgency.COSMETIC
    return Urgency.ADD if set(before) <= set(after) else Urgency.WITHDRAW
