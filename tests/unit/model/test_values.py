"""One spelling for every record value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcidns.model import values
from mcidns.model.values import InvalidValue

TYPES = ["A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SRV", "TXT"]


@pytest.mark.parametrize(
    ("type_", "text", "canonical"),
    [
        pytest.param("A", " 192.0.2.1 ", "192.0.2.1", id="A"),
        pytest.param("AAAA", "2001:DB8:0:0::1", "2001:db8::1", id="AAAA in its short form"),
        pytest.param("CNAME", "LB.Example.NET", "lb.example.net.", id="CNAME absolute and lower case"),
        pytest.param("NS", "ns1.example.net.", "ns1.example.net.", id="NS"),
        pytest.param("PTR", "host.example.net", "host.example.net.", id="PTR"),
        pytest.param("MX", "10  Mail.example.net", "10 mail.example.net.", id="MX"),
        pytest.param("MX", "0 .", "0 .", id="MX that takes no mail"),
        pytest.param("SRV", "0 05 443 www.example.net", "0 5 443 www.example.net.", id="SRV"),
        pytest.param("SRV", "0 0 0 .", "0 0 0 .", id="SRV that is not there"),
        pytest.param("CAA", '0 ISSUE "ca.example.net"', '0 issue "ca.example.net"', id="CAA"),
        pytest.param("CAA", "128 iodef mailto:a@example.net", '128 iodef "mailto:a@example.net"', id="CAA without quotes"),
        pytest.param("TXT", "v=spf1 -all", '"v=spf1 -all"', id="TXT without quotes is one string"),
        pytest.param("TXT", '"one"  "two"', '"one" "two"', id="TXT with quotes keeps its strings"),
        pytest.param("TXT", "", '""', id="TXT may be empty"),
        pytest.param("TXT", r'say "hi" \o/', r'"say \"hi\" \\o/"', id="TXT escapes what must be"),
        pytest.param("TXT", r'"\065\"\b"', r'"A\"b"', id="TXT escapes nothing else"),
        pytest.param("TXT", r'"\999"', '"999"', id="TXT with a number that is no octet"),
        pytest.param("TXT", "é", r'"\195\169"', id="TXT beyond ASCII in octets"),
        pytest.param("TXT", "x" * 300, f'"{"x" * 255}" "{"x" * 45}"', id="TXT that is long is cut into strings"),
    ],
)
def test_a_value_has_one_spelling(type_: str, text: str, canonical: str) -> None:
    assert values.canonical(type_, text) == canonical
    assert values.canonical(type_, canonical) == canonical


@pytest.mark.parametrize(
    ("type_", "text", "words"),
    [
        pytest.param("A", "lb.example.net", "'lb.example.net' is no IPv4 address", id="A that is a name"),
        pytest.param("AAAA", "192.0.2.1", "'192.0.2.1' is no IPv6 address", id="AAAA that is IPv4"),
        pytest.param("AAAA", "fe80::1%eth0", "carries a zone index", id="AAAA with a zone index"),
        pytest.param("CNAME", "a b", "labels hold letters", id="CNAME that is no name"),
        pytest.param("CNAME", "", "an empty name", id="CNAME that is empty"),
        pytest.param("MX", "mail.example.net", "must have preference and host, such as 10 mail", id="MX without preference"),
        pytest.param("MX", "65536 mail.example.net", "'65536' is no number from 0 to 65535", id="MX preference too large"),
        pytest.param("MX", "٣ mail.example.net", "is no number", id="MX preference in other digits"),
        pytest.param("SRV", "0 5 www.example.net", "must have priority, weight, port and host", id="SRV without port"),
        pytest.param("SRV", "0 5 -1 www.example.net", "'-1' is no number", id="SRV with a negative port"),
        pytest.param("CAA", '256 issue "x"', "'256' is no number from 0 to 255", id="CAA flags too large"),
        pytest.param("CAA", '0 is_sue "x"', "'is_sue' is no CAA tag", id="CAA tag with odd characters"),
        pytest.param("CAA", '0 issue "x" "y"', "exactly one value", id="CAA with two values"),
        pytest.param("TXT", '"open', "strings in double quotes", id="TXT that is not closed"),
        pytest.param("TXT", '"a"b', "strings in double quotes", id="TXT with text after the quote"),
        pytest.param("TXT", f'"{"x" * 256}"', "a string of 256 octets", id="TXT with one string too long"),
        pytest.param("TXT", "\ud800", "half of a surrogate pair", id="TXT that is no text"),
        pytest.param("SOA", "x", "records of type SOA cannot be published", id="a type of the zone's own"),
    ],
)
def test_a_bad_value_says_what_is_wrong(type_: str, text: str, words: str) -> None:
    with pytest.raises(InvalidValue, match=words.replace("(", r"\(")):
        values.canonical(type_, text)


@given(st.sampled_from(TYPES), st.text(max_size=40))
def test_any_text_is_either_refused_or_has_a_spelling_that_stays(type_: str, text: str) -> None:
    try:
        once = values.canonical(type_, text)
    except InvalidValue:
        return
    assert values.canonical(type_, once) == once
    assert once.isascii()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])).filter(lambda text: not text.strip().startswith('"')))
def test_unquoted_text_arrives_as_it_was_written(text: str) -> None:
    once = values.canonical("TXT", text)

    octets = bytearray()
    body = once[1:-1].replace('" "', "") if len(text.strip().encode()) > 255 else once[1:-1]
    position = 0
    while position < len(body):
        if body[position] == "\\" and body[position + 1].isdigit():
            octets.append(int(body[position + 1 : position + 4]))
            position += 4
        else:
            position += body[position] == "\\"
            octets.append(ord(body[position]))
            position += 1
    assert octets.decode() == text.strip()
