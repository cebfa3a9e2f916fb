"""Load balancers' host names resolved and refreshed at their TTL; which names matter and what follows is decided elsewhere."""

import asyncio
import heapq
import logging
from collections.abc import Callable, Iterable
from ipaddress import ip_address

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.rdatatype
import dns.resolver

from mcidns.model.clusters import Resolution, Resolved, Unresolved
from mcidns.model.names import DnsName
from mcidns.model.targets import Address

_LOG = logging.getLogger(__name__)

SHORTEST, LONGEST = 5.0, 3600.0
LIFETIME = 5.0


class Resolver:
    """Keeps the wanted names resolved. One name that does not resolve harms only itself and is tried again after 5 to 60 s.

    `nameservers` are `host` or `host:port`; none means the system's.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        on_change: Callable[[DnsName], None],
        nameservers: Iterable[str] = (),
        at_once: int = 16,
    ) -> None:
        self._clock = clock
        self._on_change = on_change
        self._nameservers = tuple(nameservers)
        self._slots = asyncio.Semaphore(at_once)
        self._known: dict[DnsName, Resolution] = {}
        self._wanted: dict[object, frozenset[DnsName]] = {}
        self._active: set[DnsName] = set()
        self._failures: dict[DnsName, int] = {}
        self._due: list[tuple[float, DnsName]] = []
        self._wake = asyncio.Event()

    def want(self, who: object, names: frozenset[DnsName]) -> None:
        """Keep these resolved for `who`, in place of what it wanted before; none forgets it."""
        if self._wanted.get(who, frozenset()) == names:
            return
        if names:
            self._wanted[who] = names
        else:
            self._wanted.pop(who, None)
        for name in names - self._active:
            self._active.add(name)
            heapq.heappush(self._due, (self._clock(), name))
        self._wake.set()

    def resolutions(self, names: Iterable[DnsName]) -> tuple[tuple[DnsName, Resolution], ...]:
        """What is known of these, sorted by name; names never asked for yet are left out."""
        return tuple((name, self._known[name]) for name in sorted(set(names)) if name in self._known)

    async def run(self) -> None:
        """Resolve until cancelled."""
        resolver = self._resolver()
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                now = self._clock()
                while self._due and self._due[0][0] <= now:
                    _, name = heapq.heappop(self._due)
                    if any(name in names for names in self._wanted.values()):
                        tasks.create_task(self._refresh(resolver, name))
                    else:
                        self._active.discard(name)
                        self._known.pop(name, None)
                delay = max(0.0, self._due[0][0] - self._clock()) if self._due else None
                try:
                    async with asyncio.timeout(delay):
                        await self._wake.wait()
                except TimeoutError:
                    continue

    def _resolver(self) -> dns.asyncresolver.Resolver:
        resolver = dns.asyncresolver.Resolver(configure=not self._nameservers)
        if self._nameservers:
            resolver.nameservers = [dns.nameserver.Do53Nameserver(*_address(text)) for text in self._nameservers]
        resolver.cache = None
        return resolver

    async def _refresh(self, resolver: dns.asyncresolver.Resolver, name: DnsName) -> None:
        before = self._known.get(name)
        async with self._slots:
            after = await self._ask(resolver, name, before)
        failures = 0 if isinstance(after, Resolved) else self._failures.get(name, 0) + 1
        self._failures[name] = failures
        again = after.until if isinstance(after, Resolved) else self._clock() + min(60.0, SHORTEST * 2 ** (failures - 1))
        self._known[name] = after
        heapq.heappush(self._due, (again, name))
        self._wake.set()
        if _meaning(before) != _meaning(after):
            _LOG.info("resolver.changed", extra={"host": name.relative, "now": str(_meaning(after))})
            self._on_change(name)

    async def _ask(self, resolver: dns.asyncresolver.Resolver, name: DnsName, before: Resolution | None) -> Resolution:
        found: set[Address] = set()
        ttls: list[int] = []
        why = "it has no addresses"
        for type_ in (dns.rdatatype.A, dns.rdatatype.AAAA):
            try:
                answer = await resolver.resolve(name.text, type_, lifetime=LIFETIME, search=False, raise_on_no_answer=False)
            except dns.resolver.NXDOMAIN:
                why = "there is no such name"
                break
            except (dns.exception.DNSException, OSError) as error:
                return Unresolved(f"no answer ({type(error).__name__})", _last(before))
            for rdata in answer.rrset or ():
                found.add(ip_address(rdata.to_text()))
            if answer.rrset is not None:
                ttls.append(answer.rrset.ttl)
        if not found:
            return Unresolved(why, _last(before))
        return Resolved(frozenset(found), self._clock() + min(LONGEST, max(SHORTEST, float(min(ttls)))))


def _last(before: Resolution | None) -> Resolved | None:
    return before.last if isinstance(before, Unresolved) else before


def _meaning(resolution: Resolution | None) -> object:
    """What a decision could see of it; a mere refresh means nothing new."""
    return resolution.addresses if isinstance(resolution, Resolved) else resolution


def _address(text: str) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    if separator and port.isdigit() and host.count(":") in {0, 7}:
        return host.strip("[]"), int(port)
    return text.strip("[]"), 53
