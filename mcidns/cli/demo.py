"""`mcidns demo`."""

import asyncio

import click
from rich.console import Console

from mcidns.demo import performance


@click.command(epilog="Examples:\n\n  mcidns demo\n\n  mcidns demo --hold    # then look around with kubectl and dig")
@click.option("--hold", is_flag=True, help="Keep everything running afterwards and print the kubeconfigs.")
def demo(*, hold: bool) -> int:
    """Play the main job on this machine: no cluster, no root, one minute at most.

    A host and three member clusters are emulated API servers on real sockets, the name server takes signed RFC 2136 updates,
    and the controller is the very `mcidns run`. Regions fail and come back; each step is verified by a DNS query. The exit
    code is 0 only if every step was right.
    """
    return asyncio.run(performance.perform(Console(), hold=hold))
