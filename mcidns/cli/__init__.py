"""The command line: one file per verb; what a verb does lives below."""

import sys

import click

from mcidns import __version__
from mcidns.cli import demo, run, webhook_server
from mcidns.errors import ConfigError

UNUSABLE = 2


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "MCIDNS", "max_content_width": 110},
    epilog="Try it without a cluster: mcidns demo",
)
@click.version_option(__version__, prog_name="mcidns")
def commands() -> None:
    """One DNS name that follows the healthy regions of a Kubernetes federation."""


commands.add_command(run.run)
commands.add_command(demo.demo)
commands.add_command(webhook_server.webhook_server)


def main() -> None:
    """The console script; a mistake of the caller's ends with its remedy and exit code 2."""
    try:
        code = commands.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort:
        code = 130
    except ConfigError as error:
        click.echo(f"Error: {error}", err=True)
        code = UNUSABLE
    sys.exit(code if isinstance(code, int) else 0)
