"""The sockets of the name server: one port for UDP and TCP, its connections and their end. What is answered never lives here."""

import asyncio
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Self, cast

from mcidns.nameserver import names, records, signature
from mcidns.nameserver.counters import AppliedUpdate, Counters
from mcidns.nameserver.faults import Faults
from mcidns.nameserver.service import Reply, Service
from mcidns.nameserver.zone import Zone

_WRITE_TIMEOUT = 30.0


class NameServer:
    """`async with NameServer(zones={"example.org.": None}, keys={"k.": ("hmac-sha256", secret)}) as ns:` serves on ns.port.

    `zones` maps a zone to master file text, or to None for an SOA with serial 1, one NS and its address. `keys` maps a
    key's name to (algorithm, secret bytes); every key may update and transfer every zone, nobody may without one.
    `idle_timeout` (seconds) closes silent TCP connections, `journal` bounds what IXFR can look back to, in records.
    ValueError for unusable text or algorithms, OSError when the port is taken.
    """

    def __init__(
        self,
        zones: Mapping[str, str | None],
        keys: Mapping[str, tuple[str, bytes]] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        idle_timeout: float = 30.0,
        journal: int = 100_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.host = host
        self.port = port
        self.faults = Faults(self._close, self._listen)
        self._idle_timeout = idle_timeout
        self._journal = journal
        self._zones: dict[bytes, Zone] = {}
        for name, text in zones.items():
            self.add_zone(name, text)
        known = (signature.key(name, algorithm, secret) for name, (algorithm, secret) in (keys or {}).items())
        self._service = Service(self._zones, {key.name: key for key in known}, self.faults, clock)
        self._ports: _Ports | None = None
        self._server: asyncio.Server | None = None
        self._datagrams: _Datagrams | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def counters(self) -> Counters:
        """What was asked and done so far."""
        return self._service.counters

    @property
    def log(self) -> deque[AppliedUpdate]:
        """The last 10,000 updates that changed a zone, oldest first."""
        return self._service.log

    def add_zone(self, name: str, text: str | None = None) -> None:
        """Serve one more zone, or a zone anew from other text; its journal is empty then."""
        origin = names.parse(name)
        self._zones[origin] = Zone(origin, text, journal=self._journal)

    def serial(self, zone: str) -> int:
        """The serial of a zone; KeyError when it is not served."""
        return self._zones[names.parse(zone)].serial

    def rrset(self, zone: str, name: str, rdtype: str) -> tuple[int, tuple[str, ...]] | None:
        """TTL and sorted record data, in master file form, of an absolute name in a zone; None when there is no such set."""
        kind = records.rdtype(rdtype)
        found = self._zones[names.parse(zone)].get(names.parse(name), kind)
        return None if found is None else (found.ttl, tuple(records.rdata_text(kind, rdata) for rdata in found.rdatas))

    async def __aenter__(self) -> Self:
        self._ports = _Ports(self.host, self.port)
        self.port = self._ports.number
        await self._listen()
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        await self._close()
        if self._ports is not None:
            self._ports.release()

    async def _listen(self) -> None:
        if self._server is not None or self._ports is None:
            return
        tcp, udp = self._ports.take()
        self._server = await asyncio.start_server(self._connected, sock=tcp, backlog=512)
        loop = asyncio.get_running_loop()
        _, self._datagrams = await loop.create_datagram_endpoint(self._datagram_protocol, sock=udp)

    def _datagram_protocol(self) -> "_Datagrams":
        return _Datagrams(self._service, self.faults)

    async def _close(self) -> None:
        server, self._server = self._server, None
        datagrams, self._datagrams = self._datagrams, None
        if server is None or datagrams is None or self._ports is None:
            return
        server.close()
        datagrams.close()
        tasks = tuple(self._connections)
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(_WRITE_TIMEOUT):
            await datagrams.closed.wait()
            await server.wait_closed()
        self._ports.reserve()
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._service.counters.connections += 1
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        # A task that ended by a fault of ours stays, so that closing raises what happened.
        if task.cancelled() or task.exception() is None:
            self._connections.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                async with asyncio.timeout(self._idle_timeout):
                    wire = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                await self.faults.flowing()
                answer = self._service.respond(wire, udp=False)
                await _send(writer, answer)
                if answer.hang_up:
                    return
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            return  # the client left, was cut off, or is silent: all the same to a server
        finally:
            writer.transport.abort()


async def _send(writer: asyncio.StreamWriter, answer: Reply) -> None:
    for message in answer.messages:
        writer.write(len(message).to_bytes(2, "big") + message)
        async with asyncio.timeout(_WRITE_TIMEOUT):
            await writer.drain()


class _Datagrams(asyncio.DatagramProtocol):
    """The UDP side: one datagram in, at most one out."""

    def __init__(self, service: Service, faults: Faults) -> None:
        self.closed = asyncio.Event()
        self._service = service
        self._faults = faults
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own transport is no DatagramTransport by class before Python 3.12.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def connection_lost(self, _: Exception | None) -> None:
        self.closed.set()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._faults.stalled or self._transport is None:
            return
        for message in self._service.respond(data, udp=True).messages:
            self._transport.sendto(message, addr)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class _Ports:
    """One port number, held for TCP and UDP while nobody listens, so that the server can come back on it.

    A held TCP socket is bound but not listening, a held UDP socket is connected to itself: others are refused by the kernel.
    """

    def __init__(self, host: str, number: int) -> None:
        self._host = host
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.number = number
        for attempt in range(20):
            try:
                self.reserve()
                return
            except OSError:
                # Port 0 gives a port that is free for TCP; UDP may have to try again.
                if number or attempt == 19:
                    raise
                self.number = 0

    def reserve(self) -> None:
        """Hold the port; OSError when it is taken."""
        self._tcp = self._bound(socket.SOCK_STREAM)
        try:
            self.number = self._tcp.getsockname()[1]
            self._udp = self._bound(socket.SOCK_DGRAM)
            self._udp.connect((self._host, self.number))
        except OSError:
            self._tcp.close()
            raise

    def take(self) -> tuple[socket.socket, socket.socket]:
        """The TCP and the UDP socket, bound and no longer held."""
        self._udp.close()
        return self._tcp, self._bound(socket.SOCK_DGRAM)

    def release(self) -> None:
        """Let the port go."""
        self._tcp.close()
        self._udp.close()

    def _bound(self, kind: socket.SocketKind) -> socket.socket:
        bound = socket.socket(self._family, kind)
        try:
            if kind == socket.SOCK_STREAM:
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.setblocking(False)
            bound.bind((self._host, self.number))
        except OSError:
            bound.close()
            raise
        return bound
