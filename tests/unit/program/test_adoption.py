"""Ownership handed over and given up: which TXTs change, what is refused, and that no record is ever touched."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcidns.model.records import RecordSet
from mcidns.program import adoption, ownership
from mcidns.program.adoption import Taking
from mcidns.provider import Capabilities
from mcidns.testing.memory import TYPES
from tests.unit.program.builders import OWNER, affix, at, carried_out, content, name, records, rules, txt, written, zone
from tests.unit.program.test_plan_properties import AFFIXES, HOSTS, zones

OLD = "former"
LAWS = rules(zone(read_also=(affix(), affix("txt."))))
FOO = records("foo")


def adopted(*sets: RecordSet, former: str | None = None, types: tuple[str, ...] = ("A", "AAAA", "CNAME"), resource: str = ""):
    held = content(*sets)
    return held, adoption.adopt(LAWS, name("foo"), at(held), Taking(former, frozenset(types), resource))


def mine(resource: str = "adopted") -> tuple[str, ...]:
    return (ownership.write(OWNER, resource, orphan=True),)


@pytest.mark.parametrize(
    ("marks", "left"),
    [
        pytest.param([txt("mcidns-a.foo", OLD)], {}, id="in our own form, in its place"),
        pytest.param([txt("a-foo", OLD)], {"a-foo.example.org TXT": ()}, id="by type"),
        pytest.param([txt("txt.a-foo", OLD)], {"txt.a-foo.example.org TXT": ()}, id="with a prefix"),
        pytest.param([txt("foo", OLD)], {"foo.example.org TXT": ()}, id="legacy without type"),
        pytest.param(
            [txt("a-foo", OLD), txt("foo", OLD)],
            {"a-foo.example.org TXT": (), "foo.example.org TXT": ()},
            id="two forms at once",
        ),
        pytest.param(
            [records("a-foo", "TXT", '"v=spf1"', ownership.write(OLD, "globalhost/shop/web"))],
            {"a-foo.example.org TXT": ('"v=spf1"',)},
            id="beside another value",
        ),
    ],
)
def test_every_form_of_a_former_owners_mark_makes_way_for_ours(marks, left):
    held, found = adopted(FOO, *marks, former=OLD)
    assert found.change is not None
    assert written((found.change,)) == {"mcidns-a.foo.example.org TXT": mine("globalhost/shop/web"), **left}
    assert carried_out(held, (found.change,))[FOO.name] == tuple(one for one in held[FOO.name] if one.type == "A")


def test_an_alias_is_taken_by_its_older_mark():
    alias = RecordSet(FOO.key, 30, ("lb.example.net.",), (("alias", "true"),))
    _, found = adopted(alias, txt("cname-foo", OLD), former=OLD)
    assert found.change is not None
    assert written((found.change,)) == {
        "mcidns-a.foo.example.org TXT": mine("globalhost/shop/web"),
        "cname-foo.example.org TXT": (),
    }


def test_records_of_nobody_are_marked_and_other_types_left_alone():
    _, found = adopted(FOO, records("foo", "AAAA", "2001:db8::1"), records("foo", "MX", "1 mx."), resource="globalhost/shop/new")
    assert found.change is not None
    assert written((found.change,)) == {
        "mcidns-a.foo.example.org TXT": mine("globalhost/shop/new"),
        "mcidns-aaaa.foo.example.org TXT": mine("globalhost/shop/new"),
    }
    assert [edit.key.type for edit in found.change.edits if edit.is_check] == ["A", "AAAA"]


def test_a_legacy_mark_stays_while_it_speaks_for_what_was_not_taken():
    alone = records("foo", "NAPTR", "1 1 x")
    held = content(FOO, alone, txt("foo", OLD), txt("mcidns-naptr.foo", "third"))
    found = adoption.adopt(LAWS, name("foo"), at(held), Taking(OLD))
    assert found.change is not None
    assert written((found.change,)) == {"mcidns-a.foo.example.org TXT": mine("globalhost/shop/web")}
    assert ("belongs to third" in found.refused[0], len(found.refused)) == (True, 1)


def test_what_the_former_owner_left_beside_our_own_value_goes():
    both = records("mcidns-a.foo", "TXT", ownership.write(OWNER, "x/y/z"), ownership.write(OLD, "x/y/z"))
    _, found = adopted(FOO, both, former=OLD)
    assert found.change is not None
    assert written((found.change,)) == {"mcidns-a.foo.example.org TXT": mine("x/y/z")}


@pytest.mark.parametrize(
    ("sets", "former", "words"),
    [
        pytest.param([FOO, txt("a-foo", OLD)], None, "belongs to former; only with --owner", id="another owner's, unasked"),
        pytest.param([FOO, txt("a-foo", "third")], OLD, "belongs to third", id="a third one's"),
        pytest.param([FOO], OLD, "carries no mark of former", id="nobody's, where an owner's was meant"),
        pytest.param([FOO, records("a-foo", "TXT", '"x"')], None, "is no ownership; remove it", id="a place that is taken"),
        pytest.param([FOO, records("mcidns-a.foo", "CNAME", "x.")], None, "remove that CNAME", id="a CNAME in the place"),
        pytest.param([txt("mcidns-a.foo", OLD)], OLD, "holds no record", id="a mark without record"),
        pytest.param([], None, "holds no record", id="nothing at all"),
        pytest.param(
            [FOO, records("a-foo", "TXT", ownership.write(OLD, "x/y/z"), ownership.write("third", "x/y/z"))],
            OLD,
            "belongs to former and third",
            id="two at once",
        ),
    ],
)
def test_what_may_not_change_hands_says_why(sets, former, words):
    _, found = adopted(*sets, former=former)
    assert found.change is None
    assert words in found.refused[0]


@pytest.mark.parametrize(
    ("host", "form", "words"),
    [
        pytest.param("", affix(), "outside of the zone", id="the apex by type"),
        pytest.param("x" * 63, affix(), "longer than DNS allows", id="a label of 63 characters"),
    ],
)
def test_what_has_no_room_for_a_mark_says_what_to_change(host, form, words):
    laws = rules(zone(write=form))
    found = adoption.adopt(laws, name(host), at(content(records(host))), Taking())
    assert (found.change, words in found.refused[0]) == (None, True)


def test_released_is_whatever_is_ours_with_its_orphans():
    held = content(
        FOO, txt("mcidns-a.foo"), txt("mcidns-mx.foo"), records("foo", "AAAA", "2001:db8::1"), txt("mcidns-aaaa.foo", OLD)
    )
    found = adoption.release(LAWS, name("foo"), at(held))
    assert found.change is not None
    assert written((found.change,)) == {"mcidns-a.foo.example.org TXT": (), "mcidns-mx.foo.example.org TXT": ()}
    assert adoption.release(LAWS, name("bar"), at(held)).refused == ("bar.example.org is not ours",)


def test_a_legacy_mark_of_ours_is_released_too():
    held = content(FOO, txt("foo"))
    found = adoption.release(LAWS, name("foo"), at(held))
    assert found.change is not None
    assert written((found.change,)) == {"foo.example.org TXT": ()}


def test_the_census_counts_each_record_once_and_marks_only_without_record():
    held = content(
        FOO, txt("a-foo", OLD), txt("mcidns-a.ghost"), records("bar", "TXT", '"x"'), records("baz", "A"), txt("baz", OLD)
    )
    found = adoption.census(LAWS, tuple(held), at(held))
    assert [(str(one.key).replace(".example.org", ""), one.owner, one.orphan) for one in found] == [
        ("bar TXT", "", False),
        ("baz A", OLD, False),
        ("foo A", OLD, False),
        ("ghost A", OWNER, True),
    ]


@given(held=zones(), host=st.sampled_from(HOSTS), forms=AFFIXES, former=st.sampled_from([None, "other"]))
@settings(max_examples=400, deadline=None)
def test_adopting_changes_nothing_but_marks_and_none_of_anybody_else(held, host, forms, former):
    laws = rules(zone(write=forms[0], read_also=forms[1]), Capabilities(types=TYPES, compare_and_set=True))
    found = adoption.adopt(laws, name(host), at(held), Taking(former))
    after = carried_out(held, (found.change,) if found.change is not None else ())
    for place, sets in held.items():
        for one in sets:
            claims = laws.names.holding(one).claims
            if not claims or not {claim.owner for claim in claims} <= {former, OWNER}:
                assert one in after[place], f"{one} is not for us to touch"
    for key in found.keys:
        assert laws.names.owns(laws.names.find(key, at(after)))
    again = adoption.adopt(laws, name(host), at(after), Taking(former))
    assert again.change is None
    released = adoption.release(laws, name(host), at(after))
    left = carried_out(after, (released.change,) if released.change is not None else ())
    records_ = {one for sets in held.values() for one in sets if not laws.names.holding(one).claims}
    assert records_ <= {one for sets in left.values() for one in sets}
