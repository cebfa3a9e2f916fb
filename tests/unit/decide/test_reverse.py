"""PTR records where they are asked for: they follow what is served, never change it, and each address has one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcidns.decide import decide, reverse
from mcidns.decide.reverse import Claimant, Forward
from mcidns.model import targets
from mcidns.model.decisions import Decision, Memory, World
from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet, Untouched, Wish
from mcidns.model.zones import Grant, TtlBounds, Zone
from mcidns.testing import build
from mcidns.testing.build import NOW, absent, lost, member, seen, unread
from tests.unit.decide.answers import condition

FOURTH = build.zone("2.0.192.in-addr.arpa")
SIXTH = build.zone("8.b.d.0.1.0.0.2.ip6.arpa")
ONE, TWO = DnsName("1.2.0.192.in-addr.arpa."), DnsName("2.2.0.192.in-addr.arpa.")
TOLD = "ReversePublished"


def world(*members: Any, zones: tuple[Zone, ...] = (FOURTH, SIXTH), **changes: Any) -> World:
    """Members, the forward zone and these reverse zones."""
    return build.world(*members, zones=(build.ZONE, *zones), **changes)


def pointers(decision: Decision) -> dict[str, tuple[str, ...]]:
    """What each reverse name shall hold."""
    found = {}
    for intent in decision.reverse:
        assert isinstance(intent, Wish)
        found[intent.name.relative] = tuple(value for records in intent.sets for value in records.values)
    return found


def test_nobody_gets_a_ptr_who_does_not_ask() -> None:
    decision = decide(world(member("ams", seen("192.0.2.1"))), build.host(), NOW)
    assert decision.reverse == ()
    assert all(one.type != TOLD for one in decision.conditions)


def test_every_address_served_points_back_in_the_reverse_zone_that_holds_it() -> None:
    host = build.host(ptr=True, ttl=60, deletion_policy="Orphan")
    decision = decide(world(member("ams", seen("192.0.2.1", "2001:db8::1"))), host, NOW)
    last = "1" + 23 * ".0" + ".8.b.d.0.1.0.0.2.ip6.arpa."
    assert decision.reverse == (
        Wish(host.ref, ONE, (RecordSet.of(ONE, "PTR", 60, ["www.example.org."]),), host.created_at, orphan=True),
        Wish(
            host.ref,
            DnsName(last),
            (RecordSet.of(DnsName(last), "PTR", 60, ["www.example.org."]),),
            host.created_at,
            orphan=True,
        ),
    )
    assert set(decision.reverse) <= set(decision.intents)


def test_of_several_names_the_first_in_the_spec_has_the_address_and_a_wildcard_never() -> None:
    host = build.host("*.example.org", "web.example.org", "api.example.org", ptr=True)
    assert pointers(decide(world(member("ams", seen("192.0.2.1"))), host, NOW)) == {ONE.relative: ("web.example.org.",)}


def test_they_follow_health() -> None:
    host = build.host(ptr=True)
    both = decide(world(member("ams", seen("192.0.2.1")), member("fra", seen("192.0.2.2"))), host, NOW)
    assert pointers(both).keys() == {ONE.relative, TWO.relative}
    one = decide(world(member("ams", seen("192.0.2.1", ready=0)), member("fra", seen("192.0.2.2")), memory=both.memory), host, NOW)
    assert pointers(one).keys() == {TWO.relative}
    none = decide(
        world(member("ams", seen("192.0.2.1", ready=0)), member("fra", seen("192.0.2.2", ready=0)), memory=one.memory), host, NOW
    )
    assert pointers(none).keys() == {ONE.relative, TWO.relative}  # fail-open serves all


def test_while_nothing_may_be_written_they_are_left_alone_too() -> None:
    host = build.host(ptr=True)
    before = decide(world(member("ams", seen("192.0.2.1"))), host, NOW)
    cut = decide(world(member("ams", lost()), memory=before.memory, isolated=True), host, NOW)
    (intent,) = cut.reverse
    assert isinstance(intent, Untouched)
    assert (intent.name, intent.why.partition(":")[0]) == (ONE, "ControllerIsolated")


def test_while_a_member_was_never_heard_only_explicit_withdrawals_empty_a_reverse_name() -> None:
    host = build.host(ptr=True)
    past = Memory(published=((DnsName("www.example.org."), ("192.0.2.1", "192.0.2.2")),))
    members = (member("ams", absent()), member("fra", seen("192.0.2.2")), member("par", unread()))
    decision = decide(world(*members, memory=past), host, NOW)
    (forward,) = (name.intent for name in decision.names)
    assert isinstance(forward, Wish)
    assert not forward.complete
    assert "192.0.2.1" in forward.withdrawn
    assert pointers(decision) == {TWO.relative: ("www.example.org.",), ONE.relative: ()}


@pytest.mark.parametrize(
    ("zones", "reason", "said"),
    [
        pytest.param((), "NoReverseZone", "192.0.2.1 has no PTR: no DNSZone holds 1.2.0.192.in-addr.arpa", id="none"),
        pytest.param(
            (build.zone("0.192.in-addr.arpa", name="a"), build.zone("0.192.in-addr.arpa", name="b")),
            "AmbiguousZone",
            "same domain",
            id="two",
        ),
        pytest.param(
            (build.zone("2.0.192.in-addr.arpa", grants=(Grant(namespaces=("net",)),)),),
            "HostnameNotPermitted",
            "spec.grants",
            id="granted to others",
        ),
    ],
)
def test_an_address_without_a_reverse_zone_is_told_and_harms_nothing(zones: tuple[Zone, ...], reason: str, said: str) -> None:
    members = (member("ams", seen("192.0.2.1", "2001:db8::1")),)
    asking = decide(world(*members, zones=(*zones, SIXTH)), build.host(ptr=True), NOW)
    silent = decide(world(*members, zones=(*zones, SIXTH)), build.host(), NOW)
    told = condition(asking, TOLD)
    assert (told.status, told.reason) == ("False", reason)
    assert said in told.message
    assert len(asking.reverse) == 1
    assert asking.names == silent.names
    assert [one for one in asking.conditions if one.type != TOLD] == list(silent.conditions)


def test_the_reverse_zones_bounds_hold_for_the_ttl() -> None:
    zone = build.zone("2.0.192.in-addr.arpa", ttl=TtlBounds(300, 3600, 300))
    (intent,) = decide(world(member("ams", seen("192.0.2.1")), zones=(zone,)), build.host(ptr=True), NOW).reverse
    assert isinstance(intent, Wish)
    assert intent.sets[0].ttl == 300


@pytest.mark.parametrize(
    ("programming", "status", "reason"),
    [
        pytest.param((), "Unknown", "Pending", id="not taken up"),
        pytest.param((build.programming(ONE.text),), "True", "Programmed", id="programmed"),
        pytest.param(
            (build.programming(ONE.text, state="Failed", reason="HostnameConflict", message="b was first"),),
            "False",
            "HostnameConflict",
            id="somebody else's",
        ),
    ],
)
def test_what_became_of_them_is_told(programming: Any, status: str, reason: str) -> None:
    decision = decide(world(member("ams", seen("192.0.2.1")), programming=programming), build.host(ptr=True), NOW)
    assert (condition(decision, TOLD).status, condition(decision, TOLD).reason) == (status, reason)


def test_without_addresses_or_a_provider_that_is_told_too() -> None:
    alone = decide(world(member("ams", seen("lb.example.net"))), build.host(ptr=True), NOW)
    assert condition(alone, TOLD).reason == "NothingToProgram"
    unserved = world(member("ams", seen("192.0.2.1")), zones=(build.zone("2.0.192.in-addr.arpa", provider=None),))
    assert condition(decide(unserved, build.host(ptr=True), NOW), TOLD).reason == "DNSEndpointOnly"


addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
names = st.sampled_from(["www.example.org.", "api.example.org.", "*.example.org."]).map(DnsName)
forwards = st.lists(
    st.builds(
        Forward, names, st.lists(addresses, max_size=4).map(tuple), st.integers(1, 300), st.lists(addresses, max_size=2).map(tuple)
    ),
    max_size=5,
)


@given(forwards, st.sampled_from([(), (FOURTH,), (FOURTH, SIXTH), (build.zone("in-addr.arpa"), build.zone("ip6.arpa"))]))
def test_one_address_has_one_intent_and_it_is_a_ptr_in_a_reverse_zone_or_nothing(
    forward: list[Forward], zones: tuple[Zone, ...]
) -> None:
    found = reverse.of(forward, Claimant(build.HOST.ref, NOW, {}), zones)
    asked = [intent.name for intent in found.intents]
    assert len(asked) == len(set(asked))
    served = {targets.parse(value) for one in forward if not one.name.is_wildcard for value in one.values}
    with_records = [intent for intent in found.intents if isinstance(intent, Wish) and intent.sets]
    assert len(with_records) + len(found.refusals) == len(served)
    for intent in with_records:
        assert intent.name.is_reverse
        assert any(intent.name.inside(zone.domain) for zone in zones)
        assert [(one.type, len(one.values)) for one in intent.sets] == [("PTR", 1)]


def test_what_is_no_address_has_no_ptr_and_harms_none() -> None:
    name = DnsName("www.example.org.")
    forward = Forward(name, ("no address", "lb.example.net.", "192.0.2.1"), 30, ("192.0.2.2", "no.address.either..", ""))
    found = reverse.of([forward], Claimant(build.HOST.ref, NOW, {}), (FOURTH,))
    assert [intent.name for intent in found.intents] == [ONE, TWO]
    assert found.refusals == ()
