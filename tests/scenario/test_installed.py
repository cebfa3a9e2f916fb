"""The chart installed by Helm into a control plane, and the controller running as the chart's account with just its rights."""

import asyncio
import base64
import contextlib
import json
import logging
import ssl
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import yaml

from mcidns.app import App
from mcidns.demo import manifests
from mcidns.kube import access
from mcidns.settings import Half
from tests.packaging import charts
from tests.scenario.stage import Object, Stage, global_host, raised

RELEASE = "dns"


async def install(stage: Stage, release: str = RELEASE, **values: Any) -> None:
    """`helm install` as the cluster's administrator."""
    library, config = charts.helm(), stage.host.kubeconfig_yaml()

    def work() -> None:
        with library.Config(kubeconfig_content=config, namespace=manifests.SYSTEM) as helm:
            helm.install(charts.CHART, release, {**charts.IMAGE, "kubefedNamespace": manifests.SYSTEM, **values})

    await asyncio.to_thread(work)


async def token(stage: Stage, release: str = RELEASE) -> str:
    """A token of the release's service account, as the kubelet would ask for one."""
    config = yaml.safe_load(stage.host.kubeconfig_yaml())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    path = f"/api/v1/namespaces/{manifests.SYSTEM}/serviceaccounts/{release}-mcidns/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {user.get('token', '')}"}
    request = urllib.request.Request(cluster["server"] + path, json.dumps(body).encode(), headers)
    context = ssl.create_default_context(cadata=ca_of(cluster)) if cluster["server"].startswith("https") else None

    def ask() -> str:
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            return str(json.load(answer)["status"]["token"])

    return await asyncio.to_thread(ask)


def ca_of(cluster: Object) -> str:
    """The PEM text of a kubeconfig's authority."""
    return base64.b64decode(cluster["certificate-authority-data"]).decode()


@contextlib.asynccontextmanager
async def running(stage: Stage, release: str = RELEASE, only: Half = "both") -> AsyncIterator[App]:
    """The controller as the account of a release."""
    way = access.from_kubeconfig(stage.host.kubeconfig_yaml(await token(stage, release)))
    app = App(replace(stage.settings, only=only, stop_within=1.0, lease=f"{release}-mcidns"), way)
    task = asyncio.create_task(app.run())
    try:
        yield app
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def complaints(app: App, caplog: pytest.LogCaptureFixture) -> str:
    """What the controller says in its log and by its readiness."""
    logged = [
        f"{record.getMessage()} {vars(record).get('why', '')}" for record in caplog.records if record.levelno >= logging.WARNING
    ]
    return "\n".join((*logged, *app.health().waiting_for, *app.health().stuck))


async def main_job(stage: Stage) -> None:
    """A name is claimed by annotation, follows the regions, and goes."""
    stage.host.put(claim())
    await stage.until_answer("shop.example.org", "192.0.2.1", "192.0.2.2")
    stage.members["r2"].put(manifests.endpoints(ready=False))
    await stage.until_answer("shop.example.org", "192.0.2.1")
    await stage.until_true(lambda: stage.status().get("conditions"), "the status")
    await stage.until_true(lambda: stage.host.list("events.events.k8s.io", "shop"), "an Event")
    stage.host.delete("federatedingresses", "shop", "shop")
    await stage.until_true(lambda: stage.host.find("globalhosts", "shop", "shop") is None, "the GlobalHost to go")


def claim() -> Object:
    """The Ingress of all members, as KubeFed's users write it."""
    annotations = {"mcidns.io/hostname": "shop.example.org", "mcidns.io/ttl": "5"}
    return manifests.federated_ingress() | {
        "metadata": {"name": "shop", "namespace": "shop", "annotations": annotations},
        "spec": {"placement": {"clusters": [{"name": "r1"}, {"name": "r2"}]}},
    }


