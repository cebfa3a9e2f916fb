"""Every scenario runs on emulated planes, and on real ones too where KUBEBUILDER_ASSETS names their programs."""

import logging
from collections.abc import Iterator

import pytest

from tests import planes
from tests.scenario import stage


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One run per kind of plane."""
    kinds = ["emulated"] if planes.missing() else ["emulated", "real"]
    metafunc.fixturenames.append("plane_kind")
    metafunc.parametrize("plane_kind", kinds, indirect=True)


@pytest.fixture(autouse=True)
def every_word() -> Iterator[None]:
    """Log single steps too: the watch over secrets (tests/leaks.py) shall see every line there is."""
    loggers = [logging.getLogger(name) for name in ("mcidns", "mcidns_rfc2136")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


@pytest.fixture
def plane_kind(request: pytest.FixtureRequest) -> str:
    """What `raised` starts for this run."""
    kind: str = request.param
    stage.PLANES.set(kind)
    return kind
