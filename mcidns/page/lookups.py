"""What DNS answers at this moment for the few names that somebody looks at; what should stand there is known elsewhere."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

import dns.asyncquery
import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.nameserver
import dns.rcode
import dns.rdatatype
import dns.resolver

from mcidns.model.names import DnsName
from mcidns.page.limits import USUAL, Limits

SERVERS: Final = 4
"""How many of a zone's authoritative servers are asked."""

_KEPT: Final = 256
_FAILURES: Final = (dns.exception.DNSException, OSError, ValueError, EOFError, TimeoutError)
_TYPES: Final = ("A", "AAAA")

Reply = dns.message.Message
Query = Callable[[Reply, str], Awaitable[Reply]]
"""Puts a question to the server at an address, over UDP and where that is too small over TCP. Raises what dnspython raises."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer: by whom, the values, their TTL (seconds), or `trouble`, why there is none."""

    by: str
    authoritative: bool
    values: tuple[str, ...] = ()
    ttl: int | None = None
    trouble: str = ""


class Lookups:
    """Asks the resolver and the authoritative servers it finds, a bounded number at once and each name once in a while.

    `nameservers` are resolvers by address and port; none means the system's. Where a resolver is itself authoritative for the
    name it counts as such.
    """

    def __init__(
        self, nameservers: tuple[tuple[str, int], ...] = (), limits: Limits = USUAL, *, query: Query | None = None
    ) -> None:
        self._nameservers = nameservers
        self._limits = limits
        self._query = query or self._over_udp
        self._slots = asyncio.Semaphore(limits.questions)
        self._known: OrderedDict[DnsName, tuple[float, asyncio.Task[tuple[Answered, ...]]]] = OrderedDict()
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def ask(self, name: DnsName) -> tuple[Answered, ...]:
        """What the resolver and each server says of a name's addresses; never raises and takes a few times `answer` at most."""
        now = asyncio.get_running_loop().time()
        known = self._known.get(name)
        if known is None or now - known[0] > self._limits.fresh:
            task = asyncio.create_task(self._all(name))
            self._known[name] = (now, task)
            self._known.move_to_end(name)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return await asyncio.shield(self._known[name][1])

    async def aclose(self) -> None:
        """End what is under way."""
        tasks = [task for _, task in self._known.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _all(self, name: DnsName) -> tuple[Answered, ...]:
        async with self._slots:
            try:
                resolver = await self._configured()
            except _FAILURES as error:
                return (Answered("resolver", False, trouble=f"this machine names no resolver ({type(error).__name__})"),)
            first, servers = await asyncio.gather(self._resolved(resolver, name), self._servers(resolver, name))
            rest = await asyncio.gather(*(self._from(server, address, name) for server, address in servers))
            return (first, *rest)

    async def _resolved(self, resolver: dns.asyncresolver.Resolver, name: DnsName) -> Answered:
        by = "resolver"
        try:
            answers = await asyncio.gather(
                *(
                    resolver.resolve(name.text, type_, lifetime=self._limits.answer, search=False, raise_on_no_answer=False)
                    for type_ in _TYPES
                )
            )
        except dns.resolver.NXDOMAIN:
            return Answered(by, False, trouble="no such name")
        except _FAILURES as error:
            return Answered(by, False, trouble=_why(error))
        by = ", ".join(sorted({f"resolver {one.nameserver}" for one in answers if one.nameserver})) or by
        return _answered(by, [one.response for one in answers])

    async def _servers(self, resolver: dns.asyncresolver.Resolver, name: DnsName) -> list[tuple[str, str]]:
        """The authoritative servers of the zone the name is in, by name and address; none where they cannot be found."""
        zone = name.parent
        try:
            async with asyncio.timeout(self._limits.answer):
                while zone.labels:
                    found = await resolver.resolve(
                        zone.text, "NS", lifetime=self._limits.answer, search=False, raise_on_no_answer=False
                    )
                    if found.rrset is not None:
                        hosts = sorted(str(one.target) for one in found.rrset)[:SERVERS]
                        addresses = await asyncio.gather(*(self._address(resolver, host) for host in hosts))
                        return [(host, address) for host, address in zip(hosts, addresses, strict=True) if address]
                    zone = zone.parent
        except _FAILURES:
            return []  # what the resolver answers is shown anyway
        return []

    async def _address(self, resolver: dns.asyncresolver.Resolver, host: str) -> str:
        for type_ in _TYPES:
            try:
                found = await resolver.resolve(host, type_, lifetime=self._limits.answer, search=False)
            except _FAILURES:
                continue
            return str(next(one.to_text() for one in found))
        return ""

    async def _from(self, server: str, address: str, name: DnsName) -> Answered:
        by = f"{server.removesuffix('.')} ({address})"
        try:
            questions = [dns.message.make_query(name.text, type_, flags=0, use_edns=0) for type_ in _TYPES]
            return _answered(by, await asyncio.gather(*(self._query(one, address) for one in questions)))
        except _FAILURES as error:
            return Answered(by, True, trouble=_why(error))

    async def _over_udp(self, question: Reply, address: str) -> Reply:
        reply, _ = await dns.asyncquery.udp_with_fallback(question, address, timeout=self._limits.answer)
        return reply

    async def _configured(self) -> dns.asyncresolver.Resolver:
        if self._resolver is None:
            # Reads resolv.conf, or the registry.
            made = await asyncio.to_thread(dns.asyncresolver.Resolver, configure=not self._nameservers)
            if self._nameservers:
                made.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in self._nameservers]
            made.cache = None
            self._resolver = made
        return self._resolver


def _answered(by: str, replies: Iterable[Reply]) -> Answered:
    values, ttls, authoritative, codes = set[str](), list[int](), True, set[str]()
    for reply in replies:
        authoritative = authoritative and bool(reply.flags & dns.flags.AA)
        codes |= {dns.rcode.to_text(reply.rcode())} - {"NOERROR"}
        for rrset in reply.answer:
            if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA, dns.rdatatype.CNAME):
                values |= {one.to_text().removesuffix(".") for one in rrset}
                ttls.append(rrset.ttl)
    trouble = "" if values else "no such name" if codes == {"NXDOMAIN"} else ", ".join(sorted(codes)) or "no address"
    return Answered(by, authoritative, tuple(sorted(values)), min(ttls, default=None), trouble)


def _why(error: BaseException) -> str:
    return (
        "no answer in time" if isinstance(error, (dns.exception.Timeout, TimeoutError)) else f"no answer ({type(error).__name__})"
    )
