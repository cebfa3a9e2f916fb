"""Verdicts: may a cluster's targets be served, and which rule of design §3 says so; picking among them lives in routes."""

from collections.abc import Sequence
from math import floor
from typing import Any, Literal

from msgspec import Struct, structs

from mcidns.decide import permission, signals, wording
from mcidns.decide.permission import Allowed
from mcidns.decide.signals import Word, spell
from mcidns.model import targets
from mcidns.model.clusters import Lost, MemberView, Seen
from mcidns.model.decisions import History, Reason, Remembered, Verdict, World
from mcidns.model.hosts import Host, StaticTarget
from mcidns.model.names import DnsName
from mcidns.model.references import ClusterName
from mcidns.model.targets import Target

REMOVED = frozenset({Reason.NOT_PLACED, Reason.CLUSTER_GONE, Reason.DRAINED})
"""A person took these away: no health matter, so nothing keeps their targets in DNS."""

ELIGIBLE = frozenset({Reason.READY, Reason.STALE, Reason.LAST_ADDRESS, Reason.STATIC})

_REASONS = {reason.value: reason for reason in Reason}

REMOVAL_KEPT = 3600.0
"""Seconds for which the targets of a removed cluster are remembered: people read why they went, and a restart repeats it."""


class Ground(Struct, frozen=True, gc=False):
    """What every verdict of one pass rests on. `zones` are the allowedTargets of the zones concerned, `own` the host's names.

    `is_open`: some zone concerned permits every network.
    """

    host: Host
    zones: tuple[Allowed, ...]
    own: frozenset[DnsName]
    now: float
    is_open: bool = False


class Judged(Struct, frozen=True, gc=False):
    """A verdict, its targets as text, what the next pass must remember, and when time alone will change it (unix seconds).

    `barred` are sentences on targets that may not be published, `unreadable` on status entries that are no targets. `was` is
    what was remembered of the cluster before, `idle` are targets that it would contribute did their probes not fail.
    """

    verdict: Verdict
    spelled: tuple[str, ...]
    remembered: Remembered | None
    until: float | None = None
    barred: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    was: Remembered | None = None
    idle: tuple[Target, ...] = ()

    @property
    def reaches(self) -> tuple[Target, ...]:
        """All that it shows and that may be published, failing or not."""
        return (*self.verdict.targets, *self.idle) if self.idle else self.verdict.targets

    @property
    def is_placed(self) -> bool:
        """Whether the cluster is expected to serve."""
        return self.verdict.reason not in REMOVED


def judge(world: World, members: Sequence[MemberView], aside: Sequence[MemberView], ground: Ground) -> tuple[Judged, ...]:
    """One verdict per cluster, by name: `members` take part, `aside` are in the inventory but not selected by the host."""
    past = {was.cluster: was for was in world.memory.clusters if not was.static}
    statics = {was.cluster: was for was in world.memory.clusters if was.static}
    found: list[Judged | None] = [_member(view, past.pop(view.cluster.name, None), ground) for view in members]
    for view in aside:
        message = "spec.clusters does not select this cluster"
        found.append(_removed(past.pop(view.cluster.name, None), Reason.NOT_PLACED, message, ground))
    for static in ground.host.static_targets:
        past.pop(static.name, None)
        found.append(_static(static, statics.pop(static.name, None), ground))
    known = {view.cluster.name for view in (*members, *aside)}
    for was in (*past.values(), *(was for was in statics.values() if was.cluster not in known)):
        if world.inventory_complete:
            found.append(
                _removed(was, Reason.CLUSTER_GONE, "the cluster left the inventory, or spec.clusters selects it no more", ground)
            )
        else:
            found.append(_carried(was, ground))
    return tuple(sorted((judged for judged in found if judged is not None), key=_place))


def demote(judged: Judged, reason: Reason, message: str, now: float, *, until: float | None = None) -> Judged:
    """The same cluster taken out for a reason that its own word does not tell; `until` when time alone will change that."""
    since = _since(judged.was, reason, now)
    if judged.verdict.reason is Reason.NOT_READY:
        judged = recall(judged, unready=True)
    remembered = judged.remembered and structs.replace(judged.remembered, eligible=False, reason=reason.value, since=since)
    verdict = structs.replace(judged.verdict, eligible=False, reason=reason, message=message, since=since)
    ends = judged.until if until is None else until if judged.until is None else min(until, judged.until)
    return structs.replace(judged, verdict=verdict, remembered=remembered, until=ends)


