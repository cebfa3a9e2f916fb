"""The controller run once without writing: it waits for what a decision needs, and says what it waits for in vain."""

import asyncio
from ipaddress import ip_address

import pytest

from mcidns import rehearsal
from mcidns.errors import Transient
from mcidns.kube import access
from mcidns.observe.asking import Question
from mcidns.observe.replies import Answer, Outcome
from mcidns.rehearsal import Outlook
from tests.scenario.stage import Stage, global_host, raised

FIRST, SECOND = "192.0.2.1", "192.0.2.2"
PROBED = global_host(health={"probe": {"port": 80, "interval": "1s", "timeout": "500ms", "fall": 2, "rise": 2}})


async def looked(stage: Stage, *, patience: float = 20.0, **options: object) -> Outlook:
    host = access.from_kubeconfig(stage.host.kubeconfig_yaml())
    async with rehearsal.rehearsed(stage.settings, host, patience=patience, **options) as app:  # type: ignore[arg-type]  # a builder
        return rehearsal.outlook(app)


async def test_probes_are_answered_before_anything_is_planned() -> None:
    async def ask(question: Question) -> Answer:
        await asyncio.sleep(0.3)
        well = question.probe.address == ip_address(FIRST)
        return Answer(Outcome.PASSED, "HTTP 200", 0.1) if well else Answer(Outcome.STATUS, "HTTP 503", 0.1)

    async with raised(members=2, running=False) as stage:
        stage.host.put(PROBED)
        found = await looked(stage, ask=ask)
        (line,) = [line for line in found.lines if not line.is_ownership]
        assert line.edit.new is not None
        assert (line.action, line.edit.new.values, line.clusters) == ("create", (FIRST,), ("r1",))


async def test_what_never_comes_is_named_when_patience_ends() -> None:
    async def ask(question: Question) -> Answer:
        await asyncio.sleep(3600)
        raise AssertionError(question)

    async with raised(members=1, running=False) as stage:
        stage.host.put(PROBED)
        with pytest.raises(Transient, match=r"still waiting for probes to be answered: 1; mend that or add --wait"):
            await looked(stage, patience=8.0, ask=ask)


async def test_a_host_that_does_not_answer_is_named_too() -> None:
    async with raised(members=0, running=False) as stage:
        stage.host.faults.refuse()
        with pytest.raises(Transient, match=r"still waiting for host cluster: not listed yet"):
            await looked(stage, patience=1.0)


async def test_an_object_that_cannot_be_accepted_is_among_the_refusals() -> None:
    async with raised(members=1, running=False) as stage:
        stage.host.put(global_host(hostnames=["shop.example.net"]))
        found = await looked(stage)
        assert found.lines == ()
        assert [(one.source.name, one.reason) for one in found.refusals] == [("shop", "NoMatchingZone")]
