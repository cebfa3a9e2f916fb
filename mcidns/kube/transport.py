"""One HTTP session to one API server: time-outs, TLS, credentials, errors of the closed tree; what is asked lives in client.py."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from mcidns.kube import errors, tls
from mcidns.kube.access import Access
from mcidns.kube.credentials import Credentials, Pair
from mcidns.kube.errors import ApiError, ServerError, Unauthorized

LARGEST: Final = 64 << 20
"""Bytes; an answer larger than that is refused, so that one API cannot take the memory of all."""

ERROR_BODY: Final = 64 << 10

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
Gate = AbstractAsyncContextManager[object]


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer; `date` is the server's time as its header has it, empty if it sent none."""

    status: int
    body: bytes
    date: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Ready:
    session: aiohttp.ClientSession
    headers: CIMultiDict[str]


class Transport:
    """Sends requests; every one asks the credentials for its headers, so that a new token needs no new session.

    `timeout` in seconds bounds a whole request, and the wait for the first byte of a stream.
    """

    def __init__(self, access: Access, *, timeout: float, user_agent: str) -> None:
        self.access = access
        self.timeout = timeout
        self._user_agent = user_agent
        self._base = access.server.rstrip("/")
        self._credentials = Credentials(access)
        self._session: aiohttp.ClientSession | None = None
        self._presented: Pair | None = None
        self._retired: list[aiohttp.ClientSession] = []
        self._making = asyncio.Lock()

    def adopt(self, access: Access) -> bool:
        """Ask in another name from now on; False (and nothing done) if the way to the server differs."""
        if not self.access.same_way(access):
            return False
        self.access = access
        self._credentials.adopt(access)
        return True

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] = _NOTHING,
        data: bytes | None = None,
        content_type: str = "",
        timeout: float | None = None,
        gate: Gate | None = None,
    ) -> Reply:
        """One request and its whole answer, read within the `gate`. Raises KubeError or ConfigError."""
        where, limit = f"{method} {path}", timeout or self.timeout
        ready = await self._ready(content_type)
        try:
            async with asyncio.timeout(limit) as scope:
                response = await self._open(ready, method, path, query, data=data)
                try:
                    await _check(where, response)
                    if gate is None:
                        return await _reply(where, response)
                    # The wait for our own turn is not the server's fault.
                    scope.reschedule(None)
                    async with gate:
                        scope.reschedule(asyncio.get_running_loop().time() + limit)
                        return await _reply(where, response)
                finally:
                    response.release()
        except ApiError as error:
            if isinstance(error, Unauthorized):
                self._credentials.renew()
            raise
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise errors.from_failure(where, error, limit) from error

    @asynccontextmanager
    async def stream(self, path: str, query: Mapping[str, str], *, silence: float) -> AsyncIterator[aiohttp.StreamReader]:
        """An answer without an end; its body raises TimeoutError after `silence` seconds without a byte."""
        where = f"GET {path}?watch"
        ready = await self._ready()
        try:
            async with asyncio.timeout(self.timeout):
                response = await self._open(ready, "GET", path, query, silence=silence)
                try:
                    await _check(where, response)
                except BaseException:
                    response.close()
                    raise
        except Unauthorized:
            self._credentials.renew()
            raise
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise errors.from_failure(where, error, self.timeout) from error
        try:
            yield response.content
        finally:
            # An endless answer is never read to its end: the connection goes with it.
            response.close()

    async def aclose(self) -> None:
        """Close every session."""
        sessions = [*self._retired, *([self._session] if self._session else [])]
        self._retired, self._session = [], None
        for session in sessions:
            await session.close()

    async def _ready(self, content_type: str = "") -> _Ready:
        """Session and headers. A credential plug-in may take its time, which is not the server's and has a limit of its own."""
        headers = await self._credentials.headers()
        headers["Accept"] = "application/json"
        if content_type:
            headers["Content-Type"] = content_type
        return _Ready(await self._current(), headers)

    async def _open(
        self,
        ready: _Ready,
        method: str,
        path: str,
        query: Mapping[str, str],
        *,
        data: bytes | None = None,
        silence: float | None = None,
    ) -> aiohttp.ClientResponse:
        access = self.access
        return await ready.session.request(
            method,
            URL(self._base + path).with_query({key: value for key, value in query.items() if value}),
            data=data,
            headers=ready.headers,
            allow_redirects=False,
            proxy=access.proxy_url.value if access.proxy_url else None,
            server_hostname=access.tls_server_name or None,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.timeout, sock_read=silence),
        )

    async def _current(self) -> aiohttp.ClientSession:
        pair = await self._credentials.pair()
        if self._session is not None and pair == self._presented:
            return self._session
        async with self._making:
            if self._session is None or pair != self._presented:
                made = await self._make(pair)
                if self._session is not None:
                    # Streams may still run on it; it is closed with the others.
                    self._retired.append(self._session)
                self._session, self._presented = made, pair
            return self._session

    async def _make(self, pair: Pair | None) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=0, ssl=await self._tls(pair), keepalive_timeout=60.0)
        return aiohttp.ClientSession(
            connector=connector, headers={"User-Agent": self._user_agent}, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def _tls(self, pair: Pair | None) -> ssl.SSLContext | bool:
        access = self.access
        if not access.server.startswith("https:"):
            return True
        certificate, key = (pair.certificate, pair.key) if pair else ("", None)
        return await asyncio.to_thread(tls.context, access.ca, insecure=access.insecure, certificate=certificate, key=key)


async def _check(where: str, response: aiohttp.ClientResponse) -> None:
    if 200 <= response.status < 300:
        return
    body = await response.content.read(ERROR_BODY)
    raise errors.from_answer(where, response.status, body, response.headers.get("Retry-After"))


async def _reply(where: str, response: aiohttp.ClientResponse) -> Reply:
    return Reply(response.status, await _whole(where, response), response.headers.get("Date", ""))


async def _whole(where: str, response: aiohttp.ClientResponse) -> bytes:
    """The body, refused past the limit: by its announced length, or when it (unpacked, or without a length) grows past it."""
    size = response.content_length or 0
    pieces: list[bytes] = []
    if size <= LARGEST:
        size = 0
        async for piece in response.content.iter_any():
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST:
                break
        else:
            return b"".join(pieces)
    response.close()
    raise ServerError(where, response.status, "", f"the answer is larger than {LARGEST >> 20} MiB")