def readmit(judged: Judged, reason: Reason, message: str, now: float) -> Judged:
    """The same cluster let in for a reason that its own word does not tell."""
    since = _since(judged.was, reason, now)
    remembered = judged.remembered and structs.replace(judged.remembered, eligible=True, reason=reason.value, since=since)
    verdict = structs.replace(judged.verdict, eligible=True, reason=reason, message=message, since=since)
    return structs.replace(judged, verdict=verdict, remembered=remembered)


def recall(judged: Judged, **known: Any) -> Judged:
    """The same cluster with this in its history."""
    was = judged.remembered
    past = structs.replace((was and was.history) or History(), **known)
    return structs.replace(judged, remembered=was and structs.replace(was, history=None if past == History() else past))


def _place(judged: Judged) -> tuple[str, bool]:
    return (judged.verdict.cluster, judged.remembered is not None and judged.remembered.static)


def _member(view: MemberView, was: Remembered | None, ground: Ground) -> Judged:
    observation = view.observation
    if isinstance(observation, Seen):
        state = observation.state
        if state is None:
            return _absent(view, was, "no such object there", ground)
        return _weigh(signals.synced(view.cluster, state, was, ground.host, ground.now), was, ground)
    if observation.last is None:
        if was is None or was.reason == Reason.CLUSTER_GONE:
            return _never_seen(view, observation, ground)
        if was.reason == Reason.NOT_PLACED:
            return _absent(view, was, "no such object there when it last answered", ground)
        return _weigh(signals.recalled(view.cluster, observation, was), was, ground)
    state = observation.last.state
    if state is None:
        return _absent(view, was, "no such object there when it last answered", ground)
    word = signals.silent(view.cluster, state, observation, was, host=ground.host, now=ground.now)
    return _weigh(word, was, ground)


def _weigh(word: Word, was: Remembered | None, ground: Ground) -> Judged:
    shown, cluster = word.shown, word.cluster
    permitted, kept = shown.targets, shown.spelled
    barred: tuple[str, ...] = ()
    if not (shown.plain and ground.is_open):
        permitted, barred = permission.sift(shown.targets, ground.zones, ground.own)
        kept = tuple([spell(target) for target in permitted]) if barred else kept
    reason, until = _rule(word, permitted, ground)
    turns = word.stand.until
    if turns is not None:
        until = turns if until is None else min(until, turns)
    eligible = reason in ELIGIBLE
    verdict = Verdict(
        cluster=cluster.name,
        region=cluster.region,
        targets=permitted,
        eligible=eligible,
        reason=reason,
        message=wording.of(word, reason, barred),
        since=_since(was, reason, ground.now),
        ready=word.ready,
        total=word.total,
        probe="Passing" if permitted and ground.host.probe is not None else "",
    )
    return Judged(verdict, kept, _remember(word, verdict, was), until, barred, word.unreadable, was)


def _remember(word: Word, verdict: Verdict, was: Remembered | None) -> Remembered:
    stand = word.stand
    unready = not stand.enough and verdict.reason is not Reason.NOT_READY
    return Remembered(
        cluster=verdict.cluster,
        targets=word.shown.spelled,
        region=verdict.region,
        eligible=verdict.eligible,
        reason=verdict.reason.value,
        since=verdict.since,
        blank_since=word.blank_since,
        unknown_since=word.unknown_since,
        ready=word.ready,
        total=word.total,
        history=History(unready, stand.turning_since) if unready or stand.turning_since is not None else None,
    )


