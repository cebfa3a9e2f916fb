"""Names and values in Route 53's spelling and in ours, both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcidns.model.names import DnsName
from mcidns_route53 import spelling, values
from mcidns_route53.values import BadValue


@pytest.mark.parametrize(
    ("listed", "ours"),
    [
        pytest.param("www.example.org.", "www.example.org.", id="plain"),
        pytest.param("WWW.Example.org", "www.example.org.", id="case and no final dot"),
        pytest.param(r"\052.example.org.", "*.example.org.", id="wildcard"),
        pytest.param(r"_dmarc.example.org.", "_dmarc.example.org.", id="underscore"),
        pytest.param(r"a\040b.example.org.", r"a\032b.example.org.", id="a blank: octal there, decimal here"),
        pytest.param(r"\344.example.org.", r"\228.example.org.", id="outside ASCII"),
    ],
)
def test_a_listed_name_is_read(listed: str, ours: str) -> None:
    assert spelling.name(listed) == DnsName(ours)


@pytest.mark.parametrize(
    ("ours", "sent"),
    [
        pytest.param("*.example.org.", "*.example.org.", id="wildcard"),
        pytest.param(r"a\032b.example.org.", r"a\040b.example.org.", id="escape"),
    ],
)
def test_a_name_is_sent(ours: str, sent: str) -> None:
    assert spelling.wire_name(DnsName(ours)) == sent


@pytest.mark.parametrize(
    ("type_", "listed", "ours"),
    [
        pytest.param("A", " 192.0.2.1", "192.0.2.1", id="address"),
        pytest.param("AAAA", "2001:DB8:0:0::1", "2001:db8::1", id="long IPv6"),
        pytest.param("CNAME", "LB.Example.net", "lb.example.net.", id="CNAME"),
        pytest.param("MX", "10  Mail.Example.net", "10 mail.example.net.", id="MX"),
        pytest.param("SRV", "0 5 443 WWW.example.net.", "0 5 443 www.example.net.", id="SRV"),
        pytest.param("TXT", '"a"  "b"', '"a" "b"', id="TXT of two strings"),
        pytest.param("TXT", r'"caf\303\251 \134 \" \073"', r'"caf\195\169 \\ \" ;"', id="TXT with octal escapes"),
        pytest.param("CAA", '0 ISSUE "letsencrypt.org"', '0 issue "letsencrypt.org"', id="CAA"),
        pytest.param("NAPTR", '10 10 "u" "sip" "!a!b!" X.net', '10 10 "u" "sip" "!a!b!" x.net.', id="NAPTR"),
        pytest.param("HTTPS", '1 SVC.net alpn="h2"', '1 svc.net. alpn="h2"', id="HTTPS"),
        pytest.param("HTTPS", "0 .", "0 .", id="HTTPS alias to the root"),
        pytest.param("DS", "1 13 2 ABCD EF01", "1 13 2 abcdef01", id="DS"),
        pytest.param("SSHFP", "4 2 ABCD", "4 2 abcd", id="SSHFP"),
        pytest.param("TXT", "not quoted", "not quoted", id="what makes no sense stays as it is"),
        pytest.param("MX", "mail", "mail", id="half an MX stays as it is"),
        pytest.param("CIDR", "whatever", "whatever", id="unknown type"),
    ],
)
def test_a_listed_value_is_read(type_: str, listed: str, ours: str) -> None:
    assert values.canonical(type_, listed) == ours


@pytest.mark.parametrize(
    ("type_", "ours", "sent"),
    [
        pytest.param("TXT", r'"caf\195\169 \\ \" ;"', r'"caf\303\251 \134 \" ;"', id="TXT"),
        pytest.param("CAA", r'0 issue "a\"b"', r'0 issue "a\"b"', id="CAA"),
        pytest.param("A", "192.0.2.1", "192.0.2.1", id="address"),
    ],
)
def test_a_value_is_sent(type_: str, ours: str, sent: str) -> None:
    assert values.wire(type_, ours) == sent


@pytest.mark.parametrize(
    ("type_", "value", "told"),
    [
        pytest.param("A", "2001:db8::1", "no IPv4 address", id="the other family"),
        pytest.param("AAAA", "x", "no IPv6 address", id="no address"),
        pytest.param("CNAME", "two words.", "no host name", id="a host name with a blank"),
        pytest.param("MX", "mail.example.net.", "preference and host", id="MX without preference"),
        pytest.param("SRV", "0 5 https x.", "priority, weight, port and host", id="SRV with a service name"),
        pytest.param("TXT", "bare", "double quotes", id="unquoted text"),
        pytest.param("TXT", f'"{"x" * 256}"', "255 octets", id="a string too long"),
        pytest.param("TXT", " ".join([f'"{"x" * 250}"'] * 17), "4000 characters", id="a text too long"),
        pytest.param("DS", "1 13 2 xyz", "digest", id="no digest"),
    ],
)
def test_what_is_no_value_is_refused_with_what_it_should_be(type_: str, value: str, told: str) -> None:
    with pytest.raises(BadValue, match=told):
        values.wire(type_, value)


@given(st.lists(st.binary(min_size=0, max_size=255), min_size=1, max_size=4))
def test_every_text_comes_back_as_it_was_sent(strings: list[bytes]) -> None:
    ours = spelling.quoted(strings)
    assert values.canonical("TXT", spelling.wire_quoted(strings)) == ours
    assert spelling.own_texts(ours) == strings


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=20))
def test_every_host_name_comes_back_as_it_was_sent(label: str) -> None:
    name = DnsName(f"{label}.example.org.")
    assert spelling.name(spelling.wire_name(name)) == name


@given(st.lists(st.from_regex(r"([a-z0-9_-]{1,5}\.){0,3}", fullmatch=True), min_size=2, max_size=8, unique=True))
def test_our_order_is_that_of_listings(prefixes: list[str]) -> None:
    names = [DnsName(f"{prefix}example.org.") for prefix in prefixes]
    expected = sorted(names, key=lambda name: ".".join(reversed(name.text.removesuffix(".").split("."))) + ".")
    assert sorted(names, key=spelling.order) == expected
