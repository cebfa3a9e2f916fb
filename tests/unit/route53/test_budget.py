"""The requests that an account has left, in virtual time."""

import asyncio

import pytest

from mcidns.errors import Throttled
from mcidns_route53 import budget
from mcidns_route53.budget import Budget, Rank

pytestmark = pytest.mark.looptime


def made(rate: float = 5.0) -> Budget:
    return Budget(rate, chance=lambda: 0.0)


async def test_no_second_sees_more_requests_than_the_account_has() -> None:
    shared, times = made(), []

    async def ask() -> None:
        await shared.take(Rank.LIST)
        times.append(asyncio.get_running_loop().time())

    await asyncio.gather(*(ask() for _ in range(40)))
    assert len(times) == 40
    assert all(later - earlier > 1.0 for earlier, later in zip(times, times[5:], strict=False))
    assert times[-1] < 9.0


async def test_what_changes_dns_goes_before_what_only_asks() -> None:
    shared, order = made(1.0), []

    async def ask(rank: Rank) -> None:
        await shared.take(rank)
        order.append(rank)

    await shared.take(Rank.LIST)
    await asyncio.gather(*(ask(rank) for rank in (Rank.CONFIRM, Rank.LIST, Rank.LOOK, Rank.WRITE)))
    assert order == [Rank.WRITE, Rank.LOOK, Rank.LIST, Rank.CONFIRM]


async def test_throttling_stops_everybody_for_longer_each_time_and_is_forgotten_when_it_ends() -> None:
    shared = made()
    assert [round(shared.throttled(), 2) for _ in range(3)] == [1.05, 2.1, 4.2]
    begun = asyncio.get_running_loop().time()
    await shared.take(Rank.WRITE)
    assert asyncio.get_running_loop().time() - begun == pytest.approx(4.2)
    shared.passed()
    assert shared.throttled() == pytest.approx(1.05)


async def test_a_waiter_that_gave_up_costs_nothing() -> None:
    shared = made(1.0)
    await shared.take(Rank.WRITE)
    gone = asyncio.create_task(shared.take(Rank.WRITE))
    await asyncio.sleep(0)
    gone.cancel()
    begun = asyncio.get_running_loop().time()
    await shared.take(Rank.CONFIRM)
    assert asyncio.get_running_loop().time() - begun < 1.1


async def test_nobody_waits_without_end() -> None:
    shared = made(0.1)
    await shared.take(Rank.WRITE)
    waiting = [asyncio.create_task(shared.take(Rank.WRITE)) for _ in range(40)]
    with pytest.raises(Throttled, match="lower the number of zones"):
        await shared.take(Rank.CONFIRM)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_providers_of_one_account_share_and_the_lowest_rate_holds() -> None:
    one = budget.of_account(("key", "shared"), 5.0)
    other = budget.of_account(("key", "shared"), 2.0)
    assert one is other
    assert one is not budget.of_account(("key", "another"), 5.0)
    begun = asyncio.get_running_loop().time()
    for _ in range(5):
        await one.take(Rank.LIST)
    assert asyncio.get_running_loop().time() - begun > 2.0
