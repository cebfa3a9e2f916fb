"""Pytest fixtures: one Designate and one Keystone per test run, started when first asked for; tests import what they use."""

import asyncio
import contextlib
from collections.abc import Iterator

import pytest

from tests.openstack import designate as designates
from tests.openstack import keystone as keystones
from tests.openstack.designate import Designate
from tests.openstack.keystone import Keystone


@pytest.fixture(scope="session")
def designate() -> Iterator[Designate]:
    """A running Designate; skips, with the reason, where there is none."""
    if reason := designates.missing():
        pytest.skip(reason)
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        yield runner.run(stack.enter_async_context(designates.running()))
        runner.run(stack.aclose())


@pytest.fixture(scope="session")
def keystone(designate: Designate) -> Iterator[Keystone]:
    """A running Keystone that knows the Designate; skips, with the reason, where there is none."""
    if reason := keystones.missing():
        pytest.skip(reason)
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        yield runner.run(stack.enter_async_context(keystones.running(designate.keystone_port, designate.guarded)))
        runner.run(stack.aclose())
