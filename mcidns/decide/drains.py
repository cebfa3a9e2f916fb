"""Drains: which clusters are taken out of service for a host, and where that would leave too few; who drains lives elsewhere."""

from collections.abc import Iterable, Sequence

from msgspec import structs

from mcidns.decide import verdicts, wording
from mcidns.decide.verdicts import Ground, Judged
from mcidns.model.clusters import Drain, MemberView
from mcidns.model.decisions import Reason, Remembered
from mcidns.model.hosts import Host
from mcidns.model.references import ClusterName

Refused = tuple[tuple[ClusterName, str], ...]
"""Clusters whose drain does not hold for the host, with a sentence on why."""

_WELL = frozenset({Reason.READY.value, Reason.STATIC.value})


def objection(host: Host, cluster: str, clusters: Iterable[Remembered]) -> str | None:
    """Why draining the cluster would leave the host with too few that are known to be well, or None.

    A cluster in doubt does not count: nobody knows whether it could take over. Without any target in the cluster nothing can
    be lost.
    """
    left = 0
    placed = False
    for one in clusters:
        if one.static or one.cluster != cluster:
            left += is_well(one)
        elif one.reason not in verdicts.REMOVED:
            placed = True
    if not placed or left >= host.min_healthy_clusters:
        return None
    rest = "no healthy cluster" if not left else "1 healthy cluster" if left == 1 else f"{left} healthy clusters"
    return f"{rest} would be left, and spec.minHealthyClusters is {host.min_healthy_clusters}"


def is_well(one: Remembered) -> bool:
    """Whether the cluster is known to serve the host."""
    return one.eligible and one.reason in _WELL


def check(judged: Sequence[Judged], members: Iterable[MemberView], ground: Ground) -> tuple[tuple[Judged, ...], Refused]:
    """Take out the clusters that are drained, as far as the host can spare them.

    A drain that holds already stays, whatever becomes of the others: nobody wants traffic back in the middle of an upgrade.
    `force` asks no question. The others are admitted by name, each against what all those have left.
    """
    drains = {view.cluster.name: view.cluster.drain for view in members if _is_on(view.cluster.drain, ground.now)}
    found = list(judged)
    refused: list[tuple[ClusterName, str]] = []
    sure = {place for place, one in enumerate(found) if _holds(one) or _is_forced(drains.get(one.verdict.cluster))}
    for place in sorted(range(len(found)), key=lambda place: place not in sure):
        one = found[place]
        drain = drains.get(one.verdict.cluster)
        if drain is None or one.remembered is None or one.remembered.static or not one.is_placed:
            continue
        why = None
        if place not in sure:
            rows = [other.remembered for other in found if other.remembered is not None]
            why = objection(ground.host, one.verdict.cluster, rows)
        if why is None:
            found[place] = verdicts.demote(one, Reason.DRAINED, _told(drain), ground.now, until=drain.until)
        else:
            refused.append((one.verdict.cluster, why))
            found[place] = _kept(one, drain, why)
    return tuple(found), tuple(sorted(refused))


def _is_on(drain: Drain | None, now: float) -> bool:
    return drain is not None and (drain.until is None or now < drain.until)


def _is_forced(drain: Drain | None) -> bool:
    return drain is not None and drain.force


def _holds(one: Judged) -> bool:
    return one.was is not None and one.was.reason == Reason.DRAINED


def _kept(one: Judged, drain: Drain, why: str) -> Judged:
    message = f"{one.verdict.message}; its drain is refused here: {why}"
    until = min((time for time in (one.until, drain.until) if time is not None), default=None)
    return structs.replace(one, verdict=structs.replace(one.verdict, message=message), until=until)


def _told(drain: Drain) -> str:
    told = f"drained: {drain.reason}" if drain.reason else "drained"
    return told if drain.until is None else f"{told}, until {wording.moment(drain.until)}"
