"""What happens in the demo and what must then be true, step by step; how it looks is in screen."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mcidns.demo import manifests
from mcidns.demo import stage as stages
from mcidns.demo.manifests import REGIONS, Region
from mcidns.demo.stage import Stage

CATANIA, NAPOLI, PALERMO = REGIONS
PATIENCE = 12.0
LOOK_EVERY = 0.05


@dataclass(frozen=True, slots=True)
class Step:
    """One act and what must follow: these addresses in DNS, these verdicts, and whether fail-open is on."""

    title: str
    act: Callable[[Stage], Awaitable[None]]
    addresses: tuple[str, ...]
    verdicts: tuple[tuple[str, str], ...]
    fail_open: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended: seconds from the act until all was true, or what was wrong when patience ran out."""

    step: Step
    seconds: float
    problem: str = ""


async def _annotate(stage: Stage) -> None:
    stage.host.put(manifests.federated_ingress())


async def _lose_pods(stage: Stage) -> None:
    stage.set_pods(CATANIA, ready=False)


async def _cut(stage: Stage) -> None:
    stage.cut(NAPOLI)


async def _lose_all(stage: Stage) -> None:
    stage.mend(NAPOLI)
    for region in (NAPOLI, PALERMO):
        stage.set_pods(region, ready=False)


async def _recover_two(stage: Stage) -> None:
    for region in (CATANIA, PALERMO):
        stage.set_pods(region, ready=True)


async def _recover_last(stage: Stage) -> None:
    stage.set_pods(NAPOLI, ready=True)


def _addresses(*regions: Region) -> tuple[str, ...]:
    return tuple(sorted(region.address for region in regions))


def _verdicts(catania: str, napoli: str, palermo: str) -> tuple[tuple[str, str], ...]:
    return ((CATANIA.name, catania), (NAPOLI.name, napoli), (PALERMO.name, palermo))


STEPS = (
    Step(
        "A FederatedIngress is annotated: all three regions are published",
        _annotate,
        _addresses(*REGIONS),
        _verdicts("Ready", "Ready", "Ready"),
    ),
    Step(
        f"{CATANIA.place} loses its pods: its address goes",
        _lose_pods,
        _addresses(NAPOLI, PALERMO),
        _verdicts("NotReady", "Ready", "Ready"),
    ),
    Step(
        f"{NAPOLI.place}'s API is cut off, its load balancer still works: its address stays, marked stale",
        _cut,
        _addresses(NAPOLI, PALERMO),
        _verdicts("NotReady", "Stale", "Ready"),
    ),
    Step(
        f"{NAPOLI.place}'s API returns, and every region loses its pods: nothing is healthy, so all are served",
        _lose_all,
        _addresses(*REGIONS),
        _verdicts("NotReady", "NotReady", "NotReady"),
        fail_open=True,
    ),
    Step(
        f"{CATANIA.place} and {PALERMO.place} recover: {NAPOLI.place} leaves",
        _recover_two,
        _addresses(CATANIA, PALERMO),
        _verdicts("Ready", "NotReady", "Ready"),
    ),
    Step(f"{NAPOLI.place} recovers: all as at first", _recover_last, _addresses(*REGIONS), _verdicts("Ready", "Ready", "Ready")),
)


async def play(stage: Stage, step: Step, patience: float = PATIENCE) -> Outcome:
    """Do what the step says and look until everything it promises is true, by DNS query and by the host's API."""
    begin = stages.seconds()
    await step.act(stage)
    while True:
        stage.check()
        problem = await _problem(stage, step)
        passed = stages.seconds() - begin
        if not problem or passed > patience:
            return Outcome(step, passed, problem)
        await asyncio.sleep(LOOK_EVERY)


async def _problem(stage: Stage, step: Step) -> str:
    answer = await stage.answer()
    if answer != step.addresses:
        return f"DNS answers {', '.join(answer) or 'nothing'} instead of {', '.join(step.addresses)}"
    status = stage.status()
    reasons = {target.get("cluster"): target.get("reason") for target in status.get("targets", [])}
    for cluster, reason in step.verdicts:
        if reasons.get(cluster) != reason:
            return f"the verdict on {cluster} is {reasons.get(cluster)} instead of {reason}"
    conditions = {condition.get("type"): condition.get("status") for condition in status.get("conditions", [])}
    if (conditions.get("FailOpen") == "True") != step.fail_open:
        return f"FailOpen is {conditions.get('FailOpen')}"
    return ""
