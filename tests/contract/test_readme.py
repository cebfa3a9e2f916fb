"""The example of providers/README.md, installed as a package of its own, is found by its entry point and keeps the contract."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "providers" / "README.md"
FILES = ("pyproject.toml", "mcidns_sqlite/__init__.py", "tests/test_contract.py")
LOAD = """
from mcidns.errors import ConfigError
from mcidns.program.plugins import ProviderSpec, open_provider
from mcidns.provider import ProviderSettings
print(type(open_provider(ProviderSpec("sqlite", ProviderSettings("p", {"file": "zones.sqlite"})))).__name__)
try:
    open_provider(ProviderSpec("sqlite", ProviderSettings("p", {})))
except ConfigError as error:
    print(error)
"""


def block(name: str) -> str:
    """The code block after the words that name a file."""
    found = re.search(rf"^`{re.escape(name)}`.*?\n\n```\w+\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None, f"providers/README.md has no block for {name}"
    return found.group(1)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example's sources, installed into `site` beside them without touching our environment."""
    folder = tmp_path_factory.mktemp("example")
    for name in FILES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(block(name))
    words = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    _python(folder, *words, "--target", str(folder / "site"), str(folder))
    return folder


def _python(folder: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(folder / "site")}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_is_found_by_its_entry_point_and_refuses_bad_config(installed: Path) -> None:
    assert _python(installed, "-c", LOAD).splitlines() == [
        "SqliteProvider",
        "config.file: no file is named; write the path of the SQLite file",
    ]


def test_the_example_keeps_the_contract_under_plain_pytest(installed: Path) -> None:
    told = _python(installed, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "tests")
    assert re.search(r"\d{2} passed, \d+ skipped", told), told
    assert "needs Bench.failures['down']" in told
