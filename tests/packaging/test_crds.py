"""The CRDs against the typed models, against what a real API server accepts, and against example manifests."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
import yaml

from mcidns.hub import dnsendpoint, dnsprovider, dnszone, globalhost, kubefed, membercluster, times
from mcidns.hub.dnsendpoint import EndpointRow
from mcidns.hub.unreadable import Unreadable
from mcidns.kube import kinds
from mcidns.kube.kinds import Kind
from mcidns.model.clusters import Cluster, Drain
from mcidns.model.decisions import ProbeState
from mcidns.model.hosts import (
    Damping,
    DeletionPolicy,
    Host,
    OnUnknown,
    Readiness,
    ReadinessMode,
    StaticTarget,
    WhenNoneHealthy,
)
from mcidns.model.probes import ProbeProtocol, ProbeRule
from mcidns.model.references import SourceKind
from mcidns.model.routing import Continent, Failback, FailbackMode, Failover, RoutingPolicy, policy
from mcidns.model.zones import DEFAULT_PREFIX, Guard, Registry, RegistryType, TtlBounds, Zone, ZonePolicy

FOLDER = Path(__file__).parents[2] / "crds"
FILES = sorted(FOLDER.glob("*.yaml"))
RECORDS = (kinds.SERVICE_DNS_RECORD, kinds.INGRESS_DNS_RECORD)
KINDS = (
    kinds.GLOBAL_HOST,
    kinds.MEMBER_CLUSTER,
    kinds.DNS_PROVIDER,
    kinds.DNS_ZONE,
    kinds.DNS_ENDPOINT,
    kinds.KUBEFED_DOMAIN,
    *RECORDS,
)

# apiextensions.k8s.io/v1 JSONSchemaProps, without what structural schemas may not use (uniqueItems, $ref, definitions ...).
KEYWORDS = {
    "additionalProperties", "default", "description", "enum", "format", "items", "maxItems", "maxLength", "maxProperties",
    "maximum", "minItems", "minLength", "minProperties", "minimum", "nullable", "pattern", "properties", "required", "type",
    "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys", "x-kubernetes-list-type", "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations",
}  # fmt: skip

Schema = dict[str, Any]


def load(path: Path) -> dict[str, Any]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def schema_of(kind: Kind) -> Schema:
    document = load(FOLDER / f"{kind.plural}.{kind.group}.yaml")
    found: Schema = document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


def at(kind: Kind, path: str) -> Schema:
    """The schema of a field such as `spec.health.staleAfter`; `[]` goes into the items of a list."""
    schema = schema_of(kind)
    for part in path.split("."):
        schema = schema["properties"][part.removesuffix("[]")]
        if part.endswith("[]"):
            schema = schema["items"]
    return schema


def walk(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from walk(inner, f"{path}.{name}")
    if isinstance(schema.get("items"), dict):
        yield from walk(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from walk(schema["additionalProperties"], f"{path}{{}}")


def every_schema() -> Iterator[tuple[str, str, Schema]]:
    for file in FILES:
        for path, schema in walk(load(file)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]):
            yield file.name, path, schema


def test_there_is_one_file_for_each_kind_and_it_says_what_the_client_believes() -> None:
    assert {file.name for file in FILES} == {f"{kind.plural}.{kind.group}.yaml" for kind in KINDS}
    for kind in KINDS:
        spec = load(FOLDER / f"{kind.plural}.{kind.group}.yaml")["spec"]
        told = (spec["group"], spec["versions"][0]["name"], spec["names"]["kind"], spec["names"]["plural"])
        assert told == (kind.group, kind.version, kind.kind, kind.plural)
        assert spec["scope"] == ("Namespaced" if kind.namespaced else "Cluster")


def test_every_schema_is_structural_and_uses_only_keywords_that_a_server_knows() -> None:
    wrong = [
        (file, path, sorted(set(schema) - KEYWORDS))
        for file, path, schema in every_schema()
        if set(schema) - KEYWORDS or "type" not in schema
    ]
    assert wrong == []


def test_every_field_says_what_it_means() -> None:
    silent = [
        (file, path)
        for file, path, schema in every_schema()
        if "description" not in schema and path != ".metadata" and not path.endswith(("[]", "{}"))
    ]
    assert silent == []


def test_every_kind_has_a_status_subresource_conditions_and_columns() -> None:
    for kind in KINDS:
        version = load(FOLDER / f"{kind.plural}.{kind.group}.yaml")["spec"]["versions"][0]
        assert version["subresources"] == {"status": {}}
        conditions = at(kind, "status.conditions")
        assert conditions["x-kubernetes-list-map-keys"] == ["type"]
        assert conditions["items"]["required"] == ["type", "status", "lastTransitionTime", "reason", "message"]
        assert "observedGeneration" in at(kind, "status")["properties"]
        assert any(column["type"] == "date" for column in version["additionalPrinterColumns"])


def test_map_lists_name_required_keys_of_their_items() -> None:
    for file, path, schema in every_schema():
        for key in schema.get("x-kubernetes-list-map-keys", ()):
            assert key in schema["items"]["required"], (file, path)


def test_patterns_are_regular_expressions_that_begin_and_end() -> None:
    for file, path, schema in every_schema():
        if "pattern" in schema:
            re.compile(schema["pattern"])
            assert schema["pattern"].startswith("^"), (file, path)
            assert schema["pattern"].endswith("$"), (file, path)


def test_defaults_fit_their_own_schema() -> None:
    for file, path, schema in every_schema():
        if "default" in schema:
            jsonschema.validate(schema["default"], plain(schema), jsonschema.Draft7Validator)
        assert file
        assert path is not None


def rules() -> Iterator[tuple[str, str, str, str]]:
    for file, path, schema in every_schema():
        for rule in schema.get("x-kubernetes-validations", ()):
            yield file, path, rule["rule"], rule["message"]


def test_every_rule_has_a_message_and_bounded_input() -> None:
    """A server refuses a CRD whose rules might cost too much, which they do where lists or texts have no bound."""
    for file, path, _, message in rules():
        assert message, (file, path)
    for file, path, schema in every_schema():
        if not path.startswith(".spec") or "x-kubernetes-validations" not in str(schema) or file.startswith("dnsendpoints"):
            continue
        if schema["type"] == "array":
            assert "maxItems" in schema, (file, path)


@pytest.mark.parametrize(
    ("kind", "path", "words"),
    [
        pytest.param(kinds.GLOBAL_HOST, "spec.source.kind", get_args(SourceKind), id="source kinds"),
        pytest.param(kinds.GLOBAL_HOST, "spec.routing.policy", get_args(RoutingPolicy), id="routing policies"),
        pytest.param(kinds.GLOBAL_HOST, "spec.routing.failover.failback.mode", get_args(FailbackMode), id="ways of failing back"),
        pytest.param(kinds.GLOBAL_HOST, "spec.routing.geo.rules[].continent", get_args(Continent), id="continents"),
        pytest.param(kinds.GLOBAL_HOST, "spec.health.readiness.mode", get_args(ReadinessMode), id="readiness modes"),
        pytest.param(kinds.GLOBAL_HOST, "spec.health.onUnknown", get_args(OnUnknown), id="what to do with unknown"),
        pytest.param(kinds.GLOBAL_HOST, "spec.health.probe.protocol", get_args(ProbeProtocol), id="probe protocols"),
        pytest.param(kinds.GLOBAL_HOST, "status.targets[].probes[].state", get_args(ProbeState), id="states of a probed address"),
        pytest.param(kinds.GLOBAL_HOST, "spec.whenNoneHealthy", get_args(WhenNoneHealthy), id="none healthy"),
        pytest.param(kinds.GLOBAL_HOST, "spec.deletionPolicy", get_args(DeletionPolicy), id="deletion policies"),
        pytest.param(kinds.DNS_ZONE, "spec.policy", get_args(ZonePolicy), id="zone policies"),
        pytest.param(kinds.DNS_ZONE, "spec.registry.type", get_args(RegistryType), id="registries"),
    ],
)
def test_the_words_of_a_choice_are_those_of_the_model(kind: Kind, path: str, words: tuple[str, ...]) -> None:
    assert tuple(at(kind, path)["enum"]) == words


def model_defaults(type_: type[Any]) -> dict[str, Any]:
    return {field.name: field.default for field in dataclasses.fields(type_)}


def test_the_defaults_of_a_globalhost_are_those_of_the_model() -> None:
    host, readiness = model_defaults(Host), model_defaults(Readiness)

    def default(path: str) -> Any:
        return at(kinds.GLOBAL_HOST, f"spec.{path}")["default"]

    assert default("maxTargets") == host["max_targets"]
    assert default("routing.policy") == policy(host["routing"])
    assert default("routing.failover.minHealthy") == model_defaults(Failover)["min_healthy"]
    assert default("routing.failover.failback.mode") == model_defaults(Failback)["mode"]
    assert times.duration(default("routing.failover.failback.delay")) == model_defaults(Failback)["delay"]
    assert default("staticTargets[].weight") == model_defaults(StaticTarget)["weight"] == model_defaults(Cluster)["weight"]
    assert at(kinds.MEMBER_CLUSTER, "spec.weight")["default"] == model_defaults(Cluster)["weight"]
    assert default("health.onUnknown") == host["on_unknown"]
    assert default("whenNoneHealthy") == host["when_none_healthy"]
    assert default("deletionPolicy") == host["deletion_policy"]
    assert default("ptr") == host["ptr"]
    assert times.duration(default("health.staleAfter")) == host["stale_after"]
    assert times.duration(default("health.addressGrace")) == host["address_grace"]
    assert default("health.readiness.mode") == readiness["mode"]
    assert default("health.readiness.minReady") == readiness["min_ready"]
    assert default("health.readiness.minReadyPercent") == readiness["min_ready_percent"]
    assert default("health.readiness.fall") == readiness["fall"]
    assert default("health.readiness.rise") == readiness["rise"]
    assert default("minHealthyClusters") == host["min_healthy_clusters"]


def test_the_defaults_of_probes_and_damping_are_those_of_the_model() -> None:
    probe, damping = model_defaults(ProbeRule), model_defaults(Damping)

    def default(path: str) -> Any:
        return at(kinds.GLOBAL_HOST, f"spec.health.{path}")["default"]

    assert {key: default(f"probe.{key}") for key in ("fall", "rise")} == {key: probe[key] for key in ("fall", "rise")}
    assert {key: times.duration(default(f"probe.{key}")) for key in ("interval", "timeout")} == {
        key: probe[key] for key in ("interval", "timeout")
    }
    points = {"penalty": "penalty", "suppress_above": "suppressAbove", "reuse_below": "reuseBelow"}
    spans = {"half_life": "halfLife", "max_suppress": "maxSuppress"}
    assert {key: default(f"damping.{name}") for key, name in points.items()} | {
        key: times.duration(default(f"damping.{name}")) for key, name in spans.items()
    } == damping


def test_the_defaults_of_a_zone_are_those_of_the_model() -> None:
    zone, ttl, guard = model_defaults(Zone), model_defaults(TtlBounds), model_defaults(Guard)

    def default(path: str) -> Any:
        return at(kinds.DNS_ZONE, f"spec.{path}")["default"]

    assert default("policy") == zone["policy"]
    assert times.duration(default("resync")) == zone["resync"]
    assert {key: default(f"ttl.{key}") for key in ("min", "max", "default")} == ttl
    assert default("guard.maxEmptiedPercent") == guard["max_emptied_percent"]
    assert default("guard.minNames") == guard["min_names"]
    assert default("registry") == {"type": Registry().type, "prefix": DEFAULT_PREFIX}


# Model fields that stand in no spec, and what fills them instead.
ELSEWHERE = {
    "Host": {
        "namespace",
        "name",
        "uid",
        "created_at",
        "generation",
        "invalid_hostnames",
        "kind",
        "scheme",
        "failback_asked",
        "unread",
    },
    "Zone": {"name", "generation", "approved_plan", "takes_sets"},
}


@pytest.mark.parametrize(
    ("type_", "kind", "fields"),
    [
        pytest.param(
            Host,
            kinds.GLOBAL_HOST,
            {
                "source": "spec.source",
                "hostnames": "spec.hostnames",
                "static_targets": "spec.staticTargets",
                "clusters": "spec.clusters",
                "ttl": "spec.ttl",
                "max_targets": "spec.maxTargets",
                "routing": "spec.routing",
                "readiness": "spec.health.readiness",
                "on_unknown": "spec.health.onUnknown",
                "stale_after": "spec.health.staleAfter",
                "address_grace": "spec.health.addressGrace",
                "probe": "spec.health.probe",
                "damping": "spec.health.damping",
                "min_healthy_clusters": "spec.minHealthyClusters",
                "when_none_healthy": "spec.whenNoneHealthy",
                "fallback": "spec.fallback",
                "deletion_policy": "spec.deletionPolicy",
                "ptr": "spec.ptr",
            },
            id="GlobalHost",
        ),
        pytest.param(
            Zone,
            kinds.DNS_ZONE,
            {
                "domain": "spec.domain",
                "owner_id": "spec.ownerID",
                "provider": "spec.providerRef",
                "policy": "spec.policy",
                "registry": "spec.registry",
                "grants": "spec.grants",
                "allowed_targets": "spec.allowedTargets",
                "ttl": "spec.ttl",
                "guard": "spec.guard",
                "resync": "spec.resync",
            },
            id="DNSZone",
        ),
        pytest.param(
            EndpointRow,
            kinds.DNS_ENDPOINT,
            {
                "dns_name": "spec.endpoints[].dnsName",
                "record_type": "spec.endpoints[].recordType",
                "targets": "spec.endpoints[].targets",
                "ttl": "spec.endpoints[].recordTTL",
                "set_identifier": "spec.endpoints[].setIdentifier",
                "labels": "spec.endpoints[].labels",
                "properties": "spec.endpoints[].providerSpecific",
            },
            id="DNSEndpoint",
        ),
        pytest.param(
            ProbeRule,
            kinds.GLOBAL_HOST,
            {
                **{key: f"spec.health.probe.{key}" for key in ("protocol", "port", "path", "host")},
                **{key: f"spec.health.probe.{key}" for key in ("interval", "timeout", "fall", "rise")},
                "expect": "spec.health.probe.expectStatus",
                "insecure_skip_verify": "spec.health.probe.insecureSkipVerify",
            },
            id="probe",
        ),
        pytest.param(
            Drain,
            kinds.MEMBER_CLUSTER,
            {key: f"spec.drain.{key}" for key in ("reason", "until", "force")},
            id="drain",
        ),
        pytest.param(
            StaticTarget,
            kinds.GLOBAL_HOST,
            {
                "name": "spec.staticTargets[].name",
                "targets": "spec.staticTargets[].addresses",
                "region": "spec.staticTargets[].region",
                "weight": "spec.staticTargets[].weight",
            },
            id="static target",
        ),
    ],
)
def test_model_and_schema_have_the_same_fields(type_: type[Any], kind: Kind, fields: dict[str, str]) -> None:
    assert {field.name for field in dataclasses.fields(type_)} == fields.keys() | ELSEWHERE.get(type_.__name__, set())
    for path in fields.values():
        assert at(kind, path)
    parent = next(iter(fields.values())).rpartition(".")[0]
    top = {path.removeprefix(f"{parent}.").partition(".")[0] for path in fields.values()}
    assert set(at(kind, parent)["properties"]) == top


def plain(schema: Any) -> Any:
    """The schema as plain JSON Schema: extensions removed, unknown fields refused where a server would prune them."""
    if isinstance(schema, list):
        return [plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: plain(value) for key, value in schema.items() if not key.startswith("x-kubernetes")}
    if isinstance(schema.get("properties"), dict) and "x-kubernetes-preserve-unknown-fields" not in schema:
        found["properties"] = {key: plain(value) for key, value in schema["properties"].items()}
        found["additionalProperties"] = False
    return found


def validator(kind: Kind) -> jsonschema.Draft7Validator:
    schema = plain(schema_of(kind))
    schema["properties"]["metadata"] = {"type": "object"}
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def manifest(kind: Kind, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "one", **({"namespace": "shop"} if kind.namespaced else {})}
    content = spec if kind is kinds.KUBEFED_DOMAIN else {"spec": spec}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, **content}


GOOD = [
    pytest.param(kinds.GLOBAL_HOST, {}, id="a host with nothing said"),
    pytest.param(
        kinds.GLOBAL_HOST,
        {
            "hostnames": ["www.example.org", "*.example.org", "_x.example.org", "bücher.example.org."],
            "source": {"kind": "Service", "name": "web"},
            "staticTargets": [{"name": "dc1", "addresses": ["203.0.113.1", "2001:db8::1"], "region": "eu"}],
            "clusters": {"selector": {"matchExpressions": [{"key": "env", "operator": "In", "values": ["prod"]}]}},
            "ttl": 60,
            "maxTargets": 100,
            "routing": {"policy": "All"},
            "health": {
                "readiness": {"mode": "All", "minReady": 2, "minReadyPercent": 50},
                "onUnknown": "Withdraw",
                "staleAfter": "1h30m",
                "addressGrace": "90s",
            },
            "whenNoneHealthy": "Fallback",
            "fallback": ["sorry.example.net"],
            "deletionPolicy": "Orphan",
            "ptr": True,
        },
        id="a host with all said",
    ),
    pytest.param(kinds.GLOBAL_HOST, {"clusters": {"names": []}}, id="a host on no cluster"),
    pytest.param(
        kinds.GLOBAL_HOST,
        {
            "routing": {
                "policy": "Failover",
                "failover": {"order": ["fra", "eu"], "minHealthy": 2, "failback": {"mode": "Manual", "delay": "10m"}},
                "weighted": {"weights": {"fra": 0, "ams": 255}, "default": 7},
                "geo": {
                    "rules": [
                        {"continent": "EU", "clusters": ["fra"]},
                        {"country": "US", "subdivision": "CA", "clusters": ["us"]},
                    ],
                    "default": ["fra"],
                },
                "latency": {"regions": {"garr-pa": "eu-south-1"}},
            }
        },
        id="a host with every policy's section",
    ),
    pytest.param(kinds.MEMBER_CLUSTER, {"access": {"kubeconfigSecretRef": {"name": "fra"}}}, id="a member by kubeconfig"),
    pytest.param(
        kinds.MEMBER_CLUSTER,
        {
            "access": {
                "server": "https://api.fra.example.org:6443",
                "caBundle": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t",
                "tokenSecretRef": {"name": "fra", "namespace": "fleet", "key": "token"},
                "proxyURL": "http://proxy.example.org:3128",
                "impersonate": "system:serviceaccount:mcidns:reader",
            },
            "region": "eu-central",
            "zones": ["a", "b"],
            "addressMap": [{"from": "10.0.0.1", "to": "203.0.113.1"}],
            "source": {"kind": "KubeFedCluster", "namespace": "kube-federation-system", "name": "fra"},
        },
        id="a member by token",
    ),
    pytest.param(
        kinds.MEMBER_CLUSTER,
        {
            "access": {
                "server": "https://api.fra.example.org:6443",
                "tokenSecretRef": {"name": "fra", "namespace": "fleet", "key": "token"},
                "caBundleSecretRef": {"name": "fra", "namespace": "fleet", "key": "caBundle"},
                "tlsServerName": "kubernetes.default",
            },
            "source": {"kind": "Cluster", "namespace": "", "name": "fra"},
        },
        id="a member by token and authority in a Secret",
    ),
    pytest.param(
        kinds.MEMBER_CLUSTER,
        {
            "access": {
                "server": "https://api.fra.example.org:6443",
                "provider": {
                    "name": "secretreader",
                    "config": {"clusterName": "fra"},
                    "args": ["--fast"],
                    "env": [{"name": "A", "value": "b"}],
                },
            }
        },
        id="a member by access provider",
    ),
    pytest.param(kinds.MEMBER_CLUSTER, {"access": {"context": "kind-eu"}}, id="a member by context"),
    pytest.param(
        kinds.DNS_PROVIDER,
        {
            "type": "rfc2136",
            "secretRef": {"name": "tsig"},
            "config": {"servers": ["192.0.2.53"], "deep": {"er": [1]}},
            "rateLimit": {"requestsPerSecond": 5, "burst": 10},
        },
        id="a provider",
    ),
    pytest.param(kinds.DNS_ZONE, {"domain": "example.org", "ownerID": "hub-1"}, id="a zone with little said"),
    pytest.param(
        kinds.DNS_ZONE,
        {
            "domain": "example.org.",
            "providerRef": {"name": "main"},
            "ownerID": "hub-1",
            "policy": "UpsertOnly",
            "registry": {
                "type": "TXT",
                "suffix": "-%{record_type}-owner",
                "wildcardReplacement": "any",
                "readAlso": [{"prefix": "extdns-%{record_type}."}, {"prefix": ""}],
                "formerOwners": ["default", "hub-0"],
                "encryption": {"secretRef": {"name": "txt-key"}, "write": "Encrypted"},
            },
            "grants": [
                {"namespaces": ["shop"], "names": ["*.shop.example.org", "example.org"]},
                {"namespaceSelector": {"matchLabels": {"dns": "yes"}}},
            ],
            "allowedTargets": ["203.0.113.0/24", "2001:db8::/32"],
            "ttl": {"min": 5, "max": 300, "default": 30},
            "guard": {"maxEmptiedPercent": 50, "minNames": 5},
            "resync": "2m",
        },
        id="a zone with all said",
    ),
    pytest.param(
        kinds.DNS_ENDPOINT,
        {
            "endpoints": [
                {
                    "dnsName": "www.example.org",
                    "recordType": "A",
                    "targets": ["203.0.113.1"],
                    "recordTTL": 30,
                    "setIdentifier": "eu",
                    "labels": {"resource": "crd/shop/web"},
                    "providerSpecific": [{"name": "aws/weight", "value": "1"}],
                }
            ]
        },
        id="an endpoint",
    ),
    pytest.param(kinds.KUBEFED_DOMAIN, {"domain": "example.org"}, id="a KubeFed domain"),
    pytest.param(
        kinds.KUBEFED_DOMAIN, {"domain": "Example.org.", "nameServer": "ns1.example.org"}, id="a KubeFed domain with its server"
    ),
    pytest.param(kinds.SERVICE_DNS_RECORD, {"domainRef": "europe"}, id="a service record with little said"),
    pytest.param(
        kinds.SERVICE_DNS_RECORD,
        {
            "domainRef": "europe",
            "recordTTL": 300,
            "dnsPrefix": "pay",
            "externalName": "checkout",
            "allowServiceWithoutEndpoints": True,
        },
        id="a service record with all said",
    ),
    pytest.param(
        kinds.INGRESS_DNS_RECORD, {"hosts": ["shop.example.org", "*.shop.example.org"], "recordTTL": 0}, id="an ingress record"
    ),
]

PARSERS: dict[str, Callable[[Any], object]] = {
    "GlobalHost": globalhost.parse,
    "MemberCluster": membercluster.parse,
    "DNSProvider": dnsprovider.parse,
    "DNSZone": dnszone.parse,
    "DNSEndpoint": dnsendpoint.parse,
    "Domain": kubefed.domain,
    "ServiceDNSRecord": lambda obj: kubefed.service(obj, {}, "kube-federation-system"),
    "IngressDNSRecord": kubefed.ingress,
}


@pytest.mark.parametrize(("kind", "spec"), GOOD)
def test_a_good_manifest_passes_the_schema_and_the_parser(kind: Kind, spec: dict[str, Any]) -> None:
    one = manifest(kind, spec)
    validator(kind).validate(one)
    parsed = PARSERS[kind.kind](one)
    assert not isinstance(parsed, Unreadable), parsed


@pytest.mark.parametrize(
    ("kind", "spec", "field"),
    [
        pytest.param(kinds.GLOBAL_HOST, {"hostnames": ["a" * 300]}, "hostnames", id="a name of 300 characters"),
        pytest.param(kinds.GLOBAL_HOST, {"hostnames": ["a..b"]}, "hostnames", id="an empty label"),
        pytest.param(kinds.GLOBAL_HOST, {"hostnames": ["http://a.b/"]}, "hostnames", id="a URL for a name"),
        pytest.param(kinds.GLOBAL_HOST, {"hostnames": ["a.*.b"]}, "hostnames", id="a star inside"),
        pytest.param(kinds.GLOBAL_HOST, {"ttl": 0}, "ttl", id="a TTL of nothing"),
        pytest.param(kinds.GLOBAL_HOST, {"ttl": 604801}, "ttl", id="a TTL above a week"),
        pytest.param(kinds.GLOBAL_HOST, {"maxTargets": 101}, "maxTargets", id="too many targets"),
        pytest.param(kinds.GLOBAL_HOST, {"routing": {"policy": "Random"}}, "policy", id="a policy that is none"),
        pytest.param(kinds.GLOBAL_HOST, {"routing": {"weighted": {"weights": {"a": -1}}}}, "weights", id="a weight of -1"),
        pytest.param(kinds.GLOBAL_HOST, {"routing": {"weighted": {"weights": {"a": 256}}}}, "weights", id="a weight of 256"),
        pytest.param(kinds.GLOBAL_HOST, {"routing": {"weighted": {"default": 256}}}, "default", id="a default weight of 256"),
        pytest.param(kinds.GLOBAL_HOST, {"routing": {"failover": {"order": []}}}, "order", id="an order of nobody"),
        pytest.param(
            kinds.GLOBAL_HOST, {"routing": {"failover": {"order": ["a"], "minHealthy": 0}}}, "minHealthy", id="none healthy wanted"
        ),
        pytest.param(
            kinds.GLOBAL_HOST,
            {"routing": {"failover": {"order": ["a"], "failback": {"delay": "soon"}}}},
            "delay",
            id="a delay that is no duration",
        ),
        pytest.param(
            kinds.GLOBAL_HOST,
            {"routing": {"policy": "Geo", "geo": {"rules": [{"continent": "EU", "clusters": ["a"]}]}}},
            "default",
            id="geo without default",
        ),
        pytest.param(
            kinds.GLOBAL_HOST,
            {"routing": {"geo": {"rules": [{"continent": "Europe", "clusters": ["a"]}], "default": ["a"]}}},
            "continent",
            id="a continent by name",
        ),
        pytest.param(
            kinds.GLOBAL_HOST,
            {"routing": {"geo": {"rules": [{"country": "it", "clusters": ["a"]}], "default": ["a"]}}},
            "country",
            id="a country in small letters",
        ),
        pytest.param(
            kinds.GLOBAL_HOST, {"routing": {"latency": {"regions": {"garr": "Palermo"}}}}, "regions", id="no region of the provider"
        ),
        pytest.param(
            kinds.GLOBAL_HOST,
            {"staticTargets": [{"name": "a", "addresses": ["192.0.2.1"], "weight": 256}]},
            "weight",
            id="a static weight of 256",
        ),
        pytest.param(
            kinds.MEMBER_CLUSTER, {"access": {"kubeconfigSecretRef": {"name": "a"}}, "weight": -1}, "weight", id="a member of -1"
        ),
        pytest.param(kinds.GLOBAL_HOST, {"health": {"staleAfter": "1 day"}}, "staleAfter", id="no duration"),
        pytest.param(kinds.GLOBAL_HOST, {"source": {"kind": "UDPRoute"}}, "kind", id="a source without host names"),
        pytest.param(kinds.GLOBAL_HOST, {"staticTargets": [{"name": "a", "addresses": []}]}, "addresses", id="no address"),
        pytest.param(kinds.MEMBER_CLUSTER, {}, "access", id="a member nobody can reach"),
        pytest.param(kinds.MEMBER_CLUSTER, {"access": {"server": "api", "tokenSecretRef": {"name": "x"}}}, "server", id="no URL"),
        pytest.param(kinds.DNS_ZONE, {"domain": "example.org"}, "ownerID", id="nobody's zone"),
        pytest.param(kinds.DNS_ZONE, {"domain": "example.org", "ownerID": "abc"}, "ownerID", id="a short owner"),
        pytest.param(kinds.DNS_ZONE, {"domain": "*.example.org", "ownerID": "hub-1"}, "domain", id="a wildcard zone"),
        pytest.param(
            kinds.DNS_ZONE,
            {"domain": "example.org", "ownerID": "hub-1", "registry": {"wildcardReplacement": "Any"}},
            "wildcardReplacement",
            id="a replacement with capitals",
        ),
        pytest.param(kinds.DNS_PROVIDER, {"type": "../x"}, "type", id="a type that is a path"),
    ],
)
def test_the_schema_refuses_what_it_can_and_so_does_the_parser(kind: Kind, spec: dict[str, Any], field: str) -> None:
    one = manifest(kind, spec)
    found = list(validator(kind).iter_errors(one))
    assert any(field in error.json_path or field in error.message for error in found), found
    parsed = PARSERS[kind.kind](one)
    refused = isinstance(parsed, Unreadable) or bool(getattr(parsed, "invalid_hostnames", ()))
    assert refused or kind is kinds.DNS_PROVIDER


# What the API server accepted under KubeFed's own schemas, which check types and two required fields and nothing else.
STORED_BY_KUBEFED = [
    pytest.param(kinds.KUBEFED_DOMAIN, {"domain": "not a domain", "nameServer": ""}, id="any text for a domain"),
    pytest.param(kinds.SERVICE_DNS_RECORD, {"domainRef": "", "recordTTL": -1, "dnsPrefix": ".."}, id="any text and number"),
    pytest.param(kinds.INGRESS_DNS_RECORD, {}, id="a record without hosts"),
    pytest.param(kinds.INGRESS_DNS_RECORD, {"hosts": ["http://x"], "recordTTL": 2**40}, id="hosts that are none"),
]


@pytest.mark.parametrize(("kind", "content"), STORED_BY_KUBEFED)
def test_whatever_kubefed_stored_passes_our_schema_and_is_refused_with_words_by_the_parser(
    kind: Kind, content: dict[str, Any]
) -> None:
    """A status could not be written to an object that our schema refuses, so that nobody would learn what is wrong with it."""
    one = manifest(kind, content)
    validator(kind).validate(one)
    parsed = PARSERS[kind.kind](one)
    assert isinstance(parsed, Unreadable) or bool(getattr(parsed, "invalid_hostnames", ()))


def test_kubefeds_own_status_passes_our_schema() -> None:
    points = {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "lb.example.net"}]}
    entry = {"cluster": "c1", "loadBalancer": points, "region": "eu", "zones": ["eu-1"]}
    service = {"domain": "example.org", "dns": [entry, {"cluster": "c2", "loadBalancer": {}}]}
    validator(kinds.SERVICE_DNS_RECORD).validate({**manifest(kinds.SERVICE_DNS_RECORD, {"domainRef": "d"}), "status": service})
    ingress = {"dns": [{"cluster": "c1", "loadBalancer": points}]}
    validator(kinds.INGRESS_DNS_RECORD).validate({**manifest(kinds.INGRESS_DNS_RECORD, {}), "status": ingress})


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.kind) for kind in RECORDS])
def test_a_record_remembers_all_that_a_globalhost_does(kind: Kind) -> None:
    """Status is what a restart goes on from; a field that the schema lacks would be dropped without a word."""
    ours = at(kind, "status")["properties"]
    assert {name: ours.get(name) for name in at(kinds.GLOBAL_HOST, "status")["properties"]} == at(kinds.GLOBAL_HOST, "status")[
        "properties"
    ]


CEL = [
    pytest.param(kinds.GLOBAL_HOST, {"whenNoneHealthy": "Fallback"}, False, id="Fallback without addresses"),
    pytest.param(kinds.GLOBAL_HOST, {"whenNoneHealthy": "Fallback", "fallback": ["a.b"]}, True, id="Fallback with one"),
    pytest.param(kinds.GLOBAL_HOST, {"whenNoneHealthy": "ServeAll"}, True, id="no Fallback"),
    pytest.param(kinds.GLOBAL_HOST, {"clusters": {"names": ["a"], "selector": {}}}, False, id="names and selector"),
    pytest.param(kinds.GLOBAL_HOST, {"clusters": {"names": ["a"]}}, True, id="names"),
    pytest.param(
        kinds.GLOBAL_HOST,
        {"clusters": {"selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}},
        False,
        id="In without values",
    ),
    pytest.param(
        kinds.GLOBAL_HOST,
        {"clusters": {"selector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}},
        True,
        id="Exists without values",
    ),
    pytest.param(kinds.GLOBAL_HOST, {"routing": {"policy": "Failover"}}, False, id="Failover without its section"),
    pytest.param(kinds.GLOBAL_HOST, {"routing": {"policy": "Failover", "failover": {}}}, False, id="Failover without order"),
    pytest.param(kinds.GLOBAL_HOST, {"routing": {"policy": "All", "failover": {}}}, True, id="no order where none is needed"),
    pytest.param(
        kinds.GLOBAL_HOST, {"routing": {"policy": "Failover", "failover": {"order": ["a"]}}}, True, id="Failover with order"
    ),
    pytest.param(kinds.GLOBAL_HOST, {"routing": {"policy": "Geo"}}, False, id="Geo without rules"),
    pytest.param(
        kinds.GLOBAL_HOST,
        {"routing": {"geo": {"rules": [{"continent": "EU", "country": "IT", "clusters": ["a"]}], "default": ["a"]}}},
        False,
        id="continent and country",
    ),
    pytest.param(
        kinds.GLOBAL_HOST,
        {"routing": {"geo": {"rules": [{"continent": "NA", "subdivision": "CA", "clusters": ["a"]}], "default": ["a"]}}},
        False,
        id="a subdivision of a continent",
    ),
    pytest.param(
        kinds.GLOBAL_HOST,
        {"routing": {"policy": "Geo", "geo": {"rules": [{"country": "IT", "clusters": ["a"]}], "default": ["a"]}}},
        True,
        id="Geo with rule and default",
    ),
    pytest.param(kinds.MEMBER_CLUSTER, {"access": {}}, False, id="no access"),
    pytest.param(kinds.MEMBER_CLUSTER, {"access": {"server": "https://a"}}, False, id="a server without token"),
    pytest.param(
        kinds.MEMBER_CLUSTER,
        {"access": {"server": "https://a", "tokenSecretRef": {"name": "t"}, "kubeconfigSecretRef": {"name": "k"}}},
        False,
        id="both ways",
    ),
    pytest.param(
        kinds.MEMBER_CLUSTER, {"access": {"server": "https://a", "tokenSecretRef": {"name": "t"}}}, True, id="server and token"
    ),
    pytest.param(kinds.MEMBER_CLUSTER, {"access": {"kubeconfigSecretRef": {"name": "k"}}}, True, id="kubeconfig"),
    pytest.param(
        kinds.MEMBER_CLUSTER,
        {"access": {"server": "https://a", "tokenSecretRef": {"name": "t"}, "provider": {"name": "p"}}},
        False,
        id="a token and a provider",
    ),
    pytest.param(kinds.MEMBER_CLUSTER, {"access": {"context": "c", "server": "https://a"}}, False, id="a context and a server"),
    pytest.param(kinds.MEMBER_CLUSTER, {"access": {"context": "c", "tokenSecretRef": {"name": "t"}}}, False, id="a token too"),
    pytest.param(kinds.MEMBER_CLUSTER, {"access": {"context": "c"}}, True, id="context"),
    pytest.param(kinds.MEMBER_CLUSTER, {"access": {"server": "https://a", "provider": {"name": "p"}}}, True, id="provider"),
    pytest.param(kinds.DNS_ZONE, {"domain": "a.b", "ownerID": "default"}, False, id="ExternalDNS's owner"),
    pytest.param(kinds.DNS_ZONE, {"domain": "a.b", "ownerID": "hub-1"}, True, id="an owner"),
    pytest.param(
        kinds.DNS_ZONE, {"domain": "a.b", "ownerID": "hub-1", "registry": {"prefix": "a", "suffix": "b"}}, False, id="two affixes"
    ),
    pytest.param(
        kinds.DNS_ZONE, {"domain": "a.b", "ownerID": "hub-1", "registry": {"suffix": "b"}}, True, id="a suffix beats the default"
    ),
    pytest.param(
        kinds.DNS_ZONE,
        {"domain": "a.b", "ownerID": "hub-1", "ttl": {"min": 60, "max": 30, "default": 30}},
        False,
        id="bounds crossed",
    ),
]


def defaulted(schema: Schema, value: Any) -> Any:
    """What a server makes of a value before it looks at the rules."""
    if isinstance(value, list):
        return [defaulted(schema.get("items", {}), item) for item in value]
    if not isinstance(value, dict):
        return value
    properties = schema.get("properties", {})
    filled = {key: inner["default"] for key, inner in properties.items() if "default" in inner} | value
    return {key: defaulted(properties.get(key, {}), item) for key, item in filled.items()}


def judged(schema: Schema, value: Any, celpy: Any) -> Iterator[bool]:
    for rule in schema.get("x-kubernetes-validations", ()):
        environment = celpy.Environment()
        program = environment.program(environment.compile(rule["rule"]))
        yield bool(program.evaluate({"self": celpy.json_to_cel(value)}))
    if isinstance(value, dict):
        for key, inner in schema.get("properties", {}).items():
            if key in value:
                yield from judged(inner, value[key], celpy)
    if isinstance(value, list):
        for item in value:
            yield from judged(schema.get("items", {}), item, celpy)


@pytest.mark.parametrize(("kind", "spec", "accepted"), CEL)
@pytest.mark.filterwarnings("ignore")
def test_the_rules_accept_and_refuse(kind: Kind, spec: dict[str, Any], accepted: bool) -> None:
    celpy = pytest.importorskip("celpy", reason="cel-python is not installed; a real API server judges the rules then")
    schema = at(kind, "spec")
    assert all(judged(schema, defaulted(schema, spec), celpy)) is accepted
    parsed = PARSERS[kind.kind](manifest(kind, spec))
    assert isinstance(parsed, Unreadable) is not accepted
