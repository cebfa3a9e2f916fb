"""A host, members, a name server and the controller, all real but small; scenarios say what happens and what must follow."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype

from mcidns.app import App
from mcidns.demo import manifests
from mcidns.emulator import ApiServer, extensions
from mcidns.emulator.statuses import StatusError
from mcidns.hub.local import NOTHING, Local
from mcidns.kube import access
from mcidns.nameserver import NameServer
from mcidns.observe.prober import Ask
from mcidns.settings import Settings
from tests import leaks, realplane
from tests.realplane import RealServer

KEY = b"hushhush89abcdef0123456789abcdef"
ZONE = "example.org"
PATIENCE = 60.0 if os.environ.get("MCIDNS_TEST_REAL_TERMS") else 20.0
PLANES: ContextVar[str] = ContextVar("planes", default="emulated")
"""Whether `raised` starts emulated or real control planes; conftest.py sets it."""

Object = dict[str, Any]
Server = ApiServer | RealServer


@dataclass
class Stage:
    """What a scenario works on. `controller` is the running App's task."""

    host: Server
    members: dict[str, Server]
    names: NameServer
    settings: Settings
    ask: Ask | None = None
    app: App | None = None
    controller: "asyncio.Task[None] | None" = None
    seen: list[str] = field(default_factory=list)
    local: Local = NOTHING

    async def start(self) -> None:
        """Start the controller."""
        way = access.from_kubeconfig(kubeconfig(self.host))
        self.app = App(self.settings, way, ask=self.ask, local=self.local)
        self.controller = asyncio.create_task(self.app.run())

    async def stop(self) -> None:
        """Stop it, cleanly."""
        if self.controller is not None:
            self.controller.cancel()
            await asyncio.gather(self.controller, return_exceptions=True)
            self.controller = None

    async def restart(self) -> None:
        """Stop and start."""
        await self.stop()
        await self.start()

    async def answer(self, name: str, type_: str = "A") -> tuple[str, ...]:
        """What the name server answers, sorted; none for a name that is not there."""
        query = dns.message.make_query(name, type_)
        reply = await dns.asyncquery.tcp(query, "127.0.0.1", port=self.names.port, timeout=5)
        wanted = dns.rdatatype.from_text(type_)
        return tuple(sorted(rdata.to_text() for rrset in reply.answer for rdata in rrset if rrset.rdtype == wanted))

    async def until_answer(self, name: str, *addresses: str, type_: str = "A") -> None:
        """Wait until DNS answers just these."""
        await self.until(lambda: self._answers(name, tuple(sorted(addresses)), type_), f"{name} {type_} to be {addresses}")

    async def _answers(self, name: str, addresses: tuple[str, ...], type_: str) -> bool:
        found = await self.answer(name, type_)
        self.seen[:] = [f"{name} {type_} is {found}"]
        return found == addresses

    def member(self, name: str) -> Object:
        """A MemberCluster, empty where there is none."""
        return self.host.find("memberclusters", name) or {}

    def of_member(self, name: str, condition: str) -> str:
        """The message of a condition of a MemberCluster, empty where it is not set."""
        conditions = self.member(name).get("status", {}).get("conditions", [])
        return next((str(one["message"]) for one in conditions if one["type"] == condition), "")

    def status(self, name: str = "shop", namespace: str = "shop") -> Object:
        """The GlobalHost's status."""
        found = self.host.find("globalhosts", name, namespace)
        status = (found or {}).get("status")
        return status if isinstance(status, dict) else {}

    def reason(self, condition: str, name: str = "shop", namespace: str = "shop") -> tuple[str, str]:
        """Status and reason of a condition; empty where it is not set."""
        for one in self.status(name, namespace).get("conditions", []):
            if one["type"] == condition:
                return one["status"], one["reason"]
        return "", ""

    def message(self, condition: str, name: str = "shop", namespace: str = "shop") -> str:
        """The message of a condition."""
        return next(
            (str(one["message"]) for one in self.status(name, namespace).get("conditions", []) if one["type"] == condition), ""
        )

    def verdicts(self, name: str = "shop", namespace: str = "shop") -> dict[str, str]:
        """Reason by cluster."""
        return {target["cluster"]: target["reason"] for target in self.status(name, namespace).get("targets", [])}

    async def until_true(self, claim: Callable[[], object], what: str) -> None:
        """Wait until the claim holds."""

        async def holds() -> bool:
            with contextlib.suppress(LookupError):  # statuses follow DNS: what the claim reads may not be there yet
                return bool(claim())
            return False

        await self.until(holds, what)

    async def until(self, holds: Callable[[], Any], what: str) -> None:
        """Wait for it, and fail with what was seen last."""
        end = time.monotonic() + PATIENCE
        while True:
            if self.controller is not None and self.controller.done():
                self.controller.result()
            with contextlib.suppress(dns.exception.DNSException, OSError):
                if await holds():
                    return
            if time.monotonic() > end:
                raise AssertionError(f"waited {PATIENCE:g} s for {what}; last seen: {self.seen}; status: {self.status()}")
            await asyncio.sleep(0.02)

    async def settled(self) -> None:
        """Wait until the controller has decided everything once."""
        await self.until_true(lambda: self.app is not None and not self.app.health().waiting_for, "the controller to be ready")


