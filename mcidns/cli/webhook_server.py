"""`mcidns webhook-server`."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from typing import cast

import click

from mcidns import telemetry, web
from mcidns.cli import provider_file
from mcidns.errors import ConfigError
from mcidns.model.names import DnsName, InvalidName
from mcidns.program.plugins import ProviderSpec, open_provider
from mcidns.telemetry import Metrics, Reading
from mcidns.web import Health
from mcidns.webhook.mirror import Mirror
from mcidns.webhook.server import Face, Settings, serving

EXAMPLES = """The file holds what a DNSProvider would, with secrets in files of their own:

\b
  config:
    servers: [192.0.2.53]
    tsigKeyName: mcidns.
  secretFiles:
    tsigSecret: /run/secrets/tsig

Examples:

\b
  mcidns webhook-server --provider rfc2136 --config dns.yaml --zone example.org
  mcidns webhook-server --provider rfc2136 --config dns.yaml --zone example.org --zone example.net --resync 60
  external-dns --provider=webhook --webhook-provider-url=http://localhost:8888 --source=ingress --policy=sync

Run it beside ExternalDNS in one pod: whoever reaches --listen may change the zones.
"""


@click.command("webhook-server", epilog=EXAMPLES)
@click.option("--provider", required=True, help="Type of the provider, as in a DNSProvider: rfc2136, route53, …")
@click.option("--config", type=click.Path(dir_okay=False), help="YAML with the provider's config and the files of its secrets.")
@click.option("--zone", "zones", multiple=True, required=True, help="Zone to serve; may be given several times.")
@click.option("--listen", default="localhost:8888", show_default=True, help="Where ExternalDNS asks: address:port.")
@click.option("--http", default="0.0.0.0:8080", show_default=True, help="Metrics and health: address:port, or 'off'.")
@click.option(
    "--resync", type=click.FloatRange(min=1.0), default=30.0, show_default=True, help="Seconds between readings of a zone."
)
@click.option("--ttl", type=click.IntRange(1, 2**31 - 1), default=300, show_default=True, help="TTL where ExternalDNS names none.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True)
@click.option("--log-format", type=click.Choice(["json", "text"]), default="json", show_default=True)
def webhook_server(**options: object) -> int:
    """Put a provider of ours behind a real ExternalDNS, until SIGTERM or SIGINT."""
    telemetry.start_logging(str(options["log_level"]), str(options["log_format"]))
    spec = ProviderSpec(
        str(options["provider"]), provider_file.settings(str(options["provider"]), cast("str | None", options["config"]))
    )
    zones = [_zone(text) for text in cast("tuple[str, ...]", options["zones"])]
    settings = Settings(resync=cast("float", options["resync"]), ttl=cast("int", options["ttl"]))
    listen = _address("--listen", str(options["listen"]))
    http = None if options["http"] == "off" else _address("--http", str(options["http"]))
    return asyncio.run(serve(spec, zones, settings, listen=listen, http=http))


async def serve(
    spec: ProviderSpec, zones: list[DnsName], settings: Settings, *, listen: tuple[str, int], http: tuple[str, int] | None
) -> int:
    """Serve until a signal. Raises ConfigError, also where an address cannot be listened on."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    provider = open_provider(spec)
    face = Face(provider, zones, settings)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(provider.aclose)
        try:
            if http is not None:
                await stack.enter_async_context(web.serving(http, _metrics(face), lambda: _health(face)))
            port = await stack.enter_async_context(serving(face, *listen))
        except OSError as error:
            raise ConfigError("--listen or --http", str(error.strerror or error), "choose another address or port") from error
        click.echo(
            f"ExternalDNS may ask at http://{listen[0]}:{port} for {', '.join(zone.relative for zone in face.mirrors)}", err=True
        )
        await ended.wait()
    return 0


def _health(face: Face) -> Health:
    return Health(waiting_for=tuple(mirror.problem for mirror in face.mirrors.values() if mirror.problem))


def _metrics(face: Face) -> Metrics:
    metrics = Metrics()
    metrics.read_from(lambda: tuple([reading for mirror in face.mirrors.values() for reading in _readings(mirror)]))
    return metrics


def _readings(mirror: Mirror) -> Iterator[Reading]:
    name = mirror.zone.relative
    yield Reading("mcidns_zone_ready", (name,), float(not mirror.problem))
    yield Reading("mcidns_zone_names", (name, "all"), float(len(mirror)))
    yield Reading("mcidns_zone_writes", (name,), float(mirror.writes))


def _zone(text: str) -> DnsName:
    try:
        return DnsName.parse(text)
    except InvalidName as error:
        raise ConfigError("--zone", str(error), "write the zone's domain, such as example.org") from error


def _address(option: str, text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and int(port) < 65536):
        raise ConfigError(option, f"{text!r} is no address:port", "write for example localhost:8888")
    return host.strip("[]"), int(port)
