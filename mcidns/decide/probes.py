"""Probes: which a host wants, and what their answers so far say of its clusters; asking lives in observe/."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import floor

from msgspec import Struct, structs

from mcidns.decide import addresses, claims, permission, signals, verdicts
from mcidns.decide.addresses import Book
from mcidns.decide.claims import Granted
from mcidns.decide.verdicts import Ground, Judged
from mcidns.model.clusters import Lost, MemberView
from mcidns.model.decisions import Probed, Reason, Remembered, World
from mcidns.model.hosts import Host
from mcidns.model.names import DnsName
from mcidns.model.probes import Probe, ProbeRule, Streak
from mcidns.model.targets import Address, Target

STAND_IN = "probe"
"""The label that stands for the `*` of a wildcard name: whatever serves the wildcard serves it too."""

_REMOVED = frozenset({Reason.NOT_PLACED, Reason.CLUSTER_GONE})


def wanted(host: Host, world: World) -> frozenset[Probe]:
    """Every question that bears on the host: its rule, each address of the clusters that hold its source, its first name.

    Empty without a rule, or while none of its names is granted. Load balancers' names count by the addresses they are known to
    resolve to. An address that may be published in none of the zones concerned is never asked.
    """
    rule = host.probe
    if rule is None:
        return frozenset()
    members = [view for view in world.members if host.clusters.takes(view.cluster.name, dict(view.cluster.labels))]
    settled = claims.settle(world, host, members)
    if not settled.granted:
        return frozenset()
    name = asked_as(settled.granted)
    zones = tuple({one.zone.allowed_targets: None for one in settled.granted})
    own = frozenset(settled.names)
    known = addresses.book(world)
    return frozenset(
        Probe(address, name, rule)
        for target in _targets(host, world, members)
        if permission.objection(target, zones, own) is None
        for address in addresses.reached(target, known)
        if permission.objection(address, zones, own) is None
    )


def asked_as(granted: Iterable[Granted]) -> DnsName:
    """The first of the names, by which all its addresses are asked; a wildcard by a name that it covers."""
    name = min(one.name for one in granted)
    return DnsName(STAND_IN + name.text[1:]) if name.is_wildcard else name


def _targets(host: Host, world: World, members: Iterable[MemberView]) -> set[Target]:
    past = {was.cluster: was for was in world.memory.clusters if not was.static}
    found = {target for static in host.static_targets for target in static.targets}
    for view in members:
        found.update(_offered(view, past.get(view.cluster.name)))
    return found


def _offered(view: MemberView, was: Remembered | None) -> tuple[Target, ...]:
    """What the cluster shows, or showed last while it is silent or its status blank."""
    seen = view.observation.last if isinstance(view.observation, Lost) else view.observation
    if seen is not None:
        if seen.state is None:
            return ()
        if seen.state.targets:
            return signals.public(view.cluster, seen.state).targets
    return () if was is None or was.reason in _REMOVED else signals.parsed(was.targets)


class _Answers(Struct, frozen=True, gc=False):
    """What the probes of one host said. Failures before `heard_since` may have been those of the hub's own network."""

    rule: ProbeRule
    streaks: dict[Address, Streak]
    heard_since: float

    def counted(self, streak: Streak) -> int:
        """How many answers of the streak count."""
        if streak.good or streak.since >= self.heard_since:
            return streak.count
        if streak.at < self.heard_since:
            return 0
        return min(streak.count, 1 + int((streak.at - self.heard_since) / self.rule.interval))


def any_passes(world: World, host: Host) -> bool:
    """Whether some probe of the host has just passed: then it is not the hub that is cut off."""
    return host.probe is not None and any(streak.good for probe, streak in world.probes if probe.rule == host.probe)


def check(
    judged: Sequence[Judged], known: Book, world: World, ground: Ground, *, rule: ProbeRule
) -> tuple[tuple[Judged, ...], Book]:
    """Take out the addresses, or whole clusters, that fail; and what load balancers' names stand for without those.

    A cluster that its API's silence alone has taken out stays while its probe passes (design §3). While no member answers and no
    probe passes the hub is cut off, and its probes say nothing.
    """
    cut_off = world.isolated and not any_passes(world, ground.host)
    streaks = {} if cut_off else {probe.address: streak for probe, streak in world.probes if probe.rule == rule}
    answers = _Answers(rule, streaks, world.heard_since)
    resolved = dict(world.memory.resolved)
    passing: set[Address] = set()
    out: set[Address] = set()
    found = []
    for one in judged:
        if one.remembered is None or not one.is_placed or not one.verdict.targets:
            found.append(one)
            continue
        stands = _stands(one, known, resolved, answers, ground)
        for address, stand in stands.items():
            (passing if stand.state == "Passing" else out).add(address)
        found.append(_weigh(one, stands, known, answers, ground.now))
    return tuple(found), _without(known, out - passing)


def _without(known: Book, out: set[Address]) -> Book:
    """A name all of whose addresses fail keeps them, for when nothing better is left."""
    if not out:
        return known
    return {name: tuple([one for one in found if one not in out]) or found for name, found in known.items()}


