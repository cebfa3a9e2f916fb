"""A host, members and BIND in this process' care, and `mcidns run` as a process of its own; what happens to them is elsewhere."""

import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import servers
from mcidns.demo import manifests
from mcidns.emulator import ApiServer
from tests.bind import Bind, BindZone

Object = dict[str, Any]
NAMESPACE = manifests.NAMESPACE
HISTORY = 100_000
"""Changes an API server keeps, so that no watch is told to list anew amid a measurement."""


@dataclass(slots=True)
class Stage:
    """`controller` is the running process; `log` its JSON lines."""

    host: ApiServer
    members: tuple[ApiServer, ...]
    bind: Bind
    controller: asyncio.subprocess.Process
    log: Path

    def rss_mib(self) -> float:
        """Memory that the controller holds now."""
        status = Path(f"/proc/{self.controller.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def cpu(self) -> float:
        """Seconds of processor time the controller took so far."""
        fields = Path(f"/proc/{self.controller.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def event(self, name: str) -> Object | None:
        """The first line of the log with that message."""
        for line in self.log.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                entry = json.loads(line)
                if isinstance(entry, dict) and name in entry.values():
                    return entry
        return None

    async def until(self, holds: Callable[[], object], what: str, patience: float) -> float:
        """Seconds until it holds. Raises TimeoutError, or RuntimeError when the controller ended."""
        begin = time.perf_counter()
        while not holds():
            if self.controller.returncode is not None:
                raise RuntimeError(f"the controller ended with {self.controller.returncode}: {self.tail()}")
            if time.perf_counter() - begin > patience:
                raise TimeoutError(f"waited {patience:g} s for {what}; the log ends: {self.tail()}")
            await asyncio.sleep(0.1)
        return time.perf_counter() - begin

    def tail(self) -> str:
        """The last lines of the controller's log."""
        return "\n".join(self.log.read_text(encoding="utf-8").splitlines()[-8:])


@contextlib.asynccontextmanager
async def running(
    contents: Iterable[Iterable[Object]], hub: Iterable[Object], zone_text: str = servers.HEAD
) -> AsyncIterator[Stage]:
    """Members with these objects, a host with `hub` and all that makes it one, the zone in BIND, and the controller."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        host = await stack.enter_async_context(ApiServer(name="host", history=HISTORY))
        for crd in (*manifests.crds(), *manifests.kubefed_crds()):
            host.install_crd(crd)
        for name in (manifests.SYSTEM, NAMESPACE):
            host.put(manifests.namespace(name))
        members = []
        for number, objects in enumerate(contents, 1):
            member = await stack.enter_async_context(ApiServer(name=f"r{number}", history=HISTORY))
            member.put(manifests.namespace(NAMESPACE))
            for obj in objects:
                member.put(obj)
            host.put(manifests.member_secret(region(number), member.kubeconfig_yaml()))
            members.append(member)
        zone = BindZone(zone_text)
        key = {servers.KEY: ("hmac-sha256", servers.SECRET)}
        bind = await stack.enter_async_context(Bind({servers.ZONE.text: zone}, key, deadline=60.0))
        for obj in (manifests.tsig_secret(servers.SECRET), manifests.provider(bind.port), _zone(), *hub):
            host.put(obj)
        (folder / "host.kubeconfig").write_text(host.kubeconfig_yaml(), encoding="utf-8")
        process = await stack.enter_async_context(_controller(folder))
        yield Stage(host, tuple(members), bind, process, folder / "controller.log")


@contextlib.asynccontextmanager
async def _controller(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    with (folder / "controller.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "mcidns", "run", "--kubeconfig", str(folder / "host.kubeconfig"), "--http", "off"),
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), 15.0)
            if process.returncode is None:
                process.kill()
                await process.wait()


def region(number: int) -> manifests.Region:
    """Member number `number`, from 1: r<number> with the address that all its Ingresses show."""
    return manifests.Region(f"r{number}", f"Region {number}", f"192.0.2.{number}")


def app(name: str, address: str) -> list[Object]:
    """A Service, its EndpointSlice and the Ingress in front of it, all of this name."""
    return [service(name), endpoints(name, ready=True), _ingress(name, address)]


def service(name: str) -> Object:
    """A Service without selector."""
    spec = {"ports": [{"name": "http", "port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}


def endpoints(name: str, *, ready: bool) -> Object:
    """The EndpointSlice of a Service, with three pods."""
    found = manifests.endpoints(ready=ready)
    labels = {"kubernetes.io/service-name": name}
    return {**found, "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels}}


def _ingress(name: str, address: str) -> Object:
    backend = {"service": {"name": name, "port": {"number": 80}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]},
        "status": {"loadBalancer": {"ingress": [{"ip": address}]}},
    }


def global_host(name: str) -> Object:
    """A claim on <name>.example.org for the Ingress of that name; undamped, as what is measured goes up and down on purpose."""
    return {
        "apiVersion": "mcidns.io/v1alpha1",
        "kind": "GlobalHost",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "hostnames": [f"{name}.{servers.ZONE.relative}"],
            "source": {"kind": "Ingress", "name": name},
            "health": {"damping": {"penalty": 0}},
        },
    }


def _zone() -> Object:
    spec = {"domain": servers.ZONE.relative, "providerRef": {"name": "demo"}, "ownerID": "bench"}
    return {"apiVersion": "mcidns.io/v1alpha1", "kind": "DNSZone", "metadata": {"name": "example-org"}, "spec": spec}
