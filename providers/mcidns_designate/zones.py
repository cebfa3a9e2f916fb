"""Which zone of Designate a domain is, and what we remember of its record sets; reading and writing those lives elsewhere."""

from dataclasses import dataclass, field

from mcidns.errors import Denied
from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet
from mcidns_designate import convert, shapes
from mcidns_designate.answers import Refused
from mcidns_designate.api import Api
from mcidns_designate.shapes import Recordset, Zone


@dataclass(slots=True)
class Known:
    """One zone. `read_at` is (serial, version) as of the last listing; `ids` finds record sets by name and type without asking.

    `spelled` holds texts as they were wished where Designate made us cut them otherwise, so that they read as wished.
    """

    domain: DnsName
    row: Zone
    read_at: tuple[int, int] | None = None
    ids: dict[DnsName, dict[str, str]] = field(default_factory=dict)
    spelled: dict[RecordKey, tuple[str, ...]] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where its record sets are."""
        return f"/zones/{self.row.id}/recordsets"

    def decode(self, row: Recordset) -> RecordSet:
        """An object as a record set, and its id remembered."""
        found = convert.decode(row, self.row.ttl)
        self.remember(found.key, row.id)
        wished = self.spelled.get(found.key)
        if wished is None:
            return found
        as_wished = RecordSet(found.key, found.ttl, wished)
        return as_wished if convert.canonical(as_wished) == found.values else found

    def remember(self, key: RecordKey, ident: str) -> None:
        """Where the set is from now on."""
        self.ids.setdefault(key.name, {})[key.type] = ident

    def id_of(self, key: RecordKey) -> str | None:
        """Where the set is, as far as we know."""
        return self.ids.get(key.name, {}).get(key.type)

    def wish(self, records: RecordSet) -> None:
        """Remember how the values were spelled, where that is not how they will read."""
        if convert.canonical(records) != records.values:
            self.spelled[records.key] = records.values
        else:
            self.spelled.pop(records.key, None)

    def forget(self, key: RecordKey) -> None:
        """The set is gone."""
        self.ids.get(key.name, {}).pop(key.type, None)
        self.spelled.pop(key, None)


class Zones:
    """Zones are looked up by name once, then asked for by id."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[DnsName, Known] = {}

    async def fresh(self, domain: DnsName) -> Known:
        """With the zone as it is now: one request. Raises ProviderError."""
        known = self._known.get(domain)
        what = f"zone {domain.relative}"
        if known is not None:
            try:
                known.row = shapes.decode(await self._api.get(f"/zones/{known.row.id}", what), Zone, what)
            except Refused as refused:
                if refused.status != 404:
                    raise Denied(f"{what}: Designate answers {refused}") from refused
                # Deleted, and perhaps made anew under another id.
                del self._known[domain]
            else:
                return known
        row = await self._found(domain, what)
        return self._known.setdefault(domain, Known(domain, row))

    async def known(self, domain: DnsName) -> Known:
        """The same without a request where the zone is known."""
        return self._known.get(domain) or await self.fresh(domain)

    def lost(self, domain: DnsName) -> Denied:
        """Its id is no longer that of a zone: look it up again next time. The error to raise now."""
        self._known.pop(domain, None)
        return Denied(f"zone {domain.relative} is no longer there under its id; it is looked up again, make it if it is gone")

    async def _found(self, domain: DnsName, what: str) -> Zone:
        try:
            body = await self._api.get("/zones", what, {"name": domain.text})
        except Refused as refused:
            raise Denied(f"{what}: Designate answers {refused}; correct spec.domain") from refused
        rows = [row for row in shapes.decode(body, shapes.Zones, what).zones if row.name.lower() == domain.text]
        primary = [row for row in rows if row.type == "PRIMARY"]
        if len(primary) == 1:
            return primary[0]
        if primary:
            raise Denied(
                f"{what} is there {len(primary)} times, in several pools or projects; "
                "set config.sudoProjectID to the project that is meant"
            )
        if rows:
            raise Denied(f"{what} is of type {rows[0].type}, whose records Designate only copies; write to its primary")
        raise Denied(
            f"{what} is not among those that our project sees; make it (openstack zone create), share it with the project, "
            "or set config.sudoProjectID or allProjects"
        )
