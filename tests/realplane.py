"""A real control plane behind the face of an emulated one, so that scenarios run on both in the same words; no test lives here.

Everything goes by HTTP: the face speaks to the plane directly and blocks for the milliseconds that takes, while clients are given
the address of a forwarder that can be told to refuse or to freeze. What a real API server cannot be told to do skips the test.
"""

import asyncio
import contextlib
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from typing import Any, NoReturn, Self

import pytest
import yaml

from mcidns.emulator import ApiServer, kubeconfigs
from tests import planes
from tests.planes import Plane

Object = dict[str, Any]
MANAGER = "scenario"
PATIENCE = 30.0
_NOT_SENT = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink")


class Faults:
    """What can be done to the way between clients and the plane."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._streams: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._loop = asyncio.get_running_loop()
        self._pending: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self) -> None:
        """Listen, after the first time on the same port."""
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut everything."""
        self.refuse()
        self._flowing.set()
        await asyncio.sleep(0)  # connections that were accepted a moment ago
        while self._pending:
            await asyncio.gather(*self._pending, return_exceptions=True)
        await asyncio.sleep(0)  # aborted transports close one turn later

    def refuse(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop_streams()

    def accept(self) -> None:
        """Listen again."""
        self._keep(self._loop.create_task(self.start()))

    def freeze(self) -> None:
        """Let nothing through; connections stay."""
        self._flowing.clear()

    def unfreeze(self) -> None:
        """Let it flow again."""
        self._flowing.set()

    def stall(self, path: str = "") -> "Faults":
        """Send no byte until removed."""
        if path:
            impossible("stall one path only")
        self.freeze()
        return self

    def remove(self) -> None:
        """End a stall."""
        self.unfreeze()

    def drop_streams(self, _path: str = "") -> None:
        """Cut every connection."""
        for stream in tuple(self._streams):
            stream.transport.abort()

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: impossible(name)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._keep(asyncio.current_task())
        if self._server is None:
            writer.transport.abort()
            return
        away_reader, away = await asyncio.open_connection(*self._target)
        self._streams |= {writer, away}
        try:
            await asyncio.gather(self._pump(reader, away), self._pump(away_reader, writer))
        finally:
            self._streams -= {writer, away}
            for one in (writer, away):
                one.transport.abort()

    def _keep(self, task: "asyncio.Task[None] | None") -> None:
        if task is not None:
            self._pending.add(task)
            task.add_done_callback(self._pending.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


def impossible(what: str) -> NoReturn:
    """Skip: this scenario needs an emulated plane."""
    pytest.skip(f"a real API server cannot be told to do this: {what}")


class RealServer:
    """One control plane that already runs; the methods are those of `mcidns.emulator.ApiServer` that scenarios use."""

    def __init__(self, name: str, plane: Plane) -> None:
        self.name = name
        self._plane = plane
        host, _, port = plane.url.removeprefix("https://").removeprefix("http://").partition(":")
        self.faults = Faults((host, int(port)))
        self._paths: dict[str, tuple[str, str, bool, bool]] = {}

    async def __aenter__(self) -> Self:
        await self.faults.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.faults.stop()

    def kubeconfig_yaml(self, token: str | None = None) -> str:
        """A kubeconfig by way of the forwarder."""
        scheme = self._plane.url.partition(":")[0]
        url = f"{scheme}://127.0.0.1:{self.faults.port}"
        return yaml.safe_dump(kubeconfigs.of(self.name, url, token or self._plane.admin, self._plane.ca or None), sort_keys=False)

    def put(self, obj: Object) -> Object:
        """Create the object, or bring it to this content by server-side apply; its status too if it has one."""
        metadata = {key: value for key, value in obj["metadata"].items() if key not in _NOT_SENT}
        _, _, namespaced, has_status = self._resource(obj["kind"], obj["apiVersion"])
        namespace = metadata.get("namespace", "default" if namespaced else "")
        if namespaced:
            metadata["namespace"] = namespace
            self._ensure_namespace(namespace)
        path = self._path(obj["kind"], metadata["name"], namespace, obj["apiVersion"])
        body = {**{key: value for key, value in obj.items() if key != "status"}, "metadata": metadata}
        stored = self._apply(path, body)
        if "status" in obj and has_status:
            about = {key: metadata[key] for key in ("name", "namespace") if key in metadata}
            head = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": about}
            stored = self._apply(f"{path}/status", {**head, "status": obj["status"]})
        return stored

    def get(self, kind: str, name: str, namespace: str = "") -> Object:
        """An object by plural, `plural.group`, Kind or short name; raises HTTPError 404."""
        return self._call("GET", self._path(kind, name, namespace))

    def find(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """The same; None if there is no such object."""
        try:
            return self.get(kind, name, namespace)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def list(self, kind: str, namespace: str = "") -> list[Object]:
        """Every object of a kind; empty namespace: of all namespaces."""
        base, plural, namespaced, _ = self._resource(kind)
        where = f"{base}/namespaces/{namespace}/{plural}" if namespace and namespaced else f"{base}/{plural}"
        found = self._call("GET", where)
        head = {"apiVersion": found["apiVersion"], "kind": found["kind"].removesuffix("List")}
        return [{**head, **item} for item in found["items"]]

    def delete(self, kind: str, name: str, namespace: str = "") -> None:
        """Delete an object; raises HTTPError 404."""
        self._call("DELETE", self._path(kind, name, namespace))

    def install_crd(self, definition: Object) -> None:
        """Create or replace a CustomResourceDefinition and wait until it is served."""
        self.put(definition)
        end = time.monotonic() + PATIENCE
        name = definition["metadata"]["name"]
        while time.monotonic() < end:
            conditions = self.get("customresourcedefinitions", name).get("status", {}).get("conditions", [])
            if any(one["type"] == "Established" and one["status"] == "True" for one in conditions):
                self._paths.clear()
                return
            time.sleep(0.05)
        raise TimeoutError(f"{name} is not established after {PATIENCE:g} s")

    def _ensure_namespace(self, name: str) -> None:
        if self.find("namespaces", name) is None:
            self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def _apply(self, path: str, body: Object) -> Object:
        return self._call("PATCH", f"{path}?fieldManager={MANAGER}&force=true", body)

    def _call(self, method: str, path: str, body: Object | None = None) -> Object:
        headers = {"Authorization": f"Bearer {self._plane.admin}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/apply-patch+yaml"
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self._plane.url + path, data=data, headers=headers, method=method)
        context = self._plane.context() if self._plane.url.startswith("https") else None
        with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as answer:
            found: Object = json.load(answer)
        return found

    def _path(self, kind: str, name: str, namespace: str, version: str = "") -> str:
        base, plural, namespaced, _ = self._resource(kind, version)
        return f"{base}/namespaces/{namespace or 'default'}/{plural}/{name}" if namespaced else f"{base}/{plural}/{name}"

    def _resource(self, kind: str, version: str = "") -> tuple[str, str, bool, bool]:
        """Base path, plural, whether it is namespaced and whether it has a status of its own."""
        for key in (f"{version} {kind}", kind):
            if key in self._paths:
                return self._paths[key]
        self._discover()
        return self._paths.get(f"{version} {kind}") or self._paths[kind]

    def _discover(self) -> None:
        versions = ["v1"] + [
            one["groupVersion"] for group in self._call("GET", "/apis")["groups"] for one in (group["preferredVersion"],)
        ]
        for version in versions:
            base = f"/api/{version}" if "/" not in version else f"/apis/{version}"
            listed = self._call("GET", base)["resources"]
            statuses = {one["name"].partition("/")[0] for one in listed if one["name"].endswith("/status")}
            for one in listed:
                plural = one["name"]
                if "/" in plural:
                    continue
                found = (base, plural, bool(one["namespaced"]), plural in statuses)
                group = version.rpartition("/")[0]
                for key in (plural, f"{plural}.{group}", one["kind"], *one.get("shortNames", ())):
                    self._paths.setdefault(key, found)
                self._paths[f"{version} {one['kind']}"] = found


@contextlib.asynccontextmanager
async def serving(name: str) -> AsyncIterator[RealServer]:
    """A real control plane of its own, behind the face."""
    with contextlib.ExitStack() as stack:
        plane = await asyncio.to_thread(stack.enter_context, planes.real(planes.certificate()))
        async with RealServer(name, plane) as server:
            yield server


@contextlib.asynccontextmanager
async def threaded(name: str) -> AsyncIterator[RealServer]:
    """An emulated plane in a thread of its own, behind the same face: so the face is tried where no real plane is."""
    started, stop = threading.Event(), threading.Event()
    reached: list[Plane] = []

    async def serve() -> None:
        async with ApiServer(name, token=planes.ADMIN) as server:
            reached.append(Plane("emulator", server.url, ""))
            started.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    try:
        await asyncio.to_thread(started.wait, PATIENCE)
        async with RealServer(name, reached[0]) as server:
            yield server
    finally:
        stop.set()
        await asyncio.to_thread(thread.join, PATIENCE)
