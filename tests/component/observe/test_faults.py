"""Everything that can go wrong with a member's API: it is told as what it is, nothing known is forgotten, and it passes."""

import contextlib

import pytest

from mcidns.emulator import ApiServer
from mcidns.kube.access import Access
from mcidns.model.clusters import Backend, Lost, Seen
from mcidns.model.references import ClusterName, SourceRef
from tests import planes
from tests.component.observe.fleet import Fleet, serving, watching
from tests.unit.observe.objects import ingress, service, slice_of

SHOP = SourceRef("Ingress", "shop", "shop")


def transitions(fleet: Fleet, name: str) -> list[str]:
    """How often the member was told of."""
    return [one for one in fleet.told if one == name]


@pytest.mark.parametrize(
    ("begin", "end", "reason"),
    [
        pytest.param("freeze", "unfreeze", "Timeout", id="hung"),
        pytest.param("refuse", "accept", "Refused", id="down"),
    ],
)
async def test_a_cut_api_loses_the_member_with_its_last_word_and_it_comes_back(begin: str, end: str, reason: str) -> None:
    async with serving("eu", "us") as (eu, us), watching(eu, us) as fleet:
        await fleet.seen("eu", "us")
        getattr(eu.faults, begin)()
        await fleet.until_lost("eu", reason)
        assert (fleet.addresses("eu"), fleet.ready("eu"), fleet.lost("us")) == (["192.0.2.1"], (2, 2), "")
        assert not fleet.inventory.isolated
        eu.put(slice_of("web-1", True, False))
        us.put(slice_of("web-1", False, False))
        await fleet.until(lambda: fleet.ready("us") == (0, 2))
        assert fleet.ready("eu") == (2, 2)
        getattr(eu.faults, end)()
        await fleet.until(lambda: not fleet.lost("eu") and fleet.ready("eu") == (1, 2))


async def test_all_members_cut_at_once_is_isolation() -> None:
    async with serving("eu", "us") as (eu, us), watching(eu, us) as fleet:
        await fleet.seen("eu", "us")
        eu.faults.refuse()
        us.faults.freeze()
        await fleet.until(lambda: fleet.inventory.isolated)
        eu.faults.accept()
        await fleet.until(lambda: not fleet.inventory.isolated)
        us.faults.unfreeze()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("drop_streams", id="cut"),
        pytest.param("reset_streams", id="reset"),
        pytest.param("end_streams", id="ended"),
    ],
)
async def test_a_broken_stream_is_opened_again_without_a_word_and_misses_nothing(fault: str) -> None:
    async with serving("eu") as (eu,), watching(eu, first_delay=0.01) as fleet:
        await fleet.seen("eu")
        fleet.told.clear()
        for ready in (False, True):
            await fleet.until(lambda: getattr(eu.faults, fault)() > 0)  # a watch is opened after its list was read
            eu.put(slice_of("web-1", True, ready))
            await fleet.until(lambda ready=ready: fleet.ready("eu") == (1 + ready, 2))  # type: ignore[misc]  # bound per round
        assert transitions(fleet, "eu") == []


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        pytest.param(401, "Unauthorized", id="401"),
        pytest.param(403, "Forbidden", id="403"),
        pytest.param(500, "ServerError", id="500"),
        pytest.param(503, "ServerError", id="503"),
        pytest.param(404, "ServerError", id="404 for everything is no empty cluster"),
    ],
)
@pytest.mark.parametrize("when", ["at the start", "later"])
async def test_an_api_that_answers_with_errors_is_lost_for_that_reason_and_comes_back(code: int, reason: str, when: str) -> None:
    async with serving("eu") as (eu,):
        fault = eu.faults.fail(code, times=None) if when == "at the start" else None
        async with watching(eu) as fleet:
            if fault is None:
                await fleet.seen("eu")
                fault = eu.faults.fail(code, times=None)
                eu.faults.drop_streams()
            await fleet.until_lost("eu", reason)
            observation = fleet.observation("eu")
            assert isinstance(observation, Lost)
            assert str(code) in observation.detail
            assert fleet.addresses("eu") == ([] if when == "at the start" else ["192.0.2.1"])
            assert (observation.last is None) is (when == "at the start")
            fault.remove()
            await fleet.seen("eu")
            assert (fleet.addresses("eu"), fleet.ready("eu")) == (["192.0.2.1"], (2, 2))


@pytest.mark.parametrize("plural", ["services", "ingresses", "endpointslices"])
async def test_a_permission_lost_on_one_kind_says_which_and_keeps_the_last_word(plural: str) -> None:
    async with serving("eu") as (eu,), watching(eu) as fleet:
        await fleet.seen("eu")
        fault = eu.faults.fail(403, plural, times=None)
        eu.faults.drop_streams(plural)
        await fleet.until_lost("eu", "Forbidden")
        assert plural in fleet.health("eu").message
        assert fleet.addresses("eu") == ["192.0.2.1"]
        fault.remove()
        await fleet.seen("eu")


async def test_a_revoked_token_is_found_without_waiting_for_the_streams_to_end_and_a_new_one_needs_no_restart() -> None:
    async with serving("eu", token="old") as (eu,), watching(eu) as fleet:
        await fleet.seen("eu")
        streams = set(eu.faults.streams)
        eu.access.allow("new")
        eu.access.revoke("old")
        await fleet.until_lost("eu", "Unauthorized")
        assert fleet.addresses("eu") == ["192.0.2.1"]
        fleet.add(eu, "new")
        await fleet.seen("eu")
        assert set(eu.faults.streams) == streams
        eu.put(service("web", "192.0.2.9"))
        await fleet.until(lambda: fleet.addresses("eu") == ["192.0.2.9"])


