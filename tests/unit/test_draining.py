"""Which hosts refuse a drain, and that a drain's end is told."""

import asyncio
from dataclasses import replace

import pytest

from mcidns.decide import decide
from mcidns.draining import Draining
from mcidns.model.clusters import Drain
from mcidns.model.decisions import Decision
from mcidns.model.references import ClusterName
from mcidns.testing import build
from mcidns.testing.build import NOW, memory, seen

FRA = ClusterName("fra")


def decision(name: str, *refused: ClusterName) -> Decision:
    """A decision on a host that is served by `fra` alone, so that it refuses every drain of it."""
    host = build.host(name=name)
    drain = Drain() if refused else None
    return decide(build.world(build.member("fra", seen("192.0.2.1"), drain=drain)), host, NOW)


class Told:
    """A Draining and whom it told."""

    def __init__(self) -> None:
        self.of: list[str] = []
        self.draining = Draining(clock=lambda: asyncio.get_running_loop().time(), on_change=self.of.append)


def test_a_host_that_refuses_is_told_once_until_it_gives_in() -> None:
    told = Told()
    refusing = decision("web", FRA)
    told.draining.decided(refusing)
    told.draining.decided(replace(refusing, memory=memory()))

    assert told.draining.at_risk(FRA) == ("shop/web",)
    assert told.of == ["fra"]
    told.draining.decided(decision("web"))
    assert told.draining.at_risk(FRA) == ()
    assert told.of == ["fra", "fra"]


def test_a_host_that_is_gone_refuses_nothing() -> None:
    told = Told()
    for name in ("web", "api"):
        told.draining.decided(decision(name, FRA))
    told.draining.dropped(build.host(name="web").ref)

    assert told.draining.at_risk(FRA) == ("shop/api",)
    assert told.of == ["fra", "fra", "fra"]


@pytest.mark.looptime
async def test_the_end_of_a_drain_is_told_when_it_comes() -> None:
    told = Told()
    drain = Drain("upgrade", asyncio.get_running_loop().time() + 3600)
    told.draining.follow(FRA, drain)

    assert told.draining.known(FRA) == drain
    await asyncio.sleep(3599)
    assert told.of == []
    await asyncio.sleep(2)
    assert told.of == ["fra"]


@pytest.mark.looptime
async def test_a_drain_that_is_taken_back_or_moved_ends_no_more_then() -> None:
    told = Told()
    now = asyncio.get_running_loop().time()
    told.draining.follow(FRA, Drain("upgrade", now + 10))
    told.draining.follow(FRA, Drain("upgrade", now + 100))
    await asyncio.sleep(50)
    told.draining.follow(FRA, None)
    await asyncio.sleep(100)

    assert told.of == []
    assert told.draining.known(FRA) is None
