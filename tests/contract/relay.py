"""A TCP relay that knows DNS messages and can fail in the ways of a network between us and a name server. No expectations."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Literal, Self

Mode = Literal["open", "down", "unanswered", "torn", "denied"]
UPDATE = 5
TRANSFERS = (251, 252)


class Relay:
    """`async with Relay(port) as relay:` listens on `relay.port` and passes messages on to 127.0.0.1:port."""

    def __init__(self, upstream: int) -> None:
        self.port = 0
        self._upstream = upstream
        self._mode: Mode = "open"
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self._hang_up()
        await self._server.wait_closed()
        await asyncio.sleep(0)

    def down(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Every connection ends at once."""
        return self._in("down")

    def unanswered(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Updates reach the server, which answers; then the connection ends."""
        return self._in("unanswered")

    def torn(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Transfers end in the middle of their first message."""
        return self._in("torn")

    def denied(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Signatures are spoilt on the way, as if the key were another one."""
        return self._in("denied")

    @contextlib.asynccontextmanager
    async def _in(self, mode: Mode) -> AsyncIterator[None]:
        self._mode = mode
        if mode == "down":
            self._hang_up()
        try:
            yield
        finally:
            self._mode = "open"

    def _hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode == "down":
            writer.transport.abort()
            return
        upper, lower = await asyncio.open_connection("127.0.0.1", self._upstream)
        self._writers |= {writer, lower}
        kinds: dict[bytes, tuple[int, int]] = {}
        try:
            await asyncio.gather(self._ask(reader, lower, kinds), self._answer(upper, writer, kinds))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers -= {writer, lower}
            writer.transport.abort()
            lower.transport.abort()

    async def _ask(self, reader: asyncio.StreamReader, lower: asyncio.StreamWriter, kinds: dict[bytes, tuple[int, int]]) -> None:
        while True:
            message = await _read(reader)
            kinds[message[:2]] = ((message[2] >> 3) & 15, _question_type(message))
            if self._mode == "denied":
                message = message[:-7] + bytes([message[-7] ^ 1]) + message[-6:]
            await _write(lower, message)

    async def _answer(self, upper: asyncio.StreamReader, writer: asyncio.StreamWriter, kinds: dict[bytes, tuple[int, int]]) -> None:
        while True:
            message = await _read(upper)
            opcode, type_ = kinds.get(message[:2], (0, 0))
            if self._mode == "unanswered" and opcode == UPDATE:
                raise ConnectionResetError
            if self._mode == "torn" and type_ in TRANSFERS:
                writer.write(len(message).to_bytes(2, "big") + message[: len(message) // 2])
                await writer.drain()
                raise ConnectionResetError
            await _write(writer, message)


async def _read(reader: asyncio.StreamReader) -> bytes:
    return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))


async def _write(writer: asyncio.StreamWriter, message: bytes) -> None:
    writer.write(len(message).to_bytes(2, "big") + message)
    await writer.drain()


def _question_type(message: bytes) -> int:
    place = 12
    while message[place]:
        place += message[place] + 1
    return int.from_bytes(message[place + 1 : place + 3], "big")
