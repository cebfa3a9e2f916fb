"""One question to one address over TCP, TLS and HTTP, within its time; when to ask and what follows is decided elsewhere.

It is written on bare non-blocking sockets: no proxy, cookie, redirect or pooled connection can come in, and a question costs
half of what a client library takes (docs/adr/0006-probes.md).
"""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

from mcidns import __version__
from mcidns.errors import ConfigError
from mcidns.model.probes import Probe
from mcidns.observe import replies
from mcidns.observe.replies import Answer, Head, NotHttp, Outcome, Unable
from mcidns.observe.trust import Check, Trust

_DEFAULT_PORT: Final = {"HTTP": 80, "HTTPS": 443, "TCP": 0}
_CHUNK: Final = 4096

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """A Probe made ready to be asked: the bytes to send, and the name that the certificate must be for."""

    probe: Probe
    server_name: str
    request: bytes

    @classmethod
    def of(cls, probe: Probe) -> "Question":
        """The Host field is the rule's host as it is written, or the name with the port where that is not the scheme's own
        (RFC 9110 §7.2); the TLS server name never has a port.
        """
        rule = probe.rule
        name = probe.name.relative
        server_name = rule.host or name
        suffix = "" if rule.host or rule.port == _DEFAULT_PORT[rule.protocol] else f":{rule.port}"
        head = (
            f"GET {_path(rule.path)} HTTP/1.1\r\nHost: {quote(server_name)}{suffix}\r\n"
            f"User-Agent: mcidns-probe/{__version__}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        )
        return cls(probe, server_name, head.encode("ascii"))


def _path(path: str) -> str:
    """Safe in a request line: what is no visible ASCII is percent-encoded, and what is encoded already stays."""
    quoted = quote(path.partition("#")[0], safe="/%?&=+:;,@!$'()*~[]|")
    return quoted if quoted.startswith("/") else "/" + quoted


def with_authorities(ca_file: Path | None) -> Callable[[Question], Awaitable[Answer]]:
    """A way of asking that trusts the system's authorities and those in the file. Raises ConfigError when it cannot be read."""
    return partial(ask, trust=Trust(ca_file))


async def ask(question: Question, trust: Trust) -> Answer:
    """Ask once; everything from connecting to the end of the answer's head within the rule's timeout. Raises nothing
    that a target could bring about."""
    rule = question.probe.rule
    context = None
    if rule.protocol == "HTTPS":
        try:
            context = await trust.context(Check.NONE if rule.insecure_skip_verify else Check.FULL)
        except ConfigError as error:
            return Answer(Outcome.UNABLE, str(error))
    loop = asyncio.get_running_loop()
    begin = loop.time()
    outcome, detail = await _within(rule.timeout, _Talk(question, context))
    seconds = loop.time() - begin
    if outcome is Outcome.CERTIFICATE and detail == replies.MISMATCHED and seconds < rule.timeout:
        detail = await _whose(question, trust, rule.timeout - seconds)
    return Answer(outcome, detail, seconds)


async def _within(timeout: float, talk: "_Talk") -> tuple[Outcome, str]:
    try:
        async with asyncio.timeout(timeout):
            return await talk.run()
    except TimeoutError:
        return Outcome.TIMED_OUT, f"timed out after {timeout:g} s {talk.stage}"
    except Unable as error:
        return Outcome.UNABLE, str(error)
    except NotHttp as error:
        return Outcome.NOT_HTTP, str(error)
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        return Outcome.TLS, f"connection closed {talk.stage}"
    except OSError as error:
        return replies.of_error(error)
    finally:
        talk.close()


async def _whose(question: Question, trust: Trust, timeout: float) -> str:
    """Who the certificate is for that does not fit: a second handshake, as a failed one does not show its certificate."""
    talk = _Talk(question, await trust.context(Check.ANY_NAME))
    names: list[str] = []
    try:
        async with asyncio.timeout(timeout):
            names = await talk.certified()
    except (OSError, Unable):
        return f"{replies.MISMATCHED}, not {question.server_name}"
    finally:
        talk.close()
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"certificate is for {shown or 'no name at all'}, not {question.server_name}"


class _Talk:
    """One connection: its socket, and in words how far it has come."""

    __slots__ = ("_context", "_loop", "_question", "_socket", "stage")

    def __init__(self, question: Question, context: ssl.SSLContext | None) -> None:
        self._question = question
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self.stage = "without a connection"

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def run(self) -> tuple[Outcome, str]:
        """Connect, shake hands, send and receive as far as the protocol asks. Raises OSError, NotHttp, Unable."""
        line = await self._connect()
        if self._question.probe.rule.protocol == "TCP":
            return Outcome.PASSED, "connected"
        if self._context is not None:
            line = await self._shake_hands(line, self._context)
        self.stage = "without an answer"
        await self._send(line, self._question.request)
        status = await self._status(line)
        if status is None:
            return Outcome.CLOSED, f"connection closed {self.stage}"
        good = any(low <= status <= high for low, high in self._question.probe.rule.expect)
        return Outcome.PASSED if good else Outcome.STATUS, f"HTTP {status}"

    async def certified(self) -> list[str]:
        """Shake hands only: the names the certificate is for. Raises OSError, Unable."""
        if self._context is None:
            return []
        line = await self._shake_hands(await self._connect(), self._context)
        return replies.names(line.getpeercert())

    async def _connect(self) -> socket.socket:
        probe = self._question.probe
        family = socket.AF_INET if probe.address.version == 4 else socket.AF_INET6
        try:
            line = self._socket = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            line.connect((str(probe.address), probe.rule.port))
        except BlockingIOError:
            pass  # under way, as it should be
        except OSError as error:
            if replies.is_ours(error):
                raise Unable(f"this controller cannot ask: {os.strerror(error.errno or errno.EIO).lower()}") from error
            raise
        await self._writable(line.fileno())
        failed = line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failed:
            raise OSError(failed, os.strerror(failed))
        return line

    async def _shake_hands(self, line: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        self.stage = "within the TLS handshake"
        name = self._question.server_name
        try:
            name.encode("idna")  # as wrap_socket does, which leaves its socket open when this fails
        except UnicodeError as error:
            raise Unable(f"{replies.printable(name)!r} cannot be a TLS server name") from error
        secured = context.wrap_socket(line, do_handshake_on_connect=False, server_hostname=name)
        self._socket = secured
        await self._repeat(secured, secured.do_handshake, self._readable)
        return secured

    async def _send(self, line: socket.socket, data: bytes) -> None:
        while data:
            data = data[await self._repeat(line, partial(line.send, data), self._writable) :]

    async def _status(self, line: socket.socket) -> int | None:
        head = Head()
        receive = partial(line.recv, _CHUNK)
        while True:
            data = await self._repeat(line, receive, self._readable)
            if not data:
                return None
            self.stage = "within the header of the answer"
            status = head.feed(data)
            if status is not None:
                return status

    async def _repeat(self, line: socket.socket, call: Callable[[], T], blocked: Callable[[int], Awaitable[None]]) -> T:
        """Call until it does not block any more; `blocked` waits where a plain socket would block."""
        while True:
            try:
                return call()
            except ssl.SSLWantReadError:
                await self._readable(line.fileno())
            except ssl.SSLWantWriteError:
                await self._writable(line.fileno())
            except BlockingIOError:
                await blocked(line.fileno())

    async def _readable(self, number: int) -> None:
        waiting = self._loop.create_future()
        self._loop.add_reader(number, _wake, waiting)
        try:
            await waiting
        finally:
            self._loop.remove_reader(number)

    async def _writable(self, number: int) -> None:
        waiting = self._loop.create_future()
        self._loop.add_writer(number, _wake, waiting)
        try:
            await waiting
        finally:
            self._loop.remove_writer(number)


def _wake(waiting: "asyncio.Future[None]") -> None:
    if not waiting.done():
        waiting.set_result(None)
