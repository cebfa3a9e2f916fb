"""Events posted to an API server: their shape, series, bounds, and that nothing waits for them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from mcidns.kube.client import KubeClient
from mcidns.model.references import ObjectRef
from mcidns.publish.events import Events
from mcidns.publish.transitions import Notice, Regarding
from mcidns.testing.build import NOW
from tests.component.publish.host import HostCluster, host_cluster

WEB = Regarding("mcidns.io/v1alpha1", ObjectRef("GlobalHost", "shop", "web"), "u1")
ZONE = Regarding("mcidns.io/v1alpha1", ObjectRef("DNSZone", "", "main"), "z1")


def notice(note: str = "fra: not ready", regarding: Regarding = WEB) -> Notice:
    return Notice(regarding, "Warning", "Withdrawn", "Withdraw", note)


@contextlib.asynccontextmanager
async def posting(client: KubeClient, **settings: Any) -> AsyncIterator[Events]:
    defaults = {"instance": "mcidns-0", "clock": lambda: NOW, "again": 0.0}
    events = Events(client, **{**defaults, **settings})
    task = asyncio.create_task(events.run())
    try:
        yield events
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def posted(cluster: HostCluster) -> list[Any]:
    return cluster.server.list("events.events.k8s.io")


async def test_a_notice_becomes_an_event_about_its_object() -> None:
    async with host_cluster() as cluster, posting(cluster.client) as events:
        events.post([notice()])
        assert await events.flush(10.0)
        [event] = posted(cluster)
        assert event["metadata"]["namespace"] == "shop"
        assert event["regarding"] == {
            "apiVersion": "mcidns.io/v1alpha1",
            "kind": "GlobalHost",
            "namespace": "shop",
            "name": "web",
            "uid": "u1",
        }
        told = (event["type"], event["reason"], event["action"], event["note"], event["reportingController"])
        assert told == ("Warning", "Withdrawn", "Withdraw", "fra: not ready", "mcidns.io/controller")
        assert event["eventTime"] == "2027-01-15T08:00:00.000000Z"
        assert "series" not in event


async def test_an_event_about_a_cluster_scoped_object_stands_in_default_and_long_notes_are_cut() -> None:
    async with host_cluster() as cluster, posting(cluster.client) as events:
        events.post([notice("x" * 5000, ZONE)])
        assert await events.flush(10.0)
        [event] = posted(cluster)
        assert (event["metadata"]["namespace"], len(event["note"])) == ("default", 1024)


async def test_equal_notices_are_one_series() -> None:
    async with host_cluster() as cluster, posting(cluster.client) as events:
        events.post([notice()])
        assert await events.flush(10.0)
        events.post([notice(), notice(), notice("ams: not ready")])
        assert await events.flush(10.0)
        found = {event["note"]: event.get("series", {}).get("count") for event in posted(cluster)}
        assert found == {"fra: not ready": 3, "ams: not ready": None}


async def test_a_repetition_long_after_is_an_event_of_its_own() -> None:
    now = [NOW]
    async with host_cluster() as cluster, posting(cluster.client, clock=lambda: now[0]) as events:
        events.post([notice()])
        assert await events.flush(10.0)
        now[0] += 3600
        events.post([notice()])
        assert await events.flush(10.0)
        assert len(posted(cluster)) == 2


async def test_posting_more_than_fits_drops_the_oldest_and_never_waits() -> None:
    async with host_cluster() as cluster:
        events = Events(cluster.client, instance="mcidns-0", clock=lambda: NOW, most=3)
        events.post([notice(f"note {number}") for number in range(10)])
        assert events.dropped == 7
        task = asyncio.create_task(events.run())
        assert await events.flush(10.0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert sorted(event["note"] for event in posted(cluster)) == ["note 7", "note 8", "note 9"]


async def test_a_burst_is_let_through_and_what_exceeds_it_waits() -> None:
    async with host_cluster() as cluster, posting(cluster.client, burst=2, rate=0.001) as events:
        events.post([notice(f"note {number}") for number in range(5)])
        assert not await events.flush(0.5)
        assert len(posted(cluster)) == 2


async def test_an_event_that_cannot_be_posted_is_given_up_and_the_next_one_goes() -> None:
    async with host_cluster() as cluster, posting(cluster.client) as events:
        cluster.server.faults.fail(422, path="/events", times=1, method="POST")
        events.post([notice("refused"), notice("after")])
        assert await events.flush(10.0)
        assert [event["note"] for event in posted(cluster)] == ["after"]
        assert events.dropped == 1


async def test_an_event_that_could_not_be_posted_is_tried_again() -> None:
    now = [NOW]
    async with host_cluster() as cluster, posting(cluster.client, clock=lambda: now[0]) as events:
        cluster.server.faults.fail(503, path="/events", times=1, method="POST")
        events.post([notice("first")])
        async with asyncio.timeout(10):
            while not posted(cluster):
                now[0] += 1
                events.post([])
                await asyncio.sleep(0.01)
        assert [event["note"] for event in posted(cluster)] == ["first"]
        assert events.dropped == 0


async def test_what_has_waited_since_before_a_time_can_be_dropped() -> None:
    async with host_cluster() as cluster:
        now = [NOW]
        events = Events(cluster.client, instance="mcidns-0", clock=lambda: now[0])
        events.post((notice("old"),))
        now[0] += 90.0
        events.post((notice("new"),))
        events.forget(NOW + 30.0)
        running = asyncio.create_task(events.run())
        assert await events.flush(5.0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert [one["note"] for one in posted(cluster)] == ["new"]
