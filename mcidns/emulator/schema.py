"""Structural schemas of custom resources: prune, default, validate; nothing of a CRD but its schema is read here.

`openAPIV3Schema` as in the CustomResourceDefinition documentation; CEL rules are evaluated in `rules`.
"""

import copy
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from mcidns.emulator import formats
from mcidns.emulator.statuses import Cause

Schema = Mapping[str, Any]
_EMBEDDED: Final = frozenset({"apiVersion", "kind", "metadata"})


@lru_cache(maxsize=2048)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def prune(value: Any, schema: Schema, path: str = "", unknown: list[str] | None = None) -> None:
    """Drop what the schema does not name, in place; the paths dropped are added to `unknown`."""
    if isinstance(value, list):
        items = schema.get("items")
        for index, item in enumerate(value if items else ()):
            prune(item, items or {}, f"{path}[{index}]", unknown)
        return
    if not isinstance(value, dict):
        return
    properties: Schema = schema.get("properties") or {}
    more = schema.get("additionalProperties")
    keeps = schema.get("x-kubernetes-preserve-unknown-fields") is True or more is True
    embedded = _EMBEDDED if not path or schema.get("x-kubernetes-embedded-resource") else frozenset[str]()
    for key in list(value):
        here = f"{path}.{key}" if path else key
        if key in embedded:
            continue
        if key in properties:
            prune(value[key], properties[key], here, unknown)
        elif isinstance(more, dict):
            prune(value[key], more, here, unknown)
        elif not keeps:
            del value[key]
            if unknown is not None:
                unknown.append(here)


def default(value: Any, schema: Schema) -> None:
    """Fill in defaults in place, outermost first, so that a default may itself be defaulted."""
    if isinstance(value, list) and schema.get("items"):
        for item in value:
            default(item, schema["items"])
    if not isinstance(value, dict):
        return
    properties: Schema = schema.get("properties") or {}
    for key, inner in properties.items():
        missing = key not in value or (value[key] is None and not inner.get("nullable"))
        if missing and "default" in inner:
            value[key] = copy.deepcopy(inner["default"])
        elif missing:
            value.pop(key, None)
        if key in value:
            default(value[key], inner)
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        for key, inner in value.items():
            if key not in properties:
                default(inner, more)


def validate(value: Any, schema: Schema, path: str, causes: list[Cause]) -> None:
    """Add one cause per violation; `path` is that of the value, empty at the root."""
    if value is None and schema.get("nullable"):
        return
    if not _is_type(value, schema):
        wanted = schema.get("type", "integer or string")
        text = f'Invalid value: "{_type_name(value)}": {path} in body must be of type {wanted}: "{_type_name(value)}"'
        causes.append(Cause("FieldValueTypeInvalid", text, path))
        return
    if "enum" in schema and value not in schema["enum"]:
        allowed = ", ".join(f'"{one}"' for one in schema["enum"])
        causes.append(Cause("FieldValueNotSupported", f"Unsupported value: {_shown(value)}: supported values: {allowed}", path))
    if isinstance(value, str):
        _string(value, schema, path, causes)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        _number(value, schema, path, causes)
    elif isinstance(value, list):
        _list(value, schema, path, causes)
    elif isinstance(value, dict):
        _object(value, schema, path, causes)
    _combined(value, schema, path, causes)


