"""The keys that requests to one server are signed with: shared ones at once, contexts of GSS-TSIG by TKEY (RFC 3645, RFC 2930)."""

import asyncio
import logging
import secrets
import struct
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from mcidns_rfc2136 import names, rcodes, rdata, tsig, wire
from mcidns_rfc2136.connection import Connection, NoAnswer
from mcidns_rfc2136.gss import Context, ContextKey, Login, NoTicket
from mcidns_rfc2136.tsig import BadSignature, Signer, Verifier
from mcidns_rfc2136.wire import BadMessage, Message

T = TypeVar("T")

log = logging.getLogger(__name__)

_GSS = names.to_wire("gss-tsig.")
_MODE = 3  # RFC 2930 §2.5: GSS-API negotiation
_ROUNDS = 8
_ASKED_FOR = 3600
_MARGIN = 60.0
"""Seconds before its end at which a context is renewed, or a quarter of its life where that is less."""
_RETRY = 5.0

_ERRORS = {16: "BADSIG", 17: "BADKEY", 18: "BADTIME", 19: "BADMODE", 20: "BADNAME", 21: "BADALG"}


class Keys(Protocol):
    """What signs the requests to one server."""

    @property
    def identity(self) -> str:
        """Who we are to it, for people."""

    async def current(self, connection: Connection) -> Signer | None:
        """The key to sign with now, None for unsigned requests. Raises NoAnswer or BadSignature."""

    def forget(self, key: Signer | None) -> bool:
        """The server does not know this key; whether another one may be had."""


class Fixed:
    """One shared key, or none."""

    def __init__(self, key: Signer | None) -> None:
        self._key = key

    @property
    def identity(self) -> str:
        """Who we are to the server."""
        return "unsigned requests" if self._key is None else f"key {self._key.name}"

    async def current(self, connection: Connection) -> Signer | None:
        """Always the same."""
        del connection
        return self._key

    def forget(self, key: Signer | None) -> bool:
        """There is no other."""
        del key
        return False


class Negotiated:
    """A context with the server called `host`, renewed before it ends. `clock` gives unix seconds, `timeout` seconds."""

    def __init__(self, login: Login, host: str, clock: Callable[[], float], timeout: float) -> None:
        self._login = login
        self._host = host
        self._clock = clock
        self._timeout = timeout
        self._key: ContextKey | None = None
        self._renew_at = self._ends_at = 0.0
        self._turn = asyncio.Lock()
        self._thread: asyncio.Future[Any] | None = None

    @property
    def identity(self) -> str:
        """The principal."""
        known = self._key.principal if self._key is not None else self._login.principal
        return f"principal {known or '(the default one)'}"

    async def current(self, connection: Connection) -> Signer:
        """The context's key; negotiated over this connection if there is none or it ends soon."""
        async with self._turn:
            now = asyncio.get_running_loop().time()
            if self._key is not None and now < self._renew_at:
                return self._key
            try:
                return await self._renewed(connection)
            except NoAnswer:
                if self._key is None or now >= self._ends_at:
                    raise
                self._renew_at = now + _RETRY  # the one that is held serves on meanwhile
                return self._key

    async def _renewed(self, connection: Connection) -> ContextKey:
        try:
            key, lasts = await self._negotiate(connection)
        except NoTicket as problem:
            if problem.later:
                raise NoAnswer(str(problem), sent=False) from problem
            raise BadSignature(str(problem)) from problem
        except BadSignature as error:
            raise BadSignature(f"{connection.address}: {error}") from error
        self._key, self._ends_at = key, asyncio.get_running_loop().time() + lasts
        self._renew_at = self._ends_at - min(_MARGIN, lasts / 4)
        log.info("dns.context_established", extra={"server": self._host, "principal": key.principal, "lasts": lasts})
        return key

    def forget(self, key: Signer | None) -> bool:
        """The next request negotiates anew, unless another one has done so already."""
        if key is self._key:
            self._key = None
        return True

    async def _negotiate(self, connection: Connection) -> tuple[ContextKey, float]:
        name = f"{secrets.token_hex(8)}.sig-mcidns."
        context = await self._off_loop(lambda: self._login.begin(self._host))
        token = await self._off_loop(lambda: context.step(None))
        until = 0
        for _ in range(_ROUNDS):
            if token is None:
                break
            ident = connection.fresh_id()
            raw = await connection.ask(ident, ident.to_bytes(2, "big") + request(names.to_wire(name), token, self._clock()))
            message = _parsed(raw)
            until, theirs = reply(message, names.to_wire(name))
            token = None
            if not context.established:
                token = await self._step(context, theirs)
            if context.established:
                tsig.check_single(Verifier(context.key(name), b"", self._clock), raw, message)
        if not context.established:
            raise BadSignature(f"{self._host} does not finish the negotiation of GSS-TSIG; its log says why")
        lasts = min(context.lifetime, until - self._clock()) if until else context.lifetime
        return context.key(name), max(lasts, 1.0)

    async def _step(self, context: Context, token: bytes) -> bytes | None:
        return await self._off_loop(lambda: context.step(token))

    async def _off_loop(self, work: Callable[[], T]) -> T:
        """In a thread, since the library asks the KDC and waits; what hangs there is not started a second time."""
        if self._thread is not None and not self._thread.done():
            raise NoAnswer("the KDC has not answered yet; check that it runs and can be reached", sent=False, late=True)
        running = asyncio.ensure_future(asyncio.to_thread(work))
        self._thread = running
        running.add_done_callback(_seen)
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.shield(running)
        except TimeoutError as error:
            problem = f"the KDC does not answer within {self._timeout:g} s; check that it runs and can be reached"
            raise NoAnswer(problem, sent=False, late=True) from error


