"""`mcidns release`: give up the ownership of records, which stay."""

import asyncio
from typing import Any

import click

from mcidns.cli import ground, handing
from mcidns.cli.handing import Handing
from mcidns.cli.judging import OUTPUT, Judging
from mcidns.errors import ConfigError
from mcidns.model.names import DnsName
from mcidns.program import adoption, epochs
from mcidns.program.adoption import Outcome
from mcidns.program.errands import Errand
from mcidns.program.ownership import At

EXAMPLES = """Examples:

\b
  mcidns release example-org www.example.org            # look, write nothing
  mcidns release example-org www.example.org --apply
  mcidns release example-org --all --apply              # before mcidns is removed: every record stays, every TXT of ours goes

Exit codes: 0 all done or nothing to do, 1 something was refused or failed, 2 there is something to write.
"""


@click.command(cls=Judging, epilog=EXAMPLES)
@click.argument("zone")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "everything", is_flag=True, help="Every name that is ours in the zone.")
@click.option("--force", is_flag=True, help="Even where an object still wishes for the name.")
@click.option("--apply", is_flag=True, help="Write; without it nothing is written.")
@OUTPUT
@ground.options
def release(zone: str, names: tuple[str, ...], **options: Any) -> int:
    """Give up the ownership of NAMEs in ZONE: our TXT goes, the records stay as nobody's.

    With --all the epoch of who leads goes too, once no object wishes for a name in the zone; stop the controller first.

    A name that an object still wishes for is refused, for the controller would mark it again at its next look: set the object's
    deletionPolicy to Orphan and delete it, which does the same and lasts.
    """
    if options["everything"] == bool(names):
        raise ConfigError("NAME", "are missing" if not names else "stand beside --all", "name what to release, or say --all")
    return asyncio.run(_release(zone, names, options))


async def _release(zone: str, names: tuple[str, ...], options: ground.Options) -> int:
    async with ground.reached(zone, options) as here:
        errand = Errand(here.zone, here.provider)
        wanted = handing.names(here.zone, names)
        fences: tuple[DnsName, ...] = ()
        await errand.read(wanted)
        if options["everything"]:
            ours = errand.rules.names.owners
            found = adoption.census(errand.rules, errand.names, errand.at)
            wanted = tuple(dict.fromkeys(one.key.name for one in found if one.owner in ours))
            if not here.wishes or options["force"]:
                fences = tuple(place for one in ours if errand.at(place := epochs.place(here.zone.domain, one).name))

        def plan(name: DnsName, at: At) -> Outcome:
            if name in fences:
                return adoption.lower(errand.rules, name, at)
            wished = (here.wishes or {}).get(name)
            if wished is not None and not options["force"]:
                why = f"{wished} still wishes for {name.relative}: set its deletionPolicy to Orphan and delete it, or add --force"
                return Outcome(name, refused=(why,))
            return adoption.release(errand.rules, name, at)

        handed = Handing("release", here.zone, options["apply"], options["output"])
        return await handing.carry_out(handed, errand, (*wanted, *fences), plan)
