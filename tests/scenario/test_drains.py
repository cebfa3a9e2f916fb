"""A region taken out of service by its people, with the command line and by its MemberCluster."""

import asyncio
import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import Result

from mcidns.cli import commands
from tests.leaks import CliRunner
from tests.scenario.stage import Stage, global_host, raised

NAME = "shop.example.org"


async def mcidns(stage: Stage, folder: Path, *arguments: str) -> Result:
    """A verb, run beside the controller."""
    config = folder / "config"
    config.write_text(stage.host.kubeconfig_yaml(), encoding="utf-8")
    return await asyncio.to_thread(CliRunner().invoke, commands, [*arguments, "--kubeconfig", str(config)], standalone_mode=False)


def edit(stage: Stage, kind: str, name: str, namespace: str = "", **spec: Any) -> None:
    """Somebody changes these fields of the object's spec."""
    found = copy.deepcopy(stage.host.get(kind, name, namespace))
    stage.host.put(found | {"spec": found["spec"] | spec})


def drained(stage: Stage, name: str) -> tuple[str, str]:
    """Status and reason of the member's condition Drained."""
    found: dict[str, Any] = stage.host.find("memberclusters", name, "") or {}
    conditions = (found.get("status") or {}).get("conditions", [])
    return next(((one["status"], one["reason"]) for one in conditions if one["type"] == "Drained"), ("", ""))


async def test_a_drained_region_leaves_dns_and_comes_back(tmp_path: Path) -> None:
    async with raised() as stage:
        stage.host.put(global_host())
        await stage.until_answer(NAME, "192.0.2.1", "192.0.2.2", "192.0.2.3")
        await stage.until_true(lambda: stage.verdicts(), "a status")

        result = await mcidns(stage, tmp_path, "drain", "r2", "--reason", "kernel upgrade")
        assert result.return_value == 0, result.output
        await stage.until_answer(NAME, "192.0.2.1", "192.0.2.3")
        await stage.until_true(lambda: stage.verdicts().get("r2") == "Drained", "the verdict to say so")
        await stage.until_true(lambda: drained(stage, "r2") == ("True", "Drained"), "the member to say so")
        assert stage.reason("Healthy") == ("True", "AllHealthy")

        await stage.restart()
        await stage.settled()
        await stage.until_answer(NAME, "192.0.2.1", "192.0.2.3")
        assert stage.verdicts()["r2"] == "Drained"

        await mcidns(stage, tmp_path, "undrain", "r2")
        await stage.until_answer(NAME, "192.0.2.1", "192.0.2.2", "192.0.2.3")
        await stage.until_true(lambda: drained(stage, "r2") == ("False", "InService"), "the member to be in service")


async def test_a_drain_that_would_leave_too_few_is_refused_and_then_waits_by_itself(tmp_path: Path) -> None:
    async with raised(members=2) as stage:
        stage.host.put(global_host(minHealthyClusters=2))
        await stage.until_answer(NAME, "192.0.2.1", "192.0.2.2")
        await stage.until_true(lambda: stage.verdicts(), "a status")
        result = await mcidns(stage, tmp_path, "drain", "r2")
        assert result.return_value == 1
        assert "shop" in result.output

        # Somebody writes it all the same: the controller refuses it for this host, and says so on both objects.
        edit(stage, "memberclusters", "r2", drain={"reason": "upgrade"})
        await stage.until_true(lambda: drained(stage, "r2") == ("False", "HostsAtRisk"), "the member to tell who is at risk")
        await stage.until_true(lambda: stage.reason("DrainRefused") == ("True", "TooFewHealthy"), "the host to tell why")
        assert await stage.answer(NAME) == ("192.0.2.1", "192.0.2.2")

        # One is enough from now on.
        edit(stage, "globalhosts", "shop", "shop", minHealthyClusters=1)
        await stage.until_answer(NAME, "192.0.2.1")
        await stage.until_true(lambda: drained(stage, "r2") == ("True", "Drained"), "the member to be drained")


async def test_a_drain_ends_by_itself() -> None:
    async with raised() as stage:
        stage.host.put(global_host())
        await stage.until_answer(NAME, "192.0.2.1", "192.0.2.2", "192.0.2.3")
        until = (datetime.now(UTC) + timedelta(seconds=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
        edit(stage, "memberclusters", "r2", drain={"until": until})
        await stage.until_answer(NAME, "192.0.2.1", "192.0.2.3")
        await stage.until_answer(NAME, "192.0.2.1", "192.0.2.2", "192.0.2.3")
        await stage.until_true(lambda: drained(stage, "r2") == ("False", "Ended"), "the member to say that it is over")
