"""Faults on demand: what a client meets, and that all is well again when a fault is removed. Emulator only."""

import asyncio
import ssl

import aiohttp
import pytest

from mcidns.emulator import ApiServer
from tests import planes
from tests.component.emulator.client import Api, Json, Watch, config_map, until
from tests.planes import Certificate

PATH = "/api/v1/configmaps"


async def answered(api: Api) -> bool:
    """The server answers, and well."""
    try:
        return (await api.get(PATH)).code == 200
    except aiohttp.ClientError:
        return False


async def first(watch: Watch) -> list[tuple[str, str]]:
    return await watch.seen(1)


async def test_dropped_streams_break_in_the_middle(server: ApiServer, client: Api) -> None:
    async with client.watching(PATH) as watch, client.watching("/api/v1/services", resourceVersion="0") as other:
        await until(lambda: both(server), "both streams")
        assert server.faults.drop_streams("/configmaps") == 1
        with pytest.raises(aiohttp.ClientError):
            await watch.line()
        await client.create(client.path("services"), {"metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}})
        assert await first(other) == [("ADDED", "a")]


async def both(server: ApiServer) -> bool:
    return len(server.faults.streams) == 2


async def test_reset_streams_are_reset(server: ApiServer, client: Api) -> None:
    async with client.watching(PATH) as watch:
        assert server.faults.reset_streams() == 1
        with pytest.raises((aiohttp.ClientOSError, aiohttp.ClientPayloadError, ConnectionResetError)):
            await watch.line()


async def test_a_reset_goes_through_tls(certificate: Certificate) -> None:
    async with planes.emulated(certificate) as (plane, server), Api(plane.url, plane.admin, plane.context()) as api:
        async with api.watching(PATH) as watch:
            assert server.faults.reset_streams() == 1
            with pytest.raises((aiohttp.ClientError, ConnectionError, ssl.SSLError)):
                await watch.line()
        assert await answered(api)


async def test_ended_streams_end_well(server: ApiServer, client: Api) -> None:
    async with client.watching(PATH) as watch:
        assert server.faults.end_streams() == 1
        assert await watch.rest() == []


async def test_a_refusing_server_comes_back_on_its_port_with_what_it_had(server: ApiServer, client: Api) -> None:
    await client.create(client.path("configmaps"), config_map("a"))
    port = server.port
    async with client.watching(PATH, resourceVersion=await client.version(PATH)) as watch:
        server.faults.refuse()
        with pytest.raises(aiohttp.ClientError):
            await watch.line()
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.get(PATH)
    server.faults.accept()
    assert server.port == port
    assert (await client.get(PATH)).names == ["a"]


async def test_a_stopped_server_starts_again_on_its_port_with_what_it_had() -> None:
    server = ApiServer()
    await server.start()
    server.put(config_map("a"))
    port = server.port
    await server.stop()
    async with Api(server.url) as api:
        with pytest.raises(aiohttp.ClientConnectorError):
            await api.get(PATH)
    await server.start()
    async with Api(server.url) as api:
        assert (server.port, (await api.get(PATH)).names) == (port, ["a"])
    await server.stop()


async def test_a_stalled_path_answers_when_the_stall_ends_and_others_all_the_time(server: ApiServer, client: Api) -> None:
    stall = server.faults.stall("/services")
    waiting = asyncio.create_task(client.get("/api/v1/services"))
    assert await answered(client)
    assert not waiting.done()
    stall.remove()
    assert (await waiting).code == 200


async def test_a_stalled_stream_sends_later_what_it_held_back(server: ApiServer, client: Api) -> None:
    async with client.watching(PATH, resourceVersion=await client.version(PATH)) as watch:
        stall = server.faults.stall()
        server.put(config_map("a"))
        line = asyncio.create_task(watch.seen(1))
        await asyncio.sleep(0.05)
        assert not line.done()
        stall.remove()
        assert await line == [("ADDED", "a")]


async def test_a_frozen_server_takes_connections_and_says_nothing(server: ApiServer, client: Api) -> None:
    async with client.watching(PATH, resourceVersion=await client.version(PATH)) as watch:
        server.faults.freeze()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        silent = asyncio.create_task(reader.read())
        pending = asyncio.create_task(client.get(PATH))
        server.put(config_map("a"))
        event = asyncio.create_task(watch.seen(1))
        await asyncio.sleep(0.05)
        assert not silent.done()
        assert not pending.done()
        assert not event.done()
        server.faults.unfreeze()
        assert await event == [("ADDED", "a")]
        assert ((await pending).code, (await silent).startswith(b"HTTP/1.1 200")) == (200, True)
        writer.close()
        await writer.wait_closed()


async def test_the_next_requests_fail_with_a_status_and_a_pause(server: ApiServer, client: Api) -> None:
    server.faults.fail(429, times=2, retry_after=3)
    answers = [await client.get(PATH) for _ in range(3)]
    assert [answer.code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "3"
    assert (answers[0].reason, answers[0].body["details"]["retryAfterSeconds"]) == ("TooManyRequests", 3)


async def test_only_writes_fail_where_only_writes_are_named(server: ApiServer, client: Api) -> None:
    fault = server.faults.fail(500, "/configmaps", times=None, method="POST")
    codes = [(await client.create(client.path("configmaps"), config_map("a"))).code for _ in range(3)]
    assert (codes, (await client.get(PATH)).code) == ([500, 500, 500], 200)
    fault.remove()
    assert (await client.create(client.path("configmaps"), config_map("a"))).code == 201


async def test_nothing_is_authorized_until_the_right_token_comes(server: ApiServer, client: Api) -> None:
    server.faults.unauthorized_until("fresh")
    assert [(await client.get(PATH, token=token)).code for token in ("stale", "fresh", "stale")] == [401, 200, 200]


async def test_the_next_watch_is_expired_and_the_one_after_is_not(server: ApiServer, client: Api) -> None:
    version = await client.version(PATH)
    server.faults.expire_next_watch("/configmaps")
    async with client.watching(PATH, resourceVersion=version) as watch:
        events = await watch.rest()
    assert [(one["type"], one["object"]["code"], one["object"]["reason"]) for one in events] == [("ERROR", 410, "Expired")]
    async with client.watching(PATH, resourceVersion=version) as watch:
        server.put(config_map("a"))
        assert await watch.seen(1) == [("ADDED", "a")]


async def test_an_error_event_reaches_open_watches(server: ApiServer, client: Api) -> None:
    async with client.watching(PATH) as watch:
        assert server.faults.error_event(500, message="etcdserver: request timed out") == 1
        events = await watch.rest()
    assert [(one["type"], one["object"]["code"], one["object"]["message"]) for one in events] == [
        ("ERROR", 500, "etcdserver: request timed out")
    ]


async def test_a_slow_list_is_slow_and_a_get_is_not(server: ApiServer, client: Api) -> None:
    await client.create(client.path("configmaps"), config_map("a"))
    fault = server.faults.slow_lists(60.0)
    waiting = asyncio.create_task(client.get(PATH))
    assert (await client.get(client.path("configmaps", "a"))).code == 200
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    fault.remove()
    assert (await client.get(PATH)).code == 200


async def test_a_compaction_expires_versions_and_pages_and_spares_open_watches(server: ApiServer, client: Api) -> None:
    for name in ("a", "b"):
        await client.create(client.path("configmaps"), config_map(name))
    page = await client.get(PATH, limit="1")
    version = page.body["metadata"]["resourceVersion"]
    async with client.watching(PATH, resourceVersion=version) as watch:
        server.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "moves-the-counter"}})
        server.faults.compact()
        rest = await client.get(PATH, limit="1", **{"continue": page.body["metadata"]["continue"]})
        exact = await client.get(PATH, resourceVersion=version, resourceVersionMatch="Exact")
        assert [(answer.code, answer.reason) for answer in (rest, exact)] == [(410, "Expired")] * 2
        async with client.watching(PATH, resourceVersion=version) as late:
            assert (await late.event())["object"]["code"] == 410
        server.put(config_map("c"))
        assert await watch.seen(1) == [("ADDED", "c")]


