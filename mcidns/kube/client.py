"""One API server as objects in and out: get, list, create, apply, patch, delete; retrying lives with the callers."""

from collections.abc import AsyncIterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Self

import msgspec

from mcidns.kube.access import Access
from mcidns.kube.errors import Gone, ServerError
from mcidns.kube.kinds import SERVICE_ACCOUNT, Kind
from mcidns.kube.stream import Stream
from mcidns.kube.transport import Gate, Reply, Transport

FIELD_MANAGER: Final = "mcidns"
PAGE: Final = 500
MERGE: Final = "application/merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"
APPLY: Final = "application/apply-patch+yaml"

Body = Mapping[str, Any]
Object = dict[str, Any]
Objects = list[Object]
_BY_US: Final = {"fieldManager": FIELD_MANAGER}
_DRY: Final = {False: {"dryRun": ""}, True: {"dryRun": "All"}}
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class _ListMeta(msgspec.Struct, rename="camel"):
    continue_: str = msgspec.field(default="", name="continue")
    resource_version: str = ""


class PageHead(msgspec.Struct):
    """What a list page says about itself; decoding it leaves the items unread."""

    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)


_PAGE_HEAD: Final = msgspec.json.Decoder(PageHead)


class KubeClient:
    """Every method raises KubeError or ConfigError and nothing else, and waits `timeout` seconds at most.

    Bodies and answers are plain JSON objects. The client belongs to the loop it is first used in.
    """

    def __init__(self, access: Access, *, timeout: float = 10.0, user_agent: str = "mcidns") -> None:
        self._transport = Transport(access, timeout=timeout, user_agent=user_agent)

    @property
    def access(self) -> Access:
        """How the server is reached at present."""
        return self._transport.access

    def adopt(self, access: Access) -> bool:
        """Take over another token without reconnecting; False if the way itself differs, which needs a new client."""
        return self._transport.adopt(access)

    async def get(self, kind: Kind, namespace: str | None, name: str, subresource: str | None = None) -> Object:
        """One object. Raises NotFound."""
        return await self._json("GET", kind.path(namespace, name, subresource))

    async def get_path(self, path: str, *, timeout: float | None = None) -> Object:
        """Any JSON document of the API, such as `/version`."""
        return await self._json("GET", path, timeout=timeout)

    async def reply(self, path: str, *, timeout: float | None = None) -> Reply:
        """A document of the API as sent, with the server's time."""
        return await self._transport.send("GET", path, timeout=timeout)

    async def page(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        limit: int = PAGE,
        after: str = "",
        resource_version: str = "",
        label_selector: str = "",
        field_selector: str = "",
        timeout: float | None = None,
        gate: Gate | None = None,
    ) -> bytes:
        """One page of a list, as sent; `after` is the continue token of the page before.

        `gate` is entered once the server has begun to answer, so that only servers that do answer hold it. Raises Gone when
        the token is too old.
        """
        query = {
            "limit": str(limit) if limit else "",
            "continue": after,
            "resourceVersion": "" if after else resource_version,
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
        }
        reply = await self._transport.send("GET", kind.path(namespace), query=query, timeout=timeout, gate=gate)
        return reply.body

    async def list_pages(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        limit: int = PAGE,
        label_selector: str = "",
        field_selector: str = "",
    ) -> AsyncIterator[bytes]:
        """All pages of a list, as sent. Raises Gone when the list outlives the server's memory of it."""
        after = ""
        while True:
            body = await self.page(
                kind, namespace, limit=limit, after=after, label_selector=label_selector, field_selector=field_selector
            )
            yield body
            after = self._decoded(_PAGE_HEAD, body, kind.path(namespace)).metadata.continue_
            if not after:
                return

    async def list(
        self, kind: Kind, namespace: str | None = None, *, label_selector: str = "", field_selector: str = ""
    ) -> Objects:
        """All objects, each with its apiVersion and kind (which list items lack). A list that expires is begun again once."""
        try:
            return await self._all(kind, namespace, label_selector, field_selector)
        except Gone:
            return await self._all(kind, namespace, label_selector, field_selector)

    async def _all(self, kind: Kind, namespace: str | None, labels: str, fields: str) -> Objects:
        found: Objects = []
        async for body in self.list_pages(kind, namespace, label_selector=labels, field_selector=fields):
            page = _object(body, kind.path(namespace))
            items = page.get("items") or []
            found += [{"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in items if isinstance(item, dict)]
        return found

    def watch(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        resource_version: str = "",
        seconds: int = 300,
        silence: float | None = None,
        label_selector: str = "",
        field_selector: str = "",
    ) -> Stream:
        """The changes after `resource_version`; use it with `async with`, then iterate over raw lines.

        The server ends it after `seconds`; it raises Unreachable after `silence` seconds (default: `seconds` + 30) without a byte.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(seconds),
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
        }
        return Stream(self._transport, kind.path(namespace), query, silence=silence or seconds + 30.0)

    async def create(self, kind: Kind, namespace: str | None, body: Body, *, dry_run: bool = False) -> Object:
        """Raises AlreadyExists, Invalid. With `dry_run` the server checks all and stores nothing."""
        return await self._json("POST", kind.path(namespace), query=_BY_US | _DRY[dry_run], body=_complete(kind, body))

    async def request_token(self, namespace: str, account: str, spec: Body) -> Object:
        """A TokenRequest for a service account (authentication.k8s.io/v1), as answered. Raises NotFound, Invalid."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        return await self._json("POST", SERVICE_ACCOUNT.path(namespace, account, "token"), body=body)

    async def replace(self, kind: Kind, namespace: str | None, name: str, body: Body, subresource: str | None = None) -> Object:
        """PUT; with a resourceVersion in the body's metadata it raises Conflict when the object moved on."""
        query = {"fieldManager": FIELD_MANAGER}
        return await self._json("PUT", kind.path(namespace, name, subresource), query=query, body=_complete(kind, body))

    async def apply(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        body: Body,
        *,
        manager: str = FIELD_MANAGER,
        force: bool = True,
        subresource: str | None = None,
    ) -> Object:
        """Server-side apply: create, or own the fields given and drop those we no longer give. Raises Conflict without `force`."""
        metadata = {**body.get("metadata", {}), "name": name, **({"namespace": namespace} if namespace else {})}
        full = {**_complete(kind, body), "metadata": metadata}
        query = {"fieldManager": manager, "force": "true" if force else ""}
        return await self._json("PATCH", kind.path(namespace, name, subresource), query=query, body=full, content_type=APPLY)

    async def apply_status(
        self, kind: Kind, namespace: str | None, name: str, status: Body, *, manager: str = FIELD_MANAGER
    ) -> Object:
        """Server-side apply of the status alone. Raises NotFound: a status never creates its object."""
        return await self.apply(kind, namespace, name, {"status": status}, manager=manager, subresource="status")

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
        """A mapping is a merge patch (RFC 7386), a sequence a JSON patch (RFC 6902)."""
        content_type = MERGE if isinstance(patch, Mapping) else JSON_PATCH
        query = _BY_US | _DRY[dry_run]
        path = kind.path(namespace, name, subresource)
        return await self._json("PATCH", path, query=query, body=patch, content_type=content_type)

    async def patch_status(
        self, kind: Kind, namespace: str | None, name: str, status: Body, *, resource_version: str | None = None
    ) -> Object:
        """Merge patch of the status; with `resource_version` it raises Conflict when the object moved on."""
        guard = {"metadata": {"resourceVersion": resource_version}} if resource_version else {}
        return await self.patch(kind, namespace, name, {**guard, "status": status}, subresource="status")

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
        """Delete, if given only this very object or version (else Conflict). Raises NotFound."""
        given = {"uid": uid, "resourceVersion": resource_version}
        preconditions = {key: value for key, value in given.items() if value}
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if dry_run:
            options["dryRun"] = ["All"]
        if preconditions:
            options["preconditions"] = preconditions
        return await self._json("DELETE", kind.path(namespace, name), body=options)

    async def aclose(self) -> None:
        """Close all connections; requests under way fail."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _json(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] = _NOTHING,
        body: object = None,
        content_type: str = "application/json",
        timeout: float | None = None,
    ) -> Object:
        data = None if body is None else msgspec.json.encode(body)
        reply: Reply = await self._transport.send(
            method, path, query=query, data=data, content_type=content_type if data is not None else "", timeout=timeout
        )
        return _object(reply.body, f"{method} {path}")

    @staticmethod
    def _decoded(decoder: "msgspec.json.Decoder[PageHead]", body: bytes, where: str) -> PageHead:
        try:
            return decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _no_answer(where) from error


def page_version(body: bytes) -> str:
    """The resource version of a list page, empty if it has none."""
    try:
        return _PAGE_HEAD.decode(body).metadata.resource_version
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _object(body: bytes, where: str) -> Object:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_answer(where) from error
    if not isinstance(found, dict):
        raise _no_answer(where)
    return found


def _no_answer(where: str) -> ServerError:
    return ServerError(where, 200, "", "the answer is no JSON object; is this a Kubernetes API?")


def _complete(kind: Kind, body: Body) -> Object:
    return {"apiVersion": kind.api_version, "kind": kind.kind, **body}
