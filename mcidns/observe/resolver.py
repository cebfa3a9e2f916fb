"""Load balancers' host names resolved and refreshed at their TTL; which names matter and what follows is decided elsewhere."""

import asyncio
import heapq
import logging
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.rdatatype
import dns.resolver

from mcidns.errors import ConfigError
from mcidns.model.clusters import Resolution, Resolved, Unresolved
from mcidns.model.names import DnsName
from mcidns.model.targets import Address

_LOG = logging.getLogger(__name__)

SHORTEST: Final = 5.0
LONGEST: Final = 3600.0
SLOWEST_RETRY: Final = 60.0
"""Seconds between which a name is asked for again: by its TTL, or after failures."""

LIFETIME: Final = 5.0
"""Seconds for one question, over all servers."""

_FAMILIES: Final = (dns.rdatatype.A, dns.rdatatype.AAAA)
_FAILURES: Final = (dns.exception.DNSException, OSError, ValueError, EOFError)


@dataclass(frozen=True, slots=True)
class _Answer:
    """One family's answer; `why` is empty unless nobody knows."""

    addresses: frozenset[Address] = frozenset()
    ttl: float = LONGEST
    why: str = ""
    exists: bool = True


class Resolver:
    """Keeps the wanted names resolved. One name that does not resolve harms only itself and is tried again after 5 to 60 s.

    `nameservers` are addresses, with `:port` or `[v6]:port` where it is not 53; none means the system's. `on_change` hears
    of a name whose addresses changed or that can or cannot be resolved now. Raises ConfigError for a bad nameserver.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        on_change: Callable[[DnsName], None],
        nameservers: Iterable[str] = (),
        at_once: int = 16,
        lifetime: float = LIFETIME,
    ) -> None:
        self._clock = clock
        self._on_change = on_change
        self._nameservers = tuple(address(text) for text in nameservers)
        self._lifetime = lifetime
        self._slots = asyncio.Semaphore(at_once)
        self._known: dict[DnsName, Resolution] = {}
        self._wanted: dict[Hashable, frozenset[DnsName]] = {}
        self._wishes: Counter[DnsName] = Counter()
        self._scheduled: set[DnsName] = set()
        self._failures: dict[DnsName, int] = {}
        self._due: list[tuple[float, DnsName]] = []
        self._wake = asyncio.Event()
        self._resolver: dns.asyncresolver.Resolver | None = None

    def want(self, who: Hashable, names: frozenset[DnsName]) -> None:
        """Keep these resolved for `who`, in place of what it wanted before; none forgets it."""
        before = self._wanted.get(who, frozenset())
        if before == names:
            return
        self._wishes.update(names - before)
        for name in before - names:
            self._wishes[name] -= 1
            if self._wishes[name] <= 0:
                del self._wishes[name]
        if names:
            self._wanted[who] = names
        else:
            self._wanted.pop(who, None)
        for name in names - self._scheduled:
            self._schedule(name, self._clock())

    @property
    def unresolved(self) -> int:
        """How many names have no answer yet, good or bad."""
        return sum(name not in self._known for name in self._wishes)

    def resolutions(self, names: Iterable[DnsName]) -> tuple[tuple[DnsName, Resolution], ...]:
        """What is known of these, sorted by name; names that were not resolved yet are left out."""
        return tuple((name, self._known[name]) for name in sorted(set(names)) if name in self._known)

    async def run(self) -> None:
        """Resolve until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                for name in self._take_due():
                    tasks.create_task(self._refresh(name), name=f"resolve {name}")
                delay = max(0.0, self._due[0][0] - self._clock()) if self._due else None
                try:
                    async with asyncio.timeout(delay):
                        await self._wake.wait()
                except TimeoutError:
                    continue

    def _schedule(self, name: DnsName, when: float) -> None:
        self._scheduled.add(name)
        heapq.heappush(self._due, (when, name))
        self._wake.set()

    def _take_due(self) -> list[DnsName]:
        """The names whose time has come; those that nobody wants any more are forgotten instead."""
        found: list[DnsName] = []
        while self._due and self._due[0][0] <= self._clock():
            _, name = heapq.heappop(self._due)
            if name in self._wishes:
                found.append(name)
            else:
                self._scheduled.discard(name)
                self._known.pop(name, None)
                self._failures.pop(name, None)
        return found

    async def _refresh(self, name: DnsName) -> None:
        before = self._known.get(name)
        async with self._slots:
            after = await self._look_up(name, _last(before))
        if isinstance(after, Resolved):
            self._failures.pop(name, None)
            again = after.until
        else:
            failures = self._failures[name] = self._failures.get(name, 0) + 1
            again = self._clock() + min(SLOWEST_RETRY, SHORTEST * 2.0 ** min(failures - 1, 10))
        self._known[name] = after
        self._schedule(name, again)
        if _meaning(before) != _meaning(after):
            _LOG.info("resolver.changed", extra={"dns_name": name.relative, "now": _shown(after)})
            self._on_change(name)

    async def _look_up(self, name: DnsName, last: Resolved | None) -> Resolution:
        try:
            resolver = await self._configured()
        except _FAILURES as error:
            return Unresolved(f"this machine names no resolver ({type(error).__name__})", last)
        answers = await asyncio.gather(*(self._ask(resolver, name, family) for family in _FAMILIES))
        if not all(answer.exists for answer in answers):
            return Unresolved("there is no such name", last)
        why = next((answer.why for answer in answers if answer.why), "")
        found = frozenset[Address]().union(*(answer.addresses for answer in answers))
        if why and last is not None:
            # No answer for one family is not the answer that it has none.
            found |= {old for old in last.addresses if answers[isinstance(old, IPv6Address)].why}
        if all(answer.why for answer in answers) or (why and not found):
            return Unresolved(why, last)
        if not found:
            return Unresolved("it has no addresses", last)
        ttl = min(answer.ttl for answer in answers if answer.addresses or answer.why)
        return Resolved(found, self._clock() + min(LONGEST, max(SHORTEST, ttl)))

    async def _ask(self, resolver: dns.asyncresolver.Resolver, name: DnsName, family: dns.rdatatype.RdataType) -> _Answer:
        try:
            answer = await resolver.resolve(name.text, family, lifetime=self._lifetime, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return _Answer(exists=False)
        except _FAILURES as error:
            return _Answer(ttl=SHORTEST, why=f"no answer ({type(error).__name__})")
        if answer.rrset is None:
            return _Answer()
        addresses = frozenset(ip_address(rdata.to_text()) for rdata in answer.rrset)
        # The chain of CNAMEs lives as long as its shortest link.
        return _Answer(addresses, float(answer.chaining_result.minimum_ttl))

    async def _configured(self) -> dns.asyncresolver.Resolver:
        if self._resolver is None:
            # Reads resolv.conf, or the registry.
            made = await asyncio.to_thread(dns.asyncresolver.Resolver, configure=not self._nameservers)
            if self._nameservers:
                made.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in self._nameservers]
            made.cache = None
            self._resolver = made
        return self._resolver


def _last(before: Resolution | None) -> Resolved | None:
    return before.last if isinstance(before, Unresolved) else before


def _meaning(resolution: Resolution | None) -> object:
    """What a decision could see of it; a mere refresh means nothing new."""
    return resolution.addresses if isinstance(resolution, Resolved) else resolution


def _shown(resolution: Resolution) -> str:
    if isinstance(resolution, Unresolved):
        return resolution.why
    return " ".join(sorted(map(str, resolution.addresses)))


def address(text: str) -> tuple[str, int]:
    """Read `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`. Raises ConfigError."""
    host, port = text.strip(), "53"
    if host.startswith("["):
        host, _, rest = host[1:].partition("]")
        port = rest.removeprefix(":") or "53"
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    try:
        ip_address(host)
        number = int(port)
    except ValueError as error:
        remedy = "give an address such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353"
        raise ConfigError("resolvers", f"{text[:100]!r} is no address of a name server", remedy) from error
    if not 0 < number < 65536:
        raise ConfigError("resolvers", f"{text[:100]!r} has no usable port", "give a port from 1 to 65535")
    return host, number
