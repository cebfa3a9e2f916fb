"""The CEL subset and the JSONPath subset, by tables."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mcidns.emulator import cel, columns, functions

SELF: dict[str, Any] = {
    "n": 3,
    "x": 1.5,
    "s": "abc",
    "t": True,
    "list": [1, 2, 3],
    "names": ["a", "b"],
    "parts": [{"name": "a", "w": 1}, {"name": "b"}],
    "map": {"k": "v"},
    "namespace": "shop",
}


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        pytest.param("self.n == 3 && self.s != 'x'", True, id="comparison"),
        pytest.param("self.n + 2 * 3 - 1 == 8", True, id="precedence"),
        pytest.param("-7 / 2 == -3 && -7 % 2 == -1", True, id="division goes towards zero"),
        pytest.param("!(self.t ? false : true)", True, id="choice"),
        pytest.param("has(self.map.k) && !has(self.map.z) && !has(self.q)", True, id="has"),
        pytest.param("self.absent == 1 || self.t", True, id="an error that does not matter for or"),
        pytest.param("self.absent == 1 && false", False, id="an error that does not matter for and"),
        pytest.param("'b' in self.names && !(4 in self.list)", True, id="in a list"),
        pytest.param("'k' in self.map && self.map['k'] == 'v'", True, id="in a map"),
        pytest.param("size(self.s) == 3 && self.list.size() == 3", True, id="size"),
        pytest.param("self.list.all(i, i > 0) && self.list.exists(i, i == 2)", True, id="all and exists"),
        pytest.param("self.list.exists_one(i, i == 2) && !self.list.exists_one(i, i > 1)", True, id="exists one"),
        pytest.param("self.parts.filter(p, has(p.w)).map(p, p.name) == ['a']", True, id="filter and map"),
        pytest.param("self.parts.all(p, self.parts.exists_one(q, q.name == p.name))", True, id="nested macros"),
        pytest.param(r"self.s.matches('^a.c$') && self.s.startsWith('a') && self.s.contains(\"b\")", True, id="strings"),
        pytest.param("self.s.upperAscii() + 'd' == 'ABCd'", True, id="joined strings"),
        pytest.param("duration('1h30m') == duration('5400s') && duration('1.5s') > duration('900ms')", True, id="durations"),
        pytest.param("duration('-1m') < duration('0')", True, id="durations below zero"),
        pytest.param("true == 1", False, id="a boolean is no number"),
        pytest.param("self.__namespace__ == 'shop'", True, id="an escaped name"),
        pytest.param(r"'it\'s' == \"it's\"", True, id="escapes"),
    ],
)
def test_an_expression_has_its_value(rule: str, value: object) -> None:
    assert cel.compiled(rule.replace('\\"', '"'))({"self": SELF}) is value


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param("self.absent == 1", id="an absent field"),
        pytest.param("self.s < 1", id="a string below a number"),
        pytest.param("self.n && true", id="a number as a boolean"),
        pytest.param("self.list[9] == 1", id="an index outside"),
        pytest.param("self.n / 0 == 1", id="division by zero"),
        pytest.param("other == 1", id="an unknown variable"),
        pytest.param("self.n + 'a' == 'x'", id="a number and a string"),
        pytest.param("self.n.all(i, true)", id="a macro over a number"),
        pytest.param("duration(self.s) == duration('1s')", id="no duration"),
        pytest.param("duration('1s') > 1", id="a duration and a number"),
    ],
)
def test_what_cannot_be_evaluated_is_an_error(rule: str) -> None:
    with pytest.raises(functions.EvaluationError):
        cel.compiled(rule)({"self": SELF})


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param("isIP(self.s)", id="a library function"),
        pytest.param("self.s.find('x')", id="a method"),
        pytest.param("self.n ==", id="half an expression"),
        pytest.param("self.n == 1)", id="a bracket too many"),
        pytest.param("{'a': 1}", id="a map"),
        pytest.param("has(self)", id="has without a field"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_is_left_out_is_unsupported_and_not_guessed(rule: str) -> None:
    with pytest.raises(cel.Unsupported):
        cel.compiled(rule)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        pytest.param(".n", [3], id="a field"),
        pytest.param(".parts[*].name", ["a", "b"], id="every item"),
        pytest.param(".parts[0].w", [1], id="an index"),
        pytest.param(".parts[-1].name", ["b"], id="from the end"),
        pytest.param('.parts[?(@.name=="b")].name', ["b"], id="a filter"),
        pytest.param(".map['k']", ["v"], id="quotes"),
        pytest.param(".absent.field", [], id="nothing"),
    ],
)
def test_a_path_leads_to_its_values(path: str, found: list[object]) -> None:
    assert columns.find(SELF, path) == found


@pytest.mark.parametrize(
    ("then", "text"),
    [
        pytest.param("2026-01-01T11:59:55Z", "5s", id="seconds"),
        pytest.param("2026-01-01T11:55:30Z", "4m30s", id="minutes and seconds"),
        pytest.param("2026-01-01T11:00:00Z", "60m", id="an hour"),
        pytest.param("2026-01-01T07:55:00Z", "4h5m", id="hours"),
        pytest.param("2025-12-29T12:00:00Z", "3d", id="days"),
        pytest.param("nonsense", "<invalid>", id="no time"),
    ],
)
def test_an_age_is_told_as_kubectl_tells_it(then: str, text: str) -> None:
    assert columns.age(then, datetime(2026, 1, 1, 12, tzinfo=UTC)) == text
