"""One watch as raw lines, each a JSON object without its line end; reading events out of them lives with the watchers."""

from collections import deque
from collections.abc import Mapping
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

    Then iterate over single lines, or `read` what has come together. Entering, iterating and reading raise KubeError or
    ConfigError.
    """

    def __init__(self, transport: Transport, path: str, query: Mapping[str, str], *, silence: float) -> None:
        self._transport = transport
        self._path = path
        self._query = query
        self._silence = silence
        self._context: AbstractAsyncContextManager[aiohttp.StreamReader] | None = None
        self._content: aiohttp.StreamReader | None = None
        self._rest = b""
        self._pending: deque[bytes] = deque()

    async def __aenter__(self) -> Self:
        context = self._transport.stream(self._path, self._query, silence=self._silence)
        self._content = await context.__aenter__()
        self._context = context
        return self

    async def __aexit__(self, *exception: object) -> None:
        context, self._context, self._content = self._context, None, None
        if context is not None:
            await context.__aexit__(None, None, None)

    async def read(self) -> list[bytes]:
        """The complete lines that have arrived, at least one; none at the end of the stream, where an unfinished line is lost."""
        while self._content is not None:
            try:
                piece = await self._content.readany()
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise errors.from_failure(self._where, error, self._silence) from error
            if not piece:
                return []
            *lines, self._rest = (self._rest + piece).split(b"\n")
            if len(self._rest) > LONGEST_LINE:
                raise ServerError(self._where, 200, "", f"a line of the watch is longer than {LONGEST_LINE >> 20} MiB")
            whole = [line for line in lines if line]
            if whole:
                return whole
        return []

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self._pending:
            self._pending.extend(await self.read())
        if not self._pending:
            raise StopAsyncIteration
        return self._pending.popleft()

    @property
    def _where(self) -> str:
        return f"GET {self._path}?watch"
