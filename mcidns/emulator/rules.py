"""Validation rules of structural schemas (`x-kubernetes-validations`): where they apply, what they refuse; CEL is in `cel`."""

from collections.abc import Iterator, Mapping
from typing import Any

from mcidns.emulator import cel
from mcidns.emulator.fields import Keyed
from mcidns.emulator.functions import EvaluationError
from mcidns.emulator.statuses import Cause, Json

Schema = Mapping[str, Any]
_REASONS = ("FieldValueRequired", "FieldValueForbidden", "FieldValueDuplicate")


def check(obj: Json, old: Json | None, schema: Schema, causes: list[Cause]) -> None:
    """Add one cause per rule that does not hold; a rule that cannot be evaluated here does not refuse anything."""
    _walk(obj, old, schema, "", causes)


def unsupported(schema: Schema) -> list[str]:
    """Why rules of this schema are left out, one text per rule."""
    found = []
    for rule in _all(schema):
        try:
            cel.compiled(str(rule.get("rule", "")))
        except cel.Unsupported as error:
            found.append(f"validation rule {rule.get('rule')!r} is not evaluated by this emulator: {error}")
    return found


def _all(schema: Schema) -> Iterator[Schema]:
    yield from schema.get("x-kubernetes-validations") or ()
    for inner in (schema.get("properties") or {}).values():
        yield from _all(inner)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _all(schema[key])


def _walk(value: Any, old: Any, schema: Schema, path: str, causes: list[Cause]) -> None:
    for rule in schema.get("x-kubernetes-validations") or ():
        _apply(rule, value, old, path, causes)
    if isinstance(value, dict):
        properties: Schema = schema.get("properties") or {}
        more = schema.get("additionalProperties")
        before = old if isinstance(old, dict) else {}
        for key, inner in value.items():
            rules = properties.get(key, more)
            if isinstance(rules, dict) and inner is not None:
                _walk(inner, before.get(key), rules, f"{path}.{key}" if path else key, causes)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        before = _correlated(old, schema)
        keyed = Keyed(tuple(schema.get("x-kubernetes-list-map-keys") or ()))
        for index, item in enumerate(value):
            _walk(item, before.get(keyed.step(item)), schema["items"], f"{path}[{index}]", causes)


def _correlated(old: Any, schema: Schema) -> dict[str, Any]:
    """The former items by key; only a keyed list has them."""
    keys = tuple(schema.get("x-kubernetes-list-map-keys") or ())
    return {Keyed(keys).step(item): item for item in old} if keys and isinstance(old, list) else {}


def _apply(rule: Schema, value: Any, old: Any, path: str, causes: list[Cause]) -> None:
    text = str(rule.get("rule", ""))
    if "oldSelf" in text and old is None:
        return
    try:
        node = cel.compiled(text)
    except cel.Unsupported:
        return
    scope = {"self": value, "oldSelf": old}
    field = path + str(rule.get("fieldPath") or "")
    reason = rule.get("reason") if rule.get("reason") in _REASONS else "FieldValueInvalid"
    try:
        if node(scope) is True:
            return
        message = _message(rule, scope) or f"failed rule: {text.strip()}"
    except EvaluationError as error:
        message = f"rule evaluation error: {error}; rule: {text.strip()}"
    kind = '"object"' if isinstance(value, dict) else '"array"' if isinstance(value, list) else repr(value).replace("'", '"')
    causes.append(Cause(str(reason), f"Invalid value: {kind}: {message}", field or "<nil>"))


def _message(rule: Schema, scope: Json) -> str:
    expression = rule.get("messageExpression")
    if expression:
        try:
            return str(cel.compiled(str(expression))(scope))
        except (cel.Unsupported, EvaluationError):
            return str(rule.get("message") or "")
    return str(rule.get("message") or "")
