"""What the tests of the designate provider are built from: fresh zones, providers on them and changes. No expectations."""

import asyncio
import contextlib
import itertools
import uuid
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet, Urgency
from mcidns.model.secrets import Secret
from mcidns.provider import Full, ProviderSettings
from mcidns_designate import DesignateProvider
from tests.openstack.proxy import Proxy

_NUMBERS = itertools.count()


class Zone:
    """A fresh zone and, beside the provider, plain requests to the API as somebody else would make them."""

    def __init__(self, http: aiohttp.ClientSession, root: str, row: dict[str, Any]) -> None:
        self._http = http
        self._root = root
        self.id = str(row["id"])
        self.domain = DnsName(row["name"])

    def name(self, label: str) -> DnsName:
        """A name of the zone: `www`, `@` for its apex."""
        return self.domain if label == "@" else DnsName(f"{label}.{self.domain}")

    def records(self, label: str, type_: str, *values: str, ttl: int = 300) -> RecordSet:
        """A record set of the zone."""
        return RecordSet.of(self.name(label), type_, ttl, values)

    def owned(self, label: str, type_: str = "a", owner: str = "tests") -> RecordSet:
        """The ownership TXT of a name."""
        text = f'"heritage=external-dns,external-dns/owner={owner},external-dns/resource=globalhost/shop/web"'
        return self.records(f"{type_}-{label}", "TXT", text)

    async def request(self, method: str, path: str = "", body: object = None) -> Any:
        """Below this zone; the JSON of the answer."""
        async with self._http.request(method, f"{self._root}/v2/zones/{self.id}{path}", json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def status(self) -> str | None:
        """The status of the zone, None once it is gone."""
        async with self._http.get(f"{self._root}/v2/zones/{self.id}") as answer:
            return str((await answer.json())["status"]) if answer.status == 200 else None

    async def settled(self) -> None:
        """Nothing more happens to the zone by itself: its last serial is served."""
        async with asyncio.timeout(40):
            quiet, before = 0, None
            while quiet < 12:
                row = await self.request("GET")
                now = (row["serial"], row["version"], row["status"])
                quiet, before = (quiet + 1 if now == before and row["status"] == "ACTIVE" else 0), now
                await asyncio.sleep(0.2)

    async def quota(self, project: str, **limits: int) -> None:
        """An operator sets quotas."""
        headers = {"X-Auth-All-Projects": "true"}
        async with self._http.patch(f"{self._root}/v2/quotas/{project}", json=limits, headers=headers) as answer:
            answer.raise_for_status()

    async def rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Every record set as the API shows it, but those of Designate itself, by relative name and type."""
        found = (await self.request("GET", "/recordsets?limit=1000"))["recordsets"]
        return {
            (row["name"].removesuffix(f".{self.domain}"), row["type"]): row
            for row in found
            if row["type"] != "SOA" and (row["name"], row["type"]) != (self.domain.text, "NS")
        }

    async def put(self, label: str, type_: str, *values: str, ttl: int | None = 300) -> None:
        """Somebody else makes or changes a record set."""
        row = (await self.rows()).get((label if label != "@" else self.domain.text, type_))
        if row is not None:
            await self.request("PUT", f"/recordsets/{row['id']}", {"ttl": ttl, "records": list(values)})
        else:
            body = {"name": self.name(label).text, "type": type_, "ttl": ttl, "records": list(values)}
            await self.request("POST", "/recordsets", body)

    async def remove(self, label: str, type_: str) -> None:
        """Somebody else removes a record set."""
        row = (await self.rows())[label, type_]
        await self.request("DELETE", f"/recordsets/{row['id']}")


@contextlib.asynccontextmanager
async def fresh_zone(root: str, project: str = "", **fields: object) -> AsyncIterator[Zone]:
    """A zone that nobody else uses, in a project of its own where one is named."""
    headers = {"X-Auth-Project-ID": project} if project else {}
    async with aiohttp.ClientSession(headers=headers) as http:
        name = f"z{next(_NUMBERS)}-{uuid.uuid4().hex[:8]}.test."
        mail = {} if "type" in fields else {"email": "dns@example.org"}
        async with http.post(f"{root}/v2/zones", json={"name": name, **mail, **fields}) as answer:
            answer.raise_for_status()
            row = await answer.json()
        yield Zone(http, root, row)


def opened(endpoint: str, **config: object) -> DesignateProvider:
    """The provider on an API without login."""
    return DesignateProvider.from_settings(ProviderSettings("test", {"auth": "none", "endpoint": endpoint, **config}))


def logged_in(secrets: dict[str, str], **config: object) -> DesignateProvider:
    """The provider with something to log in with."""
    return DesignateProvider.from_settings(ProviderSettings("test", config, {key: Secret(value) for key, value in secrets.items()}))


@contextlib.asynccontextmanager
async def provider(endpoint: str, **config: object) -> AsyncIterator[DesignateProvider]:
    """The provider on an API without login, closed at the end."""
    made = opened(endpoint, **config)
    try:
        yield made
    finally:
        await made.aclose()


@contextlib.asynccontextmanager
async def behind_proxy(root: str, **config: object) -> AsyncIterator[tuple[Zone, Proxy, DesignateProvider]]:
    """A fresh zone, a proxy before its API, and a provider that goes through the proxy."""
    async with fresh_zone(root) as zone, Proxy(root) as proxy, provider(proxy.url, **config) as made:
        yield zone, proxy, made


def change(*pairs: tuple[RecordSet | None, RecordSet | None]) -> Change:
    """One change of (old, new) pairs, named after the first."""
    edits = []
    for old, new in pairs:
        either = new if new is not None else old
        assert either is not None
        edits.append(Edit(either.key, old, new))
    return Change(edits[0].key.name, tuple(edits), Urgency.ADD)


def creation(*sets: RecordSet) -> Change:
    """All of the sets appear."""
    return change(*((None, records) for records in sets))


def deletion(*sets: RecordSet) -> Change:
    """All of the sets go."""
    return change(*((records, None) for records in sets))


def absent(name: DnsName, type_: str) -> Edit:
    """The check that a set is not there."""
    return Edit(RecordKey(name, type_), None, None)


async def content(made: DesignateProvider, zone: Zone) -> set[RecordSet]:
    """The zone as the provider lists it, without Designate's own NS."""
    reading = await made.read(zone.domain, None)
    assert isinstance(reading, Full)
    return {records for sets in reading.names.values() for records in sets if (records.name, records.type) != (zone.domain, "NS")}
