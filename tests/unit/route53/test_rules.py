"""The strict layer of the tests itself: what Amazon refuses and moto takes is refused, and what Amazon takes passes."""

from typing import Any

import pytest

from tests.component.route53.rules import Refusal, Set, StrictZone, order, spelled

APEX: list[Set] = [
    {"Name": "example.org.", "Type": "SOA", "TTL": 900, "ResourceRecords": [{"Value": "ns. h. 1 2 3 4 5"}]},
    {"Name": "example.org.", "Type": "NS", "TTL": 172800, "ResourceRecords": [{"Value": "ns.example.net."}]},
]


def zone(*sets: Set) -> StrictZone:
    made = StrictZone("example.org.", APEX, lambda: {"known-check"})
    for one in sets:
        made.change([entry("CREATE", one)])
    return made


def a_set(name: str = "www", type_: str = "A", *values: str, ttl: int | None = 60, **fields: Any) -> Set:
    made: Set = {"Name": f"{name}.example.org" if name != "@" else "example.org", "Type": type_, **fields}
    if ttl is not None:
        made["TTL"] = ttl
    if values or type_ == "A":
        made["ResourceRecords"] = [{"Value": value} for value in values or ("192.0.2.1",)]
    return made


def entry(action: str, one: Set) -> dict[str, Any]:
    return {"Action": action, "ResourceRecordSet": one}


def weighted(setid: str, weight: int = 10, value: str = "192.0.2.1", **fields: Any) -> Set:
    return a_set("www", "A", value, SetIdentifier=setid, Weight=weight, **fields)


REFUSED = [
    pytest.param([("CREATE", a_set("www", "A", "192.0.2.9"))], "already exists", id="create of what exists with other values"),
    pytest.param([("DELETE", a_set("gone"))], "was not found", id="delete of what is absent"),
    pytest.param([("DELETE", a_set("www", "A", "192.0.2.9"))], "do not match", id="delete with other values"),
    pytest.param([("DELETE", a_set("www", ttl=61))], "do not match", id="delete with another TTL"),
    pytest.param([("CREATE", a_set("new")), ("CREATE", a_set("www"))], "already exists", id="a culprit after a good one"),
    pytest.param(
        [("CREATE", {**a_set(), "Name": "notexample.org"})], "not permitted in zone", id="a name that only ends like the zone"
    ),
    pytest.param([("CREATE", {**a_set(), "Name": "www.example.net"})], "not permitted in zone", id="another zone"),
    pytest.param([("CREATE", a_set("@", "CNAME", "x.example.net"))], "at apex", id="CNAME at the apex"),
    pytest.param([("CREATE", a_set("www", "CNAME", "x.example.net"))], "conflicts with other records", id="CNAME beside A"),
    pytest.param([("CREATE", a_set("c", "CNAME", "a.net", "b.net"))], "exactly one", id="CNAME with two values"),
    pytest.param([("CREATE", a_set("n", ttl=None))], "Expected exactly one of", id="no TTL"),
    pytest.param([("CREATE", a_set("n", "A", "192.0.2.300"))], "ARRDATAIllegalIPv4Address", id="no address"),
    pytest.param([("CREATE", a_set("n", "AAAA", "192.0.2.1"))], "AAAARRDATAIllegalIPv6Address", id="no IPv6 address"),
    pytest.param([("CREATE", a_set("n", "TXT", "bare"))], "InvalidCharacterString", id="unquoted text"),
    pytest.param([("CREATE", a_set("n", "TXT", f'"{"x" * 256}"'))], "CharacterStringTooLong", id="string too long"),
    pytest.param([("CREATE", a_set("n", "TXT", '"café"'))], "UnsupportedCharacter", id="text outside ASCII"),
    pytest.param([("CREATE", a_set("n", "MX", "mail.example.net"))], "FATAL problem", id="MX without preference"),
    pytest.param([("CREATE", a_set("n", "A", "192.0.2.1", "192.0.2.1"))], "Duplicate", id="the same value twice"),
    pytest.param([("CREATE", a_set("n", "A", SetIdentifier="x"))], "found none", id="set identifier without policy"),
    pytest.param([("CREATE", a_set("n", "A", Weight=1))], "Missing field 'SetIdentifier'", id="policy without set identifier"),
    pytest.param(
        [("CREATE", a_set("n", "A", SetIdentifier="x", Weight=1, Region="eu-west-1"))], "more than one", id="two policies"
    ),
    pytest.param([("CREATE", a_set("n", "A", SetIdentifier="x", Weight=256))], "Weight", id="weight out of range"),
    pytest.param([("CREATE", weighted("x"))], "other RRSets exist", id="weighted beside simple"),
    pytest.param([("CREATE", a_set("n", "A", *(f"10.0.{i // 250}.{i % 250}" for i in range(401))))], "400", id="401 values"),
    pytest.param(
        [("CREATE", a_set("n", "A", "1.2.3.4", "1.2.3.5", SetIdentifier="x", MultiValueAnswer=True))],
        "one value",
        id="multivalue with two",
    ),
    pytest.param([("CREATE", a_set("n", HealthCheckId="unknown"))], "unknown", id="unknown health check"),
    pytest.param([("CREATE", a_set("a.*.b"))], "not permitted", id="star in the middle"),
    pytest.param([("CREATE", a_set("y" * 64))], "DomainLabelTooLong", id="label too long"),
    pytest.param([("CREATE", a_set("n", "DNAME", "x.example.net"))], "facet-valid", id="unknown type"),
    pytest.param(
        [("CREATE", a_set("n", "A", AliasTarget={"HostedZoneId": "Z", "DNSName": "x", "EvaluateTargetHealth": False}))],
        "more than one",
        id="alias with values",
    ),
    pytest.param(
        [("CREATE", a_set("n", "A", SetIdentifier="x", GeoLocation={"ContinentCode": "XX"}))], "GeoLocation", id="no such continent"
    ),
    pytest.param([("CREATE", a_set(f"n{i}")) for i in range(1001)], "limit of 1000", id="1001 elements"),
    pytest.param([("UPSERT", a_set(f"n{i}")) for i in range(501)], "limit of 1000", id="501 upserts"),
    pytest.param(
        [("CREATE", a_set(f"n{i}", "TXT", f'"{"x" * 250}"')) for i in range(127)], "limit of 32000", id="32004 characters"
    ),
]