def _seen(done: "asyncio.Future[T]") -> None:
    if not done.cancelled():
        done.exception()


def request(key: bytes, token: bytes, now: float) -> bytes:
    """A TKEY query without its id: the token in the additional section (RFC 3645 §3.1.2). `key` is the key's wire name."""
    begins = int(now)
    data = _GSS + struct.pack("!IIHHH", begins, begins + _ASKED_FOR, _MODE, 0, len(token)) + token + bytes(2)
    head = struct.pack("!HHHHH", wire.QUERY, 1, 0, 0, 1) + key + struct.pack("!HH", rdata.TKEY, wire.ANY_CLASS)
    return head + key + wire.FIXED.pack(rdata.TKEY, wire.ANY_CLASS, 0, len(data)) + data


def reply(message: Message, key: bytes) -> tuple[int, bytes]:
    """When the server's side ends (unix seconds) and its token. Raises BadSignature with the remedy."""
    if message.rcode:
        raise BadSignature(
            f"the server answers {rcodes.name(message.rcode)} to the negotiation of GSS-TSIG: it does not take it, or not our "
            "ticket; give it a keytab with DNS/<its name> (BIND: tkey-gssapi-keytab), or use a shared key"
        )
    found = next((record.data for record in message.answer if record.type == rdata.TKEY and record.owner == key), None)
    if found is None:
        raise BadSignature("the server does not answer the negotiation of GSS-TSIG; use a shared key if it knows none")
    try:
        return _tkey(found)
    except (IndexError, struct.error) as error:
        raise BadSignature("the server's TKEY cannot be read; is it a DNS server that knows GSS-TSIG?") from error


def _tkey(data: bytes) -> tuple[int, bytes]:
    end = 0
    while data[end]:
        end += 1 + data[end]
    end += 1
    _, until, mode, error, length = struct.unpack_from("!IIHHH", data, end)
    if error:
        raise BadSignature(
            f"the server refuses the negotiation of GSS-TSIG ({_ERRORS.get(error, f'TKEY error {error}')}): its keytab does not "
            "fit our ticket; check that it holds the current key of DNS/<its name>, and gssTsig.serverName and realm here"
        )
    token = data[end + 14 : end + 14 + length]
    if mode != _MODE or data[:end].lower() != _GSS or len(token) != length:
        raise BadSignature("the server answers the negotiation of GSS-TSIG with something else; is it a server that knows it?")
    return until, token


def _parsed(raw: bytes) -> Message:
    try:
        return wire.parse(raw)
    except BadMessage as error:
        raise NoAnswer(f"the server's TKEY answer is no DNS message ({error})", sent=True) from error


def keys(shared: Signer | None, login: Login | None, host: str, clock: Callable[[], float], timeout: float) -> Keys:
    """What signs the requests to this host."""
    return Fixed(shared) if login is None else Negotiated(login, host, clock, timeout)
