"""An API server that is only read: writes are kept in this process, where whoever made them sees them; nothing is sent."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mcidns.kube.access import Access
from mcidns.kube.client import Body, KubeClient, Object, Objects
from mcidns.kube.errors import NotFound
from mcidns.kube.kinds import Kind

_Key = tuple[Kind, str, str]


class Rehearsal(KubeClient):
    """Answers as a server would that took every write. Lists and gets show what was written; watches do not, so `on_gone` tells
    of deletions. A status has no readers here and is dropped as if its object were gone.
    """

    def __init__(self, access: Access, *, timeout: float = 10.0) -> None:
        super().__init__(access, timeout=timeout)
        self.on_gone: Callable[[Kind, str, str], None] = lambda *_: None
        self._written: dict[_Key, Object | None] = {}

    async def get(self, kind: Kind, namespace: str | None, name: str, subresource: str | None = None) -> Object:
        """One object, as written here or as the server has it."""
        key = (kind, namespace or "", name)
        if key not in self._written:
            return await super().get(kind, namespace, name, subresource)
        found = self._written[key]
        if found is None:
            raise _absent(kind, name)
        return found

    async def list(
        self, kind: Kind, namespace: str | None = None, *, label_selector: str = "", field_selector: str = ""
    ) -> Objects:
        """All objects, those written here in the place of the server's."""
        there = await super().list(kind, namespace, label_selector=label_selector, field_selector=field_selector)
        found = {_key(kind, obj): obj for obj in there}
        for key, obj in self._written.items():
            if key[0] is kind and (namespace is None or key[1] == namespace):
                found.pop(key, None)
                if obj is not None:
                    found[key] = obj
        return list(found.values())

    async def create(self, kind: Kind, namespace: str | None, body: Body, *, dry_run: bool = False) -> Object:
        """The object as if it were new."""
        return self._keep(kind, namespace, str(body["metadata"].get("name", "")), {}, body)

    async def replace(self, kind: Kind, namespace: str | None, name: str, body: Body, subresource: str | None = None) -> Object:
        """The object as given."""
        return self._keep(kind, namespace, name, {}, body)

    async def apply(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        body: Body,
        *,
        manager: str = "",
        force: bool = True,
        subresource: str | None = None,
    ) -> Object:
        """The object with these fields in it; fields that nobody gives any more stay, as no field managers are kept."""
        if subresource:
            raise _absent(kind, name)
        try:
            before = await self.get(kind, namespace, name)
        except NotFound:
            before = {}
        return self._keep(kind, namespace, name, before, body)

    async def patch(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        patch: Body | Sequence[Body],
        *,
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> Object:
        """The object with a merge patch in it. JSON patches are not rehearsed: the object stays as it is."""
        if subresource:
            raise _absent(kind, name)
        before = await self.get(kind, namespace, name)
        return self._keep(kind, namespace, name, before, patch) if isinstance(patch, Mapping) else before

    async def delete(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        dry_run: bool = False,
    ) -> Object:
        """Forget the object here."""
        self._written[kind, namespace or "", name] = None
        self.on_gone(kind, namespace or "", name)
        return {}

    def _keep(self, kind: Kind, namespace: str | None, name: str, before: Object, body: Body) -> Object:
        key = (kind, namespace or "", name)
        merged = _merged(before, body)
        metadata = merged.setdefault("metadata", {})
        version = str(metadata.get("resourceVersion", ""))
        metadata |= {
            "name": name,
            "uid": metadata.get("uid") or f"rehearsed-{kind.plural}-{namespace or ''}-{name}",
            "resourceVersion": str(int(version) + 1) if version.isdigit() else "1",
            "generation": int(metadata.get("generation") or 0) + 1,
            "creationTimestamp": metadata.get("creationTimestamp") or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        if namespace:
            metadata["namespace"] = namespace
        self._written[key] = {**merged, "apiVersion": kind.api_version, "kind": kind.kind}
        return self._written[key] or {}


def _merged(before: Mapping[str, Any], body: Mapping[str, Any]) -> Object:
    merged = dict(before)
    for key, value in body.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            old = merged.get(key)
            merged[key] = _merged(old if isinstance(old, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def _key(kind: Kind, obj: Object) -> _Key:
    metadata = obj.get("metadata") or {}
    return kind, str(metadata.get("namespace") or ""), str(metadata.get("name") or "")


def _absent(kind: Kind, name: str) -> NotFound:
    return NotFound(f"{kind} {name}", 404, "NotFound", "it is not there in this rehearsal")
