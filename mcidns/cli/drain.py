"""`mcidns drain` and `mcidns undrain`: take a member out of service, put it back; what that does is decided by the controller."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console

from mcidns.cli import hosting, sparing
from mcidns.cli.sparing import AtRisk
from mcidns.errors import ConfigError
from mcidns.hub import times
from mcidns.kube import kinds
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient, Object
from mcidns.kube.errors import NotFound
from mcidns.model.clusters import Drain

REFUSED = 1

EXAMPLES = """Examples:

\b
  mcidns drain fra --reason "kernel upgrade" --for 2h
  mcidns drain fra --until 2026-03-01T06:00:00Z
  mcidns drain fra --dry-run                 # who would be at risk?
  mcidns drain fra --force -o json

Exit codes: 0 drained (or would be), 1 refused as hosts are at risk, 2 could not be done.
"""

OUTPUT = click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found and done. `served` is how many hosts the member serves, `present` the drain that stood before."""

    cluster: str
    drain: Drain | None
    done: bool
    at_risk: tuple[AtRisk, ...] = ()
    served: int = 0
    present: bool = False


@click.command(epilog=EXAMPLES)
@click.argument("cluster")
@click.option("--reason", default="", help="Why, for people; it stands in statuses.")
@click.option("--for", "span", default="", help="End by itself after this time, such as 90m or 2h.")
@click.option("--until", default="", help="End by itself at this time, such as 2026-03-01T06:00:00Z.")
@click.option("--force", is_flag=True, help="Even where too few healthy clusters would be left.")
@click.option("--dry-run", is_flag=True, help="Only tell which hosts would be at risk.")
@OUTPUT
@hosting.options
def drain(cluster: str, *, reason: str, span: str, until: str, force: bool, dry_run: bool, **options: str) -> int:
    """Take the member CLUSTER out of service.

    Its addresses leave DNS everywhere, unless a host would be left with fewer healthy clusters than its minHealthyClusters:
    then nothing is changed and those hosts are listed. `--force` drains all the same.
    """
    wanted = Drain(reason, _end(span, until, time.time()), force)
    access = hosting.reach(options["kubeconfig"], options["context"])
    outcome = asyncio.run(_drain(access, cluster, wanted, dry_run=dry_run))
    _show(outcome, options["output"], dry_run=dry_run)
    return REFUSED if outcome.at_risk and not force else 0


@click.command(epilog="Examples:\n\n  mcidns undrain fra")
@click.argument("cluster")
@click.option("--dry-run", is_flag=True, help="Only tell whether it is drained.")
@OUTPUT
@hosting.options
def undrain(cluster: str, *, dry_run: bool, **options: str) -> int:
    """Put the member CLUSTER back into service: it serves again wherever its signals say that it can."""
    access = hosting.reach(options["kubeconfig"], options["context"])
    outcome = asyncio.run(_undrain(access, cluster, dry_run=dry_run))
    _show(outcome, options["output"], dry_run=dry_run)
    return 0


def _end(span: str, until: str, now: float) -> float | None:
    if span and until:
        raise ConfigError("--for", "stands beside --until", "give one of them")
    if span:
        seconds = times.duration(span)
        if not seconds:
            raise ConfigError("--for", f"{span!r} is no duration", "write one such as 90m or 2h")
        return float(int(now + seconds))
    moment = times.parse(until) if until else None
    if until and moment is None:
        raise ConfigError("--until", f"{until!r} is no time", "write one such as 2026-03-01T06:00:00Z")
    if moment is not None and moment <= now:
        raise ConfigError("--until", f"{until} is past", "write a time to come")
    return moment


async def _drain(access: Access, cluster: str, wanted: Drain, *, dry_run: bool) -> Outcome:
    async with KubeClient(access) as client:
        member = await _member(client, cluster)
        served, at_risk = await sparing.weigh(client, cluster)
        done = not dry_run and (wanted.force or not at_risk)
        if done:
            # Every field is said, so that nothing of an earlier drain is left.
            spec = {
                "reason": wanted.reason or None,
                "until": None if wanted.until is None else times.render(wanted.until),
                "force": wanted.force or None,
            }
            await client.patch(kinds.MEMBER_CLUSTER, None, cluster, {"spec": {"drain": spec}})
    return Outcome(cluster, wanted, done, at_risk, served, _is_drained(member))


async def _undrain(access: Access, cluster: str, *, dry_run: bool) -> Outcome:
    async with KubeClient(access) as client:
        present = _is_drained(await _member(client, cluster))
        if present and not dry_run:
            await client.patch(kinds.MEMBER_CLUSTER, None, cluster, {"spec": {"drain": None}})
    return Outcome(cluster, None, present and not dry_run, present=present)


async def _member(client: KubeClient, cluster: str) -> Object:
    try:
        return await client.get(kinds.MEMBER_CLUSTER, None, cluster)
    except NotFound as error:
        known = sorted(str(obj["metadata"]["name"]) for obj in await client.list(kinds.MEMBER_CLUSTER))
        there = f"use one of {', '.join(known)}" if known else "there is none at all"
        raise ConfigError("CLUSTER", f"there is no MemberCluster {cluster!r}", there) from error


def _is_drained(member: Mapping[str, Any]) -> bool:
    return (member.get("spec") or {}).get("drain") is not None


def _show(outcome: Outcome, output: str, *, dry_run: bool) -> None:
    if output == "json":
        click.echo(json.dumps(_json(outcome, dry_run=dry_run), indent=2))
        return
    console = Console(highlight=False)
    if outcome.at_risk:
        console.print(sparing.table(outcome.at_risk))
    console.print(_sentence(outcome, dry_run=dry_run), soft_wrap=True, markup=False)


def _sentence(outcome: Outcome, *, dry_run: bool) -> str:
    name = outcome.cluster
    if outcome.drain is None:
        if not outcome.present:
            return f"{name} is not drained; nothing to do"
        return f"{name} is drained and would be put back into service" if dry_run else f"{name} is put back into service"
    until = outcome.drain.until
    span = f" until {times.render(until)}" if until is not None else ""
    hosts = f"{outcome.served} host{'' if outcome.served == 1 else 's'}"
    if outcome.at_risk and not outcome.drain.force:
        verb = "would be refused" if dry_run else "is refused, nothing was changed"
        return f"the drain of {name} {verb}: bring other clusters up first, or add --force"
    return f"{name} would be drained{span}; it serves {hosts}" if dry_run else f"{name} is drained{span}; it served {hosts}"


def _json(outcome: Outcome, *, dry_run: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"cluster": outcome.cluster, "changed": outcome.done, "dryRun": dry_run, "wasDrained": outcome.present}
    if outcome.drain is None:
        return found
    wanted, until = outcome.drain, outcome.drain.until
    return {
        **found,
        "refused": bool(outcome.at_risk) and not wanted.force,
        "reason": wanted.reason,
        "until": None if until is None else times.render(until),
        "force": wanted.force,
        "hostsServed": outcome.served,
        "hostsAtRisk": sparing.listed(outcome.at_risk),
    }
