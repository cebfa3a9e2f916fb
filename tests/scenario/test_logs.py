"""What the log says while a region fails, and that it is silent while nothing happens."""

import logging
from typing import Any

import pytest

from mcidns.demo import manifests
from tests.scenario.stage import global_host, raised

ALL = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
NAME = "shop.example.org"


def lines(caplog: pytest.LogCaptureFixture, event: str) -> list[Any]:
    """The records of an event, with its keys as attributes."""
    return [record for record in caplog.records if record.getMessage() == event]


async def test_a_changed_decision_is_one_line_with_cause_and_effect_and_a_quiet_pass_is_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with raised() as stage:
        stage.host.put(global_host())
        await stage.until_answer(NAME, *ALL)
        await stage.until_true(lambda: stage.reason("Propagated")[0] == "True", "Propagated")
        assert lines(caplog, "decision.changed")[0].cause == "first look"
        caplog.clear()
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_answer(NAME, *ALL[1:])
        await stage.until_true(lambda: stage.verdicts().get("r1") == "NotReady", "the verdict in status")
        await stage.until_true(lambda: stage.reason("Propagated")[0] == "True", "Propagated")
        (line,) = lines(caplog, "decision.changed")
        assert (line.levelno, line.host, line.cause) == (logging.INFO, "shop/shop", "clusters")
        assert line.verdicts == ["r1: Ready -> NotReady"]
        assert line.served == {NAME: list(ALL[1:])}
        assert sum(one.changes for one in lines(caplog, "zone.written")) == 1
        assert stage.app is not None
        looks = stage.app.metrics.passes
        caplog.clear()
        before = next(iter(looks.collect())).samples[0].value
        stage.app.reconciler.all_changed()
        await stage.until_true(lambda: next(iter(looks.collect())).samples[0].value > before, "one more pass")
        assert [one for one in caplog.records if one.name.startswith("mcidns") and one.levelno >= logging.INFO] == []


async def test_an_object_that_was_edited_and_surroundings_that_changed_are_told_apart(caplog: pytest.LogCaptureFixture) -> None:
    async with raised() as stage:
        stage.host.put(global_host())
        await stage.until_answer(NAME, *ALL)
        caplog.clear()
        stage.host.put(global_host(ttl=77))
        await stage.until_true(lambda: lines(caplog, "decision.changed"), "the log line")
        (line,) = lines(caplog, "decision.changed")
        assert (line.cause, line.verdicts) == ("object", [])
