"""The values, operators and functions of the CEL subset; expressions are parsed in `cel`."""

import operator
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

_RESERVED: Final = re.compile(r"__(true|false|null|in|as|break|const|continue|else|for|function|if|import|let|loop|package"
                              r"|namespace|return|var|void|while)__")  # fmt: skip
_PART: Final = re.compile(r"([0-9]*\.?[0-9]+)(ns|us|ms|s|m|h)")
_DURATION: Final = re.compile(rf"[-+]?(?:0|(?:{_PART.pattern})+)")
_UNITS: Final[Mapping[str, float]] = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class EvaluationError(ValueError):
    """An expression cannot be evaluated on these values."""


def truth(value: Any) -> bool:
    """A boolean; CEL has no other truth."""
    if not isinstance(value, bool):
        raise EvaluationError(f"no such overload: {_kind(value)} where a boolean is needed")
    return value


def _kind(value: Any) -> str:
    names = {bool: "bool", int: "int", float: "double", str: "string", list: "list", dict: "map", timedelta: "duration"}
    return names.get(type(value), "null")


def variable(scope: Mapping[str, Any], name: str) -> Any:
    """A variable's value."""
    if name not in scope:
        raise EvaluationError(f"undeclared reference to '{name}'")
    return scope[name]


def _unescaped(name: str) -> str:
    match = _RESERVED.fullmatch(name)
    return match[1] if match else name.replace("__dot__", ".").replace("__dash__", "-").replace("__slash__", "/")


def field(value: Any, name: str) -> Any:
    """A field's value."""
    key = _unescaped(name)
    if not isinstance(value, dict) or key not in value:
        raise EvaluationError(f"no such key: {key}")
    return value[key]


def has(value: Any, name: str) -> bool:
    """The field is set."""
    return isinstance(value, dict) and value.get(_unescaped(name)) is not None


def index(value: Any, place: Any) -> Any:
    """An item of a list or a map."""
    if isinstance(value, list) and isinstance(place, int) and 0 <= place < len(value):
        return value[place]
    if isinstance(value, dict) and place in value:
        return value[place]
    raise EvaluationError(f"no such key or index: {place}")


def items(value: Any) -> list[Any]:
    """What a macro runs over: items of a list, keys of a map."""
    if not isinstance(value, (list, dict)):
        raise EvaluationError(f"expected a list or a map and found {_kind(value)}")
    return list(value)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    return bool(left == right)


def _in(left: Any, right: Any) -> bool:
    return any(_equal(left, one) for one in items(right))


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def run(left: Any, right: Any) -> bool:
        numbers = all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in (left, right))
        if not numbers and not any(isinstance(left, kind) and isinstance(right, kind) for kind in (str, timedelta)):
            raise EvaluationError(f"no such overload: {_kind(left)} compared with {_kind(right)}")
        return compare(left, right)

    return run


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    return _numeric(operator.add)(left, right)


def _numeric(act: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def run(left: Any, right: Any) -> Any:
        if type(left) is not type(right) and not (left == 0 and isinstance(right, float)):
            raise EvaluationError(f"no such overload: {_kind(left)} with {_kind(right)}")
        if not isinstance(left, (int, float)) or isinstance(left, bool):
            raise EvaluationError(f"no such overload: arithmetic on {_kind(left)}")
        try:
            return act(left, right)
        except ZeroDivisionError as error:
            raise EvaluationError("division by zero") from error

    return run


def _divide(left: Any, right: Any) -> Any:
    """Towards zero for integers, as in Go."""
    if isinstance(left, float):
        return left / right
    whole = abs(left) // abs(right)
    return whole if (left < 0) is (right < 0) else -whole


def _rest(left: Any, right: Any) -> Any:
    return left - right * _divide(left, right)


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "in": _in,
    "+": _add,
    "-": _numeric(operator.sub),
    "*": _numeric(operator.mul),
    "/": _numeric(_divide),
    "%": _numeric(_rest),
}


def operate(sign: str, left: Any, right: Any) -> Any:
    """A binary operator."""
    return _OPERATORS[sign](left, right)


def macro(name: str, values: list[Any], body: Callable[[Any], Any]) -> Any:
    """One of the list macros."""
    if name == "map":
        return [body(one) for one in values]
    if name == "filter":
        return [one for one in values if truth(body(one))]
    if name == "all":
        return all(truth(body(one)) for one in values)
    if name == "exists":
        return any(truth(body(one)) for one in values)
    return sum(truth(body(one)) for one in values) == 1


def _size(value: Any) -> int:
    if not isinstance(value, (str, list, dict)):
        raise EvaluationError(f"no such overload: size of {_kind(value)}")
    return len(value)


def _int(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise EvaluationError(f"no integer: {value!r}") from error


def _duration(value: Any) -> timedelta:
    """As Go's time.ParseDuration reads it."""
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise EvaluationError(f"no duration: {value!r}")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    return timedelta(seconds=-seconds if value.startswith("-") else seconds)


def _string(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _matches(value: Any, pattern: Any) -> bool:
    if not isinstance(value, str) or not isinstance(pattern, str):
        raise EvaluationError("no such overload: matches() takes strings")
    return re.search(pattern, value) is not None


def _text(act: Callable[..., Any]) -> Callable[..., Any]:
    def run(*values: Any) -> Any:
        if not all(isinstance(one, str) for one in values):
            raise EvaluationError("no such overload: a function of strings got something else")
        return act(*values)

    return run


GLOBALS: Final[Mapping[str, Callable[..., Any]]] = {
    "size": _size,
    "int": _int,
    "string": _string,
    "duration": _duration,
    "matches": _matches,
}
METHODS: Final[Mapping[str, Callable[..., Any]]] = {
    "size": _size,
    "matches": _matches,
    "startsWith": _text(str.startswith),
    "endsWith": _text(str.endswith),
    "contains": _text(lambda text, part: part in text),
    "lowerAscii": _text(str.lower),
    "upperAscii": _text(str.upper),
    "trim": _text(str.strip),
    "split": _text(str.split),
    "replace": _text(str.replace),
    "indexOf": _text(str.find),
    "join": lambda values, sign="": sign.join(values),
}
