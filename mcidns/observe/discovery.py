"""Which versions of optional kinds one API serves, asked of its discovery; reading the kinds lives in watch."""

import asyncio
from typing import Any, Final

from mcidns.kube.client import KubeClient
from mcidns.kube.errors import NotFound
from mcidns.kube.kinds import Kind

FRESH: Final = 1.0
"""Seconds for which an answer serves all who ask at the same time."""


class Discovery:
    """Any account may ask it, while a list of what is not served is Forbidden to one that has no right to it."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._lock = asyncio.Lock()
        self._known: dict[str, tuple[float, dict[str, frozenset[str]]]] = {}

    async def served(self, versions: tuple[Kind, ...]) -> Kind:
        """The first of these kinds, all of one group, that is served. Raises NotFound where none is, KubeError, ConfigError."""
        group = versions[0].group
        async with self._lock:
            known = self._known.get(group)
            now = asyncio.get_running_loop().time()
            if known is None or now - known[0] > FRESH:
                known = self._known[group] = (now, await self._ask(group))
        for kind in versions:
            if kind.plural in known[1].get(kind.version, ()):
                return kind
        raise NotFound(f"discovery of {versions[0]}", 404, "NotFound", "the cluster does not serve it")

    async def _ask(self, group: str) -> dict[str, frozenset[str]]:
        try:
            found = await self._client.get_path(f"/apis/{group}")
        except NotFound:
            return {}
        served: dict[str, frozenset[str]] = {}
        for version in _texts(found.get("versions"), "version"):
            try:
                listed = await self._client.get_path(f"/apis/{group}/{version}")
            except NotFound:
                continue
            served[version] = frozenset(_texts(listed.get("resources"), "name"))
        return served


def _texts(entries: Any, key: str) -> tuple[str, ...]:
    found = entries if isinstance(entries, list) else []
    return tuple(str(entry[key]) for entry in found if isinstance(entry, dict) and entry.get(key))
