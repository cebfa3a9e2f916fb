"""What is asked of the zones while not everything is known: nothing, or nothing that could be wrong."""

from dataclasses import replace
from typing import Any

from mcidns.decide import decide
from mcidns.model.decisions import Memory, Reason
from mcidns.model.names import DnsName
from mcidns.model.records import Untouched
from mcidns.testing import build
from mcidns.testing.build import NOW, absent, lost, member, memory, remembered, seen, unread
from tests.unit.decide.answers import condition, wish

WWW = "www.example.org"


def both(**changes: Any) -> Memory:
    """Both clusters stood in DNS, and fra was healthy last."""
    past = (remembered("ams", "198.51.100.1"), remembered("fra", "192.0.2.1"))
    return memory(*past, published={WWW: ["192.0.2.1", "198.51.100.1"]}, **{"served": ("192.0.2.1",), **changes})


def test_a_controller_that_is_cut_off_leaves_every_claimed_and_published_name_alone() -> None:
    past = both(withdrawn=((DnsName("www.example.org."), ("192.0.2.77",)),))
    past = replace(past, published=(*past.published, (DnsName("old.example.net."), ("192.0.2.5",))))
    members = (member("ams", lost(seen("198.51.100.1"))), member("fra", lost()))
    host = build.host(WWW, "new.example.org", on_unknown="Withdraw", stale_after=0.0)

    decision = decide(build.world(*members, memory=past, isolated=True), host, NOW)

    assert [(name.name.relative, name.zone, name.targets, name.record_type, name.ttl) for name in decision.names] == [
        ("new.example.org", "main", (), "", 30),
        ("old.example.net", "", ("192.0.2.5",), "A", 0),
        (WWW, "main", ("192.0.2.1", "198.51.100.1"), "A", 30),
    ]
    assert all(isinstance(intent, Untouched) and intent.why.startswith("ControllerIsolated") for intent in decision.intents)
    assert condition(decision, "Healthy").status == "Unknown"
    assert condition(decision, "Healthy").reason == "ControllerIsolated"
    assert condition(decision, "FailOpen").status == "False"
    assert decision.memory.published == tuple(sorted(past.published))
    assert (decision.memory.served, decision.memory.withdrawn) == (past.served, past.withdrawn)
    assert [one.reason for one in decision.verdicts] == [Reason.UNKNOWN, Reason.UNKNOWN]


def test_a_published_name_that_is_claimed_no_more_keeps_its_zones_ttl_while_frozen() -> None:
    past = memory(remembered("ams", "198.51.100.1"), published={"old.example.org": ["198.51.100.1"]})
    world = build.world(member("ams", lost()), memory=past, isolated=True)

    decision = decide(world, build.host(ttl=60), NOW)

    assert [(name.name.relative, name.zone, name.ttl) for name in decision.names] == [
        ("old.example.org", "main", 60),
        (WWW, "main", 60),
    ]


def test_isolation_does_not_bear_on_a_host_without_members() -> None:
    host = build.host(static_targets=(build.static("dc", "203.0.113.1"),))

    decision = decide(build.world(isolated=True), host, NOW)

    assert decision.names[0].targets == ("203.0.113.1",)


def test_at_the_start_nothing_is_written_and_no_condition_changes() -> None:
    members = (member("ams", seen("198.51.100.1")), member("fra", seen("192.0.2.1")))
    before = decide(build.world(*members, memory=both()), build.host(), NOW)
    starting = tuple(replace(view, observation=unread()) for view in members)

    decision = decide(build.world(*starting, memory=before.memory, isolated=True), build.host(), NOW + 5)

    assert all(isinstance(intent, Untouched) and intent.why.startswith("Starting") for intent in decision.intents)
    assert decision.conditions == before.conditions
    assert decision.memory == before.memory


