"""A cluster becomes a member by one command, changes its token while it serves, and leaves: what DNS answers meanwhile."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mcidns.cli import commands
from mcidns.demo import manifests
from mcidns.hub import secret
from mcidns.kube import access, kinds
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient
from mcidns.kube.errors import Unauthorized
from tests.scenario.stage import Object, Stage, global_host, raised, region

NAME = "shop.example.org"
LIFETIME = ("--token-lifetime", "24h")
"""A real plane without a controller-manager makes no other tokens."""


async def mcidns(stage: Stage, folder: Path, verb: str, name: str, *arguments: str) -> Result:
    """The verb for this member, run beside the controller."""
    files = {"kubeconfig": stage.host, "member-kubeconfig": stage.members[name]}
    for option, server in files.items():
        (folder / option).write_text(server.kubeconfig_yaml(), encoding="utf-8")
    given = [text for option in files for text in (f"--{option}", str(folder / option))]
    return await asyncio.to_thread(CliRunner().invoke, commands, [verb, name, *given, *arguments], standalone_mode=False)


def way(stage: Stage, name: str) -> Access:
    """How the controller reaches the member."""
    found = stage.host.get("secrets", name, manifests.SYSTEM)
    return access.from_kubeconfig(secret.content(found["data"])["kubeconfig"].value)


async def is_dead(asked: Access) -> bool:
    """The member takes this token no more; a real one keeps what it found for ten seconds."""
    async with KubeClient(asked) as client:
        try:
            await client.page(kinds.SERVICE, limit=1)
        except Unauthorized:
            return True
    return False


async def joined(stage: Stage, folder: Path, *names: str) -> None:
    """Let these be members, by their own commands."""
    for name in names:
        result = await mcidns(stage, folder, "join", name, "--region", name, *LIFETIME, "--wait")
        assert result.return_value == 0, result.output


async def test_a_cluster_joins_and_its_region_is_in_dns(tmp_path: Path) -> None:
    async with raised(members=2, joined=False) as stage:
        stage.host.put(global_host())
        await joined(stage, tmp_path, "r1")
        await stage.until_answer(NAME, "192.0.2.1")
        await joined(stage, tmp_path, "r2")
        await stage.until_answer(NAME, "192.0.2.1", "192.0.2.2")

        member = stage.member("r2")
        assert (member["spec"]["region"], member["spec"]["source"]["name"]) == ("r2", "r2")
        assert member["status"]["credentials"]["expires"]


async def test_a_token_is_changed_while_the_member_serves_and_nobody_notices(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with raised(members=2, joined=False) as stage:
        stage.host.put(global_host())
        await joined(stage, tmp_path, "r1", "r2")
        await stage.until_answer(NAME, "192.0.2.1", "192.0.2.2")
        await stage.until_true(lambda: stage.verdicts() == {"r1": "Ready", "r2": "Ready"}, "both to be healthy")
        old, serial, since = way(stage, "r2"), await stage.answer("example.org", "SOA"), reachable(stage, "r2")
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="mcidns"):
            result = await mcidns(stage, tmp_path, "join", "r2", "--rotate")
            assert (result.return_value, "its token is revoked" in result.output) == (0, True), result.output
            await stage.until(lambda: is_dead(old), "the old token to be dead")
            assert not await is_dead(way(stage, "r2"))
            assert await stage.answer("example.org", "SOA") == serial
            assert await stage.answer(NAME) == ("192.0.2.1", "192.0.2.2")
            stage.members["r2"].put(moved("198.51.100.2"))
            await stage.until_answer(NAME, "192.0.2.1", "198.51.100.2")
        assert ("member.credentials_changed" in caplog.messages, "member.lost" in caplog.messages) == (True, False)
        assert reachable(stage, "r2") == since


async def test_a_member_leaves_and_its_region_is_out_of_dns(tmp_path: Path) -> None:
    async with raised(members=2, joined=False) as stage:
        stage.host.put(global_host())
        await joined(stage, tmp_path, "r1", "r2")
        await stage.until_answer(NAME, "192.0.2.1", "192.0.2.2")
        await stage.until_true(lambda: stage.verdicts() == {"r1": "Ready", "r2": "Ready"}, "both to be healthy")
        old = way(stage, "r2")
        result = await mcidns(stage, tmp_path, "leave", "r2")

        assert (result.return_value, "mcidns has let r2 go" in result.output) == (0, True), result.output
        await stage.until_answer(NAME, "192.0.2.1")
        await stage.until(lambda: is_dead(old), "its token to be dead")
        assert stage.member("r2") == {}
        assert stage.members["r2"].find("serviceaccounts", "mcidns", manifests.SYSTEM) is None
        await stage.until_true(lambda: stage.verdicts() == {"r1": "Ready", "r2": "ClusterGone"}, "the status to tell that it left")


async def test_the_last_region_does_not_leave_by_mistake(tmp_path: Path) -> None:
    async with raised(members=1, joined=False) as stage:
        stage.host.put(global_host())
        await joined(stage, tmp_path, "r1")
        await stage.until_answer(NAME, "192.0.2.1")
        await stage.until_true(lambda: stage.verdicts() == {"r1": "Ready"}, "it to be healthy")
        result = await mcidns(stage, tmp_path, "leave", "r1")

        assert (result.return_value, "hosts at risk: 1" in result.output) == (1, True)
        assert await stage.answer(NAME) == ("192.0.2.1",)


def reachable(stage: Stage, name: str) -> Any:
    """Since when the member is Reachable, without a break."""
    conditions = stage.member(name)["status"]["conditions"]
    return next((one["status"], one["lastTransitionTime"]) for one in conditions if one["type"] == "Reachable")


def moved(address: str) -> Object:
    """The second member's Ingress, at another address."""
    ingress = next(obj for obj in manifests.member_objects(region(2)) if obj["kind"] == "Ingress")
    return ingress | {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
