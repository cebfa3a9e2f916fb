"""plan.diff by tables: what stands, what is wished, what is written and what is said."""

from dataclasses import replace

import pytest
from msgspec import structs

from mcidns.errors import Rejected
from mcidns.model.records import Edit, RecordKey, RecordSet, Urgency
from mcidns.program import plan
from mcidns.program.standing import Rules
from mcidns.program.wanted import Gone
from mcidns.provider import Capabilities
from mcidns.testing.memory import TYPES
from tests.unit.program.builders import (
    OWNER,
    affix,
    at,
    carried_out,
    content,
    name,
    records,
    ref,
    rules,
    txt,
    wanted,
    written,
    zone,
)

MINE = "mcidns-a.foo"
FOO = name("foo")
SCARCE = Capabilities(types=TYPES, compare_and_set=True, set_identifiers=True, scarce=True)
OURS = (records("foo", "A", "192.0.2.1"), txt(MINE))
NEW_TXT = txt(MINE).values


def diff(aim, *held, zone=None, places=(MINE, "mcidns-aaaa.foo", "mcidns-cname.foo", "foo"), capabilities=None):
    standing = content(*held)
    known = [name(place) for place in places if name(place) in standing]
    found = plan.diff(rules(zone, capabilities), aim, at(standing), known)
    carried_out(standing, found.changes)
    return found


def reasons(found):
    return [(remark.state, remark.reason) for remark in found.remarks]


def test_a_new_name_gets_record_and_txt_in_one_change():
    found = diff(wanted("foo", records("foo")))
    assert len(found.changes) == 1
    assert written(found.changes) == {"foo.example.org A": ("192.0.2.1",), "mcidns-a.foo.example.org TXT": NEW_TXT}
    assert found.changes[0].urgency is Urgency.ADD


def test_what_stands_as_wished_is_no_change_at_all():
    assert diff(wanted("foo", records("foo")), *OURS).changes == ()


@pytest.mark.parametrize(
    ("before", "after", "urgency"),
    [
        pytest.param(("192.0.2.1", "192.0.2.2"), ("192.0.2.1",), Urgency.WITHDRAW, id="an address less"),
        pytest.param(("192.0.2.1",), ("192.0.2.2",), Urgency.WITHDRAW, id="another address"),
        pytest.param(("192.0.2.1",), ("192.0.2.1", "192.0.2.2"), Urgency.ADD, id="an address more"),
    ],
)
def test_an_update_states_what_it_found_and_relies_on_the_ownership(before, after, urgency):
    old, new = records("foo", "A", *before), records("foo", "A", *after)
    (change,) = diff(wanted("foo", new), old, txt(MINE)).changes
    assert set(change.edits) == {Edit(old.key, old, new), Edit(txt(MINE).key, txt(MINE), txt(MINE))}
    assert change.urgency is urgency


def test_a_new_ttl_is_cosmetic_and_the_txt_keeps_its_own():
    (change,) = diff(wanted("foo", records("foo", ttl=60)), *OURS).changes
    assert change.urgency is Urgency.COSMETIC
    assert [edit.key.type for edit in change.edits if not edit.is_check] == ["A"]


def test_a_new_note_in_the_ownership_is_cosmetic_and_keeps_the_txts_ttl():
    (change,) = diff(wanted("foo", records("foo"), clusters="eu"), *OURS).changes
    assert change.urgency is Urgency.COSMETIC
    assert written([change]) == {"mcidns-a.foo.example.org TXT": txt(MINE, clusters="eu").values}


def test_where_requests_are_scarce_a_new_note_follows_the_withdrawal_in_a_change_of_its_own():
    both = records("foo", "A", "192.0.2.1", "198.51.100.1")
    aim = wanted("foo", records("foo", "A", "192.0.2.1"), clusters="catania")
    found = diff(aim, both, txt(MINE, clusters="catania+napoli"), capabilities=SCARCE)
    withdrawal, note = found.changes
    assert (withdrawal.urgency, note.urgency) == (Urgency.WITHDRAW, Urgency.COSMETIC)
    assert written([withdrawal]) == {"foo.example.org A": ("192.0.2.1",)}
    assert [edit.key.type for edit in withdrawal.edits if edit.is_check] == ["TXT"]
    assert written([note]) == {"mcidns-a.foo.example.org TXT": txt(MINE, clusters="catania").values}


def test_an_ownership_that_names_another_object_is_no_note_and_changes_with_its_record():
    aim = wanted("foo", records("foo", "A", "192.0.2.9"), source=ref("other"), labels=frozenset({"globalhost/shop/web"}))
    (change,) = diff(aim, *OURS, capabilities=SCARCE).changes
    assert len(written([change])) == 2


