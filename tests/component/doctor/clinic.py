"""A whole installation for the doctor, RBAC on everywhere: host, members, name server, parent zone; and the verb before it."""

import asyncio
import base64
import contextlib
import copy
import functools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from click.testing import Result

from mcidns.app import App
from mcidns.demo import manifests
from mcidns.emulator import ApiServer, extensions
from mcidns.kube import access
from mcidns.nameserver import NameServer
from mcidns.settings import Settings
from tests.component.cli.stages import bare, held
from tests.scenario.stage import KEY, Stage, global_host, region, zone

ROOT = Path(__file__).parents[3]
SYSTEM = manifests.SYSTEM
ACCOUNT = f"system:serviceaccount:{SYSTEM}:mcidns"
GROUPS = ("system:serviceaccounts", f"system:serviceaccounts:{SYSTEM}", "system:authenticated")
ADMIN, CONTROLLER, MEMBER = "admin-token-of-the-person", "controller-token-of-the-host", "member-token-of-mcidns"
MEMBERS = 2
PARENT = "127.0.0.2"
ZONE_TEXT = """\
$TTL 60
@ IN SOA ns1 hostmaster 1 3600 600 86400 60
@ IN NS ns1
ns1 IN A 127.0.0.1
"""
PARENT_TEXT = f"""\
$TTL 60
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A {PARENT}
example IN NS ns1.example
ns1.example IN A 127.0.0.1
"""

SIGNATURE = "c2lnbmF0dXJl"
"""What ends every JSON Web Token of these tests."""
SECRETS = (ADMIN, CONTROLLER, MEMBER, SIGNATURE, "admin-of-", KEY.decode(), base64.b64encode(KEY).decode())
"""Nothing of it may be said, ever."""

Object = dict[str, Any]


def documents(name: str) -> list[Object]:
    """The documents of docs/<name>."""
    return copy.deepcopy(_read(name))


@functools.cache
def _read(name: str) -> list[Object]:
    return list(yaml.safe_load_all((ROOT / "docs" / name).read_text(encoding="utf-8")))


def host_rights() -> list[Object]:
    """What docs/host-rbac.yaml grants, bound to the controller's account."""
    roles = [one for one in documents("host-rbac.yaml") if one["metadata"]["name"] in ("mcidns", "mcidns-lease")]
    account = [{"kind": "ServiceAccount", "name": "mcidns", "namespace": SYSTEM}]
    bindings = [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": f"{role['kind']}Binding",
            "metadata": role["metadata"],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role["kind"], "name": role["metadata"]["name"]},
            "subjects": account,
        }
        for role in roles
    ]
    return [*roles, *bindings]


def deployment(name: str = "mcidns", namespace: str = SYSTEM, *, app: str = "mcidns", ready: int = 1, **container: Any) -> Object:
    """A Deployment and how much of it is ready."""
    pod = {"serviceAccountName": "mcidns", "containers": [{"name": "main", "image": f"registry.example.org/{app}:1", **container}]}
    labels = {"app.kubernetes.io/name": app}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
        "status": {"replicas": 1, "readyReplicas": ready},
    }


def kubeconfig_secret(name: str, kubeconfig: str, namespace: str = SYSTEM) -> Object:
    """A member's Secret."""
    found = manifests.member_secret(manifests.Region(name, name, ""), kubeconfig)
    found["metadata"]["namespace"] = namespace
    return found


