"""The table of design §3, row by row: what is known of a cluster, and what becomes of its targets."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from mcidns.decide import decide
from mcidns.model.clusters import LostReason, Observation
from mcidns.model.decisions import Decision, Memory, Reason, Remembered, Verdict
from mcidns.model.hosts import Host, Readiness, Requirement, Selection
from mcidns.model.names import DnsName
from mcidns.model.references import ClusterName, SourceRef
from mcidns.testing import build
from mcidns.testing.build import NOW, absent, backend, lost, memory, remembered, seen, state, unread

HOUR = 3600.0
GRACE = 300.0
WITHDRAW: dict[str, Any] = {"on_unknown": "Withdraw", "stale_after": HOUR}
READY = seen("192.0.2.1")


def decided(observation: Observation, *past: Remembered, now: float = NOW, **rules: Any) -> Decision:
    """The decision on a host with this member, `fra`, and a healthy `ams` beside it, so that nothing fails open."""
    world = build.world(
        build.member("fra", observation, region="eu"),
        build.member("ams", seen("198.51.100.1")),
        memory=memory(*past, published={"www.example.org": ["198.51.100.1", "192.0.2.1"]}),
    )
    return decide(world, build.host(**rules), now)


def verdict(decision: Decision, cluster: str = "fra") -> Verdict:
    """The verdict on a cluster."""
    return next(one for one in decision.verdicts if one.cluster == cluster)


def served(decision: Decision) -> tuple[str, ...]:
    """What the one name shall hold."""
    return decision.names[0].targets


@pytest.mark.parametrize(
    ("observation", "past", "now", "rules", "reason", "serves"),
    [
        pytest.param(READY, (), NOW, {}, Reason.READY, True, id="synced with enough ready endpoints serves"),
        pytest.param(seen("192.0.2.1", ready=0), (), NOW, {}, Reason.NOT_READY, False, id="synced with none ready is out"),
        pytest.param(lost(READY), (), NOW, {}, Reason.STALE, True, id="unreachable but enough ready when last seen stays"),
        pytest.param(
            lost(seen("192.0.2.1", ready=0)), (), NOW, {}, Reason.NOT_READY, False, id="unreachable and not ready before stays out"
        ),
        pytest.param(
            lost(), (remembered("fra", "192.0.2.1"),), NOW, {}, Reason.STALE, True, id="unreachable since the start stays by memory"
        ),
        pytest.param(
            lost(),
            (remembered("fra", "192.0.2.1", reason=Reason.NOT_READY),),
            NOW,
            {},
            Reason.NOT_READY,
            False,
            id="unreachable since the start and remembered as not ready stays out",
        ),
        pytest.param(
            lost(READY, since=NOW - HOUR + 1), (), NOW, WITHDRAW, Reason.STALE, True, id="unknown for less than staleAfter stays"
        ),
        pytest.param(
            lost(READY, since=NOW - HOUR), (), NOW, WITHDRAW, Reason.UNKNOWN, False, id="unknown for staleAfter goes if so asked"
        ),
        pytest.param(
            lost(READY, since=NOW - 99 * HOUR), (), NOW, {}, Reason.STALE, True, id="unknown for ever stays unless asked otherwise"
        ),
        pytest.param(
            lost(since=NOW),
            (remembered("fra", "192.0.2.1", reason=Reason.STALE, since=NOW - HOUR),),
            NOW,
            WITHDRAW,
            Reason.UNKNOWN,
            False,
            id="a restart does not make the unknown younger",
        ),
        pytest.param(
            lost(seen("192.0.2.1", at=NOW - 60), since=NOW - 50),
            (remembered("fra", "192.0.2.1", reason=Reason.STALE, since=NOW - HOUR),),
            NOW,
            WITHDRAW,
            Reason.STALE,
            True,
            id="a member that answered in between counts from its new silence",
        ),
        pytest.param(
            lost(),
            (remembered("fra", "192.0.2.1", reason=Reason.UNKNOWN, since=NOW - HOUR),),
            NOW,
            {},
            Reason.STALE,
            True,
            id="what was withdrawn as unknown returns when the owner asks to keep it",
        ),
        pytest.param(
            unread(),
            (remembered("fra", "192.0.2.1"),),
            NOW,
            {},
            Reason.READY,
            True,
            id="not tried yet after a restart is as it was",
        ),
        pytest.param(
            unread(),
            (remembered("fra", "192.0.2.1", reason=Reason.STALE, since=NOW - HOUR),),
            NOW,
            {},
            Reason.STALE,
            True,
            id="not tried yet and stale before is still stale",
        ),
        pytest.param(
            seen(),
            (remembered("fra", "192.0.2.1"),),
            NOW,
            {},
            Reason.LAST_ADDRESS,
            True,
            id="a blank status keeps the last address",
        ),
        pytest.param(
            seen(),
            (remembered("fra", "192.0.2.1", reason=Reason.LAST_ADDRESS, blank_since=NOW - GRACE + 1),),
            NOW,
            {},
            Reason.LAST_ADDRESS,
            True,
            id="a status blank for less than addressGrace keeps it",
        ),
        pytest.param(
            seen(),
            (remembered("fra", "192.0.2.1", reason=Reason.LAST_ADDRESS, blank_since=NOW - GRACE),),
            NOW,
            {},
            Reason.NO_ADDRESS,
            False,
            id="a status blank for addressGrace loses it",
        ),
        pytest.param(seen(), (), NOW, {}, Reason.NO_ADDRESS, False, id="a load balancer that never had an address has none"),
        pytest.param(
            seen(ready=0),
            (remembered("fra", "192.0.2.1"),),
            NOW,
            {},
            Reason.NOT_READY,
            False,
            id="blank and not ready is not ready",
        ),
        pytest.param(
            lost(seen()),
            (remembered("fra", "192.0.2.1", reason=Reason.LAST_ADDRESS, blank_since=NOW - 9 * HOUR),),
            NOW,
            {},
            Reason.STALE,
            True,
            id="a member that fell silent within the grace keeps the last address",
        ),
        pytest.param(
            lost(seen()),
            (remembered("fra", "192.0.2.1", reason=Reason.NO_ADDRESS, blank_since=NOW - 9 * HOUR),),
            NOW,
            {},
            Reason.NO_ADDRESS,
            False,
            id="a member that fell silent after the grace has lost it",
        ),
        pytest.param(
            unread(),
            (remembered("fra", "192.0.2.1", reason=Reason.LAST_ADDRESS, blank_since=NOW - 9 * HOUR),),
            NOW,
            {},
            Reason.LAST_ADDRESS,
            True,
            id="the grace does not run out before the member was asked again",
        ),
        pytest.param(
            lost(),
            (remembered("fra", "192.0.2.1", reason=Reason.NO_ADDRESS),),
            NOW,
            {},
            Reason.NO_ADDRESS,
            False,
            id="an address given up before a restart stays given up",
        ),
        pytest.param(absent(), (), NOW, {}, Reason.NOT_PLACED, False, id="no such object there is not placed"),
        pytest.param(
            absent(),
            (remembered("fra", "192.0.2.1"),),
            NOW,
            {},
            Reason.NOT_PLACED,
            False,
            id="an object that is gone takes its targets at once",
        ),
        pytest.param(
            lost(absent()), (), NOW, {}, Reason.NOT_PLACED, False, id="unreachable and absent when last seen is not placed"
        ),
        pytest.param(
            lost(),
            (remembered("fra", reason=Reason.NOT_PLACED),),
            NOW,
            {},
            Reason.NOT_PLACED,
            False,
            id="absence is remembered over a restart",
        ),
        pytest.param(
            seen(),
            (remembered("fra", "192.0.2.1", reason=Reason.NOT_PLACED),),
            NOW,
            {},
            Reason.NO_ADDRESS,
            False,
            id="an object made anew does not inherit the old one's address",
        ),
        pytest.param(lost(), (), NOW, {}, Reason.NEVER_SEEN, False, id="never read and nothing remembered is never seen"),
        pytest.param(
            lost(),
            (remembered("fra", "192.0.2.1", reason=Reason.CLUSTER_GONE),),
            NOW,
            {},
            Reason.NEVER_SEEN,
            False,
            id="a cluster that left and came back is known only when it answers",
        ),
        pytest.param(seen("127.0.0.1"), (), NOW, {}, Reason.NOT_PERMITTED, False, id="a loopback address is never published"),
        pytest.param(seen("localhost"), (), NOW, {}, Reason.NOT_PERMITTED, False, id="nor is localhost by name"),
        pytest.param(seen("www.example.org"), (), NOW, {}, Reason.NOT_PERMITTED, False, id="nor a name that points at itself"),
        pytest.param(
            lost(),
            (remembered("fra", "192.0.2.1", reason=Reason.NOT_PERMITTED, ready=1, total=1),),
            NOW,
            {},
            Reason.STALE,
            True,
            id="a target permitted meanwhile serves by its last known readiness",
        ),
        pytest.param(
            lost(),
            (remembered("fra", "192.0.2.1", reason=Reason.NOT_PERMITTED, ready=0, total=1),),
            NOW,
            {},
            Reason.NOT_READY,
            False,
            id="but not if none was ready",
        ),
        pytest.param(
            lost(),
            (remembered("fra", "nonsense!", reason=Reason.READY),),
            NOW,
            {},
            Reason.NO_ADDRESS,
            False,
            id="a garbled memory is no address",
        ),
    ],
)
def test_each_row_of_the_table(
    observation: Observation, past: tuple[Remembered, ...], now: float, rules: dict[str, Any], reason: Reason, serves: bool
) -> None:
    decision = decided(observation, *past, now=now, **rules)

    one = verdict(decision)
    assert (one.reason, one.eligible) == (reason, serves)
    assert ("192.0.2.1" in served(decision)) is serves
    assert "198.51.100.1" in served(decision)


@pytest.mark.parametrize(
    ("readiness", "backends", "source", "enough"),
    [
        pytest.param(Readiness(), (backend(1, 3),), "Ingress", True, id="one ready endpoint is enough by default"),
        pytest.param(Readiness(min_ready=2), (backend(1, 3),), "Ingress", False, id="fewer than minReady are too few"),
        pytest.param(Readiness(min_ready_percent=50), (backend(1, 2),), "Ingress", True, id="exactly minReadyPercent is enough"),
        pytest.param(Readiness(min_ready_percent=50), (backend(1, 3),), "Ingress", False, id="less than minReadyPercent is not"),
        pytest.param(Readiness("Any"), (backend(0, 1, "a"), backend(1, 1, "b")), "Ingress", True, id="Any wants one back end"),
        pytest.param(Readiness("All"), (backend(0, 1, "a"), backend(1, 1, "b")), "Ingress", False, id="All wants each back end"),
        pytest.param(Readiness("Ignore"), (backend(0, 1),), "Ingress", True, id="Ignore looks at none"),
        pytest.param(
            Readiness("All"),
            (backend(1, 1, "a"), backend(0, 0, "b", applicable=False)),
            "Ingress",
            True,
            id="a back end to which readiness does not apply is not looked at",
        ),
        pytest.param(Readiness(), (backend(0, 0, applicable=False),), "Service", True, id="an ExternalName Service is enough"),
        pytest.param(Readiness(), (), "Service", False, id="a Service without endpoints has none ready"),
        pytest.param(Readiness(), (), "Ingress", True, id="an Ingress without Services has nothing to wait for"),
    ],
)
def test_when_endpoints_are_enough(readiness: Readiness, backends: tuple[Any, ...], source: Any, enough: bool) -> None:
    observation = replace(READY, state=state("192.0.2.1", backends=backends))

    decision = decided(observation, readiness=readiness, source=SourceRef(source, "shop", "web"))

    assert verdict(decision).eligible is enough


def test_counts_are_summed_over_the_back_ends_that_apply() -> None:
    backends = (backend(1, 2, "a"), backend(2, 2, "b"), backend(5, 5, "c", applicable=False))

    one = verdict(decided(replace(READY, state=state("192.0.2.1", backends=backends))))

    assert (one.ready, one.total, one.message) == (3, 4, "3 of 4 endpoints ready")


def test_the_address_map_turns_what_a_member_shows_into_the_public_address() -> None:
    nat = ((ip_address("10.0.0.1"), ip_address("203.0.113.7")), (ip_address("10.0.0.2"), ip_address("203.0.113.8")))
    world = build.world(build.member("fra", seen("10.0.0.1", "10.0.0.2", "192.0.2.1"), address_map=nat))

    decision = decide(world, build.host(), NOW)

    assert decision.names[0].targets == ("192.0.2.1", "203.0.113.7", "203.0.113.8")


def test_a_target_outside_the_zones_networks_is_dropped_and_the_others_stay() -> None:
    zone = build.zone(allowed_targets=build.networks("192.0.2.0/24"))
    world = build.world(build.member("fra", seen("192.0.2.1", "203.0.113.5")), zones=(zone,))

    decision = decide(world, build.host(), NOW)

    assert decision.names[0].targets == ("192.0.2.1",)
    assert "203.0.113.5 is outside the zone's allowedTargets" in verdict(decision).message


def test_a_target_is_published_only_in_the_zone_that_allows_it() -> None:
    inside = build.zone("a.example", allowed_targets=build.networks("192.0.2.0/24"))
    outside = build.zone("b.example", allowed_targets=build.networks("203.0.113.0/24"))
    world = build.world(build.member("fra", seen("192.0.2.1", "203.0.113.5")), zones=(inside, outside))

    decision = decide(world, build.host("www.a.example", "www.b.example"), NOW)

    assert [name.targets for name in decision.names] == [("192.0.2.1",), ("203.0.113.5",)]


def test_a_cluster_that_left_the_inventory_goes_at_once_and_is_shown_for_an_hour() -> None:
    past = memory(remembered("fra", "192.0.2.1", region="eu"), published={"www.example.org": ["192.0.2.1", "198.51.100.1"]})
    world = build.world(build.member("ams", seen("198.51.100.1")), memory=past)

    decision = decide(world, build.host(), NOW)

    assert (verdict(decision).reason, verdict(decision).region, served(decision)) == (Reason.CLUSTER_GONE, "eu", ("198.51.100.1",))
    assert decision.look_again == NOW + HOUR
    later = decide(replace(world, memory=decision.memory), build.host(), NOW + HOUR)
    assert [one.cluster for one in later.verdicts] == ["ams"]
    assert [one.cluster for one in later.memory.clusters] == ["ams"]


def test_a_cluster_that_never_gave_a_target_leaves_without_a_word() -> None:
    world = build.world(memory=memory(remembered("fra", reason=Reason.NO_ADDRESS)))

    assert decide(world, build.host(), NOW).verdicts == ()


def test_an_absent_object_is_remembered_without_its_targets_after_an_hour() -> None:
    past = remembered("fra", "192.0.2.1", reason=Reason.NOT_PLACED, since=NOW - HOUR)

    decision = decided(absent(), past)

    assert decision.memory.clusters[1] == remembered("fra", reason=Reason.NOT_PLACED, since=NOW - HOUR, region="eu")


@pytest.mark.parametrize(
    "selection",
    [
        pytest.param(Selection(names=(ClusterName("ams"),)), id="by name"),
        pytest.param(Selection(requirements=(Requirement("tier", "In", ("prod",)),)), id="by label"),
    ],
)
def test_a_member_that_the_host_does_not_select_takes_no_part(selection: Selection) -> None:
    prod = (("tier", "prod"),)
    members = (build.member("ams", seen("198.51.100.1"), labels=prod), build.member("fra", READY))
    host = build.host(clusters=selection)

    unknown = decide(build.world(*members), host, NOW)
    known = decide(build.world(*members, memory=memory(remembered("fra", "192.0.2.1"))), host, NOW)

    assert [one.cluster for one in unknown.verdicts] == ["ams"]
    assert [(one.cluster, one.reason) for one in known.verdicts] == [("ams", Reason.READY), ("fra", Reason.NOT_PLACED)]
    assert served(known) == ("198.51.100.1",)


def test_static_targets_serve_always_and_are_withdrawn_when_they_are_no_longer_listed() -> None:
    host = build.host(static_targets=(build.static("dc", "203.0.113.1", region="eu"),))

    first = decide(build.world(), host, NOW + 0.5)
    again = decide(build.world(memory=first.memory), host, NOW + 60)
    without = decide(build.world(memory=again.memory), build.host(), NOW + 90)

    assert [(one.cluster, one.reason, one.region, one.since) for one in again.verdicts] == [("dc", Reason.STATIC, "eu", NOW)]
    assert served(again) == ("203.0.113.1",)
    assert [(one.cluster, one.reason) for one in without.verdicts] == [("dc", Reason.CLUSTER_GONE)]
    assert served(without) == ()


def test_a_static_target_and_a_member_of_one_name_do_not_disturb_each_other() -> None:
    host = build.host(static_targets=(build.static("fra", "203.0.113.1"),))
    world = build.world(build.member("fra", READY))

    first = decide(world, host, NOW)
    again = decide(replace(world, memory=first.memory), host, NOW + 60)
    without = decide(replace(world, memory=first.memory), build.host(), NOW + 60)

    assert [(one.cluster, one.reason) for one in first.verdicts] == [("fra", Reason.READY), ("fra", Reason.STATIC)]
    assert again == first
    assert [(one.cluster, one.reason) for one in without.verdicts] == [("fra", Reason.READY)]


def test_a_static_target_that_may_not_be_published_is_out() -> None:
    decision = decide(build.world(), build.host(static_targets=(build.static("dc", "169.254.169.254"),)), NOW)

    assert (verdict(decision, "dc").reason, verdict(decision, "dc").eligible) == (Reason.NOT_PERMITTED, False)


def test_a_static_name_that_cannot_be_resolved_is_out_until_it_can() -> None:
    host = build.host("example.org", static_targets=(build.static("dc", "lb.example.net"),))

    first = decide(build.world(), host, NOW)
    again = decide(build.world(memory=first.memory), host, NOW + 60)

    assert (verdict(first, "dc").reason, verdict(first, "dc").since) == (Reason.UNRESOLVED, NOW)
    assert again == first


@pytest.mark.parametrize(
    ("past", "since"),
    [
        pytest.param((), NOW, id="a new verdict begins now"),
        pytest.param((remembered("fra", "192.0.2.1", since=NOW - 50),), NOW - 50, id="an unchanged one keeps its beginning"),
        pytest.param(
            (remembered("fra", "192.0.2.1", reason=Reason.NOT_READY, since=NOW - 50),), NOW, id="a changed one begins now"
        ),
    ],
)
def test_since_tells_when_the_verdict_changed_in_whole_seconds(past: tuple[Remembered, ...], since: float) -> None:
    assert verdict(decided(READY, *past, now=NOW + 0.9)).since == since


def test_members_missing_from_an_incomplete_inventory_stay_what_they_were() -> None:
    past = memory(
        remembered("fra", "192.0.2.1", ready=2, total=3),
        remembered("lon", "192.0.2.2", reason=Reason.NOT_READY, eligible=False),
        Remembered("odd", ("192.0.2.3",), reason="FromTheFuture"),
        published={"www.example.org": ["192.0.2.1"]},
    )
    world = build.world(memory=past, inventory_complete=False)

    decision = decide(world, build.host(), NOW)

    assert [(one.cluster, one.reason, one.eligible, one.since) for one in decision.verdicts] == [
        ("fra", Reason.READY, True, NOW),
        ("lon", Reason.NOT_READY, False, NOW),
        ("odd", Reason.UNKNOWN, False, 0.0),
    ]
    assert decision.memory.clusters == past.clusters
    assert decision.memory.published == past.published


@pytest.mark.parametrize(
    ("observation", "past", "look_again"),
    [
        pytest.param(READY, (), None, id="a healthy target never by time alone"),
        pytest.param(lost(READY, since=NOW - 60), (), NOW - 60 + HOUR, id="an unreachable one when staleAfter is over"),
        pytest.param(seen(), (remembered("fra", "192.0.2.1"),), NOW + GRACE, id="a blank one when addressGrace is over"),
        pytest.param(absent(), (remembered("fra", "192.0.2.1"),), NOW + HOUR, id="an absent one when its targets are forgotten"),
    ],
)
def test_when_to_look_again(observation: Observation, past: tuple[Remembered, ...], look_again: float | None) -> None:
    assert decided(observation, *past, **WITHDRAW).look_again == look_again


@pytest.mark.parametrize(
    ("observation", "words"),
    [
        pytest.param(seen("192.0.2.1", ready=0, total=3), "0 of 3 endpoints ready", id="not ready"),
        pytest.param(seen("192.0.2.1", ready=0, total=0), "no endpoints", id="no endpoints at all"),
        pytest.param(lost(READY), "its API does not answer (Timeout); its last known addresses stay", id="stale"),
        pytest.param(
            lost(seen("192.0.2.1", ready=0, total=3), reason=LostReason.UNAUTHORIZED),
            "0 of 3 endpoints ready, when it last answered (Unauthorized)",
            id="not ready and silent",
        ),
        pytest.param(replace(READY, state=state("192.0.2.1", backends=[])), "readiness says nothing here", id="nothing to count"),
        pytest.param(lost(reason=LostReason.TLS), "not read yet (TLS), and nothing is remembered of it", id="never seen"),
    ],
)
def test_the_message_says_it_to_people(observation: Observation, words: str) -> None:
    assert verdict(decided(observation)).message == words


def test_a_host_without_any_member_decides_nothing_and_says_so() -> None:
    decision = decide(build.world(), build.host(), NOW)

    assert decision.verdicts == ()
    assert decision.memory == Memory(hostnames=(DnsName("www.example.org."),))
    assert isinstance(decision.host, Host)
