"""The route53 provider: lists hosted zones, looks at single names, and writes atomic change batches that compare and set."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Self

from mcidns.errors import ProviderError, Rejected
from mcidns.model.names import DnsName
from mcidns.model.records import Change, RecordSet
from mcidns.provider import Capabilities, Content, Full, Held, Propagation, ProviderSettings, Reading, Receipt
from mcidns_route53 import budget, config, convert, faults, packing, policies, reading, session
from mcidns_route53.account import Account
from mcidns_route53.budget import Rank
from mcidns_route53.config import Config
from mcidns_route53.propagation import Propagations
from mcidns_route53.reading import Spellings
from mcidns_route53.writing import Order, Writer
from mcidns_route53.zones import HostedZone, HostedZones


class Route53Provider:
    """Amazon Route 53 by its API (2013-04-01). All requests of an account share one budget, writes first.

    Route 53 has no serial, so `read` lists the whole zone each time. SOA is left out. Aliases are sets with the property
    `alias: true`, TTL 0 and the target as their value.
    """

    def __init__(self, settings: Config, clock: Callable[[], float] = time.monotonic) -> None:
        shared = budget.of_account(settings.account, settings.rate)
        self._account = Account(lambda: session.client(settings), shared, settings.connect_timeout + settings.timeout)
        self._zones = HostedZones(self._account, settings)
        self._spellings = Spellings()
        self._writer = Writer(self._account, self._spellings)
        self._propagations = Propagations(self._account, clock)

    @classmethod
    def from_settings(cls, settings: ProviderSettings) -> Self:
        """Parse and refuse; does no I/O. Raises ConfigError naming the field, never the secret."""
        return cls(config.parse(settings))

    @property
    def capabilities(self) -> Capabilities:
        """Compare and set by exact DELETE; one batch at a time, because Route 53 refuses a second one for the zone."""
        return Capabilities(types=convert.TYPES, compare_and_set=True, parallel=1, set_identifiers=True, scarce=True)

    async def read(self, zone: DnsName, held: Held | None) -> Reading:
        """The whole zone, 300 sets per request."""
        del held
        hosted = await self._zones.of(zone, Rank.LIST)
        try:
            return Full(None, await reading.full(self._account, hosted, self._spellings))
        except ProviderError as error:
            raise self._noted(zone, error) from error.__cause__

    async def look(self, zone: DnsName, names: frozenset[DnsName]) -> Content:
        """The present content of these names, with as few requests as their places in the zone allow."""
        hosted = await self._zones.of(zone, Rank.LOOK)
        try:
            present, _ = await reading.some(self._account, hosted, names, self._spellings)
        except ProviderError as error:
            raise self._noted(zone, error) from error.__cause__
        return present

    def adjust(self, zone: DnsName, records: RecordSet) -> tuple[RecordSet, ...]:
        """Properties that Route 53 keeps, in one spelling; a CNAME with `alias: true` becomes aliases of type A and AAAA."""
        try:
            return policies.adjusted(records, zone)
        except policies.BadProperty as error:
            raise Rejected(f"{records.key}: {error}") from error

    def pack(self, zone: DnsName, changes: Sequence[Change]) -> Iterator[tuple[Change, ...]]:
        """By record elements and characters of one request."""
        return packing.batches(zone, changes)

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        """One change batch. One whose whole outcome stands already is no error, so it may be repeated."""
        order = Order.of(zone, batch)
        hosted = await self._zones.of(zone, Rank.WRITE)
        try:
            change = await self._writer.apply(hosted, order)
        except ProviderError as error:
            raise self._noted(zone, error) from error.__cause__
        return self._propagations.receipt(hosted, change)

    async def confirm(self, zone: DnsName, batch: Sequence[Change], receipt: Receipt) -> Propagation:
        """Whether the change is INSYNC on all of Route 53's servers."""
        del zone, batch
        return await self._propagations.state(receipt)

    def _noted(self, domain: DnsName, error: ProviderError) -> ProviderError:
        if isinstance(error, faults.NoSuchZone):
            self._zones.forget(domain)
        return error

    def zone(self, domain: DnsName) -> HostedZone | None:
        """The hosted zone behind a domain, once it was found."""
        return self._zones.known(domain)

    async def aclose(self) -> None:
        """Release connections; a request under way ends by itself."""
        await self._account.aclose()
