"""Asks DNS from outside, as everybody's resolvers do: the parent, each authoritative server, each name; judges nothing."""

import asyncio
import errno
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import dns.asyncquery
import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

from mcidns.doctor import delegation
from mcidns.doctor.delegation import Answer, Authority, Seen, Server
from mcidns.doctor.findings import NotChecked
from mcidns.model.names import DnsName
from mcidns.observe import resolver as resolvers

_AT_ONCE: Final = 16
_TRIES: Final = 2
_FAILURES: Final = (dns.exception.DNSException, OSError, EOFError, ValueError)
_NO_WAY: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_FAMILIES: Final = ("A", "AAAA")

Addresses = Mapping[DnsName, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Asker:
    """How DNS is asked. `resolvers` empty: the system's. Authoritative servers are asked at `port`; `timeout` in seconds.

    `gate` bounds the questions under way.
    """

    resolvers: tuple[str, ...] = ()
    port: int = 53
    timeout: float = 3.0
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE), compare=False, repr=False)

    async def zone(self, domain: DnsName, known: Addresses, own: frozenset[DnsName]) -> Seen:
        """A zone from outside. `own` are the servers that it names itself, `known` addresses that it holds itself."""
        resolver = await self._resolver()
        glue: dict[DnsName, frozenset[str]] = {}
        try:
            delegated, why = await self._parent(resolver, domain, glue), ""
        except NotChecked as error:
            delegated, why = None, str(error)
        names = sorted((delegated or frozenset()) | own)
        addresses = await asyncio.gather(*(self._addresses(resolver, name, known, glue) for name in names))
        servers = [Server(name, one) for name, found in zip(names, addresses, strict=True) for one in sorted(found)]
        authorities = await asyncio.gather(*(self.authority(one, domain) for one in servers))
        nowhere = [
            Authority(Server(name, "no address"), lame="its name does not resolve")
            for name, found in zip(names, addresses, strict=True)
            if not found
        ]
        return Seen(domain, delegated, (*authorities, *nowhere), why)

    async def _resolver(self) -> dns.asyncresolver.Resolver:
        try:
            made = await asyncio.to_thread(dns.asyncresolver.Resolver, configure=not self.resolvers)
        except _FAILURES as error:
            raise NotChecked(f"this machine names no resolver ({type(error).__name__}); give --resolver") from error
        if self.resolvers:
            made.nameservers = [dns.nameserver.Do53Nameserver(*resolvers.address(text)) for text in self.resolvers]
        made.cache = None
        made.lifetime = self.timeout
        return made

    async def _parent(
        self, resolver: dns.asyncresolver.Resolver, domain: DnsName, glue: dict[DnsName, frozenset[str]]
    ) -> frozenset[DnsName]:
        """The servers to which the parent delegates; glue is noted. Raises NotChecked where no parent could be asked."""
        parent = domain
        while parent.text != ".":
            parent = parent.parent
            above = await self._resolved(resolver, parent, "NS")
            if not above:
                continue
            for host in sorted(above):
                for address in sorted(await self._addresses(resolver, DnsName(host), {}, {})):
                    reply = await self._asked(Server(DnsName(host), address), domain, "NS")
                    if isinstance(reply, dns.message.Message) and reply.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                        return _delegated(reply, domain, glue)
            raise NotChecked(f"no server of its parent {parent.text} answers this machine")
        raise NotChecked("the resolver knows no parent of it; give another --resolver")

    async def _resolved(self, resolver: dns.asyncresolver.Resolver, name: DnsName, type_: str) -> frozenset[str]:
        try:
            answer = await resolver.resolve(name.text, type_, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return frozenset()
        except _FAILURES as error:
            raise NotChecked(f"the resolver does not answer for {name.text} {type_} ({type(error).__name__})") from error
        return frozenset() if answer.rrset is None else frozenset(rdata.to_text().lower() for rdata in answer.rrset)

    async def _addresses(
        self, resolver: dns.asyncresolver.Resolver, host: DnsName, known: Addresses, glue: Addresses
    ) -> frozenset[str]:
        """By the zone itself, by the parent's glue, or by the resolver."""
        found = known.get(host) or glue.get(host)
        if found:
            return found
        try:
            both = await asyncio.gather(*(self._resolved(resolver, host, family) for family in _FAMILIES))
        except NotChecked:
            return frozenset()
        return frozenset[str]().union(*both)

    async def authority(self, server: Server, domain: DnsName) -> Authority:
        """What one server says of the zone."""
        reply = await self._asked(server, domain, "SOA")
        if isinstance(reply, OSError) and reply.errno in _NO_WAY:
            return Authority(server, unreached=f"no route from this machine ({reply.strerror})")
        if not isinstance(reply, dns.message.Message):
            return Authority(server, lame="no answer" if isinstance(reply, TimeoutError | dns.exception.Timeout) else _short(reply))
        if reply.rcode() != dns.rcode.NOERROR:
            return Authority(server, lame=f"it answers {dns.rcode.to_text(reply.rcode())}")
        soa = _rrset(reply.answer, domain, "SOA")
        if soa is None or not reply.flags & dns.flags.AA:
            return Authority(server, lame="it answers, and not with authority")
        named = await self._asked(server, domain, "NS")
        listed = _rrset(named.answer, domain, "NS") if isinstance(named, dns.message.Message) else None
        return Authority(
            server,
            serial=soa[0].serial,
            negative=min(soa.ttl, soa[0].minimum),
            servers=frozenset(DnsName(rdata.to_text().lower()) for rdata in listed or ()),
        )

    async def answers(self, servers: Iterable[Server], wanted: Iterable[tuple[DnsName, str]]) -> tuple[Answer, ...]:
        """Each server's answer for each name and type."""
        listed = tuple(wanted)
        return tuple(await asyncio.gather(*(self._answer(one, name, type_) for one in servers for name, type_ in listed)))

    async def _answer(self, server: Server, name: DnsName, type_: str) -> Answer:
        reply = await self._asked(server, name, type_)
        if not isinstance(reply, dns.message.Message):
            return Answer(server, name, type_, trouble="does not answer")
        if reply.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return Answer(server, name, type_, trouble=f"answers {dns.rcode.to_text(reply.rcode())}")
        found = _rrset(reply.answer, name, type_)
        if found is None:
            return Answer(server, name, type_)
        return Answer(server, name, type_, frozenset(delegation.normal(type_, rdata.to_text()) for rdata in found), found.ttl)

    async def _asked(self, server: Server, name: DnsName, type_: str) -> "dns.message.Message | Exception":
        """One question without recursion, again over TCP where it does not fit; the error where there is no answer."""
        query = dns.message.make_query(name.text, type_)
        query.flags &= ~dns.flags.RD
        failure: Exception = TimeoutError()
        async with self.gate:
            for _ in range(_TRIES):
                try:
                    reply, _ = await dns.asyncquery.udp_with_fallback(query, server.address, timeout=self.timeout, port=self.port)
                    return reply
                except (*_FAILURES, socket.gaierror) as error:
                    failure = error
        return failure


def _delegated(reply: dns.message.Message, domain: DnsName, glue: dict[DnsName, frozenset[str]]) -> frozenset[DnsName]:
    """A referral has them in the authority section, a parent that serves the child too has them in the answer."""
    found = _rrset(reply.answer, domain, "NS") or _rrset(reply.authority, domain, "NS")
    names = frozenset(DnsName(rdata.to_text().lower()) for rdata in found or ())
    for name in names:
        sets = [_rrset(reply.additional, name, family) for family in _FAMILIES]
        glue[name] = frozenset(rdata.to_text() for one in sets if one is not None for rdata in one)
    return names


def _rrset(section: Iterable[dns.rrset.RRset], name: DnsName, type_: str) -> dns.rrset.RRset | None:
    wanted, kind = dns.name.from_text(name.text), dns.rdatatype.from_text(type_)
    return next((one for one in section if one.name == wanted and one.rdtype == kind), None)


def _short(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
