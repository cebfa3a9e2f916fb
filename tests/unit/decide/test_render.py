"""The record sets of a name: types, names of load balancers, TTLs, and answers that are too long."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from mcidns.decide import decide
from mcidns.model.clusters import Resolved, Unresolved
from mcidns.model.decisions import Decision, Reason, World
from mcidns.model.names import DnsName
from mcidns.model.records import Wish
from mcidns.testing import build
from mcidns.testing.build import NOW, claim, lost, member, memory, resolved, seen, unread
from tests.unit.decide.answers import sets

LB = DnsName("lb.example.net.")
OTHER = DnsName("other.example.net.")
WWW = DnsName("www.example.org.")


def message(decision: Decision, type_: str) -> tuple[str, str]:
    """Reason and message of a condition."""
    return next((one.reason, one.message) for one in decision.conditions if one.type == type_)


def test_a_and_aaaa_stand_apart() -> None:
    members = (member("ams", seen("2001:DB8:0::1", "198.51.100.9")), member("fra", seen("198.51.100.10", "::ffff:192.0.2.1")))

    decision = decide(build.world(*members), build.host(), NOW)

    assert sets(decision) == [("A", 30, ("192.0.2.1", "198.51.100.10", "198.51.100.9")), ("AAAA", 30, ("2001:db8::1",))]
    assert (decision.names[0].record_type, decision.names[0].targets) == (
        "A,AAAA",
        ("192.0.2.1", "198.51.100.10", "198.51.100.9", "2001:db8::1"),
    )


def test_an_address_that_two_clusters_share_counts_once() -> None:
    members = (member("ams", seen("192.0.2.1")), member("fra", seen("192.0.2.1")))

    assert sets(decide(build.world(*members), build.host(), NOW)) == [("A", 30, ("192.0.2.1",))]


def test_a_single_load_balancers_name_becomes_a_cname() -> None:
    decision = decide(build.world(member("ams", seen("LB.example.net"))), build.host(), NOW)

    assert sets(decision) == [("CNAME", 30, ("lb.example.net.",))]
    assert (decision.names[0].record_type, decision.names[0].targets) == ("CNAME", ("lb.example.net",))
    assert decision.look_again is None


def test_a_wildcard_may_be_a_cname_too() -> None:
    decision = decide(build.world(member("ams", seen("lb.example.net"))), build.host("*.example.org"), NOW)

    assert sets(decision) == [("CNAME", 30, ("lb.example.net.",))]


def test_at_the_apex_the_name_is_replaced_by_its_addresses() -> None:
    world = build.world(member("ams", seen("lb.example.net")), resolutions=((LB, resolved("192.0.2.1", "2001:db8::1")),))

    decision = decide(world, build.host("example.org", "www.example.org"), NOW)

    assert sets(decision, 0) == [("A", 30, ("192.0.2.1",)), ("AAAA", 30, ("2001:db8::1",))]
    assert sets(decision, 1) == [("CNAME", 30, ("lb.example.net.",))]
    assert decision.look_again == NOW + 60


def test_a_name_shared_with_a_partner_is_never_a_cname() -> None:
    world = build.world(
        member("ams", seen("lb.example.net")),
        resolutions=((LB, resolved("192.0.2.1")),),
        rivals=((WWW, (claim("shop", "partner"),)),),
    )

    assert sets(decide(world, build.host(), NOW)) == [("A", 30, ("192.0.2.1",))]


def two_balancers(**changes: Any) -> World:
    """Two clusters, each behind a named load balancer."""
    members = (member("ams", seen("lb.example.net")), member("fra", seen("other.example.net")))
    return replace(
        build.world(*members, resolutions=((LB, resolved("192.0.2.1")), (OTHER, resolved("192.0.2.2", until=NOW + 9)))), **changes
    )


def test_several_names_are_replaced_by_their_addresses() -> None:
    decision = decide(two_balancers(), build.host(), NOW)

    assert sets(decision) == [("A", 30, ("192.0.2.1", "192.0.2.2"))]
    assert decision.look_again == NOW + 9
    assert decision.memory.resolved == ((LB, ("192.0.2.1",)), (OTHER, ("192.0.2.2",)))


def test_a_failover_between_named_load_balancers_does_not_change_the_type() -> None:
    members = (member("ams", seen("lb.example.net")), member("fra", seen("other.example.net", ready=0)))

    assert sets(decide(two_balancers(members=members), build.host(), NOW)) == [("A", 30, ("192.0.2.1",))]


def test_the_only_healthy_name_is_published_as_it_is_where_it_cannot_be_resolved_here() -> None:
    members = (member("ams", seen("lb.example.net")), member("fra", seen("192.0.2.9", ready=0)))

    decision = decide(build.world(*members), build.host(), NOW)

    assert sets(decision) == [("CNAME", 30, ("lb.example.net.",))]
    assert decision.verdicts[0].eligible


def test_a_name_that_does_not_resolve_harms_only_its_cluster() -> None:
    world = two_balancers(resolutions=((LB, resolved("192.0.2.1")), (OTHER, Unresolved("NXDOMAIN"))))

    decision = decide(world, build.host(), NOW)

    assert sets(decision) == [("A", 30, ("192.0.2.1",))]
    assert [(one.cluster, one.eligible, one.reason) for one in decision.verdicts] == [
        ("ams", True, Reason.READY),
        ("fra", False, Reason.UNRESOLVED),
    ]
    assert message(decision, "ResolvedRefs")[0] == "Unresolved"
    assert decide(replace(world, memory=decision.memory), build.host(), NOW + 5).verdicts == decision.verdicts


def test_what_a_name_never_resolved_stands_for_may_stay_in_dns() -> None:
    past = memory(published={"www.example.org": ["192.0.2.1", "192.0.2.2"]})
    world = two_balancers(resolutions=((LB, resolved("192.0.2.1")),), memory=past)

    intent = decide(world, build.host(), NOW).intents[0]

    assert isinstance(intent, Wish)
    assert (intent.complete, "192.0.2.2" in intent.withdrawn) == (False, False)


def test_a_cluster_with_one_address_beside_an_unresolved_name_serves_the_address() -> None:
    decision = decide(build.world(member("ams", seen("lb.example.net", "192.0.2.3"))), build.host(), NOW)

    assert sets(decision) == [("A", 30, ("192.0.2.3",))]
    assert isinstance(decision.intents[0], Wish)
    assert not decision.intents[0].complete


@pytest.mark.parametrize(
    "world",
    [
        pytest.param(
            two_balancers(resolutions=((LB, resolved("192.0.2.1")), (OTHER, Unresolved("timed out", resolved("192.0.2.2"))))),
            id="by this process",
        ),
        pytest.param(
            two_balancers(resolutions=((LB, resolved("192.0.2.1")),), memory=memory(resolved=((OTHER, ("192.0.2.2",)),))),
            id="by the process before",
        ),
        pytest.param(
            two_balancers(
                resolutions=((LB, resolved("192.0.2.1")), (OTHER, Unresolved("timed out"))),
                memory=memory(resolved=((OTHER, ("192.0.2.2",)),)),
            ),
            id="by the process before, and this one failed",
        ),
    ],
)
def test_a_failed_look_up_keeps_what_was_known(world: World) -> None:
    assert sets(decide(world, build.host(), NOW)) == [("A", 30, ("192.0.2.1", "192.0.2.2"))]


def test_what_a_name_resolves_to_must_be_permitted_too() -> None:
    zone = build.zone(allowed_targets=build.networks("192.0.2.1/32"))

    decision = decide(two_balancers(zones=(zone,)), build.host(), NOW)

    assert sets(decision) == [("A", 30, ("192.0.2.1",))]
    assert decision.verdicts[1].reason is Reason.NOT_PERMITTED
    assert message(decision, "ResolvedRefs") == (
        "TargetNotPermitted",
        (
            "fra (other.example.net: 192.0.2.2 is outside the zone's allowedTargets): "
            "use another address, or add its network to the DNSZone's spec.allowedTargets"
        ),
    )


def test_only_the_permitted_addresses_of_a_name_are_served() -> None:
    world = two_balancers(resolutions=((LB, resolved("192.0.2.1", "127.0.0.1")), (OTHER, resolved("192.0.2.2"))))

    decision = decide(world, build.host(), NOW)

    assert sets(decision) == [("A", 30, ("192.0.2.1", "192.0.2.2"))]
    assert [one.eligible for one in decision.verdicts] == [True, True]


def test_a_lone_name_that_leads_to_nothing_permitted_is_no_cname_either() -> None:
    world = build.world(member("ams", seen("lb.example.net")), resolutions=((LB, resolved("127.0.0.1")),))

    decision = decide(world, build.host(), NOW)

    assert sets(decision) == []
    assert decision.verdicts[0].reason is Reason.NOT_PERMITTED


def test_a_published_apex_keeps_its_addresses_while_its_one_name_cannot_be_resolved() -> None:
    past = memory(published={"example.org": ["192.0.2.1"]})
    host = build.host("example.org", "www.example.org")

    decision = decide(build.world(member("ams", seen("lb.example.net")), memory=past), host, NOW)

    assert sets(decision, 0) == [("A", 30, ("192.0.2.1",))]
    assert sets(decision, 1) == [("CNAME", 30, ("lb.example.net.",))]
    assert message(decision, "FailOpen")[0] == "ServeLast"


def test_a_resolution_that_is_overdue_is_used_and_not_waited_for() -> None:
    world = two_balancers(resolutions=((LB, resolved("192.0.2.1", until=NOW - 9)), (OTHER, resolved("192.0.2.2", until=NOW - 9))))

    decision = decide(world, build.host(), NOW)

    assert sets(decision) == [("A", 30, ("192.0.2.1", "192.0.2.2"))]
    assert decision.look_again is None


def test_a_fallback_name_can_be_served() -> None:
    past = memory(published={"www.example.org": ["192.0.2.1"]})
    host = build.host(when_none_healthy="Fallback", fallback=(DnsName("sorry.example.net."),))
    members = (member("ams", seen("192.0.2.1", ready=0)),)

    decision = decide(build.world(*members, memory=past), host, NOW)

    assert sets(decision) == [("CNAME", 30, ("sorry.example.net.",))]


def test_a_name_already_published_as_cname_survives_a_restart_without_a_resolver() -> None:
    first = decide(build.world(member("ams", seen("lb.example.net"))), build.host(), NOW)

    decision = decide(build.world(member("ams", unread()), memory=first.memory), build.host(), NOW + 5)

    assert sets(decision) == [("CNAME", 30, ("lb.example.net.",))]


def test_an_unknown_address_in_memory_is_read_back_as_it_was_written() -> None:
    past = memory(published={"www.example.org": ["not a value"]}, withdrawn=((WWW, ("192.0.2.5",)),))
    members = (member("ams", seen("192.0.2.1")), member("new", lost()))

    intent = decide(build.world(*members, memory=past), build.host(), NOW).intents[0]

    assert isinstance(intent, Wish)
    assert intent.withdrawn == frozenset({"192.0.2.5", "not a value"})


def test_the_publics_address_is_compared_not_its_spelling() -> None:
    mapped = ((ip_address("10.0.0.1"), ip_address("2001:db8:0:0::7")),)
    members = (member("ams", seen("10.0.0.1"), address_map=mapped), member("fra", seen("2001:db8::7")))

    assert sets(decide(build.world(*members), build.host(), NOW)) == [("AAAA", 30, ("2001:db8::7",))]


@pytest.mark.parametrize(
    ("resolutions", "served", "reason"),
    [
        pytest.param((), [], Reason.UNRESOLVED, id="nobody knows yet where it leads"),
        pytest.param(((LB, resolved("203.0.113.9")),), [], Reason.NOT_PERMITTED, id="it leads elsewhere"),
        pytest.param(
            ((LB, resolved("192.0.2.1", "203.0.113.9")),), [("A", 30, ("192.0.2.1",))], Reason.READY, id="it leads to both"
        ),
    ],
)
def test_a_zone_that_permits_some_networks_alone_gets_no_cname_whose_owner_could_lead_it_elsewhere(
    resolutions: tuple[tuple[DnsName, Resolved], ...], served: list[tuple[str, int, tuple[str, ...]]], reason: Reason
) -> None:
    zone = build.zone(allowed_targets=build.networks("192.0.2.0/24"))
    decision = decide(build.world(member("fra", seen("lb.example.net")), zones=(zone,), resolutions=resolutions), build.host(), NOW)

    assert sets(decision) == served
    assert decision.verdicts[0].reason is reason


def test_an_alias_that_is_to_become_addresses_stays_until_these_are_known() -> None:
    view = member("fra", seen("lb.example.net"))
    before = decide(build.world(view), build.host(), NOW)
    assert sets(before) == [("CNAME", 30, ("lb.example.net.",))]
    zone = build.zone(allowed_targets=build.networks("192.0.2.0/24"))
    memory = before.memory
    for minute in range(3):  # the resolver is silent, or has not been asked yet after a restart
        waiting = decide(build.world(view, zones=(zone,), memory=memory), build.host(), NOW + 60 * minute)
        (wish,) = waiting.intents
        assert isinstance(wish, Wish)
        assert (wish.sets, wish.complete, wish.withdrawn) == ((), False, frozenset())
        memory = waiting.memory
    known = ((LB, resolved("192.0.2.1")),)
    after = decide(build.world(view, zones=(zone,), memory=memory, resolutions=known), build.host(), NOW + 300)
    assert sets(after) == [("A", 30, ("192.0.2.1",))]
    unready = member("fra", seen("lb.example.net", ready=0))
    gone = decide(build.world(unready, zones=(zone,), memory=before.memory), build.host(when_none_healthy="Withdraw"), NOW + 60)
    (wish,) = gone.intents
    assert isinstance(wish, Wish)
    assert wish.complete or "lb.example.net." in wish.withdrawn