def _shown(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _type_name(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _is_type(value: Any, schema: Schema) -> bool:
    if schema.get("x-kubernetes-int-or-string"):
        return isinstance(value, (int, str)) and not isinstance(value, bool)
    wanted = schema.get("type")
    if not wanted:
        return True
    name = _type_name(value)
    if name == "number" and wanted == "integer":
        return float(value).is_integer()
    return name == wanted or (name == "integer" and wanted == "number")


def _bad(causes: list[Cause], path: str, value: Any, why: str, reason: str = "FieldValueInvalid") -> None:
    causes.append(Cause(reason, f"Invalid value: {_shown(value)}: {path} in body {why}", path))


def _string(value: str, schema: Schema, path: str, causes: list[Cause]) -> None:
    if len(value) > schema.get("maxLength", len(value)):
        text = f"Too long: may not be more than {schema['maxLength']} bytes"
        causes.append(Cause("FieldValueTooLong", text, path))
    if len(value) < schema.get("minLength", 0):
        _bad(causes, path, value, f"should be at least {schema['minLength']} chars long")
    pattern = schema.get("pattern")
    if pattern and not _compiled(pattern).search(value):
        _bad(causes, path, value, f"should match '{pattern}'")
    wanted = schema.get("format")
    if wanted and not formats.holds(wanted, value):
        _bad(causes, path, value, f"must be of type {wanted}: {_shown(value)}")


def _number(value: float, schema: Schema, path: str, causes: list[Cause]) -> None:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and (value < low or (value == low and schema.get("exclusiveMinimum"))):
        _bad(causes, path, value, f"should be greater than or equal to {low}")
    if high is not None and (value > high or (value == high and schema.get("exclusiveMaximum"))):
        _bad(causes, path, value, f"should be less than or equal to {high}")
    if schema.get("multipleOf") and value % schema["multipleOf"]:
        _bad(causes, path, value, f"should be a multiple of {schema['multipleOf']}")


def _list(value: list[Any], schema: Schema, path: str, causes: list[Cause]) -> None:
    if len(value) > schema.get("maxItems", len(value)):
        text = f"Too many: {len(value)}: must have at most {schema['maxItems']} items"
        causes.append(Cause("FieldValueTooMany", text, path))
        return
    if len(value) < schema.get("minItems", 0):
        _bad(causes, path, len(value), f"should have at least {schema['minItems']} items")
    items = schema.get("items") or {}
    for index, item in enumerate(value):
        validate(item, items, f"{path}[{index}]", causes)
    kind = schema.get("x-kubernetes-list-type")
    keys = schema.get("x-kubernetes-list-map-keys", ()) if kind == "map" else ()
    if kind in ("map", "set"):
        seen = set()
        for index, item in enumerate(value):
            chosen = {key: item.get(key) for key in keys} if keys and isinstance(item, dict) else item
            mark = _shown(chosen)
            if mark in seen:
                causes.append(Cause("FieldValueDuplicate", f"Duplicate value: {mark}", f"{path}[{index}]"))
            seen.add(mark)


def _object(value: dict[str, Any], schema: Schema, path: str, causes: list[Cause]) -> None:
    properties: Schema = schema.get("properties") or {}
    dot = f"{path}." if path else ""
    causes += [Cause("FieldValueRequired", "Required value", dot + key) for key in schema.get("required") or () if key not in value]
    if len(value) > schema.get("maxProperties", len(value)):
        text = f"Too many: {len(value)}: must have at most {schema['maxProperties']} items"
        causes.append(Cause("FieldValueTooMany", text, path))
    if len(value) < schema.get("minProperties", 0):
        _bad(causes, path, len(value), f"should have at least {schema['minProperties']} properties")
    more = schema.get("additionalProperties")
    for key, inner in value.items():
        if key in properties:
            if path or key not in _EMBEDDED:
                validate(inner, properties[key], dot + key, causes)
        elif isinstance(more, dict):
            validate(inner, more, dot + key, causes)


def _combined(value: Any, schema: Schema, path: str, causes: list[Cause]) -> None:
    def holds(one: Schema) -> bool:
        found: list[Cause] = []
        validate(value, one, path, found)
        return not found

    for one in schema.get("allOf") or ():
        validate(value, one, path, causes)
    if schema.get("anyOf") and not schema.get("x-kubernetes-int-or-string") and not any(map(holds, schema["anyOf"])):
        _bad(causes, path, value, "must validate at least one schema (anyOf)")
    if schema.get("oneOf") and sum(map(holds, schema["oneOf"])) != 1:
        _bad(causes, path, value, "must validate one and only one schema (oneOf)")
    if schema.get("not") and holds(schema["not"]):
        _bad(causes, path, value, "must not validate the schema (not)")
