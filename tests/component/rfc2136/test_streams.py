"""One TCP stream, seen from the server's side of it."""

import asyncio
import contextlib
import fcntl
import socket
import struct
import termios
from collections.abc import AsyncIterator

import pytest

from mcidns_rfc2136.config import Address
from mcidns_rfc2136.connection import Connection, Link

QUICK_AT_FIRST = 40
"""Exchanges after which Linux takes a stream for a conversation and delays its acknowledgements."""
ROUNDS = 20


class Echo:
    """Sends back what it gets, on one stream, as a server does that does not turn Nagle's algorithm off."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Address]:
        """Serve until the end of the block; its address."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield Address("127.0.0.1", server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._socket = writer.get_extra_info("socket")
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(2)
                writer.write(head + await reader.readexactly(int.from_bytes(head, "big")))
        writer.close()

    def unacknowledged(self) -> int:
        """Bytes sent of which the peer has not said that they came (tcp(7), SIOCOUTQ)."""
        assert self._socket is not None
        found = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, bytes(4))
        return int(struct.unpack("i", found)[0])


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="only Linux lets a program acknowledge at once")
async def test_an_answer_is_acknowledged_before_anybody_waits_for_the_next() -> None:
    echo, waiting = Echo(), 0
    async with echo.running() as address:
        connection = await Connection.open(Link(address, None, 5.0))
        for number in range(QUICK_AT_FIRST + ROUNDS):
            await connection.ask(number, number.to_bytes(2, "big") + bytes(30))
            if number >= QUICK_AT_FIRST and echo.unacknowledged():
                await asyncio.sleep(0.005)  # a busy kernel may need a moment; left to itself it takes 40 ms
                waiting += echo.unacknowledged() > 0
        await connection.aclose()
    assert waiting < ROUNDS / 4