def test_until_every_fleet_was_listed_nothing_is_written() -> None:
    world = build.world(member("ams", seen("198.51.100.9")), memory=both(), inventory_complete=False)

    decision = decide(world, build.host(), NOW)

    assert [type(intent) for intent in decision.intents] == [Untouched]
    assert decision.names[0].targets == ("192.0.2.1", "198.51.100.1")
    assert decision.memory.published == both().published
    assert condition(decision, "Healthy").reason == "InventoryIncomplete"


def test_what_an_unread_member_may_have_published_stays() -> None:
    members = (member("ams", seen("198.51.100.1")), member("new", unread()))

    intent = wish(decide(build.world(*members), build.host(), NOW))

    assert (intent.complete, intent.withdrawn) == (False, frozenset())
    assert [records.values for records in intent.sets] == [("198.51.100.1",)]


def test_beside_an_unread_member_what_others_positively_do_not_serve_is_named() -> None:
    members = (
        member("ams", seen("198.51.100.1")),
        member("fra", seen("192.0.2.1", ready=0)),
        member("lon", absent()),
        member("new", unread()),
        member("par", seen("lb.example.net", ready=0)),
    )
    past = memory(remembered("ams", "198.51.100.8"), remembered("lon", "192.0.2.3"), published={WWW: ["192.0.2.1", "198.51.100.8"]})
    world = build.world(*members, memory=past, resolutions=((DnsName("lb.example.net."), build.resolved("192.0.2.4")),))

    decision = decide(world, build.host(), NOW)

    named = {"192.0.2.1", "192.0.2.3", "192.0.2.4", "198.51.100.8", "lb.example.net."}
    assert wish(decision).withdrawn == named
    assert decision.memory.withdrawn == ((DnsName("www.example.org."), ("192.0.2.1", "198.51.100.8")),)
    again = decide(replace(world, memory=decision.memory), build.host(), NOW + 5)
    assert wish(again).withdrawn == named


def test_withdrawn_values_are_forgotten_when_every_member_was_read() -> None:
    past = memory(withdrawn=((DnsName("www.example.org."), ("192.0.2.1",)),))

    decision = decide(build.world(member("ams", seen("198.51.100.1")), memory=past), build.host(), NOW)

    assert (wish(decision).complete, wish(decision).withdrawn, decision.memory.withdrawn) == (True, frozenset(), ())


def test_no_more_withdrawn_values_are_kept_than_are_of_use() -> None:
    old = tuple(f"192.0.2.{number}" for number in range(100))
    past = memory(published={WWW: ["198.51.100.8"]}, withdrawn=((DnsName("www.example.org."), old),))
    members = (member("ams", seen("198.51.100.1")), member("new", unread()))

    decision = decide(build.world(*members, memory=past), build.host(), NOW)

    assert decision.memory.withdrawn == ((DnsName("www.example.org."), (*old[-63:], "198.51.100.8")),)


def test_partners_learn_of_what_is_withdrawn_even_when_everything_is_known() -> None:
    past = memory(remembered("ams", "198.51.100.8"), published={WWW: ["198.51.100.8"]})
    rivals = ((DnsName("www.example.org."), (build.claim("shop", "partner"),)),)
    world = build.world(member("ams", seen("198.51.100.1")), memory=past, rivals=rivals)

    intent = wish(decide(world, build.host(), NOW))

    assert (intent.complete, intent.withdrawn, intent.merge) == (True, frozenset({"198.51.100.8"}), "GlobalHost/shop")


def test_the_wish_carries_what_the_zone_must_know_of_its_object() -> None:
    members = (member("ams", seen("198.51.100.1")), member("fra", lost(seen("192.0.2.1"))))

    intent = wish(decide(build.world(*members), build.host(deletion_policy="Orphan"), NOW))

    assert (intent.source, intent.claimed_at, intent.orphan, intent.cluster_note) == (
        build.HOST.ref,
        build.HOST.created_at,
        True,
        "ams+fra",
    )
