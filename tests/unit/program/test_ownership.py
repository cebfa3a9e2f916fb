"""Registry names and contents in every form of ExternalDNS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcidns.errors import ConfigError
from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey
from mcidns.model.zones import Registry
from mcidns.program import ownership, registry
from mcidns.program.affixes import TYPES, Form
from mcidns.program.registry import Names
from tests.unit.program.builders import affix, at, content, name, records, txt

APEX = DnsName("example.org.")


@pytest.mark.parametrize(
    ("host", "type_", "form", "expected"),
    [
        pytest.param("foo", "A", affix(), "a-foo.example.org.", id="no affix"),
        pytest.param("foo", "CNAME", affix("txt."), "txt.cname-foo.example.org.", id="prefix with a dot"),
        pytest.param("foo", "AAAA", affix(suffix="-owner"), "aaaa-foo-owner.example.org.", id="suffix"),
        pytest.param("foo", "A", affix("%{record_type}-"), "a-foo.example.org.", id="template"),
        pytest.param("*", "A", affix("txt-", wildcard="wild"), "txt-a-wild.example.org.", id="wildcard replaced"),
        pytest.param("*", "A", affix(), "a-*.example.org.", id="wildcard as it is"),
        pytest.param("", "A", affix("extdns-%{record_type}."), "extdns-a.example.org.", id="apex by a template prefix"),
        pytest.param("foo", "A", affix("TXT-"), "txt-a-foo.example.org.", id="capitals in the prefix"),
        pytest.param("foo", "A", affix(suffix="-%{record_type}"), "foo-a.example.org.", id="template in the suffix"),
    ],
)
def test_the_registry_name_is_externaldnss_and_reads_back(host, type_, form, expected):
    made = Form.of(form)
    assert made.name(name(host), type_).text == expected
    if host != "*" or form.wildcard:
        assert made.subject(DnsName(expected)) == (name(host), type_)


@pytest.mark.parametrize(
    ("place", "form", "expected"),
    [
        pytest.param("foo", affix(), ("foo", None), id="legacy without type"),
        pytest.param("txt.foo", affix("txt."), ("foo", None), id="legacy with prefix"),
        pytest.param("a-foo", affix(), ("foo", "A"), id="a type token wins over a legacy name"),
        pytest.param("web-foo", affix(), ("web-foo", None), id="a dash that is no type"),
        pytest.param("mcidns-.foo", affix("mcidns-%{record_type}."), ("foo", None), id="template left empty"),
    ],
)
def test_legacy_registry_names_are_read(place, form, expected):
    assert Form.of(form).subject(name(place)) == (name(expected[0]), expected[1])


def test_a_registry_name_of_another_affix_speaks_for_nothing():
    assert Form.of(affix("txt.")).subject(name("foo")) is None


@pytest.mark.parametrize(
    ("host", "type_", "form", "needle"),
    [
        pytest.param("", "A", affix(), "outside of the zone", id="apex without a dotted prefix"),
        pytest.param("a" * 60, "AAAA", affix("mcidns-"), "longer than DNS allows", id="label over 63 characters"),
        pytest.param(
            ".".join(["b" * 60] * 4)[:240], "A", affix("mcidns-%{record_type}."), "longer than DNS allows", id="name over 253"
        ),
        pytest.param("wild", "A", affix("txt-", wildcard="wild"), "wildcardReplacement", id="equal to the wildcard replacement"),
        pytest.param("foo", "CAA", affix(), "cannot be owned", id="type without a token"),
    ],
)
def test_a_name_without_room_for_its_ownership_is_told(host, type_, form, needle):
    with pytest.raises(registry.Unownable, match=needle):
        Names.of(APEX, Registry(write=form)).written(name(host), type_)


def test_the_content_is_externaldnss_with_labels_in_order():
    value = ownership.write("me", "globalhost/shop/web", clusters="eu,us", orphan=True)
    assert value == (
        '"heritage=external-dns,external-dns/owner=me,external-dns/resource=globalhost/shop/web,'
        'mcidns/clusters=eu+us,mcidns/deletion=orphan"'
    )


LABEL = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=40)


@given(owner=LABEL, kind=LABEL, namespace=LABEL, object_name=LABEL, clusters=st.lists(LABEL, max_size=30), orphan=st.booleans())
def test_content_reads_back(owner, kind, namespace, object_name, clusters, orphan):
    resource = f"{kind}/{namespace}/{object_name}"
    claim = ownership.read(ownership.write(owner, resource, clusters=",".join(clusters), orphan=orphan))
    assert claim is not None
    assert (claim.owner, claim.resource, claim.orphan) == (owner, resource, orphan)


@given(
    host=st.lists(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True), min_size=1, max_size=3),
    type_=st.sampled_from(TYPES),
    form=st.sampled_from(
        [
            affix(),
            affix("txt."),
            affix("mcidns-%{record_type}."),
            affix("%{record_type}-"),
            affix(suffix="-own"),
            affix("x-", wildcard="any"),
        ]
    ),
    star=st.booleans(),
)
def test_every_name_we_write_reads_back(host, type_, form, star):
    if star and (form.wildcard or "." in form.prefix):
        host = ["*", *host]
    names = Names.of(APEX, Registry(write=form))
    if form.wildcard and host[0] == form.wildcard:
        return
    written = names.written(name(".".join(host)), type_)
    assert (name(".".join(host)), type_) in set(names.subjects(written))


@pytest.mark.parametrize(
    ("value", "owner"),
    [
        pytest.param('"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/a/b"', "me", id="plain"),
        pytest.param("heritage=external-dns,external-dns/owner=me", "me", id="without quotes"),
        pytest.param('"\\"heritage=external-dns,external-dns/owner=me\\""', "me", id="quotes inside the value"),
        pytest.param('"heritage=external-dns,exte" "rnal-dns/owner=me"', "me", id="two strings"),
        pytest.param('"heritage=external-dns"', "", id="no owner"),
        pytest.param('"v=spf1 -all"', None, id="other text"),
        pytest.param('"heritage=somebody-else,external-dns/owner=me"', None, id="other heritage"),
        pytest.param('"nU1vbmNlLi4uZW5jcnlwdGVkLi4u"', None, id="encrypted"),
    ],
)
def test_contents_of_every_form_are_read(value, owner):
    claim = ownership.read(value)
    assert (claim.owner if claim else None) == owner
    if claim is not None:
        assert claim.raw == value


def test_two_owners_in_one_txt_set_are_nobody():
    both = records("a-foo", "TXT", ownership.write("me", "x/y/z"), ownership.write("you", "x/y/z"))
    assert ownership.holding(both).claim is None


def test_other_values_beside_the_ownership_survive_it():
    mixed = records("foo", "TXT", '"v=spf1 -all"', ownership.write("me", "x/y/z"))
    left = ownership.holding(mixed).without_claims()
    assert left is not None
    assert left.values == ('"v=spf1 -all"',)


@pytest.mark.parametrize(
    ("type_", "place", "found"),
    [
        pytest.param("A", "a-foo", True, id="new form"),
        pytest.param("A", "foo", True, id="legacy without type"),
        pytest.param("CNAME", "foo", True, id="legacy for a CNAME"),
        pytest.param("AAAA", "foo", False, id="legacy never for AAAA"),
        pytest.param("A", "aaaa-foo", False, id="another type's"),
        pytest.param("A", "old.a-foo", True, id="an affix that is only read"),
    ],
)
def test_ownership_is_found_in_every_form(type_, place, found):
    names = Names.of(APEX, Registry(write=affix(), read_also=(affix("old."),)))
    holding = names.find(RecordKey(name("foo"), type_), at(content(txt(place))))
    assert (holding is not None) is found


def test_a_record_named_like_the_wildcard_replacement_is_not_owned_by_the_wildcards_txt():
    names = Names.of(APEX, Registry(write=affix("txt-", wildcard="wild")))
    held = at(content(txt("txt-a-wild")))
    assert names.find(RecordKey(name("wild"), "A"), held) is None
    assert names.find(RecordKey(name("*"), "A"), held) is not None


@pytest.mark.parametrize(
    "owner", [pytest.param(o, id=i) for o, i in [("", "empty"), ("a,b", "comma"), ('a"b', "quote"), ("a b", "space")]]
)
def test_an_owner_id_that_could_not_be_read_back_is_refused(owner):
    with pytest.raises(ConfigError, match=r"spec\.ownerID"):
        ownership.check_owner(owner)
