"""The shell around deciding: gather the part of the world that bears on a host, decide, hand the answer on; no rule lives here."""

import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from mcidns import chronicle, decide
from mcidns.agenda import Agenda
from mcidns.decide import claims, probes
from mcidns.interests import Interests
from mcidns.model.clusters import Lost, MemberView, Resolution
from mcidns.model.decisions import Claim, Decision, Memory, Programming, World
from mcidns.model.hosts import Host, Selection
from mcidns.model.names import DnsName
from mcidns.model.probes import Probe, Streak
from mcidns.model.records import Intent
from mcidns.model.references import ObjectRef, SourceRef
from mcidns.model.zones import Zone
from mcidns.telemetry import Metrics


class Members(Protocol):
    """What the inventory answers."""

    @property
    def isolated(self) -> bool:
        """No member at all answers."""
        ...

    @property
    def heard_since(self) -> float:
        """Since when some member has answered without a break (unix seconds)."""
        ...

    def views(self, source: SourceRef, selection: Selection) -> tuple[MemberView, ...]:
        """What each selected member says of the source."""
        ...


class Names(Protocol):
    """What the resolver answers."""

    def want(self, who: object, names: frozenset[DnsName]) -> None:
        """Keep these resolved for `who`."""
        ...

    def resolutions(self, names: Iterable[DnsName]) -> tuple[tuple[DnsName, Resolution], ...]:
        """What is known of these."""
        ...


class Probes(Protocol):
    """What the prober answers."""

    def want(self, who: Hashable, probes: frozenset[Probe]) -> None:
        """Keep asking these for `who`."""
        ...

    def streaks(self, probes: Iterable[Probe]) -> tuple[tuple[Probe, Streak], ...]:
        """What is known of these."""
        ...


class Zones(Protocol):
    """What the programming half takes and answers."""

    def intend(self, source: ObjectRef, intents: tuple[Intent, ...], since: float | None = None) -> None:
        """What the object wishes from now on, by a change that was seen at `since` (`time.monotonic`)."""
        ...

    def forget(self, source: ObjectRef) -> None:
        """The object is gone."""
        ...

    def programming(self, source: ObjectRef) -> tuple[Programming, ...]:
        """What became of its names."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What of the host cluster bears on every decision, as of now."""

    zones: tuple[Zone, ...]
    inventory_complete: bool
    namespace_labels: Callable[[str], tuple[tuple[str, str], ...]]


