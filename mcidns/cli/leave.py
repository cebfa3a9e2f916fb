"""`mcidns leave`: undo `mcidns join`, where no host is put at risk by that; what it takes lives in joining/."""

import asyncio
from typing import Any, Final

import click

from mcidns.cli import pairing, sparing
from mcidns.cli.judging import console
from mcidns.cli.sparing import AtRisk
from mcidns.errors import McidnsError
from mcidns.joining.journal import Journal
from mcidns.joining.leave import Farewell, Leave, Left
from mcidns.joining.sides import SideUnreachable

EXAMPLES: Final = """Examples:

\b
  mcidns leave catania --host-context hub
  mcidns leave catania --dry-run             # who would be at risk, and what would be removed?
  mcidns leave catania --host-only           # the member is gone for good, or cannot be reached

Exit codes: 0 it has left (or would), 1 refused as hosts are at risk, or not all could be removed, 2 could not be done.
"""


@click.command(epilog=EXAMPLES)
@click.argument("cluster")
@click.option("--force", is_flag=True, help="Even where too few healthy clusters would be left.")
@click.option("--host-only", is_flag=True, help="Leave the member's cluster as it is, and tell what is left there.")
@click.option(
    "--delete-namespace", is_flag=True, help="Remove the member's namespace too, with all that is in it, if join made it."
)
@click.option("--no-wait", is_flag=True, help="Do not wait for mcidns to let the member go; for when it does not run.")
@pairing.options
def leave(cluster: str, **options: Any) -> int:
    """Let CLUSTER be a member no longer.

    Its Secret leaves the host, its addresses leave DNS, and then its account, its rights and its tokens leave the member.
    It is refused where a host would be left with fewer healthy clusters than its minHealthyClusters: nothing is changed then.
    """
    order = Farewell(
        cluster=cluster,
        namespace=options["namespace"],
        member_namespace=options["member_namespace"],
        with_namespace=options["delete_namespace"],
        timeout=0.0 if options["no_wait"] else pairing.seconds("--timeout", options["timeout"]),
        dry_run=options["dry_run"],
    )
    return asyncio.run(_leave(order, options))


async def _leave(order: Farewell, options: pairing.Options) -> int:
    journal = pairing.journal(options)
    at_risk: tuple[AtRisk, ...] = ()
    left: Left | None = None
    try:
        async with pairing.reached(order.cluster, options, with_member=not options["host_only"]) as pair:
            with pair.host.speaking():
                _, at_risk = await sparing.weigh(pair.host.client, order.cluster)
            if order.dry_run or options["force"] or not at_risk:
                left = await Leave(order, pair.host, pair.member, journal).run()
    except McidnsError as error:
        if isinstance(error, SideUnreachable) and "the member cluster" in str(error):
            click.echo("The host alone can be cleaned with --host-only.", err=True)
        return pairing.failed(error, journal, options, order.cluster)
    _show(order, journal, (at_risk, left), options)
    refused = bool(at_risk) and not options["force"]
    return 0 if left is not None and left.complete and not refused else pairing.INCOMPLETE


def _show(order: Farewell, journal: Journal, found: tuple[tuple[AtRisk, ...], Left | None], options: pairing.Options) -> None:
    at_risk, left = found
    refused = bool(at_risk) and not options["force"]
    if options["output"] == "json":
        more = {
            "complete": left is not None and left.complete and not refused,
            "refused": refused,
            "hostsAtRisk": sparing.listed(at_risk),
            "remaining": list(left.remaining) if left is not None else [],
        }
        pairing.show(journal, order.cluster, more)
        return
    if at_risk:
        console().print(sparing.table(at_risk))
    for command in left.remaining if left is not None else ():
        click.echo(f"left in the member:  {command}")
    click.echo(_sentence(order, left, refused=refused))


def _sentence(order: Farewell, left: Left | None, *, refused: bool) -> str:
    if refused:
        verb = "would be refused" if order.dry_run else "is refused, nothing was changed"
        return f"the leave of {order.cluster} {verb}: bring other clusters up first, or add --force"
    if order.dry_run:
        return "Nothing was changed."
    done = left is not None and left.complete
    return f"{order.cluster} is no member any more" if done else f"{order.cluster} has not left whole; see the warnings"
