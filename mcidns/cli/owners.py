"""`mcidns owners`: who owns how many names of a zone, as its ownership TXTs say."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from mcidns.cli import ground
from mcidns.cli.judging import FINE, OUTPUT, Judging, console
from mcidns.program import adoption, epochs
from mcidns.program.adoption import Owned
from mcidns.program.epochs import Mark
from mcidns.program.errands import Errand

EXAMPLES = """Examples:

\b
  mcidns owners example-org                   # the DNSZone of this name, or of this domain
  mcidns owners example-org --names           # every record set with its owner
  mcidns owners example-org -o json
  mcidns owners example.org --provider rfc2136 --config dns.yaml --owner-id research-hub
"""


@click.command(cls=Judging, epilog=EXAMPLES)
@click.argument("zone")
@click.option("--names", is_flag=True, help="Every record set, not only how many.")
@OUTPUT
@ground.options
def owners(zone: str, *, names: bool, output: str, **options: Any) -> int:
    """Tell who owns how many names of ZONE.

    An ownership TXT whose record is gone is counted as an orphan. Records of nobody are those without an ownership TXT. The TXT
    that says who leads (docs/high-availability.md) is told of by itself.
    """
    us, found, fences = asyncio.run(_count(zone, options))
    if output == "json":
        click.echo(json.dumps(_json(us, found, fences, names=names), indent=2))
    else:
        _show(us, found, names=names)
        for one in fences:
            click.echo(f"Owner {one.owner} writes with epoch {one.epoch}, held by {one.holder}.")
    return FINE


async def _count(zone: str, options: ground.Options) -> tuple[tuple[str, ...], tuple[Owned, ...], tuple[Mark, ...]]:
    async with ground.reached(zone, options) as here:
        errand = Errand(here.zone, here.provider)
        await errand.read()
        marks = (epochs.standing(here.zone.domain, errand.at(name)) for name in errand.names)
        fences = tuple(mark for mark in marks if mark is not None)
        return errand.rules.names.owners, adoption.census(errand.rules, errand.names, errand.at), fences


def _by_owner(found: Iterable[Owned]) -> dict[str, list[Owned]]:
    groups: dict[str, list[Owned]] = {}
    for one in found:
        groups.setdefault(one.owner, []).append(one)
    return dict(sorted(groups.items(), key=lambda item: (item[0] == "", item[0])))


def _counts(group: list[Owned]) -> tuple[int, int, int]:
    records = [one for one in group if not one.orphan]
    return len({one.key.name for one in records}), len(records), len(group) - len(records)


def _show(us: tuple[str, ...], found: tuple[Owned, ...], *, names: bool) -> None:
    screen = console()
    if names:
        table = Table("NAME", "TYPE", "OWNER", "OBJECT", "VALUES", box=None, pad_edge=False, header_style="bold")
        for one in found:
            values = "(no record)" if one.orphan else " ".join(one.values)
            cells = (one.key.name.relative, one.key.type, one.owner or "(nobody)", one.resource, values)
            table.add_row(*map(Text, cells), style="yellow" if one.orphan else "")
    else:
        table = Table("OWNER", "", "NAMES", "RECORDS", "ORPHANS", box=None, pad_edge=False, header_style="bold")
        for owner, group in _by_owner(found).items():
            counts = map(str, _counts(group))
            table.add_row(Text(owner or "(nobody)"), "us" if owner in us else "", *counts, style="green" if owner in us else "")
    screen.print(table if found else "The zone holds nothing that could be owned.")


def _json(us: tuple[str, ...], found: tuple[Owned, ...], fences: tuple[Mark, ...], *, names: bool) -> dict[str, Any]:
    rows = []
    for owner, group in _by_owner(found).items():
        hosts, records, orphans = _counts(group)
        rows.append({"owner": owner, "us": owner in us, "names": hosts, "records": records, "orphans": orphans})
    epochs_ = [{"owner": one.owner, "epoch": one.epoch, "holder": one.holder} for one in fences]
    told: dict[str, Any] = {"ownerID": us[0], "owners": rows, "epochs": epochs_}
    if names:
        told["records"] = [
            {
                "dnsName": one.key.name.relative,
                "recordType": one.key.type,
                "setIdentifier": one.key.set_identifier,
                "targets": list(one.values),
                "owner": one.owner,
                "resource": one.resource,
                "orphan": one.orphan,
                "encrypted": one.sealed,
            }
            for one in found
        ]
    return told
