"""What is last known of a cluster, gathered from its word and from memory; which rule it meets lives in verdicts."""

from collections.abc import Iterable
from functools import lru_cache
from math import floor

from msgspec import Struct

from mcidns.decide import health
from mcidns.decide.health import Standing
from mcidns.model import targets
from mcidns.model.clusters import Backend, Cluster, Lost, LostReason, SourceState
from mcidns.model.decisions import Reason, Remembered
from mcidns.model.hosts import Host
from mcidns.model.names import DnsName
from mcidns.model.targets import InvalidTarget, Target

_NO_LAST_ADDRESS = frozenset({Reason.NOT_PLACED, Reason.CLUSTER_GONE})


class Shown(Struct, frozen=True, gc=False):
    """Targets sorted, the same as text; `plain`: they are addresses, and none of them is refused everywhere."""

    targets: tuple[Target, ...]
    spelled: tuple[str, ...]
    plain: bool = False


class Word(Struct, frozen=True, gc=False):
    """The signals of one cluster that holds the source, as of its last word.

    `shown`: public addresses it shows, or the last it showed while its status is blank. `synced`: its API answers.
    `blank_since`, `unknown_since`: since when its status shows none, its API does not answer (whole unix seconds).
    `given_up`: it fell silent after the grace for a blank status had run out. `trouble`: why it does not answer. `stand` is
    where readiness stands.
    """

    cluster: Cluster
    shown: Shown
    stand: Standing
    ready: int
    total: int
    synced: bool = True
    blank_since: float | None = None
    unknown_since: float | None = None
    given_up: bool = False
    trouble: str = ""
    unreadable: tuple[str, ...] = ()


_NOTHING = Shown((), ())


def synced(cluster: Cluster, state: SourceState, was: Remembered | None, host: Host, now: float) -> Word:
    """The word of a member that answers."""
    enough, ready, total = readiness(state.backends, host)
    rule = host.readiness
    stand = health.AT_ONCE[enough] if rule.fall == 1 == rule.rise else health.settle(enough, was, rule, now)
    if state.targets:
        return Word(cluster, public(cluster, state), stand, ready, total, unreadable=state.unreadable)
    last, blank_since = _last_address(was, now)
    return Word(cluster, last, stand, ready, total, blank_since=blank_since, unreadable=state.unreadable)


def silent(cluster: Cluster, state: SourceState, lost: Lost, was: Remembered | None, *, host: Host, now: float) -> Word:
    """The word of a member that answered this process with `state` and does not answer any more."""
    enough, ready, total = readiness(state.backends, host)
    if host.readiness.fall > 1 or host.readiness.rise > 1:
        stood = health.standing(was)
        enough = enough if stood is None else stood
    shown, blank_since = (public(cluster, state), None) if state.targets else _last_address(was, now)
    return Word(
        cluster=cluster,
        shown=shown,
        stand=health.AT_ONCE[enough],
        ready=ready,
        total=total,
        synced=False,
        blank_since=blank_since,
        unknown_since=_unknown_since(lost, was),
        given_up=blank_since is not None and was is not None and was.reason == Reason.NO_ADDRESS,
        trouble=lost.reason.value,
        unreadable=state.unreadable,
    )


def recalled(cluster: Cluster, lost: Lost, was: Remembered) -> Word:
    """What the last process remembered of a member that has not answered this one.

    Before the first attempt has failed nothing is known against the member: it stays what it was, not even stale.
    """
    early = lost.reason is LostReason.NOT_YET_READ
    turning = None if was.history is None else was.history.turning_since
    return Word(
        cluster=cluster,
        shown=_kept(was),
        stand=Standing(health.standing(was) is not False, turning if early else None),
        ready=was.ready,
        total=was.total,
        synced=False,
        blank_since=was.blank_since,
        unknown_since=was.unknown_since if early else _unknown_since(lost, was),
        given_up=was.reason == Reason.NO_ADDRESS,
        trouble=lost.reason.value,
    )


def readiness(backends: tuple[Backend, ...], host: Host) -> tuple[bool, int, int]:
    """Whether enough endpoints are ready, how many are, of how many; back ends to which readiness does not apply count for nothing.

    An Ingress without any Service behind it has nothing to wait for; a Service that shows no endpoints has none ready.
    """
    rule = host.readiness
    ready = total = 0
    verdicts = []
    for backend in backends:
        if backend.applicable:
            ready += backend.ready
            total += backend.total
            verdicts.append(backend.ready >= rule.min_ready and backend.ready * 100 >= rule.min_ready_percent * backend.total)
    if rule.mode == "Ignore":
        return True, ready, total
    if not verdicts:
        return bool(backends) or host.source.kind != "Service", ready, total
    return (any(verdicts) if rule.mode == "Any" else all(verdicts)), ready, total


def parsed(texts: Iterable[str]) -> tuple[Target, ...]:
    """Remembered targets; a status that somebody edited into nonsense is as good as none."""
    found = dict.fromkeys([target for text in texts if (target := _parsed(text)) is not None])
    return tuple(sorted(found, key=targets.order)) if len(found) > 1 else tuple(found)


@lru_cache(maxsize=16384)
def _parsed(text: str) -> Target | None:
    try:
        return targets.parse(text)
    except InvalidTarget:
        return None


def public(cluster: Cluster, state: SourceState) -> Shown:
    """The targets it shows, as clients reach them."""
    if not cluster.address_map:
        return _shown(state.targets)
    public: dict[Target, Target] = dict(cluster.address_map)
    return _shown(frozenset([public.get(target, target) for target in state.targets]))


@lru_cache(maxsize=16384)
def _shown(offered: frozenset[Target]) -> Shown:
    # A frozenset keeps its hash, an address does not: asking once for all of them is a tenth of a whole decision.
    found = tuple(sorted(offered, key=targets.order))
    plain = not any(isinstance(target, DnsName) or targets.objection(target, ()) for target in found)
    return Shown(found, tuple([spell(target) for target in found]), plain)


def _kept(was: Remembered) -> Shown:
    found = parsed(was.targets)
    return Shown(found, tuple([spell(target) for target in found]))


@lru_cache(maxsize=16384)
def spell(target: Target) -> str:
    """A target as status shows it: names without their final dot."""
    return target.relative if isinstance(target, DnsName) else str(target)


def _last_address(was: Remembered | None, now: float) -> tuple[Shown, float]:
    blank_since = was.blank_since if was is not None and was.blank_since is not None else float(floor(now))
    if was is None or was.reason in _NO_LAST_ADDRESS:
        return _NOTHING, blank_since  # an object that is new shows no address because it has none yet
    return _kept(was), blank_since


def _unknown_since(lost: Lost, was: Remembered | None) -> float:
    since = float(floor(lost.since))
    if was is None or was.unknown_since is None or (lost.last is not None and lost.last.at > was.unknown_since):
        return since
    return min(since, was.unknown_since)
