"""The designate provider: zones read by their serial and in pages, single record sets written with ownership first."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Self

from mcidns.model.names import DnsName
from mcidns.model.records import Change, RecordSet
from mcidns.provider import Capabilities, Content, Held, Propagation, ProviderSettings, Reading, Receipt
from mcidns_designate import config, convert, reading, writing
from mcidns_designate.api import Api
from mcidns_designate.config import Config
from mcidns_designate.identity import Identity
from mcidns_designate.propagation import Confirmation
from mcidns_designate.zones import Zones


class DesignateProvider:
    """OpenStack Designate by its API v2, logged in through keystoneauth.

    Designate has neither transactions nor a condition on a write. A batch is therefore one change, whose edits go out in an
    order that never leaves a record without its ownership, after a look at what they rest on; a refused one is taken back.
    """

    def __init__(self, settings: Config) -> None:
        self._config = settings
        self._identity = Identity(settings)
        self._api = Api(settings, self._identity)
        self._zones = Zones(self._api)
        self._confirmation = Confirmation(self._api, self._zones)

    @classmethod
    def from_settings(cls, settings: ProviderSettings) -> Self:
        """Parse and refuse; does no I/O. Raises ConfigError naming the field, never the secret."""
        return cls(config.parse(settings))

    @property
    def capabilities(self) -> Capabilities:
        """No compare and set, and as many writes at once as the config says."""
        return replace(convert.CAN, parallel=self._config.parallel, min_ttl=self._config.min_ttl)

    def adjust(self, zone: DnsName, records: RecordSet) -> tuple[RecordSet, ...]:
        """Texts in the one spelling that all have here, for Designate dictates where they are cut. Raises Rejected."""
        del zone
        return (RecordSet(records.key, records.ttl, convert.canonical(records), records.properties),)

    async def read(self, zone: DnsName, held: Held | None) -> Reading:
        """One GET of the zone; only when its serial or version moved the whole list, a thousand record sets per page."""
        return await reading.read(self._api, self._zones, zone, held)

    async def look(self, zone: DnsName, names: frozenset[DnsName]) -> Content:
        """The present content of these names, one by one or, where they are many, out of the whole list."""
        return await reading.look(self._api, self._zones, zone, names)

    def pack(self, zone: DnsName, changes: Sequence[Change]) -> Iterator[tuple[Change, ...]]:
        """One change each: what cannot be written together should not be refused together."""
        del zone
        return ((change,) for change in changes)

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        """Look, write in a safe order, take back what was refused. What stands already is not written again."""
        return await writing.apply(self._api, self._zones, zone, batch)

    async def confirm(self, zone: DnsName, batch: Sequence[Change], receipt: Receipt) -> Propagation:
        """By the status that Designate gives record sets and zones once its name servers answer."""
        return await self._confirmation.state(zone, batch, receipt)

    async def aclose(self) -> None:
        """Close all connections and forget the token."""
        await self._api.aclose()
        await self._identity.aclose()
