"""The host's kinds listed whole, at the start, on schedule and after kopf was restarted; kopf alone would miss deletions."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Protocol

from mcidns.kube.client import KubeClient, Object
from mcidns.kube.errors import KubeError, NotFound
from mcidns.kube.kinds import Kind

_LOG = logging.getLogger(__name__)

Key = tuple[str, str]

EARLY = (2.0, 8.0, 30.0)
"""Seconds between the first lists: what goes between our list and kopf's own first one is in no event and in neither's memory."""


class Shelf(Protocol):
    """Where objects of the host are kept."""

    def put(self, kind: Kind, obj: Object) -> None:
        """The object is as it says, unless something newer is known."""
        ...

    def gone(self, kind: Kind, namespace: str, name: str) -> None:
        """There is no such object."""
        ...

    def keys(self, kind: Kind) -> Iterable[Key]:
        """What is kept of the kind."""
        ...


class Listing:
    """Lists and compares. `complete` is set once every kind was listed; a kind that the host does not serve has no objects."""

    def __init__(self, client: KubeClient, kinds: Iterable[Kind], shelf: Shelf, *, every: float, retry: float = 2.0) -> None:
        self._client = client
        self._kinds = tuple(kinds)
        self._shelf = shelf
        self._every = every
        self._retry = retry
        self._again = asyncio.Event()
        self._early = list(EARLY)
        self.complete = asyncio.Event()
        self.trouble = ""

    def soon(self) -> None:
        """List again without waiting for the schedule: kopf is starting."""
        self._early = list(EARLY)
        self._again.set()

    async def run(self) -> None:
        """List until cancelled."""
        while True:
            self._again.clear()
            fine = await self._all()
            delay = (self._early.pop(0) if self._early else self._every) if fine else self._retry
            try:
                async with asyncio.timeout(delay):
                    await self._again.wait()
            except TimeoutError:
                continue

    async def _all(self) -> bool:
        fine = True
        for kind in self._kinds:
            try:
                await self._one(kind)
            except KubeError as error:
                fine = False
                if self.trouble != str(error):
                    self.trouble = str(error)
                    _LOG.warning("hub.list.failed", extra={"kind": kind.plural, "why": str(error)})
        if fine:
            self.trouble = ""
            self.complete.set()
        return fine

    async def _one(self, kind: Kind) -> None:
        before = set(self._shelf.keys(kind))
        try:
            items = await self._client.list(kind)
        except NotFound:
            items = []
        listed = {_key(item) for item in items}
        deleted_meanwhile = before - set(self._shelf.keys(kind))
        for item in items:
            if _key(item) not in deleted_meanwhile:
                self._shelf.put(kind, item)
        for namespace, name in sorted(before - listed - deleted_meanwhile):
            # It may have been created anew since: only the API's own word makes it gone.
            try:
                self._shelf.put(kind, await self._client.get(kind, namespace, name))
            except NotFound:
                self._shelf.gone(kind, namespace, name)


def _key(obj: Object) -> Key:
    metadata = obj.get("metadata") or {}
    return (str(metadata.get("namespace") or ""), str(metadata.get("name") or ""))
