"""The programs people use, on every plane: kopf, the official Python client, kubectl."""

import asyncio
import contextlib
import json
import shutil
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import kopf
import kubernetes.client
import kubernetes.config
import kubernetes.dynamic
import pytest
import yaml

from tests.component.emulator import client, widgets
from tests.component.emulator.client import Api, config_map, ingress, until
from tests.planes import Plane

KUBECTL = shutil.which("kubectl")
needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed; it comes from dl.k8s.io or with a cloud SDK")

Seen = list[tuple[str | None, str, int]]


def operator(plane: Plane, kind: widgets.Widgets, seen: Seen, stop: threading.Event) -> None:
    """kopf in a thread of its own, reporting every event of the kind."""
    registry = kopf.OperatorRegistry()
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.process.ultimate_exiting_timeout = None

    @kopf.on.login(registry=registry, id="login")
    def login(**_: Any) -> kopf.ConnectionInfo:
        return kopf.ConnectionInfo(server=plane.url, ca_data=plane.ca.encode(), token=plane.admin)

    @kopf.on.event(kind.group, "v1", "widgets", registry=registry, id="touched")
    def touched(event: Any, body: Any, **_: Any) -> None:
        seen.append((event["type"], body["metadata"]["name"], body["spec"]["size"]))

    async def run() -> None:
        await kopf.operator(registry=registry, settings=settings, standalone=True, namespaces=[kind.api.namespace], stop_flag=stop)
        # TLS connections are closed by a handshake that outlives the session's close (aiohttp, graceful shutdown).
        await asyncio.sleep(0.25)

    asyncio.run(run())


@contextlib.asynccontextmanager
async def operating(plane: Plane, kind: widgets.Widgets) -> AsyncIterator[Seen]:
    """What kopf has seen so far."""
    seen: Seen = []
    stop = threading.Event()
    running = asyncio.create_task(asyncio.to_thread(operator, plane, kind, seen, stop))
    try:
        yield seen
    finally:
        stop.set()
        await asyncio.wait_for(running, 30)


async def test_kopf_sees_objects_come_change_and_go(api: Api, plane: Plane) -> None:
    kind = await widgets.serve(api)
    await api.create(kind.path(), kind.obj("before"))

    async def has(seen: Seen, *wanted: tuple[str | None, str, int]) -> bool:
        return set(wanted) <= set(seen)

    async with operating(plane, kind) as seen:
        await until(lambda: has(seen, (None, "before", 1)), "kopf to list")
        await api.create(kind.path(), kind.obj("after"))
        await until(lambda: has(seen, ("ADDED", "after", 1)), "the addition")
        await api.patch(kind.path("after"), {"spec": {"size": 2}})
        await until(lambda: has(seen, ("MODIFIED", "after", 2)), "the change")
        await api.delete(kind.path("after"))
        await until(lambda: has(seen, ("DELETED", "after", 2)), "the deletion")
    found = await api.get(kind.path("before"))
    assert set(found.body["metadata"]).isdisjoint({"finalizers", "annotations"})


def official(plane: Plane) -> kubernetes.client.ApiClient:
    """The official client, by kubeconfig."""
    configuration = kubernetes.client.Configuration()
    loading: Any = kubernetes.config
    loading.load_kube_config_from_dict(plane.kubeconfig(), client_configuration=configuration)
    return kubernetes.client.ApiClient(configuration)


def read_and_write(plane: Plane, namespace: str) -> tuple[str, list[str], str]:
    with official(plane) as session:
        core: Any = kubernetes.client.CoreV1Api(session)
        created = core.create_namespaced_config_map(namespace, config_map("a", x="1"))
        core.patch_namespaced_config_map("a", namespace, {"data": {"x": "2"}})
        listed = core.list_namespaced_config_map(namespace, field_selector="metadata.name=a")
        with pytest.raises(kubernetes.client.ApiException) as missing:
            core.read_namespaced_config_map("absent", namespace)
        return created.metadata.uid, [item.data["x"] for item in listed.items], str(missing.value.reason)


async def test_the_official_client_reads_and_writes(api: Api, plane: Plane) -> None:
    uid, values, reason = await asyncio.to_thread(read_and_write, plane, api.namespace)
    assert (len(uid), values, reason) == (36, ["2"], "Not Found")


def apply_dynamically(plane: Plane, kind: widgets.Widgets, namespace: str) -> tuple[list[Any], list[str]]:
    with official(plane) as session:
        module: Any = kubernetes.dynamic
        dynamic = module.DynamicClient(session)
        resource = dynamic.resources.get(api_version=f"{kind.group}/v1", kind="Widget")
        results = [
            dynamic.server_side_apply(
                resource, kind.config(size=size), "w", namespace, field_manager="dynamic", force_conflicts=True
            )
            for size in (1, 2)
        ]
        events = resource.watch(namespace=namespace, timeout=1)
        return [one.spec.size for one in results], [event["type"] for event in events]


async def test_the_dynamic_client_applies_and_watches(api: Api, plane: Plane) -> None:
    kind = await widgets.serve(api)
    sizes, events = await asyncio.to_thread(apply_dynamically, plane, kind, api.namespace)
    assert (sizes, events) == ([1, 2], ["ADDED"])
    managers = (await api.get(kind.path("w"))).body["metadata"]["managedFields"]
    assert [one["manager"] for one in managers] == ["dynamic"]