def test_of_two_sets_with_identifiers_one_goes_with_its_own_ownership():
    def weighted(one, setid):
        return structs.replace(one, key=RecordKey(one.name, one.type, setid), properties=(("aws/weight", "1"),))

    standing = [weighted(one, setid) for setid in ("eu", "us") for one in OURS]
    found = diff(wanted("foo", weighted(OURS[0], "eu")), *standing, capabilities=SCARCE)
    assert written(found.changes) == {"foo.example.org A [us]": (), "mcidns-a.foo.example.org TXT [us]": ()}
    assert carried_out(content(*standing), found.changes) == content(*(weighted(one, "eu") for one in OURS))


class Amazonian:
    """Stores an alias as an address set of TTL 0, and knows one property."""

    def adjust(self, zone, records):
        if ("alias", "true") not in records.properties:
            return (structs.replace(records, properties=()),)
        if len(records.values) > 1:
            raise Rejected(f"{records.key}: an alias has one target")
        return (structs.replace(records, key=RecordKey(records.key.name, "A"), ttl=0),)


def test_what_a_back_end_stores_in_its_own_way_is_planned_as_it_will_be_read():
    adjusting = Rules.of(zone(), SCARCE, Amazonian())
    apex = structs.replace(records("", "CNAME", "lb.example.net.", ttl=300), properties=(("alias", "true"),))
    aim = wanted("", apex)
    first = plan.diff(adjusting, aim, at({}))
    after = carried_out({}, first.changes)
    alias = RecordSet(RecordKey(name(""), "A"), 0, ("lb.example.net.",), (("alias", "true"),))
    assert alias in after[name("")]
    assert plan.diff(adjusting, aim, at(after), tuple(after)).changes == ()


def test_what_a_back_end_cannot_store_in_its_own_way_is_told_and_nothing_else_suffers():
    adjusting = Rules.of(zone(), SCARCE, Amazonian())
    bad = structs.replace(records("foo", "AAAA", "a.example.net.", "b.example.net."), properties=(("alias", "true"),))
    strange = structs.replace(records("foo"), properties=(("cloudflare-proxied", "true"),))
    found = plan.diff(adjusting, wanted("foo", bad, strange), at({}))
    assert reasons(found) == [("Failed", "Rejected")]
    assert written(found.changes)["foo.example.org A"] == ("192.0.2.1",)
    assert len(found.changes) == 1


def test_a_change_of_type_is_one_change_with_both_ownerships():
    (change,) = diff(wanted("foo", records("foo", "CNAME", "lb.example.net.")), *OURS).changes
    assert written([change]) == {
        "foo.example.org A": (),
        "mcidns-a.foo.example.org TXT": (),
        "foo.example.org CNAME": ("lb.example.net.",),
        "mcidns-cname.foo.example.org TXT": NEW_TXT,
    }


def test_two_types_are_two_changes_so_that_one_cannot_harm_the_other():
    found = diff(wanted("foo", records("foo"), records("foo", "AAAA", "2001:db8::1")))
    assert len(found.changes) == 2


def test_a_record_gone_while_its_txt_stands_is_made_again_under_the_same_txt():
    (change,) = diff(wanted("foo", records("foo")), txt(MINE)).changes
    assert written([change]) == {"foo.example.org A": ("192.0.2.1",)}
    assert Edit(txt(MINE).key, txt(MINE), txt(MINE)) in change.edits


def test_the_very_record_we_would_write_is_foreign_without_our_txt():
    found = diff(wanted("foo", records("foo")), records("foo"))
    assert found.changes == ()
    assert reasons(found) == [("Failed", "NotOwner")]
    assert "mcidns-a.foo.example.org" in found.remarks[0].message


