"""An API server that is only read: whoever writes sees it written, and the server never hears of it."""

import contextlib
from collections.abc import AsyncIterator

import pytest

from mcidns.emulator import ApiServer
from mcidns.kube import access, kinds
from mcidns.kube.errors import NotFound
from mcidns.kube.kinds import Kind
from mcidns.kube.rehearsal import Rehearsal

THERE = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "shop"}, "data": {"x": "MQ=="}}


@contextlib.asynccontextmanager
async def rehearsing() -> AsyncIterator[tuple[ApiServer, Rehearsal]]:
    """A server with one Secret, of which nothing is different at the end."""
    async with ApiServer() as server, Rehearsal(access.from_kubeconfig(server.kubeconfig_yaml())) as client:
        server.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        server.put(THERE)
        before = server.storage.version
        yield server, client
        assert server.storage.version == before


async def names(client: Rehearsal) -> list[str]:
    return sorted(obj["metadata"]["name"] for obj in await client.list(kinds.SECRET, "shop"))


async def test_what_is_created_is_listed_and_got_as_a_server_would_have_it() -> None:
    async with rehearsing() as (_, client):
        made = await client.create(kinds.SECRET, "shop", {"metadata": {"name": "b"}, "data": {}})
        assert made["metadata"].keys() >= {"uid", "resourceVersion", "generation", "creationTimestamp"}
        assert await names(client) == ["a", "b"]
        assert await client.get(kinds.SECRET, "shop", "b") == made


async def test_what_is_applied_joins_what_stands_with_a_newer_version() -> None:
    async with rehearsing() as (_, client):
        before = await client.get(kinds.SECRET, "shop", "a")
        applied = await client.apply(kinds.SECRET, "shop", "a", {"data": {"y": "Mg=="}})
        assert applied["data"] == {"x": "MQ==", "y": "Mg=="}
        assert int(applied["metadata"]["resourceVersion"]) > int(before["metadata"]["resourceVersion"])
        patched = await client.patch(kinds.SECRET, "shop", "a", {"data": {"x": None}})
        assert (await client.get(kinds.SECRET, "shop", "a"), patched["data"]) == (patched, {"y": "Mg=="})


async def test_what_is_deleted_is_gone_and_told() -> None:
    async with rehearsing() as (_, client):
        gone: list[tuple[Kind, str, str]] = []
        client.on_gone = lambda *key: gone.append(key)
        await client.delete(kinds.SECRET, "shop", "a")
        assert (gone, await names(client)) == ([(kinds.SECRET, "shop", "a")], [])
        with pytest.raises(NotFound):
            await client.get(kinds.SECRET, "shop", "a")


async def test_a_status_is_nobodys_to_write() -> None:
    async with rehearsing() as (_, client):
        with pytest.raises(NotFound):
            await client.patch_status(kinds.SECRET, "shop", "a", {"seen": True})
        with pytest.raises(NotFound):
            await client.apply_status(kinds.SECRET, "shop", "a", {"seen": True})
