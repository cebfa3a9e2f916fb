"""The client against an emulated API server: objects in and out, and every refusal as what it is."""

import contextlib
from collections.abc import AsyncIterator

import pytest

from mcidns.emulator import ApiServer
from mcidns.kube import access, kinds, stream, transport
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient, Object
from mcidns.kube.errors import (
    AlreadyExists,
    Conflict,
    Failing,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    ServerError,
    TooManyRequests,
    Unauthorized,
    Unreachable,
)
from mcidns.model.secrets import Secret
from tests.component.kube.servers import http, speaking

SECRET: Object = {"data": {"a": "Yg=="}}


@contextlib.asynccontextmanager
async def both(token: str | None = "right") -> AsyncIterator[tuple[ApiServer, KubeClient]]:
    """A server and a client that may do everything."""
    async with (
        ApiServer(token=token) as server,
        KubeClient(access.from_kubeconfig(server.kubeconfig_yaml()), timeout=5.0) as client,
    ):
        yield server, client


async def test_objects_are_created_read_listed_and_deleted() -> None:
    async with both() as (server, client):
        made = await client.create(kinds.SECRET, "default", {"metadata": {"name": "a"}, **SECRET})
        assert await client.get(kinds.SECRET, "default", "a") == made
        with pytest.raises(AlreadyExists):
            await client.create(kinds.SECRET, "default", {"metadata": {"name": "a"}})
        (listed,) = await client.list(kinds.SECRET)
        assert (listed["kind"], listed["apiVersion"], listed["metadata"]["name"]) == ("Secret", "v1", "a")
        with pytest.raises(Conflict):
            await client.delete(kinds.SECRET, "default", "a", uid="another")
        await client.delete(kinds.SECRET, "default", "a", uid=made["metadata"]["uid"])
        assert server.find("secrets", "a") is None
        with pytest.raises(NotFound):
            await client.delete(kinds.SECRET, "default", "a")


async def test_a_replacement_of_an_old_version_is_a_conflict() -> None:
    async with both() as (server, client):
        made = await client.create(kinds.SECRET, "default", {"metadata": {"name": "a"}})
        newer = await client.replace(kinds.SECRET, "default", "a", {**made, **SECRET})
        assert server.get("secrets", "a")["data"] == SECRET["data"]
        with pytest.raises(Conflict, match="has been modified"):
            await client.replace(kinds.SECRET, "default", "a", made)
        assert newer["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]


async def test_server_side_apply_creates_owns_and_drops_fields() -> None:
    async with both() as (server, client):
        await client.apply(kinds.SECRET, "default", "a", {"metadata": {"labels": {"x": "1", "y": "1"}}})
        await client.apply(kinds.SECRET, "default", "a", {"metadata": {"labels": {"x": "2"}}})
        assert server.get("secrets", "a")["metadata"]["labels"] == {"x": "2"}
        with pytest.raises(Conflict) as caught:
            await client.apply(kinds.SECRET, "default", "a", {"metadata": {"labels": {"x": "3"}}}, manager="other", force=False)
        assert [cause.reason for cause in caught.value.causes] == ["FieldManagerConflict"]


async def test_status_is_written_apart_and_guarded_by_version() -> None:
    async with both() as (server, client):
        body = {"metadata": {"name": "web"}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}}
        made = await client.create(kinds.SERVICE, "default", body)
        first = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
        await client.patch_status(kinds.SERVICE, "default", "web", first, resource_version=made["metadata"]["resourceVersion"])
        assert server.get("services", "web")["status"] == first
        with pytest.raises(Conflict):
            await client.patch_status(kinds.SERVICE, "default", "web", {}, resource_version=made["metadata"]["resourceVersion"])
        second = {"loadBalancer": {"ingress": [{"ip": "192.0.2.2"}]}}
        await client.apply_status(kinds.SERVICE, "default", "web", second)
        assert server.get("services", "web")["status"] == second
        with pytest.raises(NotFound):
            await client.apply_status(kinds.SERVICE, "default", "gone", second)


async def test_a_json_patch_is_a_sequence_and_a_merge_patch_a_mapping() -> None:
    async with both() as (server, client):
        await client.create(kinds.SECRET, "default", {"metadata": {"name": "a"}, **SECRET})
        await client.patch(kinds.SECRET, "default", "a", {"metadata": {"labels": {"x": "1"}}})
        await client.patch(kinds.SECRET, "default", "a", [{"op": "remove", "path": "/data/a"}])
        found = server.get("secrets", "a")
        assert (found["metadata"]["labels"], found.get("data")) == ({"x": "1"}, {})


async def test_a_list_of_many_pages_is_whole_and_one_that_expires_is_begun_again() -> None:
    async with both() as (server, client):
        for number in range(7):
            server.put(
                {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"s{number}", "labels": {"odd": str(number % 2)}}}
            )
        pages = [page async for page in client.list_pages(kinds.SECRET, limit=3)]
        assert len(pages) == 3
        server.faults.fail(410, "continue=", times=1)
        with pytest.raises(Gone):
            assert [page async for page in client.list_pages(kinds.SECRET, limit=3)] == []
        assert len(await client.list(kinds.SECRET, label_selector="odd=1")) == 3
        assert len(await client.list(kinds.SECRET, field_selector="metadata.name=s1")) == 1