def _stands(
    one: Judged, known: Book, resolved: Mapping[DnsName, tuple[str, ...]], answers: _Answers, ground: Ground
) -> dict[Address, Probed]:
    """Where each address of the cluster stands that may be probed."""
    was = one.was
    past: dict[str, Probed] = {}
    if was is not None and was.history is not None:
        past = {probed.address: probed for probed in was.history.probed}
    found: dict[Address, Probed] = {}
    for target in one.verdict.targets:
        familiar = was is not None and was.reason not in _REMOVED and signals.spell(target) in was.targets
        for address in addresses.reached(target, known):
            if isinstance(target, DnsName) and permission.objection(address, ground.zones, ground.own) is not None:
                continue
            text = signals.spell(address)
            served = familiar and (not isinstance(target, DnsName) or text in resolved.get(target, ()))
            stood = past.get(text) or (_passing(text) if served else Probed(text, "New"))
            found[address] = _advance(stood, answers.streaks.get(address), answers)
    return found


def _advance(stood: Probed, streak: Streak | None, answers: _Answers) -> Probed:
    """Where an address stands after these answers; without any it stays where it stood (law 1)."""
    if streak is None:
        return stood
    counted = answers.counted(streak)
    if stood.state == "New":
        # The first answer decides, whatever it is.
        if streak.good:
            return _passing(stood.address)
        return Probed(stood.address, "Failing", detail=streak.detail) if counted else stood
    if streak.good is (stood.state == "Passing"):
        return structs.replace(stood, count=0, since=0.0) if stood.count else stood
    since = float(floor(streak.since))
    # A streak that began after the remembered one goes on from it: the controller was restarted in between.
    carried = stood.count > 0 and since > stood.since
    total = counted + stood.count if carried else counted
    if stood.state == "Passing":
        if total >= answers.rule.fall:
            return Probed(stood.address, "Failing", detail=streak.detail)
    elif total >= answers.rule.rise:
        return _passing(stood.address)
    kept = _worth_keeping(counted, stood)
    return stood if carried else structs.replace(stood, count=kept, since=since if kept else 0.0)


@lru_cache(maxsize=16384)
def _passing(address: str) -> Probed:
    return Probed(address, "Passing")


def _worth_keeping(count: int, stood: Probed) -> int:
    """As much of a count as a restart needs without a write per answer: powers of two, and no lone failure."""
    if count == 0 or (count == 1 and stood.state == "Passing"):
        return 0
    return 1 << (count.bit_length() - 1)


def _weigh(one: Judged, stands: Mapping[Address, Probed], known: Book, answers: _Answers, now: float) -> Judged:
    """The cluster with the failing addresses taken out, or taken out itself where none is left."""
    verdict = one.verdict
    if not stands:
        return structs.replace(one, verdict=structs.replace(verdict, probe=""))
    rows = tuple(sorted([stand for stand in stands.values() if stand.state != "Passing" or stand.count]))
    if rows:
        states = {stand.state for stand in stands.values()}
        one = verdicts.recall(one, probed=rows)
        one = structs.replace(one, verdict=structs.replace(verdict, probe=states.pop() if len(states) == 1 else "Mixed"))
    elif verdict.reason is not Reason.UNKNOWN:
        return one  # nearly always
    alive = tuple([target for target in verdict.targets if _serves(target, stands, known)])
    if not alive:
        failing = any(stand.state == "Failing" for stand in rows)
        reason = Reason.PROBE_FAILED if failing else Reason.NOT_PROBED
        return verdicts.demote(one, reason, f"{_told(rows)}; {verdict.message}", now) if verdict.eligible else one
    if verdict.reason is Reason.UNKNOWN and _is_vouched_for(one, stands, answers):
        one = verdicts.readmit(one, Reason.STALE, "its API has not answered for longer than staleAfter, but its probe passes", now)
    if len(alive) == len(verdict.targets):
        return one
    spelled = tuple([signals.spell(target) for target in alive])
    message = f"{one.verdict.message}; {_told(rows)}"
    idle = tuple([target for target in verdict.targets if target not in alive])
    return structs.replace(one, verdict=structs.replace(one.verdict, targets=alive, message=message), spelled=spelled, idle=idle)


def _serves(target: Target, stands: Mapping[Address, Probed], known: Book) -> bool:
    """Whether some address that it leads to passes; a name that leads nowhere is judged elsewhere."""
    found = [stands[address] for address in addresses.reached(target, known) if address in stands]
    return not found or any(stand.state == "Passing" for stand in found)


def _is_vouched_for(one: Judged, stands: Mapping[Address, Probed], answers: _Answers) -> bool:
    """Whether a probe has answered in this process, or the last one went by its answers."""
    return (one.was is not None and one.was.eligible) or any(
        stand.state == "Passing" and address in answers.streaks for address, stand in stands.items()
    )


def _told(rows: Iterable[Probed]) -> str:
    failing = [f"{one.address} ({one.detail})" if one.detail else one.address for one in rows if one.state == "Failing"]
    new = [one.address for one in rows if one.state == "New"]
    told = [f"the probe of {', '.join(failing)} fails"] if failing else []
    return "; ".join(told + ([f"the probe of {', '.join(new)} has not been answered yet"] if new else []))
