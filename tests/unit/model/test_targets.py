"""Targets: addresses and names of load balancers, and those that may never be published."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcidns.model import targets
from mcidns.model.names import DnsName
from mcidns.model.targets import InvalidTarget, Target
from mcidns.testing import build


@pytest.mark.parametrize(
    ("text", "target"),
    [
        pytest.param("192.0.2.1", ip_address("192.0.2.1"), id="IPv4"),
        pytest.param(" 2001:DB8::1 ", ip_address("2001:db8::1"), id="IPv6"),
        pytest.param("::ffff:192.0.2.1", ip_address("192.0.2.1"), id="IPv4 in IPv6 is IPv4"),
        pytest.param("LB-1.elb.example.net", DnsName("lb-1.elb.example.net."), id="a host name"),
    ],
)
def test_a_target_is_an_address_or_a_name(text: str, target: Target) -> None:
    assert targets.parse(text) == target


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("300.1.2.3", "looks like an address but is none", id="an octet too large"),
        pytest.param("192.0.2", "looks like an address but is none", id="an octet too few"),
        pytest.param("192.0.2.1.", "looks like an address but is none", id="an address with a final dot"),
        pytest.param("2001:db8::g", "looks like an address but is none", id="odd digits"),
        pytest.param("fe80::1%eth0", "carries a zone index", id="a zone index"),
        pytest.param("", "neither an address nor a host name", id="nothing"),
        pytest.param("not a host", "neither an address nor a host name", id="a sentence"),
    ],
)
def test_what_is_no_target_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(InvalidTarget, match=words):
        targets.parse(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("127.0.0.1", "a loopback address", id="IPv4 loopback"),
        pytest.param("::1", "a loopback address", id="IPv6 loopback"),
        pytest.param("169.254.169.254", "a link-local address", id="the metadata service"),
        pytest.param("fe80::1", "a link-local address", id="IPv6 link-local"),
        pytest.param("224.0.0.1", "a multicast address", id="IPv4 multicast"),
        pytest.param("ff02::1", "a multicast address", id="IPv6 multicast"),
        pytest.param("0.0.0.0", "the unspecified address", id="IPv4 unspecified"),
        pytest.param("::", "the unspecified address", id="IPv6 unspecified"),
    ],
)
def test_what_no_client_could_reach_is_refused_whatever_is_allowed(text: str, words: str) -> None:
    everything = build.networks("0.0.0.0/0", "::/0")

    assert words in (targets.objection(targets.parse(text), ()) or "")
    assert words in (targets.objection(targets.parse(text), everything) or "")


@pytest.mark.parametrize(
    ("text", "allowed", "permitted"),
    [
        pytest.param("192.0.2.1", (), True, id="anything where nothing is listed"),
        pytest.param("10.0.0.1", (), True, id="private addresses too"),
        pytest.param("192.0.2.1", ("192.0.2.0/24",), True, id="inside a network"),
        pytest.param("192.0.3.1", ("192.0.2.0/24",), False, id="outside"),
        pytest.param("2001:db8::1", ("192.0.2.0/24",), False, id="the other family"),
        pytest.param("2001:db8::1", ("192.0.2.0/24", "2001:db8::/32"), True, id="either family"),
        pytest.param("lb.example.net", ("192.0.2.0/24",), True, id="a name is judged by what it resolves to"),
    ],
)
def test_allowed_networks(text: str, allowed: tuple[str, ...], permitted: bool) -> None:
    assert (targets.objection(targets.parse(text), build.networks(*allowed)) is None) is permitted


def test_targets_have_one_order() -> None:
    texts = ["192.0.2.2", "192.0.2.10", "2001:db8::1", "a.example.net", "b.example.net"]
    parsed = [targets.parse(text) for text in texts]

    assert sorted(set(parsed), key=targets.order) == parsed


@given(st.text(max_size=60))
def test_any_text_is_refused_or_read(text: str) -> None:
    try:
        target = targets.parse(text)
    except InvalidTarget:
        return
    assert targets.parse(str(target)) == target
