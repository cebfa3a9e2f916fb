"""Budget `latency`: from an EndpointSlice that turns unready to BIND's answer, one change at a time, through `mcidns run`."""

import asyncio
import random
from collections.abc import Sequence

from bench import controller, figures, servers
from bench.answers import Looker
from bench.figures import Figure

NAMES = 10_000
HOSTS = 50
MEMBERS = 3
CHANGES = 200
P50_MS, P99_MS = 30.0, 150.0
PATIENCE = 60.0
LONGEST = 15.0


async def run() -> Sequence[Figure]:
    """50 hosts of ours among 10,000 names; every change is one slice in one member, then it is taken back."""
    servers.need()
    hosts = [f"app-{number}" for number in range(HOSTS)]
    contents = (
        [obj for host in hosts for obj in controller.app(host, controller.region(m).address)] for m in range(1, MEMBERS + 1)
    )
    text = servers.HEAD + "".join(f"other-{n} A 10.9.{n >> 8}.{n & 255}\n" for n in range(NAMES - HOSTS))
    gone, back = [], []
    async with controller.running(contents, map(controller.global_host, hosts), text) as stage:
        looker = Looker(stage.bind.port)
        every = frozenset(controller.region(number).address for number in range(1, MEMBERS + 1))
        try:
            await stage.until(lambda: stage.event("settled"), "the controller to settle", PATIENCE)
            await looker.until([_name(host) for host in hosts], every, PATIENCE)
            await asyncio.sleep(2.0)
            for _ in range(CHANGES):
                host, number = random.choice(hosts), random.randint(1, MEMBERS)
                member, rest = stage.members[number - 1], every - {controller.region(number).address}
                member.put(controller.endpoints(host, ready=False))
                gone.append(await looker.until([_name(host)], rest, LONGEST) * 1000)
                await asyncio.sleep(random.uniform(0.02, 0.06))
                member.put(controller.endpoints(host, ready=True))
                back.append(await looker.until([_name(host)], every, LONGEST) * 1000)
                await asyncio.sleep(random.uniform(0.02, 0.06))
        except TimeoutError as error:
            raise TimeoutError(f"{error}; after {len(gone)} changes; the log ends: {stage.tail()}") from error
        finally:
            looker.close()
    note = f"{CHANGES} changes, zone of {NAMES:,} names"
    return (
        Figure("slice unready until BIND answers without it, p50", figures.percentile(gone, 0.5), "ms", P50_MS, note=note),
        Figure("slice unready until BIND answers without it, p99", figures.percentile(gone, 0.99), "ms", P99_MS, note=note),
        Figure("slice ready until BIND answers with it, p50", figures.percentile(back, 0.5), "ms"),
        Figure("slice ready until BIND answers with it, p99", figures.percentile(back, 0.99), "ms"),
    )


def _name(host: str) -> str:
    return f"{host}.{servers.ZONE}"
