"""What holds for every test."""

import asyncio

from tests.leaks import pytest_runtest_makereport, pytest_runtest_setup

__all__ = ["pytest_runtest_makereport", "pytest_runtest_setup"]  # a test that lets a secret be seen fails

# Without this, a test that is no coroutine and runs before the first one that is leaves pytest-asyncio an event loop that nobody
# closes (Python 3.11), and the warning fails whatever test happens to run when it is collected.
asyncio.set_event_loop(None)
