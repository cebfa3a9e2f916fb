"""Metrics and health over HTTP; what is counted and what makes the controller ready is told by others."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from aiohttp import web

from mcidns.telemetry import Metrics


@dataclass(frozen=True, slots=True)
class Health:
    """`waiting_for` says what the controller still waits for, empty when it is ready. `stuck` says what stands still.

    `role` is a word such as leader or standby, empty where there is but one controller; `note` says more of it, for readiness.
    """

    waiting_for: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    role: str = ""
    note: str = ""


@contextlib.asynccontextmanager
async def serving(address: tuple[str, int], metrics: Metrics, health: Callable[[], Health]) -> AsyncIterator[int]:
    """Serve `/metrics`, `/healthz` and `/readyz` while the body runs; yields the port."""

    async def exposition(request: web.Request) -> web.Response:
        body, media_type = await asyncio.to_thread(metrics.snapshot().render, request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": media_type})

    async def alive(_: web.Request) -> web.Response:
        return _answer(health().stuck)

    async def ready(_: web.Request) -> web.Response:
        now = health()
        return _answer((*now.stuck, *now.waiting_for), now.note)

    routes = web.Application()
    routes.add_routes([web.get("/metrics", exposition), web.get("/healthz", alive), web.get("/readyz", ready)])
    runner = web.AppRunner(routes, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, *address)
        await site.start()
        yield next((int(one[1]) for one in runner.addresses), address[1])
    finally:
        await runner.cleanup()


def _answer(problems: tuple[str, ...], note: str = "") -> web.Response:
    lines = problems or ("ok", *filter(None, (note,)))
    return web.Response(text="\n".join(lines) + "\n", status=503 if problems else 200)
