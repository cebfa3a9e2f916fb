"""What `join` and `leave` have in common: the options that name host and member, and how what they do is told."""

import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from mcidns.errors import ConfigError, McidnsError
from mcidns.hub import times
from mcidns.joining import rights
from mcidns.joining.journal import Journal
from mcidns.joining.sides import Role, Side
from mcidns.kube import access
from mcidns.kube.client import KubeClient

Verb = TypeVar("Verb", bound=Callable[..., Any])
Options = Mapping[str, Any]

INCOMPLETE = 1
UNUSABLE = 2

_GIVEN = (
    click.option("--kubeconfig", default="", help="The file that has the host's context; default $KUBECONFIG or ~/.kube/config."),
    click.option("--host-context", default="", help="The host cluster, where mcidns runs; default the current context."),
    click.option("--member-kubeconfig", default="", help="The file that has the member's context; default the same."),
    click.option("--member-context", default="", help="The member cluster; default CLUSTER."),
    click.option("--namespace", default=rights.NAMESPACE, show_default=True, help="Where mcidns runs in the host."),
    click.option("--member-namespace", default="", help=f"Where the account is in the member; default {rights.NAMESPACE}."),
    click.option("--timeout", default="60s", show_default=True, help="How long to wait for anything, such as 90s."),
    click.option(
        "--dry-run", is_flag=True, help="Only tell what would be done; the API servers are asked whether they would let it."
    ),
    click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True),
)


def options(verb: Verb) -> Verb:
    """Which clusters, how long, how told."""
    for one in reversed(_GIVEN):
        verb = one(verb)
    return verb


@dataclass(frozen=True, slots=True)
class Pair:
    """The two clusters; no member where it is left alone."""

    host: Side
    member: Side | None


@contextlib.asynccontextmanager
async def reached(cluster: str, given: Options, *, with_member: bool = True) -> AsyncIterator[Pair]:
    """Clients of both. Raises ConfigError."""
    async with contextlib.AsyncExitStack() as stack:

        async def side(role: Role, file: str, context: str) -> Side:
            way = access.from_default_kubeconfig(file or None, context or None)
            return Side(role, context, await stack.enter_async_context(KubeClient(way)))

        host = await side("host", given["kubeconfig"], given["host_context"])
        member: Side | None = None
        if with_member:
            try:
                member = await side("member", given["member_kubeconfig"] or given["kubeconfig"], given["member_context"] or cluster)
            except ConfigError as error:
                remedy = "name the member's context with --member-context, and its file with --member-kubeconfig"
                raise ConfigError(f"the member cluster's {error.field}", error.problem, remedy) from error
        yield Pair(host, member)


def seconds(option: str, text: str) -> float:
    """A duration. Raises ConfigError."""
    found = times.duration(text)
    if not found:
        raise ConfigError(option, f"{text!r} is no duration", "write one such as 90s or 5m")
    return found


def journal(given: Options) -> Journal:
    """Told line by line to people, and at the end to programs; warnings go where they are seen in both cases."""
    if given["output"] == "json":
        return Journal(given["dry_run"], lambda line: click.echo(line, err=True) if line.startswith("WARNING") else None)
    return Journal(given["dry_run"], lambda line: click.echo(line, err=line.startswith("WARNING")))


def failed(error: McidnsError, found: Journal, given: Options, cluster: str) -> int:
    """Tell what went wrong, and what had been done by then."""
    click.echo(f"Error: {error}", err=True)
    told = [step for step in found.steps if step.deed.value in ("created", "changed", "removed")]
    if told and not found.dry_run:
        click.echo("What is told above as done stays done; run the same command again to go on from there.", err=True)
    if given["output"] == "json":
        show(found, cluster, {"complete": False, "error": str(error)})
    sys.stdout.flush()
    return UNUSABLE


def show(found: Journal, cluster: str, more: Mapping[str, Any]) -> None:
    """All of it as JSON."""
    rows = [
        {
            "where": step.role,
            "kind": step.kind.kind,
            "namespace": step.namespace,
            "name": step.name,
            "action": step.deed.value,
            "note": step.note,
        }
        for step in found.steps
    ]
    told = {"cluster": cluster, "dryRun": found.dry_run, **more, "warnings": found.warnings, "steps": rows}
    click.echo(json.dumps(told, indent=2))
