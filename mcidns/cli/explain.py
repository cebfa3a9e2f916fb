"""`mcidns explain`: why each target of a host is served or not; the words come from the controller's one Decision."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import asdict

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mcidns import account
from mcidns.account import HostAccount, Signal, TargetAccount
from mcidns.cli import hosting, lookup
from mcidns.errors import ConfigError
from mcidns.hub import globalhost, times
from mcidns.hub.unreadable import Unreadable
from mcidns.kube import kinds
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient, Object

EXAMPLES = """Examples:

\b
  mcidns explain shop/web              # by namespace and name
  mcidns explain www.example.org       # by a hostname it serves
  mcidns explain web -o json | jq '.targets[] | select(.serves | not)'

Exit codes: 0 every target serves, 1 at least one does not, 2 could not be told.
"""


@click.command(epilog=EXAMPLES)
@click.argument("host")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@hosting.options
def explain(host: str, *, output: str, **options: str) -> int:
    """Say why each target of HOST is in DNS or not: signals with their ages, the rule that decided, what would change it.

    HOST is a GlobalHost, as NAMESPACE/NAME or NAME, or a hostname it serves.
    """
    access = hosting.reach(options["kubeconfig"], options["context"])
    found = asyncio.run(_account(access, host))
    if output == "json":
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        _show(found)
    return 0 if found.targets and all(target.serves for target in found.targets) else 1


async def _account(access: Access, called: str) -> HostAccount:
    async with KubeClient(access) as client:
        obj = lookup.host(called, await client.list(kinds.GLOBAL_HOST))
        members: Mapping[str, Object] = {lookup.ref(one)[1]: one for one in await client.list(kinds.MEMBER_CLUSTER)}
    host = globalhost.parse(obj)
    if isinstance(host, Unreadable):
        raise ConfigError(host.problems[0].field if host.problems else "spec", host.message, "correct the GlobalHost")
    return account.of(host, obj, members, time.time())


def _show(found: HostAccount) -> None:
    console = Console(highlight=False)
    console.print(f"[bold]{escape(found.namespace)}/{escape(found.name)}[/]")
    if found.stale:
        console.print("[yellow]the controller has not seen the newest spec yet[/]")
    for name in found.names:
        held = ", ".join(name.targets) or "nothing"
        apart = f" [{name.set_identifier}]" if name.set_identifier else ""
        ttl = f" for {name.ttl} s" if name.ttl else ""
        console.print(f"  {name.name} {name.record_type}{escape(apart)} holds {escape(held)}{ttl}", soft_wrap=True)
    for type_, status, reason, message in found.conditions:
        good = status == ("False" if type_ == "FailOpen" else "True")
        colour = "green" if good else "red" if status != "Unknown" else "yellow"
        console.print(f"  [{colour}]{type_} {status}[/] {escape(reason)}: {escape(message)}", soft_wrap=True)
    for hostname, winner in found.lost:
        console.print(f"  [red]{escape(hostname)} belongs to {escape(winner)}, which claimed it first[/]", soft_wrap=True)
    if not found.targets:
        console.print("  no cluster takes part yet: nothing was decided")
    for target in found.targets:
        _target(console, target)


def _target(console: Console, target: TargetAccount) -> None:
    word = "[green]serves[/]" if target.serves else "[yellow]could serve[/]" if target.eligible else "[red]out[/]"
    where = f" ({escape(target.region)})" if target.region else ""
    console.print(f"\n[bold]{escape(target.cluster)}[/]{where} {word}: {escape(target.verdict)}{_for(target.age)}", soft_wrap=True)
    console.print(f"  because  {escape(target.rule)}", soft_wrap=True)
    if target.message:
        console.print(f"  in short {escape(target.message)}", soft_wrap=True)
    if target.remedy:
        console.print(f"  changes  {escape(target.remedy)}", soft_wrap=True)
    table = Table("signal", "value", "since", box=None, padding=(0, 2))
    for signal in target.signals:
        table.add_row(*(escape(text) for text in _row(signal)))
    console.print(table)


def _row(signal: Signal) -> tuple[str, str, str]:
    return signal.name, signal.value, "" if signal.age is None else times.span(signal.age)


def _for(age: float | None) -> str:
    return "" if age is None else f" for {times.span(age)}"