def region(number: int) -> manifests.Region:
    """The n-th member of a scenario: r1 at 192.0.2.1, r2 at 192.0.2.2, …"""
    return manifests.Region(f"r{number}", f"Region {number}", f"192.0.2.{number}")


def global_host(name: str = "shop", namespace: str = "shop", **spec: Any) -> Object:
    """A GlobalHost."""
    return {
        "apiVersion": "mcidns.io/v1alpha1",
        "kind": "GlobalHost",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"hostnames": ["shop.example.org"], "source": {"kind": "Ingress", "name": "shop"}, **spec},
    }


def zone(**spec: Any) -> Object:
    """The DNSZone of example.org."""
    return {
        "apiVersion": "mcidns.io/v1alpha1",
        "kind": "DNSZone",
        "metadata": {"name": "example-org"},
        "spec": {"domain": ZONE, "providerRef": {"name": "demo"}, "ownerID": "scenario", **spec},
    }


def _plane(name: str) -> contextlib.AbstractAsyncContextManager[Server]:
    match PLANES.get():
        case "real":
            return realplane.serving(name)
        case "threaded":
            return realplane.threaded(name)
        case _:
            return ApiServer(name=name)


def kubeconfig(server: Server) -> str:
    """The way to a server. An emulated one minds no token, so that it is given one whose mark would be seen in a log."""
    return server.kubeconfig_yaml(f"{leaks.MARK}-{server.name}") if type(server) is ApiServer else server.kubeconfig_yaml()


def _look_for_secrets(stage: Stage) -> None:
    """In all that the controller wrote and exposed; the test fails that let one be seen."""
    with contextlib.suppress(StatusError, LookupError, OSError):  # a test may have begun without CRDs
        leaks.see_objects(stage.host)
    if stage.app is not None:
        leaks.WATCH.see("the metrics", stage.app.metrics.exposition().decode())


@contextlib.asynccontextmanager
async def raised(
    *,
    members: int = 3,
    zone_text: str | None = None,
    running: bool = True,
    joined: bool = True,
    ask: Ask | None = None,
    **zone_spec: Any,
) -> AsyncIterator[Stage]:
    """Set the stage: clusters r1, r2, … with the Ingress shop/shop, members by their kubeconfigs if `joined`; no claim yet.

    `ask` puts the probes.
    """
    async with contextlib.AsyncExitStack() as stack:
        numbers = range(1, members + 1)
        host, *others = [await stack.enter_async_context(_plane(name)) for name in ("host", *(region(n).name for n in numbers))]
        servers = {region(number).name: server for number, server in zip(numbers, others, strict=True)}
        names = await stack.enter_async_context(NameServer({f"{ZONE}.": zone_text}, keys={manifests.KEY: ("hmac-sha256", KEY)}))
        for crd in (*manifests.crds(), *manifests.kubefed_crds(), *extensions.fleets()):
            host.install_crd(crd)
        for name in (manifests.SYSTEM, "shop"):
            host.put(manifests.namespace(name))
        for number in range(1, members + 1):
            one = region(number)
            for obj in manifests.member_objects(one):
                servers[one.name].put(obj)
            if joined:
                host.put(manifests.member_secret(one, kubeconfig(servers[one.name])))
        for obj in (manifests.tsig_secret(KEY), manifests.provider(names.port), zone(**zone_spec)):
            host.put(obj)
        settings = Settings(http=None, heartbeat=0.3, heartbeat_timeout=0.5, first_read=5.0)
        stage = Stage(host, servers, names, settings, ask)
        if running:
            await stage.start()
        try:
            yield stage
        finally:
            await stage.stop()
            _look_for_secrets(stage)
