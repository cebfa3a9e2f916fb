"""Budget `webhook`: how soon `mcidns webhook-server` answers ExternalDNS about 60,000 record sets."""

import asyncio
import io
import time
from collections.abc import Sequence

import aiohttp

from bench.figures import Figure
from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet
from mcidns.testing.memory import MemoryProvider
from mcidns.webhook import wire
from mcidns.webhook.server import Face, Settings, serving
from mcidns.webhook.wire import Changes, Endpoint

ZONE = DnsName("example.org.")
NAMES = 30_000
CREATED = 1_000
TIMES = 5
BUDGET = 1.0
HEADERS = {"Content-Type": wire.MEDIA_TYPE, "Accept": wire.MEDIA_TYPE}


async def run() -> Sequence[Figure]:
    """30,000 names with A and ownership TXT in memory; server and client share the process, so both are in the times."""
    provider = _filled()
    begin = time.perf_counter()
    face = Face(provider, [ZONE], Settings(resync=3600.0))
    async with serving(face, "127.0.0.1", 0) as port, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        while not face.mirrors[ZONE].ready:
            await asyncio.sleep(0.005)
        first = time.perf_counter() - begin
        listings = [await _timed(session, "GET", "/records", b"") for _ in range(TIMES)]
        listing = listings[-1][1]
        after_write = []
        for number in range(TIMES):
            await _timed(session, "POST", "/records", wire.encode(Changes(create=[_endpoint(NAMES + number)])))
            after_write.append((await _timed(session, "GET", "/records", b""))[0])
        adjusting = [(await _timed(session, "POST", "/adjustendpoints", listing))[0] for _ in range(TIMES)]
        creates = Changes(create=[_endpoint(2 * NAMES + number) for number in range(CREATED)])
        written = await _timed(session, "POST", "/records", wire.encode(creates))
    return (
        Figure("first reading of the zone until it can be listed", first, "s"),
        Figure(
            "GET /records",
            max(seconds for seconds, _ in listings),
            "s",
            BUDGET,
            note=f"{len(listing) / 1e6:.1f} MB, worst of {TIMES}",
        ),
        Figure("GET /records after a change", max(after_write), "s", BUDGET, note=f"worst of {TIMES}"),
        Figure("POST /adjustendpoints of all", max(adjusting), "s", note=f"worst of {TIMES}"),
        Figure("POST /records with 1,000 creates", written[0], "s"),
    )


def _filled() -> MemoryProvider:
    provider = MemoryProvider(ZONE.text)
    zone = provider.zone(ZONE.text)
    for number in range(NAMES):
        host, text = DnsName(f"h{number}.example.org."), DnsName(f"mcidns-a.h{number}.example.org.")
        owned = f'"heritage=external-dns,external-dns/owner=bench,external-dns/resource=ingress/shop/web{number}"'
        zone.sets[host] = (RecordSet.of(host, "A", 60, [f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"]),)
        zone.sets[text] = (RecordSet.of(text, "TXT", 60, [owned]),)
    return provider


def _endpoint(number: int) -> Endpoint:
    return Endpoint(f"h{number}.example.org", ["192.0.2.1"], "A", record_ttl=60)


async def _timed(session: aiohttp.ClientSession, method: str, path: str, body: bytes) -> tuple[float, bytes]:
    begin = time.perf_counter()
    async with session.request(method, path, data=io.BytesIO(body) if body else None, headers=HEADERS) as answer:
        content = await answer.read()
        if answer.status not in {200, 204}:
            raise RuntimeError(f"{method} {path} answers {answer.status}: {content[:200]!r}")
    return time.perf_counter() - begin, content
