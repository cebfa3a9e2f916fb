"""Budget `quiet-resync`: what a zone of 100,000 record sets costs when nothing happens, and when one name changes."""

import asyncio
import gc
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench import programming, servers
from bench.figures import Figure
from bench.programming import Timed
from mcidns.model.zones import Zone
from mcidns.program.programmer import Programmer
from tests.bind import Bind

NAMES = 50_000
CYCLE = 1.0
WATCHED = 8.0
CHANGES = 5
CPU_BUDGET_MS = 50.0


@dataclass(frozen=True, slots=True)
class Held:
    """The zone as the Programmer holds it."""

    programmer: Programmer
    zone: Zone
    provider: Timed

    def resync_every(self, seconds: float) -> None:
        """From now on look that often."""
        self.programmer.set_zone(replace(self.zone, resync=seconds), self.provider)


async def run() -> Sequence[Figure]:
    """50,000 names with A and TXT are written first; then the zone is resynced often, then single names change."""
    servers.need()
    async with servers.bind() as bind, servers.provider(bind.port) as provider:
        zone, timed = servers.zone(), Timed(provider)
        async with programming.running(zone, timed) as programmer:
            begin = time.perf_counter()
            for number in range(NAMES):
                one = programming.wish(number, zone.domain)
                programmer.intend(one.source, (one,))
            programmer.settled()
            await programmer.idle(programming.PATIENCE)
            filled, written = time.perf_counter() - begin, timed.messages
            await asyncio.sleep(3.0)  # confirmations and reports of the filling end
            stage = Held(programmer, zone, timed)
            settling = await _once_resynced(stage, bind)
            return (
                Figure("filling the zone (50,000 names, 100,000 sets)", filled, "s", note=f"{written} UPDATE messages"),
                Figure("transfers by the first look after filling", settling.get("AXFR", 0) + settling.get("IXFR", 0), ""),
                *await _quiet(stage, bind),
                *await _one_change(stage, bind),
            )


async def _once_resynced(stage: Held, bind: Bind) -> dict[str, int]:
    """The first look after our own writes fetches what they did; only then is the zone quiet. Returns what it asked."""
    before = await servers.counters(bind)
    stage.resync_every(0.5)
    async with asyncio.timeout(programming.PATIENCE):
        while (asked := servers.since(before, await servers.counters(bind))).get("SOA", 0) < 3:
            await asyncio.sleep(0.2)
    return asked


async def _quiet(stage: Held, bind: Bind) -> Sequence[Figure]:
    stage.resync_every(CYCLE)
    await asyncio.sleep(CYCLE)
    gc.collect()
    before, cpu = await servers.counters(bind), time.process_time()
    await asyncio.sleep(WATCHED)
    spent = time.process_time() - cpu
    asked = servers.since(before, await servers.counters(bind))
    resyncs = max(asked.get("SOA", 0), 1)
    others = {kind: count for kind, count in asked.items() if kind not in {"SOA", "QUERY"}}
    return (
        Figure(
            "messages per quiet resync", asked.get("QUERY", 0) / resyncs, "", 1.0, note=f"{resyncs} SOA queries, others: {others}"
        ),
        Figure("CPU per quiet resync, with the idle loop", spent / resyncs * 1000, "ms", CPU_BUDGET_MS, note=f"over {WATCHED:g} s"),
    )


async def _one_change(stage: Held, bind: Bind) -> Sequence[Figure]:
    stage.resync_every(3600.0)
    await asyncio.sleep(2 * CYCLE)
    taken, spent = [], []
    before = await servers.counters(bind)
    for number in range(CHANGES):
        one = programming.wish(number * 1000, stage.zone.domain, "192.0.2.1")
        cpu, begin = time.process_time(), time.perf_counter()
        stage.programmer.intend(one.source, (one,))
        await stage.programmer.idle(programming.PATIENCE)
        taken.append(time.perf_counter() - begin)
        spent.append(time.process_time() - cpu)
        await asyncio.sleep(0.3)
    asked = servers.since(before, await servers.counters(bind))
    transfers = asked.get("AXFR", 0) + asked.get("IXFR", 0)
    return (
        Figure("UPDATE messages per single change", asked.get("UPDATE", 0) / CHANGES, "", 1.0, note=f"all that was asked: {asked}"),
        Figure("transfers after a single change", transfers, "", 0.0),
        Figure("single change until acknowledged", statistics.median(taken) * 1000, "ms"),
        Figure("  CPU of it", statistics.median(spent) * 1000, "ms"),
    )
