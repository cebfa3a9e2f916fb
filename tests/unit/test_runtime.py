"""Cycles are looked for when there is time, and not while DNS is being changed."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from mcidns import runtime


class Ring:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def by_hand() -> Iterator[None]:
    """Nobody else collects."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.looptime
@pytest.mark.parametrize("objects", [pytest.param(100, id="few"), pytest.param(runtime.WORTHWHILE, id="many")])
@pytest.mark.parametrize("urgent", [True, False])
async def test_many_new_objects_are_looked_through_once_nothing_is_urgent(objects: int, urgent: bool) -> None:
    ring = weakref.ref(Ring())
    kept = [[number] for number in range(objects)]
    looking = asyncio.create_task(runtime.collect(lambda: urgent))
    await asyncio.sleep(1.5)
    looking.cancel()
    assert (ring() is None) == (not urgent and len(kept) >= runtime.WORTHWHILE)
