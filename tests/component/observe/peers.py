"""Targets of probes: servers whose every byte is written down, and the questions to them."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from mcidns.model.names import DnsName
from mcidns.model.probes import Probe, ProbeRule
from mcidns.observe.asking import Question

SHOP = DnsName.parse("shop.example.org")

Script = Callable[["Peer", asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Peer:
    """A server at work: where it listens, and what it was asked. `script` writes the answer to the next request."""

    script: Script
    address: str = "127.0.0.1"
    port: int = 0
    requests: list[str] = field(default_factory=list)
    connections: int = 0
    open: int = 0

    def probe(self, protocol: str = "HTTP", name: DnsName = SHOP, **rule: Any) -> Probe:
        """A probe of this server."""
        return probe(protocol, self.port, address=self.address, name=name, **rule)

    def question(self, protocol: str = "HTTP", name: DnsName = SHOP, **rule: Any) -> Question:
        """A question to this server."""
        return Question.of(self.probe(protocol, name, **rule))

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        self.connections += 1
        self.open += 1
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(request.decode())
            await self.script(self, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the prober has gone, as it does when it knows enough
        finally:
            self.open -= 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def probe(protocol: str, port: int, *, address: str = "127.0.0.1", name: DnsName = SHOP, **rule: Any) -> Probe:
    """A probe with what a test does not care about filled in."""
    filled: dict[str, Any] = {"protocol": protocol, "port": port, "timeout": 10.0, **rule}
    return Probe(ip_address(address), name, ProbeRule(**filled))


def says(answer: bytes) -> Script:
    """Answer with these bytes and close."""

    async def script(_: Peer, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return script


def http(status: int, *fields: str, body: str = "") -> Script:
    """Answer with this status."""
    head = "\r\n".join((f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *fields))
    return says(f"{head}\r\n\r\n{body}".encode())


def stalls(answer: bytes = b"") -> Script:
    """Answer with these bytes and say nothing more."""

    async def script(_: Peer, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await asyncio.Event().wait()

    return script


def drips(answer: bytes, every: float) -> Script:
    """Answer byte by byte."""

    async def script(_: Peer, writer: asyncio.StreamWriter) -> None:
        for byte in answer:
            writer.write(bytes([byte]))
            await asyncio.sleep(every)

    return script


def endless(head: bytes, more: bytes) -> Script:
    """Answer with a head and then with the same bytes for ever."""

    async def script(_: Peer, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(more)
            await writer.drain()

    return script


@contextlib.asynccontextmanager
async def serving(
    script: Script, *, address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Peer]:
    """A server that follows the script in every connection; port 0 picks a free one."""
    peer = Peer(script, address)
    talks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(task := asyncio.get_running_loop().create_task(peer.talk(reader, writer)))
        task.add_done_callback(talks.discard)

    server = await asyncio.start_server(connected, address, port, ssl=tls)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for task in tuple(talks):
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """The port of a listener whose queue is full, so that further connections get no answer at all (Linux)."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
