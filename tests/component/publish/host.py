"""A host cluster for the tests of publish/: an emulated API server with our CRDs, a client, and a shelf that follows it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import yaml

from mcidns.emulator import ApiServer
from mcidns.kube import access, kinds
from mcidns.kube.client import KubeClient, Object
from mcidns.kube.kinds import Kind
from mcidns.model.references import ObjectRef
from mcidns.publish.writer import Writer

CRDS = Path(__file__).parents[3] / "crds"
OURS = (kinds.GLOBAL_HOST, kinds.MEMBER_CLUSTER, kinds.DNS_PROVIDER, kinds.DNS_ZONE, kinds.DNS_ENDPOINT)


class HostCluster:
    """The server, and the objects as last seen. `look` reads the server as a watch would; `on_seen` hears of each change."""

    def __init__(self, server: ApiServer, client: KubeClient, writer: Writer) -> None:
        self.server = server
        self.client = client
        self.writer = writer
        self.on_seen: list[Callable[[Kind, ObjectRef], None]] = []
        self.writes = 0
        self._objects: dict[tuple[str, str, str], Object] = {}

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        return self._objects.get((kind.kind, namespace, name))

    def put(self, kind: Kind, obj: Object) -> None:
        metadata = obj["metadata"]
        key = (kind.kind, metadata.get("namespace", ""), metadata["name"])
        held = self._objects.get(key)
        if held is not None and held["metadata"]["resourceVersion"] == metadata["resourceVersion"]:
            return
        self._objects[key] = obj
        self._tell(kind, *key[1:])

    def look(self) -> None:
        """Take in what the server holds now."""
        for kind in OURS:
            there = {}
            for obj in self.server.list(kind.kind):
                whole = {**obj, "apiVersion": kind.api_version, "kind": kind.kind}
                there[(kind.kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])] = whole
            for key in [key for key in self._objects if key[0] == kind.kind and key not in there]:
                del self._objects[key]
                self._tell(kind, *key[1:])
            for whole in there.values():
                self.put(kind, whole)

    def _tell(self, kind: Kind, namespace: str, name: str) -> None:
        for hear in self.on_seen:
            hear(kind, ObjectRef(kind.kind, namespace, name))

    async def settled(self) -> None:
        """Look and write until nothing is left to do."""
        for _ in range(10):
            self.look()
            if self.writer.waiting == 0:
                return
            assert await self.writer.flush(10.0)
        raise AssertionError("writes without end")

    def add(self, kind: Kind, name: str, spec: Any = None, namespace: str = "", **metadata: Any) -> Object:
        about = {"name": name, **({"namespace": namespace} if namespace else {}), **metadata}
        return self.server.put({"apiVersion": kind.api_version, "kind": kind.kind, "metadata": about, "spec": spec or {}})

    def version(self, kind: Kind, name: str, namespace: str = "") -> str:
        found: str = self.server.get(kind.kind, name, namespace)["metadata"]["resourceVersion"]
        return found


def definition(kind: Kind) -> Object:
    found: Object = yaml.safe_load((CRDS / f"{kind.plural}.{kind.group}.yaml").read_text(encoding="utf-8"))
    return found


@contextlib.asynccontextmanager
async def host_cluster(*, crds: tuple[Object, ...] | None = None) -> AsyncIterator[HostCluster]:
    """A server with our CRDs (or these), the namespace shop, and a writer at work."""
    async with ApiServer("host") as server:
        for crd in crds if crds is not None else tuple(definition(kind) for kind in OURS):
            server.install_crd(crd)
        server.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        client = KubeClient(access.from_kubeconfig(server.kubeconfig_yaml()))
        writer = Writer(first_delay=0.01)
        task = asyncio.create_task(writer.run())
        try:
            yield HostCluster(server, client, writer)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await client.aclose()