class Kubectl:
    """kubectl for one plane and namespace, with a cache of its own."""

    def __init__(self, plane: Plane, namespace: str, folder: Path) -> None:
        self._folder = folder
        (folder / "kubeconfig").write_text(yaml.safe_dump(plane.kubeconfig()))
        self._flags = [f"--kubeconfig={folder / 'kubeconfig'}", f"--cache-dir={folder / 'cache'}", f"--namespace={namespace}"]

    async def __call__(self, *arguments: str, stdin: Any = None, code: int = 0) -> str:
        process = await asyncio.create_subprocess_exec(
            str(KUBECTL),
            *self._flags,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        text = "" if stdin is None else json.dumps(stdin)
        try:
            output, _ = await asyncio.wait_for(process.communicate(text.encode()), 60)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == code, output.decode()
        return output.decode()


@pytest.fixture
async def kubectl(plane: Plane, api: Api, tmp_path: Path) -> Kubectl:
    """kubectl in the test's namespace."""
    return Kubectl(plane, api.namespace, tmp_path)


@needs_kubectl
async def test_kubectl_applies_from_the_client_and_diffs(kubectl: Kubectl) -> None:
    body = client.service("shop", ports=[{"name": "http", "port": 80}, {"name": "https", "port": 443}])
    assert "service/shop created" in await kubectl("apply", "-f", "-", stdin=body)
    assert "service/shop unchanged" in await kubectl("apply", "-f", "-", stdin=body)
    body["spec"]["ports"][1]["port"] = 8443
    assert "8443" in await kubectl("diff", "-f", "-", stdin=body, code=1)
    assert "service/shop configured" in await kubectl("apply", "-f", "-", stdin=body)
    ports = json.loads(await kubectl("get", "svc", "shop", "-o", "json"))["spec"]["ports"]
    assert [(port["name"], port["port"]) for port in ports] == [("http", 80), ("https", 8443)]


@needs_kubectl
async def test_kubectl_applies_on_the_server_and_shows_tables(kubectl: Kubectl, api: Api) -> None:
    kind = await widgets.serve(api)
    output = await kubectl("apply", "--server-side", "-f", "-", stdin=kind.obj("w", size=7))
    assert "serverside-applied" in output
    table = await kubectl("get", f"widgets.{kind.group}")
    assert [line.split()[:2] for line in table.splitlines()] == [["NAME", "SIZE"], ["w", "7"]]
    assert await kubectl("get", "ns", "default", "-o", "name") == "namespace/default\n"


@needs_kubectl
async def test_kubectl_patches_labels_waits_and_deletes(kubectl: Kubectl, api: Api) -> None:
    kind = await widgets.serve(api)
    name = f"widgets.{kind.group}/w"
    await kubectl("create", "-f", "-", stdin=kind.obj("w"))
    await kubectl("patch", name, "--type=merge", "-p", '{"spec":{"size":5}}')
    await kubectl("patch", name, "--type=json", "-p", '[{"op":"replace","path":"/spec/mode","value":"Slow"}]')
    status = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    await kubectl("patch", name, "--type=merge", "--subresource=status", "-p", json.dumps(status))
    await kubectl("label", name, "colour=red")
    await kubectl("annotate", name, "note=hello")
    await kubectl("wait", name, "--for=condition=Ready", "--timeout=10s")
    found = (await api.get(kind.path("w"))).body
    assert (found["spec"], found["metadata"]["labels"]) == ({"size": 5, "mode": "Slow"}, {"colour": "red"})
    assert "hello" in await kubectl("describe", name)
    await kubectl("delete", name, "--timeout=20s")
    assert "NotFound" in await kubectl("get", name, code=1)


@needs_kubectl
async def test_kubectl_refuses_unknown_fields_by_the_server(kubectl: Kubectl, api: Api) -> None:
    kind = await widgets.serve(api)
    output = await kubectl("create", "-f", "-", stdin=kind.obj("w", unknown=1), code=1)
    assert 'unknown field "spec.unknown"' in output


@needs_kubectl
async def test_kubectl_knows_what_is_served_and_explains_it(kubectl: Kubectl, api: Api) -> None:
    kind = await widgets.serve(api)
    listed = await kubectl("api-resources", "--api-group", kind.group, "--no-headers")
    assert listed.split() == ["widgets", "wi", f"{kind.group}/v1", "true", "Widget"]
    assert "<integer>" in await kubectl("explain", "widgets.spec", f"--api-version={kind.group}/v1")
    assert "Server Version: v1." in await kubectl("version")


@needs_kubectl
async def test_kubectl_replaces_and_lists_by_label(kubectl: Kubectl, api: Api) -> None:
    await api.create(api.path("ingresses", group=client.INGRESSES), ingress("a", labels={"x": "y"}))
    await kubectl("replace", "-f", "-", stdin=ingress("a", host="new.example.org", labels={"x": "z"}))
    assert "new.example.org" in await kubectl("get", "ing", "-l", "x=z")
    assert await kubectl("auth", "can-i", "list", "services") == "yes\n"


@needs_kubectl
async def test_kubectl_creates_what_it_sends_as_protobuf(kubectl: Kubectl, api: Api) -> None:
    await kubectl("create", "configmap", "a", "--from-literal=x=1")
    await kubectl("create", "secret", "generic", "b", "--from-literal=token=abc")
    await kubectl("create", "serviceaccount", "c")
    await kubectl("create", "role", "d", "--verb=get,list", "--resource=services")
    await kubectl("create", "rolebinding", "e", "--role=d", f"--serviceaccount={api.namespace}:c")
    token = (await kubectl("create", "token", "c")).strip()
    assert (await api.get(api.path("configmaps", "a"))).body["data"] == {"x": "1"}
    assert (await api.get(api.path("secrets", "b"))).body["data"] == {"token": "YWJj"}

    async def allowed() -> bool:
        return (await api.get(api.path("services"), token=token)).code == 200

    await until(allowed, "the binding to hold")
    assert (await api.get(api.path("secrets"), token=token)).code == 403
