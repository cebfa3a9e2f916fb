"""`mcidns adopt`: take the ownership of records over that are nobody's or another owner's."""

import asyncio
from collections.abc import Iterable
from typing import Any

import click

from mcidns.cli import ground, handing
from mcidns.cli.ground import Ground
from mcidns.cli.handing import Handing
from mcidns.cli.judging import OUTPUT, Judging
from mcidns.errors import ConfigError
from mcidns.model.names import DnsName
from mcidns.program import adoption
from mcidns.program.adoption import Outcome, Taking
from mcidns.program.affixes import TYPES
from mcidns.program.errands import Errand
from mcidns.program.ownership import At, resource_label
from mcidns.program.standing import ADDRESSING

EXAMPLES = """Examples:

\b
  mcidns adopt example-org www.example.org                          # look, write nothing
  mcidns adopt example-org www.example.org --apply                  # its A, AAAA and CNAME, which carry no mark
  mcidns adopt example-org www.example.org --owner default --apply  # those of the ExternalDNS with this --txt-owner-id
  mcidns adopt example-org --owner former-hub --all --apply         # everything of a controller that runs no more

Stop the former owner first, or take the names out of its sources: it would write on what it takes for its own until it reads
the zone again. Exit codes: 0 all done or nothing to do, 1 something was refused or failed, 2 there is something to write.
"""


@click.command(cls=Judging, epilog=EXAMPLES)
@click.argument("zone")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--owner", default=None, help="Take records of this owner; without it those that carry no mark.")
@click.option("--all", "everything", is_flag=True, help="Every name that --owner has in the zone.")
@click.option(
    "--type",
    "types",
    multiple=True,
    type=click.Choice(TYPES),
    help="Types to take of what carries no mark; default A, AAAA, CNAME.",
)
@click.option("--apply", is_flag=True, help="Write; without it nothing is written.")
@OUTPUT
@ground.options
def adopt(zone: str, names: tuple[str, ...], **options: Any) -> int:
    """Take over the records of NAMEs in ZONE: our ownership TXT in place of the former owner's, the records untouched.

    Each name changes hands in one write that fails if anything about it was changed meanwhile. Where no object wishes for a name,
    the controller gives it up again and its records stay.
    """
    if options["everything"] and (options["owner"] is None or names):
        raise ConfigError("--all", "needs --owner and no names", "say whose names you mean, or name them")
    if not options["everything"] and not names:
        raise ConfigError("NAME", "is missing", "name what to take over, or say --owner OLD --all")
    return asyncio.run(_adopt(zone, names, options))


async def _adopt(zone: str, names: tuple[str, ...], options: ground.Options) -> int:
    async with ground.reached(zone, options) as here:
        errand = Errand(here.zone, here.provider)
        former: str | None = options["owner"]
        if former is not None and former in errand.rules.names.owners:
            raise ConfigError("--owner", f"{former!r} is who we are here", "name the former owner")
        wanted = handing.names(here.zone, names)
        await errand.read(wanted)
        if options["everything"]:
            found = adoption.census(errand.rules, errand.names, errand.at)
            wanted = tuple(dict.fromkeys(one.key.name for one in found if one.owner == former and not one.orphan))

        def plan(name: DnsName, at: At) -> Outcome:
            return adoption.adopt(errand.rules, name, at, _taking(here, name, former, options["types"]))

        handed = Handing("adopt", here.zone, options["apply"], options["output"])
        return await handing.carry_out(handed, errand, wanted, plan, _remarks(here))


def _taking(here: Ground, name: DnsName, former: str | None, types: Iterable[str]) -> Taking:
    wished = (here.wishes or {}).get(name)
    return Taking(former, frozenset(types) or ADDRESSING, resource_label(wished) if wished is not None else "")


def _remarks(here: Ground) -> handing.Remarks:
    def remark(name: DnsName) -> str:
        if here.wishes is None:
            return ""
        wished = here.wishes.get(name)
        return f"for {wished}" if wished is not None else "no object wishes for it: the controller will give it up again"

    return remark
