"""`mcidns join`: make a cluster a member of the host, or give it a new token; what that takes lives in joining/."""

import asyncio
import re
from pathlib import Path
from typing import Any, Final

import click

from mcidns.cli import pairing
from mcidns.errors import ConfigError, McidnsError
from mcidns.hub import times
from mcidns.joining.join import Join, Joined
from mcidns.joining.journal import Journal
from mcidns.joining.look import Order
from mcidns.joining.mint import ENDLESS
from mcidns.joining.ticket import Way
from mcidns.kube import access, kubeconfig, tls

EXAMPLES: Final = """Examples:

\b
  mcidns join catania --host-context hub --region garr-ct1
  mcidns join catania --dry-run                                # what would be done?
  mcidns join catania --server https://10.1.0.5:6443           # its address as the host sees it
  mcidns join catania --token-lifetime 2160h --wait            # a token that ends after 90 days
  mcidns join catania --rotate                                 # a new token; the old one dies once mcidns uses the new

Exit codes: 0 joined (or would be), 1 joined, but a warning tells of something to mend, 2 could not be done.
"""

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?\Z")
_LABEL: Final = re.compile(
    r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?=[-A-Za-z0-9_.]{0,63}\Z"
)
_SHORTEST: Final = 600.0


@click.command(epilog=EXAMPLES)
@click.argument("cluster")
@click.option("--server", default="", help="The member's API as the host reaches it; default as in the member's context.")
@click.option("--certificate-authority", default="", help="PEM file with the CA of that address; default that of the context.")
@click.option("--proxy-url", default="", help="HTTP proxy between host and member.")
@click.option("--insecure-skip-tls-verify", is_flag=True, help="Do not verify the member's certificate: the token can be stolen.")
@click.option("--region", default="", help="The member's region; default as it is.")
@click.option("--label", "labels", multiple=True, metavar="KEY=VALUE", help="Label of the MemberCluster, for clusters.selector.")
@click.option("--token-lifetime", default="", metavar="DURATION|none", help="Let the token end after this time, such as 2160h.")
@click.option("--rotate", is_flag=True, help="A new token in place of the one that is in use, without a gap.")
@click.option("--force", is_flag=True, help="Revoke old tokens though nothing proves that mcidns uses the new one.")
@click.option("--wait", is_flag=True, help="Until mcidns follows the member; exit code 1 if it does not in time.")
@pairing.options
def join(cluster: str, **options: Any) -> int:
    """Make CLUSTER a member of the host.

    In the member: a namespace, a ServiceAccount that may read what mcidns needs and nothing else, and a token. In the host: the
    Secret by which mcidns reaches it. Run again, it mends what is missing and changes nothing else. Objects of somebody else's
    with the same names are never taken over.
    """
    order = _order(cluster, options)
    return asyncio.run(_join(order, options))


async def _join(order: Order, options: pairing.Options) -> int:
    journal = pairing.journal(options)
    try:
        async with pairing.reached(order.cluster, options) as pair:
            if pair.member is None:
                raise AssertionError("a member was asked for")
            joined = await Join(order, pair.host, pair.member, journal).run()
    except McidnsError as error:
        return pairing.failed(error, journal, options, order.cluster)
    _show(order, joined, journal, options)
    return 0 if joined.complete else pairing.INCOMPLETE


def _order(cluster: str, options: pairing.Options) -> Order:
    if not _NAME.match(cluster):
        raise ConfigError("CLUSTER", f"{cluster[:100]!r} is no name", "write lower case letters, digits, - and ., 63 at most")
    for label in options["labels"]:
        if not _LABEL.match(label):
            raise ConfigError("--label", f"{label[:100]!r} is no label", "write KEY=VALUE, such as tier=edge")
    if options["server"]:
        access.check_url("--server", options["server"])
    if options["proxy_url"]:
        access.check_url("--proxy-url", options["proxy_url"], credentials=True)
    return Order(
        cluster=cluster,
        namespace=options["namespace"],
        member_namespace=options["member_namespace"],
        way=Way(
            options["server"],
            _authority(options["certificate_authority"]),
            options["proxy_url"],
            options["insecure_skip_tls_verify"],
        ),
        region=options["region"],
        labels=tuple(tuple(label.split("=", 1)) for label in options["labels"]),
        lifetime=_lifetime(options["token_lifetime"]),
        rotate=options["rotate"],
        force=options["force"],
        wait=options["wait"],
        timeout=pairing.seconds("--timeout", options["timeout"]),
        dry_run=options["dry_run"],
    )


def _authority(file: str) -> str:
    if not file:
        return ""
    pem = kubeconfig.read(Path(file), "--certificate-authority")
    tls.check_authority("--certificate-authority", pem)
    return pem


def _lifetime(text: str) -> float | None:
    if not text:
        return None
    if text == "none":
        return ENDLESS
    found = times.duration(text)
    if found is None or found < _SHORTEST:
        remedy = "write one of ten minutes or more, such as 2160h, or none"
        raise ConfigError("--token-lifetime", f"{text[:100]!r} is no lifetime that a member gives", remedy)
    return found


def _show(order: Order, joined: Joined, journal: Journal, options: pairing.Options) -> None:
    if options["output"] == "json":
        expires = times.render(joined.expires) if joined.expires is not None else None
        token = {"secret": joined.token_secret, "expires": expires}
        pairing.show(journal, order.cluster, {"complete": joined.complete, "ready": joined.ready, "token": token})
    elif order.dry_run:
        click.echo("Nothing was changed.")
    else:
        click.echo(f"{order.cluster} is joined" if joined.complete else f"{order.cluster} is joined, but see the warnings")
