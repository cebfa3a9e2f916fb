"""A DNSZone read into a Zone."""

from ipaddress import ip_network
from typing import Any

import pytest

from mcidns.hub import dnszone
from mcidns.hub.unreadable import Unreadable
from mcidns.model.hosts import Requirement
from mcidns.model.names import DnsName
from mcidns.model.zones import Affix, Encryption, Grant, Guard, Registry, TtlBounds, Zone

LITTLE = {"domain": "example.org", "ownerID": "hub-1"}


def zone(spec: Any, **annotations: str) -> Zone | Unreadable:
    metadata = {
        "name": "main",
        "generation": 2,
        "annotations": {f"mcidns.io/{k.replace('_', '-')}": v for k, v in annotations.items()},
    }
    return dnszone.parse({"kind": "DNSZone", "metadata": metadata, "spec": spec})


def test_a_zone_with_little_said_takes_the_defaults_of_the_model() -> None:
    assert zone(LITTLE) == Zone(name="main", domain=DnsName("example.org."), owner_id="hub-1", generation=2)


def test_a_zone_with_all_said_is_read_whole() -> None:
    found = zone(
        {
            **LITTLE,
            "providerRef": {"name": "bind"},
            "policy": "CreateOnly",
            "registry": {
                "type": "TXT",
                "suffix": "-%{record_type}",
                "wildcardReplacement": "any",
                "readAlso": [{"prefix": "extdns-%{record_type}."}, {}],
                "formerOwners": ["default", "hub-0", "default"],
                "encryption": {"secretRef": {"name": "txt-key"}, "write": "Encrypted"},
            },
            "grants": [
                {"namespaces": ["b", "a"], "names": ["*.example.org"]},
                {"namespaceSelector": {"matchLabels": {"dns": "yes"}}},
            ],
            "allowedTargets": ["203.0.113.0/24", "2001:db8::1"],
            "ttl": {"min": 5, "max": 300, "default": 60},
            "guard": {"maxEmptiedPercent": 0, "minNames": 1},
            "resync": "1m",
        },
        approve_plan=" abc123 ",
    )
    assert found == Zone(
        name="main",
        domain=DnsName("example.org."),
        owner_id="hub-1",
        provider="bind",
        policy="CreateOnly",
        registry=Registry(
            "TXT",
            Affix("", "-%{record_type}", "any"),
            (Affix("extdns-%{record_type}."), Affix()),
            ("default", "hub-0"),
            Encryption("txt-key", None, writes=True),
        ),
        grants=(Grant(("a", "b"), (), ("*.example.org",)), Grant((), (Requirement("dns", "In", ("yes",)),))),
        allowed_targets=(ip_network("203.0.113.0/24"), ip_network("2001:db8::1/128")),
        ttl=TtlBounds(5, 300, 60),
        guard=Guard(0, 1),
        resync=60.0,
        generation=2,
        approved_plan="abc123",
    )


def test_an_explicitly_empty_prefix_is_external_dns_without_affix() -> None:
    found = zone({**LITTLE, "registry": {"prefix": ""}})
    assert isinstance(found, Zone)
    assert found.registry.write == Affix()


def test_a_registry_that_says_nothing_of_affixes_has_the_default_one() -> None:
    found = zone({**LITTLE, "registry": {"wildcardReplacement": "any"}})
    assert isinstance(found, Zone)
    assert found.registry.write == Affix("mcidns-%{record_type}.", "", "any")


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({"ownerID": "hub-1"}, "spec.domain", id="no domain"),
        pytest.param({"domain": "a..b", "ownerID": "hub-1"}, "spec.domain", id="a domain that is none"),
        pytest.param({"domain": "*.example.org", "ownerID": "hub-1"}, "spec.domain", id="a wildcard for a zone"),
        pytest.param({"domain": "example.org"}, "spec.ownerID", id="no owner"),
        pytest.param({**LITTLE, "ownerID": "default"}, "spec.ownerID", id="the owner of every ExternalDNS"),
        pytest.param({**LITTLE, "ownerID": "abc"}, "spec.ownerID", id="an owner too short"),
        pytest.param({**LITTLE, "ownerID": 'a,b="c"'}, "spec.ownerID", id="an owner that breaks the TXT"),
        pytest.param({**LITTLE, "providerRef": {}}, "spec.providerRef.name", id="a reference to nothing"),
        pytest.param({**LITTLE, "registry": {"prefix": "a.", "suffix": "-b"}}, "spec.registry.suffix", id="two affixes"),
        pytest.param({**LITTLE, "registry": {"prefix": "Own."}}, "spec.registry.prefix", id="a prefix with capitals"),
        pytest.param(
            {**LITTLE, "registry": {"wildcardReplacement": "Any"}}, "spec.registry.wildcardReplacement", id="a mixed-case wildcard"
        ),
        pytest.param(
            {**LITTLE, "registry": {"formerOwners": ["a,b"]}}, "spec.registry.formerOwners[0]", id="a former owner of two"
        ),
        pytest.param(
            {**LITTLE, "registry": {"encryption": {}}}, "spec.registry.encryption.secretRef.name", id="encryption without a key"
        ),
        pytest.param(
            {**LITTLE, "registry": {"encryption": {"secretRef": {"name": "k"}, "write": "Maybe"}}},
            "spec.registry.encryption.write",
            id="encryption now and then",
        ),
        pytest.param({**LITTLE, "allowedTargets": ["203.0.113.0/40"]}, "spec.allowedTargets[0]", id="a network that is none"),
        pytest.param({**LITTLE, "grants": [{"names": ["a..b"]}]}, "spec.grants[0].names[0]", id="a grant for no name"),
        pytest.param(
            {**LITTLE, "grants": [{"namespaces": ["a"], "namespaceSelector": {}}]},
            "spec.grants[0].namespaceSelector",
            id="a grant to one and to all",
        ),
        pytest.param({**LITTLE, "ttl": {"min": 60, "max": 30}}, "spec.ttl.min", id="bounds crossed"),
        pytest.param({**LITTLE, "ttl": {"max": 10}}, "spec.ttl.default", id="a default outside of the bounds"),
        pytest.param({**LITTLE, "resync": "0s"}, "spec.resync", id="a resync without end"),
    ],
)
def test_a_mistake_names_its_field(spec: dict[str, Any], field: str) -> None:
    found = zone(spec)
    assert isinstance(found, Unreadable)
    assert field in [problem.field for problem in found.problems]
