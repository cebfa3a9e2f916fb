"""A quick start played block by block: real kubectl, Helm's library and mcidns against emulated clusters. No test lives here.

What this machine cannot have stands in for by SHIMS, each with the reason; the clusters' own controllers by `Clouds.work`.
"""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from mcidns.emulator import ApiServer, kubeconfigs
from tests import planes
from tests.docs import pages
from tests.docs.pages import ROOT, Block

PATIENCE = 120.0
TOKEN = "administrators-token"
LASTING = ("mcidns run", "knotd", "cloud-provider-kind")
"""Commands that run until they are stopped; a block that begins with one is another terminal's."""
SHIMS = {
    "kind": "there is no container runtime; the clusters are emulated, and `kind` only chooses the context, as the real one does",
    "docker": "there is no container runtime; pause and unpause freeze the emulated cluster, build does nothing",
    "cloud-provider-kind": "there is no container runtime; the emulated clusters get their addresses from here",
    "helm": "the real library without its command; these options are read and handed to it",
    "pip": "the checkout is installed already; the extras it is asked for must exist",
    "aws": "there is no AWS; the hosted zone is made in the strict service beforehand",
    "openstack": "its command line is not installed; the zone is made in Designate beforehand",
}
Object = dict[str, Any]

_KIND = """\
case "$1 $2" in
    "create cluster") kubectl config use-context "kind-$4" ;;
    "load docker-image" | "delete cluster") ;;
    "get kubeconfig") kubectl config view --context "kind-${@: -1}" --minify --flatten --raw ;;
    *) echo "kind $*: not known here" >&2; exit 1 ;;
esac
"""
_DOCKER = """\
case "$1" in
    pause) mkdir -p "$HOME/paused" && touch "$HOME/paused/${2%-control-plane}" ;;
    unpause) rm "$HOME/paused/${2%-control-plane}" ;;
    build | push) ;;
    *) echo "docker $*: not known here" >&2; exit 1 ;;
esac
"""
_NOTHING = 'echo "$0 $*" >> "$HOME/not-run"\n'
_HELM = """\
import argparse, pathlib, yaml, helm_python
parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument("verb", choices=["install", "upgrade", "uninstall"])
parser.add_argument("release")
parser.add_argument("chart", nargs="?")
parser.add_argument("-n", dest="namespace")
parser.add_argument("-f", dest="files", action="append", default=[])
parser.add_argument("--set", action="append", default=[])
parser.add_argument("--reuse-values", action="store_true")
asked = parser.parse_args()
values = {}
for name in asked.files:
    values.update(yaml.safe_load(pathlib.Path(name).read_text()))
for one in asked.set:
    path, _, value = one.partition("=")
    *groups, last = path.split(".")
    inner = values
    for group in groups:
        inner = inner.setdefault(group, {})
    inner[last] = yaml.safe_load(value)
with helm_python.Config(kubeconfig_path=pathlib.Path("~/.kube/config").expanduser(), namespace=asked.namespace) as helm:
    if asked.verb == "uninstall":
        helm.uninstall(asked.release)
    else:
        more = {"reuse_values": asked.reuse_values} if asked.verb == "upgrade" else {}
        getattr(helm, asked.verb)(asked.chart, asked.release, values, namespace=asked.namespace, **more)
"""
_PIP = """\
import re, sys, tomllib
known = tomllib.load(open({project!r}, "rb"))["project"]["optional-dependencies"]
assert sys.argv[1] == "install", sys.argv
for extra in re.findall(r"[\\w-]+", re.search(r"\\[(.*)\\]", sys.argv[-1]).group(1)):
    assert extra in known, extra
"""


def needs(*programs: str) -> None:
    """Skip where the machine lacks one of them."""
    absent = [one for one in programs if shutil.which(one) is None and not Path("/usr/sbin", one).exists()]
    if absent:
        pytest.skip(f"{', '.join(absent)} not installed")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as tcp:
        tcp.bind(("127.0.0.1", 0))
        return int(tcp.getsockname()[1])


