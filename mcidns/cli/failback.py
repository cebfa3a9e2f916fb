"""`mcidns failback`: let clusters that are held back serve again; who is held back, and what follows, the controller decides."""

import asyncio
import json
from dataclasses import dataclass

import click
from rich.console import Console
from rich.table import Table

from mcidns.cli import hosting, lookup
from mcidns.hub import globalhost, times
from mcidns.kube import kinds
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient
from mcidns.model.decisions import Remembered, Role

EXAMPLES = """Examples:

\b
  mcidns failback shop/web                  # by namespace and name
  mcidns failback www.example.org           # by a hostname it serves
  mcidns failback web --dry-run             # who is held back, and since when?
  mcidns failback web -o json

\b
The same with kubectl, with the clock of the machine it runs on:
  kubectl -n shop annotate ghost web mcidns.io/failback=$(date -u +%FT%TZ) --overwrite

Exit codes: 0 asked for (or nothing is held back), 2 could not be done.
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The host, who is held back there, and whether it was asked for."""

    namespace: str
    name: str
    held: tuple[Remembered, ...]
    done: bool


@click.command(epilog=EXAMPLES)
@click.argument("host")
@click.option("--dry-run", is_flag=True, help="Only tell who is held back.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@hosting.options
def failback(host: str, *, dry_run: bool, output: str, **options: str) -> int:
    """Let the clusters that failback holds back serve HOST again.

    HOST is a GlobalHost, as NAMESPACE/NAME or NAME, or a hostname it serves. With routing.failover.failback.mode Manual this is
    the only way back while the others are well; with a delay it ends the delay. It holds for clusters held back by now: after
    the next failure it has to be asked for again.
    """
    access = hosting.reach(options["kubeconfig"], options["context"])
    _show(asyncio.run(_failback(access, host, dry_run=dry_run)), output, dry_run=dry_run)
    return 0


async def _failback(access: Access, host: str, *, dry_run: bool) -> Outcome:
    async with KubeClient(access) as client:
        found = lookup.host(host, await client.list(kinds.GLOBAL_HOST))
        namespace, name = lookup.ref(found)
        held = tuple(one for one in globalhost.memory(found).clusters if one.role == Role.HELD_BACK and one.role_since is not None)
        if held and not dry_run:
            # The controller's own times, so that the clock of this machine does not matter.
            asked = times.render(max(one.role_since or 0.0 for one in held))
            await client.patch(kinds.GLOBAL_HOST, namespace, name, {"metadata": {"annotations": {globalhost.FAILBACK: asked}}})
    return Outcome(namespace, name, held, bool(held) and not dry_run)


def _show(outcome: Outcome, output: str, *, dry_run: bool) -> None:
    held = [(one.cluster, one.region, times.render(one.role_since or 0.0)) for one in outcome.held]
    if output == "json":
        rows = [{"cluster": cluster, "region": region, "heldBackSince": since} for cluster, region, since in held]
        found = {"namespace": outcome.namespace, "name": outcome.name, "changed": outcome.done, "dryRun": dry_run, "heldBack": rows}
        click.echo(json.dumps(found, indent=2))
        return
    console = Console(highlight=False)
    ref = f"{outcome.namespace}/{outcome.name}"
    if not held:
        console.print(f"{ref}: no cluster is held back; nothing to do", soft_wrap=True, markup=False)
        return
    table = Table("cluster", "region", "held back since")
    for row in held:
        table.add_row(*row)
    console.print(table)
    said = "would be asked to serve again" if dry_run else "may serve again; `kubectl get ghost` shows when they do"
    console.print(f"{ref}: {', '.join(cluster for cluster, _, _ in held)} {said}", soft_wrap=True, markup=False)