@pytest.mark.parametrize(("changes", "said"), REFUSED)
def test_what_amazon_refuses_is_refused_and_changes_nothing(changes: list[tuple[str, Set]], said: str) -> None:
    made = zone(a_set())
    before = dict(made.sets)
    with pytest.raises(Refusal) as caught:
        made.change([entry(action, one) for action, one in changes])
    assert said in caught.value.text
    assert made.sets == before


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        pytest.param(weighted("one"), weighted("two", ttl=61), "same TTL", id="weighted sets of two TTLs"),
        pytest.param(
            a_set("www", "A", SetIdentifier="one", Region="eu-west-1"),
            a_set("www", "A", SetIdentifier="two", Region="eu-west-1"),
            "already exists",
            id="a region twice",
        ),
        pytest.param(
            a_set("www", "A", SetIdentifier="one", Failover="PRIMARY"),
            a_set("www", "A", SetIdentifier="two", Failover="PRIMARY"),
            "already exists",
            id="two primaries",
        ),
        pytest.param(
            weighted("one"),
            a_set("www", "A", SetIdentifier="two", Region="eu-west-1"),
            "non latency rrset exists",
            id="mixed policies",
        ),
        pytest.param(
            a_set("www", "A", SetIdentifier="one", GeoLocation={"CountryCode": "IT"}),
            a_set("www", "A", SetIdentifier="two", GeoLocation={"CountryCode": "IT"}),
            "already exists",
            id="a country twice",
        ),
    ],
)
def test_sets_of_one_name_and_type_must_agree(first: Set, second: Set, said: str) -> None:
    made = zone(first)
    with pytest.raises(Refusal) as caught:
        made.change([entry("CREATE", second)])
    assert said in caught.value.text


