"""A host and a member, both with access control, and the command line of a person who may do everything in both."""

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result

from mcidns.cli import commands
from mcidns.demo import manifests
from mcidns.emulator import ApiServer
from mcidns.hub import secret
from mcidns.kube import access, kinds
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient
from mcidns.kube.errors import Unauthorized

Object = dict[str, Any]
SYSTEM = manifests.SYSTEM
RBAC = "rbac.authorization.k8s.io"

_crds = functools.cache(manifests.crds)


@dataclass
class Pair:
    """Host and member as `hub` and `catania`, which are also the contexts' names."""

    host: ApiServer
    member: ApiServer
    file: Path

    def contexts(self, *, host: str = "person", member: str = "person", cluster: Object | None = None) -> None:
        """Write the kubeconfig anew, with these tokens, and these fields of the member's cluster."""
        configs = [self.host.kubeconfig(host), self.member.kubeconfig(member)]
        configs[1]["clusters"][0]["cluster"] |= cluster or {}
        whole = {key: [one for config in configs for one in config[key]] for key in ("clusters", "users", "contexts")}
        self.file.write_text(yaml.safe_dump({**whole, "current-context": "hub"}), encoding="utf-8")

    async def run(self, verb: str, *arguments: str, cluster: str = "catania") -> Result:
        """The verb; no token may be in what it says."""
        given = [verb, cluster, "--kubeconfig", str(self.file), *arguments]
        result = await asyncio.to_thread(CliRunner().invoke, commands, given, standalone_mode=False)
        assert not [token for token in self.tokens().values() if token in result.output]
        return result

    async def json(self, verb: str, *arguments: str, cluster: str = "catania") -> tuple[Any, Any]:
        """The exit code and what was told as JSON."""
        result = await self.run(verb, *arguments, "-o", "json", cluster=cluster)
        assert result.exception is None, result.output
        return result.return_value, json.loads(result.stdout)

    def ticket(self, name: str = "catania") -> Object:
        """The host's Secret."""
        return self.host.get("secrets", name, SYSTEM)

    def way(self, name: str = "catania") -> Access:
        """How the host reaches the member, as its Secret says."""
        return access.from_kubeconfig(secret.content(self.ticket(name)["data"])["kubeconfig"].value)

    async def holds(self, way: Access) -> bool:
        """Whether the member takes this token, and gives it what mcidns needs."""
        async with KubeClient(way) as client:
            try:
                await client.list(kinds.SERVICE)
            except Unauthorized:
                return False
            return True

    def tokens(self) -> dict[str, str]:
        """The Secrets of tokens in the member, with those that are kept in them."""
        found = {one["metadata"]["name"]: secret.content(one.get("data")) for one in self.member.list("secrets", SYSTEM)}
        return {name: content["token"].value for name, content in found.items() if "token" in content}

    def of_member(self) -> dict[str, Object | None]:
        """What join makes in the member, but for tokens."""
        return {
            "Namespace": self.member.find("namespaces", SYSTEM),
            "ServiceAccount": self.member.find("serviceaccounts", "mcidns", SYSTEM),
            "ClusterRole": self.member.find("clusterroles", "mcidns-member"),
            "ClusterRoleBinding": self.member.find("clusterrolebindings", "mcidns-member"),
        }

    def versions(self) -> tuple[int, int]:
        """How far both clusters have been written."""
        return self.host.storage.version, self.member.storage.version


def steps(told: Mapping[str, Any]) -> dict[str, str]:
    """What became of each object, by `where Kind`; tokens by `where token`."""
    found = {}
    for one in told["steps"]:
        what = "token" if one["name"].startswith("mcidns-token-") else one["kind"]
        found[f"{one['where']} {what}"] = one["action"]
    return found


@asynccontextmanager
async def pair(folder: Path, **member: Any) -> AsyncIterator[Pair]:
    """Host and member; nothing runs in the host."""
    async with ApiServer(name="hub", token="person") as host, ApiServer(name="catania", token="person", **member) as cluster:
        for crd in _crds():
            host.install_crd(crd)
        host.put(manifests.namespace(SYSTEM))
        folder.mkdir(exist_ok=True)
        found = Pair(host, cluster, folder / "config")
        found.contexts()
        yield found


def grant(server: ApiServer, user: str, *rules: Object) -> None:
    """Let a user do this in the whole cluster."""
    server.access.allow(user, "rbac", user)
    subject = {"kind": "User", "name": user, "apiGroup": RBAC}
    bound(server, user, subject, *rules)


def bound(server: ApiServer, name: str, subject: Object, *rules: Object) -> None:
    """A ClusterRole of somebody else's with its binding."""
    api = f"{RBAC}/v1"
    server.put({"apiVersion": api, "kind": "ClusterRole", "metadata": {"name": name}, "rules": list(rules)})
    ref = {"kind": "ClusterRole", "name": name, "apiGroup": RBAC}
    binding = {"metadata": {"name": name}, "subjects": [subject], "roleRef": ref}
    server.put({"apiVersion": api, "kind": "ClusterRoleBinding", **binding})


def rule(verbs: str, *resources: str, group: str = "") -> Object:
    """A rule of a role."""
    return {"apiGroups": [group], "resources": list(resources), "verbs": verbs.split()}
