"""What a scrape of the metrics reads off the parts' present state; what happens is counted where it happens."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Protocol

from mcidns.model.clusters import Cluster, LostReason
from mcidns.model.decisions import Decision, Reason
from mcidns.observe.members import Members
from mcidns.program.programmer import Programmer
from mcidns.program.tally import Figures
from mcidns.program.zones import ZoneStatus
from mcidns.reconcile import Reconciler
from mcidns.telemetry import Reading, Readings


class Clusters(Protocol):
    """What the inventory answers."""

    def clusters(self) -> tuple[Cluster, ...]:
        """All members."""
        ...


class Scrape:
    """Asks the parts; whatever cluster or zone is gone is asked for no more, and its series end."""

    def __init__(self, clusters: Clusters, members: Members, programmer: Programmer, reconciler: Reconciler) -> None:
        self._clusters = clusters
        self._members = members
        self._programmer = programmer
        self._reconciler = reconciler

    def readings(self) -> Readings:
        """Members and zones as of now; the hosts' decisions, which are many and frozen, are counted when this is iterated."""
        now = (*self._of_members(), *chain.from_iterable(map(_of_zone, self._programmer.figures())))
        return chain(now, _of_decisions(tuple(self._reconciler.decisions())))

    def _of_members(self) -> Iterator[Reading]:
        for cluster in self._clusters.clusters():
            name = cluster.name
            health = self._members.health(name)
            if health is None:
                continue
            yield Reading("mcidns_member_reachable", (name,), health.reachable)
            for kind, count in health.counts:
                yield Reading("mcidns_member_objects", (name, kind), count)
            losses = self._members.losses(name)
            for reason in LostReason:  # also those that never were: increase() does not see a counter begin at one
                yield Reading("mcidns_member_lost", (name, reason), losses.get(reason, 0))
            yield Reading("mcidns_member_watch_restarts", (name,), health.restarts)
            yield Reading("mcidns_member_relists", (name,), health.relists)
            yield Reading("mcidns_member_skipped", (name,), health.skipped)


def _of_zone(found: tuple[ZoneStatus, Figures | None]) -> Iterator[Reading]:
    status, figures = found
    name = status.name
    yield Reading("mcidns_zone_ready", (name,), status.ready)
    if figures is None:
        return
    yield Reading("mcidns_zone_names", (name, "ours"), status.owned)
    yield Reading("mcidns_zone_names", (name, "foreign"), status.foreign)
    yield Reading("mcidns_zone_read_timestamp_seconds", (name,), figures.read_at)
    plan = status.plan
    sizes = (plan.creates, plan.updates, plan.deletes, plan.held) if plan is not None else (0, 0, 0, 0)
    for change, size in zip(("create", "update", "delete", "hold"), sizes, strict=True):
        yield Reading("mcidns_zone_plan_changes", (name, change), size)
    yield Reading("mcidns_zone_plan_held", (name,), status.held is not None)
    yield Reading("mcidns_zone_quarantined", (name,), status.quarantined)
    yield Reading("mcidns_zone_waiting_names", (name,), figures.waiting)
    yield Reading("mcidns_zone_writes", (name,), status.writes)
    for kind, count in figures.errors:
        yield Reading("mcidns_zone_errors", (name, kind), count)
    yield Reading("mcidns_zone_rate_limit_wait_seconds", (name,), figures.waited)
    yield Reading("mcidns_event_to_answer_seconds", (name,), figures.answered)
    yield Reading("mcidns_event_to_propagated_seconds", (name,), figures.propagated)


def _of_decisions(decisions: tuple[Decision, ...]) -> Iterator[Reading]:
    verdicts: Counter[tuple[str, str]] = Counter()
    conditions: Counter[tuple[str, str, str]] = Counter()
    quarrels: Counter[tuple[str, str]] = Counter()
    for decision in decisions:
        for verdict in decision.verdicts:
            verdicts[verdict.cluster, verdict.reason] += 1
            if verdict.probe:
                quarrels[verdict.cluster, "dead"] += verdict.ready > 0 and verdict.probe == "Failing"
                quarrels[verdict.cluster, "alive"] += verdict.reason is Reason.NOT_READY and verdict.probe == "Passing"
        conditions.update((one.type, one.status, one.reason) for one in decision.conditions)
    for family, counts in (("verdicts", verdicts), ("host_conditions", conditions), ("probe_disagreements", quarrels)):
        for labels, count in counts.items():
            yield Reading(f"mcidns_{family}", labels, count)
