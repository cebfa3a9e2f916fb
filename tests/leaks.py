"""No secret may be seen in anything that the tests make the code say; what is a secret is known by a mark in its value.

Every secret that tests hand to the code holds MARK. `Watch` is shown all log lines, captured output, objects of API servers,
expositions and output of commands, and a test in which the mark is seen fails, whatever else it asserts. No test lives here.
"""

import base64
import json
import logging
from collections.abc import Iterable
from typing import Any, Protocol

import click.testing
import pytest

from mcidns.telemetry import JsonLines

MARK = "hushhush"


def _in_base64(text: str) -> Iterable[str]:
    """What of the text stands in any base64 that holds it, whatever comes before."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + text.encode()).decode().rstrip("=")
        yield whole[(before * 8 + 5) // 6 : len(whole) - 1]


_KEY = "PRIVATE KEY-----"
"""Keys of certificates are made by chance and carry their own mark."""
_SEEN_AS = (MARK, *_in_base64(MARK), MARK.encode().hex(), _KEY, *_in_base64(_KEY))


def marked(text: str) -> bool:
    """Whether a secret shows in it, plain, in base64 or in hexadecimal."""
    return any(one in text for one in _SEEN_AS)


class Watch(logging.Handler):
    """Notes where a secret was seen; a logging handler for what is logged, `see` for everything else."""

    def __init__(self) -> None:
        super().__init__()
        self._lines = JsonLines()
        self._found: list[str] = []

    def see(self, where: str, text: str) -> None:
        """This was shown to somebody, at a place to be named to whoever mends it."""
        if marked(text):
            self._found.append(where)

    def emit(self, record: logging.LogRecord) -> None:
        """See the whole line, with the event's keys and the traceback."""
        self.see(f"the log line {record.getMessage()!r} of {record.name}:{record.lineno}", self._lines.format(record))

    def take(self) -> list[str]:
        """Where it was seen since the last time."""
        found, self._found = self._found, []
        return list(dict.fromkeys(found))

    def judge(self, report: pytest.TestReport) -> None:
        """Let the test fail by whose doing a secret was seen."""
        for title, text in report.sections:
            if title.endswith(report.when):
                self.see(title, text)
        found = self.take()
        if found:
            report.outcome = "failed"
            report.longrepr = f"a secret can be seen in {'; '.join(found)}"


WATCH = Watch()
"""The one of this process; each worker of pytest-xdist has its own and fails its own tests."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[None]") -> Any:
    """After each phase of each test."""
    report = yield
    WATCH.judge(report)
    return report


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Hear what is logged, also after a test that set up the logging of a whole process."""
    root = logging.getLogger()
    if WATCH not in root.handlers:
        root.addHandler(WATCH)
    root.setLevel(logging.WARNING)


class Shelf(Protocol):
    """An API server, emulated or real."""

    def list(self, kind: str, namespace: str = "") -> list[dict[str, Any]]:
        """Every object of a kind."""
        ...


def see_objects(server: Shelf) -> None:
    """What the controller wrote for people: statuses, Events, generated objects. Secrets are where secrets belong."""
    for kind in ("globalhosts", "memberclusters", "dnsproviders", "dnszones", "dnsendpoints", "events.events.k8s.io"):
        for obj in server.list(kind):
            WATCH.see(f"{kind} {obj['metadata']['name']}", json.dumps(obj))


class CliRunner(click.testing.CliRunner):
    """Runs commands, and sees what they print."""

    def invoke(self, *args: Any, **kwargs: Any) -> click.testing.Result:
        result = super().invoke(*args, **kwargs)
        WATCH.see(f"the output of {args[1:2]}", f"{result.output} {result.exception!r}")
        return result
