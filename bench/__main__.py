"""`python -m bench [NAME...]`: runs the budgets and prints what was measured; the measuring itself is in a module each."""

import asyncio
import contextlib
import cProfile
import gc
import os
import platform
import pstats
import sys
from collections.abc import Iterator, Sequence

import click
from rich.console import Console

from bench import deciding, designate, figures, fleet, latency, probing, region_loss, resync, sync, transfer, webhook
from bench.figures import Benchmark, Outcome, Skipped
from mcidns import runtime
from mcidns.emulator import StatusError

ALL: dict[str, Benchmark] = {
    "decide": deciding.run,
    "axfr": transfer.run,
    "first-sync": sync.run,
    "designate": designate.run,
    "quiet-resync": resync.run,
    "latency": latency.run,
    "region-loss": region_loss.run,
    "members": fleet.run,
    "probes": probing.run,
    "webhook": webhook.run,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(ALL)))
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--strict", is_flag=True, help="Exit with 1 when a budget is missed.")
@click.option("--profile", type=int, default=0, metavar="N", help="Show the N functions that took most time in this process.")
def main(names: Sequence[str], output: str, profile: int, *, strict: bool) -> None:
    """Measure the budgets NAMES, or all of them. Exit code 0 even when one is missed (but see --strict), 2 when one breaks."""
    console = Console(stderr=output == "json", width=None if sys.stdout.isatty() else 200)
    outcomes = []
    runtime.tune()  # as `mcidns run` does
    console.print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}", style="dim")
    for name in names or ALL:
        console.print(f"running {name} …", style="dim")
        with _profiled(profile):
            outcomes.append(asyncio.run(_outcome(name)))
        figures.show(console, outcomes[-1])
        gc.collect()
    if output == "json":
        print(figures.as_json(outcomes))
    missed = any(one.met is False for outcome in outcomes for one in outcome.figures)
    if any(outcome.broken for outcome in outcomes):
        raise SystemExit(2)
    raise SystemExit(1 if strict and missed else 0)


async def _outcome(name: str) -> Outcome:
    try:
        return Outcome(name, tuple(await ALL[name]()))
    except Skipped as skipped:
        return Outcome(name, skipped=str(skipped))
    except (OSError, RuntimeError, TypeError, ValueError, StatusError) as error:
        # The others are measured all the same; the exit code tells.
        return Outcome(name, broken=f"{type(error).__name__}: {error}")


@contextlib.contextmanager
def _profiled(lines: int) -> Iterator[None]:
    if not lines:
        yield
        return
    profile = cProfile.Profile()
    try:
        with profile:
            yield
    finally:
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(lines)


if __name__ == "__main__":
    main()
