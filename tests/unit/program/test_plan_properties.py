"""plan.diff for any zone and any wish: what is foreign stays, a second diff is empty, the order of things says nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet
from mcidns.model.zones import Affix
from mcidns.program import fit, ownership, plan
from mcidns.program.mirror import Mirror
from mcidns.program.wanted import Gone, Wanted
from tests.unit.program.builders import (
    OWNER,
    Content,
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
    zone,
)

HOSTS = ("foo", "a-foo", "*", "bar.foo", "")
ADDRESSES = st.lists(st.sampled_from(["192.0.2.1", "192.0.2.2", "192.0.2.3"]), min_size=1, unique=True)
SIXES = st.lists(st.sampled_from(["2001:db8::1", "2001:db8::2"]), min_size=1, unique=True)
ALIAS = st.sampled_from(["lb.example.net.", "other.example.net."])
AFFIXES: st.SearchStrategy[tuple[Affix, tuple[Affix, ...]]] = st.sampled_from(
    [
        (affix("mcidns-%{record_type}."), ()),
        (affix("mcidns-%{record_type}."), (affix(), affix("txt."))),
        (affix("txt."), (affix("mcidns-%{record_type}."),)),
    ]
)
MARKS = ("mcidns-a.{}", "mcidns-aaaa.{}", "mcidns-cname.{}", "mcidns-txt.{}", "a-{}", "cname-{}", "txt.a-{}", "txt.{}")


@st.composite
def sets_at(draw: st.DrawFn, host: str) -> list[RecordSet]:
    """What DNS allows at one name: a CNAME alone, or any of the others."""
    if draw(st.booleans()) and host:
        return [records(host, "CNAME", draw(ALIAS), ttl=draw(st.sampled_from([30, 60])))]
    found = []
    if draw(st.booleans()):
        found.append(records(host, "A", *draw(ADDRESSES), ttl=draw(st.sampled_from([30, 60]))))
    if draw(st.booleans()):
        found.append(records(host, "AAAA", *draw(SIXES)))
    if draw(st.booleans()):
        found.append(records(host, draw(st.sampled_from(["MX", "TXT"])), '"1 mail"'))
    return found


@st.composite
def zones(draw: st.DrawFn) -> Content:
    """Any content, with ownership of ours, of others and of nobody strewn over it."""
    sets = [one for host in draw(st.sets(st.sampled_from(HOSTS))) for one in draw(sets_at(host))]
    for host in HOSTS:
        for form in draw(st.sets(st.sampled_from(MARKS), max_size=3)):
            owner = draw(st.sampled_from([OWNER, OWNER, OWNER, "other"]))
            resource = draw(st.sampled_from(["globalhost/shop/web", "globalhost/shop/elder"]))
            place = form.format(host).removesuffix(".") if host else form.removesuffix("{}").removesuffix(".")
            sets.append(txt(place or "x", owner, resource, **({"orphan": "yes"} if draw(st.integers(0, 9)) == 0 else {})))
    found: Content = {}
    for one in sets:
        there = found.get(one.name, ())
        clashes = any("CNAME" in {one.type, other.type} or one.key == other.key for other in there)
        if not clashes:
            found[one.name] = (*there, one)
    return found


@st.composite
def aims(draw: st.DrawFn) -> Wanted | Gone:
    host = draw(st.sampled_from(HOSTS))
    if draw(st.integers(0, 3)) == 0:
        return Gone(name(host), orphan=draw(st.booleans()))
    removable = draw(st.none() | st.frozensets(st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1"])))
    return wanted(
        host,
        *draw(sets_at(host)),
        removable=removable,
        may_empty=removable is None or draw(st.booleans()),
        clusters=draw(st.sampled_from(["", "eu"])),
        source=ref(draw(st.sampled_from(["web", "elder"]))),
    )


def mirrored(laws, held: Content) -> Mirror:
    mirror = Mirror(laws, held)
    for _ in mirror.scan():
        pass
    return mirror


def ours(laws, held: Content, host: DnsName) -> set[RecordSet]:
    """Sets at a name that our ownership speaks for, found by asking for each."""
    found = set()
    for one in held.get(host, ()):
        holding = laws.names.find(one.key, at(held))
        if holding is not None and holding.claim is not None and holding.claim.owner == OWNER:
            found.add(one)
    return found


@given(held=zones(), aim=aims(), forms=AFFIXES, policy=st.sampled_from(["Sync", "Sync", "UpsertOnly", "CreateOnly"]))
@settings(max_examples=600, deadline=None)
def test_a_plan_touches_only_what_is_ours_and_is_done_after_one_round(held, aim, forms, policy):
    laws = rules(zone(policy=policy, write=forms[0], read_also=forms[1]))
    mirror = mirrored(laws, held)
    found = plan.diff(laws, aim, mirror.at, mirror.places(aim.name))
    after = carried_out(held, found.changes)
    mine = ours(laws, held, aim.name)
    for host, sets in held.items():
        for one in sets:
            claimed = ownership.holding(one).claim if one.type == "TXT" else None
            owned = one in mine if host == aim.name else False
            if not owned and (claimed is None or claimed.owner != OWNER):
                assert one in after.get(host, ()), f"{one} is not ours"
    mirror.patch(found.changes)
    again = plan.diff(laws, aim, mirror.at, mirror.places(aim.name))
    assert again.changes == ()


@given(held=zones(), aim=aims(), forms=AFFIXES)
@settings(max_examples=400, deadline=None)
def test_where_nothing_is_in_the_way_the_name_holds_what_is_wished_with_a_txt_for_each(held, aim, forms):
    laws = rules(zone(write=forms[0], read_also=forms[1]))
    mirror = mirrored(laws, held)
    found = plan.diff(laws, aim, mirror.at, mirror.places(aim.name))
    after = carried_out(held, found.changes)
    if isinstance(aim, Gone) or aim.removable is not None or found.remarks:
        return
    for wished in aim.sets:
        assert wished in after.get(aim.name, ())
        holding = laws.names.find(wished.key, at(after))
        assert holding is not None
        assert holding.claim is not None
        assert holding.claim.owner == OWNER
    assert ours(laws, after, aim.name) == set(aim.sets)


@given(held=zones(), aim=aims(), forms=AFFIXES, policy=st.sampled_from(["Sync", "UpsertOnly", "CreateOnly"]))
@settings(max_examples=400, deadline=None)
def test_a_name_at_which_nothing_stands_is_planned_as_if_it_were_weighed(held, aim, forms, policy):
    laws = rules(zone(policy=policy, write=forms[0], read_also=forms[1]))
    if isinstance(aim, Gone):
        return
    empty: Content = {}
    for standing in (held, empty):
        mirror = mirrored(laws, standing)
        places = mirror.places(aim.name)
        fitted = fit.fit(aim.sets, laws.capabilities, apex=laws.zone, default_ttl=laws.default_ttl)
        assert plan.diff(laws, aim, mirror.at, places) == plan.weighed(laws, aim, fitted, mirror.at, places)


@given(held=zones(), aim=aims(), forms=AFFIXES, data=st.data())
@settings(max_examples=200, deadline=None)
def test_the_order_of_the_content_says_nothing(held, aim, forms, data):
    laws = rules(zone(write=forms[0], read_also=forms[1]))
    shuffled = {host: tuple(data.draw(st.permutations(held[host]))) for host in data.draw(st.permutations(list(held)))}
    plans = [plan.diff(laws, aim, m.at, m.places(aim.name)) for m in (mirrored(laws, held), mirrored(laws, shuffled))]
    first, second = (carried_out(held, one.changes) for one in plans)
    assert first == second
    assert sorted(c.digest for c in plans[0].changes) == sorted(c.digest for c in plans[1].changes)


@given(held=zones(), aim=aims(), forms=AFFIXES)
@settings(max_examples=300, deadline=None)
def test_patching_the_mirror_is_the_same_as_reading_the_zone_again(held, aim, forms):
    laws = rules(zone(write=forms[0], read_also=forms[1]))
    mirror = mirrored(laws, held)
    found = plan.diff(laws, aim, mirror.at, mirror.places(aim.name))
    mirror.patch(found.changes)
    fresh = mirrored(laws, carried_out(held, found.changes))
    assert set(mirror.owned) == set(fresh.owned)
    assert len(mirror) == len(fresh)
    for host in mirror.owned:
        assert set(mirror.places(host)) == set(fresh.places(host))
        for label in ("globalhost/shop/web", "globalhost/shop/elder"):
            assert (host in mirror.labelled(label)) == (host in fresh.labelled(label))


@given(held=zones(), aim=aims(), forms=AFFIXES)
@settings(max_examples=300, deadline=None)
def test_an_incomplete_wish_never_empties_a_set(held, aim, forms):
    if isinstance(aim, Gone) or aim.removable is None or aim.may_empty:
        return
    laws = rules(zone(write=forms[0], read_also=forms[1]))
    mirror = mirrored(laws, held)
    found = plan.diff(laws, aim, mirror.at, mirror.places(aim.name))
    after = carried_out(held, found.changes)
    kept = {one.key for one in ours(laws, held, aim.name)}
    assert kept <= {one.key for one in after.get(aim.name, ())}
    for one in ours(laws, held, aim.name):
        new = next(other for other in after[aim.name] if other.key == one.key)
        assert set(one.values) - set(new.values) <= aim.removable


def test_contents_of_these_tests_are_what_they_seem():
    held = content(records("foo"), txt("mcidns-a.foo"))
    assert ours(rules(), held, name("foo")) == {records("foo")}
