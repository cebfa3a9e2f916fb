"""DNSProviders, DNSZones and DNSEndpoints of other origin brought to the programming half; programming itself lives in program/."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from mcidns.decide import endpoints
from mcidns.errors import ConfigError
from mcidns.hub import dnsendpoint, dnsprovider, dnszone
from mcidns.hub.dnsendpoint import EndpointClaim
from mcidns.hub.dnsprovider import ProviderSpec
from mcidns.hub.unreadable import Unreadable
from mcidns.model.records import Intent
from mcidns.model.references import ObjectRef
from mcidns.model.secrets import Secret
from mcidns.model.zones import Zone
from mcidns.program import plugins
from mcidns.program.pace import Pace
from mcidns.program.sealing import KEY
from mcidns.provider import Provider, ProviderSettings

Object = dict[str, Any]
Key = tuple[str, str]
Labels = tuple[tuple[str, str], ...]


class ZoneWork(Protocol):
    """Who programs DNS."""

    def set_zone(self, zone: Zone, provider: Provider | None, pace: Pace | None = None) -> None:
        """Add or change a zone."""
        ...

    def remove_zone(self, name: str) -> None:
        """Stop working on it."""
        ...

    def intend(self, source: ObjectRef, intents: tuple[Intent, ...]) -> None:
        """What the object wishes."""
        ...

    def forget(self, source: ObjectRef) -> None:
        """The object is gone."""
        ...

    def open(self, spec: plugins.ProviderSpec) -> Provider:
        """Make a provider."""
        ...

    def close(self, provider: Provider) -> None:
        """Give up a provider that no zone has any more."""
        ...


class ZoneTelling(Protocol):
    """Who writes what is to be said of these objects."""

    def unreadable(self, problem: Unreadable) -> None:
        """An object cannot be used."""
        ...

    def provider(self, spec: ProviderSpec, outcome: Provider | ConfigError) -> None:
        """A DNSProvider was opened or not."""
        ...

    def endpoint(self, claim: EndpointClaim, problems: tuple[str, ...]) -> None:
        """A DNSEndpoint of other origin was read."""
        ...


@dataclass(frozen=True, slots=True)
class _Opened:
    """A DNSProvider as it was read, what was made of it (None if that failed), and the bucket that all its zones share."""

    spec: ProviderSpec
    provider: Provider | None
    pace: Pace | None = None


class Zoning:
    """Keeps zones and their providers. `secret(namespace, name)` gives a Secret's content, None where there is none."""

    def __init__(
        self,
        zone_work: ZoneWork,
        telling: ZoneTelling,
        *,
        secret: Callable[[str, str], Mapping[str, Secret] | None],
        labels: Callable[[str], Labels],
        on_zones: Callable[[], None],
        namespace: str,
        decides: bool = True,
        programs: bool = True,
    ) -> None:
        self._zone_work = zone_work
        self._telling = telling
        self._secret = secret
        self._labels = labels
        self._on_zones = on_zones
        self._namespace = namespace
        self._decides = decides
        self._programs = programs
        self._zones: dict[str, Zone] = {}
        self._keys: dict[str, Secret] = {}
        self._providers: dict[str, _Opened] = {}
        self._claims: dict[ObjectRef, EndpointClaim] = {}
        self._view: tuple[Zone, ...] | None = None

    @property
    def zones(self) -> tuple[Zone, ...]:
        """All readable DNSZones, by name, with what their providers can hold."""
        # Every decision asks for them.
        if self._view is None:
            self._view = tuple([self._able(self._zones[name]) for name in sorted(self._zones)])
        return self._view

    def _able(self, zone: Zone) -> Zone:
        opened = self._providers.get(zone.provider or "")
        if opened is None or opened.provider is None or opened.provider.capabilities.set_identifiers:
            return zone
        return replace(zone, takes_sets=False)

    def zone(self, key: Key, obj: Object | None) -> None:
        """A DNSZone is as it says, or gone; an unreadable one leaves what was known of it."""
        self._view = None
        if obj is None:
            self._zones.pop(key[1], None)
            self._zone_work.remove_zone(key[1])
        else:
            found = dnszone.parse(obj)
            if isinstance(found, Unreadable):
                self._telling.unreadable(found)
                return
            if self._zones.get(found.name) == found:
                return
            self._zones[found.name] = found
            self._employ(found)
        self._on_zones()
        self._admit_again(self._claims.values())

    def provider(self, key: Key, obj: Object | None) -> None:
        """A DNSProvider is as it says, or gone."""
        if obj is None:
            former = self._providers.pop(key[1], None)
        else:
            found = dnsprovider.parse(obj)
            if isinstance(found, Unreadable):
                self._telling.unreadable(found)
                return
            former = self._providers.get(found.name)
            if former is not None and former.spec == found and former.provider is not None:
                return
            self._open(found)
        self._employ_all(key[1], former)

    def secret_changed(self, key: Key) -> None:
        """A Secret has other content: providers that use it are opened anew, zones encrypt with the new key."""
        for former in list(self._providers.values()):
            spec = former.spec
            if spec.secret_name and key == (self._namespace, spec.secret_name):
                self._open(spec)
                self._employ_all(spec.name, former)
        for zone in self._zones.values():
            encryption = zone.registry.encryption
            if encryption is not None and key == (self._namespace, encryption.secret_name):
                self._employ(zone)

    def endpoint(self, key: Key, obj: Object | None) -> None:
        """A DNSEndpoint is as it says, or gone. Those we wrote ourselves count only where the deciding half does not run."""
        ref = ObjectRef("DNSEndpoint", *key)
        found = dnsendpoint.parse(obj) if obj is not None else None
        if isinstance(found, Unreadable):
            self._telling.unreadable(found)
            return
        if found is None or (found.managed_by_us and self._decides) or not self._programs:
            if self._claims.pop(ref, None) is not None:
                self._zone_work.forget(ref)
            return
        if self._claims.get(ref) != found:
            self._claims[ref] = found
            self._admit_again((found,))

    def namespace_changed(self, namespace: str) -> None:
        """The labels of a namespace are others, and with them perhaps what it may claim."""
        self._admit_again([claim for claim in self._claims.values() if claim.ref.namespace == namespace])

    def _employ(self, zone: Zone) -> None:
        opened = self._providers.get(zone.provider or "")
        if not self._programs:
            return
        zone = self._with_key(zone)
        if opened is None:
            self._zone_work.set_zone(zone, None)
        else:
            self._zone_work.set_zone(zone, opened.provider, opened.pace)

    def _with_key(self, zone: Zone) -> Zone:
        """The zone for those who program it. A key that was there once is used until there is another one."""
        encryption = zone.registry.encryption
        if encryption is None:
            return zone
        content = self._secret(self._namespace, encryption.secret_name)
        if content is not None and KEY in content:
            self._keys[encryption.secret_name] = content[KEY]
        keyed = replace(encryption, key=self._keys.get(encryption.secret_name))
        return replace(zone, registry=replace(zone.registry, encryption=keyed))

    def _employ_all(self, name: str, former: _Opened | None) -> None:
        for zone in self._zones.values():
            if zone.provider == name:
                self._employ(zone)
        now = self._providers.get(name)
        if former is not None and former.provider is not None and (now is None or now.provider is not former.provider):
            self._zone_work.close(former.provider)
        before, self._view = self._view, None
        if before is not None and before != self.zones:
            self._on_zones()

    def _open(self, spec: ProviderSpec) -> None:
        if not self._programs:
            return
        secrets = self._secret(self._namespace, spec.secret_name) if spec.secret_name else {}
        try:
            if secrets is None:
                raise ConfigError("spec.secretRef", f"Secret {self._namespace}/{spec.secret_name} does not exist", "create it")
            settings = ProviderSettings(spec.name, spec.config, secrets)
            provider = self._zone_work.open(plugins.ProviderSpec(spec.type, settings))
        except ConfigError as error:
            # A provider that worked goes on with what it has; the condition says that its object is broken.
            former = self._providers.get(spec.name)
            self._providers[spec.name] = _Opened(spec, None) if former is None else replace(former, spec=spec)
            self._telling.provider(spec, error)
            return
        rate = spec.requests_per_second
        self._providers[spec.name] = _Opened(spec, provider, Pace(rate, spec.burst) if rate is not None else None)
        self._telling.provider(spec, provider)

    def _admit_again(self, claims: Iterable[EndpointClaim]) -> None:
        for claim in tuple(claims):
            labels = self._labels(claim.ref.namespace)
            intents, problems = endpoints.admit(claim.ref, claim.created_at, claim.rows, self.zones, labels)
            self._zone_work.intend(claim.ref, intents)
            self._telling.endpoint(claim, (*map(str, claim.problems), *problems))
