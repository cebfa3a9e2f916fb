"""`python -m bench.endpoints CERT KEY`: a web server on every loopback address, in a process of its own; what asks it is elsewhere.

It prints its ports for HTTP and HTTPS; SIGUSR1 makes it accept and say nothing, SIGUSR2 makes it answer again.
"""

import asyncio
import signal
import ssl
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"


class _Endpoint(asyncio.Protocol):
    """One connection: an answer to the first bytes."""

    mute = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer and close."""
        if not self.mute and isinstance(self._transport, asyncio.WriteTransport):
            self._transport.write(ANSWER)
            self._transport.close()


def _say(*, mute: bool) -> None:
    _Endpoint.mute = mute


async def main(cert: str, key: str) -> None:
    """Serve until SIGTERM."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, lambda: _say(mute=True))
    loop.add_signal_handler(signal.SIGUSR2, lambda: _say(mute=False))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    servers = [await loop.create_server(_Endpoint, "0.0.0.0", 0, ssl=tls, backlog=1024) for tls in (None, context)]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
