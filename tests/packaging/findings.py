"""The table of findings in docs/doctor.md, made from the rules; `python -m tests.packaging.findings` writes it."""

import string
from pathlib import Path

from mcidns.doctor import rules
from mcidns.doctor.findings import Rule

DOC = Path(__file__).parents[2] / "docs" / "doctor.md"
BEGIN, END = "<!-- findings: python -m tests.packaging.findings -->\n", "<!-- end of findings -->\n"


class _Capitals(string.Formatter):
    """Fills a remedy's parts with their own names, as commands are shown to people."""

    def get_value(self, key: object, args: object, kwargs: object) -> str:
        return str(key).upper()


def remedy(rule: Rule) -> str:
    """The remedy as a person would fill it in; a word in a code span may not be broken by a bar."""
    if rule.remedy == "{remedy}":
        return "the command for that very case"
    return _Capitals().format(rule.remedy).replace("|", "\\|")


def table() -> str:
    """All rules by group."""
    lines = []
    group = None
    for one, rule in rules.ALL:
        if one != group:
            group = one
            lines += [
                "",
                f"### {one.value.capitalize()}",
                "",
                "| finding | | means | why it matters | remedy |",
                "|---|---|---|---|---|",
            ]
        lines.append(f"| `{rule.name}` | {rule.severity} | {rule.means} | {rule.why} | `{remedy(rule)}` |")
    return "\n".join([*lines, "", ""])


def written(text: str) -> str:
    """The document with the table in its place."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    DOC.write_text(written(DOC.read_text(encoding="utf-8")), encoding="utf-8")
