"""What waits for the end of a zone's worker: its successor, and the provider that it used; neither is known here any closer."""

import asyncio
from collections.abc import Awaitable, Callable

from mcidns.provider import Provider


async def after(former: "asyncio.Task[None] | None", run: Callable[[], Awaitable[None]]) -> None:
    """Start only when the worker before has ended, so that two never write to one zone."""
    if former is not None:
        await asyncio.wait((former,))
    await run()


async def closed(provider: Provider, ending: frozenset["asyncio.Task[None]"]) -> None:
    """Close it once these workers have ended."""
    if ending:
        await asyncio.wait(ending)
    await asyncio.gather(provider.aclose(), return_exceptions=True)
