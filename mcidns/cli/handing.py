"""What `adopt` and `release` have in common: names in, an errand carried out or only looked at, and what is said of it."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from mcidns.cli.judging import FINE, PENDING, TROUBLE, console
from mcidns.errors import ConfigError
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.zones import Zone
from mcidns.program.errands import Done, Errand, Plan

Remarks = Callable[[DnsName], str]

_COLOURS = {"done": "green", "would be done": "yellow", "unchanged": "dim", "refused": "red", "failed": "red"}


@dataclass(frozen=True, slots=True)
class Handing:
    """Which verb is at work where, whether it writes, and how it tells."""

    verb: str
    zone: Zone
    apply: bool
    output: str


def names(zone: Zone, given: Iterable[str]) -> tuple[DnsName, ...]:
    """The names as people write them. Raises ConfigError, also for one outside of the zone."""
    found = []
    for text in given:
        try:
            name = DnsName.parse(text)
        except InvalidName as error:
            raise ConfigError("NAME", str(error), "write a name such as www.example.org") from error
        if not name.inside(zone.domain):
            raise ConfigError("NAME", f"{name.relative} is not in {zone.domain.relative}", "choose a name or a zone that fit")
        found.append(name)
    return tuple(dict.fromkeys(found))


async def carry_out(handed: Handing, errand: Errand, wanted: Iterable[DnsName], plan: Plan, remark: Remarks = lambda _: "") -> int:
    """Do it or look at it, tell, and give the exit code."""
    if handed.apply:
        done = await errand.carry_out(wanted, plan)
    else:
        done = [Done(outcome) for outcome in errand.plan(wanted, plan)]
    if handed.output == "json":
        click.echo(json.dumps(_json(handed, done, remark), indent=2))
    else:
        _show(handed, done, remark)
    if any(one.failure or one.outcome.refused for one in done):
        return TROUBLE
    return PENDING if not handed.apply and any(one.outcome.change for one in done) else FINE


def _state(one: Done, *, applied: bool) -> str:
    if one.failure:
        return "failed"
    if one.outcome.change is not None:
        return "done" if applied else "would be done"
    return "refused" if one.outcome.refused else "unchanged"


def _types(one: Done) -> str:
    return ", ".join(dict.fromkeys(key.type for key in one.outcome.keys or one.outcome.already))


def _show(handed: Handing, done: list[Done], remark: Remarks) -> None:
    screen = console()
    table = Table("NAME", "TYPES", handed.verb.upper(), "WHY", box=None, pad_edge=False, header_style="bold")
    for one in done:
        state = _state(one, applied=handed.apply)
        told = [one.failure, *one.outcome.refused, remark(one.outcome.name) if one.outcome.change is not None else ""]
        if state == "unchanged":
            told.append("already so")
        why = Text("\n".join(text for text in told if text))
        table.add_row(Text(one.outcome.name.relative), _types(one), Text(state, style=_COLOURS[state]), why)
    screen.print(table if done else "There is nothing of the kind in the zone.")
    waiting = sum(one.outcome.change is not None for one in done)
    if waiting and not handed.apply:
        screen.print(f"Nothing was written. --apply writes {waiting} change{'' if waiting == 1 else 's'}.")


def _json(handed: Handing, done: list[Done], remark: Remarks) -> dict[str, Any]:
    return {
        "zone": handed.zone.domain.relative,
        "ownerID": handed.zone.owner_id,
        "applied": handed.apply,
        "names": [
            {
                "dnsName": one.outcome.name.relative,
                "recordTypes": [key.type for key in one.outcome.keys],
                "state": _state(one, applied=handed.apply),
                "note": one.outcome.change.note if one.outcome.change is not None else "",
                "remark": remark(one.outcome.name) if one.outcome.change is not None else "",
                "refused": list(one.outcome.refused),
                "failure": one.failure,
            }
            for one in done
        ],
    }
