"""Wishes of several objects for one name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from mcidns.model.names import DnsName
from mcidns.model.records import Untouched
from mcidns.program.wanted import Frozen, Gone, Wanted, Wishes
from tests.unit.program.builders import name, records, ref, wish

FOO = name("foo")


def index(*intents, settled=True):
    wishes = Wishes()
    if settled:
        wishes.settle()
    for intent in intents:
        wishes.replace(intent.source, (intent,))
    return wishes


def test_the_oldest_claim_wins_and_the_other_is_named():
    aim = index(wish("foo", "192.0.2.2", source=ref("late"), claimed_at=9.0), wish("foo", "192.0.2.1")).aim(FOO)
    assert isinstance(aim, Wanted)
    assert (aim.sets, aim.causes, aim.losers) == ((records("foo"),), (ref(),), (ref("late"),))


def test_of_two_claims_of_one_time_namespace_and_name_decide():
    aim = index(wish("foo", source=ref("b", namespace="a")), wish("foo", "192.0.2.1", source=ref("a", namespace="b"))).aim(FOO)
    assert isinstance(aim, Wanted)
    assert aim.causes == (ref("b", namespace="a"),)


@given(st.permutations([("a", "192.0.2.1", 60), ("b", "192.0.2.2", 30), ("c", "192.0.2.2", 90)]))
def test_partners_unite_with_the_lowest_ttl_in_any_order(order):
    aim = index(*(wish("foo", value, source=ref(one), ttl=ttl, merge="m") for one, value, ttl in order)).aim(FOO)
    assert isinstance(aim, Wanted)
    assert aim.sets == (records("foo", "A", "192.0.2.1", "192.0.2.2", ttl=30),)
    assert aim.resource == "globalhost/shop/a"
    assert aim.losers == ()


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param(True, False, ("192.0.2.2",), id="the healthy one displaces"),
        pytest.param(True, True, ("192.0.2.1", "192.0.2.2"), id="both fail open"),
        pytest.param(False, False, ("192.0.2.1", "192.0.2.2"), id="both healthy"),
    ],
)
def test_sets_that_fail_open_yield_to_a_partners_healthy_ones(first, second, expected):
    aim = index(
        wish("foo", "192.0.2.1", merge="m", fail_open=first), wish("foo", "192.0.2.2", source=ref("x"), merge="m", fail_open=second)
    ).aim(FOO)
    assert isinstance(aim, Wanted)
    assert aim.sets[0].values == expected


def test_a_cname_yields_to_a_partners_addresses():
    aim = index(wish("foo", "lb.example.net.", type_="CNAME", merge="m"), wish("foo", "192.0.2.1", source=ref("x"), merge="m")).aim(
        FOO
    )
    assert isinstance(aim, Wanted)
    assert aim.sets == (records("foo"),)


def test_an_untouched_name_is_frozen_whoever_else_wishes():
    aim = index(wish("foo", "192.0.2.1"), Untouched(ref("x"), FOO, "isolated")).aim(FOO)
    assert isinstance(aim, Frozen)
    assert aim.why == "isolated"


def test_one_incomplete_partner_keeps_everything_that_was_not_withdrawn():
    aim = index(
        wish("foo", "192.0.2.1", merge="m", complete=False, withdrawn=frozenset({"192.0.2.1", "192.0.2.9"})),
        wish("foo", "192.0.2.2", source=ref("x"), merge="m"),
    ).aim(FOO)
    assert isinstance(aim, Wanted)
    assert (aim.removable, aim.may_empty) == (frozenset({"192.0.2.9"}), False)


def test_a_name_nobody_ever_wished_for_is_unknown_until_all_objects_were_decided():
    wishes = index(settled=False)
    assert wishes.aim(FOO) is None
    wishes.settle()
    assert wishes.aim(FOO) == Gone(FOO)


def test_only_names_that_changed_are_told():
    wishes = index()
    assert wishes.replace(ref(), (wish("foo", "192.0.2.1"), wish("bar", "192.0.2.1"))) == ({FOO, name("bar")}, False)
    assert wishes.replace(ref(), (wish("foo", "192.0.2.1"), wish("bar", "192.0.2.2"))) == ({name("bar")}, False)
    assert wishes.replace(ref(), ()) == ({FOO, name("bar")}, False)
    assert FOO not in wishes


def test_the_end_of_a_freeze_is_told_and_spares_the_objects_names_no_more():
    wishes = index(Untouched(ref(), name("bar"), "isolated"))
    gone = wishes.aim(FOO)
    assert isinstance(gone, Gone)
    assert gone.spared == {"globalhost/shop/web"}
    assert wishes.replace(ref(), ()) == ({name("bar")}, True)
    assert wishes.aim(FOO) == Gone(FOO)


def test_several_wishes_of_one_object_for_one_name_are_one():
    wishes = index()
    wishes.replace(ref(), (wish("foo", "192.0.2.1"), wish("foo", "2001:db8::1", type_="AAAA")))
    aim = wishes.aim(FOO)
    assert isinstance(aim, Wanted)
    assert {one.type for one in aim.sets} == {"A", "AAAA"}


def test_a_reverse_name_is_spared_while_its_object_cannot_be_judged_wholly():
    pointer = DnsName("1.2.0.192.in-addr.arpa.")
    wishes = index(structs.replace(wish("foo"), complete=False))
    aim, other = wishes.aim(pointer), wishes.aim(name("bar"))
    assert isinstance(aim, Gone)
    assert isinstance(other, Gone)
    assert aim.spared == frozenset({"globalhost/shop/web"})
    assert other.spared == frozenset()
    assert wishes.replace(ref(), (wish("foo"),)) == ({FOO}, True)
    after = wishes.aim(pointer)
    assert isinstance(after, Gone)
    assert after.spared == frozenset()