@pytest.mark.parametrize(
    ("wish", "standing", "needle"),
    [
        pytest.param(records("foo"), (records("foo", "A", "198.51.100.9"), txt(MINE, "other")), "'other'", id="another owner's A"),
        pytest.param(records("foo"), (txt(MINE, "other"),), "'other'", id="another owner's TXT alone"),
        pytest.param(
            records("foo"), (records(MINE, "TXT", '"hello"'),), "remove that TXT", id="a stranger's TXT where ours would be"
        ),
        pytest.param(
            records("foo"), (records(MINE, "CNAME", "x.example.net."),), "remove that CNAME", id="a CNAME where our TXT would be"
        ),
        pytest.param(
            records("foo"), (records("foo", "CNAME", "x.example.net."),), "foo.example.org CNAME", id="a CNAME at the name"
        ),
        pytest.param(
            records("foo"), (records("foo", "AAAA", "2001:db8::9"),), "foo.example.org AAAA", id="the other address family"
        ),
        pytest.param(
            records("foo", "CNAME", "a.example.net."), (records("foo", "MX", "1 m."),), "foo.example.org MX", id="CNAME beside MX"
        ),
        pytest.param(records("foo", "TXT", '"x"'), (records("foo", "TXT", '"y"'),), "foo.example.org TXT", id="the same type"),
    ],
)
def test_whatever_is_not_ours_is_left_alone_and_named(wish, standing, needle):
    found = diff(wanted("foo", wish), *standing)
    assert found.changes == ()
    assert reasons(found) == [("Failed", "NotOwner")]
    assert needle in found.remarks[0].message


@pytest.mark.parametrize("beside", [pytest.param(t, id=t) for t in ("MX", "TXT", "CAA")])
def test_our_address_may_stand_beside_other_peoples_other_types(beside):
    found = diff(wanted("foo", records("foo")), records("foo", beside, '"x"'))
    assert written(found.changes)["foo.example.org A"] == ("192.0.2.1",)


def test_a_foreign_sibling_stops_no_withdrawal_of_ours():
    both = records("foo", "A", "192.0.2.1", "192.0.2.2")
    found = diff(wanted("foo", records("foo")), both, txt(MINE), records("foo", "AAAA", "2001:db8::9"))
    assert written(found.changes) == {"foo.example.org A": ("192.0.2.1",)}


def test_a_name_in_use_is_not_emptied_for_a_type_that_cannot_be_written():
    found = diff(wanted("foo", records("foo", "CNAME", "lb.example.net.")), *OURS, records("foo", "MX", "1 m."))
    assert found.changes == ()
    assert reasons(found) == [("Failed", "NotOwner")]


def test_an_explicit_wish_for_nothing_deletes_ours_with_its_txt():
    found = diff(wanted("foo"), *OURS, records("foo", "MX", "1 m."))
    assert written(found.changes) == {"foo.example.org A": (), "mcidns-a.foo.example.org TXT": ()}
    assert found.empties


@pytest.mark.parametrize(
    ("policy", "wish", "changes", "said"),
    [
        pytest.param("UpsertOnly", (), {}, [("Held", "PolicyForbids")], id="UpsertOnly deletes nothing"),
        pytest.param("UpsertOnly", ("192.0.2.9",), {"foo.example.org A": ("192.0.2.9",)}, [], id="UpsertOnly updates"),
        pytest.param("CreateOnly", ("192.0.2.9",), {}, [("Held", "PolicyForbids")], id="CreateOnly updates nothing"),
        pytest.param("CreateOnly", ("192.0.2.1",), {}, [], id="CreateOnly is content with what is as wished"),
    ],
)
def test_the_zones_policy_limits_the_plan(policy, wish, changes, said):
    sets = (records("foo", "A", *wish),) if wish else ()
    found = diff(wanted("foo", *sets), *OURS, zone=zone(policy=policy))
    assert written(found.changes) == changes
    assert reasons(found) == said
    assert not found.empties


def test_upsert_only_plans_no_create_beside_an_old_cname():
    cname = (records("foo", "CNAME", "lb.example.net."), txt("mcidns-cname.foo"))
    found = diff(wanted("foo", records("foo")), *cname, zone=zone(policy="UpsertOnly"))
    assert found.changes == ()
    assert {reason for _, reason in reasons(found)} == {"PolicyForbids"}


def test_ownership_in_an_older_form_is_completed_by_the_new_one_and_kept():
    older = zone(write=affix("mcidns-%{record_type}."), read_also=(affix(),))
    (change,) = diff(wanted("foo", records("foo")), records("foo"), txt("a-foo"), zone=older, places=("a-foo",)).changes
    assert written([change]) == {"mcidns-a.foo.example.org TXT": NEW_TXT}
    assert Edit(txt("a-foo").key, txt("a-foo"), txt("a-foo")) in change.edits


def test_a_delete_takes_every_form_of_our_ownership_along_by_the_raw_value():
    older = zone(write=affix("mcidns-%{record_type}."), read_also=(affix(),))
    odd = records("foo", "TXT", '"heritage=external-dns,external-dns/resource=globalhost/shop/web,external-dns/owner=mcidns-test"')
    found = diff(Gone(FOO), records("foo"), txt("a-foo"), odd, txt(MINE), zone=older, places=("a-foo", "foo", MINE))
    assert written(found.changes) == {
        "foo.example.org A": (),
        "a-foo.example.org TXT": (),
        "foo.example.org TXT": (),
        "mcidns-a.foo.example.org TXT": (),
    }
    assert len(found.changes) == 1


