"""The command line: one file per verb, loaded when it is asked for; what a verb does lives below."""

import importlib
import sys
from typing import Final

import click

from mcidns import __version__
from mcidns.errors import McidnsError

UNUSABLE = 2

VERBS: Final = {
    "run": "run:run",
    "demo": "demo:demo",
    "get": "get:get",
    "explain": "explain:explain",
    "join": "join:join",
    "leave": "leave:leave",
    "drain": "drain:drain",
    "undrain": "drain:undrain",
    "failback": "failback:failback",
    "doctor": "doctor:doctor",
    "plan": "plan:plan",
    "owners": "owners:owners",
    "adopt": "adopt:adopt",
    "release": "release:release",
    "import": "import_:import_",
    "webhook-server": "webhook_server:webhook_server",
    "version": "version:version",
}
"""Each verb's module and function. A controller in service does not load what only the demo needs."""


class _Verbs(click.Group):
    """Commands that are imported when they are run, or listed by --help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        where = VERBS.get(cmd_name)
        if where is None:
            return None
        module, _, function = where.partition(":")
        found = getattr(importlib.import_module(f"mcidns.cli.{module}"), function)
        return found if isinstance(found, click.Command) else None


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "MCIDNS", "max_content_width": 110},
    epilog="Try it without a cluster: mcidns demo",
)
@click.version_option(__version__, prog_name="mcidns")
def commands() -> None:
    """One DNS name that follows the healthy regions of a Kubernetes federation."""


def main() -> None:
    """The console script; a mistake of the caller's ends with its remedy and exit code 2."""
    try:
        code = commands.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort:
        code = 130
    except McidnsError as error:
        click.echo(f"Error: {error}", err=True)
        code = UNUSABLE
    sys.exit(code if isinstance(code, int) else 0)
