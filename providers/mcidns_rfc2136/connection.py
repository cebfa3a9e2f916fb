"""One TCP or TLS stream to a server: many questions under way at once, told apart by their ids; what they say lives elsewhere."""

import asyncio
import contextlib
import random
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Self

from mcidns_rfc2136.config import Address, Tls

_LIMIT = 1 << 18
_GOODBYE = 0.1
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux has it


class NoAnswer(Exception):
    """The server did not answer; `sent` says that the message may have reached it, `late` that time ran out."""

    def __init__(self, problem: str, *, sent: bool, late: bool = False) -> None:
        super().__init__(problem)
        self.sent = sent
        self.late = late


class Link:
    """How to reach one server; the TLS context is made once, outside the event loop."""

    def __init__(self, address: Address, tls: Tls | None, timeout: float) -> None:
        self.address = address
        self.timeout = timeout
        self._tls = tls
        self._context: ssl.SSLContext | None = None

    async def streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A new connection. Raises NoAnswer."""
        try:
            async with asyncio.timeout(self.timeout):
                return await self._open()
        except TimeoutError as error:
            raise NoAnswer(
                f"{self.address} does not accept connections within {self.timeout:g} s", sent=False, late=True
            ) from error
        except ssl.SSLError as error:
            raise NoAnswer(
                f"{self.address}: TLS failed ({error.reason or error}); check tls.caFile and serverName", sent=False
            ) from error
        except OSError as error:
            raise NoAnswer(f"{self.address}: {error.strerror or error}", sent=False) from error

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self.address.host, self.address.port
        if self._tls is None:
            return await asyncio.open_connection(host, port, limit=_LIMIT)
        if self._context is None:
            self._context = await asyncio.to_thread(self._tls.context)
        name = self._tls.server_name or host
        return await asyncio.open_connection(host, port, limit=_LIMIT, ssl=self._context, server_hostname=name)


class Connection:
    """An open stream and the questions that wait on it. Ends as a whole: on end of stream, error or time-out."""

    def __init__(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._link = link
        self._reader = reader
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._next = random.randrange(1 << 16)
        self._end: NoAnswer | None = None
        self._task = asyncio.create_task(self._read(), name=f"dns {link.address}")

    @classmethod
    async def open(cls, link: Link) -> Self:
        """Connect. Raises NoAnswer."""
        return cls(link, *await link.streams())

    @property
    def address(self) -> Address:
        """Of the server."""
        return self._link.address

    @property
    def closed(self) -> bool:
        """Whether no further question can be asked here."""
        return self._end is not None

    def fresh_id(self) -> int:
        """An id that no waiting question has."""
        while True:
            self._next = (self._next + 1) & 0xFFFF
            if self._next not in self._waiting:
                return self._next

    async def ask(self, ident: int, message: bytes) -> bytes:
        """Send a message and wait for the one with its id. Raises NoAnswer."""
        if self._end is not None:
            raise NoAnswer(str(self._end), sent=False)
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[ident] = future
        try:
            async with asyncio.timeout(self._link.timeout):
                self._writer.write(len(message).to_bytes(2, "big") + message)
                await self._writer.drain()
                return await future
        except TimeoutError as error:
            problem = NoAnswer(f"{self._link.address} does not answer within {self._link.timeout:g} s", sent=True, late=True)
            self._fail(problem)
            raise problem from error
        except OSError as error:
            problem = NoAnswer(f"{self._link.address}: {error.strerror or error}", sent=True)
            self._fail(problem)
            raise problem from error
        finally:
            if self._waiting.pop(ident, None) is not None and future.done() and not future.cancelled():
                future.exception()  # seen, so that asyncio does not complain about it

    async def aclose(self) -> None:
        """End the stream and its task; what waits fails with NoAnswer."""
        self._fail(NoAnswer(f"the connection to {self._link.address} was closed", sent=True))
        self._task.cancel()
        await asyncio.wait([self._task])
        await close(self._writer)

    async def _read(self) -> None:
        read = self._reader.readexactly
        try:
            while True:
                message = await read(int.from_bytes(await read(2), "big"))
                self._acknowledge()
                future = self._waiting.get(int.from_bytes(message[:2], "big"))
                if future is not None and not future.done():
                    future.set_result(message)
        except asyncio.IncompleteReadError:
            self._fail(NoAnswer(f"{self._link.address} closed the connection", sent=True))
        except OSError as error:
            self._fail(NoAnswer(f"{self._link.address}: {error.strerror or error}", sent=True))

    def _acknowledge(self) -> None:
        """Tell the server at once that its answer came: it keeps the next one back until then (Nagle), and we would take 40 ms."""
        sock = self._writer.get_extra_info("socket")
        if sock is not None and _QUICKACK is not None:
            with contextlib.suppress(OSError):  # closed meanwhile; the next reading says so
                sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)

    def _fail(self, problem: NoAnswer) -> None:
        if self._end is None:
            self._end = problem
            self._writer.close()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(NoAnswer(str(problem), sent=True, late=problem.late))


class Stream:
    """A connection of its own for one transfer, so that nothing else waits behind it; read until the transfer is complete."""

    def __init__(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._link = link
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, link: Link) -> Self:
        """Connect. Raises NoAnswer."""
        return cls(link, *await link.streams())

    async def send(self, message: bytes) -> None:
        """Send the request. Raises NoAnswer."""
        try:
            self._writer.write(len(message).to_bytes(2, "big") + message)
            await self._writer.drain()
        except OSError as error:
            raise NoAnswer(f"{self._link.address}: {error.strerror or error}", sent=True) from error

    async def messages(self) -> AsyncIterator[bytes]:
        """What comes, without end; the caller bounds the time. Raises NoAnswer when the stream ends."""
        read = self._reader.readexactly
        try:
            while True:
                yield await read(int.from_bytes(await read(2), "big"))
        except asyncio.IncompleteReadError as error:
            raise NoAnswer(f"{self._link.address} closed the connection before the end", sent=True) from error
        except OSError as error:
            raise NoAnswer(f"{self._link.address}: {error.strerror or error}", sent=True) from error

    async def aclose(self) -> None:
        """End the stream."""
        await close(self._writer)


async def close(writer: asyncio.StreamWriter) -> None:
    """Close a stream without waiting for a peer that does not say goodbye, as BIND over TLS does not."""
    writer.close()
    try:
        async with asyncio.timeout(_GOODBYE):
            await writer.wait_closed()
    except (OSError, TimeoutError):
        writer.transport.abort()
