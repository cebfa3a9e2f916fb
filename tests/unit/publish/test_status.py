"""Statuses: what stands in them, what is written, and that a restart reads back what it needs."""

import math
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcidns.decide import decide
from mcidns.hub import globalhost, times
from mcidns.kube import kinds
from mcidns.kube.client import Object
from mcidns.kube.tokens import Token
from mcidns.model.clusters import Drain
from mcidns.model.decisions import Condition, Decision, History, Memory, Probed, ProbeState, Remembered, World
from mcidns.model.hosts import Host
from mcidns.model.names import DnsName
from mcidns.model.references import ObjectRef
from mcidns.model.routing import Weighted
from mcidns.publish import status, steps
from mcidns.publish.reports import MemberReport, PlanReport, ProviderReport, ZoneReport
from mcidns.publish.steps import PatchStatus
from mcidns.testing import build
from mcidns.testing.build import NOW
from tests.unit.decide import worlds

REF = build.HOST.ref
LATER = NOW + 100.0


def decision(memory: Memory, **changes: Any) -> Decision:
    found = Decision(build.host(), (), (), (Condition("Accepted", "True", "Accepted", "fine"),), memory, None)
    return replace(found, **changes)


def obj(found: Object, **metadata: Any) -> Object:
    return {"metadata": {"namespace": "shop", "name": "web", **metadata}, "status": found}


seconds = st.integers(1, 4_000_000_000).map(float)
addresses = st.lists(st.sampled_from(["192.0.2.1", "192.0.2.9", "2001:db8::1", "2001:db8::2", "lb.example.net"]), max_size=4).map(
    tuple
)
names = st.sampled_from(["www.example.org", "*.example.org", "example.org", "xn--bcher-kva.example.org", "_a.example.org"]).map(
    DnsName.parse
)


