"""`mcidns plan`: what the controller would change in DNS now, and why; nothing is written anywhere."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import click
import msgspec
from rich.table import Table
from rich.text import Text

from mcidns import rehearsal
from mcidns.cli import hosting
from mcidns.cli.judging import FINE, OUTPUT, PENDING, TROUBLE, Judging, console
from mcidns.model.records import RecordSet
from mcidns.model.references import ObjectRef
from mcidns.rehearsal import Action, Line, Outlook
from mcidns.settings import Settings
from mcidns.webhook import endpoints

EXAMPLES = """Examples:

\b
  mcidns plan
  mcidns plan --zone example-org --ownership         # the ownership TXTs too
  mcidns plan -o json | jq '.delete[] | {dnsName, reason}'
  mcidns plan --wait 120                             # many members, or slow ones

Exit codes: 0 nothing would change, 2 something would, 1 some zone could not be planned.
"""

_COLOURS: Final[dict[Action, str]] = {"create": "green", "update": "yellow", "delete": "red"}
_SIGNS: Final = {"create": "+ create", "update": "~ update", "delete": "- delete"}


@click.command(cls=Judging, epilog=EXAMPLES)
@click.option("--zone", "zones", multiple=True, help="Only this DNSZone; may be given several times.")
@click.option("--ownership", is_flag=True, help="Show changes of ownership TXTs as well (JSON always does).")
@click.option("--namespace", default="mcidns-system", show_default=True, help="The controller's own: its Secrets are read here.")
@click.option("--resolver", multiple=True, help="Name server (host or host:port) for load balancers' names; default the system's.")
@click.option("--read-external-dns-annotations", is_flag=True, help="Read ExternalDNS's annotations as aliases of ours.")
@click.option("--only", type=click.Choice(["both", "program"]), default="both", show_default=True, help="As in mcidns run.")
@click.option("--wait", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds in which all must be read.")
@OUTPUT
@hosting.options
def plan(*, zones: tuple[str, ...], ownership: bool, output: str, **options: Any) -> int:
    """Print the difference between what is wished now and what DNS holds, with the cause of each change.

    Runs the controller's own code once: it reads the host, every member and every zone, asks the probes, decides and plans. It
    writes neither to DNS nor to the host's API, and needs no right to. What the guard would hold, and what objects ask for in
    vain, is shown too.
    """
    found = _chosen(asyncio.run(look(settings(options), options)), zones)
    if output == "json":
        click.echo(json.dumps(_json(found), indent=2))
    else:
        _show(found, ownership=ownership)
    for trouble in found.troubles:
        click.echo(f"Error: {trouble}", err=True)
    if found.troubles:
        return TROUBLE
    return PENDING if found.lines else FINE


def settings(options: dict[str, Any]) -> Settings:
    """Those of a controller that only looks."""
    return Settings(
        only=options["only"],
        namespace=options["namespace"],
        resolvers=options["resolver"],
        read_external_dns=options["read_external_dns_annotations"],
    )


async def look(given: Settings, options: dict[str, Any]) -> Outlook:
    """Rehearse. Raises what keeps the controller from having planned everything."""
    logging.getLogger("mcidns").addHandler(logging.NullHandler())  # what matters of it is in the outlook
    access = hosting.reach(options["kubeconfig"], options["context"])
    async with rehearsal.rehearsed(given, access, patience=options["wait"]) as app:
        return rehearsal.outlook(app)


def _chosen(found: Outlook, names: tuple[str, ...]) -> Outlook:
    if not names:
        return found
    known = {one.zone.name for one in found.zones}
    for name in names:
        if name not in known:
            raise click.BadParameter(f"there is no DNSZone {name!r}; use one of {', '.join(sorted(known)) or '(none)'}")
    return Outlook(
        tuple(line for line in found.lines if line.zone in names),
        found.refusals,
        tuple(one for one in found.zones if one.zone.name in names),
    )


def _show(found: Outlook, *, ownership: bool) -> None:
    screen = console()
    shown = [line for line in found.lines if ownership or not _is_beside(line, found.lines)]
    if shown:
        table = Table("CHANGE", "NAME", "TYPE", "FROM", "TO", "BY", "WHY", box=None, pad_edge=False, header_style="bold")
        for line in shown:
            sign = Text(_SIGNS[line.action] + (" (held)" if line.held else ""), style=_COLOURS[line.action])
            key, by = line.edit.key, ", ".join(map(str, line.objects))
            name = f"{key.name.relative} [{key.set_identifier}]" if key.set_identifier else key.name.relative
            cells = (name, key.type, _values(line.edit.old), _values(line.edit.new), by, line.reason)
            table.add_row(sign, *map(Text, cells))
        screen.print(table)
    for one in found.zones:
        if one.held is not None:
            screen.print(f"zone {one.zone.name} holds this: {one.held.message}", style="magenta", markup=False)
    for refusal in found.refusals:
        where = f" {refusal.name}" if refusal.name else ""
        screen.print(f"{refusal.source}{where}: {refusal.reason}: {refusal.message}", style="red", markup=False)
    counts = Counter(line.action for line in found.lines if not line.is_ownership)
    marks = sum(line.is_ownership for line in found.lines)
    told = ", ".join(f"{counts[action]} to {action}" for action in _COLOURS if counts[action])
    beside = f"{marks} ownership TXT{'' if marks == 1 else 's'}" if marks else ""
    screen.print(f"Plan: {' and '.join(text for text in (told, beside) if text) or 'nothing to change'}.", markup=False)


def _is_beside(line: Line, lines: Iterable[Line]) -> bool:
    """Whether the line is an ownership TXT whose record changes as well."""
    return line.is_ownership and any(other.host == line.host and not other.is_ownership for other in lines)


def _values(records: RecordSet | None) -> str:
    return "" if records is None else f"{' '.join(records.values)} ({records.ttl} s)"


def _json(found: Outlook) -> dict[str, Any]:
    """The webhook's shape of changes, each endpoint with its cause beside it."""
    told: dict[str, Any] = {"create": [], "updateOld": [], "updateNew": [], "delete": []}
    for line in found.lines:
        match line.action:
            case "create":
                told["create"].append(_endpoint(line, line.edit.new))
            case "delete":
                told["delete"].append(_endpoint(line, line.edit.old))
            case "update":
                told["updateOld"].append(_endpoint(line, line.edit.old))
                told["updateNew"].append(_endpoint(line, line.edit.new))
    told["held"] = [
        {
            "zone": one.zone.name,
            "digest": one.held.digest,
            "names": [name.relative for name in one.held.names],
            "message": one.held.message,
        }
        for one in found.zones
        if one.held is not None
    ]
    told["refused"] = [
        {"object": spelled(one.source), "dnsName": one.name, "reason": one.reason, "message": one.message} for one in found.refusals
    ]
    told["errors"] = list(found.troubles)
    return told


def _endpoint(line: Line, records: RecordSet | None) -> dict[str, Any]:
    shape: dict[str, Any] = {} if records is None else msgspec.to_builtins(endpoints.endpoint(records))
    return {
        **shape,
        "zone": line.zone,
        "owner": line.owner,
        "objects": [spelled(ref) for ref in line.objects],
        "cluster": ",".join(line.clusters),
        "reason": line.reason,
        "held": line.held,
    }


def spelled(ref: ObjectRef) -> dict[str, str]:
    """An object in JSON."""
    return {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name}