class Reconciler:
    """Keeps hosts, their memories, their claims, and looks at them when something that bears on them has changed.

    `publish(decision, previous)` gets every decision that differs from the one before, `dropped` every host that is gone.
    Everything is synchronous: DNS is asked for in the same turn of the loop in which a change was seen, and the host's API is
    written to later.
    """

    def __init__(
        self,
        *,
        members: Members,
        names: Names,
        prober: Probes,
        zones: Zones,
        surroundings: Callable[[], Surroundings],
        publish: Callable[[Decision, Decision | None], None],
        clock: Callable[[], float],
        metrics: Metrics,
        waits: Callable[[], bool] = lambda: False,
        dropped: Callable[[ObjectRef], None] = lambda _: None,
    ) -> None:
        self._dropped = dropped
        self._members = members
        self._names = names
        self._prober = prober
        self._zones = zones
        self._surroundings = surroundings
        self._publish = publish
        self._clock = clock
        self._metrics = metrics
        self._hosts: dict[ObjectRef, Host] = {}
        self._memories: dict[ObjectRef, Memory] = {}
        self._decisions: dict[ObjectRef, Decision] = {}
        self._by_source: Interests[ObjectRef, SourceRef] = Interests()
        self._by_target: Interests[ObjectRef, DnsName] = Interests()
        self._by_probe: Interests[ObjectRef, Probe] = Interests()
        self._claims: dict[DnsName, dict[ObjectRef, Claim]] = {}
        self._claimed: dict[ObjectRef, tuple[DnsName, ...]] = {}
        self._noticed: dict[ObjectRef, float] = {}
        self.agenda: Agenda[ObjectRef] = Agenda(self._pass, clock=clock, name="hosts", waits=waits)

    def set_host(self, host: Host, memory: Memory) -> None:
        """The object is as it says. `memory` is what its status remembers; it counts only at the first sight of the host."""
        if self._hosts.get(host.ref) == host:
            return
        self._hosts[host.ref] = host
        self._memories.setdefault(host.ref, memory)
        self._by_source.set(host.ref, frozenset({host.source}))
        self._metrics.hosts.set(len(self._hosts))
        self.agenda.mark(host.ref)

    def drop_host(self, ref: ObjectRef) -> None:
        """The object is gone: what it asked for is withdrawn, and its rivals get their turn."""
        if self._hosts.pop(ref, None) is None:
            return
        self._by_source.set(ref, frozenset())
        self._memories.pop(ref, None)
        self._decisions.pop(ref, None)
        self._noticed.pop(ref, None)
        self._want(ref, frozenset())
        self._want_probes(ref, frozenset())
        self._claim(ref, (), None)
        self.agenda.drop(ref)
        self._metrics.hosts.set(len(self._hosts))
        self._zones.forget(ref)
        self._dropped(ref)

    def source_changed(self, source: SourceRef) -> None:
        """Some member says something else of the source."""
        self._notice(self._by_source.of(source))

    def target_changed(self, name: DnsName) -> None:
        """A load balancer's name resolves to something else."""
        self._notice(self._by_target.of(name))

    def probe_changed(self, probe: Probe) -> None:
        """Answers to a probe began, turned, or came often enough to count."""
        self._notice(self._by_probe.of(probe))

    def _notice(self, refs: Iterable[ObjectRef]) -> None:
        now = time.monotonic()
        for ref in refs:
            self._noticed.setdefault(ref, now)
            self.agenda.mark(ref)

    def report(self, ref: ObjectRef) -> None:
        """A zone has news of the object's names."""
        # Only conditions follow from it. The words of one write come one by one, and DNS must not wait for the telling.
        if ref in self._hosts:
            self.agenda.mark_idly(ref)

    def all_changed(self) -> None:
        """Something that bears on every host is different: a member, a zone, a namespace."""
        for ref in self._hosts:
            self.agenda.mark(ref)

    @property
    def decided(self) -> bool:
        """Every host was decided at least once."""
        return self._decisions.keys() >= self._hosts.keys()

    def decision(self, ref: ObjectRef) -> Decision | None:
        """The latest decision on a host."""
        return self._decisions.get(ref)

    def decisions(self) -> Iterable[Decision]:
        """The latest decision on each host."""
        return self._decisions.values()

    def _pass(self, ref: ObjectRef) -> float | None:
        host = self._hosts.get(ref)
        if host is None:
            return None
        begin = time.perf_counter()
        if self._claim(ref, claims.standing(decision := self._decide(host)), host):
            decision = self._decide(host)
        self._metrics.decide_seconds.observe(time.perf_counter() - begin)
        self._metrics.passes.inc()
        previous = self._decisions.get(ref)
        self._memories[ref] = decision.memory
        self._decisions[ref] = decision
        self._zones.intend(ref, decision.intents, self._noticed.pop(ref, None))
        if decision != previous:
            self._metrics.decisions.inc()
            chronicle.log(decision, previous)
            self._publish(decision, previous)
        return decision.look_again

    def _decide(self, host: Host) -> Decision:
        around = self._surroundings()
        views = self._members.views(host.source, host.clusters)
        wanted = _balancers(host, views)
        self._want(host.ref, wanted)
        rivals = tuple(
            (name, tuple(sorted(claim for other, claim in self._claims.get(name, {}).items() if other != host.ref)))
            for name in self._claimed.get(host.ref, ())
        )
        world = World(
            members=views,
            zones=around.zones,
            memory=self._memories.get(host.ref, Memory()),
            rivals=tuple((name, claims) for name, claims in rivals if claims),
            namespace_labels=around.namespace_labels(host.namespace),
            resolutions=self._names.resolutions(wanted),
            programming=self._zones.programming(host.ref),
            inventory_complete=around.inventory_complete,
            isolated=self._members.isolated,
            heard_since=self._members.heard_since,
        )
        asked = probes.wanted(host, world)
        self._want_probes(host.ref, asked)
        if asked:
            world = replace(world, probes=self._prober.streaks(asked))
        return decide.decide(world, host, self._clock())

    def _want(self, ref: ObjectRef, names: frozenset[DnsName]) -> None:
        self._names.want(ref, names)
        self._by_target.set(ref, names)

    def _want_probes(self, ref: ObjectRef, asked: frozenset[Probe]) -> None:
        self._prober.want(ref, asked)
        self._by_probe.set(ref, asked)

    def _claim(self, ref: ObjectRef, names: tuple[DnsName, ...], host: Host | None) -> bool:
        """Note what the host claims; True when it claims a name whose rivals the last decision did not know."""
        before = self._claimed.get(ref, ())
        claim = Claim(host.created_at, ref, host.ttl) if host is not None else None
        unknown = False
        for name in set(before) | set(names):
            rivals = self._claims.setdefault(name, {})
            was = rivals.pop(ref, None)
            if claim is not None and name in names:
                rivals[ref] = claim
                unknown = unknown or (name not in before and len(rivals) > 1)
            if rivals.get(ref) != was:
                for rival in rivals:
                    if rival != ref:
                        self.agenda.mark(rival)
            if not rivals:
                del self._claims[name]
        if names:
            self._claimed[ref] = names
        else:
            self._claimed.pop(ref, None)
        return unknown


def _balancers(host: Host, views: Iterable[MemberView]) -> frozenset[DnsName]:
    """Host names in place of addresses: of members' load balancers, of static targets, of the fallback."""
    found = [*host.fallback, *(target for one in host.static_targets for target in one.targets)]
    for view in views:
        seen = view.observation.last if isinstance(view.observation, Lost) else view.observation
        if seen is not None and seen.state is not None:
            found += seen.state.targets
    return frozenset([target for target in found if isinstance(target, DnsName)])
