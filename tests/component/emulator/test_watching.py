"""Watches: what a stream begins with, what it carries, how it ends; what goes wrong with one on purpose is in `test_faults`."""

import pytest

from tests.component.emulator import widgets
from tests.component.emulator.client import Api, config_map, until


async def test_a_watch_from_a_version_sees_every_change_after_it(api: Api) -> None:
    path = api.path("services")
    version = await api.version(path)
    await api.create(path, {"metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}})
    async with api.watching(path, resourceVersion=version) as watch:
        assert await watch.seen(1) == [("ADDED", "a")]
        await api.patch(f"{path}/a", {"metadata": {"labels": {"x": "y"}}})
        await api.delete(f"{path}/a")
        assert await watch.seen(2) == [("MODIFIED", "a"), ("DELETED", "a")]


@pytest.mark.parametrize("query", [pytest.param({}, id="no version"), pytest.param({"resourceVersion": "0"}, id="version 0")])
async def test_a_watch_without_a_version_begins_with_what_there_is(api: Api, query: dict[str, str]) -> None:
    kind = await widgets.serve(api)
    for name in ("a", "b"):
        await api.create(kind.path(), kind.obj(name))
    async with api.watching(kind.path(), **query) as watch:
        assert sorted(await watch.seen(2)) == [("ADDED", "a"), ("ADDED", "b")]
        await api.create(kind.path(), kind.obj("c"))
        assert await watch.seen(1) == [("ADDED", "c")]


async def test_a_watch_can_be_resumed_from_any_event(api: Api) -> None:
    kind = await widgets.serve(api)
    version = await api.version(kind.path())
    for name in ("a", "b", "c"):
        await api.create(kind.path(), kind.obj(name))
    async with api.watching(kind.path(), resourceVersion=version) as watch:
        first = await watch.event()
    async with api.watching(kind.path(), resourceVersion=first["object"]["metadata"]["resourceVersion"]) as watch:
        assert await watch.seen(2) == [("ADDED", "b"), ("ADDED", "c")]


async def test_a_deletion_carries_the_last_state_under_a_newer_version(api: Api) -> None:
    kind = await widgets.serve(api)
    created = await api.create(kind.path(), kind.obj(size=7))
    version = created.body["metadata"]["resourceVersion"]
    async with api.watching(kind.path(), resourceVersion=version) as watch:
        await api.delete(kind.path("w"))
        event = await watch.event()
    assert (event["type"], event["object"]["spec"]["size"], event["object"]["kind"]) == ("DELETED", 7, "Widget")
    assert int(event["object"]["metadata"]["resourceVersion"]) > int(version)


async def test_a_stream_ends_at_its_time_out(api: Api) -> None:
    version = await api.version(api.path("services"))
    async with api.watching(api.path("services"), resourceVersion=version, timeoutSeconds="1") as watch:
        assert await watch.line() is None


async def test_a_watch_of_one_namespace_hears_nothing_of_others(api: Api) -> None:
    path = api.path("services")
    version = await api.version(path)
    async with api.watching(path, resourceVersion=version) as watch:
        await api.create(
            "/api/v1/namespaces/default/services", {"metadata": {"generateName": "o-"}, "spec": {"ports": [{"port": 1}]}}
        )
        await api.create(path, {"metadata": {"name": "mine"}, "spec": {"ports": [{"port": 80}]}})
        assert await watch.seen(1) == [("ADDED", "mine")]


async def test_a_label_that_comes_and_goes_is_an_addition_and_a_deletion(api: Api) -> None:
    path = api.path("configmaps")
    version = await api.version(path)
    async with api.watching(path, resourceVersion=version, labelSelector="on=yes") as watch:
        await api.create(path, config_map("a"))
        await api.patch(f"{path}/a", {"metadata": {"labels": {"on": "yes"}}})
        await api.patch(f"{path}/a", {"data": {"x": "1"}})
        await api.patch(f"{path}/a", {"metadata": {"labels": {"on": "no"}}})
        await api.delete(f"{path}/a")
        await api.create(path, config_map("b", labels={"on": "yes"}))
        assert await watch.seen(4) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a"), ("ADDED", "b")]


async def test_one_object_is_watched_by_its_name(api: Api) -> None:
    path = api.path("configmaps")
    version = await api.version(path)
    async with api.watching(path, resourceVersion=version, fieldSelector="metadata.name=b") as watch:
        for name in ("a", "b"):
            await api.create(path, config_map(name))
        assert await watch.seen(1) == [("ADDED", "b")]


async def test_initial_events_end_with_a_marked_bookmark(api: Api) -> None:
    kind = await widgets.serve(api)
    await api.create(kind.path(), kind.obj("a"))
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    async with api.watching(kind.path(), **query) as watch:
        assert await watch.seen(1) == [("ADDED", "a")]
        mark = await watch.event()
        assert (mark["type"], mark["object"]["kind"]) == ("BOOKMARK", "Widget")
        assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        assert mark["object"]["metadata"]["resourceVersion"].isdigit()
        await api.create(kind.path(), kind.obj("b"))
        assert await watch.seen(1) == [("ADDED", "b")]


async def test_initial_events_need_a_match_of_versions(api: Api) -> None:
    answer = await api.get(api.path("configmaps"), watch="true", sendInitialEvents="true")
    assert (answer.code, answer.reason) == (422, "Invalid")


async def test_a_version_of_long_ago_is_expired_inside_the_stream(api: Api) -> None:
    async with api.watching(api.path("configmaps"), resourceVersion="1") as watch:
        events = await watch.rest()
    status = events[0]["object"]
    assert (len(events), events[0]["type"], status["kind"]) == (1, "ERROR", "Status")
    assert (status["code"], status["reason"], status["status"]) == (410, "Expired", "Failure")
    assert status["message"].startswith("too old resource version: 1 (")


async def test_a_version_of_the_future_is_silent_until_the_time_out(api: Api) -> None:
    path = api.path("configmaps")
    version = str(int(await api.version(path)) + 1_000_000)
    async with api.watching(path, resourceVersion=version, timeoutSeconds="1") as watch:
        await api.create(path, config_map("a"))
        assert await watch.rest() == []


async def test_a_version_that_is_no_number_is_an_internal_error(api: Api) -> None:
    answer = await api.get(api.path("configmaps"), watch="true", resourceVersion="nonsense")
    assert answer.code == 500


async def test_many_watchers_see_the_same(api: Api) -> None:
    path = api.path("services")
    version = await api.version(path)
    async with api.watching(path, resourceVersion=version) as one, api.watching(path, resourceVersion=version) as other:
        for name in ("a", "b"):
            await api.create(path, {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}})
        assert [await one.line() for _ in range(2)] == [await other.line() for _ in range(2)]


async def test_a_table_can_be_watched(api: Api) -> None:
    kind = await widgets.serve(api)
    await api.create(kind.path(), kind.obj())
    answer = await api.get(kind.path(), watch="true", timeoutSeconds="1", accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    assert (answer.body["type"], answer.body["object"]["kind"]) == ("ADDED", "Table")
    assert answer.body["object"]["rows"][0]["cells"][0] == "w"


async def test_a_watch_of_a_namespace_that_ends_sees_it_end(api: Api) -> None:
    """Only what every plane does: its content goes, or it says that it is going."""
    query = {"fieldSelector": f"metadata.name={api.namespace}"}
    async with api.watching("/api/v1/namespaces", resourceVersion=await api.version("/api/v1/namespaces"), **query) as watch:
        await api.delete(f"/api/v1/namespaces/{api.namespace}")
        event = await watch.event()
        assert event["type"] in ("MODIFIED", "DELETED")

    async def terminating_or_gone() -> bool:
        answer = await api.get(f"/api/v1/namespaces/{api.namespace}")
        return answer.code == 404 or answer.body["status"]["phase"] == "Terminating"

    await until(terminating_or_gone, "the namespace to end")
