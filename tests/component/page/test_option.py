"""`mcidns run --page` as it is written on a command line or in the environment."""

import pytest
from click.testing import CliRunner

from mcidns.cli.run import run
from mcidns.errors import ConfigError


@pytest.mark.parametrize(
    ("args", "page"),
    [
        ([], "off"),
        (["--page"], "127.0.0.1:8081"),
        (["--page", "--dry-run"], "127.0.0.1:8081"),
        (["--page", "0.0.0.0:9000"], "0.0.0.0:9000"),
        (["--page=[::1]:9000"], "[::1]:9000"),
    ],
)
def test_the_page_is_off_at_this_machine_or_where_it_is_said(args: list[str], page: str) -> None:
    assert run.make_context("run", args).params["page"] == page


def test_an_address_that_is_none_is_refused_by_its_option() -> None:
    ran = CliRunner().invoke(run, ["--page=everywhere", "--log-level=error"])
    assert isinstance(ran.exception, ConfigError)
    assert str(ran.exception) == "--page: 'everywhere' is no address:port; write for example 127.0.0.1:8081, or off"


def test_a_page_for_everybody_must_be_asked_for() -> None:
    ran = CliRunner().invoke(run, ["--page=0.0.0.0:8081", "--log-level=error"])
    assert isinstance(ran.exception, ConfigError)
    assert "page-open" in str(ran.exception)
