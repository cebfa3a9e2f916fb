"""JSON merge patch, JSON patch and strategic merge patch as functions of values; server-side apply is in `managers`.

RFC 7386, RFC 6902, and `k8s.io/apimachinery/pkg/util/strategicpatch` as far as kubectl uses it.
"""

import copy
from collections.abc import Callable
from typing import Any

from mcidns.emulator import statuses
from mcidns.emulator.fields import Names, Shape
from mcidns.emulator.statuses import Json, StatusError


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386: the target with the patch merged in; neither is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def strategic(target: Any, patch: Any, rules: Shape, names: Names = ()) -> Any:
    """A strategic merge: lists with a known merge key merge by it, `$patch` and its kin are obeyed."""
    if isinstance(patch, list):
        return _strategic_list(target if isinstance(target, list) else [], patch, rules, names)
    if not isinstance(patch, dict):
        return patch
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    merged = dict(target) if isinstance(target, dict) else {}
    retain = patch.get("$retainKeys")
    if isinstance(retain, list):
        merged = {key: value for key, value in merged.items() if key in retain}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            field = key.partition("/")[2]
            merged[field] = [one for one in merged.get(field, []) if one not in value]
        elif not key.startswith("$"):
            if value is None:
                merged.pop(key, None)
            else:
                merged[key] = strategic(merged.get(key), value, rules, (*names, key))
    return merged


def _strategic_list(target: list[Any], patch: list[Any], rules: Shape, names: Names) -> list[Any]:
    keyed = rules.lists.get(names)
    if keyed is None or {"$patch": "replace"} in patch:
        return [one for one in patch if one != {"$patch": "replace"}]
    if not keyed.keys:
        return target + [one for one in patch if one not in target]
    key = keyed.keys[0]
    merged = list(target)
    for item in patch:
        place = next((i for i, one in enumerate(merged) if one.get(key) == item.get(key)), None)
        if item.get("$patch") == "delete":
            merged = [one for one in merged if one.get(key) != item.get(key)]
        elif place is None:
            merged.append(item)
        else:
            merged[place] = strategic(merged[place], item, rules, names)
    return merged


def _refused(why: str) -> StatusError:
    text = f"the server rejected our request due to an error in our request: {why}"
    return StatusError(422, "Invalid", text, details={"causes": [{"message": why}]})


def json_patch(target: Json, operations: Any) -> Json:
    """RFC 6902: the target after the operations; raises StatusError 400 for a malformed one, 422 for one that fails."""
    if not isinstance(operations, list):
        raise statuses.bad_request("a JSON patch is a list of operations")
    result: Any = copy.deepcopy(target)
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise statuses.bad_request("each operation of a JSON patch is an object with op and path")
        result = _operate(result, operation)
    if not isinstance(result, dict):
        raise _refused("the patch does not leave an object")
    return result


def _operate(document: Any, operation: Json) -> Any:
    name, path = operation.get("op"), _pointer(operation["path"])
    if name in ("add", "replace", "test") and "value" not in operation:
        raise _refused(f'operation "{name}" has no value')
    if name == "test":
        if _read(document, path) != operation["value"]:
            raise _refused(f"testing value {operation['path']} failed")
        return document
    if name == "remove":
        return _remove(document, path)
    if name == "replace":
        _read(document, path)
        return _write(document, path, copy.deepcopy(operation["value"]), insert=False)
    if name == "add":
        return _write(document, path, copy.deepcopy(operation["value"]), insert=True)
    if name in ("move", "copy"):
        source = _pointer(str(operation.get("from", "")))
        value = copy.deepcopy(_read(document, source))
        document = _remove(document, source) if name == "move" else document
        return _write(document, path, value, insert=True)
    raise _refused(f'unknown operation "{name}"')


def _pointer(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise _refused(f'path "{text}" does not start with /')
    return [step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:]]


def _index(node: list[Any], step: str, *, end: bool) -> int:
    if step == "-" and end:
        return len(node)
    if not step.isdigit() or int(step) >= len(node) + end:
        raise _refused(f'index "{step}" is outside the list')
    return int(step)


def _read(document: Any, path: list[str]) -> Any:
    node = document
    for step in path:
        if isinstance(node, dict) and step in node:
            node = node[step]
        elif isinstance(node, list):
            node = node[_index(node, step, end=False)]
        else:
            raise _refused(f'path "/{"/".join(path)}" does not exist')
    return node


def _at_parent(document: Any, path: list[str], act: Callable[[Any, str], None]) -> Any:
    parent = _read(document, path[:-1])
    if not isinstance(parent, (dict, list)):
        raise _refused(f'path "/{"/".join(path)}" does not exist')
    act(parent, path[-1])
    return document


def _remove(document: Any, path: list[str]) -> Any:
    if not path:
        raise _refused("the whole object cannot be removed")
    _read(document, path)

    def act(parent: Any, step: str) -> None:
        del parent[step if isinstance(parent, dict) else _index(parent, step, end=False)]

    return _at_parent(document, path, act)


def _write(document: Any, path: list[str], value: Any, *, insert: bool) -> Any:
    if not path:
        return value

    def act(parent: Any, step: str) -> None:
        if isinstance(parent, dict):
            parent[step] = value
        elif insert:
            parent.insert(_index(parent, step, end=True), value)
        else:
            parent[_index(parent, step, end=False)] = value

    return _at_parent(document, path, act)
