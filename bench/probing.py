"""Budgets of `probes`: what 2,000 targets asked every 10 s cost this process, and how soon a failure is known."""

import asyncio
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from bench.figures import Figure
from mcidns.model.names import DnsName
from mcidns.model.probes import Probe, ProbeProtocol, ProbeRule
from mcidns.observe.asking import Question, ask
from mcidns.observe.prober import Prober
from mcidns.observe.replies import Answer
from mcidns.observe.trust import Trust
from tests import planes

TARGETS, INTERVAL = 2000, 10.0
CPU_PERCENT, RSS_MIB = 25.0, 150.0
WATCHED = 20.0
NAME = DnsName.parse("localhost")
QUICK = ProbeRule("HTTP", 0, interval=1.0, timeout=1.0, fall=3)
"""For the second budget, interval x fall + timeout + 0.2 s, of 200 targets."""


@dataclass(slots=True)
class _Endpoints:
    """The servers' process and its ports."""

    process: asyncio.subprocess.Process
    ports: dict[ProbeProtocol, int]
    ca: Path


async def run() -> Sequence[Figure]:
    """Each protocol alone, then a failure. The servers are another process; processor time and memory are this one's."""
    async with _serving() as servers:
        figures: list[Figure] = []
        for protocol in servers.ports:
            figures += await _cost(servers, protocol)
        return [*figures, await _detection(servers)]


async def _cost(servers: _Endpoints, protocol: ProbeProtocol) -> list[Figure]:
    seconds: list[float] = []
    bad: list[str] = []

    def note(_: Probe, answer: Answer) -> None:
        seconds.append(answer.seconds)
        if answer.good is False:
            bad.append(answer.detail)

    async with _probing(servers, note) as prober:
        prober.want("bench", _fleet(ProbeRule(protocol, servers.ports[protocol], interval=INTERVAL), TARGETS))
        await asyncio.sleep(INTERVAL)  # the first questions are spread over most of an interval
        seconds.clear()
        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.sleep(WATCHED)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if bad:
            raise RuntimeError(f"{len(bad)} targets were called bad, the first for: {bad[0]}")
        asked, due = len(seconds), TARGETS / INTERVAL
        each, typical = cpu / asked, sorted(seconds)[asked // 2]
        # Where the machine is too busy to let this process keep up, what it did not ask counts as if it had.
        percent = max(cpu / wall, each * due) * 100
        said = f"{asked / wall:.0f} a second where {due:.0f} are due, {each * 1e6:.0f} µs of CPU and {typical * 1e3:.1f} ms each"
        return [
            Figure(f"{TARGETS:,} targets every {INTERVAL:g} s, {protocol}", percent, "% of a core", CPU_PERCENT, note=said),
            Figure("  resident memory of this process", _rss_mib(), "MiB", RSS_MIB, note="with all that the benchmarks import"),
        ]


async def _detection(servers: _Endpoints) -> Figure:
    known: list[float] = []

    def changed(probe: Probe) -> None:
        ((_, streak),) = prober.streaks([probe])
        if not streak.good and streak.count == QUICK.fall:
            known.append(time.perf_counter())

    rule = ProbeRule("HTTP", servers.ports["HTTP"], interval=QUICK.interval, timeout=QUICK.timeout, fall=QUICK.fall)
    fleet = _fleet(rule, 200)
    async with _probing(servers, on_change=changed) as prober:
        prober.want("bench", fleet)
        await asyncio.sleep(3 * rule.interval)
        servers.process.send_signal(signal.SIGUSR1)
        begin = time.perf_counter()
        async with asyncio.timeout(60):
            while len(known) < len(fleet):
                await asyncio.sleep(0.05)
        servers.process.send_signal(signal.SIGUSR2)
    budget = rule.interval * rule.fall + rule.timeout + 0.2
    return Figure(
        f"{len(fleet)} targets hang at once: the last is known", max(known) - begin, "s", budget, note="1 s x 3 + 1 s + 0.2 s"
    )


def _fleet(rule: ProbeRule, size: int) -> frozenset[Probe]:
    return frozenset(Probe(IPv4Address("127.1.0.1") + number, NAME, rule) for number in range(size))


def _rss_mib() -> float:
    return int(Path("/proc/self/status").read_text(encoding="utf-8").partition("VmRSS:")[2].split()[0]) / 1024


@contextlib.asynccontextmanager
async def _probing(
    servers: _Endpoints,
    on_answer: Callable[[Probe, Answer], None] = lambda _, __: None,
    on_change: Callable[[Probe], None] = lambda _: None,
) -> AsyncIterator[Prober]:
    trust = Trust(servers.ca)

    async def put(question: Question) -> Answer:
        return await ask(question, trust)

    prober = Prober(ask=put, on_change=on_change, on_answer=on_answer, permit=lambda _: None)
    running = asyncio.create_task(prober.run())
    await asyncio.sleep(0)
    try:
        yield prober
        if running.done():
            await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@contextlib.asynccontextmanager
async def _serving() -> AsyncIterator[_Endpoints]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        cert, key = planes.certificate().into(Path(folder))
        words = ("-m", "bench.endpoints", str(cert), str(key))
        process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
        try:
            if process.stdout is None:
                raise RuntimeError("the servers have no output")
            http, https = map(int, (await process.stdout.readline()).split())
            yield _Endpoints(process, {"HTTP": http, "HTTPS": https}, cert)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
