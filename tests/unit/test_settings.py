"""Settings: all mistakes are told at once."""

from pathlib import Path

import pytest

from mcidns.errors import ConfigError
from mcidns.lead.election import Terms
from mcidns.settings import Settings


def test_the_defaults_are_usable() -> None:
    assert Settings().only == "both"


def test_all_mistakes_are_told_in_one_error() -> None:
    with pytest.raises(ConfigError) as caught:
        Settings(heartbeat=0, writes=0, http=("127.0.0.1", 70000))
    assert str(caught.value) == (
        "settings: heartbeat is 0; give a number of seconds above 0; writes is 0; give at least 1; "
        "http port is 70000; give 0 to 65535; see `mcidns run --help`"
    )


def test_a_page_that_others_reach_needs_a_token_or_somebody_who_says_that_it_needs_none() -> None:
    with pytest.raises(ConfigError) as caught:
        Settings(page=("0.0.0.0", 8081))
    assert str(caught.value) == (
        "settings: page would show everything to whoever reaches 0.0.0.0; set page-token-file, serve it at 127.0.0.1, or say with"
        " page-open that everybody may read it; see `mcidns run --help`"
    )
    for host in ("127.0.0.1", "::1", "localhost"):
        assert Settings(page=(host, 8081)).page == (host, 8081)
    assert Settings(page=("0.0.0.0", 8081), page_open=True).page_open
    assert Settings(page=("::", 8081), page_token_file=Path("/token")).page_token_file == Path("/token")


def test_a_page_has_a_port_of_its_own_and_a_token_belongs_to_a_page() -> None:
    with pytest.raises(ConfigError, match="page and http both have port 8080; give the page another one"):
        Settings(page=("127.0.0.1", 8080))
    with pytest.raises(ConfigError, match="page port is 70000"):
        Settings(page=("127.0.0.1", 70000))
    with pytest.raises(ConfigError, match="page-token-file is set, and no page"):
        Settings(page_token_file=Path("/token"))


def test_the_times_of_a_lease_must_fit() -> None:
    with pytest.raises(ConfigError) as caught:
        Settings(terms=Terms(duration=10, deadline=10, retry=2))
    assert "give a deadline of two retries at least, and a duration above the deadline" in str(caught.value)
    with pytest.raises(ConfigError):
        Settings(terms=Terms(duration=15, deadline=3, retry=2))


def test_probes_need_a_rate_and_places() -> None:
    with pytest.raises(ConfigError) as caught:
        Settings(probe_rate=0.5, probe_concurrency=1)
    assert "probe-rate is 0.5; give at least 1 a second; probe-concurrency is 1; give at least 2" in str(caught.value)