def by_name(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(names, values, max_size=3).map(lambda found: tuple(sorted(found.items())))


probed = st.builds(
    lambda address, state, counted, detail: Probed(address, state, counted[0], counted[1], detail),
    st.sampled_from(["192.0.2.1", "2001:db8::1"]),
    st.sampled_from(get_args(ProbeState)),
    st.one_of(st.just((0, 0.0)), st.tuples(st.integers(1, 64), seconds)),
    st.sampled_from(["", "HTTP 503"]),
)
pasts = st.builds(
    lambda unready, turning_since, rows, points, suppressed: History(
        unready, turning_since, rows, points[0], points[1], suppressed
    ),
    st.booleans(),
    st.one_of(st.none(), seconds),
    st.lists(probed, max_size=2).map(tuple),
    st.one_of(st.just((0, 0.0)), st.tuples(st.integers(1, 2**60), seconds)),
    st.booleans(),
).map(lambda found: None if found == History() else found)
remembered = st.builds(
    Remembered,
    cluster=st.sampled_from(["ams", "fra", "lon"]),
    targets=addresses,
    region=st.sampled_from(["", "eu"]),
    eligible=st.booleans(),
    reason=st.sampled_from(["", "Ready", "Stale", "ProbeFailed"]),
    since=st.one_of(st.just(0.0), seconds),
    blank_since=st.one_of(st.none(), seconds),
    unknown_since=st.one_of(st.none(), seconds),
    ready=st.integers(0, 5),
    total=st.integers(0, 5),
    static=st.booleans(),
    history=pasts,
    role=st.sampled_from(["", "Serving", "HeldBack"]),
    role_since=st.one_of(st.none(), seconds),
)
hostnames = st.lists(names, unique=True, max_size=4).map(lambda found: tuple(sorted(found)))


@st.composite
def memories(draw: st.DrawFn) -> Memory:
    claimed = draw(hostnames)
    published = draw(by_name(addresses))
    return Memory(
        clusters=draw(st.lists(remembered, max_size=4).map(tuple)),
        published=tuple(sorted(published)),
        served=draw(addresses),
        hostnames=claimed,
        resolved=draw(by_name(addresses)),
        withdrawn=draw(by_name(addresses)),
    )


@given(memories())
@settings(max_examples=200, deadline=None)
def test_a_status_remembers_exactly_what_was_decided(memory: Memory) -> None:
    rendered = status.of_host(decision(memory), None, NOW)
    assert globalhost.memory(obj(rendered)) == memory


@settings(deadline=None, max_examples=60)
@given(worlds.histories())
def test_whatever_any_history_decides_is_read_back_as_it_was(history: tuple[Host, list[World], list[float]]) -> None:
    host, passing, moments = history
    memory = Memory()
    for bare, now in zip(passing, moments, strict=True):
        found = decide(replace(bare, memory=memory), host, now)
        memory = globalhost.memory(obj(status.of_host(found, None, now)))
        assert memory == found.memory


def test_a_decision_survives_a_restart_to_the_second() -> None:
    host = build.host("www.example.org", "new.example.org")
    world = build.world(
        build.member("fra", build.seen("192.0.2.1", "2001:db8::1"), "eu"),
        build.member("ams", build.lost(build.seen("192.0.2.2")), "eu"),
        build.member("lon", build.absent()),
    )
    first = decide(world, host, NOW)
    memory = globalhost.memory(obj(status.of_host(first, None, NOW)))
    assert memory.published == first.memory.published
    again = decide(replace(world, memory=memory), host, NOW + 1)
    assert status.of_host(again, obj(status.of_host(first, None, NOW)), LATER) == status.of_host(
        first, obj(status.of_host(first, None, NOW)), LATER
    )


def test_times_are_cut_to_whole_seconds() -> None:
    memory = Memory(clusters=(Remembered("fra", (), since=NOW + 0.9),))
    rendered = status.of_host(decision(memory), None, NOW)
    assert globalhost.memory(obj(rendered)).clusters[0].since == math.floor(NOW + 0.9)


def test_a_name_has_a_row_for_each_record_type() -> None:
    world = build.world(build.member("fra", build.seen("192.0.2.1", "2001:db8::1"), "eu"))
    rendered = status.of_host(decide(world, build.host("www.example.org", ttl=60), NOW), None, NOW)
    assert rendered["hostnames"] == [
        {"name": "www.example.org", "recordType": "A", "targets": ["192.0.2.1"], "ttl": 60},
        {"name": "www.example.org", "recordType": "AAAA", "targets": ["2001:db8::1"], "ttl": 60},
    ]
    assert rendered["summary"] == {"hostnames": "www.example.org", "targets": "1/1"}
    assert rendered["targets"][0]["addresses"] == ["192.0.2.1", "2001:db8::1"]
    assert rendered["targets"][0]["message"]


def test_a_name_that_was_never_published_has_no_targets() -> None:
    memory = Memory(hostnames=(build.name("a.example.org"), build.name("b.example.org")))
    rendered = status.of_host(decision(memory), None, NOW)
    assert rendered["hostnames"] == [{"name": "a.example.org"}, {"name": "b.example.org"}]
    assert rendered["summary"]["hostnames"] == "a.example.org +1"


def weighted() -> Decision:
    world = build.world(
        build.member("fra", build.seen("192.0.2.1", "2001:db8::1")),
        build.member("ams", build.seen("192.0.2.2")),
        build.member("lon", build.seen("192.0.2.3"), weight=0),
    )
    return decide(world, build.host("www.example.org", routing=Weighted()), NOW)


def test_a_set_that_stands_apart_has_a_row_with_its_identifier() -> None:
    rendered = status.of_host(weighted(), None, NOW)
    assert rendered["hostnames"] == [
        {"name": "www.example.org", "recordType": type_, "targets": [value], "ttl": 30, "setIdentifier": cluster}
        for type_, cluster, value in (("A", "ams", "192.0.2.2"), ("A", "fra", "192.0.2.1"), ("AAAA", "fra", "2001:db8::1"))
    ]
    assert globalhost.memory(obj(rendered)).published == weighted().memory.published


def test_what_a_policy_makes_of_a_cluster_stands_with_its_verdict() -> None:
    rendered = status.of_host(weighted(), None, NOW)
    assert [(one["cluster"], one["eligible"], one["role"], one["roleSince"]) for one in rendered["targets"]] == [
        ("ams", True, "Serving", "2027-01-15T08:00:00Z"),
        ("fra", True, "Serving", "2027-01-15T08:00:00Z"),
        ("lon", True, "LastResort", "2027-01-15T08:00:00Z"),
    ]
    assert rendered["targets"][2]["message"].endswith("stands by: its weight is 0, and others are healthy")
    assert rendered["summary"]["targets"] == "2/3"


def frozen(before: Decision) -> Decision:
    """The same host once nothing may be written."""
    members = [build.member(one.cluster, build.unread()) for one in before.verdicts]
    return decide(build.world(*members, memory=before.memory, isolated=True), before.host, NOW + 1)


def test_while_nothing_may_be_written_the_rows_stay_as_they_are() -> None:
    first = status.of_host(weighted(), None, NOW)
    assert status.of_host(frozen(weighted()), obj(first), NOW + 1)["hostnames"] == first["hostnames"]
    garbled = {**first, "hostnames": [*first["hostnames"][:2], "nonsense"]}
    assert [row.get("setIdentifier") for row in status.of_host(frozen(weighted()), obj(garbled), NOW)["hostnames"]] == [None, None]


def test_who_holds_a_lost_name_is_told() -> None:
    lost = decision(Memory(), claims_lost=((build.name("www.example.org"), ObjectRef("GlobalHost", "other", "web")),))
    assert status.of_host(lost, None, NOW)["claims"] == [{"hostname": "www.example.org", "winner": "GlobalHost other/web"}]


def test_a_condition_keeps_its_time_while_its_status_stays() -> None:
    before = obj(status.of_host(decision(Memory()), None, NOW))
    other_reason = (Condition("Accepted", "True", "Other", "still fine"),)
    kept = status.of_host(decision(Memory(), conditions=other_reason), before, LATER)["conditions"][0]
    assert (kept["reason"], kept["lastTransitionTime"]) == ("Other", times.render(NOW))
    turned = (Condition("Accepted", "False", "Invalid", "not fine"),)
    changed = status.of_host(decision(Memory(), conditions=turned), before, LATER)["conditions"][0]
    assert (changed["status"], changed["lastTransitionTime"]) == ("False", times.render(LATER))


def test_an_equal_decision_writes_nothing() -> None:
    made = decision(Memory(served=("192.0.2.1",)))
    before = obj(status.of_host(made, None, NOW))
    assert status.step(kinds.GLOBAL_HOST, REF, status.of_host(made, before, LATER), before) is None


def test_only_what_differs_is_written_and_what_is_over_is_removed() -> None:
    before = obj(status.of_host(decision(Memory(served=("192.0.2.1",), hostnames=(build.name("a.example.org"),))), None, NOW))
    after = status.of_host(decision(Memory(hostnames=(build.name("a.example.org"),))), before, LATER)
    assert status.step(kinds.GLOBAL_HOST, REF, after, before) == PatchStatus(kinds.GLOBAL_HOST, "shop", "web", {"served": None})


def test_the_status_of_an_object_that_is_gone_is_not_written() -> None:
    assert status.step(kinds.GLOBAL_HOST, REF, status.of_host(decision(Memory()), None, NOW), None) is None


def test_an_unreadable_host_keeps_what_its_status_remembers() -> None:
    before = obj(status.of_host(decision(Memory(served=("192.0.2.1",))), None, NOW))
    broken = status.of_unusable("spec.ttl: is text; write a number", 7, "GlobalHost", before, LATER)
    step = status.step(kinds.GLOBAL_HOST, REF, broken, before, partial=True)
    assert isinstance(step, PatchStatus)
    assert "served" not in step.patch
    accepted = step.patch["conditions"][0]
    assert (accepted["type"], accepted["status"], accepted["reason"], accepted["observedGeneration"]) == (
        "Accepted",
        "False",
        "Invalid",
        7,
    )


def report(**changes: Any) -> MemberReport:
    found = MemberReport("fra", 2, reachable=True, reason="Reachable", message="the API answers", synced=True, last_seen=NOW)
    return replace(found, services=3, ingresses=2, endpoint_slices=9, version="v1.36.2", cluster_id="c1", **changes)


def test_a_members_counts_and_last_seen_change_only_with_its_conditions() -> None:
    before = obj(status.of_member(report(), None, NOW))
    assert before["status"]["counts"] == {"services": 3, "ingresses": 2, "endpointSlices": 9}
    busy = replace(report(), services=99, last_seen=LATER)
    assert status.step(kinds.MEMBER_CLUSTER, REF, status.of_member(busy, before, LATER), before) is None
    lost = replace(busy, reachable=False, synced=False, reason="Timeout", message="no answer", version="", cluster_id="")
    gone = status.of_member(lost, before, LATER)
    assert [(one["type"], one["status"], one["reason"]) for one in gone["conditions"]] == [
        ("Reachable", "False", "Timeout"),
        ("Synced", "False", "Timeout"),
        ("Drained", "False", "InService"),
    ]
    assert (gone["version"], gone["clusterID"], gone["lastSeen"]) == ("v1.36.2", "c1", times.render(LATER))
    assert gone["counts"]["services"] == 3


def test_a_member_that_was_not_asked_yet_is_unknown() -> None:
    found = status.of_member(replace(report(), reachable=False, synced=False, known=False, reason="NotYetRead"), None, NOW)
    assert [one["status"] for one in found["conditions"]] == ["Unknown", "Unknown", "False"]


@pytest.mark.parametrize(
    ("drain", "at_risk", "answer", "reason", "words"),
    [
        pytest.param(None, (), "False", "InService", "nobody has drained it", id="not drained"),
        pytest.param(Drain("kernel"), (), "True", "Drained", "out of service: kernel; clients come until", id="drained"),
        pytest.param(Drain("", NOW + 60), (), "True", "Drained", "out of service, until 2027-01-15T08:01:00Z", id="for a while"),
        pytest.param(Drain("", NOW), (), "False", "Ended", "ended at 2027-01-15T08:00:00Z; remove spec.drain", id="over"),
        pytest.param(Drain(), ("shop/api", "shop/web"), "False", "HostsAtRisk", "for shop/api, shop/web, which", id="refused"),
        pytest.param(Drain(), tuple(map(str, range(25))), "False", "HostsAtRisk", "19 and 5 more, which", id="refused by many"),
        pytest.param(Drain(force=True), ("shop/api",), "True", "Drained", "out of service", id="forced"),
    ],
)
def test_a_member_tells_of_its_drain(drain: Drain | None, at_risk: tuple[str, ...], answer: str, reason: str, words: str) -> None:
    found = status.of_member(report(drain=drain, at_risk=at_risk), None, NOW)["conditions"][2]

    assert (found["type"], found["status"], found["reason"]) == ("Drained", answer, reason)
    assert words in found["message"]


def test_a_member_tells_which_token_works_and_keeps_it_until_another_has_proved_itself() -> None:
    token = Token("0123456789abcdef", NOW, NOW + 86_400)
    before = obj(status.of_member(report(token=token), None, NOW))
    assert before["status"]["credentials"] == {"fingerprint": "0123456789abcdef", "expires": times.render(NOW + 86_400)}
    untried, without = status.of_member(report(token=None), before, LATER), status.of_member(report(token=Token()), before, LATER)
    assert (untried["credentials"], "credentials" in without) == (before["status"]["credentials"], False)
    endless = status.of_member(report(token=Token("fedcba9876543210")), before, LATER)
    assert endless["credentials"] == {"fingerprint": "fedcba9876543210"}


def test_a_token_that_ends_soon_is_a_condition_with_the_remedy() -> None:
    token = Token("0123456789abcdef", NOW - 86_400, NOW)
    found = status.of_member(report(token=token, token_ends_soon=True), None, NOW)["conditions"][-1]
    assert (found["type"], found["status"], found["reason"]) == ("CredentialsExpiring", "True", "ExpiresSoon")
    assert f"ends at {times.render(NOW)}; renew it: `mcidns join fra --rotate`" in found["message"]


def test_a_zones_status_tells_what_waits_for_approval() -> None:
    found = status.of_zone(
        ZoneReport(
            "main",
            1,
            True,
            "Ready",
            "served",
            "deletes 9 of 10 names: approve abc",
            7,
            10,
            4,
            6,
            PlanReport(1, 2, 9, "abc", NOW),
            3,
        ),
        None,
        NOW,
    )
    held = found["conditions"][1]
    assert (held["type"], held["status"], held["message"]) == ("PlanHeld", "True", "deletes 9 of 10 names: approve abc")
    assert found["lastPlan"] == {"creates": 1, "updates": 2, "deletes": 9, "digest": "abc", "time": times.render(NOW)}
    assert (found["serial"], found["names"], found["owned"], found["foreign"], found["writes"]) == (7, 10, 4, 6, 3)


def test_a_zone_without_a_plan_in_this_process_keeps_the_last_one() -> None:
    before = obj(status.of_zone(ZoneReport("main", 1, True, "Ready", "", plan=PlanReport(1, 0, 0, "abc", NOW)), None, NOW))
    after = status.of_zone(ZoneReport("main", 1, True, "Ready", ""), before, LATER)
    assert after["lastPlan"] == {"creates": 1, "updates": 0, "deletes": 0, "digest": "", "time": times.render(NOW)}
    held = status.of_zone(ZoneReport("main", 1, True, "Ready", "", held="deletes 9 of 10 names: approve abc"), before, LATER)
    assert held["lastPlan"]["digest"] == "abc"


def test_a_providers_status_lists_what_it_can() -> None:
    found = status.of_provider(ProviderReport("bind", 1, True, "Opened", "configured", ("A", "CompareAndSet")), None, NOW)
    assert found["capabilities"] == ["A", "CompareAndSet"]
    assert found["conditions"][0]["status"] == "True"


def test_an_endpoints_worst_name_decides_its_condition() -> None:
    words = [
        build.programming("a.example.org"),
        build.programming("b.example.org", state="Failed", reason="NotOwner", message="somebody else's record"),
    ]
    found = status.of_endpoint((), words, obj({}, generation=5), NOW)
    assert [(one["type"], one["status"], one["reason"], one["observedGeneration"]) for one in found["conditions"]] == [
        ("Accepted", "True", "Accepted", 5),
        ("Programmed", "False", "NotOwner", 5),
    ]
    assert found["conditions"][1]["message"] == "b.example.org: somebody else's record"


flat = st.dictionaries(
    st.sampled_from("abc"), st.recursive(st.integers(0, 2), lambda x: st.dictionaries(st.sampled_from("abc"), x), max_leaves=5)
)


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396 §2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


@given(flat, flat)
def test_a_merge_patch_makes_one_object_of_the_other(before: Object, after: Object) -> None:
    patch = steps.merge_patch(before, after)
    assert merged(before, patch) == after
    assert (patch == {}) == (before == after)


def test_a_host_that_became_unreadable_says_so_beside_what_is_served_and_keeps_the_time() -> None:
    found = {"observedGeneration": 6, "summary": {"targets": "1/1"}, "conditions": [condition("Accepted"), condition("Healthy")]}
    first = status.over(found, "spec.ttl: is text; write a number", 7, None, LATER)

    assert [(one["type"], one["status"], one["reason"]) for one in first["conditions"]] == [
        ("Accepted", "False", "Invalid"),
        ("Healthy", "True", "Fine"),
    ]
    assert (first["observedGeneration"], first["summary"]) == (7, {"targets": "1/1"})
    assert status.over(found, "spec.ttl: is text; write a number", 7, {"status": first}, LATER + 60) == first


def condition(type_: str) -> dict[str, str]:
    """A condition that holds."""
    return {"type": type_, "status": "True", "reason": "Fine", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("published", "programmed", "kept"),
    [
        pytest.param([], "True", "True", id="the same names: it is still so"),
        pytest.param([{"name": "old.example.org"}], "True", "Unknown", id="other names: nobody knows"),
        pytest.param([], "False", "Unknown", id="not programmed any more"),
    ],
)
def test_what_a_former_process_saw_propagated_stays_so_while_the_names_hold_the_same(
    published: list[Object], programmed: Any, kept: str
) -> None:
    wanted = (
        Condition("Programmed", programmed, "Programmed", "stands"),
        Condition("Propagated", "Unknown", "Unknown", "the provider cannot tell"),
    )
    before = [{"type": "Propagated", "status": "True", "reason": "Propagated", "message": "every server answers"}]
    seen = obj({"conditions": before, "hostnames": published})
    found = status.of_host(decision(Memory(), conditions=wanted), seen, NOW)
    assert {one["type"]: one["status"] for one in found["conditions"]}["Propagated"] == kept