def test_a_shared_legacy_txt_stays_while_one_record_needs_it():
    older = zone(write=affix(), read_also=())
    held = (records("foo"), records("foo", "MX", "1 m."), txt("foo"))
    found = diff(wanted("foo", records("foo", "MX", "1 m.")), *held, zone=older, places=("foo",))
    assert written(found.changes) == {"foo.example.org A": (), "mx-foo.example.org TXT": NEW_TXT}


def test_other_values_in_an_ownership_txt_survive():
    shared = records("foo", "TXT", '"v=spf1 -all"', *txt("foo").values)
    found = diff(Gone(FOO), records("foo"), shared, zone=zone(write=affix()), places=("foo",))
    assert written(found.changes) == {"foo.example.org A": (), "foo.example.org TXT": ('"v=spf1 -all"',)}


def test_a_txt_that_speaks_for_nothing_any_more_is_removed():
    found = diff(wanted("foo", records("foo")), *OURS, txt("mcidns-cname.foo"))
    assert written(found.changes) == {"mcidns-cname.foo.example.org TXT": ()}
    assert not found.empties


class TestWithoutARegistry:
    plain = zone(registry="None")

    def test_everything_at_a_wished_name_is_ours(self):
        found = diff(wanted("foo", records("foo", "A", "192.0.2.9")), records("foo"), zone=self.plain)
        assert written(found.changes) == {"foo.example.org A": ("192.0.2.9",)}

    def test_other_types_are_not(self):
        assert diff(wanted("foo"), records("foo", "MX", "1 m."), zone=self.plain).changes == ()

    def test_a_name_that_was_wished_for_is_taken_away_only_as_it_was_wished(self):
        gone = Gone(FOO, sets=(records("foo"),))
        assert written(diff(gone, records("foo"), zone=self.plain).changes) == {"foo.example.org A": ()}
        assert diff(gone, records("foo", "A", "198.51.100.7"), zone=self.plain).changes == ()


class TestIncomplete:
    """Law 1: what an unheard member may have given stays."""

    def test_values_that_were_not_withdrawn_stay(self):
        old = records("foo", "A", "192.0.2.1", "192.0.2.2", "192.0.2.3")
        aim = wanted("foo", records("foo"), removable=frozenset({"192.0.2.3"}), may_empty=False)
        assert written(diff(aim, old, txt(MINE)).changes) == {"foo.example.org A": ("192.0.2.1", "192.0.2.2")}

    def test_a_set_is_never_deleted(self):
        aim = wanted("foo", removable=frozenset({"192.0.2.1"}), may_empty=False)
        assert diff(aim, *OURS).changes == ()

    def test_a_change_of_type_waits(self):
        aim = wanted("foo", records("foo", "CNAME", "lb.example.net."), removable=frozenset(), may_empty=False)
        assert diff(aim, *OURS).changes == ()

    def test_a_name_that_holds_nothing_gets_what_is_known(self):
        aim = wanted("foo", records("foo"), removable=frozenset(), may_empty=False)
        assert written(diff(aim).changes)["foo.example.org A"] == ("192.0.2.1",)


class TestBeforeEveryObjectWasDecided:
    def test_a_name_that_is_another_objects_waits(self):
        other = txt(MINE, resource="globalhost/shop/elder")
        found = diff(wanted("foo", records("foo", "A", "192.0.2.9"), patient=True), records("foo"), other)
        assert found.changes == ()
        assert found.restrained
        assert reasons(found) == [("Pending", "Starting")]

    def test_a_farewell_waits_for_values_it_never_saw(self):
        gone = Gone(FOO, removable=frozenset({"192.0.2.1"}))
        assert diff(gone, records("foo", "A", "192.0.2.1", "192.0.2.2"), txt(MINE)).restrained
        assert diff(gone, *OURS).empties