async def test_a_wrong_token_from_the_start_is_unauthorized_until_it_is_replaced() -> None:
    async with serving("eu", token="right") as (eu,), watching() as fleet:
        fleet.add(eu, "wrong")
        await fleet.until_lost("eu", "Unauthorized")
        assert fleet.inventory.ready
        fleet.add(eu, "right")
        await fleet.seen("eu")


async def test_a_kind_that_a_member_never_served_is_an_empty_one_and_is_asked_for_again() -> None:
    async with serving("eu") as (eu,):
        eu.put(ingress("192.0.2.50"))
        fault = eu.faults.fail(404, "ingresses", times=None)
        async with watching(eu) as fleet:
            await fleet.seen("eu")
            assert isinstance(fleet.observation("eu", SHOP), Seen)
            assert (fleet.state("eu", SHOP), fleet.addresses("eu")) == (None, ["192.0.2.1"])
            fault.remove()
            await fleet.until(lambda: fleet.state("eu", SHOP) is not None)


async def test_without_slices_readiness_says_nothing() -> None:
    async with serving("eu") as (eu,):
        fault = eu.faults.fail(404, "endpointslices", times=None)
        async with watching(eu) as fleet:
            await fleet.seen("eu")
            state = fleet.state("eu")
            assert state is not None
            assert state.backends == (Backend("web", 0, 0, applicable=False),)
            fault.remove()
            await fleet.until(lambda: fleet.ready("eu") == (2, 2))


async def test_a_kind_that_was_served_and_is_not_found_any_more_is_trouble_not_emptiness() -> None:
    async with serving("eu") as (eu,), watching(eu) as fleet:
        eu.put(ingress("192.0.2.50"))
        await fleet.until(lambda: fleet.state("eu", SHOP) is not None)
        eu.faults.fail(404, "ingresses", times=None)
        eu.faults.drop_streams("ingresses")
        await fleet.until_lost("eu", "ServerError")
        assert fleet.state("eu", SHOP) is not None


async def test_one_429_is_obeyed_without_a_word_and_many_are_told() -> None:
    async with serving("eu") as (eu,), watching(eu) as fleet:
        await fleet.seen("eu")
        fleet.told.clear()
        once = eu.faults.fail(429, "services?watch", times=1, retry_after=1)
        eu.faults.drop_streams("services")
        await fleet.until(lambda: not once.active)
        eu.put(service("web", "192.0.2.9"))
        await fleet.until(lambda: fleet.addresses("eu") == ["192.0.2.9"])
        assert transitions(fleet, "eu") == []
        many = eu.faults.fail(429, "services?watch", times=None)
        eu.faults.drop_streams("services")
        await fleet.until_lost("eu", "ServerError")
        assert "429" in fleet.health("eu").message
        many.remove()
        await fleet.seen("eu")


@pytest.mark.parametrize("code", [pytest.param(500, id="etcd timed out"), pytest.param(403, id="forbidden for a moment")])
async def test_an_error_in_a_stream_is_no_trouble_while_it_can_be_opened_again(code: int) -> None:
    async with serving("eu") as (eu,), watching(eu) as fleet:
        await fleet.seen("eu")
        fleet.told.clear()
        assert eu.faults.error_event(code, message="etcdserver: request timed out") == 3
        eu.put(service("web", "192.0.2.9"))
        await fleet.until(lambda: fleet.addresses("eu") == ["192.0.2.9"])
        assert transitions(fleet, "eu") == []


async def test_a_stream_that_only_looks_open_is_found_by_its_silence() -> None:
    async with contextlib.AsyncExitStack() as stack:
        eu = await stack.enter_async_context(ApiServer("eu"))
        eu.put(service("web", "192.0.2.1"))
        fleet = await stack.enter_async_context(watching(eu, shortest_watch=1, longest_watch=1, silence_past_end=0.2))
        await fleet.seen("eu")
        stalled = eu.faults.stall("watch=true")
        await fleet.until_lost("eu", "Timeout")
        assert "watch" in fleet.health("eu").message
        stalled.remove()
        await fleet.seen("eu")


async def test_a_member_that_is_down_at_the_start_is_read_when_it_comes_up() -> None:
    async with serving("eu", "us") as (eu, us):
        eu.faults.refuse()
        async with watching(eu, us) as fleet:
            await fleet.until_lost("eu", "Refused")
            await fleet.seen("us")
            assert fleet.inventory.ready
            assert isinstance(fleet.observation("eu"), Lost)
            eu.faults.accept()
            await fleet.seen("eu")
            assert fleet.addresses("eu") == ["192.0.2.1"]


async def test_a_member_with_the_wrong_certificate_is_lost_for_that() -> None:
    async with contextlib.AsyncExitStack() as stack:
        made = planes.certificate()
        eu = await stack.enter_async_context(ApiServer("eu", tls=planes.tls(made)))
        fleet = await stack.enter_async_context(watching())
        fleet.put("good", Access(eu.url, ca=planes.tls(made).ca))
        fleet.put("bad", Access(eu.url))
        fleet.put("other", Access(eu.url, ca=planes.tls(planes.certificate()).ca))
        await fleet.seen("good")
        await fleet.until_lost("bad", "TLS")
        await fleet.until_lost("other", "TLS")
        assert fleet.members.health(ClusterName("good")) is not None
        assert "TLS failed" in fleet.health("bad").message
