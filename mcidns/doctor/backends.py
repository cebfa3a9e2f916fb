"""Opens DNS back ends and reads zones, as the controller does; what stands there is judged in zones."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from mcidns.doctor import rules, zones
from mcidns.doctor.findings import Finding, NotChecked
from mcidns.doctor.site import Site, Unseen
from mcidns.errors import ConfigError, Denied, ProviderError
from mcidns.hub.dnsprovider import ProviderSpec
from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet
from mcidns.model.zones import Zone
from mcidns.program import plugins
from mcidns.program.sealing import KEY
from mcidns.program.standing import Rules
from mcidns.provider import Adjusts, Full, Provider, ProviderSettings, Unlisted

_LOOKS: Final = 50


@dataclass(frozen=True, slots=True)
class Opened:
    """A DNSProvider and its back end."""

    spec: ProviderSpec
    provider: Provider = field(repr=False)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a zone holds. `unlisted`: why only the names asked for were read; `serial` None where there is none."""

    zone: Zone
    rules: Rules
    sets: dict[DnsName, tuple[RecordSet, ...]] = field(hash=False)
    serial: int | None = None
    unlisted: str = ""

    def at(self, name: DnsName) -> tuple[RecordSet, ...]:
        """The sets at a name."""
        return self.sets.get(name, ())


class Broken(Exception):
    """A back end or a zone cannot be used; carries the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.what)
        self.finding = finding


def open_(site: Site, spec: ProviderSpec) -> Opened:
    """The back end of a DNSProvider; no I/O. Raises Broken, NotChecked."""
    secrets = site.secrets.get((site.namespace, spec.secret_name)) if spec.secret_name else {}
    if isinstance(secrets, Unseen):
        raise NotChecked(secrets.why)
    if secrets is None:
        what = f"DNSProvider {spec.name}: there is no Secret {site.namespace}/{spec.secret_name}"
        raise Broken(rules.PROVIDER_UNUSABLE.found(what, name=spec.name, remedy="create that Secret, or correct spec.secretRef"))
    try:
        settings = ProviderSettings(spec.name, spec.config, secrets)
        return Opened(spec, plugins.open_provider(plugins.ProviderSpec(spec.type, settings)))
    except ConfigError as error:
        what = f"DNSProvider {spec.name}: {error.field} {error.problem}"
        raise Broken(rules.PROVIDER_UNUSABLE.found(what, name=spec.name, remedy=error.remedy)) from error


async def login(site: Site, opened: Opened, zones: Iterable[Zone]) -> str:
    """Prove that the back end takes our credentials, by looking at the apex of a zone; the zone that it worked with.

    A zone that is denied alone is that zone's trouble. Raises Broken, NotChecked.
    """
    errors: list[ProviderError] = []
    for zone in zones:
        try:
            await opened.provider.look(zone.domain, frozenset({zone.domain}))
        except ProviderError as error:
            errors.append(error)
        else:
            return zone.domain.relative
    if not errors:
        raise NotChecked("no DNSZone uses it, so there is nothing to ask for")
    raise Broken(_refused(site, opened.spec, errors))


def _refused(site: Site, spec: ProviderSpec, errors: list[ProviderError]) -> Finding:
    what = f"DNSProvider {spec.name}: {errors[0]}"
    if all(isinstance(error, Denied) for error in errors):
        return rules.PROVIDER_LOGIN.found(what, namespace=site.namespace, secret=spec.secret_name or "NAME")
    return rules.PROVIDER_UNREACHABLE.found(what, name=spec.name)


def ruled(site: Site, zone: Zone, provider: Provider) -> tuple[Zone, Rules]:
    """The zone with its key, and its rules. Raises Broken, NotChecked."""
    encryption = zone.registry.encryption
    if encryption is not None:
        content = site.secrets.get((site.namespace, encryption.secret_name))
        if isinstance(content, Unseen):
            raise NotChecked(content.why)
        keyed = replace(encryption, key=(content or {}).get(KEY))
        zone = replace(zone, registry=replace(zone.registry, encryption=keyed))
    try:
        return zone, Rules.of(zone, provider.capabilities, provider if isinstance(provider, Adjusts) else None)
    except ConfigError as error:
        what = f"DNSZone {zone.name}: {error.field} {error.problem}"
        raise Broken(rules.ZONE_UNUSABLE.found(what, name=zone.name, remedy=error.remedy)) from error


async def read(site: Site, opened: Opened, zone: Zone, names: Iterable[DnsName]) -> Contents:
    """The whole zone, or what bears on these names where it cannot be listed. Raises Broken, NotChecked."""
    zone, made = ruled(site, zone, opened.provider)
    with _blamed(zone):
        reading = await opened.provider.read(zone.domain, None)
        if isinstance(reading, Full):
            return Contents(zone, made, {name: reading.names[name] for name in reading.names}, reading.serial)
        why = reading.why if isinstance(reading, Unlisted) else "its server sent a difference only"
        wanted = tuple(names)
        sets: dict[DnsName, tuple[RecordSet, ...]] = {}
        for start in range(0, len(wanted), _LOOKS):
            asked = zones.places(made, wanted[start : start + _LOOKS])
            found = await opened.provider.look(zone.domain, asked)
            sets |= {name: tuple(found.get(name, ())) for name in asked}
        return Contents(zone, made, sets, unlisted=why)


@contextmanager
def _blamed(zone: Zone) -> Iterator[None]:
    try:
        yield
    except ProviderError as error:
        what = f"DNSZone {zone.name}: {error}"
        remedy = "see what the back end allows us" if isinstance(error, Denied) else "see whether it answers"
        raise Broken(rules.ZONE_UNREAD.found(what, name=zone.name, remedy=remedy)) from error