@dataclass
class Clouds:
    """Clusters by the name of their context, and what their own controllers would do; `ingress` is what a load balancer shows."""

    folder: Path
    servers: dict[str, ApiServer]
    ingress: Mapping[str, Object]
    environment: dict[str, str]
    arguments: tuple[str, ...] = ()
    ca: str = ""
    running: "list[asyncio.subprocess.Process]" = field(default_factory=list)
    pod: "asyncio.subprocess.Process | None" = None
    output: str = ""

    async def work(self) -> None:
        """Until cancelled: load balancers get their address, Deployments their endpoints, and one of the chart's its process."""
        while True:
            for context, server in self.servers.items():
                await self._tend(context, server)
            await asyncio.sleep(0.05)

    async def _tend(self, context: str, server: ApiServer) -> None:
        paused = (self.folder / "paused" / context.removeprefix("kind-")).exists()
        if paused != server.faults.frozen:
            (server.faults.freeze if paused else server.faults.unfreeze)()
        for service in server.list("services"):
            if service["spec"].get("type") == "LoadBalancer" and not service.get("status", {}).get("loadBalancer"):
                server.put({**service, "status": {"loadBalancer": {"ingress": [self.ingress[context]]}}})
        for deployment in server.list("deployments"):
            await self._deploy(server, deployment)
            self._endpoints(server, deployment)

    async def _deploy(self, server: ApiServer, deployment: Object) -> None:
        meta, spec = deployment["metadata"], deployment["spec"]
        replicas, generation = spec.get("replicas", 1), meta.get("generation", 1)
        if deployment.get("status", {}).get("observedGeneration") == generation:
            return
        labels = spec["template"]["metadata"]["labels"]
        if labels.get("app.kubernetes.io/name") == "mcidns":
            await self._controller(server, deployment, replicas)
        counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas)
        server.put({**deployment, "status": {"observedGeneration": generation, **counts}})

    def _endpoints(self, server: ApiServer, deployment: Object) -> None:
        """Those of each Service that selects its pods, also of one that came later."""
        namespace, spec = deployment["metadata"]["namespace"], deployment["spec"]
        for service in server.list("services", namespace):
            if (service["spec"].get("selector") or {"": ""}).items() <= spec["template"]["metadata"]["labels"].items():
                wanted = _slice(service, spec.get("replicas", 1))
                found = server.find("endpointslices", wanted["metadata"]["name"], namespace)
                if found is None or len(found["endpoints"] or ()) != len(wanted["endpoints"]):
                    server.put(wanted)

    async def _controller(self, server: ApiServer, deployment: Object, replicas: int) -> None:
        """The process of the chart's pod, the former one ended, as `Recreate` has it."""
        if self.pod is not None:
            await _ended(self.pod)
            self.pod = None
        if replicas:
            self.pod = await self.start("mcidns", *self._arguments(server, deployment))

    def _arguments(self, server: ApiServer, deployment: Object) -> list[str]:
        """Those of the container, with the service account's token in a kubeconfig."""
        pod = deployment["spec"]["template"]["spec"]
        account, namespace = pod["serviceAccountName"], deployment["metadata"]["namespace"]
        token = server.access.issue(namespace, account)
        config = self.folder / f"{account}.kubeconfig"
        config.write_text(yaml.safe_dump(kubeconfigs.of("hub", server.url, token, self.ca)))
        own = ("--http=off", "--heartbeat=0.5", "--heartbeat-timeout=1")  # no port of the machine's, and a heart that beats faster
        return [*pod["containers"][0]["args"], f"--kubeconfig={config}", *own, *self.arguments]

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        """Start what runs until the end; its log is shown where the play fails."""
        with (self.folder / f"{len(self.running)}.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *words, cwd=self.folder, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self.running.append(process)
        return process

    async def sh(self, text: str) -> None:
        """Run a block; what it prints is kept in `output`."""
        first = next((one for one in pages.commands(Block("", 0, "sh", text))), "")
        if first.startswith(LASTING):
            await self.start("bash", "-c", f"exec {first}")
            return
        process = await asyncio.create_subprocess_exec(
            "bash", "-euo", "pipefail", "-c", text,
            cwd=self.folder, env=self.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(PATIENCE):
                out, err = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()
            raise AssertionError(f"{text}\nhas not ended in {PATIENCE:g} s\n{self.logs()}") from None
        self.output = out.decode()
        assert process.returncode == 0, f"{text}\n{self.output}{err.decode()}\n{self.logs()}"

    def logs(self) -> str:
        """The ends of the logs of what runs."""
        return "\n".join(f"{one.name}: {one.read_text(errors='replace')[-3000:]}" for one in sorted(self.folder.glob("*.log")))

    def shows(self, text: str) -> None:
        """The last block printed this; `…` stands for anything, blanks count once."""
        lines = [re.sub(r"\s+", " ", line).strip() for line in self.output.splitlines()]
        for line in text.splitlines():
            wanted = ".*".join(re.escape(part) for part in re.sub(r"\s+", " ", line).strip().split("…"))
            assert any(re.fullmatch(wanted, one) for one in lines), f"{line!r} is not in\n{self.output}\n{self.logs()}"

    async def end(self) -> None:
        """Stop what runs."""
        await asyncio.gather(*(_ended(process) for process in self.running))


async def _ended(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), 15)
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _slice(service: Object, replicas: int) -> Object:
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    ports = [{"name": one.get("name", ""), "port": one["port"], "protocol": "TCP"} for one in service["spec"]["ports"]]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{name}-1", "namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [f"10.0.0.{number + 1}"], "conditions": {"ready": True}} for number in range(replicas)],
        "ports": ports,
    }


