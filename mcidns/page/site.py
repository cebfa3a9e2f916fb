"""The page over HTTP: files, the stream of news, one host's sheet; GET only, and every answer says how little it may do."""

import asyncio
import contextlib
import json
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from importlib import resources
from typing import Final

import msgspec
from aiohttp import web

from mcidns import __version__
from mcidns.model.names import DnsName
from mcidns.model.references import ObjectRef
from mcidns.observe import resolver
from mcidns.page import views
from mcidns.page.board import Board, HostEntry
from mcidns.page.door import Door
from mcidns.page.limits import USUAL, Limits
from mcidns.page.lookups import Lookups
from mcidns.page.views import Holds
from mcidns.page.window import LONGEST_SEARCH, Head, News, Query, Window
from mcidns.settings import Settings
from mcidns.web import Health

_LOG = logging.getLogger(__name__)

NAMES: Final = 20
"""Names of a host on its own sheet, and those of them that DNS is asked about."""
ASKED: Final = 8

_TYPES: Final = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_SERVED: Final = ("page.css", "page.js", "elements.js", "board.js", "sheet.js", "icon.svg")
_FILES: Final = {"/": "index.html", **{f"/{name}": name for name in _SERVED}}
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Site:
    """Answers requests from what is on the board. A reader who takes nothing costs one buffer and is cut off in the end."""

    def __init__(self, settings: Settings, board: Board, holds: Holds, health: Callable[[], Health], limits: Limits) -> None:
        """Raises ConfigError for a resolver that is no address."""
        self._settings = settings
        self._board = board
        self._holds = holds
        self._health = health
        self._limits = limits
        self._closing = False
        self.door = Door(settings.page_token_file, everybody=settings.page_open, again=limits.token)
        self.lookups = Lookups(tuple(map(resolver.address, settings.resolvers)), limits)
        self.files: Mapping[str, bytes] = {}

    async def load(self) -> None:
        """Read what is served, once. Raises ConfigError for a token that does not protect."""
        self.files = await asyncio.to_thread(_read_files)
        await self.door.open()

    def application(self) -> web.Application:
        """The routes; nobody passes the door unasked."""
        found = web.Application(middlewares=[self._guard])
        found.add_routes([web.get(path, self._file) for path in _FILES])
        found.add_routes(
            [web.get("/live", self._live, allow_head=False), web.get("/host", self._host), web.get("/answers", self._answers)]
        )
        found.on_shutdown.append(self._shut)
        return found

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            answer = await self.door.refusal(request) or await handler(request)
        except web.HTTPException as error:
            error.headers.update(_HEADERS)
            raise
        if not answer.prepared:
            answer.headers.update(_HEADERS)
        return answer

    async def _shut(self, _: web.Application) -> None:
        self._closing = True
        self._board.wake()

    async def _file(self, request: web.Request) -> web.Response:
        name = _FILES[request.path]
        return web.Response(body=self.files[name], content_type=_TYPES[name.rpartition(".")[2]], charset="utf-8")

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """News as server-sent events, until the reader leaves or takes nothing any more."""
        if self._board.listeners >= self._limits.readers:
            told = f"{self._limits.readers} readers have this page open, and that is as many as it serves.\n"
            raise web.HTTPServiceUnavailable(text=told, headers={"Retry-After": "30"})
        window = Window(self._board, _query(request), holds=self._holds, head=self._head)
        stream = web.StreamResponse(headers={**_HEADERS, "X-Accel-Buffering": "no"})
        stream.content_type = "text/event-stream"
        with self._board.listening() as woken:
            await stream.prepare(request)
            try:
                await self._tell(stream, window, woken)
            except TimeoutError:
                _LOG.info("page.slow_reader", extra={"remote": request.remote or ""})
                if request.transport is not None:
                    request.transport.abort()
            except ConnectionError:
                _LOG.debug("page.reader_left")
        return stream

    async def _tell(self, stream: web.StreamResponse, window: Window, woken: asyncio.Event) -> None:
        while not self._closing:
            woken.clear()
            news = await window.news() or News(now=self._board.now)
            # A reader who takes nothing keeps us here: what happens meanwhile is not kept, but looked up when they go on.
            async with asyncio.timeout(self._limits.patience):
                await stream.write(b"event: news\ndata: " + msgspec.json.encode(news) + b"\n\n")
            await asyncio.sleep(self._limits.pace)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._limits.beat):
                    await woken.wait()

    async def _host(self, request: web.Request) -> web.Response:
        await self._board.catch_up()
        ref, entry = self._asked(request)
        return _json(views.details(ref, entry, self._holds, names=NAMES))

    async def _answers(self, request: web.Request) -> web.Response:
        """What DNS answers now for a host's first names."""
        _, entry = self._asked(request)
        names: list[DnsName] = (
            [] if entry.decision is None else [one.name for one in entry.decision.names if not one.name.is_wildcard]
        )
        asked = list(dict.fromkeys(names))[:ASKED]
        began = time.monotonic()
        found = await asyncio.gather(*(self.lookups.ask(name) for name in asked))
        by_name = {name.relative: answers for name, answers in zip(asked, found, strict=True)}
        return _json({"names": by_name, "left_out": len(set(names)) - len(asked), "seconds": round(time.monotonic() - began, 3)})

    def _asked(self, request: web.Request) -> tuple[ObjectRef, HostEntry]:
        ref = views.ref_of(request.query.get("id", ""))
        entry = self._board.hosts.get(ref) if ref is not None else None
        if ref is None or entry is None:
            raise web.HTTPNotFound(text=json.dumps("there is no such host any more"), content_type="application/json")
        return ref, entry

    def _head(self) -> Head:
        health = self._health()
        return Head(
            version=__version__,
            instance=socket.gethostname(),
            role=health.role,
            waiting=health.waiting_for,
            stuck=health.stuck,
            hosts=len(self._board.hosts),
            attention=self._board.attention,
            decides=self._settings.only != "program",
        )


@contextlib.asynccontextmanager
async def serving(
    settings: Settings, board: Board, holds: Holds, health: Callable[[], Health], limits: Limits = USUAL
) -> AsyncIterator[int]:
    """Serve the page at `settings.page` while the body runs; yields the port. Raises ConfigError."""
    site = Site(settings, board, holds, health, limits)
    await site.load()
    host, port = settings.page or ("127.0.0.1", 0)
    runner = web.AppRunner(site.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        port = next((int(one[1]) for one in runner.addresses), port)
        _LOG.info("page.serving", extra={"address": host, "port": port, "protected": settings.page_token_file is not None})
        yield port
    finally:
        await runner.cleanup()
        await site.lookups.aclose()


def _read_files() -> dict[str, bytes]:
    folder = resources.files("mcidns.page") / "files"
    return {name: (folder / name).read_bytes() for name in _FILES.values()}


def _query(request: web.Request) -> Query:
    text = request.query.get("q", "")[:LONGEST_SEARCH].lower()
    offset = request.query.get("offset", "0")
    return Query(
        terms=tuple(text.split()),
        attention=request.query.get("only") == "attention",
        offset=int(offset) if offset.isascii() and offset.isdigit() and len(offset) < 9 else 0,
    )


def _json(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", charset="utf-8")
