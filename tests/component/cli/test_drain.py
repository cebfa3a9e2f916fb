"""`mcidns drain` and `undrain` against an API server: what they ask, refuse, write and say."""

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
from mcidns.model.decisions import Decision, Reason, Remembered
from mcidns.model.hosts import Host
from mcidns.publish import status
from mcidns.testing import build
from mcidns.testing.build import memory, remembered
from tests.leaks import CliRunner

Object = dict[str, Any]


def member(name: str, **spec: Any) -> Object:
    return {
        "apiVersion": "mcidns.io/v1alpha1",
        "kind": "MemberCluster",
        "metadata": {"name": name},
        "spec": {"access": {"kubeconfigSecretRef": {"name": name}}, **spec},
    }


def ghost(name: str, *rows: Remembered, **spec: Any) -> Object:
    """A GlobalHost with the status that its controller left."""
    host = Host("shop", name, "u", build.NOW, 1, build.HOST.source)
    return {
        "apiVersion": "mcidns.io/v1alpha1",
        "kind": "GlobalHost",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": spec,
        "status": status.of_host(Decision(host, (), (), (), memory(*rows), None), None, build.NOW),
    }


FRA, AMS = remembered("fra", "192.0.2.1"), remembered("ams", "198.51.100.1")
AMS_OUT = remembered("ams", "198.51.100.1", reason=Reason.NOT_READY)


class Site:
    """A host cluster with members `fra` and `ams`, and the command line before it."""

    def __init__(self, server: ApiServer, folder: Path) -> None:
        self.server = server
        self._kubeconfig = folder / "config"
        self._kubeconfig.write_text(server.kubeconfig_yaml(), encoding="utf-8")

    async def run(self, *arguments: str) -> Result:
        options = ("--kubeconfig", str(self._kubeconfig))
        return await asyncio.to_thread(CliRunner().invoke, commands, [*arguments, *options], standalone_mode=False)

    @property
    def drain(self) -> Object | None:
        """spec.drain of `fra`."""
        found = self.server.find("memberclusters", "fra", "")
        assert found is not None
        drain: Object | None = found["spec"].get("drain")
        return drain


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with ApiServer(name="host") as server:
        for crd in manifests.crds():
            server.install_crd(crd)
        server.put(manifests.namespace("shop"))
        for name in ("fra", "ams"):
            server.put(member(name))
        yield Site(server, tmp_path)


async def test_a_cluster_that_can_be_spared_is_drained(site: Site) -> None:
    site.server.put(ghost("web", FRA, AMS))
    result = await site.run("drain", "fra", "--reason", "kernel upgrade", "--until", "2099-03-01T06:00:00+01:00")

    assert (result.return_value, result.output.strip()) == (0, "fra is drained until 2099-03-01T05:00:00Z; it served 1 host")
    assert site.drain == {"reason": "kernel upgrade", "until": "2099-03-01T05:00:00Z", "force": False}


async def test_one_that_cannot_is_refused_with_the_hosts_at_risk(site: Site) -> None:
    site.server.put(ghost("web", FRA, AMS_OUT))
    site.server.put(ghost("api", FRA, AMS, minHealthyClusters=2))
    site.server.put(ghost("fine", FRA, AMS))
    result = await site.run("drain", "fra", "-o", "json")

    assert result.return_value == 1
    told = json.loads(result.output)
    assert (told["refused"], told["changed"], told["hostsServed"]) == (True, False, 3)
    assert told["hostsAtRisk"] == [
        {
            "namespace": "shop",
            "name": "api",
            "message": "1 healthy cluster would be left, and spec.minHealthyClusters is 2",
        },
        {
            "namespace": "shop",
            "name": "web",
            "message": "no healthy cluster would be left, and spec.minHealthyClusters is 1",
        },
    ]
    assert site.drain is None


