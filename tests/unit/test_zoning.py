"""DNSProviders and DNSZones reach the programming half with what they say, and what is given up is closed."""

from typing import Any

import pytest

from mcidns.errors import ConfigError
from mcidns.hub.dnsendpoint import EndpointClaim
from mcidns.hub.dnsprovider import ProviderSpec
from mcidns.hub.unreadable import Unreadable
from mcidns.model.records import Intent
from mcidns.model.references import ObjectRef
from mcidns.model.secrets import Secret
from mcidns.model.zones import Zone
from mcidns.program import plugins
from mcidns.program.pace import Pace
from mcidns.provider import Provider
from mcidns.testing.memory import MemoryProvider
from mcidns.zoning import Zoning

NAMESPACE = "mcidns-system"


class Work:
    """A programming half that only notes what it is given."""

    def __init__(self) -> None:
        self.zones: dict[str, tuple[Provider | None, Pace | None]] = {}
        self.keys: dict[str, Secret | None] = {}
        self.opened: list[MemoryProvider] = []
        self.closed: list[Provider] = []
        self.refuses = False

    def set_zone(self, zone: Zone, provider: Provider | None, pace: Pace | None = None) -> None:
        self.zones[zone.name] = (provider, pace)
        self.keys[zone.name] = zone.registry.encryption.key if zone.registry.encryption is not None else None

    def remove_zone(self, name: str) -> None:
        self.zones.pop(name)

    def intend(self, source: ObjectRef, intents: tuple[Intent, ...]) -> None:
        raise AssertionError("no DNSEndpoint was given")

    def forget(self, source: ObjectRef) -> None:
        raise AssertionError("no DNSEndpoint was given")

    def open(self, spec: plugins.ProviderSpec) -> Provider:
        if self.refuses:
            raise ConfigError("spec.config", "is bad", "mend it")
        self.opened.append(MemoryProvider())
        return self.opened[-1]

    def close(self, provider: Provider) -> None:
        self.closed.append(provider)


class Words:
    """Notes what is told of providers."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def unreadable(self, problem: Unreadable) -> None:
        self.told.append(problem.message)

    def provider(self, spec: ProviderSpec, outcome: Provider | ConfigError) -> None:
        self.told.append(str(outcome) if isinstance(outcome, ConfigError) else f"{spec.name} is open")

    def endpoint(self, claim: EndpointClaim, problems: tuple[str, ...]) -> None:
        raise AssertionError("no DNSEndpoint was given")


class Desk:
    def __init__(self) -> None:
        self.work, self.words = Work(), Words()
        self.secrets: dict[tuple[str, str], dict[str, Secret]] = {(NAMESPACE, "key"): {"token": Secret("a")}}
        self.zoning = Zoning(
            self.work,
            self.words,
            secret=lambda namespace, name: self.secrets.get((namespace, name)),
            labels=lambda _: (),
            on_zones=lambda: None,
            namespace=NAMESPACE,
        )
        self._generation = iter(range(1, 100))

    def provider(self, name: str = "ns1", **spec: Any) -> None:
        about = {"name": name, "uid": name, "generation": next(self._generation), "creationTimestamp": "2026-01-01T00:00:00Z"}
        obj = {"apiVersion": "mcidns.io/v1alpha1", "kind": "DNSProvider", "metadata": about, "spec": {"type": "memory", **spec}}
        self.zoning.provider(("", name), obj)

    def zone(self, name: str, domain: str, provider: str = "ns1", **more: Any) -> None:
        about = {"name": name, "uid": name, "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z"}
        spec = {"domain": domain, "providerRef": {"name": provider}, "ownerID": "test-owner", **more}
        self.zoning.zone(("", name), {"apiVersion": "mcidns.io/v1alpha1", "kind": "DNSZone", "metadata": about, "spec": spec})


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_all_zones_of_a_provider_share_one_bucket_of_its_rate_limit(desk: Desk) -> None:
    desk.provider(rateLimit={"requestsPerSecond": 5, "burst": 2})
    desk.provider("ns2")
    desk.zone("a", "a.test")
    desk.zone("b", "b.test")
    desk.zone("c", "c.test", "ns2")
    (_, first), (_, second), (_, other) = (desk.work.zones[name] for name in "abc")
    assert first is not None
    assert first is second
    assert other is None


def test_a_provider_that_changed_is_opened_anew_and_the_one_before_is_closed(desk: Desk) -> None:
    desk.provider()
    desk.zone("a", "a.test")
    desk.provider(rateLimit={"requestsPerSecond": 5})
    first, second = desk.work.opened
    assert desk.work.zones["a"][0] is second
    assert desk.work.closed == [first]
    desk.zoning.provider(("", "ns1"), None)
    assert desk.work.zones["a"] == (None, None)
    assert desk.work.closed == [first, second]


def test_a_provider_that_cannot_be_opened_any_more_goes_on_with_what_it_has(desk: Desk) -> None:
    desk.provider()
    desk.zone("a", "a.test")
    desk.work.refuses = True
    desk.provider(config={"server": "?"})
    assert desk.work.zones["a"][0] is desk.work.opened[0]
    assert desk.work.closed == []
    assert desk.words.told == ["ns1 is open", "spec.config: is bad; mend it"]


def test_a_new_secret_opens_the_provider_anew(desk: Desk) -> None:
    desk.provider(secretRef={"name": "key"})
    desk.zone("a", "a.test")
    desk.secrets[NAMESPACE, "key"] = {"token": Secret("b")}
    desk.zoning.secret_changed((NAMESPACE, "key"))
    first, second = desk.work.opened
    assert desk.work.zones["a"][0] is second
    assert desk.work.closed == [first]


def test_a_secret_that_is_missing_is_told_with_its_name(desk: Desk) -> None:
    desk.provider(secretRef={"name": "gone"})
    desk.zone("a", "a.test")
    assert desk.work.zones["a"] == (None, None)
    assert desk.words.told == ["spec.secretRef: Secret mcidns-system/gone does not exist; create it"]


def test_a_zone_gets_the_key_of_its_secret_and_keeps_it_while_the_secret_is_gone(desk: Desk) -> None:
    desk.provider()
    desk.zone("a", "a.test", registry={"encryption": {"secretRef": {"name": "txt"}}})
    assert list(desk.work.keys.values()) == [None]
    for content in ({"aesKey": Secret("one")}, {"aesKey": Secret("two")}):
        desk.secrets[NAMESPACE, "txt"] = content
        desk.zoning.secret_changed((NAMESPACE, "txt"))
        assert desk.work.keys["a"] == content["aesKey"]
    del desk.secrets[NAMESPACE, "txt"]
    desk.zoning.secret_changed((NAMESPACE, "txt"))
    assert desk.work.keys["a"] == Secret("two")
    assert "two" not in repr(desk.zoning.zones)
