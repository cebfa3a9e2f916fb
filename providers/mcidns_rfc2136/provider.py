"""The rfc2136 provider: reads zones by SOA, IXFR and AXFR, or name by name, and writes atomic updates with prerequisites."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Self

from mcidns.model.names import DnsName
from mcidns.model.records import Change
from mcidns.provider import Capabilities, Content, Held, Propagation, ProviderSettings, Reading, Receipt
from mcidns_rfc2136 import config, packing, propagation, rdata, reading, writing
from mcidns_rfc2136.config import Config
from mcidns_rfc2136.lookup import Lookup
from mcidns_rfc2136.servers import Servers

TYPES = frozenset(rdata.TYPES)


class Rfc2136Provider:
    """Dynamic updates (RFC 2136) signed with a shared key (RFC 8945), over TCP or TLS.

    One connection per server carries the questions and updates of all zones; transfers have their own. Reading leaves out
    SOA and what a signing server maintains (RRSIG, NSEC and their kind).
    """

    def __init__(self, settings: Config, clock: Callable[[], float] = time.time) -> None:
        self._config = settings
        self._servers = Servers(settings.servers, settings, clock)
        own = frozenset(settings.servers)
        self._secondaries = Servers([address for address in settings.verify if address not in own], settings, clock, signed=False)
        self._verify = tuple(
            server
            for address in settings.verify
            for server in (*self._servers.all, *self._secondaries.all)
            if server.address == address
        )

    @classmethod
    def from_settings(cls, settings: ProviderSettings) -> Self:
        """Parse and refuse; does no I/O. Raises ConfigError naming the field, never the secret."""
        return cls(config.parse(settings))

    @property
    def capabilities(self) -> Capabilities:
        """Compare-and-set by prerequisites; two messages at once, so that one is made while the server works on the other."""
        return Capabilities(types=TYPES, compare_and_set=True, parallel=2, min_ttl=self._config.min_ttl)

    async def read(self, zone: DnsName, held: Held | None) -> Reading:
        """One SOA question; only when the serial moved a transfer, incremental from what is held where the server can."""
        return await reading.read(self._servers, zone, held, self._config.transfer_timeout)

    async def look(self, zone: DnsName, names: frozenset[DnsName]) -> Content:
        """The present content of these names, by query; answers made up from wildcards are told from content by an empty update."""
        server, _ = await reading.soa(self._servers, zone)
        return await Lookup(self._servers, server, zone).content(names)

    def pack(self, zone: DnsName, changes: Sequence[Change]) -> Iterator[tuple[Change, ...]]:
        """By number (`batchSize`) and by the bytes of one message."""
        return packing.batches(zone, changes, self._config.batch)

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        """One UPDATE message. A batch whose whole outcome stands already is no error, so it may be repeated."""
        await writing.apply(self._servers, zone, batch, self._config.min_ttl)
        return Receipt()

    async def confirm(self, zone: DnsName, batch: Sequence[Change], receipt: Receipt) -> Propagation:
        """Ask every `verify` server for some of the changed sets."""
        del receipt
        return await propagation.state(self._verify, zone, batch)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._servers.aclose()
        await self._secondaries.aclose()
