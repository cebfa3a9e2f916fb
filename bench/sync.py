"""Budget `first-sync`: 10,000 names with their ownership into an empty zone of BIND, by us and by nsupdate; no Kubernetes."""

import gc
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from bench import figures, programming, servers
from bench.figures import Figure
from bench.programming import Timed
from mcidns.model.names import DnsName
from tests.bind import Bind

NAMES = 10_000
PAIRS = 9
BATCH = 400
BUDGET = 1.5


async def run() -> Sequence[Figure]:
    """Alternates both on fresh zones. nsupdate gets our very records, as many in a message."""
    servers.need("dig", "nsupdate")
    ours, peers, wire, busy, packing, messages = [], [], [], [], [], 0
    async with servers.bind() as bind, servers.provider(bind.port) as provider:
        for number in range(PAIRS):
            mine, theirs = DnsName(f"a{number}.test."), DnsName(f"b{number}.test.")
            await bind.add_zone(mine.text, servers.HEAD)
            await bind.add_zone(theirs.text, servers.HEAD)
            timed = Timed(provider)
            gc.collect()  # what the pair before has left; a controller collects while nothing is to be written (mcidns/runtime.py)
            cpu = time.process_time()
            ours.append(await _ours(timed, mine))
            busy.append(time.process_time() - cpu)
            wire.append(timed.writing)
            packing.append(timed.packing)
            messages = timed.messages
            peers.append(await _nsupdate(bind, mine, theirs))
    main = figures.against(f"first sync of {NAMES:,} names (A + TXT)", ours, peers, "nsupdate -v", BUDGET)
    return (
        main,
        Figure(
            "  of it with a write under way", statistics.median(wire), "s", note=f"{messages} UPDATE messages; overlaps planning"
        ),
        Figure("  of it with none under way (planning, reading, reporting)", statistics.median(map(_difference, ours, wire)), "s"),
        Figure("  CPU of this process", statistics.median(busy), "s", note="planning, messages, TSIG"),
        Figure("  packing into messages", statistics.median(packing), "s"),
    )


def _difference(whole: float, part: float) -> float:
    return whole - part


async def _ours(provider: Timed, domain: DnsName) -> float:
    wishes = [programming.wish(number, domain) for number in range(NAMES)]
    async with programming.running(servers.zone(domain), provider) as programmer:
        begin = time.perf_counter()
        for wish in wishes:
            programmer.intend(wish.source, (wish,))
        programmer.settled()
        await programmer.idle(programming.PATIENCE)
        taken = time.perf_counter() - begin
        status = programmer.zone_status(servers.zone(domain).name)
    if status.owned < NAMES:
        raise ValueError(f"only {status.owned} of {NAMES} names were written: {status}")
    return taken


async def _nsupdate(bind: Bind, source: DnsName, domain: DnsName) -> float:
    """Take what stands in the one zone as commands for the other; only nsupdate's own run is timed."""
    records = Path(bind.folder) / "records.txt"
    words = ("dig", "@127.0.0.1", "-p", str(bind.port), *servers.key_words(), "+noall", "+answer", "axfr", source.text)
    await servers.command(*words, output=records)
    lines = [line for line in records.read_text(encoding="utf-8").splitlines() if "host-" in line]
    if len(lines) != 2 * NAMES:
        raise ValueError(f"{len(lines)} records in {source} instead of {2 * NAMES}")
    script = [f"server 127.0.0.1 {bind.port}", f"zone {domain}"]
    for position, line in enumerate(lines, 1):
        script.append("update add " + line.replace(source.text, domain.text))
        if not position % BATCH or position == len(lines):
            script.append("send")
    path = Path(bind.folder) / "script.txt"
    path.write_text("\n".join(script) + "\n", encoding="utf-8")
    begin = time.perf_counter()
    await servers.command("nsupdate", "-v", *servers.key_words(), str(path))
    return time.perf_counter() - begin