async def test_the_refusal_for_people_names_them_too(site: Site) -> None:
    site.server.put(ghost("web", FRA, AMS_OUT))
    result = await site.run("drain", "fra")

    assert result.return_value == 1
    assert "hosts at risk: 1" in result.output
    assert "web" in result.output
    assert "the drain of fra is refused, nothing was changed" in result.output


async def test_force_drains_all_the_same(site: Site) -> None:
    site.server.put(ghost("web", FRA, AMS_OUT))
    result = await site.run("drain", "fra", "--force", "-o", "json")

    assert result.return_value == 0
    assert json.loads(result.output)["hostsAtRisk"][0]["name"] == "web"
    assert site.drain == {"force": True}


async def test_a_dry_run_changes_nothing(site: Site) -> None:
    site.server.put(ghost("web", FRA, AMS))
    spared = await site.run("drain", "fra", "--dry-run")
    site.server.put(ghost("api", FRA, AMS_OUT))
    refused = await site.run("drain", "fra", "--dry-run")

    assert (spared.return_value, spared.output.strip()) == (0, "fra would be drained; it serves 1 host")
    assert refused.return_value == 1
    assert "the drain of fra would be refused" in refused.output
    assert site.drain is None


async def test_for_a_while_ends_by_itself(site: Site) -> None:
    result = await site.run("drain", "fra", "--for", "2h", "-o", "json")

    assert result.return_value == 0
    assert site.drain is not None
    assert site.drain["until"] == json.loads(result.output)["until"]


async def test_a_second_drain_leaves_nothing_of_the_first(site: Site) -> None:
    await site.run("drain", "fra", "--reason", "kernel", "--for", "2h", "--force")
    result = await site.run("drain", "fra", "-o", "json")

    assert json.loads(result.output)["wasDrained"] is True
    assert site.drain == {"force": False}


async def test_undrain_puts_it_back(site: Site) -> None:
    await site.run("drain", "fra")
    dry = await site.run("undrain", "fra", "--dry-run")
    assert (dry.output.strip(), site.drain) == ("fra is drained and would be put back into service", {"force": False})
    done = await site.run("undrain", "fra")
    again = await site.run("undrain", "fra", "-o", "json")

    assert (done.return_value, done.output.strip(), site.drain) == (0, "fra is put back into service", None)
    assert json.loads(again.output) == {"cluster": "fra", "changed": False, "dryRun": False, "wasDrained": False}
    assert (await site.run("undrain", "fra")).output.strip() == "fra is not drained; nothing to do"


async def test_a_host_that_cannot_be_read_stands_in_nobodys_way(site: Site) -> None:
    broken = ghost("web", FRA, AMS_OUT)
    site.server.put(broken | {"spec": {"health": {"probe": {"expectStatus": "399-200"}}}})

    assert (await site.run("drain", "fra")).return_value == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["drain", "par"], "there is no MemberCluster 'par'; use one of ams, fra", id="no such cluster"),
        pytest.param(["undrain", "par"], "there is no MemberCluster 'par'", id="nor to undrain"),
        pytest.param(["drain", "fra", "--for", "soon"], "'soon' is no duration", id="no duration"),
        pytest.param(["drain", "fra", "--for", "0s"], "'0s' is no duration", id="no time at all"),
        pytest.param(["drain", "fra", "--until", "tomorrow"], "'tomorrow' is no time", id="no time"),
        pytest.param(["drain", "fra", "--until", "2020-01-01T00:00:00Z"], "is past", id="a time that is past"),
        pytest.param(["drain", "fra", "--for", "1h", "--until", "2099-01-01T00:00:00Z"], "stands beside --until", id="both"),
    ],
)
async def test_what_cannot_be_done_says_why(site: Site, arguments: list[str], words: str) -> None:
    result = await site.run(*arguments)

    assert isinstance(result.exception, ConfigError)
    assert words in str(result.exception)
    assert site.drain is None


def test_without_a_cluster_the_usage_is_told() -> None:
    result = CliRunner().invoke(commands, ["drain"], standalone_mode=False)

    assert isinstance(result.exception, click.MissingParameter)
