"""Names and record data: text to wire and back, and what is refused on the way."""

from ipaddress import IPv6Address

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcidns_rfc2136 import names, rdata
from mcidns_rfc2136.names import NameProblem
from mcidns_rfc2136.rdata import DataProblem

LABELS = st.lists(st.binary(min_size=1, max_size=20).map(bytes.lower), max_size=8)
STRINGS = st.lists(st.binary(max_size=255), min_size=1, max_size=4)


@given(LABELS)
def test_every_name_survives_as_text(labels: list[bytes]) -> None:
    wire = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    text = names.to_text(wire)
    assert names.to_wire(text) == wire
    assert dns.name.from_text(text).to_wire() == wire


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("www.example.org", "does not end in a dot", id="relative"),
        pytest.param("", "does not end in a dot", id="empty"),
        pytest.param("a..b.", "label of 0 bytes", id="empty label"),
        pytest.param("x" * 64 + ".test.", "label of 64 bytes", id="long label"),
        pytest.param(".".join(["x" * 63] * 4) + ".", "at most 255", id="long name"),
        pytest.param("é.test.", "xn--", id="Unicode"),
        pytest.param("a\\300.test.", "\\\\000 to", id="an escape too large"),
        pytest.param("a.test\\.", "does not end in a dot", id="an escaped final dot"),
    ],
)
def test_what_is_no_name_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(NameProblem, match=said):
        names.to_wire(text)


@given(STRINGS)
def test_every_txt_survives_as_text(strings: list[bytes]) -> None:
    wire = b"".join(bytes((len(string),)) + string for string in strings)
    text = rdata.decode(rdata.TXT, wire)
    assert rdata.encode(rdata.TXT, text) == wire
    assert dns.rdata.from_text("IN", "TXT", text).to_wire() == wire


@given(st.binary(max_size=80), st.sampled_from([1, 2, 5, 12, 15, 16, 28, 33, 35, 44, 64, 65, 257, 65400]))
def test_whatever_bytes_a_zone_holds_have_a_text(data: bytes, type_: int) -> None:
    assert isinstance(rdata.decode(type_, data), str)


@given(st.ip_addresses(v=6))
def test_ipv6_addresses_have_one_spelling(address: IPv6Address) -> None:
    text = rdata.decode(rdata.AAAA, address.packed)
    assert rdata.encode(rdata.AAAA, text) == address.packed
    assert text == text.lower()


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        pytest.param("A", "192.0.2.1", id="A"),
        pytest.param("AAAA", "2001:db8::1", id="AAAA"),
        pytest.param("AAAA", "::ffff:c000:201", id="IPv4-mapped"),
        pytest.param("AAAA", "::", id="AAAA of zeros"),
        pytest.param("CNAME", "www.example.org.", id="CNAME"),
        pytest.param("MX", "10 mail.example.org.", id="MX"),
        pytest.param("MX", "0 .", id="null MX"),
        pytest.param("SRV", "0 5 443 www.example.org.", id="SRV"),
        pytest.param("CAA", '0 issue "letsencrypt.org"', id="CAA"),
        pytest.param("SSHFP", "1 1 0123456789abcdef0123456789abcdef01234567", id="SSHFP"),
        pytest.param("TYPE65400", "\\# 3 010203", id="a type without a name"),
        pytest.param("NAPTR", '100 10 "u" "sip" "!^.*$!sip:x@e.org!" .', id="NAPTR"),
        pytest.param("HTTPS", '1 . alpn="h2,h3"', id="HTTPS"),
        pytest.param("TXT", '"a" "b"', id="TXT of two strings"),
    ],
)
def test_canonical_text_survives_the_wire(type_: str, text: str) -> None:
    number = rdata.number(type_)
    wire = rdata.encode(number, text)
    assert rdata.decode(number, wire) == text
    assert wire == dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(type_), text).to_wire()


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        pytest.param("plain", '"plain"', id="without quotes"),
        pytest.param('"é"', '"\\195\\169"', id="Unicode becomes UTF-8"),
        pytest.param('"a;b"', '"a;b"', id="a semicolon"),
        pytest.param('"\\a\\""', '"a\\""', id="needless escapes"),
        pytest.param('  "a"   "b" ', '"a" "b"', id="spaces between"),
    ],
)
def test_txt_is_read_as_people_write_it(written: str, canonical: str) -> None:
    assert rdata.decode(rdata.TXT, rdata.encode(rdata.TXT, written)) == canonical


@pytest.mark.parametrize(
    ("type_", "text", "said"),
    [
        pytest.param("A", "2001:db8::1", "not an IPv4", id="IPv6 as A"),
        pytest.param("A", "192.0.2.1\n", "not an IPv4", id="a line end"),
        pytest.param("A", "192.0.2.1\0", "not an IPv4", id="a zero byte"),
        pytest.param("AAAA", "192.0.2.1", "not an IPv6", id="IPv4 as AAAA"),
        pytest.param("AAAA", "fe80::1%eth0", "not an IPv6", id="a zone index"),
        pytest.param("TXT", '"open', "quotes", id="an open quote"),
        pytest.param("TXT", "", "empty", id="empty TXT"),
        pytest.param("TXT", '"\\999"', "escapes go", id="an escape too large"),
        pytest.param("MX", "mail.example.org.", "form", id="MX without preference"),
        pytest.param("MX", "70000 mail.example.org.", "65535", id="MX out of range"),
        pytest.param("MX", "10 mail", "dot", id="MX to a relative name"),
        pytest.param("SRV", "0 5 https www.example.org.", "not a number", id="SRV with a service's name"),
        pytest.param("CAA", "letsencrypt.org", "no CAA value", id="half a CAA"),
        pytest.param("TYPE65400", "\\# 3 01", "no TYPE65400 value", id="a wrong length"),
        pytest.param("NAPTR", "1 2", "no NAPTR value", id="half a NAPTR"),
    ],
)
def test_a_bad_value_is_refused_with_the_reason(type_: str, text: str, said: str) -> None:
    with pytest.raises(DataProblem, match=said):
        rdata.encode(rdata.number(type_), text)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(DataProblem, match="no record type"):
        rdata.number("NOPE")
