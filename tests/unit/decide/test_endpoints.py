"""DNSEndpoints of other origin: what of them may be programmed, and that one bad row harms only itself."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from mcidns.decide import endpoints
from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet, Wish
from mcidns.model.references import ObjectRef
from mcidns.model.zones import Grant, TtlBounds
from mcidns.testing import build
from mcidns.testing.build import NOW

SOURCE = ObjectRef("DNSEndpoint", "shop", "legacy")
WWW = DnsName("www.example.org.")


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of `spec.endpoints`."""

    dns_name: str
    record_type: str
    targets: tuple[str, ...]
    ttl: int | None = None
    set_identifier: str = ""
    properties: tuple[tuple[str, str], ...] = ()


def a(*targets: str, name: str = "www.example.org", ttl: int | None = None, set_identifier: str = "") -> Row:
    """A row of A records."""
    return Row(name, "A", targets, ttl, set_identifier)


GOOD = a("192.0.2.1", name="good.example.org")


def admitted(*rows: Row, **changes: Any) -> tuple[tuple[Wish, ...], tuple[str, ...]]:
    """What becomes of the rows in a zone that differs from the usual one in these fields."""
    return endpoints.admit(SOURCE, NOW, rows, (build.zone(**changes),), (("team", "web"),))


def test_rows_become_wishes_one_for_each_name() -> None:
    rows = (
        Row("WWW.example.org", "TXT", ("hello world",), 60),
        Row("www.example.org", "A", ("192.0.2.2", "192.0.2.1"), 60, properties=(("aws/b", "2"), ("aws/a", "1"))),
        Row("api.example.org", "CNAME", ("LB.example.net",)),
    )

    wishes, problems = admitted(*rows)

    assert problems == ()
    assert wishes == (
        Wish(
            SOURCE,
            DnsName("api.example.org."),
            (RecordSet(RecordKey(DnsName("api.example.org."), "CNAME"), 30, ("lb.example.net.",)),),
            NOW,
            merge="DNSEndpoint/shop",
        ),
        Wish(
            SOURCE,
            WWW,
            (
                RecordSet(RecordKey(WWW, "A"), 60, ("192.0.2.1", "192.0.2.2"), (("aws/a", "1"), ("aws/b", "2"))),
                RecordSet(RecordKey(WWW, "TXT"), 60, ('"hello world"',)),
            ),
            NOW,
            merge="DNSEndpoint/shop",
        ),
    )


@pytest.mark.parametrize(
    ("row", "words"),
    [
        pytest.param(a("192.0.2.1", name="a..example.org"), "a..example.org A: a..example.org has an empty label", id="no name"),
        pytest.param(a("192.0.2.1", name="www.example.net"), "no DNSZone covers it", id="no zone"),
        pytest.param(a("300.0.0.1"), "www.example.org A: '300.0.0.1' looks like an address but is none", id="no address"),
        pytest.param(a("2001:db8::1"), "'2001:db8::1' is no IPv4 address", id="an address of the other family"),
        pytest.param(
            Row("www.example.org", "LOC", ("x",)), "records of type LOC cannot be published; use one of A, AAAA", id="type"
        ),
        pytest.param(a(), "no target is left that could be published", id="no target"),
        pytest.param(a("127.0.0.1"), "127.0.0.1 is a loopback address, which no client could reach", id="unreachable target"),
        pytest.param(Row("example.org", "CNAME", ("lb.example.net",)), "a CNAME cannot stand at the zone's apex", id="apex CNAME"),
        pytest.param(Row("example.org", "NS", ("ns.example.net",)), "belong to its name servers", id="apex NS"),
        pytest.param(
            Row("www.example.org", "CNAME", ("a.example.net", "b.example.net")), "a CNAME has exactly one target", id="two CNAMEs"
        ),
    ],
)
def test_a_bad_row_is_left_out_and_told_and_the_others_stand(row: Row, words: str) -> None:
    wishes, problems = admitted(row, GOOD)

    assert [wish.name.relative for wish in wishes] == ["good.example.org"]
    assert words in problems[0]
    assert row.dns_name in problems[0]


def test_a_delegation_below_the_apex_is_fine() -> None:
    wishes, problems = admitted(Row("sub.example.org", "NS", ("ns.example.net",)))

    assert (wishes[0].sets[0].values, problems) == (("ns.example.net.",), ())


def test_an_alias_may_stand_at_the_apex_though_it_is_written_as_a_cname() -> None:
    alias = Row("example.org", "CNAME", ("lb.example.net",), properties=(("alias", "true"),))
    wishes, problems = admitted(alias)

    assert (wishes[0].sets[0].properties, problems) == ((("alias", "true"),), ())


def test_the_apex_may_hold_addresses() -> None:
    wishes, problems = admitted(a("192.0.2.1", name="example.org"))

    assert (wishes[0].sets[0].values, problems) == (("192.0.2.1",), ())


