"""Values between our canonical form and Designate's, whose rules for texts are its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcidns.errors import Rejected
from mcidns.model import values
from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet
from mcidns.provider import ProviderSettings
from mcidns_designate import DesignateProvider, convert, texts
from mcidns_designate.shapes import NewRecordset, Recordset

ZONE = DnsName("example.org.")
NAME = DnsName("www.example.org.")


def row(type_: str, *records: str, ttl: int | None = 60, name: str = "www.example.org.") -> Recordset:
    """An object of the API."""
    return Recordset("8e3b4a5c", name, type_, list(records), ttl)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        pytest.param('"owner=me;x"', '"owner=me;x"', id="a semicolon stays inside quotes"),
        pytest.param("bare", '"bare"', id="an unquoted word is quoted"),
        pytest.param('"a" "b"', '"ab"', id="two short strings become one, for Designate refuses them"),
        pytest.param(f'"{"x" * 253}"', f'"{"x" * 253}"', id="255 characters with quotes are one string"),
        pytest.param(f'"{"x" * 254}"', f'"{"x" * 253}" "x"', id="one more is cut after 253"),
        pytest.param(f'"{"x" * 255}" "{"y" * 5}"', f'"{"x" * 253}" "xxyyyyy"', id="strings of 255 are cut anew"),
        pytest.param(f'"{"x" * 250}" "{"y" * 9}"', f'"{"x" * 250}" "{"y" * 9}"', id="a long text keeps strings that fit"),
        pytest.param(
            '"' + '\\"' * 127 + '"', '"' + '\\"' * 126 + '" "\\""', id="an escape counts as it is written and is not cut apart"
        ),
        pytest.param('"caf\\195\\169"', '"caf\\195\\169"', id="what is not ASCII stays escaped"),
        pytest.param('"café"', '"caf\\195\\169"', id="and is escaped where it was not"),
        pytest.param('""', '""', id="the empty string"),
    ],
)
def test_a_text_is_sent_quoted_and_cut_as_designate_wants_it(value, sent):
    assert texts.encode(value) == sent


@given(st.lists(st.binary(max_size=255), min_size=1, max_size=4))
def test_every_text_fits_designates_rules_and_reads_back_as_it_was(parts):
    value = " ".join('"' + "".join(f"\\{octet:03d}" for octet in part) + '"' for part in parts)
    sent = texts.encode(value)
    pieces = sent[1:-1].split('" "')
    assert all(len(piece) + 2 <= 255 for piece in pieces)
    assert len(pieces) == 1 or len(sent) > 255
    assert b"".join(texts.strings(sent)) == b"".join(parts)
    assert texts.canonical(sent) == texts.canonical(value)


@given(st.text(st.characters(codec="utf-8"), max_size=600))
def test_what_an_endpoint_wishes_is_what_is_read_back(text):
    wished = values.canonical("TXT", text) if text.strip() and not text.strip().startswith('"') else '"x"'
    assert texts.canonical(texts.encode(wished)) == wished


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        pytest.param('"open', "quotes do not match", id="an open quote"),
        pytest.param("", "it is empty", id="nothing at all"),
        pytest.param('"a" "', "quotes do not match", id="a quote too many"),
    ],
)
def test_a_text_that_is_none_is_rejected_by_name(value, problem):
    with pytest.raises(Rejected, match=rf"www\.example\.org TXT.*{problem}"):
        convert.encode(RecordSet.of(NAME, "TXT", 60, [value]), ZONE)


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        pytest.param(row("AAAA", "2001:DB8::0001"), ("2001:db8::1",), id="an IPv6 address in its short form"),
        pytest.param(row("AAAA", "::ffff:1.2.3.4"), ("::ffff:102:304",), id="a mapped address"),
        pytest.param(row("CNAME", "LB.Example.NET."), ("lb.example.net.",), id="a target in lower case"),
        pytest.param(row("MX", "20 b.net.", "10 A.net."), ("10 a.net.", "20 b.net."), id="sorted"),
        pytest.param(row("TXT", "bare"), ('"bare"',), id="a text without quotes"),
        pytest.param(row("TXT", f'"{"x" * 253}" "{"x" * 7}"'), (f'"{"x" * 255}" "{"x" * 5}"',), id="a text cut by Designate"),
        pytest.param(row("CAA", "0 issue ca.example.net"), ('0 issue "ca.example.net"',), id="a CAA with its quotes"),
        pytest.param(row("SRV", "0 5 443 WWW.example.net."), ("0 5 443 www.example.net.",), id="a service"),
        pytest.param(row("LOC", "52 22 23.000 N"), ("52 22 23.000 N",), id="a type that we do not know, as it is"),
        pytest.param(row("A", "192.0.2.2", "192.0.2.1", "192.0.2.1"), ("192.0.2.1", "192.0.2.2"), id="repeated values once"),
    ],
)
def test_an_object_reads_in_canonical_form(stored, read):
    assert convert.decode(stored, 3600).values == read


def test_a_set_without_ttl_has_the_zones_and_its_name_is_in_lower_case():
    found = convert.decode(row("A", "192.0.2.1", ttl=None, name="WwW.Example.ORG."), 3600)
    assert found == RecordSet.of(NAME, "A", 3600, ["192.0.2.1"])


def test_a_set_is_sent_with_all_that_designate_wants():
    sent = convert.encode(RecordSet.of(NAME, "CAA", 60, ['0 issue "ca.example.net"']), ZONE)
    assert sent == NewRecordset("www.example.org.", "CAA", 60, ["0 issue ca.example.net"])


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        pytest.param(RecordSet.of(NAME, "LOC", 60, ["x"]), "cannot write type LOC", id="a type it does not know"),
        pytest.param(RecordSet.of(NAME, "A", 60, ["192.0.2.1"], "eu"), "no routing policies", id="a set identifier"),
        pytest.param(RecordSet(RecordKey(NAME, "A"), 60, (), (("a", "b"),)), "no routing policies", id="properties"),
        pytest.param(RecordSet.of(DnsName("www.example.net."), "A", 60, []), "not in zone example.org; move it", id="another zone"),
        pytest.param(RecordSet.of(DnsName("xexample.org."), "A", 60, []), "not in zone", id="a name that only ends like it"),
    ],
)
def test_what_designate_has_no_room_for_is_rejected_before_it_is_asked(records, problem):
    with pytest.raises(Rejected, match=problem) as caught:
        convert.encode(records, ZONE)
    assert records.name.relative in str(caught.value)


@pytest.mark.parametrize(
    ("wished", "shown"),
    [
        pytest.param(RecordSet.of(NAME, "TXT", 60, ['"a" "b"', '"ab"']), ('"ab"',), id="texts that say the same are one"),
        pytest.param(
            RecordSet.of(NAME, "TXT", 60, [f'"{"x" * 200}" "{"y" * 60}"']), (f'"{"x" * 200}{"y" * 55}" "yyyyy"',), id="cut"
        ),
        pytest.param(RecordSet.of(NAME, "A", 60, ["192.0.2.1"]), ("192.0.2.1",), id="all else as it is"),
    ],
)
def test_plans_compare_with_what_will_be_read(wished, shown):
    made = DesignateProvider.from_settings(ProviderSettings("dns", {"auth": "none", "endpoint": "http://dns"}))
    (adjusted,) = made.adjust(ZONE, wished)
    assert adjusted.values == shown
    sent = convert.encode(adjusted, ZONE)
    stored = Recordset("1", NAME.text, wished.type, sent.records, 60)
    assert convert.decode(stored, 3600) == adjusted
