"""The contract bites: run as strangers run it, it passes an honest provider and finds each that breaks it."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from mcidns.testing.memory import MemoryProvider
from tests.contract.broken import FOUND_BY, Honest

ROOT = Path(__file__).parents[2]
PROVIDERS: tuple[type[MemoryProvider], ...] = (Honest, *FOUND_BY)
SUITE = """\
import contextlib
from mcidns.testing.contract import ProviderContract
from tests.contract import broken, memory

class Suite(ProviderContract):
    many = 150

    @contextlib.asynccontextmanager
    async def bench(self):
        yield memory.bench(self.provider(memory.ZONE.text))
"""
CASE = """
class Test{name}(Suite):
    provider = broken.{name}
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Of each provider, its tests that did not pass, and why: in a process of their own, with pytest's own settings.

    The honest one runs the whole suite, each other the test that is there for it.
    """
    folder = tmp_path_factory.mktemp("suite")
    (folder / "pytest.ini").write_text("[pytest]\n")
    cases = "".join(CASE.format(name=provider.__name__) for provider in PROVIDERS)
    (folder / "test_broken.py").write_text(SUITE + cases)
    report = folder / "report.xml"
    suite = folder / "test_broken.py"
    chosen = [f"{suite}::TestHonest", *(f"{suite}::Test{provider.__name__}::{test}" for provider, test in FOUND_BY.items())]
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={report}", *chosen]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert report.exists(), done.stdout + done.stderr
    found: dict[str, dict[str, str]] = {provider.__name__: {} for provider in PROVIDERS}
    for case in ET.parse(report).iter("testcase"):
        trouble = [child.get("message") or "" for child in case if child.tag in {"failure", "error"}]
        if trouble:
            found[case.attrib["classname"].rpartition(".Test")[2]][case.attrib["name"]] = trouble[0]
    return found


def test_an_honest_provider_passes(outcomes: dict[str, dict[str, str]]) -> None:
    assert outcomes["Honest"] == {}


@pytest.mark.parametrize(("provider", "test"), [pytest.param(*pair, id=pair[0].__name__) for pair in FOUND_BY.items()])
def test_each_way_to_break_it_is_found(outcomes: dict[str, dict[str, str]], provider: type[MemoryProvider], test: str) -> None:
    assert test in outcomes[provider.__name__]


def test_a_failure_shows_what_was_compared(outcomes: dict[str, dict[str, str]]) -> None:
    message = outcomes["FixedTtl"]["test_a_set_is_created_changed_in_every_way_and_deleted"]
    assert "ttl=3600" in message
    assert "ttl=300" in message
