"""Long random histories in virtual time: what must hold after every single thing that can happen to a fleet."""

import os
from dataclasses import replace
from ipaddress import ip_address
from math import log

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mcidns.decide import decide, probes
from mcidns.hub import globalhost
from mcidns.model.clusters import Cluster, Drain, Lost, LostReason, MemberView, Seen, SourceState
from mcidns.model.decisions import Decision, Memory, Reason
from mcidns.model.hosts import Damping, Readiness
from mcidns.model.probes import Probe, ProbeRule, Streak
from mcidns.model.references import ClusterName
from mcidns.publish import status
from mcidns.testing import build
from tests.unit.decide.answers import served, verdict

FLEET = {"fra": "192.0.2.1", "lon": "192.0.2.2", "par": "192.0.2.3"}
STEADY = ("ams", "198.51.100.1")
RULE = ProbeRule("HTTP", 80, interval=5.0, fall=2, rise=2)
DAMPING = Damping()
clusters = st.sampled_from(sorted(FLEET))


class Fleet(RuleBasedStateMachine):
    """Three clusters to which anything may happen, and `ams`, which is always well."""

    @initialize(
        readiness=st.sampled_from([Readiness(), Readiness(fall=2, rise=3)]),
        probe=st.sampled_from([None, RULE]),
        damping=st.sampled_from([DAMPING, DAMPING, None]),
        steady=st.booleans(),
    )
    def begin(self, readiness: Readiness, probe: ProbeRule | None, damping: Damping | None, steady: bool) -> None:
        """All is well and published."""
        self.host = build.host(readiness=readiness, probe=probe, damping=damping)
        self.now = self.began = build.NOW
        self.steady = steady
        self.states: dict[str, SourceState | None] = {name: build.state(text) for name, text in self.members().items()}
        self.lost: dict[str, Lost] = {}
        self.unread: set[str] = set()
        self.drains: dict[str, Drain] = {}
        self.streaks: dict[str, Streak] = {}
        self.heard_since = self.now
        self.memory = Memory()
        self.falls = dict.fromkeys(FLEET, 0)
        self.held: tuple[str, ...] = ()
        for name in self.members():
            self.answer(name, good=True)
        self.look()

    def members(self) -> dict[str, str]:
        return {**FLEET, **({STEADY[0]: STEADY[1]} if self.steady else {})}

    def answer(self, name: str, *, good: bool) -> None:
        """One more answer of the cluster's probe."""
        was = self.streaks.get(name)
        if was is not None and was.good is good:
            self.streaks[name] = replace(was, count=was.count + 1, at=self.now)
        else:
            self.streaks[name] = Streak(good, 1, self.now, self.now, "" if good else "HTTP 503")

    def view(self, name: str) -> MemberView:
        cluster = Cluster(ClusterName(name), drain=self.drains.get(name))
        if name in self.unread:
            return MemberView(cluster, Lost(None, self.now, LostReason.NOT_YET_READ))
        return MemberView(cluster, self.lost.get(name) or Seen(self.states[name], self.began))

    def look(self) -> Decision:
        """Decide, and go on from there."""
        world = build.world(
            *map(self.view, self.members()),
            memory=self.memory,
            isolated=bool(self.members()) and all(name in self.lost for name in self.members()),
            heard_since=self.heard_since,
        )
        asked = probes.wanted(self.host, world)
        names = {text: name for name, text in self.members().items()}
        said = {probe: self.streaks.get(names[str(probe.address)]) for probe in asked}
        known: tuple[tuple[Probe, Streak], ...] = tuple((probe, streak) for probe, streak in said.items() if streak is not None)
        before = {one.cluster: one.eligible for one in self.memory.clusters}
        self.decision = decide(replace(world, probes=known), self.host, self.now)
        for one in self.decision.verdicts:
            fell = before.get(one.cluster) and not one.eligible
            if fell and one.reason in (Reason.NOT_READY, Reason.PROBE_FAILED, Reason.NO_ADDRESS) and one.cluster in self.falls:
                self.falls[one.cluster] += 1
        self.memory = self.decision.memory
        return self.decision

    @rule(name=clusters, ready=st.integers(0, 1))
    def endpoints_change(self, name: str, ready: int) -> None:
        state = self.states[name]
        if state is not None and name not in self.lost:
            self.states[name] = replace(state, backends=(build.backend(ready, 1),))
        self.look()

    @rule(name=clusters)
    def status_goes_blank(self, name: str) -> None:
        state = self.states[name]
        if state is not None and name not in self.lost:
            self.states[name] = replace(state, targets=frozenset())
        self.look()

    @rule(name=clusters)
    def address_is_back(self, name: str) -> None:
        if name not in self.lost:
            state = self.states[name] or build.state()
            self.states[name] = replace(state, targets=frozenset({ip_address(FLEET[name])}))
        self.look()

    @rule(name=clusters)
    def object_is_deleted(self, name: str) -> None:
        if name not in self.lost:
            self.states[name] = None
            assert FLEET[name] not in served(self.look()) or all(one in self.lost for one in self.members())

    @rule(name=clusters)
    def member_falls_silent(self, name: str) -> None:
        """Law 1: silence alone removes nothing."""
        before = served(self.decision)
        if name not in self.lost:
            self.unread.discard(name)
            self.lost[name] = Lost(Seen(self.states[name], self.began), self.now, LostReason.TIMEOUT)
        assert served(self.look()) == before

    @rule(name=clusters)
    def member_answers_again(self, name: str) -> None:
        if all(one in self.lost for one in self.members()):
            self.heard_since = self.now
        self.lost.pop(name, None)
        self.unread.discard(name)
        self.look()

    @rule(name=clusters, good=st.booleans())
    def probe_answers(self, name: str, good: bool) -> None:
        self.answer(name, good=good)
        self.look()

    @rule(name=clusters, until=st.sampled_from([None, 30.0]), force=st.booleans())
    def cluster_is_drained(self, name: str, until: float | None, force: bool) -> None:
        self.drains[name] = Drain("upgrade", None if until is None else self.now + until, force)
        if not force and served(self.decision):
            assert served(self.look()), "a drain that is not forced never takes the last"
        self.look()

    @rule(name=clusters)
    def drain_is_taken_back(self, name: str) -> None:
        self.drains.pop(name, None)
        self.look()

    @rule(seconds=st.sampled_from([0.25, 5.0, 10.0, 60.0, 301.0, 3600.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.look()

    @rule()
    def controller_restarts(self) -> None:
        """Law 5: a new process knows by the status alone what the old one knew, and asks for the same."""
        before = served(self.decision)
        rendered = status.of_host(self.decision, None, self.now)
        self.memory = globalhost.memory({"metadata": {"namespace": "shop", "name": "web"}, "status": rendered})
        assert self.memory == self.decision.memory
        self.unread = set(self.members())
        silent, self.lost, self.streaks = set(self.lost), {}, {}
        assert served(self.look()) == before
        for name in self.members():
            self.unread.discard(name)
            if name in silent:
                self.lost[name] = Lost(None, self.now, LostReason.TIMEOUT)
        self.heard_since = self.now
        self.answer(STEADY[0], good=True)
        self.look()

    @invariant()
    def a_published_name_is_never_emptied_by_health(self) -> None:
        """Law 2: what it held last is gone only because people took those clusters away."""
        removed = (Reason.NOT_PLACED, Reason.CLUSTER_GONE, Reason.DRAINED)
        kept = {self.members()[one.cluster] for one in self.decision.verdicts if one.reason not in removed}
        if not served(self.decision):
            assert kept.isdisjoint(self.held)
            assert not any(one.eligible for one in self.decision.verdicts)
        self.held = served(self.decision)

    @invariant()
    def what_is_always_well_never_moves(self) -> None:
        if self.steady and STEADY[0] not in self.lost:
            assert STEADY[1] in served(self.decision)
            assert verdict(self.decision, STEADY[0]).since == build.NOW

    @invariant()
    def falls_are_no_more_than_damping_allows(self) -> None:
        if self.host.damping is None:
            return
        points = DAMPING.suppress_above + DAMPING.penalty + 1
        most = points * (1 + (self.now - self.began + sum(self.falls.values())) * log(2) / DAMPING.half_life)
        assert all(falls * (DAMPING.penalty - 1) <= most for falls in self.falls.values())

    @invariant()
    def nothing_is_dated_ahead_and_a_verdict_keeps_its_time(self) -> None:
        assert all(one.since <= self.now for one in self.decision.verdicts)
        assert self.decision.look_again is None or self.decision.look_again > self.now
        again = self.memory
        assert self.look().memory == again


Fleet.TestCase.settings = settings(deadline=None, max_examples=int(os.environ.get("MCIDNS_EXAMPLES", "40")), stateful_step_count=40)
TestFleet = Fleet.TestCase