class TestFarewell:
    def test_an_orphan_is_deleted_with_its_txt(self):
        found = diff(Gone(FOO), *OURS)
        assert written(found.changes) == {"foo.example.org A": (), "mcidns-a.foo.example.org TXT": ()}
        assert found.empties

    @pytest.mark.parametrize(
        ("gone", "mark"),
        [
            pytest.param(Gone(FOO), txt(MINE, orphan="yes"), id="by the label"),
            pytest.param(Gone(FOO, orphan=True), txt(MINE), id="by the last wish"),
        ],
    )
    def test_a_record_that_outlives_its_object_only_loses_its_txt(self, gone, mark):
        found = diff(gone, records("foo"), mark)
        assert written(found.changes) == {"mcidns-a.foo.example.org TXT": ()}
        assert not found.empties

    def test_a_record_of_an_object_that_cannot_be_judged_stays(self):
        assert diff(Gone(FOO, spared=frozenset({"globalhost/shop/web"})), *OURS).changes == ()

    def test_other_peoples_records_stay(self):
        assert diff(Gone(FOO), records("foo"), txt(MINE, "other")).changes == ()

    def test_upsert_only_deletes_nothing(self):
        assert diff(Gone(FOO), *OURS, zone=zone(policy="UpsertOnly")).changes == ()


class TestLimitsOfTheProvider:
    poor = Capabilities(types=frozenset({"A", "TXT"}), compare_and_set=True, min_ttl=60, max_ttl=3600)

    @pytest.mark.parametrize(
        ("wish", "reason", "needle"),
        [
            pytest.param(records("foo", "SRV", "1 1 1 x."), "Rejected", "cannot write type SRV", id="a type it has not"),
            pytest.param(records("foo", "A", "192.0.2.1.5"), "Rejected", "no IPv4 address", id="garbage for an address"),
        ],
    )
    def test_what_cannot_be_written_is_told_and_empties_nothing(self, wish, reason, needle):
        found = diff(wanted("foo", wish), *OURS, capabilities=self.poor)
        assert found.changes == ()
        assert reasons(found) == [("Failed", reason)]
        assert needle in found.remarks[0].message

    def test_a_cname_at_the_apex_is_refused_with_the_remedy(self):
        found = diff(wanted("", records("", "CNAME", "lb.example.net.")), places=())
        assert "give addresses" in found.remarks[0].message

    def test_a_ttl_out_of_bounds_is_clamped_and_told_and_stays_so(self):
        found = diff(wanted("foo", records("foo", ttl=5)), capabilities=self.poor)
        assert found.changes[0].edits[0].new == records("foo", ttl=60)
        assert reasons(found) == [("Programmed", "TTLClamped")]
        assert diff(wanted("foo", records("foo", ttl=5)), records("foo", ttl=60), txt(MINE), capabilities=self.poor).changes == ()

    def test_set_identifiers_become_one_set_where_there_are_none(self):
        sets = [records("foo", "A", value) for value in ("192.0.2.1", "192.0.2.2")]
        marked = [type(one)(RecordKey(FOO, "A", mark), one.ttl, one.values) for one, mark in zip(sets, ("eu", "us"), strict=True)]
        found = diff(wanted("foo", *marked))
        assert written(found.changes)["foo.example.org A"] == ("192.0.2.1", "192.0.2.2")
        assert reasons(found) == [("Programmed", "StrategyDegraded")]

    def test_a_ttl_nobody_gave_is_the_zones_default(self):
        assert diff(wanted("foo", records("foo", ttl=0))).changes[0].edits[0].new == records("foo", ttl=30)


def test_the_causes_and_a_note_for_people_stand_in_the_change():
    (change,) = diff(
        wanted("foo", records("foo", "A", "192.0.2.9"), source=ref("api")),
        records("foo"),
        txt(MINE, resource="globalhost/shop/api"),
    ).changes
    assert change.causes == (ref("api"),)
    assert change.note == "A 192.0.2.1 -> 192.0.2.9"


@pytest.mark.parametrize("owner", [pytest.param(OWNER, id="ours"), pytest.param("former", id="a former owner's")])
def test_an_alias_found_by_its_older_mark_gets_the_new_one_and_loses_the_older_afterwards(owner):
    alias = RecordSet(records("foo").key, 30, ("lb.example.net.",), (("alias", "true"),))
    able = Capabilities(types=TYPES, compare_and_set=True, set_identifiers=True)
    laws = replace(rules(zone(read_also=(affix(),), former_owners=("former",)), able), adjust=lambda one: (one,))
    held = content(alias, txt("cname-foo", owner))
    wish = wanted("foo", alias)
    first = plan.diff(laws, wish, at(held), (name("cname-foo"),))
    assert written(first.changes) == {"mcidns-a.foo.example.org TXT": txt("mcidns-a.foo").values}
    after = carried_out(held, first.changes)
    second = plan.diff(laws, wish, at(after), (name("cname-foo"), name("mcidns-a.foo")))
    assert written(second.changes) == {"cname-foo.example.org TXT": ()}
