"""Budget `axfr`: a zone of 100,000 records out of BIND, signed, by the provider and by dig; writing is measured in sync."""

import time
from collections.abc import Sequence
from pathlib import Path

from bench import figures, servers
from bench.figures import Figure
from mcidns.provider import Full
from mcidns_rfc2136 import Rfc2136Provider

NAMES = 50_000
ROUNDS = 7
BUDGET = 3.0


async def run() -> Sequence[Figure]:
    """Alternates both, so that noise meets both alike; reading ends when every name could be looked up."""
    servers.need("dig")
    reads, walks, peers = [], [], []
    async with servers.bind(_text()) as bind, servers.provider(bind.port) as provider:
        words = ("dig", "@127.0.0.1", "-p", str(bind.port), *servers.key_words(), "axfr", servers.ZONE.text)
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            await servers.command(*words, output=Path(bind.folder) / "axfr.txt")
            peers.append(time.perf_counter() - begin)
            read, walk = await _timed(provider)
            reads.append(read)
            walks.append(read + walk)
    return (
        figures.against("AXFR of 100,000 records, TSIG checked", reads, peers, "dig", BUDGET),
        figures.against("the same, and every record decoded to text", walks, peers, "dig", None),
    )


async def _timed(provider: Rfc2136Provider) -> tuple[float, float]:
    begin = time.perf_counter()
    reading = await provider.read(servers.ZONE, None)
    read = time.perf_counter()
    if not isinstance(reading, Full):
        raise TypeError(f"{type(reading).__name__} instead of the whole zone")
    records = sum(len(one.values) for name in reading.names for one in reading.names[name])
    if records < NAMES * 2:
        raise ValueError(f"{records} records instead of {NAMES * 2}")
    return read - begin, time.perf_counter() - read


def _text() -> str:
    """45,000 names with A and an ownership-like TXT, 5,000 with A and AAAA."""
    lines = [servers.HEAD]
    for number in range(NAMES):
        lines.append(f"host-{number} A 10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
        if number % 10:
            lines.append(
                f'host-{number} TXT "heritage=external-dns,external-dns/owner=bench,external-dns/resource=x/y/host-{number}"'
            )
        else:
            lines.append(f"host-{number} AAAA 2001:db8::{number:x}")
    return "\n".join(lines) + "\n"
