"""Desired endpoints come back as GET /records will show them; what can never be written is left out."""

from typing import Any

import pytest

from mcidns.model.names import DnsName
from mcidns.provider import Capabilities
from mcidns.webhook.adjusting import ZoneOf, adjusted
from mcidns.webhook.wire import Endpoint, Property

PLAIN = Capabilities(types=frozenset({"A", "AAAA", "CNAME", "TXT", "MX", "SRV"}), compare_and_set=True, min_ttl=60, max_ttl=3600)
ROUTING = Capabilities(types=PLAIN.types, compare_and_set=True, set_identifiers=True)
ZONES = ZoneOf([DnsName("example.org."), DnsName("sub.example.org.")])


def one(targets: list[str], type_: str = "A", name: str = "www.example.org", **fields: Any) -> Endpoint:
    """An endpoint; `fields` as in Endpoint."""
    return Endpoint(name, targets, type_, **fields)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        pytest.param(one(["192.0.2.2", "192.0.2.1"], record_ttl=60), one(["192.0.2.1", "192.0.2.2"], record_ttl=60), id="sorted"),
        pytest.param(one(["2001:DB8:0::1"], "AAAA"), one(["2001:db8::1"], "AAAA"), id="short form"),
        pytest.param(one(["LB.example.NET."], "CNAME"), one(["lb.example.net"], "CNAME"), id="lower case, no final dot"),
        pytest.param(one(["v=spf1 -all"], "TXT"), one(['"v=spf1 -all"'], "TXT"), id="quoted text"),
        pytest.param(one(["10 mail.example.org"], "MX"), one(["10 mail.example.org."], "MX"), id="MX"),
        pytest.param(one(["192.0.2.1"], name="WWW.Example.org."), one(["192.0.2.1"]), id="name"),
        pytest.param(one(["192.0.2.1"], name="bücher.example.org"), one(["192.0.2.1"], name="xn--bcher-kva.example.org"), id="IDN"),
        pytest.param(one(["192.0.2.1"], record_ttl=5), one(["192.0.2.1"], record_ttl=60), id="short TTL"),
        pytest.param(one(["192.0.2.1"], record_ttl=86400), one(["192.0.2.1"], record_ttl=3600), id="long TTL"),
        pytest.param(one(["192.0.2.1"]), one(["192.0.2.1"]), id="an unset TTL stays unset"),
        pytest.param(
            one(["192.0.2.1"], labels={"owner": "a", "resource": "b"}),
            one(["192.0.2.1"], labels={"owner": "a", "resource": "b"}),
            id="labels stay",
        ),
        pytest.param(
            one(["192.0.2.1"], set_identifier="eu", provider_specific=[Property("alias", "false")]),
            one(["192.0.2.1"]),
            id="policies that cannot be expressed",
        ),
    ],
)
def test_an_endpoint_comes_back_as_it_will_be_shown(given: Endpoint, shown: Endpoint) -> None:
    assert adjusted([given], PLAIN, ZONES) == [shown]
    assert adjusted([shown], PLAIN, ZONES) == [shown]


def test_policies_pass_through_where_the_provider_has_them() -> None:
    given = one(["192.0.2.1"], set_identifier="eu", provider_specific=[Property("aws/weight", "10")])
    assert adjusted([given], ROUTING, ZONES) == [given]


def test_sets_that_differ_only_in_policy_unite() -> None:
    weighted = [one([f"192.0.2.{i}"], set_identifier=f"c{i}", record_ttl=60 * i) for i in (2, 1)]
    assert adjusted(weighted, PLAIN, ZONES) == [one(["192.0.2.1", "192.0.2.2"], record_ttl=60)]
    aliases = [one([f"lb{i}.example.net"], "CNAME", set_identifier=f"c{i}") for i in (1, 2)]
    assert adjusted(aliases, PLAIN, ZONES) == [one(["lb1.example.net"], "CNAME")]


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(one(["192.0.2.300"]), id="no address"),
        pytest.param(one([]), id="no targets"),
        pytest.param(one(["a.b"], "CNAME", name="sub.example.org"), id="an alias at an apex"),
        pytest.param(one(["a.b", "c.d"], "CNAME"), id="two aliases"),
        pytest.param(one(["x"], "NAPTR"), id="a type that cannot be written"),
        pytest.param(one(["192.0.2.1"], name="www.example.net"), id="another zone"),
        pytest.param(one(["192.0.2.1"], name="a..b.example.org"), id="no name"),
    ],
)
def test_what_can_never_be_written_keeps_nobody_waiting(bad: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    good = one(["192.0.2.1"])
    assert adjusted([bad, good], PLAIN, ZONES) == [good]
    assert [record.getMessage() for record in caplog.records] == ["webhook.left_out"]


def test_a_name_belongs_to_the_longest_zone() -> None:
    assert ZONES(DnsName("a.sub.example.org.")) == DnsName("sub.example.org.")
    assert ZONES(DnsName("example.org.")) == DnsName("example.org.")
    assert ZONES(DnsName("fooexample.org.")) is None
