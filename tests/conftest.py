"""What holds for every test."""

import asyncio
import os
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

from tests.leaks import pytest_runtest_makereport, pytest_runtest_setup

__all__ = ["pytest_runtest_makereport", "pytest_runtest_setup"]  # a test that lets a secret be seen fails

# Without this, a test that is no coroutine and runs before the first one that is leaves pytest-asyncio an event loop that nobody
# closes (Python 3.11), and the warning fails whatever test happens to run when it is collected.
asyncio.set_event_loop(None)

# The same examples in every run, so that what fails has to do with what was changed, and no verdict about the speed of a busy
# machine. MCIDNS_RANDOM=1 looks for new ones.
settings.register_profile(
    "mcidns", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=not os.environ.get("MCIDNS_RANDOM")
)
settings.load_profile("mcidns")

LONG: Final = (
    "contract/test_designate_changes",
    "contract/test_designate",
    "scenario/test_deaths",
    "component/designate/",
    "docs/test_quickstarts",
    "component/route53/",
    "contract/",
    "scenario/",
)
"""Where tests that take long, most of it waiting, are. They begin first, so that no worker is left with them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files in an order that is good for several workers; within a file nothing moves."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    return next((place for place, part in enumerate(LONG) if part in item.nodeid), len(LONG))
