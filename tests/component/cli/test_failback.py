"""`mcidns failback` against an API server: whom it finds, what it asks, writes and says."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result

from mcidns.cli import commands
from mcidns.demo import manifests
from mcidns.emulator import ApiServer
from mcidns.errors import ConfigError
from mcidns.model.decisions import Decision, Remembered
from mcidns.model.hosts import Host
from mcidns.publish import status
from mcidns.testing import build
from mcidns.testing.build import NOW, memory, remembered
from tests.leaks import CliRunner

HELD = remembered("fra", "192.0.2.1", region="eu", role="HeldBack", role_since=NOW + 60)
SERVING = remembered("ams", "198.51.100.1", role="Serving", role_since=NOW)


def ghost(name: str, *rows: Remembered, namespace: str = "shop", hostname: str = "") -> dict[str, Any]:
    """A GlobalHost with the status that its controller left."""
    host = Host(namespace, name, "u", NOW, 1, build.HOST.source)
    names = (build.name(hostname),) if hostname else ()
    return {
        "apiVersion": "mcidns.io/v1alpha1",
        "kind": "GlobalHost",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {},
        "status": status.of_host(Decision(host, (), (), (), memory(*rows, hostnames=names), None), None, NOW),
    }


class Site:
    """A host cluster, and the command line before it."""

    def __init__(self, server: ApiServer, folder: Path) -> None:
        self.server = server
        self._kubeconfig = folder / "config"
        self._kubeconfig.write_text(server.kubeconfig_yaml(), encoding="utf-8")

    async def run(self, *arguments: str) -> Result:
        options = ("failback", *arguments, "--kubeconfig", str(self._kubeconfig))
        return await asyncio.to_thread(CliRunner().invoke, commands, options, standalone_mode=False)

    def asked(self, name: str = "web", namespace: str = "shop") -> str | None:
        found = self.server.find("globalhosts", name, namespace)
        assert found is not None
        text: str | None = (found["metadata"].get("annotations") or {}).get("mcidns.io/failback")
        return text


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with ApiServer(name="host") as server:
        for crd in manifests.crds():
            server.install_crd(crd)
        for name in ("shop", "other"):
            server.put(manifests.namespace(name))
        server.put(ghost("web", HELD, SERVING, hostname="www.example.org"))
        server.put(ghost("api", SERVING))
        server.put(ghost("api", SERVING, namespace="other"))
        yield Site(server, tmp_path)


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("web", id="by its name"),
        pytest.param("shop/web", id="by namespace and name"),
        pytest.param("WWW.example.org.", id="by a hostname it serves"),
    ],
)
async def test_it_asks_for_those_held_back_by_the_controllers_own_time(site: Site, host: str) -> None:
    result = await site.run(host)
    assert (result.return_value, site.asked()) == (0, "2027-01-15T08:01:00Z")
    assert "fra" in result.output
    assert "shop/web: fra may serve again" in result.output


async def test_a_dry_run_only_tells(site: Site) -> None:
    result = await site.run("web", "--dry-run", "-o", "json")
    assert (result.return_value, site.asked()) == (0, None)
    assert json.loads(result.output) == {
        "namespace": "shop",
        "name": "web",
        "changed": False,
        "dryRun": True,
        "heldBack": [{"cluster": "fra", "region": "eu", "heldBackSince": "2027-01-15T08:01:00Z"}],
    }


async def test_where_nobody_is_held_back_nothing_is_written(site: Site) -> None:
    result = await site.run("shop/api")
    assert (result.return_value, site.asked("api")) == (0, None)
    assert result.output == "shop/api: no cluster is held back; nothing to do\n"


@pytest.mark.parametrize(
    ("host", "remedy"),
    [
        pytest.param("nowhere", "use one of other/api, shop/api, shop/web", id="a host that is none"),
        pytest.param("api", "use one of other/api, shop/api", id="a name in two namespaces"),
    ],
)
async def test_a_host_that_cannot_be_meant_is_refused_with_those_that_can(site: Site, host: str, remedy: str) -> None:
    result = await site.run(host)
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception).endswith(remedy)


def test_the_help_has_examples() -> None:
    result = CliRunner().invoke(commands, ["failback", "--help"])
    assert isinstance(commands, click.Group)
    assert "mcidns failback www.example.org" in result.output
