"""The chart: what Helm makes of it, what it refuses, and that it says nothing the controller does not know."""

import json
import re
import textwrap
from typing import Any

import jsonschema
import pytest
import yaml
from aiohttp import ClientSession

from mcidns import web
from mcidns.cli.run import run
from mcidns.settings import Settings
from mcidns.telemetry import Metrics
from mcidns.web import Health
from tests.packaging import catalogue, charts
from tests.packaging.charts import CHART, IMAGE, NAMESPACE, ROOT, Object

ZONE = {"domain": "apps.example.org", "ownerID": "research-hub", "providerRef": {"name": "ns1"}}
PROVIDER = {
    "type": "rfc2136",
    "secretRef": {"name": "ns1-key"},
    "config": {"servers": ["192.0.2.53"], "tsigKeyName": "mcidns", "tsigAlgorithm": "hmac-sha256"},
}
EVERYTHING: Object = {
    **IMAGE,
    "fullnameOverride": "hub-dns",
    "imagePullSecrets": [{"name": "pull"}],
    "dryRun": True,
    "heartbeat": 0.5,
    "readExternalDNSAnnotations": True,
    "resolvers": ["192.0.2.53", "192.0.2.54:5353"],
    "probes": {"rate": 2_000_000, "concurrency": 2_000_000},
    "http": {"address": "[::]", "port": 9090},
    "page": {"enabled": True, "port": 9091, "tokenSecret": {"name": "page", "key": "t.0"}, "from": [{"namespaceSelector": {}}]},
    "extraArgs": ["--probe-rate=7"],
    "extraEnv": [{"name": "AWS_REGION", "value": "eu-south-1"}],
    "extraEnvFrom": [{"secretRef": {"name": "aws"}}],
    "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
    "extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ca"}],
    "providers": {"ns1": PROVIDER},
    "zones": {"apps": ZONE},
    "serviceAccount": {"name": "writer", "annotations": {"a": "b"}},
    "rbac": {"secretNamespaces": ["kube-federation-system", NAMESPACE], "managedClusters": True},
    "replicas": 0,
    "lease": {"duration": 60, "renewDeadline": 40.5, "retry": 5},
    "runAsUser": 1_000_650_000,
    "podLabels": {"team": "net"},
    "podAnnotations": {"a": "b"},
    "priorityClassName": "system-cluster-critical",
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "infra", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
    "podDisruptionBudget": {"maxUnavailable": "50%"},
    "networkPolicy": {"ingressFrom": [{"namespaceSelector": {}}], "egress": [{"ports": [{"port": 53, "protocol": "UDP"}]}]},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
    "dashboard": {"enabled": True, "annotations": {"grafana_folder": "DNS"}},
}
MATRIX = [
    pytest.param({}, id="nothing said"),
    pytest.param(EVERYTHING, id="everything said"),
    pytest.param({"only": "decide"}, id="deciding half"),
    pytest.param({"page": {"enabled": True}}, id="page for port-forward"),
    pytest.param({"only": "program"}, id="programming half"),
    pytest.param({"image": {"repository": "r.example.org/m", "digest": "sha256:" + "0" * 64}}, id="image by digest"),
    pytest.param({"rbac": {"create": False}, "serviceAccount": {"create": False, "name": "mine"}}, id="account and rights given"),
    pytest.param({"podDisruptionBudget": {"enabled": False}, "networkPolicy": {"enabled": False}}, id="without policies"),
    pytest.param({"nameOverride": "n" * 63, "image": {"repository": "r", "tag": "1.2.3-rc.1"}}, id="long name"),
]


def test_the_crds_of_the_chart_are_copies_to_the_byte() -> None:
    ours = {path.name: path.read_bytes() for path in (ROOT / "crds").iterdir()}
    assert {path.name: path.read_bytes() for path in (CHART / "crds").iterdir()} == ours, "make charts copies them"


