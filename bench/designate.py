"""Budget `designate`: names with their ownership into a real Designate, by us and by plain requests; no Kubernetes."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import aiohttp

from bench import figures, programming, servers
from bench.figures import Figure, Skipped
from mcidns.model.names import DnsName
from mcidns.provider import ProviderSettings
from mcidns_designate import DesignateProvider
from tests.openstack import designate

NAMES = 60
PAIRS = 3
BUDGET = 1.25
"""0.8 of the speed of plain requests."""
PARALLEL = 8


@dataclass(slots=True)
class _Times:
    made: list[float] = field(default_factory=list)
    changed: list[float] = field(default_factory=list)


async def run() -> Sequence[Figure]:
    """Alternates both on fresh zones: first everything is created, then every address changes."""
    if reason := designate.missing():
        raise Skipped(reason)
    ours, plain = _Times(), _Times()
    async with (
        designate.running() as server,
        aiohttp.ClientSession(base_url=server.open) as http,
        _provider(server.open) as provider,
    ):
        for number in range(PAIRS):
            mine, theirs = await _zone(http, f"a{number}.test."), await _zone(http, f"b{number}.test.")
            await _ours(provider, mine.domain, ours)
            await theirs.run(plain)
    return (
        figures.against(f"{NAMES} names created (A + TXT)", ours.made, plain.made, f"plain POSTs, {PARALLEL} at once", BUDGET),
        figures.against(f"{NAMES} addresses changed", ours.changed, plain.changed, f"plain PUTs, {PARALLEL} at once", None),
    )


@contextlib.asynccontextmanager
async def _provider(endpoint: str) -> AsyncIterator[DesignateProvider]:
    config: dict[str, object] = {"auth": "none", "endpoint": endpoint, "parallel": PARALLEL}
    made = DesignateProvider.from_settings(ProviderSettings("bench", config))
    try:
        yield made
    finally:
        await made.aclose()


async def _ours(provider: DesignateProvider, domain: DnsName, times: _Times) -> None:
    async with programming.running(servers.zone(domain), provider) as programmer:
        for taken, address in ((times.made, None), (times.changed, "192.0.2.1")):
            wishes = [programming.wish(number, domain, address) for number in range(NAMES)]
            begin = time.perf_counter()
            for wish in wishes:
                programmer.intend(wish.source, (wish,))
            programmer.settled()
            await programmer.idle(programming.PATIENCE)
            taken.append(time.perf_counter() - begin)


class _Plain:
    """The very record sets that we write, by requests without a question."""

    def __init__(self, http: aiohttp.ClientSession, domain: DnsName, path: str) -> None:
        self.domain = domain
        self._http = http
        self._path = path
        self._ids: dict[str, str] = {}

    async def run(self, times: _Times) -> None:
        names = [f"host-{number}" for number in range(NAMES)]
        times.made.append(await self._each(names, self._create))
        times.changed.append(await self._each(names, self._change))

    async def _each(self, names: Sequence[str], act: Callable[[str], Awaitable[None]]) -> float:
        room = asyncio.Semaphore(PARALLEL)

        async def one(name: str) -> None:
            async with room:
                await act(name)

        begin = time.perf_counter()
        await asyncio.gather(*(one(name) for name in names))
        return time.perf_counter() - begin

    async def _create(self, name: str) -> None:
        text = f'"heritage=external-dns,external-dns/owner=bench,external-dns/resource=globalhost/bench/{name},mcidns/clusters=r1"'
        for label, type_, value in ((f"a-{name}", "TXT", text), (name, "A", "10.0.0.1")):
            body = {"name": f"{label}.{self.domain}", "type": type_, "ttl": 30, "records": [value]}
            async with self._http.post(self._path, json=body) as answer:
                answer.raise_for_status()
                self._ids[label] = (await answer.json())["id"]

    async def _change(self, name: str) -> None:
        async with self._http.put(f"{self._path}/{self._ids[name]}", json={"ttl": 30, "records": ["192.0.2.1"]}) as answer:
            answer.raise_for_status()
            await answer.read()


async def _zone(http: aiohttp.ClientSession, name: str) -> _Plain:
    async with http.post("/v2/zones", json={"name": name, "email": "dns@example.org"}) as answer:
        answer.raise_for_status()
        row = await answer.json()
    return _Plain(http, DnsName(name), f"/v2/zones/{row['id']}/recordsets")
