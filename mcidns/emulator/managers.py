"""Who owns which field: managedFields after a plain write and after a server-side apply (KEP-555); nothing is stored here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mcidns.emulator import fields, statuses
from mcidns.emulator.fields import Path, Shape
from mcidns.emulator.statuses import Cause, Json


@dataclass(frozen=True, slots=True)
class Writer:
    """Under which name a write is booked."""

    manager: str
    api_version: str
    subresource: str
    now: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One manager's set of fields."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    time: str
    paths: frozenset[Path]

    def is_of(self, writer: Writer, operation: str) -> bool:
        here = (self.manager, self.operation, self.subresource)
        return here == (writer.manager, operation, writer.subresource) and (
            operation == "Apply" or self.api_version == writer.api_version
        )


def parse(obj: Json) -> list[Entry]:
    """The entries an object carries; an unreadable one is left out."""
    found = []
    for raw in obj.get("metadata", {}).get("managedFields") or ():
        if not isinstance(raw, dict) or "manager" not in raw:
            continue
        found.append(
            Entry(
                manager=raw["manager"],
                operation=raw.get("operation", "Update"),
                api_version=raw.get("apiVersion", ""),
                subresource=raw.get("subresource", ""),
                time=raw.get("time", ""),
                paths=frozenset(fields.from_v1(raw.get("fieldsV1") or {})),
            )
        )
    return found


def render(entries: Iterable[Entry]) -> list[Json]:
    """`metadata.managedFields`; a manager that owns nothing is left out."""
    listed = []
    for entry in entries:
        if not entry.paths:
            continue
        raw: Json = {
            "manager": entry.manager,
            "operation": entry.operation,
            "apiVersion": entry.api_version,
            "time": entry.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": fields.to_v1(entry.paths),
        }
        listed.append(raw | ({"subresource": entry.subresource} if entry.subresource else {}))
    return listed


def after_update(old: Json | None, new: Json, rules: Shape, writer: Writer) -> list[Json]:
    """managedFields once `writer` has turned `old` into `new` by a plain write."""
    after = fields.leaves(new, rules)
    if old is None:
        entry = Entry(writer.manager, "Update", writer.api_version, writer.subresource, writer.now, frozenset(after))
        return render([entry])
    before = fields.leaves(old, rules)
    changed = frozenset(path for path, value in after.items() if path not in before or before[path] != value)
    gone = before.keys() - after.keys()
    kept = []
    mine: Entry | None = None
    for entry in parse(old):
        if entry.is_of(writer, "Update"):
            mine = replace(entry, paths=(entry.paths | changed) - gone)
            kept.append(mine if mine.paths == entry.paths else replace(mine, time=writer.now))
        else:
            kept.append(replace(entry, paths=entry.paths - changed - gone))
    if mine is None and changed:
        kept.append(Entry(writer.manager, "Update", writer.api_version, writer.subresource, writer.now, changed))
    return render(kept)


@dataclass(frozen=True, slots=True)
class Applied:
    """The outcome of a server-side apply before defaulting and validation."""

    obj: Json
    managed: list[Json]


def apply(live: Json, config: Json, rules: Shape, writer: Writer, *, force: bool) -> Applied:
    """Apply a configuration over the live object; raises StatusError 409 on fields of others unless forced."""
    entries = parse(live)
    wanted = fields.leaves(config, rules)
    merged = fields.merge(live, config, rules)
    before = fields.leaves(live, rules)
    others = [entry for entry in entries if not entry.is_of(writer, "Apply")]
    mine = next((entry for entry in entries if entry.is_of(writer, "Apply")), None)
    lost = _overlaps(others, wanted, before)
    if lost and not force:
        raise statuses.apply_conflict(_causes(lost))
    taken = {id(entry): paths for entry, paths in lost}
    others = [replace(entry, paths=entry.paths - taken.get(id(entry), frozenset())) for entry in others]
    owned = frozenset(wanted)
    held = _prefixes([*(entry.paths for entry in others), owned])
    for path in sorted((mine.paths if mine else frozenset()) - owned):
        if path not in held:
            merged = fields.remove(merged, path, rules)
    same = mine is not None and mine.paths == owned and mine.api_version == writer.api_version
    time = mine.time if mine is not None and same else writer.now
    entry = Entry(writer.manager, "Apply", writer.api_version, writer.subresource, time, owned)
    return Applied(merged, render([entry, *others] if mine is None else _in_place(entries, entry, others)))


def _in_place(entries: Sequence[Entry], mine: Entry, others: list[Entry]) -> list[Entry]:
    """The entries in their former order, so that an apply that changes nothing yields equal lists."""
    rest = iter(others)
    return [mine if (e.manager, e.operation, e.subresource) == _key(mine) else next(rest) for e in entries]


def _key(entry: Entry) -> tuple[str, str, str]:
    return (entry.manager, entry.operation, entry.subresource)


def _overlaps(
    others: Sequence[Entry], wanted: dict[Path, object], before: dict[Path, object]
) -> list[tuple[Entry, frozenset[Path]]]:
    """What the configuration changes among the fields of others; equal values are shared instead."""
    changing = frozenset(path for path, value in wanted.items() if value is not fields.ITEM and before.get(path) != value)
    upwards = _prefixes([changing]) - wanted.keys()
    found = []
    for entry in others:
        above = {path for path in entry.paths & upwards if before.get(path, fields.ITEM) is not fields.ITEM}
        below = {path for path in entry.paths if any(path[:size] in changing for size in range(1, len(path)))}
        paths = (entry.paths & changing) | above | below
        if paths:
            found.append((entry, paths))
    return found


def _prefixes(sets: Iterable[frozenset[Path]]) -> set[Path]:
    """Every path in these sets, and every path above one."""
    return {path[:size] for paths in sets for path in paths for size in range(1, len(path) + 1)}


def _causes(lost: list[tuple[Entry, frozenset[Path]]]) -> list[Cause]:
    causes = []
    for entry, paths in lost:
        via = f' with subresource "{entry.subresource}"' if entry.subresource else ""
        text = f'conflict with "{entry.manager}"{via} using {entry.api_version}'
        causes += [Cause("FieldManagerConflict", text, fields.shown(path)) for path in sorted(paths)]
    return causes
