"""Verbs whose exit code is an answer: 0 nothing to do or all done, 2 something to do, 1 trouble; and how they show tables."""

from typing import Any, Final

import click
from rich.console import Console

from mcidns.errors import McidnsError

FINE: Final = 0
TROUBLE: Final = 1
PENDING: Final = 2

_WIDE: Final = 240


class Misused(click.UsageError):
    """A mistake in the options, with the code of trouble."""

    exit_code = TROUBLE


class Judging(click.Command):
    """A command of which no mistake ends with the code that means "something to do"."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """As click does; a mistake in the options has the code of trouble."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            raise Misused(error.format_message(), error.ctx or parent) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; what cannot be done is told with its remedy."""
        try:
            return super().invoke(ctx)
        except McidnsError as error:
            click.echo(f"Error: {error}", err=True)
            return TROUBLE


def console() -> Console:
    """A terminal with its colours, or plain lines for a file or a pipe."""
    made = Console(highlight=False, soft_wrap=True)
    if not made.is_terminal:
        made.width = _WIDE  # nobody wants half a name in a file or behind grep
    return made


OUTPUT = click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
