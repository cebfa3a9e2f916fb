"""Bad input is refused by the API server (schema and rules) and by the controller alike, with the field and a remedy."""

from typing import Any

import jsonschema
import pytest

from mcidns.emulator import rules
from mcidns.emulator.statuses import Cause
from mcidns.hub import globalhost, membercluster
from mcidns.hub.unreadable import Unreadable
from mcidns.kube import kinds
from tests.packaging.test_crds import at, defaulted, manifest, plain

ACCESS = {"kubeconfigSecretRef": {"name": "k"}}


def probe(**fields: Any) -> dict[str, Any]:
    return {"health": {"probe": fields}}


def damping(**fields: Any) -> dict[str, Any]:
    return {"health": {"damping": fields}}


def refused_by_the_server(kind: kinds.Kind, spec: dict[str, Any]) -> bool:
    schema = at(kind, "spec")
    whole = defaulted(schema, spec)
    causes: list[Cause] = []
    rules.check(whole, None, schema, causes)
    return bool(causes) or not jsonschema.Draft7Validator(plain(schema)).is_valid(whole)


def test_every_rule_of_our_own_kinds_is_one_that_the_emulator_evaluates() -> None:
    for kind in (kinds.GLOBAL_HOST, kinds.MEMBER_CLUSTER):
        assert rules.unsupported(at(kind, "spec")) == []


@pytest.mark.parametrize(
    ("spec", "field", "remedy"),
    [
        pytest.param(probe(interval="2s"), "spec.health.probe.interval", "as long as the timeout", id="interval below timeout"),
        pytest.param(probe(interval="500ms", timeout="100ms"), "spec.health.probe.interval", "1s", id="interval too short"),
        pytest.param(probe(interval="2h"), "spec.health.probe.interval", "1h", id="interval too long"),
        pytest.param(probe(timeout="1ms"), "spec.health.probe.timeout", "100ms", id="timeout too short"),
        pytest.param(probe(timeout="soon"), "spec.health.probe.timeout", "90s", id="timeout that is no duration"),
        pytest.param(probe(protocol="TCP"), "spec.health.probe.port", "name the port", id="TCP without port"),
        pytest.param(probe(protocol="TCP", port=22, path="/"), "spec.health.probe.path", "remove it", id="TCP with a path"),
        pytest.param(probe(protocol="UDP"), "spec.health.probe.protocol", "HTTP, HTTPS, TCP", id="unknown protocol"),
        pytest.param(probe(port=0), "spec.health.probe.port", "from 1 to 65535", id="port 0"),
        pytest.param(probe(port=65536), "spec.health.probe.port", "from 1 to 65535", id="port 65536"),
        pytest.param(probe(path="healthz"), "spec.health.probe.path", "/healthz", id="path without slash"),
        pytest.param(probe(path="/a b"), "spec.health.probe.path", "percent", id="path with a blank"),
        pytest.param(probe(path="/\r\nX: y"), "spec.health.probe.path", "percent", id="path that would add a header"),
        pytest.param(probe(host="169.254.169.254"), "spec.health.probe.host", "write a name", id="host that is an address"),
        pytest.param(probe(host="fe80::1"), "spec.health.probe.host", "write a name", id="host that is an IPv6 address"),
        pytest.param(probe(host="*.example.org"), "spec.health.probe.host", "write a name", id="host that is a wildcard"),
        pytest.param(probe(host="www..example.org"), "spec.health.probe.host", "write a name", id="host that is no name"),
        pytest.param(probe(expectStatus="ok"), "spec.health.probe.expectStatus", "200-399", id="status that is no code"),
        pytest.param(probe(expectStatus="600"), "spec.health.probe.expectStatus", "200-399", id="status out of range"),
        pytest.param(probe(fall=0), "spec.health.probe.fall", "from 1", id="fall 0"),
        pytest.param(probe(rise=101), "spec.health.probe.rise", "to 100", id="rise 101"),
        pytest.param(
            probe(insecureSkipVerify=True), "spec.health.probe.insecureSkipVerify", "HTTPS", id="no certificate to skip with HTTP"
        ),
        pytest.param({"health": {"readiness": {"fall": 0}}}, "spec.health.readiness.fall", "from 1", id="readiness fall 0"),
        pytest.param(damping(reuseBelow=3000), "spec.health.damping.reuseBelow", "less than 3000", id="reuse above suppress"),
        pytest.param(damping(halfLife="500ms"), "spec.health.damping.halfLife", "1s", id="half-life too short"),
        pytest.param(damping(maxSuppress="1m"), "spec.health.damping.maxSuppress", "300s", id="maxSuppress below half-life"),
        pytest.param(damping(penalty=-1), "spec.health.damping.penalty", "from 0", id="negative penalty"),
        pytest.param({"ttl": 0}, "spec.ttl", "from 1", id="TTL 0"),
        pytest.param({"minHealthyClusters": -1}, "spec.minHealthyClusters", "from 0", id="negative minHealthyClusters"),
    ],
)
def test_a_globalhost_is_refused_with_field_and_remedy(spec: dict[str, Any], field: str, remedy: str) -> None:
    found = globalhost.parse(manifest(kinds.GLOBAL_HOST, spec))

    assert isinstance(found, Unreadable)
    assert [problem.field for problem in found.problems] == [field]
    assert remedy in found.problems[0].remedy
    assert refused_by_the_server(kinds.GLOBAL_HOST, spec)


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(probe(), id="a probe with nothing said"),
        pytest.param(probe(protocol="TCP", port=5432), id="TCP"),
        pytest.param(
            probe(
                protocol="HTTPS", port=8443, path="/up?deep=1", host="www.example.org", expectStatus="200,204,301-302",
                interval="1m30s", timeout="90s", fall=1, rise=100, insecureSkipVerify=True,
            ),
            id="all said",
        ),
        pytest.param(damping(penalty=0), id="damping off"),
        pytest.param({"minHealthyClusters": 0}, id="no cluster needed"),
    ],
)  # fmt: skip
def test_what_makes_sense_is_accepted_by_both(spec: dict[str, Any]) -> None:
    assert not isinstance(globalhost.parse(manifest(kinds.GLOBAL_HOST, spec)), Unreadable)
    assert not refused_by_the_server(kinds.GLOBAL_HOST, spec)


def test_a_status_range_upside_down_is_refused_by_the_controller() -> None:
    found = globalhost.parse(manifest(kinds.GLOBAL_HOST, probe(expectStatus="399-200")))

    assert isinstance(found, Unreadable)
    assert found.problems[0].field == "spec.health.probe.expectStatus"


@pytest.mark.parametrize(
    ("drain", "accepted"),
    [
        pytest.param({}, True, id="nothing said"),
        pytest.param({"reason": "kernel", "until": "2026-03-01T06:00:00Z", "force": True}, True, id="all said"),
        pytest.param({"until": "tomorrow"}, False, id="no time"),
        pytest.param({"until": "2026-03-01T06:00:00"}, False, id="a time without zone"),
        pytest.param({"force": "yes"}, False, id="force that is no boolean"),
    ],
)
def test_a_drain_is_read_or_refused(drain: dict[str, Any], accepted: bool) -> None:
    spec = {"access": ACCESS, "drain": drain}

    assert isinstance(membercluster.parse(manifest(kinds.MEMBER_CLUSTER, spec)), Unreadable) is not accepted
