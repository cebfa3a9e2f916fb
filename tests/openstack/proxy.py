"""A reverse proxy in front of a real API, which counts the requests and makes trouble on demand; no expectations live here."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, Self

import aiohttp
from aiohttp import web
from yarl import URL

Harm = Literal["status", "lost", "cut", "torn", "slow"]
"""`status`: answered by the proxy alone. `lost`: carried out, the connection ends without an answer. `cut`: the connection ends
and nothing was carried out. `torn`: carried out, and half of the answer arrives. `slow`: carried out after `delay` seconds.
"""
FOREVER = 10**6

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def every(_: web.Request) -> bool:
    """All requests."""
    return True


def writes(request: web.Request) -> bool:
    """Requests that change something."""
    return request.method != "GET"


def reads(request: web.Request) -> bool:
    """Requests that change nothing."""
    return request.method == "GET"


def method(name: str) -> Callable[[web.Request], bool]:
    """Requests by this method."""
    return lambda request: request.method == name


@dataclass(slots=True)
class Fault:
    """Trouble for the requests that it `touches`, from the one after `skip` on, `times` times."""

    harm: Harm
    touches: Callable[[web.Request], bool] = every
    times: int = 1
    skip: int = 0
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, object] | None = None
    delay: float = 0.0

    def strikes(self, request: web.Request) -> bool:
        """Whether this request is hit; counts it."""
        if not self.times or not self.touches(request):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class Proxy:
    """`url` stands for the API. `calls` are the requests that came, such as `POST /v2/zones/*/recordsets`.

    `headers` are added to each request. `page` makes lists come in pages of this size, whatever was asked for. `meanwhile` is
    awaited before each request is passed on.
    """

    def __init__(self, target: str, tls: ssl.SSLContext | None = None) -> None:
        self.url = ""
        self.calls: list[str] = []
        self.faults: list[Fault] = []
        self.headers: dict[str, str] = {}
        self.page = 0
        self.meanwhile: Callable[[web.Request], Awaitable[None]] | None = None
        self._target = target
        self._tls = tls
        self._http: aiohttp.ClientSession | None = None
        self._site: web.TCPSite | None = None
        self._runner: web.AppRunner | None = None
        self._port = 0

    @contextlib.contextmanager
    def failing(self, *faults: Fault) -> Iterator[None]:
        """These faults, as long as the block lasts."""
        self.faults += faults
        try:
            yield
        finally:
            self.faults = [fault for fault in self.faults if fault not in faults]

    @contextlib.asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Nobody listens, as long as the block lasts."""
        await self._close()
        try:
            yield
        finally:
            await self._listen()

    async def __aenter__(self) -> Self:
        # A connection kept too long would be closed by the server just when it is used again: trouble that nobody asked for.
        self._http = aiohttp.ClientSession(auto_decompress=False, connector=aiohttp.TCPConnector(force_close=True))
        await self._listen()
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        await self._close()
        await self._http.close()

    async def _listen(self) -> None:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True, ssl_context=self._tls)
        await self._site.start()
        self._port = self._runner.addresses[0][1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    async def _close(self) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(f"{request.method} {_ID.sub('*', request.path)}")
        fault = next((fault for fault in self.faults if fault.strikes(request)), None)
        if fault is not None and fault.harm == "status":
            return web.json_response(fault.body or {}, status=fault.status, headers=fault.headers)
        if fault is not None and fault.harm == "slow":
            await asyncio.sleep(fault.delay)
        if fault is None or fault.harm != "cut":
            answer, body = await self._passed_on(request)
            if fault is None or fault.harm == "slow":
                return web.Response(status=answer.status, body=body, headers=_end_to_end(answer))
            if fault.harm == "torn":
                await _send_half(request, answer, body)
        request.transport.abort()
        return web.Response()

    async def _passed_on(self, request: web.Request) -> tuple[aiohttp.ClientResponse, bytes]:
        if self.meanwhile is not None:
            await self.meanwhile(request)
        headers = {key: value for key, value in request.headers.items() if key.lower() != "host"} | self.headers
        url = URL(self._target + request.raw_path, encoded=True)
        if self.page and "limit" in url.query:
            url = url.update_query(limit=self.page)
        async with self._http.request(
            request.method, url, headers=headers, data=await request.read(), allow_redirects=False
        ) as answer:
            return answer, await answer.read()


def _end_to_end(answer: aiohttp.ClientResponse) -> dict[str, str]:
    hop = {"content-length", "transfer-encoding", "connection", "date", "server"}
    return {key: value for key, value in answer.headers.items() if key.lower() not in hop}


async def _send_half(request: web.Request, answer: aiohttp.ClientResponse, body: bytes) -> None:
    response = web.StreamResponse(status=answer.status, headers={**_end_to_end(answer), "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
