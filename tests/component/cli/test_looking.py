"""`mcidns get` and `mcidns explain` against an API server whose statuses the controller's own decisions made."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from mcidns import decide
from mcidns.cli import commands
from mcidns.demo import manifests
from mcidns.emulator import ApiServer
from mcidns.hub import globalhost, times
from mcidns.model.decisions import World
from mcidns.model.hosts import Host
from mcidns.publish import status
from mcidns.testing import build
from tests.leaks import CliRunner

Object = dict[str, Any]
NOW = float(int(time.time()))


def member(name: str, reachable: str = "True", **spec: Any) -> Object:
    moment = times.render(NOW - 120)
    row = {"lastTransitionTime": moment, "observedGeneration": 1}
    conditions = [
        {
            "type": "Reachable",
            "status": reachable,
            "reason": "Timeout" if reachable == "False" else "Answers",
            "message": "m",
            **row,
        },
        {"type": "Synced", "status": reachable, "reason": "Synced", "message": "read", **row},
    ]
    return {
        "apiVersion": "mcidns.io/v1alpha1",
        "kind": "MemberCluster",
        "metadata": {"name": name},
        "spec": {"access": {"kubeconfigSecretRef": {"name": name}}, "region": f"{name}-1", **spec},
        "status": {"observedGeneration": 1, "conditions": conditions, "version": "v1.35.1"},
    }


def decided(world: World, **spec: Any) -> Object:
    """The GlobalHost shop/web, with the status of a decision on it two minutes ago and one now."""
    obj: Object = {
        "apiVersion": "mcidns.io/v1alpha1",
        "kind": "GlobalHost",
        "metadata": {"name": "web", "namespace": "shop", "generation": 1, "uid": "u", "creationTimestamp": times.render(NOW - 900)},
        "spec": {"hostnames": ["www.example.org"], **spec},
    }
    host = globalhost.parse(obj)
    assert isinstance(host, Host)
    decision = decide.decide(world, host, NOW - 120)
    del obj["metadata"]["uid"]  # the server gives it one
    return {**obj, "status": status.of_host(decision, None, NOW - 120)}


def world(*members: Any) -> World:
    return build.world(*members, zones=(build.zone(),))


class Site:
    """A host cluster, and the command line before it."""

    def __init__(self, server: ApiServer, folder: Path) -> None:
        self.server = server
        self._kubeconfig = folder / "config"
        self._kubeconfig.write_text(server.kubeconfig_yaml(), encoding="utf-8")

    async def run(self, *arguments: str) -> Result:
        options = ("--kubeconfig", str(self._kubeconfig))
        return await asyncio.to_thread(CliRunner().invoke, commands, [*arguments, *options], standalone_mode=False)

    async def json(self, *arguments: str) -> Any:
        return json.loads((await self.run(*arguments, "-o", "json")).output)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with ApiServer(name="host") as server:
        for crd in manifests.crds():
            server.install_crd(crd)
        server.put(manifests.namespace("shop"))
        yield Site(server, tmp_path)


FRA = build.member("fra", build.seen("192.0.2.1", ready=3, total=3), "fra-1")
AMS_UNREADY = build.member("ams", build.seen("192.0.2.2", ready=0, total=3), "ams-1")
AMS = build.member("ams", build.seen("192.0.2.2", ready=3, total=3), "ams-1")


async def test_explain_says_verdict_signals_rule_and_remedy_of_each_target(site: Site) -> None:
    site.server.put(member("fra"))
    site.server.put(member("ams"))
    site.server.put(decided(world(FRA, AMS_UNREADY)))
    found = await site.json("explain", "www.example.org")
    assert [(one["cluster"], one["verdict"], one["serves"]) for one in found["targets"]] == [
        ("ams", "NotReady", False),
        ("fra", "Ready", True),
    ]
    ams = found["targets"][0]
    signals = {one["name"]: one["value"] for one in ams["signals"]}
    assert signals["endpoints"] == "0 of 3 ready; 1 wanted of any Service"
    assert signals["cluster API"] == "answers"
    assert signals["load balancer"] == "192.0.2.2"
    assert ams["rule"] == "too few endpoints were ready for `fall` observations"
    assert ams["remedy"] == "at least 1 ready endpoint(s) 1 time(s) in a row; look at the Pods there"
    assert time.time() - NOW + 110 < ams["age"] <= time.time() - NOW + 121
    assert [(one["name"], one["targets"]) for one in found["names"]] == [("www.example.org", ["192.0.2.1"])]


async def test_explain_prints_the_same_for_people_and_its_exit_code_says_whether_all_serve(site: Site) -> None:
    site.server.put(member("fra"))
    site.server.put(decided(world(FRA, AMS_UNREADY)))
    partly = await site.run("explain", "shop/web")
    assert partly.return_value == 1
    for said in ("www.example.org A holds 192.0.2.1", "ams (ams-1) out: NotReady", "because", "0 of 3 ready", "changes"):
        assert said in partly.output
    site.server.put(decided(world(FRA, AMS)))
    assert (await site.run("explain", "web")).return_value == 0


async def test_explain_tells_a_silent_member_with_the_age_of_its_silence(site: Site) -> None:
    site.server.put(member("fra", reachable="False"))
    lost = build.lost(build.seen("192.0.2.1", ready=3, total=3, at=NOW - 900), since=NOW - 300)
    site.server.put(decided(world(build.member("fra", lost, "fra-1"), AMS)))
    found = await site.json("explain", "web")
    fra = next(one for one in found["targets"] if one["cluster"] == "fra")
    api = next(one for one in fra["signals"] if one["name"] == "cluster API")
    assert (fra["verdict"], fra["serves"]) == ("Stale", True)
    assert api["value"] == "silent (Timeout: m)"
    assert time.time() - NOW + 290 < api["age"] <= time.time() - NOW + 301
    assert fra["remedy"] == "its API answering again; until then its addresses stay (onUnknown: Keep)"


async def test_a_host_nobody_knows_is_refused_with_those_there_are(site: Site) -> None:
    site.server.put(decided(world(FRA)))
    failed = await site.run("explain", "mail.example.org")
    assert str(failed.exception) == (
        "HOST: there is no GlobalHost 'mail.example.org', and none serves that name; use one of shop/web"
    )


async def test_get_tables_answer_whether_it_is_fine(site: Site) -> None:
    site.server.put(member("fra"))
    site.server.put(member("ams", reachable="False"))
    site.server.put(decided(world(FRA, AMS_UNREADY)))
    hosts = await site.json("get", "hosts")
    assert [(one["cells"]["NAME"], one["cells"]["TARGETS"], one["cells"]["HEALTHY"], one["fine"]) for one in hosts] == [
        ("web", "1/2", "False", False)
    ]
    targets = await site.json("get", "targets", "www.example.org")
    assert [(one["cells"]["CLUSTER"], one["cells"]["VERDICT"], one["fine"]) for one in targets] == [
        ("ams", "NotReady", False),
        ("fra", "Ready", True),
    ]
    clusters = await site.json("get", "clusters")
    assert [(one["cells"]["NAME"], one["cells"]["REACHABLE"], one["cells"]["SAYS"], one["fine"]) for one in clusters] == [
        ("ams", "False", "Timeout: m", False),
        ("fra", "True", "", True),
    ]
    table = await site.run("get", "clusters")
    assert table.return_value == 1
    assert "v1.35.1" in table.output
    empty = await site.run("get", "zones")
    assert (empty.output.strip(), empty.return_value) == ("there are no zones", 0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        pytest.param(0.4, "0s", id="nothing"),
        pytest.param(45, "45s", id="seconds"),
        pytest.param(190, "3m10s", id="minutes"),
        pytest.param(7500, "2h5m", id="hours"),
        pytest.param(86400 * 4 + 3 * 3600 + 5, "4d3h", id="days"),
        pytest.param(3600, "1h", id="a round hour"),
    ],
)
def test_times_that_have_passed_are_short(seconds: float, text: str) -> None:
    assert times.span(seconds) == text
