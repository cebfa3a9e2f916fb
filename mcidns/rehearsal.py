"""The controller run once without writing anything, neither to DNS nor to the host's API, and what it would do, line by line."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from mcidns.app import App
from mcidns.errors import Transient
from mcidns.kube.access import Access
from mcidns.kube.rehearsal import Rehearsal
from mcidns.model.decisions import Decision
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit
from mcidns.model.references import ObjectRef
from mcidns.observe.prober import Ask
from mcidns.program.ownership import CLUSTERS
from mcidns.program.ownership import read as read_claim
from mcidns.program.zones import ZonePlan
from mcidns.settings import Settings

Action = Literal["create", "update", "delete"]

_GLANCE = 0.05
_STILL = 5
"""Glances in a row at which nothing may move before everything counts as said."""
_SAID_ELSEWHERE = frozenset({"DryRun", "PlanHeld"})
_CLAIMS = frozenset({"Accepted", "ResolvedRefs"})


@dataclass(frozen=True, slots=True)
class Line:
    """One record set that would change, and why. `clusters` are those whose addresses come or go; `held`: the guard would wait."""

    zone: str
    owner: str
    host: DnsName
    edit: Edit
    objects: tuple[ObjectRef, ...]
    clusters: tuple[str, ...]
    reason: str
    held: bool = False

    @property
    def action(self) -> Action:
        """What would happen to the set."""
        if self.edit.old is None:
            return "create"
        return "delete" if self.edit.new is None else "update"

    @property
    def is_ownership(self) -> bool:
        """Whether it is the TXT beside a record, not the record."""
        return self.edit.key.name != self.host


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an object asks for and does not get; `name` is empty where it concerns the object as a whole."""

    source: ObjectRef
    name: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """Everything that a controller would do now."""

    lines: tuple[Line, ...]
    refusals: tuple[Refusal, ...]
    zones: tuple[ZonePlan, ...]

    @property
    def troubles(self) -> tuple[str, ...]:
        """Zones that could not be planned, and why."""
        return tuple(f"zone {one.zone.name}: {one.trouble}" for one in self.zones if one.trouble and one.zone.provider)


@contextlib.asynccontextmanager
async def rehearsed(settings: Settings, access: Access, *, patience: float, ask: Ask | None = None) -> AsyncIterator[App]:
    """A controller that has read everything, decided everything and planned everything; it ends with the block.

    Raises Transient after `patience` seconds, saying what it still waits for, and whatever the controller itself raises.
    """
    client = Rehearsal(access)
    app = App(replace(settings, dry_run=True, http=None, stop_within=0.1), access, rehearsal=client, ask=ask)
    client.on_gone = app.intake.gone
    task = asyncio.create_task(app.run(), name="rehearsal")
    try:
        await _settled(app, task, patience)
        yield app
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _settled(app: App, task: "asyncio.Task[None]", patience: float) -> None:
    loop = asyncio.get_running_loop()
    deadline, still = loop.time() + patience, 0
    while still < _STILL:
        await asyncio.sleep(_GLANCE)
        if task.done():
            task.result()
        waiting = _waiting(app)
        still = 0 if waiting else still + 1
        if waiting and loop.time() > deadline:
            raise Transient(f"no plan within {patience:g} s, still waiting for {'; '.join(waiting)}; mend that or add --wait")


def _waiting(app: App) -> list[str]:
    return [
        *app.health().waiting_for,
        *([f"hosts to be decided: {app.reconciler.agenda.waiting}"] if app.reconciler.agenda.waiting else ()),
        *([f"names of load balancers to be resolved: {app.resolver.unresolved}"] if app.resolver.unresolved else ()),
        *([f"probes to be answered: {app.prober.unanswered}"] if app.prober.unanswered else ()),
        *([] if app.programmer.is_planned else ["zones to be read and planned"]),
    ]


def outlook(app: App) -> Outlook:
    """What this controller, once settled, would do."""
    plans = app.programmer.plans()
    words = [(source, word) for source in app.programmer.sources() for word in app.programmer.programming(source)]
    refusals = [
        Refusal(source, word.name.relative, word.reason, word.message)
        for source, word in words
        if word.state in {"Failed", "Held"} and word.reason not in _SAID_ELSEWHERE
    ]
    for decision in app.reconciler.decisions():
        refusals += [
            Refusal(decision.host.ref, "", one.reason, one.message)
            for one in decision.conditions
            if one.type in _CLAIMS and one.status == "False"
        ]
    return Outlook(lines(plans, app.reconciler.decision), tuple(refusals), plans)


def lines(plans: Iterable[ZonePlan], decision: Callable[[ObjectRef], Decision | None]) -> tuple[Line, ...]:
    """Every edit of every plan with its cause, by zone and name; records before their ownership."""
    found: list[Line] = []
    for plan in plans:
        held = frozenset(plan.held.names) if plan.held is not None else frozenset()
        for named in plan.names:
            for change in named.changes:
                decisions = [one for ref in change.causes if (one := decision(ref)) is not None]
                found += _lines(plan, change, decisions, held=named.name in held)
    return tuple(sorted(found, key=lambda line: (line.zone, line.host, line.is_ownership, line.edit.key)))


def _lines(plan: ZonePlan, change: Change, decisions: list[Decision], *, held: bool) -> Iterable[Line]:
    noted = _noted(change)
    for edit in change.edits:
        if edit.is_check:
            continue
        reasons, clusters = _causes(edit, change, decisions)
        yield Line(
            zone=plan.zone.name,
            owner=plan.zone.owner_id,
            host=change.name,
            edit=edit,
            objects=change.causes,
            clusters=clusters or noted,
            reason=reasons,
            held=held,
        )


def _noted(change: Change) -> tuple[str, ...]:
    """The clusters that the ownership TXT of the change names."""
    for edit in change.edits:
        texts = (*(edit.new.values if edit.new else ()), *(edit.old.values if edit.old else ()))
        for claim in (read_claim(value) for value in texts if edit.key.type == "TXT"):
            note = dict(claim.extra).get(CLUSTERS, "") if claim is not None else ""
            if note:
                return tuple(note.split("+"))
    return ()


def _causes(edit: Edit, change: Change, decisions: list[Decision]) -> tuple[str, tuple[str, ...]]:
    """In a few words why a set changes, and which clusters have to do with it."""
    if edit.key.name != change.name:
        return "ownership of the record", ()
    before = set(edit.old.values) if edit.old is not None else set()
    after = set(edit.new.values) if edit.new is not None else set()
    if not change.causes:
        return "no object wishes for it", ()
    told: list[str] = []
    clusters: dict[str, None] = {}
    for value in sorted(before ^ after):
        verb = "joins" if value in after else "leaves"
        verdict = next((v for d in decisions for v in d.verdicts if value in {str(target) for target in v.targets}), None)
        if verdict is None:
            told.append(f"{value} {verb}" if value in after else f"{value} {verb}: no longer wished for")
        else:
            clusters[verdict.cluster] = None
            told.append(f"{value} {verb}: {verdict.cluster} {verdict.reason}")
    if edit.old is not None and edit.new is not None and edit.old.ttl != edit.new.ttl:
        told.append(f"TTL {edit.old.ttl} becomes {edit.new.ttl}")
    if edit.old is not None and edit.new is not None and edit.old.properties != edit.new.properties:
        told.append("other provider properties")
    return "; ".join(told), tuple(clusters)
