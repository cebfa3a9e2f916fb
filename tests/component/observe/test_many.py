"""Many members in one loop: none waits for another, whatever that one does."""

import asyncio

import pytest

from mcidns.kube.access import Access
from mcidns.model.references import ClusterName
from tests.component.kube.servers import http, speaking
from tests.component.observe.fleet import serving, watching
from tests.unit.observe.objects import service, slice_of

EMPTY = b'{"kind": "List", "metadata": {"resourceVersion": "1"}, "items": []}'


async def test_a_hundred_members_are_read_and_a_region_that_fails_is_heard_at_once() -> None:
    names = [f"m{number:02}" for number in range(100)]
    async with serving(*names) as servers, watching(*servers, heartbeat=5.0, heartbeat_timeout=5.0, timeout=10.0) as fleet:
        await fleet.seen(*names)
        assert fleet.addresses("m99") == ["192.0.2.100"]
        fleet.told.clear()
        for server in servers[:50]:
            server.put(slice_of("web-1", False, False))
        await fleet.until(lambda: all(fleet.ready(name) == (0, 2) for name in names[:50]))
        assert sorted(set(fleet.told)) == ["Service shop/web"]
        assert len(fleet.told) == 50


async def test_slow_lists_of_one_member_do_not_delay_another_even_with_a_single_turn() -> None:
    async with serving("slow", "fast") as (slow, fast):
        slow.faults.slow_lists(60.0)
        async with watching(slow, fast, lists_at_once=1, timeout=30.0, heartbeat_timeout=30.0) as fleet:
            await fleet.seen("fast")
            assert fleet.lost("slow") == "NotYetRead"


async def test_answers_that_never_end_do_not_keep_the_turns_of_others() -> None:
    async with (
        speaking(http(b"{", length=1000), hold=True) as url,
        serving("fast") as (fast,),
        watching(lists_at_once=1, timeout=30.0, heartbeat_timeout=30.0) as fleet,
    ):
        fleet.put("endless", Access(url))
        await asyncio.sleep(0)
        fleet.add(fast)
        await fleet.seen("fast")
        assert fleet.lost("endless") == "NotYetRead"


async def test_a_hung_member_is_known_by_its_heartbeat_before_its_lists_give_up() -> None:
    async with serving("hung", "fast") as (hung, fast):
        hung.faults.freeze()
        async with watching(hung, fast, timeout=600.0) as fleet:
            await fleet.until_lost("hung", "Timeout")
            await fleet.seen("fast")
            assert fleet.inventory.ready
            hung.faults.unfreeze()
            await fleet.seen("hung")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(http(b"<html>sign in</html>", content_type="text/html"), "ServerError", id="a web page"),
        pytest.param(http(b"{}"), "ServerError", id="an object that is no list"),
        pytest.param(http(b"{", length=1000), "Unreachable", id="cut in the middle"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", "Unreachable", id="another protocol"),
        pytest.param(
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n", "ServerError", id="a redirect"
        ),
    ],
)
async def test_what_is_no_kubernetes_api_is_lost_and_harms_no_other(answer: bytes, reason: str) -> None:
    async with speaking(answer, hold=False) as url, serving("fine") as (fine,), watching(fine) as fleet:
        fleet.put("odd", Access(url))
        await fleet.until_lost("odd", reason)
        await fleet.seen("fine")
        assert fleet.addresses("fine") == ["192.0.2.1"]


async def test_a_server_that_ends_every_stream_at_once_is_asked_with_growing_pauses() -> None:
    served: list[str] = []
    async with speaking(http(EMPTY), hold=False, served=served) as url, watching(first_delay=0.2, longest_delay=60.0) as fleet:
        fleet.put("hasty", Access(url))
        await fleet.until(lambda: sum("watch" in path for path in served) >= 9)
        begin = asyncio.get_running_loop().time()
        await fleet.until(lambda: sum("watch" in path for path in served) >= 15)
        assert asyncio.get_running_loop().time() - begin > 0.05


async def test_a_fault_of_our_own_in_one_member_is_contained_and_mends_itself() -> None:
    async with serving("eu", "us") as (eu, us), watching(eu, us) as fleet:
        await fleet.seen("eu", "us")
        entry = fleet.inventory.entry(ClusterName("eu"))
        assert entry is not None

        def broken(_: object) -> None:
            raise RuntimeError("boom")

        entry.store.on_source = broken
        eu.put(service("web", "192.0.2.9"))
        await fleet.until_lost("eu", "Unreachable")
        assert fleet.health("eu").message == "a fault of ours: ExceptionGroup"
        us.put(service("web", "192.0.2.8"))
        await fleet.until(lambda: fleet.addresses("us") == ["192.0.2.8"])
        await fleet.seen("eu")
        assert fleet.addresses("eu") == ["192.0.2.9"]
