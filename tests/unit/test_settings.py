"""Settings: all mistakes are told at once."""

import pytest

from mcidns.errors import ConfigError
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


def test_probes_need_a_rate_and_places() -> None:
    with pytest.raises(ConfigError) as caught:
        Settings(probe_rate=0.5, probe_concurrency=1)
    assert "probe-rate is 0.5; give at least 1 a second; probe-concurrency is 1; give at least 2" in str(caught.value)