async def test_a_watch_yields_whole_lines_and_ends_at_its_time() -> None:
    async with both() as (server, client):
        server.put({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"x": "A" * 400_000}})
        version = (await client.list(kinds.NAMESPACE))[0]["metadata"]["resourceVersion"]
        async with client.watch(kinds.SECRET, resource_version=version, seconds=1) as lines:
            server.put({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "b"}})
            found = [line async for line in lines]
        assert [line.startswith(b'{"type":"ADDED"') and line.endswith(b"}") for line in found[:2]] == [True, True]


async def test_a_stream_that_falls_silent_is_given_up() -> None:
    async with both() as (server, client):
        version = server.get("namespaces", "default")["metadata"]["resourceVersion"]
        async with client.watch(kinds.SECRET, resource_version=version, silence=0.2) as lines:
            with pytest.raises(Unreachable) as caught:
                await anext(lines)
        assert caught.value.kind is Failing.TIMEOUT


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        pytest.param(400, Invalid, id="400"),
        pytest.param(401, Unauthorized, id="401"),
        pytest.param(403, Forbidden, id="403"),
        pytest.param(410, Gone, id="410"),
        pytest.param(500, ServerError, id="500"),
    ],
)
async def test_refusals_of_requests_and_of_watches(code: int, kind: type[Exception]) -> None:
    async with both() as (server, client):
        server.faults.fail(code, times=2)
        with pytest.raises(kind):
            await client.get(kinds.SECRET, "default", "a")
        with pytest.raises(kind):
            async with client.watch(kinds.SECRET):
                raise AssertionError("it was opened")


async def test_when_to_ask_again_is_told() -> None:
    async with both() as (server, client):
        server.faults.fail(429, retry_after=7)
        with pytest.raises(TooManyRequests) as caught:
            await client.list(kinds.SECRET)
        assert caught.value.retry_after == 7.0


async def test_a_hung_server_is_given_up_by_requests_and_by_watches() -> None:
    async with both() as (server, client):
        server.faults.freeze()
        with pytest.raises(Unreachable) as caught:
            await client.get_path("/version", timeout=0.1)
        assert (caught.value.kind, str(caught.value)) == (Failing.TIMEOUT, "GET /version: no answer within 0.1 s")
        server.faults.unfreeze()
        assert (await client.get_path("/version"))["major"] == "1"


async def test_a_name_that_does_not_resolve_and_a_port_nobody_listens_at() -> None:
    async with both() as (server, _):
        url = server.url
    async with KubeClient(Access(url)) as client:
        with pytest.raises(Unreachable) as caught:
            await client.get_path("/version")
        assert caught.value.kind is Failing.REFUSED
    async with KubeClient(Access("https://no-such-host.invalid")) as client:
        with pytest.raises(Unreachable) as caught:
            await client.get_path("/version")
        assert caught.value.kind in {Failing.DNS, Failing.TIMEOUT}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(http(b"{}", length=transport.LARGEST + 1), id="announced"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (transport.LARGEST + 1), id="unannounced"),
    ],
)
async def test_an_answer_too_large_is_refused(answer: bytes) -> None:
    async with speaking(answer, hold=False) as url, KubeClient(Access(url), timeout=30.0) as client:
        with pytest.raises(ServerError, match="larger than 64 MiB"):
            await client.list(kinds.SECRET)


async def test_a_line_of_a_watch_too_long_is_refused() -> None:
    answer = b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (stream.LONGEST_LINE + 1)
    async with (
        speaking(answer, hold=True) as url,
        KubeClient(Access(url), timeout=30.0) as client,
        client.watch(kinds.SECRET) as lines,
    ):
        with pytest.raises(ServerError, match="longer than 16 MiB"):
            await anext(lines)


async def test_a_redirect_is_not_followed_so_that_no_token_goes_astray() -> None:
    served: list[str] = []
    async with speaking(http(b"{}"), hold=False, served=served) as other:
        answer = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {other}/\r\nContent-Length: 0\r\n\r\n".encode()
        async with speaking(answer, hold=False) as url, KubeClient(access.from_token(url, "", Secret("t"))) as client:
            with pytest.raises(ServerError, match="307"):
                await client.list(kinds.SECRET)
    assert served == []


async def test_requests_go_through_the_proxy_that_is_given() -> None:
    served: list[str] = []
    async with speaking(http(b'{"major": "1"}'), hold=False, served=served) as proxy:
        way = Access("http://api.example.org:6443", proxy_url=Secret(proxy))
        async with KubeClient(way) as client:
            assert await client.get_path("/version") == {"major": "1"}
    assert served == ["http://api.example.org:6443/version"]
