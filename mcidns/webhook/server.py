"""The HTTP face of `mcidns webhook-server`: ExternalDNS's requests answered from mirrors; what they mean lives beside it.

A real ExternalDNS ends its process at any status but 2xx and 500 to 510 and at a connection that breaks, so trouble is a 5xx, and
the answer to a write comes in time even if the writing goes on.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from mcidns.errors import Conflict, Denied, ProviderError, Rejected, Throttled, Transient
from mcidns.model.names import DnsName
from mcidns.model.records import Change, RecordKey, RecordSet
from mcidns.provider import Provider
from mcidns.webhook import adjusting, changes, wire
from mcidns.webhook.adjusting import ZoneOf
from mcidns.webhook.mirror import Mirror
from mcidns.webhook.wire import MEDIA_TYPE, DomainFilter, Unreadable

_LOG = logging.getLogger(__name__)

ERROR_HEADER = "Mcidns-Error"
"""In answers of 5xx: which of our errors it was, for the client plug-in; ExternalDNS does not look at it."""

_TOLD = 5
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Settings:
    """Seconds: `resync` between readings, `patience` until a write is answered though it goes on, `ttl` where none is given."""

    resync: float = 30.0
    patience: float = 12.0
    ttl: int = 300


class Face:
    """One provider and its zones."""

    def __init__(self, provider: Provider, zones: Iterable[DnsName], settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.mirrors = {zone: Mirror(provider, zone) for zone in sorted(set(zones))}
        self._provider = provider
        self._zone_of = ZoneOf(self.mirrors)
        self._tasks: set[asyncio.Task[None]] = set()

    def application(self, middlewares: Sequence[Middleware] = ()) -> web.Application:
        """The routes, which answer every request with a status that ExternalDNS expects; `middlewares` stand before them."""
        application = web.Application(client_max_size=wire.LARGEST, middlewares=[*middlewares, _guarded])
        application.router.add_route("*", "/", self._negotiate)
        application.router.add_route("*", "/records", self._records)
        application.router.add_route("*", "/adjustendpoints", self._adjust)
        return application

    async def keep_reading(self, mirror: Mirror) -> None:
        """Read a zone at the start, on schedule and after trouble, for ever."""
        delay = 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await mirror.stale.wait()
            try:
                await mirror.refresh()
                delay = self.settings.resync
            except ProviderError as error:
                delay = error.retry_after if isinstance(error, Throttled) else min(max(1.0, delay * 2), self.settings.resync)
                _LOG.warning("webhook.unread", extra={"zone": mirror.zone.relative, "why": str(error), "delay": delay})
                await asyncio.sleep(min(delay, 1.0))  # a write that fails meanwhile does not make us ask faster

    async def aclose(self) -> None:
        """Let writes that go on come to their end."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self.settings.patience)
        for task in self._tasks:
            task.cancel()

    async def _negotiate(self, request: web.Request) -> web.Response:
        _only(request, "GET", "HEAD")
        return _json(wire.encode(DomainFilter(include=[zone.relative for zone in self.mirrors])))

    async def _records(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            return await self._apply(await request.read())
        _only(request, "GET", "HEAD")
        ready = [mirror for mirror in self.mirrors.values() if mirror.ready]
        if not ready:
            return _trouble([Transient(mirror.problem) for mirror in self.mirrors.values()])
        # A zone that was never read looks empty, and what ExternalDNS then wants to create there is refused: see Mirror.write.
        bodies = [body for mirror in ready if (body := mirror.body())]
        return _json(b"[" + b",".join(bodies) + b"]")

    async def _adjust(self, request: web.Request) -> web.Response:
        _only(request, "POST")
        body = await request.read()
        return _json(await asyncio.to_thread(self._adjusted, body))

    def _adjusted(self, body: bytes) -> bytes:
        return wire.encode(adjusting.adjusted(wire.endpoints(body), self._provider.capabilities, self._zone_of))

    async def _apply(self, body: bytes) -> web.Response:
        posted = await asyncio.to_thread(wire.changes, body)
        desk = changes.Desk(self._zone_of, self._held, self._provider.capabilities, self.settings.ttl)
        work = await asyncio.to_thread(changes.work, posted, desk)
        errors: list[ProviderError] = [Rejected(problem) for problem in work.problems]
        task = asyncio.create_task(self._carry_out(work, errors))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        done, _ = await asyncio.wait([task], timeout=self.settings.patience)
        if not done:
            return _trouble([Transient("the changes are still being written; what is left is written in the next round")])
        task.result()
        return _trouble(errors) if errors else web.Response(status=204)

    def _held(self, key: RecordKey) -> RecordSet | None:
        zone = self._zone_of(key.name)
        return None if zone is None else self.mirrors[zone].holds(key)

    async def _carry_out(self, work: changes.Work, errors: list[ProviderError]) -> None:
        async with asyncio.TaskGroup() as group:
            for zone, todo in work.zones.items():
                group.create_task(self._write(self.mirrors[zone], todo, errors))

    async def _write(self, mirror: Mirror, todo: list[Change], errors: list[ProviderError]) -> None:
        failed = await mirror.write(todo)
        errors += failed
        _LOG.info("webhook.written", extra={"zone": mirror.zone.relative, "changes": len(todo), "failed": len(failed)})


@contextlib.asynccontextmanager
async def serving(face: Face, host: str, port: int, middlewares: Sequence[Middleware] = ()) -> AsyncIterator[int]:
    """Read the zones and serve while the body runs; yields the port."""
    readers = [asyncio.create_task(face.keep_reading(mirror), name=f"webhook {zone}") for zone, mirror in face.mirrors.items()]
    runner = web.AppRunner(face.application(middlewares), access_log=None, shutdown_timeout=face.settings.patience)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield next((int(address[1]) for address in runner.addresses), port)
    finally:
        for reader in readers:
            reader.cancel()
        await runner.cleanup()
        await face.aclose()
        await asyncio.gather(*readers, return_exceptions=True)


class _WrongMethod(Exception):
    """ExternalDNS never asks so; its own server answers 400."""


def _only(request: web.Request, *methods: str) -> None:
    if request.method not in methods:
        raise _WrongMethod(f"{request.method} {request.path} is not part of the webhook protocol")


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever happens becomes an answer."""
    try:
        return await handler(request)
    except (Unreadable, _WrongMethod) as error:
        return _text(400, str(error))
    except ProviderError as error:
        return _trouble([error])
    except web.HTTPException as error:
        return _text(error.status, error.reason)
    except Exception as error:  # noqa: BLE001  a crash here would end ExternalDNS too
        _LOG.exception("webhook.unexpected", extra={"path": request.path})
        return _text(500, f"unexpected {type(error).__name__}; see the log of mcidns webhook-server")


def _trouble(errors: list[ProviderError]) -> web.Response:
    """One answer for all; its kind is that of the first."""
    told = "\n".join(dict.fromkeys(str(error) for error in errors[:_TOLD]))
    more = f"\nand {len(errors) - _TOLD} more" if len(errors) > _TOLD else ""
    first = errors[0]
    headers = {ERROR_HEADER: _kind(first)}
    if isinstance(first, Throttled):
        headers["Retry-After"] = str(max(1, round(first.retry_after)))
    for error in errors:
        _LOG.warning("webhook.failed", extra={"kind": _kind(error), "why": str(error)})
    return _text(503 if isinstance(first, Transient) else 500, told[:_LONGEST] + more, headers)


def _kind(error: ProviderError) -> str:
    kinds = (Throttled, Transient, Denied, Conflict, Rejected)
    return next((kind.__name__ for kind in kinds if isinstance(error, kind)), "Rejected")


def _json(body: bytes) -> web.Response:
    # ExternalDNS compares the media type letter by letter; old releases also wanted to see Vary.
    return web.Response(body=body, headers={"Content-Type": MEDIA_TYPE, "Vary": "Content-Type"})


def _text(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=text + "\n", headers=headers)
