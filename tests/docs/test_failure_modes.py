"""The table of failure modes names a test for each line, and the tests it names exist; alerts, conditions and reasons too."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "failure-modes.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| what happens")
]
UNSHOWN = "not shown by a test"
REASONS = r"[\"'](\w+)[:\"']"


@cache
def functions_of(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("row", [pytest.param(row, id=row[0]) for row in ROWS])
def test_every_line_is_whole_and_names_a_test_that_exists(row: list[str]) -> None:
    assert len(row) == 6
    assert all(row)
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", row[5])
    assert bool(named) != (row[5] == UNSHOWN)
    for path, test in named:
        assert test in functions_of(ROOT / "tests" / path), f"{path} has no {test}"


def test_few_lines_are_shown_by_no_test() -> None:
    assert [row[0] for row in ROWS if row[5] == UNSHOWN] == [
        "the clock of the controller jumps",
    ]


def test_the_alerts_that_the_table_names_exist_and_each_alert_is_in_it() -> None:
    groups = yaml.safe_load((ROOT / "charts" / "mcidns" / "files" / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    alerts = {rule["alert"] for group in groups for rule in group["rules"]}
    named = set(re.findall(r"`(Mcidns\w+)`", PAGE))
    assert named <= alerts
    assert alerts - named <= {"McidnsMemberFlapping"}, "name it in the line that raises it"


def test_conditions_and_reasons_are_words_of_the_code() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "mcidns").rglob("*.py"))
    words = set(re.findall(REASONS, code))
    said = {word for pair in re.findall(r"`(\w+)=\w+(?: (\w+))?`", PAGE) for word in pair if word}
    verdicts = set(re.findall(r"verdict `(\w+)`", PAGE))
    assert verdicts
    assert (said | verdicts) - words == set()