async def test_the_controller_does_its_whole_job_with_the_rights_of_the_chart(caplog: pytest.LogCaptureFixture) -> None:
    async with raised(members=2, running=False) as stage:
        await install(stage)
        async with running(stage) as app:
            await main_job(stage)
            assert "forbidden" not in complaints(app, caplog).lower()
            assert app.health().waiting_for == ()


async def test_each_half_does_its_part_with_the_rights_of_its_own_release(caplog: pytest.LogCaptureFixture) -> None:
    async with raised(members=2, running=False) as stage:
        for half in ("decide", "program"):
            await install(stage, half, only=half)
        async with running(stage, "decide", "decide") as deciding, running(stage, "program", "program") as programming:
            stage.host.put(global_host())
            await stage.until_answer("shop.example.org", "192.0.2.1", "192.0.2.2")
            stage.members["r2"].put(manifests.endpoints(ready=False))
            await stage.until_answer("shop.example.org", "192.0.2.1")
            await stage.until_true(lambda: not programming.health().waiting_for, "the programming half to be ready")
            for app in (deciding, programming):
                assert "forbidden" not in complaints(app, caplog).lower()
            assert programming.inventory.clusters() == ()


@pytest.mark.parametrize(
    ("resource", "verb"),
    [
        pytest.param("globalhosts", "list", id="claims"),
        pytest.param("clusterprofiles", "list", id="a fleet that is not used"),
        pytest.param("secrets", "list", id="Secrets"),
        pytest.param("globalhosts/status", "patch", id="status"),
        pytest.param("dnsendpoints", "patch", id="DNSEndpoints"),
        pytest.param("events", "create", id="Events"),
        pytest.param("leases", "create", id="the Lease"),
        pytest.param("leases", "patch", id="the Lease's renewal"),
    ],
)
async def test_a_right_that_is_missing_is_told_by_its_name(resource: str, verb: str, caplog: pytest.LogCaptureFixture) -> None:
    async with raised(members=2, running=False) as stage:
        await install(stage)
        taken_away(stage, resource, verb)
        async with running(stage) as app:
            stage.host.put(claim())
            refusal = f'cannot {verb} resource "{resource}"'
            await stage.until_true(lambda: refusal in complaints(app, caplog), f"{refusal!r} in {complaints(app, caplog)!r}")


def taken_away(stage: Stage, resource: str, verb: str) -> None:
    """The same roles without this right."""
    for plural in ("clusterroles", "roles"):
        for role in stage.host.list(plural):
            if RELEASE not in role["metadata"]["name"]:
                continue
            for rule in role["rules"]:
                if resource in rule["resources"] and verb in rule["verbs"]:
                    rule["verbs"] = [one for one in rule["verbs"] if one != verb] or ["get"]
            stage.host.put(role)


async def test_helm_installs_into_an_empty_cluster_and_its_crds_outlive_it() -> None:
    async with raised(members=0, running=False) as stage:
        for definition in stage.host.list("customresourcedefinitions"):
            stage.host.delete("customresourcedefinitions", definition["metadata"]["name"])
        await stage.until_true(lambda: not stage.host.list("customresourcedefinitions"), "the old CRDs to go")
        zone = {"domain": "apps.example.org", "ownerID": "research-hub"}
        await install(stage, zones={"apps": zone})
        ours = {path.stem for path in (charts.CHART / "crds").iterdir()}
        assert {one["metadata"]["name"] for one in stage.host.list("customresourcedefinitions")} == ours
        spec = stage.host.get("dnszones", "apps")["spec"]
        assert {key: spec[key] for key in zone} == zone
        await uninstall(stage)
        assert stage.host.list("deployments", manifests.SYSTEM) == []
        assert {one["metadata"]["name"] for one in stage.host.list("customresourcedefinitions")} == ours


async def uninstall(stage: Stage) -> None:
    """`helm uninstall`."""
    library, config = charts.helm(), stage.host.kubeconfig_yaml()

    def work() -> None:
        with library.Config(kubeconfig_content=config, namespace=manifests.SYSTEM) as helm:
            helm.uninstall(RELEASE)

    await asyncio.to_thread(work)