@pytest.mark.parametrize("values", MATRIX)
def test_every_rendered_object_is_whole_and_in_its_place(values: Object) -> None:
    objects = charts.rendered(values)
    places = [(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in objects]
    assert len(set(places)) == len(places)
    clusterwide = {"ClusterRole", "ClusterRoleBinding", "DNSProvider", "DNSZone"}
    allowed = {NAMESPACE, *values.get("rbac", {}).get("secretNamespaces", [])}
    for one, (kind, namespace, name) in zip(objects, places, strict=True):
        assert one["apiVersion"]
        assert namespace is None if kind in clusterwide else namespace in allowed
        assert len(name) <= 63
        assert one["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm"
        assert all(len(label) <= 63 for label in one["metadata"]["labels"].values())


@pytest.mark.parametrize("values", [pytest.param({}, id="nothing said"), pytest.param(EVERYTHING, id="everything said")])
def test_helm_finds_nothing_to_complain_of(values: Object) -> None:
    report = charts.helm().lint(CHART, values, strict=True, namespace=NAMESPACE)
    assert ([one for one in report["messages"] if one["severity"] > 1], report["errors"]) == ([], [])


@pytest.mark.parametrize("values", MATRIX)
def test_the_pod_meets_the_restricted_standard(values: Object) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
    objects = charts.rendered(values)
    pod = charts.of_kind(objects, "Deployment")[0]["spec"]["template"]["spec"]
    uid = values.get("runAsUser", 65532)
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": uid,
        "runAsGroup": uid,
        "fsGroup": uid,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert charts.container(objects)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"name": "tmp", "mountPath": "/tmp"} in charts.container(objects)["volumeMounts"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert type(pod["securityContext"]["runAsUser"]) is int, "a large number must not be written as 1.00065e+09"


@pytest.mark.parametrize("values", MATRIX)
def test_the_controller_takes_every_option_that_the_chart_gives_it(values: Object) -> None:
    verb, *args = charts.container(charts.rendered(values))["args"]
    context = run.make_context("run", list(args))
    assert verb == "run"
    assert context.params["only"] == values.get("only", "both")
    assert context.params["namespace"] == NAMESPACE
    assert len({arg.partition("=")[0] for arg in args} - {"--resolver", "--probe-rate"}) >= 9


def test_values_that_nobody_changed_are_the_controllers_own_defaults() -> None:
    given = run.make_context("run", charts.container(charts.rendered({}))["args"][1:]).params
    assert given.pop("lease") == "dns-mcidns", "several releases in a namespace do not wait for one another"
    assert given == {key: value for key, value in run.make_context("run", []).params.items() if key != "lease"}
    assert (given["heartbeat"], given["probe_rate"]) == (Settings().heartbeat, Settings().probe_rate)


def test_what_is_said_reaches_the_controller() -> None:
    params = run.make_context("run", charts.container(charts.rendered(EVERYTHING))["args"][1:]).params
    wanted = {"dry_run": True, "heartbeat": 0.5, "http": "[::]:9090", "resolver": ("192.0.2.53", "192.0.2.54:5353")}
    wanted |= {"lease": "hub-dns", "lease_duration": 60.0, "lease_renew_deadline": 40.5, "lease_retry": 5.0}
    wanted |= {"probe_concurrency": 2_000_000, "probe_rate": 7.0, "read_external_dns_annotations": True}
    assert {key: params[key] for key in wanted} == wanted


def test_the_page_is_reached_by_port_forward_alone_unless_it_has_a_token() -> None:
    closed = charts.rendered({"page": {"enabled": True}})
    params = run.make_context("run", charts.container(closed)["args"][1:]).params
    assert (params["page"], params["page_token_file"], params["page_open"]) == ("127.0.0.1:8081", None, False)
    assert [port["name"] for port in charts.container(closed)["ports"]] == ["http"]
    assert len(charts.of_kind(closed, "Service")) == 1
    reached = charts.rendered(EVERYTHING)
    params = run.make_context("run", charts.container(reached)["args"][1:]).params
    assert (params["page"], str(params["page_token_file"]), params["page_open"]) == ("[::]:9091", "/etc/mcidns/page/token", False)
    assert charts.container(reached)["ports"][1] == {"name": "page", "containerPort": 9091, "protocol": "TCP"}
    assert {"name": "page-token", "mountPath": "/etc/mcidns/page", "readOnly": True} in charts.container(reached)["volumeMounts"]
    volumes = charts.of_kind(reached, "Deployment")[0]["spec"]["template"]["spec"]["volumes"]
    token = {"secretName": "page", "items": [{"key": "t.0", "path": "token"}]}
    assert {"name": "page-token", "secret": token} in volumes
    service = next(one for one in charts.of_kind(reached, "Service") if one["metadata"]["name"].endswith("-page"))
    assert service["spec"]["ports"] == [{"name": "page", "port": 9091, "targetPort": "page", "protocol": "TCP"}]
    rules = charts.of_kind(reached, "NetworkPolicy")[0]["spec"]["ingress"]
    assert {"ports": [{"port": "page", "protocol": "TCP"}], "from": [{"namespaceSelector": {}}]} in rules


async def test_the_probes_ask_what_the_controller_serves() -> None:
    container = charts.container(charts.rendered({}))
    assert container["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]
    monitor = charts.of_kind(charts.rendered(EVERYTHING), "ServiceMonitor")[0]["spec"]["endpoints"][0]["path"]
    asked = {container[probe]["httpGet"]["path"] for probe in ("livenessProbe", "readinessProbe")} | {monitor}
    waiting = Health(waiting_for=("members: not all were read or tried yet",))
    async with web.serving(("127.0.0.1", 0), Metrics(), lambda: waiting) as port, ClientSession() as session:
        codes = {}
        for path in asked:
            async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                codes[path] = answer.status
    assert codes == {"/healthz": 200, "/readyz": 503, "/metrics": 200}


def test_a_warm_pod_is_there_before_an_old_one_ends_and_an_eviction_may_take_one() -> None:
    objects = charts.rendered({})
    deployment = charts.of_kind(objects, "Deployment")[0]["spec"]
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert (deployment["replicas"], deployment["strategy"]) == (2, rolling)
    (apart,) = deployment["template"]["spec"]["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert apart["podAffinityTerm"]["labelSelector"] == deployment["selector"]
    assert deployment["template"]["spec"]["terminationGracePeriodSeconds"] > Settings().stop_within
    assert charts.of_kind(objects, "PodDisruptionBudget")[0]["spec"]["maxUnavailable"] == 1


def test_every_selector_finds_the_pod_and_only_this_releases() -> None:
    objects = charts.rendered(EVERYTHING)
    labels = charts.of_kind(objects, "Deployment")[0]["spec"]["template"]["metadata"]["labels"]
    selectors = [
        charts.of_kind(objects, "Deployment")[0]["spec"]["selector"]["matchLabels"],
        charts.of_kind(objects, "PodDisruptionBudget")[0]["spec"]["selector"]["matchLabels"],
        charts.of_kind(objects, "NetworkPolicy")[0]["spec"]["podSelector"]["matchLabels"],
        *(service["spec"]["selector"] for service in charts.of_kind(objects, "Service")),
    ]
    assert all(one == {"app.kubernetes.io/name": "mcidns", "app.kubernetes.io/instance": "dns"} for one in selectors)
    assert selectors[0].items() <= labels.items()
    assert labels["team"] == "net"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        pytest.param({"only": "neither"}, ["/only", "'both', 'decide', 'program'"], id="half that there is not"),
        pytest.param({"replica": 2}, ["'replica' not allowed"], id="misspelt"),
        pytest.param({"replicas": -1}, ["/replicas", "want 0"], id="negative"),
        pytest.param({"runAsUser": 0}, ["/runAsUser", "want 1"], id="root"),
        pytest.param({"image": {"digest": "latest"}}, ["/image/digest", "sha256"], id="digest that is none"),
        pytest.param({"http": {"port": 80}}, ["/http/port", "want 1,024"], id="port that needs root"),
        pytest.param({"page": {"enabled": True, "port": 8080}}, ["page.port is 8080", "http.port"], id="page where metrics are"),
        pytest.param({"page": {"tokenSecret": {"name": "Page"}}}, ["/page/tokenSecret/name"], id="Secret of no name"),
        pytest.param({"heartbeat": 0}, ["/heartbeat", "want 0"], id="no heartbeat"),
        pytest.param({"logLevel": "trace"}, ["/logLevel", "'debug'"], id="log level"),
        pytest.param({"extraArgs": ["dry-run"]}, ["/extraArgs/0", "--"], id="argument without dashes"),
        pytest.param({"podDisruptionBudget": {"maxUnavailable": 0}}, ["maxUnavailable", "want 1"], id="nobody may evict"),
        pytest.param({"rbac": {"secretNamespaces": ["*"]}}, ["/rbac/secretNamespaces/0"], id="Secrets of all namespaces"),
        pytest.param({"zones": {"a": {"domain": "a.org"}}}, ["/zones/a", "'ownerID'"], id="zone without owner"),
        pytest.param({"zones": {"a": ZONE | {"ownerID": "me"}}}, ["/zones/a/ownerID", "want 4"], id="owner too short"),
        pytest.param({"zones": {"a": ZONE | {"owner": "x"}}}, ["/zones/a", "'owner' not allowed"], id="field of no zone"),
        pytest.param(
            {"zones": {"a": ZONE | {"ownerID": "default"}}}, ["zones.a.ownerID", "name of your own"], id="ExternalDNS's own owner"
        ),
        pytest.param({"providers": {"p": {}}}, ["/providers/p", "'type'"], id="provider without type"),
        pytest.param({"lease": {"duration": 1}}, ["/lease/duration", "want 3"], id="lease that is too short"),
        pytest.param({"lease": {"renewDeadline": 15}}, ["lease.renewDeadline 15", "above the deadline"], id="deadline not below"),
        pytest.param({"lease": {"retry": 6}}, ["lease.retry 6", "two retries"], id="retry too long"),
        pytest.param({"image": {"repository": ""}}, ["image.repository is not set", "Dockerfile"], id="no image"),
        pytest.param({"serviceAccount": {"create": False}}, ["serviceAccount.name is not set"], id="account without name"),
    ],
)
def test_what_cannot_work_is_refused_with_the_value_and_what_it_may_be(values: Object, words: list[str]) -> None:
    with pytest.raises(charts.helm().HelmError) as refusal:
        charts.texts({**IMAGE, **values})
    assert [word for word in words if word not in str(refusal.value)] == []


def test_every_value_has_a_description_and_every_default_fits() -> None:
    def silent(part: Object, path: str) -> list[str]:
        found = [] if part.get("description", "").endswith(".") else [path]
        for name, inner in part.get("properties", {}).items():
            found += silent(inner, f"{path}.{name}")
        if isinstance(part.get("additionalProperties"), dict) and "properties" in part["additionalProperties"]:
            found += silent(part["additionalProperties"], f"{path}[]")
        return found

    assert silent(charts.schema(), "") == []
    jsonschema.validate(charts.defaults(), charts.schema(), jsonschema.Draft7Validator)


def test_the_schema_knows_every_value_and_has_no_other() -> None:
    def closed(part: Object, values: Any, path: str) -> None:
        if "properties" in part:
            assert part["additionalProperties"] is False, path
            assert set(part["properties"]) - {"global"} == set(values), path
            for name, inner in part["properties"].items():
                closed(inner, values.get(name), f"{path}.{name}")

    closed(charts.schema(), charts.defaults(), "")


@pytest.mark.parametrize(
    ("value", "crd"),
    [pytest.param("providers", "dnsproviders", id="providers"), pytest.param("zones", "dnszones", id="zones")],
)
def test_providers_and_zones_have_the_fields_of_their_crds(value: str, crd: str) -> None:
    document = yaml.safe_load((ROOT / "crds" / f"{crd}.mcidns.io.yaml").read_text(encoding="utf-8"))
    spec = document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    ours = charts.schema()["properties"][value]["additionalProperties"]
    assert (set(ours["properties"]), set(ours["required"])) == (set(spec["properties"]), set(spec["required"]))
    enums = {name: inner["enum"] for name, inner in ours["properties"].items() if "enum" in inner}
    assert enums == {name: inner["enum"] for name, inner in spec["properties"].items() if "enum" in inner}


def test_providers_and_zones_become_objects_that_say_the_same() -> None:
    objects = charts.rendered({"providers": {"ns1": PROVIDER}, "zones": {"apps": ZONE}})
    assert [(one["kind"], one["metadata"]["name"], one["spec"]) for one in objects if "mcidns.io" in one["apiVersion"]] == [
        ("DNSProvider", "ns1", PROVIDER),
        ("DNSZone", "apps", ZONE),
    ]


def test_the_notes_say_the_next_step_and_only_that() -> None:
    fresh = charts.texts(IMAGE)["NOTES.txt"]
    assert all(word in fresh for word in ("providers.ns1.type", "zones.apps.ownerID", "mcidns join catania", "GlobalHost"))
    done = charts.texts({**IMAGE, "providers": {"ns1": PROVIDER}, "zones": {"apps": ZONE}})["NOTES.txt"]
    assert "providers.ns1" not in done
    assert "zones.apps" not in done
    assert "replicas is" not in fresh
    assert "With 2 the other one takes over" in charts.texts({**IMAGE, "replicas": 1})["NOTES.txt"]
    program = charts.texts({**IMAGE, "only": "program"})["NOTES.txt"]
    assert "member" not in program
    assert "bind the rights" in charts.texts({**IMAGE, "rbac": {"create": False}})["NOTES.txt"]


def expressions() -> list[tuple[str, str, str]]:
    """Name, expression and everything else that may speak of labels, of each alert and panel."""
    groups = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    alerts = [(rule["alert"], rule["expr"], str(rule["annotations"])) for group in groups for rule in group["rules"]]
    board = json.loads((CHART / "files" / "dashboard.json").read_text(encoding="utf-8"))
    panels = [(panel["title"], one["expr"], one["legendFormat"]) for panel in board["panels"] for one in panel["targets"]]
    return alerts + panels


@pytest.mark.parametrize(
    ("name", "expression", "words"), [pytest.param(*one, id=f"{one[0]}-{i}") for i, one in enumerate(expressions())]
)
def test_alerts_and_dashboard_speak_of_metrics_and_labels_that_exist(name: str, expression: str, words: str) -> None:
    known = {series: labels | {"namespace"} for series, labels in catalogue.series().items()}  # the scrape adds where it was
    named = set(re.findall(r"mcidns_\w+", expression))
    assert named
    assert named - set(known) == set(), name
    labels = set().union(*(known[one] for one in named))
    grouped = {label.strip() for by in re.findall(r"by \(([^)]*)\)", expression) for label in by.split(",")}
    matched = set(re.findall(r"[{,](\w+)[!=]", expression))
    said = set(re.findall(r"\$labels\.(\w+)", words)) | set(re.findall(r"\{\{(\w+)\}\}", words))
    assert (grouped | matched | said) - labels == set(), name


def test_every_metric_is_on_the_dashboard() -> None:
    board = (CHART / "files" / "dashboard.json").read_text(encoding="utf-8")
    shown = set(re.findall(r"mcidns_\w+", " ".join(expression for name, expression, _ in expressions() if name in board)))
    absent = [one.name for one in catalogue.families() if not {*one.series} & shown]
    assert absent == []


def test_alerts_and_dashboard_come_through_rendering_as_they_are() -> None:
    objects = charts.rendered(EVERYTHING)
    rule = charts.of_kind(objects, "PrometheusRule")[0]
    url = "https://git.example.org/dns/runbook.html"
    read = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text(encoding="utf-8").replace("docs/runbook.md", url))
    assert (
        charts.of_kind(charts.rendered({**EVERYTHING, "prometheusRule": {"enabled": True, "runbookUrl": url}}), "PrometheusRule")[
            0
        ]["spec"]
        == read
    )
    assert rule["spec"] == yaml.safe_load((CHART / "files" / "alerts.yaml").read_text(encoding="utf-8"))
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    board = charts.of_kind(objects, "ConfigMap")[0]
    assert json.loads(board["data"]["mcidns.json"]) == json.loads((CHART / "files" / "dashboard.json").read_text(encoding="utf-8"))
    assert board["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    groups = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in (rule for group in groups for rule in group["rules"]):
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
        assert "for" in rule


def test_the_table_of_values_in_the_docs_is_that_of_the_schema() -> None:
    text = charts.TABLE.read_text(encoding="utf-8")
    assert charts.with_table(text) == text, "make charts writes it"


def test_the_values_that_the_docs_show_are_accepted() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", charts.TABLE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    kinds = [{one["kind"] for one in charts.rendered(yaml.safe_load(textwrap.dedent(block)))} for block in blocks]
    assert {"DNSProvider", "DNSZone"} <= kinds[0]
    assert {"ServiceMonitor", "PrometheusRule", "ConfigMap"} <= kinds[1]
