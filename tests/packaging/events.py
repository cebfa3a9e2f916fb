"""Every event that the code logs, with level and keys, read off its source; used by tests of the docs. No test lives here."""

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEVELS = ("debug", "info", "warning", "error", "exception", "log")
LOGGERS = ("_LOG", "log")


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """One call: `levels` it may have, `keys` that stand beside the event."""

    name: str
    levels: tuple[str, ...]
    keys: tuple[str, ...]
    where: str


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            value = node.func.value
            if isinstance(value, ast.Name) and value.id in LOGGERS:
                yield node


def _keys(node: ast.expr | None, tree: ast.AST) -> set[str]:
    """Keys of a dict display, of a union of such, of a name or a function of the module that is one."""
    match node:
        case None:
            return set()
        case ast.Dict(keys=keys):
            return {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
        case ast.BinOp(left=left, right=right):
            return _keys(left, tree) | _keys(right, tree)
        case ast.Call(func=ast.Name(id=name)):
            found = next(one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name == name)
            return set().union(*(_keys(one.value, tree) for one in ast.walk(found) if isinstance(one, ast.Return)))
        case ast.Name(id=name):
            values = [
                one.value for one in ast.walk(tree) if isinstance(one, ast.Assign) and getattr(one.targets[0], "id", "") == name
            ]
            assert values, name
            return set().union(*(_keys(value, tree) for value in values if isinstance(value, ast.Dict)))
        case _:
            raise AssertionError(ast.dump(node))


def _levels(call: ast.Call, tree: ast.AST) -> tuple[str, ...]:
    assert isinstance(call.func, ast.Attribute)
    if call.func.attr == "exception":
        return ("error",)
    if call.func.attr != "log":
        return (call.func.attr,)
    names = [
        one.attr.lower() for one in ast.walk(tree) if isinstance(one, ast.Attribute) and getattr(one.value, "id", "") == "logging"
    ]
    return tuple(level for level in LEVELS if level in names)


@functools.cache
def every() -> tuple[Event, ...]:
    """All of them, by name."""
    found = []
    for folder in ("mcidns", "providers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for call in _calls(tree):
                assert isinstance(call.func, ast.Attribute)
                event = call.args[1 if call.func.attr == "log" else 0]
                assert isinstance(event, ast.Constant), f"{path}:{call.lineno}: an event's name is constant, what varies is a key"
                extra = next((one.value for one in call.keywords if one.arg == "extra"), None)
                keys = tuple(sorted(_keys(extra, tree)))
                found.append(Event(str(event.value), _levels(call, tree), keys, f"{path.relative_to(ROOT)}:{call.lineno}"))
    return tuple(sorted(found))


def names() -> set[str]:
    """Their names."""
    return {one.name for one in every()}
