"""Sets of routing policies in a plan: side by side where the provider can hold them, else the nearest safe thing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from mcidns.model import properties
from mcidns.model.records import RecordSet
from mcidns.program import fit, plan
from mcidns.program.mirror import Mirror
from mcidns.program.remarks import Remark
from mcidns.provider import Capabilities
from mcidns.testing.memory import TYPES
from tests.unit.program.builders import at, carried_out, content, name, records, rules, wanted, zone

APEX = name("")
BARE = Capabilities(TYPES, compare_and_set=True)
ABLE = Capabilities(TYPES, compare_and_set=True, set_identifiers=True)

WEIGHT, REGION, FAILOVER = "aws/weight", "aws/region", "aws/failover"
COUNTRY, CONTINENT = "aws/geolocation-country-code", "aws/geolocation-continent-code"


def apart(set_identifier: str, value: str, type_: str = "A", ttl: int = 30, **pairs: str) -> RecordSet:
    found = RecordSet.of(name("www"), type_, ttl, (value,), set_identifier)
    names = {"weight": WEIGHT, "region": REGION, "failover": FAILOVER, "country": COUNTRY, "continent": CONTINENT}
    return structs.replace(found, properties=tuple(sorted((names.get(key, key), text) for key, text in pairs.items())))


def fitted(*sets: RecordSet, capabilities: Capabilities = BARE) -> tuple[dict[str, tuple[str, ...]], tuple[Remark, ...]]:
    found = fit.fit(sets, capabilities, apex=APEX, default_ttl=30)
    return {str(key): one.values for key, one in found.sets.items()}, found.remarks


@pytest.mark.parametrize(
    ("sets", "left", "words"),
    [
        pytest.param(
            [apart("a", "192.0.2.1", weight="3"), apart("b", "192.0.2.2", weight="1"), apart("c", "192.0.2.3", weight="0")],
            "192.0.2.1 192.0.2.2",
            "all targets with a weight above 0",
            id="weights above 0",
        ),
        pytest.param(
            [apart("a", "192.0.2.1", weight="0"), apart("b", "192.0.2.2", weight="0")],
            "192.0.2.1 192.0.2.2",
            "weight above 0",
            id="weights of 0 where there is no other",
        ),
        pytest.param(
            [apart("eu", "192.0.2.1", continent="EU"), apart("all", "192.0.2.2", country="*")],
            "192.0.2.2",
            "for all other places",
            id="the place for everybody else",
        ),
        pytest.param(
            [apart("eu", "192.0.2.1", continent="EU"), apart("us", "192.0.2.2", country="US")],
            "192.0.2.1 192.0.2.2",
            "for all other places",
            id="every place where none is for everybody",
        ),
        pytest.param(
            [apart("a", "192.0.2.1", failover="PRIMARY"), apart("b", "192.0.2.2", failover="SECONDARY")],
            "192.0.2.1",
            "only the primary",
            id="the primary",
        ),
        pytest.param(
            [apart("a", "192.0.2.1", region="eu-west-1"), apart("b", "192.0.2.2", region="us-east-1")],
            "192.0.2.1 192.0.2.2",
            "all targets are served alike",
            id="every region",
        ),
        pytest.param(
            [apart("a", "192.0.2.1"), apart("b", "192.0.2.2")], "192.0.2.1 192.0.2.2", "alike", id="sets without a policy"
        ),
        pytest.param(
            [apart("a", "192.0.2.1", weight="0"), apart("b", "192.0.2.2", region="eu-west-1")],
            "192.0.2.1 192.0.2.2",
            "alike",
            id="two policies each by itself",
        ),
    ],
)
def test_sets_become_one(sets: list[RecordSet], left: str, words: str) -> None:
    for order in (sets, sets[::-1]):
        values, remarks = fitted(*order)
        assert values == {"www.example.org A": tuple(left.split())}
        assert [(one.state, one.reason) for one in remarks] == [("Programmed", "StrategyDegraded")]
        assert remarks[0].message.startswith("www.example.org: the zone's provider has no routing policies; ")
        assert words in remarks[0].message


def test_both_address_families_are_judged_together_and_other_types_apart() -> None:
    values, _ = fitted(
        apart("a", "192.0.2.1", weight="1"),
        apart("b", "2001:db8::1", "AAAA", weight="0"),
        apart("b", '"v"', "TXT", weight="0"),
    )
    assert values == {"www.example.org A": ("192.0.2.1",), "www.example.org TXT": ('"v"',)}


def test_the_lowest_ttl_holds() -> None:
    found = fit.fit(
        [apart("a", "192.0.2.1", weight="1"), apart("b", "192.0.2.2", ttl=9, weight="1")], BARE, apex=APEX, default_ttl=30
    )
    assert [one.ttl for one in found.sets.values()] == [9]


def test_of_several_aliases_the_heaviest_is_kept_and_the_loss_is_told() -> None:
    values, remarks = fitted(
        apart("a", "lb-a.example.net.", "CNAME", weight="1"), apart("b", "lb-b.example.net.", "CNAME", weight="200")
    )
    assert values == {"www.example.org CNAME": ("lb-b.example.net.",)}
    assert "lb-b.example.net. is kept, lb-a.example.net. is left out" in remarks[-1].message


def test_an_alias_beside_addresses_yields() -> None:
    assert fitted(apart("a", "lb.example.net.", "CNAME", weight="9"), apart("b", "192.0.2.1", weight="1"))[0] == {
        "www.example.org A": ("192.0.2.1",)
    }


def test_a_plain_set_only_loses_its_properties() -> None:
    plain = structs.replace(records("www"), properties=(("cloudflare-proxied", "true"),))
    values, remarks = fitted(plain, records("www", "AAAA", "2001:db8::1"))
    assert values == {"www.example.org A": ("192.0.2.1",), "www.example.org AAAA": ("2001:db8::1",)}
    assert [one.message for one in remarks] == ["www.example.org A: the zone's provider does not know cloudflare-proxied"]


def test_a_provider_that_can_gets_sets_as_they_are() -> None:
    sets = (apart("a", "192.0.2.1", weight="0"), apart("b", "192.0.2.2", weight="9"), records("www", "TXT", '"v"'))
    assert fitted(*sets, capabilities=ABLE) == ({str(one.key): one.values for one in sets}, ())


def test_but_not_two_policies_at_once() -> None:
    values, remarks = fitted(
        apart("a", "192.0.2.1", weight="1"),
        records("www", "A", "192.0.2.9"),
        apart("x", '"v"', "TXT", weight="1"),
        capabilities=ABLE,
    )
    assert values == {"www.example.org TXT [x]": ('"v"',), "www.example.org A": ("192.0.2.1", "192.0.2.9")}
    assert [one.message for one in remarks] == ["www.example.org: its sets follow different policies; all targets are served alike"]


VALUES = st.sampled_from(["192.0.2.1", "192.0.2.2", "192.0.2.3"])
SHAPES: st.SearchStrategy[list[RecordSet]] = st.one_of(
    st.lists(VALUES, min_size=1, unique=True).map(lambda values: [records("www", "A", *values)]),
    st.dictionaries(st.sampled_from("abc"), st.tuples(VALUES, st.sampled_from("0123")), min_size=1).map(
        lambda found: [apart(key, value, weight=weight) for key, (value, weight) in found.items()]
    ),
    st.dictionaries(st.sampled_from("abc"), VALUES, min_size=1).map(
        lambda found: [apart(key, value, region="eu-west-1") for key, value in found.items()]
    ),
    st.just([]),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(SHAPES, st.none() | st.frozensets(VALUES)), min_size=1, max_size=5))
def test_through_any_history_of_policies_the_zone_follows_and_never_mixes_two(
    history: list[tuple[list[RecordSet], frozenset[str] | None]],
) -> None:
    laws, held = rules(zone(), ABLE), content()
    for sets, removed in history:
        wished = {value for one in sets for value in one.values}
        removable = None if removed is None else removed - wished
        before = set(at(held)(name("www")))
        aim = wanted("www", *sets, removable=removable, may_empty=removable is None)
        changes = plan.diff(laws, aim, at(held), list(held)).changes
        held = carried_out(held, changes)
        after = set(at(held)(name("www")))
        assert not properties.mixed(after)
        assert len(changes) <= 1 or not properties.mixed(before | after)
        owned = {one.key.set_identifier for one in at(held)(name("mcidns-a.www"))}
        assert owned == {one.key.set_identifier for one in after}
        if removable is None:
            assert after == set(sets)
        else:
            kept = {value for one in before for value in one.values} - removable
            assert kept <= {value for one in after for value in one.values}
            assert not before or after, "law 2: what cannot be judged whole is not emptied"
        mirror = Mirror(laws, held)
        for _ in mirror.scan():
            pass
        again = plan.diff(laws, aim, mirror.at, mirror.places(name("www")))
        assert again.changes == ()
