"""Probes: what is asked, and what the answers do to a cluster (the rows of design §3 that speak of probes)."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
from msgspec import structs

from mcidns.decide import decide, probes
from mcidns.model.clusters import Observation
from mcidns.model.decisions import Decision, History, Probed, Reason, Remembered, World
from mcidns.model.hosts import WhenNoneHealthy
from mcidns.model.probes import Probe, Streak
from mcidns.testing import build
from mcidns.testing.build import NOW, PROBE, absent, answers, lost, memory, remembered, seen, unread
from tests.unit.decide.answers import condition, served, verdict

FRA, AMS = "192.0.2.1", "198.51.100.1"
READY = seen(FRA)
OLD = remembered("fra", FRA)
FALLEN = remembered("fra", FRA, reason=Reason.PROBE_FAILED, history=History(probed=(Probed(FRA, "Failing", detail="HTTP 503"),)))
Answer = tuple[Probe, Streak]


def world(observation: Observation, *past: Remembered, said: tuple[Answer, ...] = (), **changes: Any) -> World:
    """`fra` with this word beside a healthy `ams` that passes its probe; both are published."""
    return build.world(
        build.member("fra", observation, region="eu"),
        build.member("ams", changes.pop("ams", seen(AMS))),
        memory=memory(*past, remembered("ams", AMS), published={"www.example.org": [AMS, FRA]}),
        probes=(*said, answers(AMS, True)),
        **changes,
    )


def decided(observation: Observation, *past: Remembered, said: tuple[Answer, ...] = (), **rules: Any) -> Decision:
    return decide(world(observation, *past, said=said), build.host(probe=rules.pop("probe", PROBE), **rules), NOW)


LONG_AGO: dict[str, Any] = {"on_unknown": "Withdraw", "stale_after": 3600.0}


@pytest.mark.parametrize(
    ("observation", "past", "said", "rules", "reason", "serves"),
    [
        pytest.param(READY, OLD, answers(FRA, True, 9), {}, Reason.READY, True, id="synced, enough, passes"),
        pytest.param(READY, OLD, None, {}, Reason.READY, True, id="synced, enough, no answer yet after a restart"),
        pytest.param(READY, OLD, answers(FRA, False, 2), {}, Reason.READY, True, id="failing twice is not failing thrice"),
        pytest.param(READY, OLD, answers(FRA, False, 3), {}, Reason.PROBE_FAILED, False, id="synced, enough, failed fall times"),
        pytest.param(seen(FRA, ready=0), OLD, answers(FRA, True, 9), {}, Reason.NOT_READY, False, id="too few ready, passes"),
        pytest.param(seen(FRA, ready=0), OLD, answers(FRA, False, 9), {}, Reason.NOT_READY, False, id="too few ready, fails"),
        pytest.param(lost(READY), OLD, answers(FRA, True), {}, Reason.STALE, True, id="unreachable, enough before, passes"),
        pytest.param(
            lost(READY, since=NOW - 9e9), OLD, answers(FRA, True), LONG_AGO, Reason.STALE, True,
            id="unreachable longer than staleAfter, passes",
        ),
        pytest.param(
            lost(READY, since=NOW - 9e9), None, answers(FRA, True), LONG_AGO, Reason.STALE, True,
            id="unreachable longer than staleAfter, passes, nothing remembered",
        ),
        pytest.param(
            lost(READY, since=NOW - 9e9), structs.replace(OLD, eligible=False, reason="Unknown"), None, LONG_AGO,
            Reason.UNKNOWN, False,
            id="unreachable longer than staleAfter, no answer",
        ),
        pytest.param(lost(READY), OLD, answers(FRA, False, 3), {}, Reason.PROBE_FAILED, False, id="unreachable, failed fall times"),
        pytest.param(lost(), OLD, answers(FRA, False, 3), {}, Reason.PROBE_FAILED, False, id="unreachable from the start, failed"),
        pytest.param(seen(), OLD, answers(FRA, True), {}, Reason.LAST_ADDRESS, True, id="blank status, passes"),
        pytest.param(seen(), OLD, answers(FRA, False, 3), {}, Reason.PROBE_FAILED, False, id="blank status, fails"),
        pytest.param(absent(), OLD, answers(FRA, True), {}, Reason.NOT_PLACED, False, id="object gone, passes all the same"),
        pytest.param(READY, FALLEN, answers(FRA, True), {}, Reason.PROBE_FAILED, False, id="back once is not back"),
        pytest.param(READY, FALLEN, answers(FRA, True, 2), {}, Reason.READY, True, id="back rise times"),
        pytest.param(READY, FALLEN, None, {}, Reason.PROBE_FAILED, False, id="fallen before a restart stays so until it answers"),
        pytest.param(unread(), FALLEN, None, {}, Reason.PROBE_FAILED, False, id="and before the member is read"),
        pytest.param(READY, None, None, {}, Reason.NOT_PROBED, False, id="a new address waits for its first answer"),
        pytest.param(READY, None, answers(FRA, True), {}, Reason.READY, True, id="which lets it in at once"),
        pytest.param(READY, None, answers(FRA, False), {}, Reason.PROBE_FAILED, False, id="or keeps it out at once"),
        pytest.param(
            READY, remembered("fra", "192.0.2.9"), None, {}, Reason.NOT_PROBED, False, id="an address that changed is a new one"
        ),
        pytest.param(
            READY, remembered("fra", FRA, reason=Reason.NOT_PLACED), None, {}, Reason.NOT_PROBED, False,
            id="and so is that of an object made anew",
        ),
    ],
)  # fmt: skip
def test_each_row_of_the_table(
    observation: Observation, past: Remembered | None, said: Answer | None, rules: dict[str, Any], reason: Reason, serves: bool
) -> None:
    decision = decided(observation, *([past] if past else []), said=(said,) if said else (), **rules)

    one = verdict(decision)
    assert (one.reason, one.eligible) == (reason, serves)
    assert served(decision) == ((FRA, AMS) if serves else (AMS,))


def test_a_failing_cluster_says_what_was_seen_and_keeps_saying_it() -> None:
    first = decided(READY, OLD, said=(answers(FRA, False, 3),))
    later = world(READY, said=(answers(FRA, False, 9, detail="connection refused"),))
    second = decide(replace(later, memory=first.memory), build.host(probe=PROBE), NOW + 60)

    assert verdict(first).message == "the probe of 192.0.2.1 (HTTP 503) fails; 1 of 1 endpoints ready"
    assert verdict(second) == verdict(first)
    assert verdict(first).probe == "Failing"
    assert condition(first, "Healthy").reason == "PartiallyHealthy"
    assert "ProbeFailed in fra" in condition(first, "Healthy").message


def test_one_failing_address_of_a_cluster_goes_alone() -> None:
    two = (answers(FRA, True), answers("192.0.2.2", False, 3))
    decision = decided(seen(FRA, "192.0.2.2"), remembered("fra", FRA, "192.0.2.2"), said=two)

    assert served(decision) == (FRA, AMS)
    assert (verdict(decision).reason, verdict(decision).probe) == (Reason.READY, "Mixed")
    assert verdict(decision).message == "1 of 1 endpoints ready; the probe of 192.0.2.2 (HTTP 503) fails"
    assert decision.memory.clusters[1].targets == (FRA, "192.0.2.2")


def test_a_new_address_beside_a_known_one_waits_alone() -> None:
    decision = decided(seen(FRA, "192.0.2.2"), OLD, said=(answers(FRA, True),))

    assert served(decision) == (FRA, AMS)
    assert "the probe of 192.0.2.2 has not been answered yet" in verdict(decision).message


BALANCER = build.name("lb.example.net")


def balanced(*addresses: str, said: tuple[Answer, ...], before: tuple[str, ...] = ("192.0.2.7", "192.0.2.8")) -> Decision:
    """`fra` shows the name of its load balancer, which resolves to these."""
    bare = world(seen("lb.example.net"), remembered("fra", "lb.example.net"), said=said)
    known = replace(
        bare,
        resolutions=((BALANCER, build.resolved(*addresses)),),
        memory=replace(bare.memory, resolved=((BALANCER, before),)),
        zones=(replace(build.ZONE, allowed_targets=build.networks("192.0.2.0/24", "198.51.100.0/24")),),
    )
    return decide(known, build.host(probe=PROBE), NOW)


def test_a_load_balancers_name_loses_the_addresses_that_fail() -> None:
    decision = balanced("192.0.2.7", "192.0.2.8", said=(answers("192.0.2.7", True), answers("192.0.2.8", False, 3)))

    assert served(decision) == ("192.0.2.7", AMS)
    assert verdict(decision).eligible
    assert decision.memory.resolved == ((BALANCER, ("192.0.2.7", "192.0.2.8")),)


def test_a_load_balancers_name_is_out_when_all_its_addresses_fail() -> None:
    decision = balanced("192.0.2.7", "192.0.2.8", said=(answers("192.0.2.7", False, 3), answers("192.0.2.8", False, 3)))

    assert verdict(decision).reason is Reason.PROBE_FAILED
    assert served(decision) == (AMS,)


def test_an_address_that_may_not_be_published_is_not_waited_for() -> None:
    decision = balanced("192.0.2.7", "203.0.113.5", said=(answers("192.0.2.7", True),))

    assert (verdict(decision).reason, verdict(decision).probe) == (Reason.READY, "Passing")
    assert verdict(decision).message == "1 of 1 endpoints ready"


def test_a_name_that_leads_to_a_new_address_waits_for_that_one() -> None:
    decision = balanced("192.0.2.7", "192.0.2.9", said=(answers("192.0.2.7", True),))

    assert served(decision) == ("192.0.2.7", AMS)


def test_a_name_that_was_never_resolved_has_no_address_to_probe() -> None:
    decision = decided(seen("lb.example.net"), remembered("fra", "lb.example.net"))

    assert (verdict(decision).reason, verdict(decision).probe) == (Reason.UNRESOLVED, "")


def test_a_static_target_is_probed_like_any_other() -> None:
    dc = build.static("dc", "203.0.113.7")
    bare = world(READY, OLD, said=(answers(FRA, True), answers("203.0.113.7", False, 3)))
    decision = decide(bare, build.host(probe=PROBE, static_targets=(dc,)), NOW)
    again = decide(replace(bare, memory=decision.memory), build.host(probe=PROBE, static_targets=(dc,)), NOW + 1)

    assert (verdict(decision, "dc").reason, verdict(decision, "dc").eligible) == (Reason.PROBE_FAILED, False)
    assert served(decision) == (FRA, AMS)
    assert verdict(again, "dc") == verdict(decision, "dc")


def test_answers_to_another_rule_say_nothing() -> None:
    other = answers(FRA, False, 9, rule=replace(PROBE, path="/other"))

    assert verdict(decided(READY, OLD, said=(other,))).reason is Reason.READY


def test_with_the_rule_gone_what_its_probes_said_is_forgotten() -> None:
    decision = decided(READY, FALLEN, probe=None)

    assert verdict(decision).reason is Reason.READY
    assert verdict(decision).probe == ""
    assert decision.memory.clusters[1].history is None


def test_all_clusters_failing_keeps_a_published_name() -> None:
    both = (answers(FRA, False, 3), answers(AMS, False, 3))
    bare = world(READY, OLD)
    decision = decide(replace(bare, probes=both), build.host(probe=PROBE), NOW)

    assert served(decision) == (FRA, AMS)
    assert condition(decision, "FailOpen").status == "True"


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        pytest.param("ServeAll", (FRA, AMS), id="ServeAll: all that fail"),
        pytest.param("ServeLast", (AMS,), id="ServeLast: what was healthy last"),
        pytest.param("Fallback", ("203.0.113.9",), id="Fallback: its own addresses"),
        pytest.param("Withdraw", (), id="Withdraw: nothing"),
    ],
)
def test_what_a_published_name_keeps_when_every_probe_fails(rule: WhenNoneHealthy, values: tuple[str, ...]) -> None:
    host = build.host(probe=PROBE, when_none_healthy=rule, fallback=(ip_address("203.0.113.9"),))
    first = decide(world(READY, FALLEN), host, NOW)
    both = (answers(FRA, False, 9), answers(AMS, False, 3))
    decision = decide(replace(world(READY), memory=first.memory, probes=both), host, NOW + 30)

    assert served(first) == (AMS,)
    assert served(decision) == values


def test_a_name_that_was_never_published_waits_for_its_first_passing_target() -> None:
    fresh = build.world(build.member("fra", READY))
    waiting = decide(fresh, build.host(probe=PROBE), NOW)
    failing = decide(replace(fresh, probes=(answers(FRA, False),)), build.host(probe=PROBE), NOW)
    passing = decide(replace(fresh, memory=waiting.memory, probes=(answers(FRA, True),)), build.host(probe=PROBE), NOW + 1)

    assert (served(waiting), served(failing), served(passing)) == ((), (), (FRA,))
    assert condition(waiting, "Healthy").status == "Unknown"


class TestIsolation:
    def test_nothing_is_written_while_no_member_answers_and_no_probe_passes(self) -> None:
        cut = world(lost(READY), OLD, ams=lost(seen(AMS)), isolated=True)
        dead = (answers(FRA, False, 9), answers(AMS, False, 9))
        decision = decide(replace(cut, probes=dead), build.host(probe=PROBE), NOW)

        assert condition(decision, "Healthy").reason == "ControllerIsolated"
        assert [verdict(decision, name).reason for name in ("ams", "fra")] == [Reason.STALE, Reason.STALE]

    def test_a_probe_that_passes_shows_that_the_hub_is_not_cut_off(self) -> None:
        cut = world(lost(READY), OLD, ams=lost(seen(AMS)), said=(answers(FRA, False, 3),), isolated=True)
        decision = decide(cut, build.host(probe=PROBE), NOW)

        assert served(decision) == (AMS,)
        assert verdict(decision).reason is Reason.PROBE_FAILED

    def test_without_probes_nothing_speaks_against_isolation(self) -> None:
        cut = world(lost(READY), OLD, ams=lost(seen(AMS)), isolated=True)

        assert condition(decide(cut, build.host(), NOW), "Healthy").reason == "ControllerIsolated"

    @pytest.mark.parametrize(
        ("heard_since", "reason"),
        [
            pytest.param(NOW - 300.0, Reason.PROBE_FAILED, id="failures since the hub is heard count"),
            pytest.param(NOW - 10.0, Reason.READY, id="those before do not"),
            pytest.param(NOW - 20.0, Reason.PROBE_FAILED, id="only as many as there were since"),
            pytest.param(NOW + 1.0, Reason.READY, id="none were since"),
        ],
    )
    def test_failures_from_when_the_hub_was_cut_off_do_not_count_afterwards(self, heard_since: float, reason: Reason) -> None:
        back = world(READY, OLD, said=(answers(FRA, False, 30),), heard_since=heard_since)

        assert verdict(decide(back, build.host(probe=PROBE), NOW)).reason is reason

    def test_a_new_address_is_not_judged_by_failures_of_the_hubs_own(self) -> None:
        back = world(READY, said=(answers(FRA, False, 30),), heard_since=NOW + 1)

        assert verdict(decide(back, build.host(probe=PROBE), NOW)).reason is Reason.NOT_PROBED


class TestRestart:
    """Counts go on where the last process left them."""

    def test_failures_are_counted_over_a_restart(self) -> None:
        before = decided(READY, OLD, said=(answers(FRA, False, 2),))
        fresh = answers(FRA, False, 1, since=NOW + 30)
        after = decide(replace(world(READY, said=(fresh,)), memory=before.memory), build.host(probe=PROBE), NOW + 30)

        assert before.memory.clusters[1].history == History(probed=(Probed(FRA, "Passing", 2, NOW - 10),))
        assert verdict(before).reason is Reason.READY
        assert verdict(after).reason is Reason.PROBE_FAILED

    def test_successes_are_counted_over_a_restart(self) -> None:
        before = decided(READY, FALLEN, said=(answers(FRA, True),))
        fresh = answers(FRA, True, 1, since=NOW + 30)
        after = decide(replace(world(READY, said=(fresh,)), memory=before.memory), build.host(probe=PROBE), NOW + 30)

        assert verdict(before).reason is Reason.PROBE_FAILED
        assert verdict(after).reason is Reason.READY

    def test_what_goes_on_after_a_restart_is_added_to_what_was(self) -> None:
        rule = replace(PROBE, fall=5)
        before = decided(READY, OLD, said=(answers(FRA, False, 2, rule=rule),), probe=rule)
        fresh = answers(FRA, False, 2, since=NOW + 30, rule=rule)
        after = decide(replace(world(READY, said=(fresh,)), memory=before.memory), build.host(probe=rule), NOW + 40)
        longer = answers(FRA, False, 3, since=NOW + 30, rule=rule)
        last = decide(replace(world(READY, said=(longer,)), memory=after.memory), build.host(probe=rule), NOW + 50)

        assert [verdict(one).reason for one in (before, after, last)] == [Reason.READY, Reason.READY, Reason.PROBE_FAILED]

    def test_a_lone_failure_changes_nothing_that_would_be_written(self) -> None:
        calm = decided(READY, OLD, said=(answers(FRA, True, 9),))
        blip = decided(READY, OLD, said=(answers(FRA, False),))

        assert blip == calm

    def test_a_long_row_is_written_down_only_when_it_has_doubled(self) -> None:
        rule = replace(PROBE, fall=100)
        counts = [
            history.probed[0].count
            for count in range(2, 20)
            if (
                history := decided(READY, OLD, said=(answers(FRA, False, count, rule=rule),), probe=rule).memory.clusters[1].history
            )
        ]

        assert sorted(set(counts)) == [2, 4, 8, 16]

    def test_a_success_ends_a_row_of_failures(self) -> None:
        before = decided(READY, OLD, said=(answers(FRA, False, 2),))
        after = decide(replace(world(READY, said=(answers(FRA, True),)), memory=before.memory), build.host(probe=PROBE), NOW + 10)

        assert after.memory.clusters[1].history is None

    def test_a_failure_ends_a_row_of_successes(self) -> None:
        before = decided(READY, FALLEN, said=(answers(FRA, True),))
        after = decide(replace(world(READY, said=(answers(FRA, False),)), memory=before.memory), build.host(probe=PROBE), NOW + 10)

        assert after.memory.clusters[1].history == FALLEN.history


class TestWanted:
    """Which probes a host wants."""

    def asked(self, *hostnames: str, world_: World | None = None, **rules: Any) -> set[str]:
        host = build.host(*hostnames, probe=PROBE, **rules)
        return {str(probe.address) for probe in probes.wanted(host, world_ or world(READY))}

    def test_every_address_of_the_clusters_that_hold_the_source(self) -> None:
        assert self.asked() == {FRA, AMS}
        assert self.asked(world_=world(lost(READY))) == {FRA, AMS}
        assert self.asked(world_=world(lost(), OLD)) == {FRA, AMS}
        assert self.asked(world_=world(seen(), OLD)) == {FRA, AMS}

    def test_none_of_a_cluster_that_does_not_hold_it(self) -> None:
        assert self.asked(world_=world(absent(), OLD)) == {AMS}
        assert self.asked(world_=world(lost(), remembered("fra", FRA, reason=Reason.NOT_PLACED))) == {AMS}
        assert self.asked(world_=world(lost())) == {AMS}

    def test_static_targets_and_what_names_resolve_to(self) -> None:
        named = replace(world(seen("lb.example.net")), resolutions=((BALANCER, build.resolved("192.0.2.7", "127.0.0.1")),))

        assert self.asked(world_=named, static_targets=(build.static("dc", "203.0.113.7"),)) == {"192.0.2.7", "203.0.113.7", AMS}

    @pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "fe80::1", "224.0.0.1", "0.0.0.0"], ids=str)
    def test_never_one_that_may_not_be_published(self, address: str) -> None:
        assert self.asked(world_=world(seen(address))) == {AMS}

    def test_never_one_outside_of_allowed_targets(self) -> None:
        narrow = replace(world(READY), zones=(replace(build.ZONE, allowed_targets=build.networks("192.0.2.0/24")),))

        assert self.asked(world_=narrow) == {FRA}

    def test_the_address_as_clients_reach_it(self) -> None:
        mapped = build.world(build.member("fra", seen("10.0.0.1"), address_map=((ip_address("10.0.0.1"), ip_address(FRA)),)))

        assert self.asked(world_=mapped) == {FRA}

    @pytest.mark.parametrize(
        ("hostnames", "name"),
        [
            pytest.param(["www.example.org"], "www.example.org.", id="the name"),
            pytest.param(["b.example.org", "a.example.org"], "a.example.org.", id="the first of several"),
            pytest.param(["*.apps.example.org"], "probe.apps.example.org.", id="a name that a wildcard covers"),
            pytest.param(["a.example.com", "b.example.org"], "b.example.org.", id="the first that is granted"),
        ],
    )
    def test_asked_as(self, hostnames: list[str], name: str) -> None:
        found = probes.wanted(build.host(*hostnames, probe=PROBE), world(READY))

        assert {(probe.name.text, probe.rule) for probe in found} == {(name, PROBE)}

    def test_nothing_without_a_rule_or_without_a_name(self) -> None:
        assert probes.wanted(build.host(), world(READY)) == frozenset()
        assert self.asked("www.example.com") == set()