@dataclass
class Clinic:
    """An installation and its doctor."""

    stage: Stage
    parent: NameServer
    kubeconfig: Path
    said: list[str] = field(default_factory=list)

    @property
    def host(self) -> ApiServer:
        """The host cluster."""
        assert isinstance(self.stage.host, ApiServer)
        return self.stage.host

    def member(self, name: str = "r2") -> ApiServer:
        """A member."""
        found = self.stage.members[name]
        assert isinstance(found, ApiServer)
        return found

    @property
    def outside(self) -> tuple[str, ...]:
        """Options by which DNS is asked here."""
        return ("--resolver", f"{PARENT}:{self.parent.port}", "--dns-port", str(self.parent.port))

    async def run(self, *arguments: str, kubeconfig: Path | None = None) -> Result:
        """The verb."""
        options = (*self.outside, *arguments, "--kubeconfig", str(kubeconfig or self.kubeconfig))
        result = await bare("doctor", *options)
        self.said.append(result.output)
        assert result.exception is None, (result.exception, result.output)
        return result

    async def told(self, *arguments: str, kubeconfig: Path | None = None) -> Object:
        """What it says as JSON."""
        result = await self.run(*arguments, "-o", "json", kubeconfig=kubeconfig)
        return {**json.loads(result.stdout), "code": result.return_value}

    async def findings(self, *arguments: str) -> list[tuple[str, str]]:
        """Rule and subject of each finding."""
        return [(one["rule"], one["subject"]) for one in (await self.told(*arguments))["findings"]]

    async def zone(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """What the name server holds."""
        return await held(self.stage.names.port, manifests.KEY, KEY)

    def edit(self, kind: str, name: str, namespace: str = "", **spec: Any) -> None:
        """Change fields of an object's spec, as if the controller had seen it at once."""
        found = copy.deepcopy(self.host.get(kind, name, namespace))
        found["spec"] |= spec
        stored = self.host.put(found)
        if "observedGeneration" in stored.get("status", {}):
            stored["status"]["observedGeneration"] = stored["metadata"]["generation"]
            self.host.put(stored)

    def condition(self, kind: str, name: str, namespace: str = "", **condition: str) -> None:
        """Set a condition as the controller would."""
        found = copy.deepcopy(self.host.get(kind, name, namespace))
        rows = found["status"].setdefault("conditions", [])
        rows[:] = [row for row in rows if row["type"] != condition["type"]]
        moment = {"lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": found["metadata"]["generation"]}
        rows.append({"reason": "Test", "message": "told", **moment, **condition})
        self.host.put(found)


@contextlib.asynccontextmanager
async def raised(folder: Path, *, zone_text: str = ZONE_TEXT, name_port: int | None = None) -> AsyncIterator[Clinic]:
    """Everything installed as the docs say; no controller runs and nothing is claimed yet.

    `name_port`: a name server that stands elsewhere serves the zone.
    """
    async with contextlib.AsyncExitStack() as stack:
        host = await stack.enter_async_context(ApiServer("host", token=ADMIN))
        host.access.allow(CONTROLLER, "rbac", ACCOUNT, GROUPS)
        names = await stack.enter_async_context(NameServer({"example.org.": zone_text}, {manifests.KEY: ("hmac-sha256", KEY)}))
        port = name_port or names.port
        parent = await stack.enter_async_context(NameServer({"org.": PARENT_TEXT}, host=PARENT, port=port))
        for crd in (*manifests.crds(), *manifests.kubefed_crds(), *extensions.fleets()):
            host.install_crd(crd)
        for obj in (manifests.namespace(SYSTEM), manifests.namespace("shop"), *host_rights(), deployment()):
            host.put(obj)
        members = {}
        for number in range(1, MEMBERS + 1):
            one = region(number)
            server = members[one.name] = await stack.enter_async_context(ApiServer(one.name, token=f"admin-of-{one.name}"))
            server.access.allow(MEMBER, "rbac", "system:serviceaccount:mcidns-system:mcidns", GROUPS)
            for obj in (*documents("member-rbac.yaml"), *manifests.member_objects(one)):
                server.put(obj)
            host.put(manifests.member_secret(one, server.kubeconfig_yaml(MEMBER)))
        for obj in (manifests.tsig_secret(KEY), manifests.provider(port), zone()):
            host.put(obj)
        config = folder / "config"
        config.write_text(host.kubeconfig_yaml(), encoding="utf-8")
        settings = Settings(http=None, heartbeat=0.3, heartbeat_timeout=2.0, first_read=5.0, stop_within=1.0)
        stage = Stage(host, dict(members), names, settings)
        clinic = Clinic(stage, parent, config)
        try:
            yield clinic
        finally:
            await stage.stop()
        for said in clinic.said:
            assert [one for one in SECRETS if one in said] == []


async def start(clinic: Clinic) -> None:
    """Run the controller as its own account, which is told apart from the person's, until its word on everything is there."""
    stage = clinic.stage
    stage.app = App(stage.settings, access.from_kubeconfig(clinic.host.kubeconfig_yaml(CONTROLLER)))
    stage.controller = asyncio.create_task(stage.app.run())
    await stage.until_true(lambda: stage.reason("Programmed") == ("True", "Programmed"), "the shop to be in DNS")
    await stage.until_true(
        lambda: (
            all(stage.of_member(name, "Synced") for name in stage.members) and clinic.host.get("dnszones", "example-org")["status"]
        ),
        "members and the zone to be told of",
    )


_KEPT: list[Object] = []
"""Objects with the statuses that a controller gave them, made once for all tests."""

PUBLISHED = (
    "shop 30 IN A 192.0.2.1\nshop 30 IN A 192.0.2.2\n"
    'mcidns-a.shop 30 IN TXT "heritage=external-dns,external-dns/owner=scenario,external-dns/resource=globalhost/shop/shop"\n'
)


@contextlib.asynccontextmanager
async def healthy(folder: Path, *, records: str = PUBLISHED) -> AsyncIterator[Clinic]:
    """An installation as a controller left it a moment ago; it does not run, so that what a test breaks stays broken."""
    if not _KEPT:
        async with raised(folder) as once:
            once.host.put(global_host())
            await start(once)
            _KEPT.extend(once.host.list(kind)[0] for kind in ("globalhosts", "dnszones"))
            _KEPT.extend(once.host.list("memberclusters"))
    async with raised(folder, zone_text=ZONE_TEXT + records) as clinic:
        for obj in copy.deepcopy(_KEPT):
            for key in ("uid", "managedFields", "creationTimestamp", "generation"):
                obj["metadata"].pop(key, None)
            stored = clinic.host.put(obj)
            stored["status"]["observedGeneration"] = stored["metadata"]["generation"]
            for row in stored["status"]["conditions"]:
                row["observedGeneration"] = stored["metadata"]["generation"]
            clinic.host.put(stored)
        yield clinic
