"""A thin client of the Kubernetes API: requests with a time-out, and errors of the closed tree; watching is observe's affair."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

import aiohttp

from mcidns import __version__
from mcidns.kube import errors
from mcidns.kube.access import Access
from mcidns.kube.errors import Failing, Unreachable
from mcidns.kube.kinds import Kind

Object = dict[str, Any]

FIELD_MANAGER = "mcidns"
PAGE = 500
_LONGEST_LINE = 32 * 2**20


class KubeClient:
    """One API server over one aiohttp session. Every method raises KubeError, and nothing else, when it does not succeed.

    `access` may be replaced while requests run: the next request uses the new credentials (the server's URL and TLS stay).
    """

    def __init__(self, access: Access, *, timeout: float = 10.0) -> None:
        self.access = access
        self.timeout = timeout
        self._tls = access.ssl_context()
        self._session: aiohttp.ClientSession | None = None

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """The object. NotFound where there is none."""
        return _object(await self.request("GET", kind.path(namespace, name)))

    async def get_path(self, path: str) -> bytes:
        """The body at a path outside the kinds, such as `/version`."""
        return await self.request("GET", path)

    async def pages(self, path: str, params: Mapping[str, str] | None = None, *, limit: int = PAGE) -> AsyncIterator[bytes]:
        """The raw pages of a list. Gone when the continue token has expired: start again.

        The caller reads the next token with `continuation` of the page it decoded, by sending it back.
        """
        token = ""
        while True:
            query = {**(params or {}), "limit": str(limit)}
            if token:
                query["continue"] = token
                query.pop("resourceVersion", None)
            page = await self.request("GET", path, params=query)
            yield page
            token = continuation(page)
            if not token:
                return

    async def list(self, kind: Kind, namespace: str = "", *, selector: str = "") -> tuple[list[Object], str]:
        """All objects, with kind and apiVersion filled in, and the list's resourceVersion."""
        params = {"labelSelector": selector} if selector else {}
        items: list[Object] = []
        version = ""
        async for page in self.pages(kind.path(namespace), params):
            body = _object(page)
            version = str(body.get("metadata", {}).get("resourceVersion", ""))
            items.extend({**item, "apiVersion": kind.api_version, "kind": kind.kind} for item in body.get("items") or [])
        return items, version

    async def create(self, kind: Kind, namespace: str, body: Object) -> Object:
        """Create; Conflict (reason AlreadyExists) when the name is taken."""
        return _object(await self.request("POST", kind.path(namespace), body=body))

    async def apply(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        body: Object,
        *,
        subresource: str = "",
        force: bool = True,
        manager: str = FIELD_MANAGER,
    ) -> Object:
        """Server-side apply (KEP-555): what `body` holds is ours, what we no longer apply is removed."""
        params = {"fieldManager": manager, "force": "true" if force else "false"}
        whole = {"apiVersion": kind.api_version, "kind": kind.kind, **body}
        path = kind.path(namespace, name, subresource)
        return _object(await self.request("PATCH", path, body=whole, params=params, content="application/apply-patch+yaml"))

    async def patch(self, kind: Kind, namespace: str, name: str, body: Object, *, subresource: str = "") -> Object:
        """JSON merge patch (RFC 7396); with a `metadata.resourceVersion` inside it is a compare-and-set."""
        path = kind.path(namespace, name, subresource)
        return _object(await self.request("PATCH", path, body=body, content="application/merge-patch+json"))

    async def patch_status(self, kind: Kind, namespace: str, name: str, status: Object) -> Object:
        """Merge into the status subresource; a key set to None is removed."""
        return await self.patch(kind, namespace, name, {"status": status}, subresource="status")

    async def delete(self, kind: Kind, namespace: str, name: str, *, uid: str = "") -> None:
        """Delete; only the object of this uid where one is given (Conflict otherwise). NotFound where there is none."""
        body = {"preconditions": {"uid": uid}} if uid else None
        await self.request("DELETE", kind.path(namespace, name), body=body)

    async def watch(self, path: str, params: Mapping[str, str], *, silence: float) -> AsyncGenerator[bytes, None]:
        """The lines of a watch until the server ends it; Unreachable after `silence` seconds without a byte.

        The first item is always empty: it says that the server has accepted the watch.
        """
        timeout = aiohttp.ClientTimeout(total=None, connect=self.timeout, sock_read=silence)
        async with self._answer("GET", path, params={**params, "watch": "true"}, timeout=timeout) as answer:
            yield b""
            rest = b""
            async for chunk in answer.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                if len(rest) > _LONGEST_LINE:
                    raise Unreachable(path, Failing.CUT, f"an event of more than {_LONGEST_LINE} bytes")
                for line in lines:
                    if line:
                        yield line

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Object | None = None,
        params: Mapping[str, str] | None = None,
        content: str = "application/json",
    ) -> bytes:
        """One request with its whole answer, within the client's time-out."""
        timeout = aiohttp.ClientTimeout(total=self.timeout)
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        async with self._answer(method, path, params=params or {}, timeout=timeout, data=data, content=content) as answer:
            return await answer.read()

    @contextlib.asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,
        data: bytes | None = None,
        content: str = "",
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        access = self.access
        where = f"{method} {path}"
        try:
            headers = await _headers(access, content if data is not None else "")
            session = self._open()
            async with session.request(
                method,
                access.server + path,
                params=params,
                data=data,
                headers=headers,
                timeout=timeout,
                ssl=self._tls,
                proxy=access.proxy_url or None,
                server_hostname=access.tls_server_name or None,
                allow_redirects=False,
            ) as answer:
                if answer.status >= 300:
                    raise errors.from_answer(where, answer.status, await answer.read(), answer.headers.get("Retry-After"))
                yield answer
        except (TimeoutError, aiohttp.ClientError, OSError, ssl.SSLError, asyncio.IncompleteReadError) as error:
            raise errors.from_failure(where, error, timeout.total or timeout.sock_read) from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=60, keepalive_timeout=30)
            self._session = aiohttp.ClientSession(
                connector=connector, headers={"User-Agent": f"mcidns/{__version__}"}, trust_env=False
            )
        return self._session


async def _headers(access: Access, content: str) -> dict[str, str]:
    headers = {"Accept": "application/json"}
    if content:
        headers["Content-Type"] = content
    token = await access.bearer()
    if token is not None:
        headers["Authorization"] = f"Bearer {token.value}"
    if access.impersonate:
        headers["Impersonate-User"] = access.impersonate
    return headers


def _object(body: bytes) -> Object:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise Unreachable("answer", Failing.CUT, "it is no JSON; is this a Kubernetes API server?") from error
    if not isinstance(value, dict):
        raise Unreachable("answer", Failing.CUT, "it is no JSON object; is this a Kubernetes API server?")
    return value


def continuation(page: bytes) -> str:
    """The continue token of a list page, empty on the last one."""
    # The list's metadata stands before or after the items; reading all of a page twice would double the cost of a sync.
    for part in (page[:600], page[-600:]):
        mark = part.find(b'"continue":"')
        if mark >= 0 and part.find(b'"resourceVersion"') >= 0:
            return part[mark + 12 : part.index(b'"', mark + 12)].decode("ascii")
    if b'"continue":"' not in page:
        return ""
    metadata = json.loads(page).get("metadata") or {}
    return str(metadata.get("continue") or "")