async def test_history_is_bounded_and_what_lies_beyond_is_expired() -> None:
    async with ApiServer(history=10) as server, Api(server.url) as api:
        version = await api.version(PATH)
        for number in range(50):
            server.put(config_map("a", number=str(number)))
        async with api.watching(PATH, resourceVersion=version) as watch:
            status = (await watch.event())["object"]
        assert (status["code"], status["message"].startswith(f"too old resource version: {version} (")) == (410, True)
        assert len(server.storage.log(("", "configmaps")).take(server.storage.log(("", "configmaps")).end - 10)) == 10


async def test_what_vanishes_is_never_seen_to_go(server: ApiServer, client: Api) -> None:
    for name in ("a", "b"):
        server.put(config_map(name))
    version = await client.version(PATH)
    async with client.watching(PATH, resourceVersion=version) as watch:
        server.faults.vanish("configmaps", "a")
        with pytest.raises(aiohttp.ClientError):
            await watch.line()
    async with client.watching(PATH, resourceVersion=version) as watch:
        assert (await watch.event())["object"]["code"] == 410
    assert (await client.get(PATH)).names == ["b"]


async def test_a_malformed_object_comes_with_lists_and_open_watches(server: ApiServer, client: Api) -> None:
    server.put(config_map("good"))
    async with client.watching(PATH, resourceVersion=await client.version(PATH)) as watch:
        fault = server.faults.malform('{"metadata":{"name":17},"data":"none"}', "/configmaps")
        event = await watch.event()
        assert (event["type"], event["object"]) == ("MODIFIED", {"metadata": {"name": 17}, "data": "none"})
    assert (await client.get(PATH)).names == ["good", 17]
    fault.remove()
    assert (await client.get(PATH)).names == ["good"]


async def test_faults_do_not_disturb_each_other_and_all_can_be_cleared(server: ApiServer, client: Api) -> None:
    server.faults.fail(500, "/configmaps", times=None)
    server.faults.fail(403, "/services", times=None)
    assert [(await client.get(path)).code for path in (PATH, "/api/v1/services", "/api/v1/secrets")] == [500, 403, 200]
    server.faults.stall()
    server.faults.freeze()
    server.faults.refuse()
    server.faults.clear()
    await until(lambda: answered(client), "the server to be well")


async def test_faults_of_one_server_leave_the_next_alone() -> None:
    async with ApiServer("one") as one, ApiServer("other") as other, Api(one.url) as first, Api(other.url) as second:
        one.faults.fail(503, times=None)
        assert ((await first.get(PATH)).code, (await second.get(PATH)).code) == (503, 200)


async def test_bookmarks_move_the_version_of_a_quiet_watch() -> None:
    async with ApiServer(bookmark_interval=0.05) as server, Api(server.url) as api:
        async with api.watching(PATH, resourceVersion=await api.version(PATH), allowWatchBookmarks="true") as watch:
            server.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "elsewhere"}})
            marks: list[Json] = []
            while not marks or int(marks[-1]["object"]["metadata"]["resourceVersion"]) < server.storage.version:
                marks.append(await watch.event())
        assert {mark["type"] for mark in marks} == {"BOOKMARK"}
        assert set(marks[-1]["object"]) == {"kind", "apiVersion", "metadata"}
