"""What an examination says: rules, findings and results as values; how they are found and shown lives beside it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Severity = Literal["warning", "problem"]
State = Literal["ok", "warning", "problem", "not checked"]


class Group(StrEnum):
    """What a check is about, in the order in which results are shown."""

    HOST = "host"
    MEMBER = "member"
    PROVIDER = "provider"
    ZONE = "zone"
    HOSTS = "hosts"


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of finding. `means` and `why` are sentences for people; `remedy` is a command or an instruction with {parts}."""

    name: str
    severity: Severity
    means: str
    why: str
    remedy: str

    def found(self, what: str, **parts: str) -> "Finding":
        """One case of it. `parts` fill the remedy; one that lacks a part is a mistake of ours (KeyError)."""
        return Finding(self, what, self.remedy.format(**parts))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: what it is here, why that matters, and what mends it."""

    rule: Rule
    what: str
    remedy: str

    @property
    def why(self) -> str:
        """Why it matters."""
        return self.rule.why


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check found; `note` says what was seen where nothing is wrong."""

    findings: tuple[Finding, ...] = ()
    note: str = ""

    @classmethod
    def of(cls, findings: Iterable[Finding], note: str = "") -> "Outcome":
        """From any number of findings."""
        return cls(tuple(findings), note)


@dataclass(frozen=True, slots=True)
class Result:
    """One check and its outcome; `unchecked` says why it could not be made, and then there is no outcome."""

    group: Group
    subject: str
    check: str
    outcome: Outcome = Outcome()
    unchecked: str = ""

    @property
    def state(self) -> State:
        """The worst of it."""
        if self.unchecked:
            return "not checked"
        found = {one.rule.severity for one in self.outcome.findings}
        return "problem" if "problem" in found else "warning" if found else "ok"


class NotChecked(Exception):
    """A check cannot be made; the text says why, and what right or option is missing."""
