"""Every test here runs with logs made, so that a log line that cannot be made fails it."""

import logging

import pytest


@pytest.fixture(autouse=True)
def logs_at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="mcidns.program")
