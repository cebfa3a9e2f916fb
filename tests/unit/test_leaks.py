"""The watch over secrets sees them in each form and place, and lets the test fail that shows them."""

import base64
import logging
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.leaks import MARK, Watch, marked

ROOT = Path(__file__).parents[2]
LEAKS = f'''
import logging, os, subprocess, sys, base64
import pytest, click
from tests.leaks import WATCH, CliRunner, see_objects

MARK = "{MARK[:4]}" + "{MARK[4:]}"

class Server:
    def list(self, kind, namespace=""):
        return [{{"metadata": {{"name": "a"}}, "status": {{"message": base64.b64encode(MARK.encode()).decode()}}}}]

@click.command()
def told():
    click.echo(MARK)

def test_log_key(): logging.getLogger("a").warning("event", extra={{"why": "token " + MARK}})
def test_log_caught_by_a_test(caplog):
    logging.getLogger("a").warning(MARK)
    caplog.clear()
def test_traceback():
    try: raise ValueError(MARK)
    except ValueError: logging.getLogger("a").exception("event")
def test_print(): print(MARK)
def test_child(): subprocess.run([sys.executable, "-c", "import sys; sys.stderr.write('{MARK[:4]}' + '{MARK[4:]}')"])
def test_object(): see_objects(Server())
def test_command(): CliRunner().invoke(told, [])
@pytest.fixture
def late():
    yield
    print(MARK)
def test_teardown(late): pass
def test_clean_among_them(): logging.getLogger("a").warning("event", extra={{"why": "nothing"}})
'''
SHOWN = {"log_key", "log_caught_by_a_test", "traceback", "print", "child", "object", "command", "teardown"}


@pytest.mark.parametrize("workers", [pytest.param([], id="one process"), pytest.param(["-n", "1"], id="workers of xdist")])
def test_each_test_that_shows_a_secret_fails_and_no_other(tmp_path: Path, workers: list[str]) -> None:
    (tmp_path / "conftest.py").write_text("from tests.leaks import pytest_runtest_makereport, pytest_runtest_setup\n")
    (tmp_path / "test_inner.py").write_text(LEAKS)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rfE", "--tb=no", *workers, str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert set(re.findall(r"^(?:FAILED|ERROR) \S+::test_(\w+) - a secret can be seen", done.stdout, re.MULTILINE)) == SHOWN, (
        "in " + re.sub(MARK, "…", done.stdout)
    )


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", '{"kind": "Config", "token": "'])
def test_a_secret_is_seen_in_base64_wherever_it_stands(before: str) -> None:
    for after in ("", "x", "yz", '"}'):
        assert marked(base64.b64encode(f"{before}{MARK}{after}".encode()).decode())
    assert not marked(base64.b64encode(f"{before}hush".encode()).decode())


def test_watching_a_line_costs_next_to_nothing() -> None:
    watch, record = Watch(), logging.makeLogRecord({"msg": "decision.changed", "why": "text " * 40})

    def once() -> float:
        begin = time.process_time()
        for _ in range(200):
            watch.emit(record)
        return (time.process_time() - begin) / 200

    assert min(once() for _ in range(10)) < 1e-3
