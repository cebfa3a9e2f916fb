"""Budget `region-loss`: every EndpointSlice of one member gone at once, until every answer in BIND is right."""

import asyncio
from collections.abc import Sequence

from bench import controller, servers
from bench.answers import Looker
from bench.figures import Figure

MEMBERS = 3
SIZES = ((500, 0.5), (5_000, 3.0))
PATIENCE = 240.0


async def run() -> Sequence[Figure]:
    """One controller per size; the clock starts before the first slice is deleted, so the emulator's own work counts too."""
    servers.need()
    return [figure for size, budget in SIZES for figure in await _loss(size, budget)]


async def _loss(size: int, budget: float) -> Sequence[Figure]:
    hosts = [f"app-{number}" for number in range(size)]
    names = [f"{host}.{servers.ZONE}" for host in hosts]
    contents = (
        [obj for host in hosts for obj in controller.app(host, controller.region(m).address)] for m in range(1, MEMBERS + 1)
    )
    every = frozenset(controller.region(number).address for number in range(1, MEMBERS + 1))
    async with controller.running(contents, map(controller.global_host, hosts)) as stage:
        looker, loop = Looker(stage.bind.port), asyncio.get_running_loop()
        try:
            settled = await stage.until(lambda: stage.event("settled"), "the controller to settle", PATIENCE)
            filled = settled + await looker.until(names, every, PATIENCE)
            await _calm(stage)
            before, begin, cpu = await servers.counters(stage.bind), loop.time(), stage.cpu()
            for host in hosts:
                stage.members[0].delete("endpointslices", name=host, namespace=controller.NAMESPACE)
            deleted = loop.time() - begin
            await looker.until(names, every - {controller.region(1).address}, PATIENCE)
            taken, cpu = loop.time() - begin, stage.cpu() - cpu
            asked = servers.since(before, await servers.counters(stage.bind))
        finally:
            looker.close()
    return (
        Figure(
            f"{size:,} hosts lose a region: all answers right",
            taken,
            "s",
            budget,
            note=f"emulator's deletes {deleted:.2f} s, controller CPU {cpu:.2f} s, {asked.get('UPDATE', 0)} UPDATE messages",
        ),
        Figure(f"{size:,} hosts, first sync from start of the process", filled, "s"),
    )


async def _calm(stage: controller.Stage) -> None:
    """Statuses of the start are still being written; wait until the controller does next to nothing."""
    for _ in range(120):
        before = stage.cpu()
        await asyncio.sleep(1.0)
        if stage.cpu() - before < 0.1:
            return
