"""The part of the Common Expression Language that validation rules of CRDs commonly use, as closures; schemas are in `rules`.

Grammar and semantics: github.com/google/cel-spec. Left out, and refused with Unsupported: maps, timestamps, reckoning with
durations, bytes, optional types, and the function libraries of Kubernetes beyond strings and lists.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from mcidns.emulator import functions
from mcidns.emulator.functions import EvaluationError

Scope = Mapping[str, Any]
Node = Callable[[Scope], Any]

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<number>\d+\.\d+|\d+)|(?P<raw>r?)(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<name>[A-Za-z_]\w*)|(?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%!<>?:.,()\[\]])|(?P<bad>\S))"""
)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}
_LEVELS: Final = (("||",), ("&&",), ("==", "!=", "<", "<=", ">", ">=", "in"), ("+", "-"), ("*", "/", "%"))
_CONSTANTS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None}
_MACROS: Final = ("all", "exists", "exists_one", "filter", "map")
_END: Final = ("end", "")


class Unsupported(ValueError):
    """The expression is malformed or uses what this evaluator leaves out."""


@lru_cache(maxsize=1024)
def compiled(text: str) -> Node:
    """An expression as a function of its variables, which raises EvaluationError; raises Unsupported."""
    parser = _Parser(text)
    node = parser.expression()
    if parser.peek != _END:
        raise Unsupported(f"unexpected {parser.peek[1]!r} in {text!r}")
    return node


def _tokens(text: str) -> list[tuple[str, str]]:
    found = []
    for match in _TOKEN.finditer(text.strip()):
        kind = match.lastgroup or ""
        if kind == "bad":
            raise Unsupported(f"{match['bad']!r} in {text!r} is not supported")
        if kind == "text":
            body = match["text"][1:-1]
            value = body if match["raw"] else re.sub(r"\\(.)", lambda one: _ESCAPES.get(one[1], one[1]), body)
            found.append(("text", value))
        else:
            found.append((kind, match[kind]))
    return [*found, _END]


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._place = 0

    @property
    def peek(self) -> tuple[str, str]:
        return self._tokens[self._place]

    def _next(self) -> tuple[str, str]:
        token = self.peek
        self._place += token != _END
        return token

    def _takes(self, *signs: str) -> str:
        kind, value = self.peek
        if value in signs and (kind == "sign" or value == "in"):
            self._place += 1
            return value
        return ""

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            raise Unsupported(f"expected {sign!r} and found {self.peek[1]!r}")

    def expression(self) -> Node:
        condition = self._binary(0)
        if not self._takes("?"):
            return condition
        good = self.expression()
        self._expect(":")
        bad = self.expression()
        return lambda scope: good(scope) if functions.truth(condition(scope)) else bad(scope)

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while sign := self._takes(*_LEVELS[level]):
            right = self._binary(level + 1)
            left = _logical(sign, left, right) if level < 2 else _operation(sign, left, right)
        return left

    def _unary(self) -> Node:
        if self._takes("!"):
            inner = self._unary()
            return lambda scope: not functions.truth(inner(scope))
        if self._takes("-"):
            number = self._unary()
            return lambda scope: functions.operate("-", 0, number(scope))
        return self._member(self._primary())

    def _primary(self) -> Node:
        kind, value = self._next()
        if kind == "number":
            number = float(value) if "." in value else int(value)
            return lambda scope: number
        if kind == "text":
            return lambda scope: value
        if kind == "sign" and value == "(":
            inner = self.expression()
            self._expect(")")
            return inner
        if kind == "sign" and value == "[":
            items = self._arguments("]")
            return lambda scope: [item(scope) for item in items]
        if kind != "name":
            raise Unsupported(f"unexpected {value!r}")
        if value in _CONSTANTS:
            return lambda scope: _CONSTANTS[value]
        if self._takes("("):
            return self._call(value)
        return lambda scope: functions.variable(scope, value)

    def _arguments(self, end: str) -> list[Node]:
        found: list[Node] = []
        while not self._takes(end):
            if found:
                self._expect(",")
            found.append(self.expression())
        return found

    def _call(self, name: str) -> Node:
        start = self._place
        arguments = self._arguments(")")
        if name == "has":
            return self._has(start, arguments)
        if name not in functions.GLOBALS:
            raise Unsupported(f"function {name}() is not supported")
        function = functions.GLOBALS[name]
        return lambda scope: function(*(argument(scope) for argument in arguments))

    def _has(self, start: int, arguments: list[Node]) -> Node:
        """`has(a.b)`: the last selection is a question, not an access."""
        kind, name = self._tokens[self._place - 2]
        dot = self._tokens[self._place - 3]
        if len(arguments) != 1 or kind != "name" or dot != ("sign", "."):
            raise Unsupported("has() takes a field selection")
        inner = _Parser("")
        inner._tokens = [*self._tokens[start : self._place - 3], _END]
        parent = inner.expression()
        return lambda scope: functions.has(parent(scope), name)

    def _member(self, node: Node) -> Node:
        while True:
            if self._takes("."):
                node = self._selection(node)
            elif self._takes("["):
                index = self.expression()
                self._expect("]")
                node = _indexed(node, index)
            else:
                return node

    def _selection(self, node: Node) -> Node:
        kind, name = self._next()
        if kind != "name":
            raise Unsupported(f"unexpected {name!r} after a dot")
        if not self._takes("("):
            return lambda scope: functions.field(node(scope), name)
        if name in _MACROS:
            return self._macro(node, name)
        arguments = self._arguments(")")
        if name not in functions.METHODS:
            raise Unsupported(f"function .{name}() is not supported")
        method = functions.METHODS[name]
        return lambda scope: method(node(scope), *(argument(scope) for argument in arguments))

    def _macro(self, node: Node, name: str) -> Node:
        kind, variable = self._next()
        if kind != "name":
            raise Unsupported(f".{name}() needs a variable")
        self._expect(",")
        body = self.expression()
        self._expect(")")

        def run(scope: Scope) -> Any:
            items = functions.items(node(scope))
            return functions.macro(name, items, lambda item: body({**scope, variable: item}))

        return run


def _indexed(node: Node, index: Node) -> Node:
    return lambda scope: functions.index(node(scope), index(scope))


def _operation(sign: str, left: Node, right: Node) -> Node:
    return lambda scope: functions.operate(sign, left(scope), right(scope))


def _logical(sign: str, left: Node, right: Node) -> Node:
    """`&&` and `||` as CEL has them: an error on one side does not matter if the other decides."""
    decisive = sign == "||"

    def run(scope: Scope) -> bool:
        failed: EvaluationError | None = None
        for side in (left, right):
            try:
                if functions.truth(side(scope)) is decisive:
                    return decisive
            except EvaluationError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return not decisive

    return run
