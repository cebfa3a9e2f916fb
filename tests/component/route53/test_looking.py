"""Looking at single names: as few requests as their places in the zone allow, and never a wrong answer."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from mcidns.errors import Transient
from mcidns.model.names import DnsName
from tests.component.route53 import parts
from tests.component.route53.parts import ZONE, name
from tests.component.route53.strict import Strict


def address(host: str, value: str = "192.0.2.1") -> dict[str, object]:
    return {"Name": f"{host}.example.org", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}]}


async def looked(service: Strict, *hosts: str) -> dict[str, bool]:
    async with parts.provider(service) as dns:
        await dns.look(ZONE, frozenset({name("warm-up")}))
        service.calls.clear()
        found = await dns.look(ZONE, frozenset(name(host) for host in hosts))
        return {host: bool(found[name(host)]) for host in hosts}


async def test_a_host_and_all_places_of_its_ownership_are_one_request(service: Strict) -> None:
    zone = parts.create_zone(service)
    parts.put(service, zone, *(address(f"h{i:04}") for i in range(400)), address("mcidns-a.h0100"))
    hosts = ("h0100", "mcidns-a.h0100", "mcidns-aaaa.h0100", "mcidns-cname.h0100")
    assert await looked(service, *hosts) == {hosts[0]: True, hosts[1]: True, hosts[2]: False, hosts[3]: False}
    assert service.counted == {"list_resource_record_sets": 1}


async def test_names_far_apart_cost_a_request_each_and_names_of_one_page_none(service: Strict) -> None:
    zone = parts.create_zone(service)
    parts.put(service, zone, *(address(f"h{i:04}") for i in range(1000)))
    hosts = ("h0001", "h0002", "h0250", "h0700", "h0701", "zzz")
    assert await looked(service, *hosts) == {host: host != "zzz" for host in hosts}
    assert service.counted == {"list_resource_record_sets": 2}


async def test_a_name_with_more_sets_than_a_page_is_seen_whole(service: Strict) -> None:
    zone = parts.create_zone(service)
    for type_, value in (("A", "192.0.2.1"), ("AAAA", "2001:db8::1"), ("TXT", '"x"'), ("MX", "10 x.net."), ("PTR", "x.net.")):
        sets = [{**address("w", value), "Type": type_, "SetIdentifier": f"{i:03}", "Weight": 1} for i in range(100)]
        parts.put(service, zone, *sets)
    parts.put(service, zone, address("x"))
    async with parts.provider(service) as dns:
        found = await dns.look(ZONE, frozenset({name("w"), name("x")}))
    assert (len(found[name("w")]), len(found[name("x")])) == (500, 1)


_LABELS = st.sampled_from(["*", "a", "a-b", "_a", "b", "0", "aa"])
_HOSTS = st.lists(
    st.lists(_LABELS, min_size=1, max_size=3).map(lambda p: ".".join(x for i, x in enumerate(p) if x != "*" or not i)), max_size=12
)


@tried(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_HOSTS, _HOSTS)
async def test_what_is_there_is_found_whatever_the_names(service: Strict, there: list[str], asked: list[str]) -> None:
    service.empty()
    zone = parts.create_zone(service)
    parts.put(service, zone, *(address(host) for host in dict.fromkeys(there)))
    async with parts.provider(service) as dns:
        found = await dns.look(ZONE, frozenset(name(host) for host in asked))
    assert {host: bool(found[name(host)]) for host in asked} == {host: host in there for host in asked}


async def test_a_listing_in_a_circle_is_an_error_not_a_loop(service: Strict, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = parts.create_zone(service)
    parts.put(service, zone, address("www"))
    first = list(service.zones[zone].sets.values())
    monkeypatch.setattr(service.zones[zone], "page", lambda *_: (first, ("www.example.org.", "A", "")))
    async with parts.provider(service) as dns:
        with pytest.raises(Transient, match="circle"):
            await dns.read(ZONE, None)


async def test_a_name_below_another_zone_is_answered_for_the_zone_that_was_asked(service: Strict) -> None:
    parts.create_zone(service)
    parts.create_zone(service, "sub.example.org")
    async with parts.provider(service) as dns:
        found = await dns.look(ZONE, frozenset({DnsName("www.sub.example.org.")}))
    assert found == {DnsName("www.sub.example.org."): ()}
