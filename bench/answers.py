"""Many A questions at once over UDP, so that looking costs little beside what is looked at; nothing is decided here."""

import asyncio
import socket
import struct
import time
from collections.abc import Sequence
from ipaddress import IPv4Address

_WINDOW = 200
_PATIENCE = 1.0


class Looker:
    """Asks one server for the addresses of names; use `close` at the end."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.connect(("127.0.0.1", port))

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()

    async def addresses(self, names: Sequence[str]) -> dict[str, frozenset[str]]:
        """What is answered for each name now; names whose answer got lost are left out."""
        found: dict[str, frozenset[str]] = {}
        for start in range(0, len(names), _WINDOW):
            found.update(await self._window(names[start : start + _WINDOW]))
        return found

    async def until(self, names: Sequence[str], expected: frozenset[str], patience: float) -> float:
        """Seconds until every name has answered just these once. Raises TimeoutError naming one that did not."""
        begin = time.perf_counter()
        waiting = list(names)
        while waiting:
            found = await self.addresses(waiting)
            still = [name for name in waiting if found.get(name) != expected]
            if time.perf_counter() - begin > patience and still:
                raise TimeoutError(f"{len(still)} names are not {sorted(expected)} yet, such as {still[0]}: {found.get(still[0])}")
            if len(still) == len(waiting):
                await asyncio.sleep(0.002)
            waiting = still
        return time.perf_counter() - begin

    async def _window(self, names: Sequence[str]) -> dict[str, frozenset[str]]:
        loop = asyncio.get_running_loop()
        for number, name in enumerate(names):
            await loop.sock_sendall(self._socket, _question(number, name))
        found: dict[str, frozenset[str]] = {}
        try:
            async with asyncio.timeout(_PATIENCE):
                while len(found) < len(names):
                    number, answer = _answer(await loop.sock_recv(self._socket, 4096))
                    found[names[number]] = answer
        except TimeoutError:
            # What comes too late must not be taken for an answer to the next window.
            self._drain()
        return found

    def _drain(self) -> None:
        while True:
            try:
                self._socket.recv(4096)
            except BlockingIOError:
                return


def _question(number: int, name: str) -> bytes:
    labels = b"".join(bytes((len(label),)) + label.encode() for label in name.rstrip(".").split("."))
    return struct.pack("!6H", number, 0, 1, 0, 0, 0) + labels + b"\x00" + struct.pack("!HH", 1, 1)


def _answer(message: bytes) -> tuple[int, frozenset[str]]:
    """The question's number and the addresses; BIND compresses every owner name to a pointer (RFC 1035 §4.1.4)."""
    number, _, _, count = struct.unpack_from("!4H", message)
    position = 12
    while message[position]:
        position += message[position] + 1
    position += 5
    found = []
    for _ in range(count):
        kind, _, _, size = struct.unpack_from("!HHIH", message, position + 2)
        if kind == 1:
            found.append(str(IPv4Address(message[position + 12 : position + 12 + size])))
        position += 12 + size
    return number, frozenset(found)