def _shims(folder: Path) -> None:
    """Programs that stand in for those that cannot be here."""
    folder.mkdir()
    bash, python = "#!/bin/bash\nset -euo pipefail\n", f"#!{sys.executable}\n"
    texts = {"kind": bash + _KIND, "docker": bash + _DOCKER, "helm": python + _HELM}
    texts["pip"] = python + _PIP.format(project=str(ROOT / "pyproject.toml"))
    for name in SHIMS:
        (folder / name).write_text(texts.get(name, bash + _NOTHING))
        (folder / name).chmod(0o755)


@contextlib.asynccontextmanager
async def clouds(folder: Path, ingress: Mapping[str, Object], hub: str, **environment: str) -> AsyncIterator[Clouds]:
    """Clusters with RBAC and TLS, one for the hub and one for each load balancer, in ~/.kube/config by their contexts."""
    needs("kubectl", "bash")
    made = planes.certificate()
    async with contextlib.AsyncExitStack() as stack:
        servers = {}
        for context in (hub, *ingress):
            servers[context] = await stack.enter_async_context(ApiServer(context, token=TOKEN, tls=planes.tls(made)))
        config: Object = {"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": [], "current-context": hub}
        for context, server in servers.items():
            one = kubeconfigs.of(context, server.url, TOKEN, made.cert.decode())
            for key in ("clusters", "users", "contexts"):
                config[key] += one[key]
        (folder / ".kube").mkdir()
        (folder / ".kube" / "config").write_text(yaml.safe_dump(config))
        for name in ("crds", "charts", "docs"):
            (folder / name).symlink_to(ROOT / name)
        _shims(folder / "bin")
        path = os.pathsep.join((str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin"))
        own = {
            "PATH": path,
            "HOME": str(folder),
            "MCIDNS_RUN_HTTP": "off",
            "MCIDNS_RUN_HEARTBEAT": "0.5",
            "MCIDNS_RUN_HEARTBEAT_TIMEOUT": "1",
            "LC_ALL": "C.UTF-8",
        }
        play = Clouds(folder, servers, ingress, {**own, **environment}, ca=made.cert.decode())
        working = asyncio.create_task(play.work())
        try:
            yield play
        finally:
            working.cancel()
            await asyncio.wait({working})
            await play.end()
        if not working.cancelled():
            working.result()  # what the clusters' own controllers broke down on


async def play(cloud: Clouds, page: str, replaced: Mapping[str, str], heading: str = "") -> None:
    """Every block of the page, or of one section, in order; `replaced` says what stands for what is taken or different here."""
    for block in pages.section(ROOT / page, heading):
        text = block.text
        for old, new in replaced.items():
            text = text.replace(old, new)
        if block.file:
            (cloud.folder / block.file).write_text(text)
        elif block.language == "sh":
            await cloud.sh(text)
        elif block.language == "text":
            cloud.shows(text)
        else:
            raise AssertionError(
                f"{block.where}: a block of a quick start is a named file, sh, or text that the one before it prints"
            )
