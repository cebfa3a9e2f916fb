"""Which fields an object sets, as sets of paths, and which lists merge by key; nobody's ownership is decided here.

A path is a tuple of `f:name`, `k:{"key":"value"}` and `v:value` steps: the steps of `fieldsV1`
(KEP-555 server-side apply, structured-merge-diff).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from mcidns.emulator.statuses import Json

Path = tuple[str, ...]
Names = tuple[str, ...]
ITEM: Final = "item of a keyed list"


@dataclass(frozen=True, slots=True)
class Keyed:
    """A list that merges: by these keys, or, with none, as a set of plain values."""

    keys: tuple[str, ...] = ()
    defaults: tuple[tuple[str, Any], ...] = ()

    def step(self, item: Any) -> str:
        """The path step that names one item."""
        if not self.keys or not isinstance(item, dict):
            return "v:" + msgspec.json.encode(item).decode()
        defaults = dict(self.defaults)
        named = {key: item.get(key, defaults.get(key)) for key in self.keys}
        chosen = {key: value for key, value in named.items() if value is not None}
        return "k:" + msgspec.json.encode(chosen, order="sorted").decode()


@dataclass(frozen=True)
class Shape:
    """How a kind's lists and maps merge, by field names from the root; a list absent here is atomic."""

    lists: Mapping[Names, Keyed] = field(default_factory=dict)
    atomic: frozenset[Names] = frozenset()


_META: Mapping[Names, Keyed] = {
    ("metadata", "ownerReferences"): Keyed(("uid",)),
    ("metadata", "finalizers"): Keyed(),
}
PLAIN: Final = Shape(lists=_META)

_SYSTEM_META: Final = frozenset(
    {
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
        "selfLink",
    }
)


def shape(lists: Mapping[Names, Keyed], atomic: Iterable[Names] = ()) -> Shape:
    """A shape with the metadata every object has."""
    return Shape({**_META, **lists}, frozenset(atomic))


def tracked(obj: Json) -> Json:
    """The part of an object whose fields have owners."""
    kept = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata")}
    meta = {key: value for key, value in obj.get("metadata", {}).items() if key not in _SYSTEM_META}
    return {"metadata": meta, **kept} if meta else kept


def leaves(obj: Json, rules: Shape) -> dict[Path, Any]:
    """Every path an object sets, with its value; an item of a keyed list is a path of its own."""
    found: dict[Path, Any] = {}
    for key, value in tracked(obj).items():
        _walk(value, ("f:" + key,), (key,), (rules, found))
    return found


def _walk(value: Any, path: Path, names: Names, context: tuple[Shape, dict[Path, Any]]) -> None:
    rules, found = context
    if isinstance(value, dict) and value and names not in rules.atomic:
        for key, inner in value.items():
            _walk(inner, (*path, "f:" + key), (*names, key), context)
    elif isinstance(value, list) and value and (keyed := rules.lists.get(names)) is not None:
        for item in value:
            here = (*path, keyed.step(item))
            found[here] = ITEM
            if keyed.keys and isinstance(item, dict):
                for key, inner in item.items():
                    _walk(inner, (*here, "f:" + key), (*names, key), context)
    else:
        found[path] = value


def to_v1(paths: Iterable[Path]) -> Json:
    """Paths as a `fieldsV1` tree."""
    root: Json = {}
    for path in sorted(paths):
        node = root
        for step in path[:-1]:
            inner = node.get(step)
            if inner is None:
                inner = node[step] = {}
            node = inner
        node[path[-1]] = {}
    whole = set(paths)
    _mark(root, (), whole)
    return root


def _mark(node: Json, path: Path, whole: set[Path]) -> None:
    if node and path in whole:
        node["."] = {}
    for step, inner in node.items():
        if inner:
            _mark(inner, (*path, step), whole)


def from_v1(tree: Json, path: Path = ()) -> set[Path]:
    """The paths of a `fieldsV1` tree."""
    found: set[Path] = set()
    for step, inner in tree.items():
        if step == ".":
            found.add(path)
        elif isinstance(inner, dict) and inner:
            found |= from_v1(inner, (*path, step))
        else:
            found.add((*path, step))
    return found


def shown(path: Path) -> str:
    """A path as conflict messages spell it: `.spec.ports[port=80].name`."""
    text = ""
    for step in path:
        kind, rest = step[:2], step[2:]
        if kind == "f:":
            text += "." + rest
        elif kind == "k:":
            keys = msgspec.json.decode(rest)
            text += "[" + ",".join(f"{key}={msgspec.json.encode(value).decode()}" for key, value in keys.items()) + "]"
        else:
            text += f"[={rest}]"
    return text


def merge(live: Any, applied: Any, rules: Shape, names: Names = ()) -> Any:
    """What an object becomes when a configuration is applied over it; neither is changed."""
    if isinstance(live, dict) and isinstance(applied, dict) and names not in rules.atomic:
        merged = dict(live)
        for key, value in applied.items():
            merged[key] = merge(live.get(key), value, rules, (*names, key))
        return merged
    keyed = rules.lists.get(names)
    if isinstance(live, list) and isinstance(applied, list) and keyed is not None:
        return _merge_lists(live, applied, (keyed, rules, names))
    return applied


def _merge_lists(live: list[Any], applied: list[Any], context: tuple[Keyed, Shape, Names]) -> list[Any]:
    keyed, rules, names = context
    merged = {keyed.step(item): item for item in live}
    for item in applied:
        step = keyed.step(item)
        merged[step] = merge(merged[step], item, rules, names) if step in merged else item
    return list(merged.values())


def remove(value: Any, path: Path, rules: Shape, names: Names = ()) -> Any:
    """The value without what a path names; a parent left empty by that goes too. The input is not changed."""
    step, rest = path[0], path[1:]
    if isinstance(value, dict) and step.startswith("f:") and step[2:] in value:
        key = step[2:]
        inner = remove(value[key], rest, rules, (*names, key)) if rest else None
        kept = {name: one for name, one in value.items() if name != key}
        if inner is not None:
            return {name: inner if name == key else one for name, one in value.items()}
        return kept or None if names else kept
    keyed = rules.lists.get(names)
    if isinstance(value, list) and keyed is not None and not step.startswith("f:"):
        left = []
        for item in value:
            same = keyed.step(item) == step
            inner = item if not same else remove(item, rest, rules, names) if rest else None
            left += [] if inner is None else [inner]
        return left or None
    return value
