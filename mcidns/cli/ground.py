"""Where a verb finds a zone: a DNSZone of the host cluster with its DNSProvider and Secrets, or options and a file without one."""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import click

from mcidns.cli import hosting, provider_file
from mcidns.errors import ConfigError
from mcidns.hub import dnsendpoint, dnsprovider, dnszone, secret
from mcidns.hub.unreadable import Unreadable
from mcidns.kube import kinds
from mcidns.kube.client import KubeClient
from mcidns.kube.errors import NotFound
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.references import ObjectRef
from mcidns.model.secrets import Secret
from mcidns.model.zones import Affix, Registry, Zone
from mcidns.program.plugins import ProviderSpec, open_provider
from mcidns.program.sealing import KEY
from mcidns.provider import Provider, ProviderSettings

Verb = TypeVar("Verb", bound=Callable[..., Any])
Options = Mapping[str, Any]
ALONE = ("provider", "config", "owner_id", "registry_prefix", "registry_suffix")
"""Options for work without a host cluster."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A zone within reach. `wishes`: names that objects of the host cluster ask for; None without a cluster to ask."""

    zone: Zone
    provider: Provider = field(repr=False)
    wishes: Mapping[DnsName, ObjectRef] | None


def options(verb: Verb) -> Verb:
    """Options of both ways."""
    for one in reversed(
        (
            click.option(
                "--namespace", default="mcidns-system", show_default=True, help="The controller's: Secrets are read there."
            ),
            click.option("--provider", default="", help="Without a cluster: the provider's type; ZONE is then a domain."),
            click.option("--config", type=click.Path(dir_okay=False), help="Its config and the files of its secrets, as YAML."),
            click.option("--owner-id", default="", help="Without a cluster: who we are in the zone's ownership TXTs."),
            click.option("--registry-prefix", default=None, help="Without a cluster: registry.prefix of the DNSZone."),
            click.option("--registry-suffix", default="", help="Without a cluster: registry.suffix of the DNSZone."),
        )
    ):
        verb = one(verb)
    return hosting.options(verb)


@contextlib.asynccontextmanager
async def reached(zone: str, given: Options) -> AsyncIterator[Ground]:
    """The zone that these options name; its provider is closed at the end. Raises ConfigError, KubeError."""
    if given["provider"]:
        ground = _alone(zone, given)
    else:
        for option in ALONE:
            if given[option]:
                flag = option.replace("_", "-")
                raise ConfigError(f"--{flag}", "is for work without a cluster", f"add --provider, or remove --{flag}")
        async with KubeClient(hosting.reach(given["kubeconfig"], given["context"])) as client:
            ground = await _hosted(client, zone, given["namespace"])
    try:
        yield ground
    finally:
        await ground.provider.aclose()


def _alone(domain: str, given: Options) -> Ground:
    try:
        name = DnsName.parse(domain)
    except InvalidName as error:
        raise ConfigError("ZONE", str(error), "write the zone's domain, such as example.org") from error
    if not given["owner_id"]:
        raise ConfigError("--owner-id", "is missing", "say who you are, as spec.ownerID of the DNSZone would")
    affix = Registry().write
    if given["registry_prefix"] is not None or given["registry_suffix"]:
        affix = Affix(given["registry_prefix"] or "", given["registry_suffix"])
    settings = provider_file.settings(given["provider"], given["config"])
    provider = open_provider(ProviderSpec(given["provider"], settings))
    return Ground(Zone(domain, name, given["owner_id"], registry=Registry(write=affix)), provider, None)


async def _hosted(client: KubeClient, wanted: str, namespace: str) -> Ground:
    zone = await _zone(client, wanted)
    provider = zone.provider
    if provider is None:
        raise ConfigError(
            f"DNSZone {zone.name}", "it has no spec.providerRef", "set it; without a provider nobody programs the zone"
        )
    if zone.registry.type == "None":
        raise ConfigError(f"DNSZone {zone.name}", "its registry.type is None", "set it to TXT; nothing is owned without")
    if zone.registry.encryption is not None:
        content = await _secret(client, namespace, zone.registry.encryption.secret_name)
        keyed = replace(zone.registry.encryption, key=content.get(KEY))
        zone = replace(zone, registry=replace(zone.registry, encryption=keyed))
    return Ground(zone, await _provider(client, provider, namespace), await wishes(client))


async def _zone(client: KubeClient, wanted: str) -> Zone:
    found = [dnszone.parse(obj) for obj in await client.list(kinds.DNS_ZONE)]
    named = [one for one in found if isinstance(one, Unreadable) and one.ref.name == wanted]
    if named:
        raise ConfigError(f"DNSZone {wanted}", named[0].message, "correct the DNSZone")
    zones = [one for one in found if isinstance(one, Zone)]
    domain = wanted.rstrip(".").lower()
    chosen = [zone for zone in zones if zone.name == wanted] or [zone for zone in zones if zone.domain.relative == domain]
    if len(chosen) == 1:
        return chosen[0]
    there = ", ".join(sorted(zone.name for zone in chosen or zones)) or "(none)"
    problem = "several DNSZones have this domain" if chosen else f"there is no DNSZone {wanted!r}"
    raise ConfigError("ZONE", problem, f"use one of: {there}")


async def _provider(client: KubeClient, name: str, namespace: str) -> Provider:
    try:
        spec = dnsprovider.parse(await client.get(kinds.DNS_PROVIDER, None, name))
    except NotFound as error:
        raise ConfigError("spec.providerRef", f"there is no DNSProvider {name!r}", "create it, or name another one") from error
    if isinstance(spec, Unreadable):
        raise ConfigError(f"DNSProvider {name}", spec.message, "correct the DNSProvider")
    secrets = await _secret(client, namespace, spec.secret_name) if spec.secret_name else {}
    return open_provider(ProviderSpec(spec.type, ProviderSettings(spec.name, spec.config, secrets)))


async def _secret(client: KubeClient, namespace: str, name: str) -> Mapping[str, Secret]:
    try:
        found = await client.get(kinds.SECRET, namespace, name)
    except NotFound as error:
        raise ConfigError("--namespace", f"there is no Secret {namespace}/{name}", "name the controller's namespace") from error
    return secret.content(found.get("data"))


async def wishes(client: KubeClient) -> dict[DnsName, ObjectRef]:
    """Every name in the DNSEndpoints of the host: ours stand for their GlobalHosts, others for themselves."""
    found: dict[DnsName, ObjectRef] = {}
    try:
        objects = await client.list(kinds.DNS_ENDPOINT)
    except NotFound:
        return found
    for obj in objects:
        claim = dnsendpoint.parse(obj)
        if isinstance(claim, Unreadable):
            continue  # the controller tells of it in its status
        for row in claim.rows:
            with contextlib.suppress(InvalidName):
                found.setdefault(DnsName.parse(row.dns_name), claim.owner or claim.ref)
    return found
