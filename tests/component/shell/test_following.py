"""Secrets followed where they are needed: trouble with one scope does not keep the others."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from mcidns.emulator import ApiServer
from mcidns.following import Followings, Scope
from mcidns.kube import access, kinds
from mcidns.kube.client import KubeClient
from mcidns.kube.kinds import Kind

OWN, FLEET = Scope("own"), Scope("fleet")


@dataclass
class Shelf:
    """What is known of Secrets, by namespace and name."""

    held: dict[tuple[str, str], Any] = field(default_factory=dict)

    def put(self, kind: Kind, obj: dict[str, Any]) -> None:
        """It is so."""
        assert kind is kinds.SECRET
        self.held[(obj["metadata"]["namespace"], obj["metadata"]["name"])] = obj.get("data")

    def gone(self, kind: Kind, namespace: str, name: str) -> None:
        """It is gone."""
        assert kind is kinds.SECRET
        self.held.pop((namespace, name), None)

    def keys(self, kind: Kind) -> Iterable[tuple[str, str]]:
        """What is kept."""
        assert kind is kinds.SECRET
        return tuple(self.held)

    async def until(self, claim: Callable[[], bool]) -> None:
        """Wait for it."""
        deadline = time.monotonic() + 10
        while not claim():
            assert time.monotonic() < deadline, self.held
            await asyncio.sleep(0.01)


def secret(namespace: str, name: str) -> dict[str, Any]:
    """A Secret."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": namespace, "name": name}, "data": {"a": "Yg=="}}


@contextlib.asynccontextmanager
async def following(*scopes: Scope) -> AsyncIterator[tuple[ApiServer, Followings, Shelf]]:
    """A host with Secrets x and mcidns in each of three namespaces."""
    async with ApiServer() as host, KubeClient(access.from_kubeconfig(host.kubeconfig_yaml())) as client:
        for namespace in ("own", "fleet", "other"):
            host.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
            for name in ("x", "mcidns"):
                host.put(secret(namespace, name))
        shelf = Shelf()
        followings = Followings(client, kinds.SECRET, shelf, retry=0.05)
        followings.want(scopes)
        running = asyncio.create_task(followings.run())
        try:
            yield host, followings, shelf
            assert not running.done()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_one_namespace_is_followed_and_no_other_is_seen() -> None:
    async with following(OWN) as (host, followings, shelf):
        await followings.listed(OWN)
        assert sorted(shelf.held) == [("own", "mcidns"), ("own", "x")]
        host.delete("secrets", "x", "own")
        host.put(secret("own", "y"))
        await shelf.until(lambda: sorted(shelf.held) == [("own", "mcidns"), ("own", "y")])


async def test_one_name_is_followed_in_every_namespace() -> None:
    async with following(OWN, Scope(name="mcidns")) as (host, followings, shelf):
        await followings.listed(OWN)
        assert sorted(shelf.held) == [("fleet", "mcidns"), ("other", "mcidns"), ("own", "mcidns"), ("own", "x")]
        host.delete("secrets", "mcidns", "other")
        await shelf.until(lambda: ("other", "mcidns") not in shelf.held)
        assert ("own", "x") in shelf.held


async def test_a_scope_that_may_not_be_read_keeps_nobody_waiting_and_is_read_when_it_may_be() -> None:
    async with following(OWN) as (host, followings, shelf):
        denied = host.faults.fail(403, "namespaces/fleet/secrets")
        followings.want((FLEET, FLEET))
        await followings.listed(OWN)
        assert ("fleet", "x") not in shelf.held
        denied.remove()
        await shelf.until(lambda: ("fleet", "x") in shelf.held)


async def test_what_went_while_the_watch_was_cut_is_found_gone() -> None:
    async with following(OWN, FLEET) as (host, followings, shelf):
        await followings.listed(OWN)
        host.faults.vanish("secrets", "x", "fleet")
        await shelf.until(lambda: ("fleet", "x") not in shelf.held)
        assert ("own", "x") in shelf.held
