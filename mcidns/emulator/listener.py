"""The listening socket and its connections, so that a server can refuse, freeze and come back on its port; no HTTP here."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Final

_HANDSHAKE: Final = 10.0
Factory = Callable[[], asyncio.BaseProtocol]


class Listener:
    """Accepts connections on one loopback port, which stays reserved for as long as this object is open."""

    def __init__(self, factory: Factory, host: str, context: ssl.SSLContext | None) -> None:
        self._factory = factory
        self._host = host
        self._context = context
        self._reserved: socket.socket | None = None
        self._socket: socket.socket | None = None
        self._accepting = False
        self._opening: set[asyncio.Task[None]] = set()
        self._transports: set[asyncio.Transport] = set()
        self.port = 0

    def _bound(self, port: int) -> socket.socket:
        sock = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setblocking(False)
            sock.bind((self._host, port))
        except OSError:
            sock.close()
            raise
        return sock

    def open(self, port: int) -> None:
        """Reserve the port (0: any free one) and listen; raises OSError if another process has it."""
        if self._reserved is None:
            self._reserved = self._bound(port)
            self.port = self._reserved.getsockname()[1]
        if self._socket is None:
            self._socket = self._bound(self.port)
            self._socket.listen(1024)
        self.resume()

    def resume(self) -> None:
        """Accept connections again after `pause`."""
        if self._socket is not None and not self._accepting:
            # Not `sock_accept`: what it has accepted when it is cancelled belongs to nobody and is never closed.
            asyncio.get_running_loop().add_reader(self._socket.fileno(), self._accept, self._socket)
            self._accepting = True

    def pause(self) -> None:
        """Leave new connections waiting in the kernel."""
        if self._socket is not None and self._accepting:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._accepting = False

    def refuse(self) -> None:
        """Stop listening and cut every connection; a client is refused until `open`."""
        self.pause()
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        for task in self._opening:
            task.cancel()
        for transport in list(self._transports):
            transport.abort()
        self._transports.clear()

    async def close(self) -> None:
        """Refuse, and give the port back."""
        waiting = [*self._opening]
        self.refuse()
        await asyncio.gather(*waiting, return_exceptions=True)
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def _accept(self, listening: socket.socket) -> None:
        try:
            connection, _ = listening.accept()
        except OSError:  # the client has given up meanwhile
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = asyncio.get_running_loop().create_task(self._connect(connection), name="emulator connection")
        self._opening.add(task)
        task.add_done_callback(lambda task: self._opened(task, connection))

    def _opened(self, task: asyncio.Task[None], connection: socket.socket) -> None:
        self._opening.discard(task)
        if task.cancelled():
            connection.close()  # before it had begun

    async def _connect(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        timeout = _HANDSHAKE if self._context else None
        try:
            transport, _ = await loop.connect_accepted_socket(
                self._factory, connection, ssl=self._context, ssl_handshake_timeout=timeout
            )
        except (OSError, asyncio.CancelledError):
            connection.close()
            return
        self._transports = {one for one in self._transports if not one.is_closing()}
        self._transports.add(transport)
