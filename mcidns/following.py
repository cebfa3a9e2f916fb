"""Secrets followed where they are needed and nowhere else, listed and then watched; nobody should see them cluster-wide."""

import asyncio
import json
import logging
import random
from collections.abc import Iterable
from dataclasses import dataclass

from mcidns.errors import ConfigError
from mcidns.kube import errors
from mcidns.kube.client import KubeClient, Object
from mcidns.kube.errors import Gone, KubeError
from mcidns.kube.kinds import Kind
from mcidns.listing import Shelf

_LOG = logging.getLogger(__name__)


LONGEST_DELAY = 60.0


@dataclass(frozen=True, slots=True)
class Scope:
    """Objects of one namespace, or those of one name in every namespace."""

    namespace: str = ""
    name: str = ""

    def takes(self, namespace: str, name: str) -> bool:
        """Whether the object is meant."""
        return namespace == self.namespace if self.namespace else name == self.name


class Followings:
    """Follows each scope that was asked for, from the time of asking on; trouble with one does not touch the others."""

    def __init__(self, client: KubeClient, kind: Kind, shelf: Shelf, *, retry: float = 2.0) -> None:
        self._client = client
        self._kind = kind
        self._shelf = shelf
        self._retry = retry
        self._all: dict[Scope, Following] = {}
        self._tasks: asyncio.TaskGroup | None = None

    def want(self, scopes: Iterable[Scope]) -> None:
        """Follow these too."""
        for scope in scopes:
            if scope not in self._all:
                one = self._all[scope] = Following(self._client, self._kind, scope, self._shelf, retry=self._retry)
                if self._tasks is not None:
                    self._tasks.create_task(one.run(), name=f"follow {self._kind.plural} {scope.namespace}{scope.name}")

    async def run(self) -> None:
        """Own the tasks until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                for one in self._all.values():
                    tasks.create_task(one.run())
                await asyncio.Event().wait()
        finally:
            self._tasks = None

    async def listed(self, scope: Scope) -> None:
        """Wait until this scope was listed, and every other was or could not be."""
        self.want((scope,))
        await self._all[scope].complete.wait()
        while not all(one.tried.is_set() for one in self._all.values()):
            for one in tuple(self._all.values()):
                await one.tried.wait()


class Following:
    """Objects of one kind and scope. `complete` once they were listed, `tried` once that was attempted."""

    def __init__(self, client: KubeClient, kind: Kind, scope: Scope, shelf: Shelf, *, retry: float = 2.0) -> None:
        self._client = client
        self._kind = kind
        self._scope = scope
        # By name alone the right to that name is enough (RBAC resourceNames), in all namespaces at once.
        self._fields = "" if scope.namespace else f"metadata.name={scope.name}"
        self._shelf = shelf
        self._retry = retry
        self._version = ""
        self.complete = asyncio.Event()
        self.tried = asyncio.Event()

    async def run(self) -> None:
        """Follow until cancelled."""
        delay, told = self._retry, ""
        while True:
            try:
                if not self._version:
                    await self._list()
                delay, told = self._retry, ""
                await self._watch()
            except Gone:
                self._version = ""
            except (KubeError, ConfigError) as error:
                where = self._scope.namespace or f"*/{self._scope.name}"
                level = logging.DEBUG if str(error) == told else logging.WARNING
                _LOG.log(level, "hub.follow.failed", extra={"kind": self._kind.plural, "scope": where, "why": str(error)})
                self.tried.set()
                self._version, told = "", str(error)
                await asyncio.sleep(random.uniform(0.5, 1.0) * delay)
                delay = min(LONGEST_DELAY, delay * 2)

    async def _list(self) -> None:
        items: list[Object] = []
        version = ""
        async for body in self._client.list_pages(self._kind, self._scope.namespace or None, field_selector=self._fields):
            page = json.loads(body)
            version = str(page.get("metadata", {}).get("resourceVersion", ""))
            items += page.get("items") or []
        listed = {_key(item) for item in items}
        for item in items:
            self._shelf.put(self._kind, item)
        for namespace, name in set(self._shelf.keys(self._kind)) - listed:
            if self._scope.takes(namespace, name):
                self._shelf.gone(self._kind, namespace, name)
        self._version = version
        self.complete.set()
        self.tried.set()

    async def _watch(self) -> None:
        where, version = self._scope.namespace or None, self._version
        async with self._client.watch(self._kind, where, resource_version=version, field_selector=self._fields) as lines:
            async for line in lines:
                self._line(line)

    def _line(self, line: bytes) -> None:
        try:
            frame = json.loads(line)
            event, obj = str(frame["type"]), frame["object"]
            version = str(obj.get("metadata", {}).get("resourceVersion", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            _LOG.warning("hub.follow.garbage", extra={"kind": self._kind.plural})
            return
        if event == "ERROR":
            raise errors.from_status(f"watch of {self._kind}", obj)
        self._version = version or self._version
        if event in {"ADDED", "MODIFIED"}:
            self._shelf.put(self._kind, obj)
        elif event == "DELETED":
            self._shelf.gone(self._kind, *_key(obj))


def _key(obj: Object) -> tuple[str, str]:
    metadata = obj.get("metadata") or {}
    return (str(metadata.get("namespace") or ""), str(metadata.get("name") or ""))
