"""`mcidns import external-dns`: a zone's records taken over from an ExternalDNS, as far as our objects wish for them."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from mcidns import rehearsal, takeover
from mcidns.cli import ground, hosting, plan
from mcidns.cli.judging import FINE, OUTPUT, PENDING, TROUBLE, Judging, console
from mcidns.errors import ConfigError
from mcidns.model.names import DnsName
from mcidns.model.secrets import Secret
from mcidns.model.zones import Affix, Encryption
from mcidns.program.adoption import Outcome
from mcidns.program.errands import Done, Errand
from mcidns.program.ownership import At
from mcidns.takeover import Row

EXAMPLES = """Examples:

\b
  mcidns import external-dns example-org                                   # look, write nothing
  mcidns import external-dns example-org --owner-id default --txt-prefix extdns- --apply
  mcidns import external-dns example-org -o json | jq '.records[] | select(.fate == "conflict")'

Write the GlobalHosts (or annotations) first: only names that an object here wishes for are adopted. Then stop ExternalDNS or take
those names out of its sources, and --apply. Exit codes: 0 nothing to do, 1 something conflicts, 2 there is something to adopt.
"""

_COLOURS: Final = {"adopt": "green", "no wish": "dim", "conflict": "red", "orphan": "yellow"}


@dataclass(frozen=True, slots=True)
class Found:
    """What the zone holds of the former owner, and what was done about it."""

    zone: str
    owner: str
    rows: tuple[Row, ...]
    done: tuple[Done, ...] = ()


@click.command("external-dns", cls=Judging, epilog=EXAMPLES)
@click.argument("zone")
@click.option("--owner-id", default="", help="Its --txt-owner-id; may be left out where the zone has one other owner.")
@click.option("--txt-prefix", default="", help="Its --txt-prefix.")
@click.option("--txt-suffix", default="", help="Its --txt-suffix.")
@click.option("--txt-wildcard-replacement", default="", help="Its --txt-wildcard-replacement.")
@click.option(
    "--txt-encrypt-aes-key-file", type=click.Path(dir_okay=False, path_type=Path), help="A file with its --txt-encrypt-aes-key."
)
@click.option("--apply", is_flag=True, help="Adopt; without it nothing is written.")
@click.option("--namespace", default="mcidns-system", show_default=True, help="The controller's own: its Secrets are read here.")
@click.option("--resolver", multiple=True, help="Name server for load balancers' names; default the system's.")
@click.option("--read-external-dns-annotations", is_flag=True, help="Read ExternalDNS's annotations as aliases of ours.")
@click.option("--wait", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds in which all must be read.")
@OUTPUT
@hosting.options
def external_dns(zone: str, *, output: str, **options: Any) -> int:
    """Take the records of ZONE over that ExternalDNS owns and our objects wish for.

    Reads its ownership TXTs in every form and says of each record by which object it would be adopted, which has no wish now, and
    what conflicts. Adopting puts our TXT in the place of ExternalDNS's in one write per name, and leaves the record as it is:
    what differs from the wish is changed by the controller afterwards (`mcidns plan` tells).
    """
    if options["txt_prefix"] and options["txt_suffix"]:
        raise ConfigError("--txt-suffix", "stands beside --txt-prefix", "give the one that ExternalDNS was started with")
    found = asyncio.run(_import(zone, options))
    if output == "json":
        click.echo(json.dumps(_json(found), indent=2))
    else:
        _show(found)
    if any(row.fate == "conflict" for row in found.rows) or any(one.failure or one.outcome.refused for one in found.done):
        return TROUBLE
    return PENDING if not options["apply"] and any(row.fate == "adopt" for row in found.rows) else FINE


async def _import(zone: str, options: dict[str, Any]) -> Found:
    affix = Affix(options["txt_prefix"], options["txt_suffix"], options["txt_wildcard_replacement"])
    async with ground.reached(zone, options | dict.fromkeys(ground.ALONE)) as here:
        errand = Errand(takeover.readable(here.zone, affix, _encryption(options["txt_encrypt_aes_key_file"])), here.provider)
        await errand.read()
        owner = takeover.former(errand, options["owner_id"])
        access = hosting.reach(options["kubeconfig"], options["context"])
        given = plan.settings({**options, "only": "both"})
        async with rehearsal.rehearsed(given, access, patience=options["wait"]) as app:
            wanted = app.programmer.wanted
            rows = takeover.assess(errand, owner, wanted, rehearsal.outlook(app).refusals)

            def adopted(name: DnsName, at: At) -> Outcome:
                return takeover.plan(errand, owner, wanted(name))(name, at)

            names = dict.fromkeys(row.key.name for row in rows if row.fate == "adopt")
            done = await errand.carry_out(names, adopted) if options["apply"] else []
        return Found(here.zone.name, owner, rows, tuple(done))


def _encryption(file: Path | None) -> Encryption | None:
    if file is None:
        return None
    try:
        return Encryption("", Secret(file.read_text().strip()))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError("--txt-encrypt-aes-key-file", f"{file}: {why}", "name a file that holds the key as text") from error


def _show(found: Found) -> None:
    screen = console()
    table = Table("FATE", "NAME", "TYPE", "WAS FOR", "BY", "VALUES", "WHY", box=None, pad_edge=False, header_style="bold")
    done = {one.outcome.name: one for one in found.done}
    for row in found.rows:
        told = done.get(row.key.name) if row.fate == "adopt" else None
        fate = "adopted" if told is not None and told.written else row.fate
        failure = "; ".join((told.failure, *told.outcome.refused)) if told is not None and not told.written else ""
        values = " ".join(row.values) if row.becomes in {(), row.values} else f"{' '.join(row.values)} -> {' '.join(row.becomes)}"
        cells = (row.key.name.relative, row.key.type, row.resource, str(row.wisher or ""), values, failure or row.why)
        table.add_row(Text(fate, style=_COLOURS[row.fate]), *map(Text, cells))
    screen.print(table if found.rows else f"Owner {found.owner} has nothing in zone {found.zone}.")
    counts = {fate: sum(row.fate == fate for row in found.rows) for fate in _COLOURS}
    screen.print(f"Owner {found.owner}: " + ", ".join(f"{count} {fate}" for fate, count in counts.items() if count) + ".")


def _json(found: Found) -> dict[str, Any]:
    written = {one.outcome.name for one in found.done if one.written}
    return {
        "zone": found.zone,
        "owner": found.owner,
        "records": [
            {
                "dnsName": row.key.name.relative,
                "recordType": row.key.type,
                "setIdentifier": row.key.set_identifier,
                "targets": list(row.values),
                "resource": row.resource,
                "fate": row.fate,
                "object": None if row.wisher is None else plan.spelled(row.wisher),
                "becomes": list(row.becomes),
                "why": row.why,
                "adopted": row.fate == "adopt" and row.key.name in written,
            }
            for row in found.rows
        ],
        "failures": [
            {"dnsName": one.outcome.name.relative, "message": "; ".join(filter(None, (one.failure, *one.outcome.refused)))}
            for one in found.done
            if not one.written
        ],
    }
