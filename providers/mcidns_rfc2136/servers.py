"""The servers of one provider: which to ask, what a dead one costs, and signed exchanges; answers are judged elsewhere."""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable, Sequence

from mcidns.errors import Denied, Transient
from mcidns_rfc2136 import negotiation, rcodes, tsig, wire
from mcidns_rfc2136.config import Address, Config
from mcidns_rfc2136.connection import Connection, Link, NoAnswer, Stream
from mcidns_rfc2136.negotiation import Fixed, Keys
from mcidns_rfc2136.transfer import Transfer, TransferRefused
from mcidns_rfc2136.tsig import BadSignature, Signer, UnknownKey, Verifier
from mcidns_rfc2136.wire import BadMessage, Message

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0


class Server:
    """One name server and the connection to it, shared by all zones. `keys` sign; `clock` gives unix seconds."""

    def __init__(self, link: Link, keys: Keys, clock: Callable[[], float]) -> None:
        self.address = link.address
        self._link = link
        self._keys = keys
        self._clock = clock
        self._connection: Connection | None = None
        self._opening = asyncio.Lock()
        self._refusal: tuple[float, NoAnswer] | None = None
        self._failures = 0
        self._shunned_until = 0.0

    @property
    def identity(self) -> str:
        """Who we are to it, for people."""
        return self._keys.identity

    @property
    def shunned(self) -> bool:
        """Whether it failed so recently that others are asked first."""
        return asyncio.get_running_loop().time() < self._shunned_until

    def shun(self, problem: Exception) -> None:
        """Ask others first for a while, longer each time; what fails meanwhile adds nothing."""
        if self.shunned:
            return
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**self._failures)
        self._failures = min(self._failures + 1, 10)
        self._shunned_until = asyncio.get_running_loop().time() + pause
        log.warning("dns.server_failed", extra={"server": str(self.address), "why": str(problem), "delay": pause})

    def trust(self) -> None:
        """It answers: ask it in its turn again."""
        if self._failures:
            log.info("dns.server_answers", extra={"server": str(self.address)})
        self._failures, self._shunned_until = 0, 0.0

    async def ask(self, body: bytes) -> Message:
        """One exchange: the message without its id, and the answer, its signature checked. Raises NoAnswer or BadSignature.

        A connection that turns out to have been closed meanwhile is replaced once: queries are harmless, and updates carry
        prerequisites that make a second one safe.
        """
        reused = self._connection is not None
        sent = False
        try:
            return await self._ask(body)
        except NoAnswer as problem:
            if not reused or problem.late:
                raise
            sent = problem.sent
        try:
            return await self._ask(body)
        except NoAnswer as problem:
            raise NoAnswer(str(problem), sent=sent or problem.sent, late=problem.late) from problem

    async def transfer(self, body: bytes, zone: bytes, held: int | None) -> Transfer:
        """Run one transfer to its end. Raises NoAnswer, BadSignature, Broken or TransferRefused; the caller bounds the time."""
        key = await self._key()
        try:
            return await self._transfer(key, body, zone, held)
        except UnknownKey as error:
            if not self._keys.forget(key):
                # It was known when the SOA was asked for: so says Knot to a key that may not transfer.
                raise TransferRefused(rcodes.NOTAUTH) from error
        return await self._transfer(await self._key(), body, zone, held)

    async def _transfer(self, key: Signer | None, body: bytes, zone: bytes, held: int | None) -> Transfer:
        async with self._stream() as stream:
            ident, message, verifier = self._signed(random.randrange(1 << 16), body, key)
            transfer = Transfer(zone, ident, held, verifier)
            await stream.send(message)
            async for message in stream.messages():
                if transfer.feed(message):
                    break
                await asyncio.sleep(0)  # what is buffered already would not let others run
            return transfer

    async def aclose(self) -> None:
        """End the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.aclose()

    async def _key(self) -> Signer | None:
        return await self._keys.current(await self._connected())

    async def _ask(self, body: bytes) -> Message:
        key = await self._key()
        try:
            return await self._ask_with(key, body)
        except UnknownKey:  # a server that was restarted knows no context; it has done nothing
            if not self._keys.forget(key):
                raise
        return await self._ask_with(await self._key(), body)

    async def _ask_with(self, key: Signer | None, body: bytes) -> Message:
        connection = await self._connected()
        ident, message, verifier = self._signed(connection.fresh_id(), body, key)
        raw = await connection.ask(ident, message)
        try:
            answer = wire.parse(raw)
        except BadMessage as error:
            raise NoAnswer(f"{self.address} sent what is no DNS message ({error})", sent=True) from error
        if not answer.flags & wire.QR:
            raise NoAnswer(f"{self.address} sent a question for an answer", sent=True)
        if verifier is not None and key is not None:
            self._check(verifier, key, raw, answer)
        return answer

    def _check(self, verifier: Verifier, key: Signer, raw: bytes, answer: Message) -> None:
        if answer.tsig is None and answer.rcode in rcodes.OFTEN_UNSIGNED:
            return
        if answer.tsig is None and answer.rcode:
            raise BadSignature(
                f"{self.address} answers {rcodes.name(answer.rcode)} without a signature: it does not know key {key.name} "
                f"or does not serve the zone; {key.remedy}, and the zone"
            )
        try:
            tsig.check_single(verifier, raw, answer)
        except BadSignature as error:
            raise type(error)(f"{self.address}: {error}") from error

    def _signed(self, ident: int, body: bytes, key: Signer | None) -> tuple[int, bytes, Verifier | None]:
        message = ident.to_bytes(2, "big") + body
        if key is None:
            return ident, message, None
        signed, mac = key.sign(message, self._clock())
        return ident, signed, Verifier(key, mac, self._clock)

    async def _connected(self) -> Connection:
        began = asyncio.get_running_loop().time()
        async with self._opening:
            if self._refusal is not None and self._refusal[0] >= began:  # tried while we waited for our turn
                raise NoAnswer(str(self._refusal[1]), sent=False, late=self._refusal[1].late)
            if self._connection is not None and self._connection.closed:
                await self.aclose()
            if self._connection is None:
                try:
                    self._connection = await Connection.open(self._link)
                except NoAnswer as problem:
                    self._refusal = asyncio.get_running_loop().time(), problem
                    raise
            return self._connection

    @contextlib.asynccontextmanager
    async def _stream(self) -> AsyncIterator[Stream]:
        stream = await Stream.open(self._link)
        try:
            yield stream
        finally:
            await stream.aclose()


class Servers:
    """All servers in the order of the configuration."""

    def __init__(self, addresses: Sequence[Address], config: Config, clock: Callable[[], float], *, signed: bool = True) -> None:
        def keys(address: Address) -> Keys:
            return negotiation.keys(config.key, config.gss, address.host, clock, config.timeout) if signed else Fixed(None)

        self.all = tuple(Server(Link(address, config.tls, config.timeout), keys(address), clock) for address in addresses)

    def in_order(self) -> tuple[Server, ...]:
        """Those that failed lately come last."""
        return tuple(sorted(self.all, key=lambda server: server.shunned))

    async def ask(self, body: bytes) -> tuple[Server, Message]:
        """The first server that answers, and its answer. Raises Transient (`unsure` if any may have got it) or Denied."""
        problems, sent = [], False
        for server in self.in_order():
            try:
                answer = await self.ask_one(server, body)
            except NoAnswer as problem:
                sent = sent or problem.sent
                problems.append(str(problem))
                continue
            if answer.rcode == rcodes.SERVFAIL and body[:2] == _QUERY:
                problems.append(f"{server.address} answers SERVFAIL: it has trouble with the zone, see its log")
                continue
            return server, answer
        raise Transient(f"no server answers: {'; '.join(problems)}", unsure=sent)

    async def ask_one(self, server: Server, body: bytes) -> Message:
        """That server's answer. Raises NoAnswer, after which it is asked last for a while, or Denied."""
        try:
            answer = await server.ask(body)
        except NoAnswer as problem:
            server.shun(problem)
            raise
        except BadSignature as error:
            raise Denied(str(error)) from error
        server.trust()
        return answer

    async def aclose(self) -> None:
        """End all connections."""
        for server in self.all:
            await server.aclose()


_QUERY = wire.QUERY.to_bytes(2, "big")