def test_all_culprits_are_named_at_once() -> None:
    made = zone(a_set())
    with pytest.raises(Refusal) as caught:
        made.change([entry("CREATE", a_set()), entry("DELETE", a_set("gone")), entry("CREATE", a_set("fine"))])
    assert "www.example.org." in caught.value.text
    assert "gone.example.org." in caught.value.text
    assert "fine" not in caught.value.text


def test_a_delete_and_a_create_of_one_set_pass_together_in_any_order_of_values() -> None:
    made = zone(a_set("www", "A", "192.0.2.1", "192.0.2.2"))
    made.change([entry("DELETE", a_set("www", "A", "192.0.2.2", "192.0.2.1")), entry("CREATE", a_set("www", "CNAME", "x.net"))])
    assert ("www.example.org.", "CNAME", "") in made.sets
    made.change([entry("DELETE", a_set("www", "CNAME", "x.net")), entry("CREATE", a_set())])
    assert ("www.example.org.", "A", "") in made.sets


def test_a_delete_removes_only_the_set_it_names() -> None:
    made = zone(weighted("one"), weighted("two"), a_set("other", "A", SetIdentifier="one", Weight=1))
    made.change([entry("DELETE", weighted("one"))])
    assert sorted(key for key in made.sets if key[1] == "A") == [
        ("other.example.org.", "A", "one"),
        ("www.example.org.", "A", "two"),
    ]


def test_a_delete_with_another_weight_does_not_match() -> None:
    made = zone(weighted("one"))
    with pytest.raises(Refusal, match="do not match"):
        made.change([entry("DELETE", weighted("one", weight=11))])


def test_the_same_set_cannot_be_deleted_twice() -> None:
    made = zone(a_set())
    with pytest.raises(Refusal, match="was not found"):
        made.change([entry("DELETE", a_set()), entry("DELETE", a_set())])


def test_names_are_listed_in_lower_case_with_octal_escapes_and_sorted_from_the_right() -> None:
    made = zone(a_set("*.Apps"), a_set("www"), a_set("b.www"), a_set("www-a"))
    listed, following = made.page(None, None, None, 300)
    assert [one["Name"] for one in listed if one["Type"] == "A"] == [
        r"\052.apps.example.org.",
        "www-a.example.org.",
        "www.example.org.",
        "b.www.example.org.",
    ]
    assert following is None
    assert spelled("*.X.org") == r"\052.x.org."
    assert order(("www-a.example.org.", "A", "")) < order(("www.example.org.", "A", ""))


def test_a_page_ends_with_where_the_next_begins() -> None:
    made = zone(*(a_set(f"h{i}") for i in range(5)))
    first, following = made.page(None, None, None, 4)
    assert len(first) == 4
    assert following is not None
    rest, end = made.page(*following, 300)
    assert [one["Name"] for one in first + rest] == [*(["example.org."] * 2), *(f"h{i}.example.org." for i in range(5))]
    assert end is None


def test_a_type_without_a_name_is_no_place_to_start() -> None:
    with pytest.raises(Refusal, match="not valid"):
        zone().page(None, "A", None, 10)


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(a_set("t", "TXT", r'"a \"b\" \134 \303\251" "more"'), id="text with escapes"),
        pytest.param(a_set("t", ttl=0), id="TTL 0"),
        pytest.param(a_set("t", HealthCheckId="known-check"), id="known health check"),
        pytest.param(a_set("t", "SRV", "0 5 443 x.example.net."), id="SRV"),
        pytest.param(a_set("@", "A", "192.0.2.1"), id="apex"),
        pytest.param(
            a_set("t", "AAAA", ttl=None, AliasTarget={"HostedZoneId": "Z", "DNSName": "x.", "EvaluateTargetHealth": True}),
            id="alias",
        ),
    ],
)
def test_what_amazon_takes_passes(one: Set) -> None:
    zone(one)