def test_grants_hold_for_rows_too() -> None:
    wishes, problems = admitted(a("192.0.2.1"), grants=(Grant(namespaces=("bank",)),))

    assert wishes == ()
    assert "DNSZone main does not let namespace shop claim it" in problems[0]


def test_only_the_target_that_is_not_permitted_is_left_out() -> None:
    wishes, problems = admitted(a("192.0.2.1", "203.0.113.1"), allowed_targets=build.networks("192.0.2.0/24"))

    assert wishes[0].sets[0].values == ("192.0.2.1",)
    assert problems == ("www.example.org A: 203.0.113.1 is outside the zone's allowedTargets",)


@pytest.mark.parametrize(
    ("asked", "ttl"),
    [
        pytest.param(None, 120, id="the default"),
        pytest.param(0, 120, id="zero means unset"),
        pytest.param(5, 60, id="not too low"),
        pytest.param(9999, 600, id="not too high"),
        pytest.param(300, 300, id="within bounds"),
    ],
)
def test_the_ttl_is_kept_within_the_zones_bounds(asked: int | None, ttl: int) -> None:
    wishes, _ = admitted(a("192.0.2.1", ttl=asked), ttl=TtlBounds(60, 600, 120))

    assert wishes[0].sets[0].ttl == ttl


def test_rows_of_one_name_and_type_unite_under_the_lowest_ttl() -> None:
    wishes, _ = admitted(a("192.0.2.1", ttl=300), a("192.0.2.2", "192.0.2.1", ttl=60))

    assert wishes[0].sets == (RecordSet(RecordKey(WWW, "A"), 60, ("192.0.2.1", "192.0.2.2")),)


def test_set_identifiers_keep_rows_apart() -> None:
    wishes, _ = admitted(a("192.0.2.1", set_identifier="eu"), a("192.0.2.2", set_identifier="us"))

    assert [records.key.set_identifier for records in wishes[0].sets] == ["eu", "us"]


def test_a_cname_yields_to_other_records_of_its_name() -> None:
    wishes, problems = admitted(Row("www.example.org", "CNAME", ("lb.example.net",)), a("192.0.2.1"))

    assert [records.type for records in wishes[0].sets] == ["A"]
    assert problems == ("www.example.org CNAME: a CNAME cannot stand beside other records of its name (RFC 1034 §3.6.2)",)


def test_two_rows_that_give_a_cname_different_targets_are_refused() -> None:
    rows = (Row("www.example.org", "CNAME", ("a.example.net",)), Row("www.example.org", "CNAME", ("b.example.net",)))

    wishes, problems = admitted(*rows, GOOD)

    assert [wish.name.relative for wish in wishes] == ["good.example.org"]
    assert problems == ("www.example.org CNAME: several rows give it different targets; leave one of them",)


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = (a("192.0.2.1"), GOOD, Row("www.example.org", "AAAA", ("2001:db8::1",)))

    assert admitted(*rows) == admitted(*reversed(rows))


def with_property(row: Row, value: str) -> Row:
    """The row asking for something by ExternalDNS's property."""
    return replace(row, properties=(("record-type", value),))


def test_a_row_that_asks_for_it_gets_ptr_records_and_the_property_goes_no_further() -> None:
    zones = (build.zone(), build.zone("2.0.192.in-addr.arpa"))
    rows = (with_property(a("192.0.2.1", "198.51.100.1"), "PTR"), with_property(a("192.0.2.2", name="api.example.org"), ""))
    wishes, problems = endpoints.admit(SOURCE, NOW, rows, zones)
    pointer = DnsName("1.2.0.192.in-addr.arpa.")
    assert [wish.name.relative for wish in wishes] == ["1.2.0.192.in-addr.arpa", "api.example.org", "www.example.org"]
    assert wishes[0] == Wish(SOURCE, pointer, (RecordSet.of(pointer, "PTR", 30, ["www.example.org."]),), NOW)
    assert all(records.properties == () for wish in wishes for records in wish.sets)
    (problem,) = problems
    assert problem.startswith("198.51.100.1 has no PTR")


def test_a_ptr_row_stands_above_one_that_follows_from_an_address() -> None:
    zones = (build.zone(), build.zone("2.0.192.in-addr.arpa"))
    explicit = Row("1.2.0.192.in-addr.arpa", "PTR", ("other.example.org",))
    wishes, problems = endpoints.admit(SOURCE, NOW, (with_property(a("192.0.2.1"), "ptr"), explicit), zones)
    assert problems == ()
    assert [records.values for wish in wishes for records in wish.sets] == [("other.example.org.",), ("192.0.2.1",)]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(with_property(Row("www.example.org", "TXT", ("x",)), "ptr"), id="not an address"),
        pytest.param(with_property(a("192.0.2.1"), "mx"), id="another type"),
    ],
)
def test_a_property_that_means_nothing_is_told_and_the_row_stands(row: Row) -> None:
    wishes, problems = admitted(row)
    assert len(wishes) == 1
    assert "ptr may stand at A and AAAA" in problems[0]
