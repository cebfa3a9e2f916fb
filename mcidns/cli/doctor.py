"""`mcidns doctor`: what is wrong with an installation, why it matters, and the command that mends it."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mcidns.cli import hosting
from mcidns.cli.judging import FINE, TROUBLE, Judging, console
from mcidns.doctor.examination import Options, examine
from mcidns.doctor.findings import Group, Result, State
from mcidns.doctor.outside import Asker
from mcidns.hub import local
from mcidns.hub.local import Local
from mcidns.observe import resolver

EXAMPLES = """Examples:

\b
  mcidns doctor                                      # everything that can be looked at without writing
  mcidns doctor --probe-write                        # and whether zones may be written, by a TXT that is removed again
  mcidns doctor --resolver 9.9.9.9                   # delegation as this resolver sees it
  mcidns doctor --no-outside                         # private zones, that nobody outside knows
  mcidns doctor --as system:serviceaccount:mcidns-system:dns-mcidns
  mcidns doctor -o json | jq -r '.findings[] | .remedy'
  kubectl -n mcidns-system exec deploy/dns-mcidns -- mcidns doctor    # with the controller's own rights and way

Exit codes: 0 no problems, 1 problems; with --strict warnings count too. What may not be seen is told as "not checked".
"""

_COLOURS: Final[dict[State, str]] = {"ok": "green", "warning": "yellow", "problem": "bold red", "not checked": "dim"}
_TITLES: Final = {
    Group.HOST: "HOST CLUSTER",
    Group.MEMBER: "MEMBERS",
    Group.PROVIDER: "PROVIDERS",
    Group.ZONE: "ZONES",
    Group.HOSTS: "HOSTS",
}
_SHOWN: Final = 20
"""Checks of a group that are well and shown one by one; beyond that they are counted."""


@click.command(cls=Judging, epilog=EXAMPLES)
@click.option("--namespace", default="mcidns-system", show_default=True, help="The controller's own: its Secrets are read here.")
@click.option("--as", "account", default="", help="Whose rights to check; default the service account of mcidns' Deployment.")
@click.option(
    "--only",
    type=click.Choice(["both", "decide", "program"]),
    default=None,
    help="The half that runs, whose rights are checked; default as its Deployment says, else both.",
)
@click.option("--probe-write", is_flag=True, help="Prove the right to write each zone by a TXT at _mcidns-doctor, removed again.")
@click.option("--resolver", multiple=True, help="Resolver (host or host:port) for what is seen from outside; default the system's.")
@click.option("--no-outside", is_flag=True, help="Ask nothing of DNS from outside: for private zones.")
@click.option("--dns-port", default=53, show_default=True, type=click.IntRange(1, 65535), help="Where name servers listen.")
@click.option("--clusterprofile-provider-file", default="", help="As in mcidns run.")
@click.option("--members-from-kubeconfig", default="", metavar="FILE[:CONTEXT,…]", help="As in mcidns run.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds for each check.")
@click.option("--strict", is_flag=True, help="Warnings count as problems for the exit code.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@hosting.options
def doctor(*, output: str, strict: bool, **options: Any) -> int:
    """Look at a whole installation and tell what is wrong, why it matters, and the command that mends it.

    Looks at CRDs, rights, clocks, members, credentials, DNS back ends, zones from inside and outside, rival writers and every
    claim. Nothing is written but for --probe-write. Runs with whatever rights you have.
    """
    logging.getLogger("mcidns").addHandler(logging.NullHandler())  # what matters of it is among the findings
    access = hosting.reach(options["kubeconfig"], options["context"])
    screen = Console(stderr=True)
    with screen.status("reading the host cluster") as status:
        found = asyncio.run(
            examine(access, _options(options), lambda what, done, begun: status.update(f"{done} of {begun} checks: {what}"))
        )
    if output == "json":
        click.echo(json.dumps(_json(found), indent=2))
    else:
        _show(found)
    states = {one.state for one in found}
    return TROUBLE if "problem" in states or (strict and "warning" in states) else FINE


def _options(given: dict[str, Any]) -> Options:
    for text in given["resolver"]:
        resolver.address(text)
    asker = None if given["no_outside"] else Asker(given["resolver"], given["dns_port"])
    return Options(
        namespace=given["namespace"],
        account=given["account"],
        only=given["only"],
        timeout=given["timeout"],
        request=min(10.0, given["timeout"]),
        probe_write=given["probe_write"],
        asker=asker,
        local=_local(given["clusterprofile_provider_file"], given["members_from_kubeconfig"]),
    )


def _local(providers: str, contexts: str) -> Local:
    found = local.read_contexts(contexts) if contexts else {}
    return Local(local.read_providers(Path(providers).expanduser()) if providers else (), found)


def _show(found: Iterable[Result]) -> None:
    screen = console()
    results = tuple(found)
    for group in Group:
        mine = [one for one in results if one.group is group]
        if mine:
            screen.print(_TITLES[group], style="bold", markup=False)
            screen.print(_table(mine))
    counts = Counter(one.state for one in results)
    told = ", ".join(f"{counts[state]} {state}" for state in _COLOURS if counts[state])
    screen.print(f"{len(results)} checks: {told}.", markup=False)


def _table(results: list[Result]) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 2))
    well = [one for one in results if one.state == "ok"]
    for one in results:
        if one.state == "ok" and len(well) > _SHOWN:
            continue
        state = Text(one.state, style=_COLOURS[one.state])
        name = " ".join(part for part in (one.subject, one.check) if part)
        if not one.outcome.findings:
            table.add_row(state, Text(name), Text(one.unchecked or one.outcome.note, style="dim"))
        for finding in one.outcome.findings:
            shown = Text(finding.rule.severity, style=_COLOURS[finding.rule.severity])
            table.add_row(shown, Text(name), Text(f"{finding.rule.name}: {finding.what}"))
            table.add_row("", "", Text(f"why: {finding.why}", style="dim"))
            table.add_row("", "", Text(f"fix: {finding.remedy}", style="cyan"))
    if len(well) > _SHOWN:
        table.add_row(Text("ok", style=_COLOURS["ok"]), Text(f"{len(well)} checks"), "")
    return table


def _json(found: Iterable[Result]) -> dict[str, Any]:
    results = tuple(found)
    return {
        "checks": [
            {
                "group": str(one.group),
                "subject": one.subject,
                "check": one.check,
                "state": one.state,
                "note": one.outcome.note,
                "notChecked": one.unchecked,
            }
            for one in results
        ],
        "findings": [
            {
                "rule": finding.rule.name,
                "severity": finding.rule.severity,
                "group": str(one.group),
                "subject": one.subject,
                "check": one.check,
                "what": finding.what,
                "why": finding.why,
                "remedy": finding.remedy,
            }
            for one in results
            for finding in one.outcome.findings
        ],
    }
