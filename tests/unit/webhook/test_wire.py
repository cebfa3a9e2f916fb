"""ExternalDNS's messages: written letter by letter as Go writes them, read as leniently as Go reads."""

import pytest

from mcidns.webhook import wire
from mcidns.webhook.wire import Changes, DomainFilter, Endpoint, Property, Unreadable

FULL = Endpoint(
    dns_name="www.example.org",
    targets=["192.0.2.1"],
    record_type="A",
    set_identifier="eu",
    record_ttl=60,
    labels={"owner": "us"},
    provider_specific=[Property("aws/weight", "10")],
)


def test_an_endpoint_is_written_with_external_dns_keys() -> None:
    assert wire.encode(FULL) == (
        b'{"dnsName":"www.example.org","targets":["192.0.2.1"],"recordType":"A","setIdentifier":"eu","recordTTL":60,'
        b'"labels":{"owner":"us"},"providerSpecific":[{"name":"aws/weight","value":"10"}]}'
    )


def test_what_is_empty_is_left_out() -> None:
    assert wire.encode(Endpoint("a.b", ["x.y"], "CNAME")) == b'{"dnsName":"a.b","targets":["x.y"],"recordType":"CNAME"}'
    assert wire.encode(Changes(update_old=[], delete=[Endpoint("a.b")])) == b'{"updateOld":[],"delete":[{"dnsName":"a.b"}]}'
    assert wire.encode(DomainFilter(include=["example.org"])) == b'{"include":["example.org"]}'


def test_what_was_written_is_read() -> None:
    assert wire.endpoints(wire.encode([FULL, Endpoint("a.b")])) == [FULL, Endpoint("a.b")]
    changes = Changes(create=[FULL], update_old=[], update_new=[], delete=[Endpoint("a.b")])
    assert wire.changes(wire.encode(changes)) == changes


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            b'[{"DNSNAME":"www.example.org","Targets":["192.0.2.1"],"recordtype":"A","setidentifier":"eu","RecordTTL":60,'
            b'"LABELS":{"owner":"us"},"ProviderSpecific":[{"Name":"aws/weight","VALUE":"10"}]}]',
            id="keys in any case",
        ),
        pytest.param(
            b'[{"refObject":{"a":1},"dnsName":"www.example.org","targets":["192.0.2.1"],"recordType":"A","setIdentifier":"eu",'
            b'"recordTTL":60,"labels":{"owner":"us"},"providerSpecific":[{"name":"aws/weight","value":"10","x":null}]}]',
            id="unknown keys",
        ),
    ],
)
def test_endpoints_are_read_as_go_reads_them(body: bytes) -> None:
    assert wire.endpoints(body) == [FULL]


def test_null_is_empty() -> None:
    body = b'[{"dnsName":"a.b","targets":null,"recordType":"A","labels":null,"providerSpecific":null,"setIdentifier":null}]'
    assert wire.endpoints(body) == [Endpoint("a.b", None, "A")]
    assert wire.endpoints(b"null") == []
    empty = Changes([], [], [], [])
    assert wire.changes(b'{"Create":null,"UpdateOld":null,"UpdateNew":null,"Delete":null}') == empty
    assert wire.changes(b"{}") == empty


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[", id="cut off"),
        pytest.param(b"{}", id="an object"),
        pytest.param(b"[1]", id="a number"),
        pytest.param(b'[{"dnsName":1}]', id="a name that is a number"),
        pytest.param(b'[{"dnsName":"a","targets":"b"}]', id="targets that are a text"),
        pytest.param(b'[{"dnsName":"\xff"}]', id="no UTF-8"),
        pytest.param(b'[{"DnsName":"a","providerSpecific":{"a":"b"}}]', id="properties that are an object"),
    ],
)
def test_what_is_no_list_of_endpoints_is_told(body: bytes) -> None:
    with pytest.raises(Unreadable):
        wire.endpoints(body)


@pytest.mark.parametrize(
    "body", [pytest.param(b"[]", id="a list"), pytest.param(b"null", id="null"), pytest.param(b"x", id="text")]
)
def test_what_is_no_set_of_changes_is_told(body: bytes) -> None:
    with pytest.raises(Unreadable):
        wire.changes(body)


@pytest.mark.parametrize(
    ("given", "name", "served"),
    [
        pytest.param(DomainFilter(), "www.example.org", True, id="no filter serves all"),
        pytest.param(DomainFilter(include=[""]), "www.example.org", True, id="an empty entry serves all"),
        pytest.param(DomainFilter(include=["example.org"]), "example.org", True, id="the domain itself"),
        pytest.param(DomainFilter(include=["Example.org."]), "www.example.org", True, id="below it, in any case"),
        pytest.param(DomainFilter(include=["example.org"]), "fooexample.org", False, id="label by label"),
        pytest.param(DomainFilter(include=[".example.org"]), "example.org", False, id="a leading dot leaves the domain out"),
        pytest.param(DomainFilter(include=[".example.org"]), "www.example.org", True, id="and takes what is below"),
        pytest.param(DomainFilter(include=["org"], exclude=["example.org"]), "www.example.org", False, id="excluded first"),
        pytest.param(DomainFilter(regex_include=r"\.org$"), "example.org", True, id="expression"),
        pytest.param(DomainFilter(regex_include=r"\.org$", regex_exclude="^www"), "www.example.org", False, id="excluding one"),
        pytest.param(DomainFilter(include=["example.net"], regex_include=r"org"), "example.org", True, id="which replaces lists"),
        pytest.param(DomainFilter(regex_include=r"(?P<broken"), "example.org", True, id="one that Python cannot read"),
    ],
)
def test_a_domain_filter_serves_by_external_dns_rules(given: DomainFilter, name: str, served: bool) -> None:
    assert given.serves(name) is served
    assert wire.domain_filter(wire.encode(given)).serves(name) is served


def test_a_zone_is_reached_when_any_of_its_names_may_be_served() -> None:
    assert DomainFilter(include=["apps.example.org"]).reaches("example.org")
    assert DomainFilter(include=["example.org"]).reaches("apps.example.org")
    assert not DomainFilter(include=["example.org"]).reaches("example.net")


def test_a_filter_in_an_unknown_form_serves_all() -> None:
    assert wire.domain_filter(b'{"filters":["example.org"]}') == DomainFilter()
    assert wire.domain_filter(b'{"Include":["example.org"]}') == DomainFilter(include=["example.org"])
