"""Lists that must be made again: what is gone is noticed, what could not be read stays, and nobody is told of the rest."""

import pytest

from mcidns.emulator import ApiServer
from mcidns.model.references import SourceRef
from tests.component.observe.fleet import serving, watching
from tests.unit.observe.objects import service

SHOP = SourceRef("Ingress", "shop", "shop")


async def test_a_watch_that_is_too_old_is_listed_again_and_deletions_in_the_gap_are_found() -> None:
    async with serving("eu") as (eu,), watching(eu) as fleet:
        eu.put(service("gone", "192.0.2.77"))
        await fleet.until(lambda: fleet.state("eu", SourceRef("Service", "shop", "gone")) is not None)
        fleet.told.clear()
        eu.faults.vanish("services", "gone", "shop")
        await fleet.until(lambda: fleet.state("eu", SourceRef("Service", "shop", "gone")) is None)
        assert fleet.told == ["Service shop/gone"]
        assert fleet.health("eu").relists == 1


async def test_410_time_and_again_neither_loses_the_member_nor_its_objects() -> None:
    async with serving("eu") as (eu,), watching(eu, first_delay=0.01) as fleet:
        await fleet.seen("eu")
        fleet.told.clear()
        eu.faults.expire_next_watch(times=8)
        eu.faults.drop_streams()
        await fleet.until(lambda: fleet.health("eu").relists >= 8)
        assert (fleet.told, fleet.addresses("eu")) == ([], ["192.0.2.1"])


@pytest.mark.parametrize("code", [pytest.param(410, id="expired"), pytest.param(500, id="error"), pytest.param(503, id="away")])
async def test_a_list_that_breaks_between_pages_is_begun_again(code: int) -> None:
    async with serving("eu") as (eu,):
        for number in range(5):
            eu.put(service(f"more-{number}"))
        eu.faults.fail(code, "continue=", times=1)
        async with watching(eu, page=2) as fleet:
            await fleet.seen("eu")
            assert fleet.health("eu").services == 6


async def test_a_relist_that_fails_keeps_everything() -> None:
    async with serving("eu") as (eu,), watching(eu, page=1) as fleet:
        eu.put(service("more"))
        await fleet.until(lambda: fleet.health("eu").services == 2)
        fault = eu.faults.fail(500, "continue=", times=None)
        eu.faults.compact()
        eu.faults.expire_next_watch()
        eu.faults.drop_streams("services")
        await fleet.until_lost("eu", "ServerError")
        assert fleet.health("eu").services == 2
        fault.remove()
        await fleet.seen("eu")


async def test_a_full_resync_comes_round_by_itself() -> None:
    async with serving("eu") as (eu,), watching(eu, resync=0.1) as fleet:
        await fleet.seen("eu")
        fleet.told.clear()
        await fleet.until(lambda: fleet.health("eu").relists >= 3)
        assert fleet.told == []


@pytest.mark.parametrize(
    ("first", "then"),
    [pytest.param(900_000, 1_000, id="versions went back"), pytest.param(1_000, 900_000, id="another cluster with later versions")],
)
async def test_an_api_restored_from_a_backup_is_not_followed_from_a_version_it_never_had(first: int, then: int) -> None:
    async with ApiServer("eu", first_version=first) as old, watching() as fleet:
        old.put(service("web", "192.0.2.1"))
        old.put(service("newer", "192.0.2.2"))
        fleet.add(old)
        await fleet.seen("eu")
        await fleet.until(lambda: fleet.health("eu").cluster_id != "")
        await old.stop()
        await fleet.until_lost("eu", "Refused")
        async with ApiServer("eu", first_version=then, port=old.port) as restored:
            restored.put(service("web", "192.0.2.9"))
            await fleet.until(lambda: not fleet.lost("eu") and fleet.addresses("eu") == ["192.0.2.9"])
            await fleet.until(lambda: fleet.health("eu").services == 1)


async def test_an_object_that_cannot_be_read_any_more_is_not_gone() -> None:
    async with serving("eu") as (eu,), watching(eu) as fleet:
        eu.put(service("other", "192.0.2.2"))
        await fleet.until(lambda: fleet.health("eu").services == 2)
        eu.faults.malform('{"metadata": {"name": "other", "namespace": "shop"}, "spec": 5}', "services")
        eu.faults.vanish("services", "other", "shop")
        await fleet.until(lambda: fleet.health("eu").relists == 1)
        state = fleet.state("eu", SourceRef("Service", "shop", "other"))
        assert state is not None
        assert list(map(str, state.targets)) == ["192.0.2.2"]
