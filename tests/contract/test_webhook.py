"""The contract on the webhook provider: our client against our server, over the provider in memory and over BIND."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import ClassVar

from aiohttp import web

from mcidns.model.secrets import Secret
from mcidns.provider import Capabilities, Provider, ProviderSettings
from mcidns.testing.contract import Bench, Failure, ForeignWrite, ProviderContract
from mcidns.testing.memory import TYPES, MemoryProvider
from mcidns.webhook.server import Face, Settings, serving
from mcidns_webhook import WebhookProvider
from tests.component.rfc2136 import parts
from tests.contract import memory
from tests.contract.test_rfc2136 import foreign

TOKEN = "Bearer hushhush-horse-battery-staple"
RESYNC = 0.05
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gate:
    """Middleware that makes a webhook fail in every way, and wants the token."""

    def __init__(self) -> None:
        self.failure: Failure | None = None

    @contextlib.asynccontextmanager
    async def on(self, failure: Failure) -> AsyncIterator[None]:
        """Fail in this way meanwhile."""
        self.failure = failure
        yield
        self.failure = None

    @web.middleware
    async def pass_on(self, request: web.Request, handler: Answer) -> web.StreamResponse:
        """The answer, or what becomes of it."""
        assert request.headers["Authorization"] == TOKEN
        writes = request.method == "POST" and request.path == "/records"
        if self.failure == "denied":
            return web.Response(status=401, text="who are you?")
        if self.failure == "throttled":
            return web.Response(status=429, headers={"Retry-After": "7"})
        if self.failure == "down":
            return self._cut(request)
        if self.failure == "unanswered" and writes:
            await handler(request)
            return self._cut(request)
        if self.failure == "torn" and request.path == "/records":
            answer = await handler(request)
            torn = web.StreamResponse(headers={**answer.headers, "Content-Length": str(len(_body(answer)))})
            await torn.prepare(request)
            await torn.write(_body(answer)[: len(_body(answer)) // 2])
            return self._cut(request)
        return await handler(request)

    def _cut(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()


def _body(answer: web.StreamResponse) -> bytes:
    assert isinstance(answer, web.Response)
    assert isinstance(answer.body, bytes)
    return answer.body


class WebhookContract(ProviderContract):
    """A webhook has no compare and set: the client looks first, and the server's mirror is behind others by a moment."""

    checks_first = True
    lag: ClassVar[float] = 20 * RESYNC
    config: ClassVar[dict[str, object]] = {}

    def behind(self) -> "contextlib.AbstractAsyncContextManager[tuple[Provider, ForeignWrite]]":
        """The provider behind the server, and a way past it."""
        raise NotImplementedError

    @contextlib.asynccontextmanager
    async def bench(self) -> AsyncIterator[Bench]:
        gate = Gate()
        async with self.behind() as (provider, past):
            face = Face(provider, [memory.ZONE], Settings(resync=RESYNC))
            async with serving(face, "127.0.0.1", 0, middlewares=[gate.pass_on]) as port:
                while not face.mirrors[memory.ZONE].ready:
                    await asyncio.sleep(0.01)
                config = {"url": f"http://127.0.0.1:{port}", "timeout": 5, "batchSize": 500, **self.config}
                settings = ProviderSettings("tried", config, {"authorization": Secret(TOKEN)})
                yield Bench(
                    WebhookProvider.from_settings(settings),
                    memory.ZONE,
                    foreign=past,
                    failures={
                        "denied": lambda: gate.on("denied"),
                        "throttled": lambda: gate.on("throttled"),
                        "down": lambda: gate.on("down"),
                        "unanswered": lambda: gate.on("unanswered"),
                        "torn": lambda: gate.on("torn"),
                    },
                    secrets=("correct-horse",),
                )


class TestWebhookOverMemory(WebhookContract):
    """Every type and policy passes through."""

    config: ClassVar[dict[str, object]] = {"types": sorted(TYPES), "setIdentifiers": True}

    @contextlib.asynccontextmanager
    async def behind(self) -> AsyncIterator[tuple[Provider, ForeignWrite]]:
        can = Capabilities(types=TYPES, compare_and_set=True, set_identifiers=True)
        provider = MemoryProvider(memory.ZONE.text, capabilities=can)
        past = memory.bench(provider).foreign
        assert past is not None
        yield provider, past


@parts.needs_bind
class TestWebhookOverBind(WebhookContract):
    """A real name server behind it all."""

    @contextlib.asynccontextmanager
    async def behind(self) -> AsyncIterator[tuple[Provider, ForeignWrite]]:
        async with parts.serving("bind") as port, parts.provider(port) as provider:
            yield provider, foreign(port)
