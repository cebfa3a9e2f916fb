"""`mcidns get`: tables that answer "is it fine?"; what is in them was written by the controller."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import click
import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mcidns import account
from mcidns.account import HostAccount
from mcidns.cli import hosting, lookup
from mcidns.hub import globalhost, times
from mcidns.hub.fields import Fields
from mcidns.hub.unreadable import Unreadable
from mcidns.kube import kinds
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient, Object

EXAMPLES = """Examples:

\b
  mcidns get hosts                     # every name, and whether it is fine
  mcidns get targets                   # every cluster of every host, with its verdict
  mcidns get targets www.example.org
  mcidns get clusters                  # the fleet
  mcidns get zones -o yaml

Exit codes: 0 everything shown is fine, 1 something is not, 2 could not be told.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: its cells by heading, and whether it is fine."""

    cells: Mapping[str, str]
    fine: bool


@dataclass(frozen=True, slots=True)
class Read:
    """The objects a table is made of."""

    hosts: Sequence[Object]
    members: Sequence[Object]
    zones: Sequence[Object]
    now: float


@click.command(epilog=EXAMPLES)
@click.argument("what", type=click.Choice(["hosts", "targets", "clusters", "zones"]))
@click.argument("host", required=False)
@click.option("-o", "--output", type=click.Choice(["table", "json", "yaml"]), default="table", show_default=True)
@hosting.options
def get(what: str, host: str | None, *, output: str, **options: str) -> int:
    """Show WHAT there is, and whether it is fine; `hosts` and `targets` of one HOST if it is given."""
    access = hosting.reach(options["kubeconfig"], options["context"])
    read = asyncio.run(_read(access))
    if host is not None and what in ("hosts", "targets"):
        read = Read((lookup.host(host, read.hosts),), read.members, read.zones, read.now)
    rows = _TABLES[what](read)
    if output == "table":
        _show(rows, what)
    else:
        found = [asdict(row) for row in rows]
        click.echo(json.dumps(found, indent=2) if output == "json" else yaml.safe_dump(found, sort_keys=False), nl=output == "json")
    return 0 if all(row.fine for row in rows) else 1


async def _read(access: Access) -> Read:
    async with KubeClient(access) as client:
        listed = [await client.list(kind) for kind in (kinds.GLOBAL_HOST, kinds.MEMBER_CLUSTER, kinds.DNS_ZONE)]
    hosts, members, zones = (sorted(found, key=lookup.ref) for found in listed)
    return Read(hosts, members, zones, time.time())


def _accounts(read: Read) -> list[tuple[Object, HostAccount | None]]:
    members = {lookup.ref(one)[1]: one for one in read.members}
    found: list[tuple[Object, HostAccount | None]] = []
    for obj in read.hosts:
        host = globalhost.parse(obj)
        found.append((obj, None if isinstance(host, Unreadable) else account.of(host, obj, members, read.now)))
    return found


def _hosts(read: Read) -> list[Row]:
    rows = []
    for obj, found in _accounts(read):
        namespace, name = lookup.ref(obj)
        state = _states(obj)
        serving = sum(target.serves for target in found.targets) if found is not None else 0
        cells = {
            "NAMESPACE": namespace,
            "NAME": name,
            "HOSTNAMES": ", ".join(dict.fromkeys(one.name for one in found.names)) if found is not None else "",
            "TARGETS": f"{serving}/{len(found.targets)}" if found is not None else "",
            "HEALTHY": state.get("Healthy", ""),
            "PROGRAMMED": state.get("Programmed", ""),
            "SAYS": _worst(obj),
        }
        rows.append(Row(cells, found is not None and state.get("Healthy") == "True" and state.get("Programmed") == "True"))
    return rows


def _targets(read: Read) -> list[Row]:
    return [
        Row(
            {
                "HOST": "/".join(lookup.ref(obj)),
                "CLUSTER": target.cluster,
                "REGION": target.region,
                "ADDRESSES": ", ".join(target.addresses),
                "VERDICT": target.verdict,
                "SERVES": "yes" if target.serves else "no",
                "FOR": "" if target.age is None else times.span(target.age),
                "SAYS": target.message,
            },
            target.serves or target.eligible,
        )
        for obj, found in _accounts(read)
        if found is not None
        for target in found.targets
    ]


def _clusters(read: Read) -> list[Row]:
    rows = []
    for obj in read.members:
        spec, state = Fields(obj, "", []).child("spec"), _states(obj)
        status = Fields(obj, "", []).child("status")
        cells = {
            "NAME": lookup.ref(obj)[1],
            "REGION": spec.text("region"),
            "REACHABLE": state.get("Reachable", ""),
            "SYNCED": state.get("Synced", ""),
            "DRAINED": state.get("Drained", ""),
            "VERSION": status.text("version"),
            "SAYS": _worst(obj),
        }
        rows.append(Row(cells, state.get("Reachable") == "True" and state.get("Synced") == "True"))
    return rows


def _zones(read: Read) -> list[Row]:
    rows = []
    for obj in read.zones:
        spec, status, state = Fields(obj, "", []).child("spec"), Fields(obj, "", []).child("status"), _states(obj)
        cells = {
            "NAME": lookup.ref(obj)[1],
            "DOMAIN": spec.text("domain"),
            "READY": state.get("Ready", ""),
            "HELD": state.get("PlanHeld", ""),
            **{key.upper(): str(status.raw(key) if status.has(key) else "") for key in ("serial", "owned", "foreign")},
            "SAYS": _worst(obj),
        }
        rows.append(Row(cells, state.get("Ready") == "True" and state.get("PlanHeld") != "True"))
    return rows


_TABLES: Mapping[str, Callable[[Read], list[Row]]] = {
    "hosts": _hosts,
    "targets": _targets,
    "clusters": _clusters,
    "zones": _zones,
}


def _conditions(obj: Object) -> tuple[Fields, ...]:
    return Fields(obj, "", []).child("status").children("conditions")


def _states(obj: Object) -> dict[str, str]:
    return {one.text("type"): one.text("status") for one in _conditions(obj)}


def _worst(obj: Object) -> str:
    """What the first condition that is not as it should be says; empty where all are."""
    for one in _conditions(obj):
        wanted = "False" if one.text("type") in ("FailOpen", "PlanHeld", "Drained", "Duplicate", "CredentialsExpiring") else "True"
        if one.text("status") != wanted:
            return f"{one.text('reason')}: {one.text('message')}"
    return ""


def _show(rows: Sequence[Row], what: str) -> None:
    console = Console(highlight=False)
    if not rows:
        console.print(f"there are no {what}")
        return
    table = Table(*rows[0].cells, box=None, padding=(0, 2), header_style="bold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row.cells.values()), style=None if row.fine else "red")
    console.print(table)
