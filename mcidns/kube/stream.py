"""One watch as raw lines, each a JSON object without its line end; reading events out of them lives with the watchers."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final, Self

import aiohttp

from mcidns.kube import errors
from mcidns.kube.errors import ServerError
from mcidns.kube.transport import Transport

LONGEST_LINE: Final = 16 << 20
"""Bytes; etcd holds no object near that size, so a longer line is no event."""


class Stream:
    """Use it with `async with`: entering sends the request and waits for its acceptance.

    Iterating yields the lines received together, in one list, and ends when the server ends the watch. Entering and
    iterating raise KubeError or ConfigError.
    """

    def __init__(self, transport: Transport, path: str, query: Mapping[str, str], *, silence: float) -> None:
        self._transport = transport
        self._path = path
        self._query = query
        self._silence = silence
        self._context: AbstractAsyncContextManager[aiohttp.StreamReader] | None = None
        self._content: aiohttp.StreamReader | None = None

    async def __aenter__(self) -> Self:
        context = self._transport.stream(self._path, self._query, silence=self._silence)
        self._content = await context.__aenter__()
        self._context = context
        return self

    async def __aexit__(self, *exception: object) -> None:
        context, self._context, self._content = self._context, None, None
        if context is not None:
            await context.__aexit__(None, None, None)

    async def batches(self) -> AsyncIterator[list[bytes]]:
        """Complete lines as they arrive, all that came together at once; never empty."""
        if self._content is None:
            return
        where = f"GET {self._path}?watch"
        rest = b""
        try:
            async for piece in self._content.iter_any():
                *lines, rest = (rest + piece).split(b"\n") if rest else piece.split(b"\n")
                if len(rest) > LONGEST_LINE:
                    raise ServerError(where, 200, "", f"a line of the watch is longer than {LONGEST_LINE >> 20} MiB")
                whole = [line for line in lines if line]
                if whole:
                    yield whole
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise errors.from_failure(where, error, self._silence) from error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for batch in self.batches():
            for line in batch:
                yield line
