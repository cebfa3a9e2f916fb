"""Budget `members`: 100 members of 1,000 objects each, from the first list to quiet; nothing is published."""

import asyncio
from collections.abc import Iterator, Sequence

from bench import controller, servers
from bench.controller import Object
from bench.figures import Figure

MEMBERS = 100
SERVICES = 500
SYNC_S, RSS_MIB, QUIET_PERCENT = 3.0, 500.0, 2.0
PATIENCE = 120.0
WATCHED = 10.0


async def run() -> Sequence[Figure]:
    """500 Services and 500 EndpointSlices a member. The emulators share one process, whose work is part of the time."""
    servers.need()
    async with controller.running((_objects() for _ in range(MEMBERS)), ()) as stage:
        # The settled event says how long the controller took from the start of its run.
        await stage.until(lambda: stage.event("settled"), "the controller to settle", PATIENCE)
        seconds = float((stage.event("settled") or {}).get("seconds", 0.0))
        spent = stage.cpu()
        await asyncio.sleep(5.0)
        cpu = stage.cpu()
        await asyncio.sleep(WATCHED)
        quiet = (stage.cpu() - cpu) / WATCHED * 100
        return (
            Figure(
                f"{MEMBERS} members x 1,000 objects: start to settled", seconds, "s", SYNC_S, note=f"controller CPU {spent:.1f} s"
            ),
            Figure("  resident memory of the controller", stage.rss_mib(), "MiB", RSS_MIB),
            Figure("  CPU when quiet", quiet, "% of a core", QUIET_PERCENT, note=f"over {WATCHED:g} s, heartbeats included"),
        )


def _objects() -> Iterator[Object]:
    for number in range(SERVICES):
        yield controller.service(f"svc-{number}")
        yield controller.endpoints(f"svc-{number}", ready=True)
