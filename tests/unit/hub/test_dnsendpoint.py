"""DNSEndpoints of any origin, and DNSProviders."""

from typing import Any

import pytest

from mcidns.hub import dnsendpoint, dnsprovider
from mcidns.hub.dnsendpoint import EndpointClaim, EndpointRow
from mcidns.hub.dnsprovider import ProviderSpec
from mcidns.hub.unreadable import Unreadable
from mcidns.model.references import ObjectRef

OWNER = {"apiVersion": "mcidns.io/v1alpha1", "kind": "GlobalHost", "name": "web", "uid": "u"}
LABEL = {"app.kubernetes.io/managed-by": "mcidns"}


def endpoint(*rows: Any, **metadata: Any) -> EndpointClaim | Unreadable:
    about = {"namespace": "shop", "name": "web", "creationTimestamp": "2026-01-01T00:00:00Z", **metadata}
    return dnsendpoint.parse({"kind": "DNSEndpoint", "metadata": about, "spec": {"endpoints": list(rows)}})


def test_rows_are_taken_as_they_stand() -> None:
    found = endpoint(
        {
            "dnsName": "www.example.org",
            "recordType": "a",
            "targets": ["203.0.113.2", "203.0.113.1"],
            "recordTTL": 30,
            "setIdentifier": "eu",
            "labels": {"b": "2", "a": "1"},
            "providerSpecific": [{"name": "aws/weight", "value": "1"}],
        },
        {"dnsName": "x.example.org.", "recordType": "CNAME", "targets": ["y."], "recordTTL": 0},
    )
    assert isinstance(found, EndpointClaim)
    assert found.rows == (
        EndpointRow(
            "www.example.org",
            "A",
            ("203.0.113.2", "203.0.113.1"),
            30,
            "eu",
            (("a", "1"), ("b", "2")),
            (("aws/weight", "1"),),
        ),
        EndpointRow("x.example.org.", "CNAME", ("y.",)),
    )
    assert (found.created_at, found.managed_by_us, found.problems) == (1767225600.0, False, ())


def test_a_bad_row_harms_only_itself() -> None:
    found = endpoint(
        {"dnsName": "a.example.org", "recordType": "A", "targets": "203.0.113.1"},
        {"dnsName": "b.example.org", "recordType": "A", "targets": ["203.0.113.1"]},
        "nonsense",
        {"recordType": "A"},
    )
    assert isinstance(found, EndpointClaim)
    assert [row.dns_name for row in found.rows] == ["b.example.org"]
    assert {problem.field.partition(".targets")[0] for problem in found.problems} == {
        "spec.endpoints[0]",
        "spec.endpoints[2]",
        "spec.endpoints[2].dnsName",
        "spec.endpoints[2].recordType",
        "spec.endpoints[3].dnsName",
    }


@pytest.mark.parametrize(
    ("metadata", "ours"),
    [
        pytest.param({"labels": LABEL, "ownerReferences": [OWNER]}, True, id="label and owner"),
        pytest.param({"ownerReferences": [OWNER]}, True, id="the label was taken off"),
        pytest.param({"labels": LABEL}, True, id="the owner was taken off"),
        pytest.param({"labels": LABEL, "ownerReferences": [{**OWNER, "name": "other"}]}, False, id="another host's"),
        pytest.param({"ownerReferences": [{**OWNER, "apiVersion": "v1", "kind": "Service"}]}, False, id="somebody else's"),
        pytest.param({}, False, id="nobody's"),
    ],
)
def test_whose_an_endpoint_is(metadata: dict[str, Any], ours: bool) -> None:
    found = endpoint(**metadata)
    assert isinstance(found, EndpointClaim)
    assert found.managed_by_us is ours


def test_an_endpoint_that_is_broken_as_a_whole_is_unreadable() -> None:
    found = dnsendpoint.parse({"metadata": {"namespace": "shop", "name": "web"}, "spec": {"endpoints": {}}})
    assert isinstance(found, Unreadable)
    assert (found.ref, found.problems[0].field) == (ObjectRef("DNSEndpoint", "shop", "web"), "spec.endpoints")


def test_a_provider_keeps_its_own_settings_as_they_are() -> None:
    spec = {
        "type": "rfc2136",
        "secretRef": {"name": "tsig"},
        "config": {"servers": ["192.0.2.1"], "deep": {"a": None}},
        "rateLimit": {"requestsPerSecond": 5, "burst": 7},
    }
    found = dnsprovider.parse({"metadata": {"name": "bind", "generation": 2, "uid": "u"}, "spec": spec})
    assert found == ProviderSpec(
        "bind", "rfc2136", "tsig", {"servers": ["192.0.2.1"], "deep": {"a": None}}, 5, 7, generation=2, uid="u"
    )


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({}, "spec.type", id="no type"),
        pytest.param({"type": "x", "secretRef": {}}, "spec.secretRef.name", id="a reference to nothing"),
        pytest.param({"type": "x", "config": []}, "spec.config", id="a list for settings"),
        pytest.param({"type": "x", "rateLimit": {}}, "spec.rateLimit.requestsPerSecond", id="a limit without number"),
        pytest.param({"type": "x", "rateLimit": {"requestsPerSecond": 0}}, "spec.rateLimit.requestsPerSecond", id="no requests"),
    ],
)
def test_a_mistake_in_a_provider_names_its_field(spec: dict[str, Any], field: str) -> None:
    found = dnsprovider.parse({"metadata": {"name": "bind"}, "spec": spec})
    assert isinstance(found, Unreadable)
    assert [problem.field for problem in found.problems] == [field]
