"""`mcidns version`: what is installed, so that a report of a fault says what it is about."""

import json
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import EntryPoint, entry_points

import click

import mcidns
from mcidns.errors import ConfigError
from mcidns.program import plugins

EXAMPLES = """Examples:

\b
  mcidns version               # the number, Python's, and the providers
  mcidns version -o json       # for programs
  kubectl -n mcidns-system exec deploy/dns-mcidns -- mcidns version
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """A provider by entry point. `problem` says why it cannot be used and what mends that; empty where it can."""

    type: str
    package: str
    usable: bool
    problem: str


@click.command(epilog=EXAMPLES)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def version(output: str) -> int:
    """Show the version, and which providers can be used."""
    found = installed()
    if output == "json":
        told = {"version": mcidns.__version__, "python": platform.python_version(), "providers": [asdict(one) for one in found]}
        click.echo(json.dumps(told, indent=2))
        return 0
    click.echo(f"mcidns {mcidns.__version__}, Python {platform.python_version()}")
    for one in found:
        click.echo(f"  {one.type:12} {one.problem or f'usable ({one.package})'}")
    return 0


def installed(points: Iterable[EntryPoint] | None = None) -> tuple[Installed, ...]:
    """Every provider that is found, by type. Each is loaded, since only that tells whether its SDK is there."""
    listed = tuple(entry_points(group=plugins.GROUP) if points is None else points)
    return tuple(_look(type_, listed) for type_ in sorted({point.name for point in listed}))


def _look(type_: str, points: tuple[EntryPoint, ...]) -> Installed:
    same = tuple(point for point in points if point.name == type_)
    packages = ", ".join(sorted({f"{point.dist.name} {point.dist.version}" if point.dist else point.value for point in same}))
    try:
        plugins.load(type_, same)
    except ConfigError as error:
        return Installed(type_, packages, usable=False, problem=f"{error.problem}; {error.remedy}")
    return Installed(type_, packages, usable=True, problem="")