def _rule(word: Word, permitted: tuple[Target, ...], ground: Ground) -> tuple[Reason, float | None]:
    """The table of design §3, first match wins; with the unix time at which time alone would change the answer."""
    host = ground.host
    if not permitted:
        return (Reason.NOT_PERMITTED if word.shown.targets else Reason.NO_ADDRESS), None
    if not word.stand.enough:
        return Reason.NOT_READY, None
    if word.given_up:
        return Reason.NO_ADDRESS, None
    if word.unknown_since is not None:
        ends = word.unknown_since + host.stale_after
        if host.on_unknown == "Keep":
            return Reason.STALE, None
        return (Reason.STALE, ends) if ground.now < ends else (Reason.UNKNOWN, None)
    if word.blank_since is None:
        return Reason.READY, None
    if not word.synced:
        # Its status was blank when last read; whether it still is can only be said by asking again.
        return Reason.LAST_ADDRESS, None
    ends = word.blank_since + host.address_grace
    return (Reason.LAST_ADDRESS, ends) if ground.now < ends else (Reason.NO_ADDRESS, None)


def _absent(view: MemberView, was: Remembered | None, message: str, ground: Ground) -> Judged:
    """Remembered even without targets, so that a restart knows the absence from ignorance."""
    known = was or Remembered(view.cluster.name, ())
    kept = _removed(known, Reason.NOT_PLACED, message, ground)
    if kept is not None:
        return kept
    since = _since(was, Reason.NOT_PLACED, ground.now)
    return _out(structs.replace(known, targets=(), region=view.cluster.region), Reason.NOT_PLACED, message, since)


def _removed(was: Remembered | None, reason: Reason, message: str, ground: Ground) -> Judged | None:
    """A cluster that a person took away: listed for a while if it had targets."""
    if was is None or not was.targets:
        return None
    since = _since(was, reason, ground.now)
    until = since + REMOVAL_KEPT
    return structs.replace(_out(was, reason, message, since), until=until) if ground.now < until else None


def _out(was: Remembered, reason: Reason, message: str, since: float) -> Judged:
    had = signals.parsed(was.targets)
    verdict = Verdict(ClusterName(was.cluster), was.region, had, False, reason, message, since)
    remembered = Remembered(was.cluster, was.targets, was.region, False, reason.value, since)
    return Judged(verdict, tuple([spell(target) for target in had]), remembered, was=was)


def _never_seen(view: MemberView, lost: Lost, ground: Ground) -> Judged:
    message = f"not read yet ({lost.reason}), and nothing is remembered of it"
    since = float(floor(lost.since))
    cluster = view.cluster
    return Judged(Verdict(cluster.name, cluster.region, (), False, Reason.NEVER_SEEN, message, since), (), None)


def _static(static: StaticTarget, was: Remembered | None, ground: Ground) -> Judged:
    offered = tuple(sorted(set(static.targets), key=targets.order))
    permitted, barred = permission.sift(offered, ground.zones, ground.own)
    reason = Reason.STATIC if permitted else Reason.NOT_PERMITTED
    message = "; ".join(("listed in spec.staticTargets", *barred))
    since = _since(was, reason, ground.now)
    name = ClusterName(static.name)
    probe: Literal["Passing", ""] = "Passing" if permitted and ground.host.probe is not None else ""
    verdict = Verdict(name, static.region, permitted, bool(permitted), reason, message, since, probe=probe)
    spelled = tuple([spell(target) for target in offered])
    remembered = Remembered(static.name, spelled, static.region, bool(permitted), reason.value, since, static=True)
    return Judged(verdict, tuple([spell(target) for target in permitted]), remembered, None, barred, was=was)


def _carried(was: Remembered, ground: Ground) -> Judged:
    """Until every fleet was listed, a cluster that is missing from the list stays what it was."""
    permitted, barred = permission.sift(signals.parsed(was.targets), ground.zones, ground.own)
    reason = _REASONS.get(was.reason, Reason.UNKNOWN)
    message = "not all fleets have been listed yet; as remembered"
    name = ClusterName(was.cluster)
    verdict = Verdict(name, was.region, permitted, was.eligible, reason, message, was.since, was.ready, was.total)
    return Judged(verdict, tuple([spell(target) for target in permitted]), was, None, barred, was=was)


def _since(was: Remembered | None, reason: Reason, now: float) -> float:
    # Whole seconds, so that status gives back exactly what was remembered. A reason fixes eligibility.
    return was.since if was is not None and was.reason == reason else float(floor(now))
