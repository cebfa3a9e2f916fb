"""The demo's servers and the controller's process: start, look, stop; what happens on the stage is told in story."""

import asyncio
import contextlib
import secrets
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.asyncquery
import dns.exception
import dns.message
import dns.rdatatype

from mcidns.demo import manifests
from mcidns.demo.manifests import Region
from mcidns.emulator import ApiServer
from mcidns.nameserver import NameServer

STOP_WITHIN = 15.0


class ControllerFailed(Exception):
    """The controller's process ended or did not stop cleanly; the message holds the end of its log."""


@dataclass(slots=True)
class Stage:
    """A host, its members, a name server and the controller, all on this machine."""

    folder: Path
    host: ApiServer
    members: dict[str, ApiServer]
    names: NameServer
    controller: asyncio.subprocess.Process

    async def answer(self) -> tuple[str, ...]:
        """What the name server answers for the demo's name right now, sorted; a real query over UDP."""
        query = dns.message.make_query(manifests.HOSTNAME, dns.rdatatype.A)
        try:
            reply = await dns.asyncquery.udp(query, "127.0.0.1", port=self.names.port, timeout=1.0)
        except dns.exception.DNSException:
            return ()
        return tuple(sorted(rdata.to_text() for rrset in reply.answer for rdata in rrset if rrset.rdtype == dns.rdatatype.A))

    def status(self) -> dict[str, Any]:
        """The GlobalHost's status as the host's API shows it."""
        found = self.host.find("globalhosts", manifests.NAME, manifests.NAMESPACE)
        status = found.get("status") if found else None
        return status if isinstance(status, dict) else {}

    def set_pods(self, region: Region, *, ready: bool) -> None:
        """Let the region's pods become ready or unready."""
        self.members[region.name].put(manifests.endpoints(ready=ready))

    def cut(self, region: Region) -> None:
        """Cut the region's API off; its load balancer goes on working."""
        self.members[region.name].faults.refuse()

    def mend(self, region: Region) -> None:
        """Bring the region's API back."""
        self.members[region.name].faults.accept()

    def check(self) -> None:
        """Raise ControllerFailed when the controller's process has ended."""
        if self.controller.returncode is not None:
            raise ControllerFailed(f"the controller ended with code {self.controller.returncode}:\n{self.log_tail()}")

    def log_tail(self) -> str:
        """The last lines of the controller's log."""
        return "\n".join((self.folder / "controller.log").read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


@contextlib.asynccontextmanager
async def set_up(folder: Path) -> AsyncIterator[Stage]:
    """Start everything in the folder and stop it again, the controller by SIGTERM."""
    secret = secrets.token_bytes(32)
    async with contextlib.AsyncExitStack() as stack:
        host = await stack.enter_async_context(ApiServer(name="host"))
        members: dict[str, ApiServer] = {}
        for region in manifests.REGIONS:
            members[region.name] = await stack.enter_async_context(ApiServer(name=region.name))
        names = await stack.enter_async_context(
            NameServer({f"{manifests.ZONE}.": None}, keys={manifests.KEY: ("hmac-sha256", secret)})
        )
        _furnish(host, members, names.port, secret)
        for server in (host, *members.values()):
            (folder / f"{server.name}.kubeconfig").write_text(server.kubeconfig_yaml(), encoding="utf-8")
        controller = await stack.enter_async_context(_controller(folder))
        yield Stage(folder, host, members, names, controller)


def _furnish(host: ApiServer, members: dict[str, ApiServer], port: int, secret: bytes) -> None:
    for crd in (*manifests.crds(), *manifests.kubefed_crds()):
        host.install_crd(crd)
    for name in (manifests.SYSTEM, manifests.NAMESPACE):
        host.put(manifests.namespace(name))
    for region in manifests.REGIONS:
        for one in manifests.member_objects(region):
            members[region.name].put(one)
        host.put(manifests.member_secret(region, members[region.name].kubeconfig_yaml()))
    for one in (manifests.tsig_secret(secret), manifests.provider(port), manifests.zone()):
        host.put(one)


@contextlib.asynccontextmanager
async def _controller(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    with (folder / "controller.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "mcidns", "run", "--kubeconfig", str(folder / "host.kubeconfig"), "--http", "127.0.0.1:0"),
            *("--heartbeat", "1", "--heartbeat-timeout", "1", "--log-format", "text"),
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            await _stop(process, folder)


async def _stop(process: asyncio.subprocess.Process, folder: Path) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        code = await asyncio.wait_for(process.wait(), STOP_WITHIN)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise ControllerFailed(f"the controller did not stop within {STOP_WITHIN:g} s of SIGTERM; see {folder}") from None
    if code != 0:
        raise ControllerFailed(f"the controller stopped with code {code}; see {folder}")


def seconds() -> float:
    """A clock for how long a step took."""
    return time.monotonic()
