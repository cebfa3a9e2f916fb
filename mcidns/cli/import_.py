"""`mcidns import`: what another controller left behind, taken over; dry unless told otherwise."""

import asyncio
import json

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mcidns import migration
from mcidns.cli import hosting
from mcidns.cli.import_external_dns import external_dns
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient
from mcidns.migration import Former, Report
from mcidns.model.zones import Affix

PENDING = 2
IN_NEED = 1
WIDE = 240

EXAMPLES = """Examples:

\b
  mcidns import kubefed                                                  # look, write nothing
  mcidns import kubefed --owner-id my-identifier --txt-prefix cname      # what taking ExternalDNS's records over needs
  mcidns import kubefed --owner-id my-identifier --txt-prefix cname --apply
  mcidns import kubefed -o json

Exit codes: 0 nothing to do, 1 some object is not served as it stands, 2 there is something to write (--apply writes it).
"""

_COLOURS = {"unchanged": "green", "in part": "yellow", "not served": "red", "left behind": "yellow", "no record": "dim"}


@click.group("import")
def import_() -> None:
    """Take over from another controller."""


import_.add_command(external_dns)


@import_.command(epilog=EXAMPLES)
@click.option("--kubefed-namespace", default="kube-federation-system", show_default=True, help="Where KubeFed has its Domains.")
@click.option("--owner-id", default="", help="The --txt-owner-id of the ExternalDNS that programmed for KubeFed.")
@click.option("--txt-prefix", default="", help="Its --txt-prefix.")
@click.option("--txt-suffix", default="", help="Its --txt-suffix.")
@click.option("--apply", is_flag=True, help="Write what is needed; without it nothing is written.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@hosting.options
def kubefed(**options: object) -> int:
    """Say what becomes of KubeFed's DNS objects, and take the records over that ExternalDNS wrote for them.

    Domain, ServiceDNSRecord and IngressDNSRecord work unchanged, so none of them is written. What may need a write is a DNSZone: to
    own the records that ExternalDNS wrote it must bear that one's owner id and read its TXT names.
    """
    former = Former(str(options["owner_id"]), Affix(str(options["txt_prefix"]), str(options["txt_suffix"])))
    if former.affix.prefix and former.affix.suffix:
        raise click.UsageError("ExternalDNS has --txt-prefix or --txt-suffix, not both; give the one that it was started with")
    place = hosting.reach(str(options["kubeconfig"]), str(options["context"]))
    applying = bool(options["apply"])
    report = asyncio.run(_run(place, str(options["kubefed_namespace"]), former, applying=applying))
    if options["output"] == "json":
        click.echo(json.dumps({**msgspec.to_builtins(report), "applied": applying and bool(report.writes)}, indent=2))
    else:
        _show(report, applied=applying)
    return _code(report, applied=applying)


async def _run(place: Access, home: str, former: Former, *, applying: bool) -> Report:
    async with KubeClient(place) as client:
        report = migration.assess(await migration.read(client), home, former)
        if applying:
            await migration.apply(client, report)
        return report


def _code(report: Report, *, applied: bool) -> int:
    if report.writes and not applied:
        return PENDING
    return IN_NEED if any(one.outcome in {"in part", "not served"} for one in report.findings) else 0


def _show(report: Report, *, applied: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = WIDE  # nobody wants half a name in a file or behind grep
    table = Table("OBJECT", "BECOMES", "NAMES", "WHY", box=None, pad_edge=False, header_style="bold")
    for one in report.findings:
        colour = _COLOURS[one.outcome]
        cells = (str(one.ref), "\n".join(one.names), "\n".join(one.told))
        ref, names, told = map(Text, cells)  # what users wrote is no markup
        table.add_row(ref, Text(one.outcome, style=colour), names, told)
    console.print(table if report.findings else "There are no KubeFed DNS objects.")
    for takeover in report.takeovers:
        done = "" if not takeover.patch else " (written)" if applied else " (--apply writes it)"
        console.print(f"DNSZone {takeover.zone}: {takeover.told}{done}", markup=False)
    for advice in report.advice:
        console.print(f"- {advice}", markup=False)
