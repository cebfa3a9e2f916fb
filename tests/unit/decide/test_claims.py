"""Which names a host has: where they come from, the zone, the grant, and who claimed them first."""

from typing import Any

import pytest

from mcidns.decide import claims, decide
from mcidns.model.clusters import Observation
from mcidns.model.decisions import Condition, Decision, Memory, Reason
from mcidns.model.hosts import Requirement
from mcidns.model.names import DnsName
from mcidns.model.records import Wish
from mcidns.model.references import ObjectRef
from mcidns.model.zones import Grant, Zone
from mcidns.testing import build
from mcidns.testing.build import NOW, absent, claim, lost, member, memory, remembered, seen, unread, zone

WWW = DnsName("www.example.org.")
API = DnsName("api.example.org.")
EARLIER = build.HOST.created_at - 1
LATER = build.HOST.created_at + 1


def decided(*hostnames: str, host: dict[str, Any] | None = None, **changes: Any) -> Decision:
    """A decision with one healthy member."""
    return decide(build.world(member("ams", seen("192.0.2.1")), **changes), build.host(*hostnames, **(host or {})), NOW)


def accepted(decision: Decision) -> Condition:
    """The condition Accepted."""
    return next(one for one in decision.conditions if one.type == "Accepted")


def names(decision: Decision) -> list[str]:
    """The names the host may serve."""
    return [name.name.relative for name in decision.names]


@pytest.mark.parametrize(
    ("host", "domains", "chosen"),
    [
        pytest.param("www.example.org", ("example.org", "org"), "example.org", id="the longest domain"),
        pytest.param("a.b.example.org", ("example.org", "b.example.org"), "b.example.org", id="at any depth"),
        pytest.param("example.org", ("example.org",), "example.org", id="the apex itself"),
        pytest.param("*.example.org", ("example.org", "apps.example.org"), "example.org", id="a wildcard belongs to its parent"),
        pytest.param("fooexample.org", ("example.org",), None, id="never half a label"),
        pytest.param("org", ("example.org",), None, id="nor a parent of the domain"),
        pytest.param("WWW.BÜCHER.example", ("xn--bcher-kva.example",), "xn--bcher-kva.example", id="international names compare"),
    ],
)
def test_a_name_falls_into_the_zone_with_the_longest_matching_domain(
    host: str, domains: tuple[str, ...], chosen: str | None
) -> None:
    zones = tuple(zone(domain, name=domain) for domain in domains)

    decision = decided(host, zones=zones)

    assert [name.zone for name in decision.names] == ([] if chosen is None else [chosen])
    assert (accepted(decision).status, accepted(decision).reason) == (
        ("False", "NoMatchingZone") if chosen is None else ("True", "Accepted")
    )


def test_a_name_without_a_zone_is_told_which_there_are() -> None:
    zones = tuple(zone(f"z{number:02}.example") for number in range(12))

    told = accepted(decided("www.example.net", zones=zones)).message

    assert told.startswith("www.example.net: no DNSZone covers it (there are: z00-example (z00.example), ")
    assert "and 2 more" in told
    assert told.endswith("create one for a parent domain or change the name")
    assert "there are: none" in accepted(decided("www.example.net", zones=())).message


def test_two_zones_of_one_domain_are_refused_by_name() -> None:
    decision = decided(zones=(zone(name="b"), zone(name="a")))

    assert names(decision) == []
    assert accepted(decision).reason == "AmbiguousZone"
    assert "DNSZone a and DNSZone b have the same domain example.org" in accepted(decision).message


TEAM = Requirement("team", "In", ("web",))


@pytest.mark.parametrize(
    ("grant", "host", "permitted"),
    [
        pytest.param(Grant(), "www.example.org", True, id="an empty grant is for everybody"),
        pytest.param(Grant(namespaces=("shop",)), "www.example.org", True, id="the namespace by name"),
        pytest.param(Grant(namespaces=("bank",)), "www.example.org", False, id="another namespace by name"),
        pytest.param(Grant(requirements=(TEAM,)), "www.example.org", True, id="the namespace by label"),
        pytest.param(Grant(requirements=(Requirement("team", "In", ("db",)),)), "www.example.org", False, id="by another label"),
        pytest.param(Grant(("bank",), (TEAM,)), "www.example.org", True, id="by name or by label"),
        pytest.param(Grant(names=("www.example.org",)), "www.example.org", True, id="exactly this name"),
        pytest.param(Grant(names=("WWW.Example.Org.",)), "www.example.org", True, id="however it is written"),
        pytest.param(Grant(names=("api.example.org",)), "www.example.org", False, id="only another name"),
        pytest.param(Grant(names=("*.apps.example.org",)), "a.b.apps.example.org", True, id="all names below a suffix"),
        pytest.param(Grant(names=("*.apps.example.org",)), "*.apps.example.org", True, id="the wildcard itself"),
        pytest.param(Grant(names=("*.apps.example.org",)), "apps.example.org", False, id="but not the suffix itself"),
        pytest.param(Grant(names=("*.apps.example.org",)), "myapps.example.org", False, id="nor half a label"),
        pytest.param(Grant(names=("-nonsense-",)), "www.example.org", False, id="a pattern that is no name covers none"),
    ],
)
def test_a_namespace_may_claim_what_a_grant_allows(grant: Grant, host: str, permitted: bool) -> None:
    labels = (("team", "web"),)

    decision = decided(host, zones=(zone(grants=(grant,)),), namespace_labels=labels)

    assert names(decision) == ([host] if permitted else [])
    if not permitted:
        assert accepted(decision).reason == "HostnameNotPermitted"
        assert f"{host}: DNSZone main does not let namespace shop claim it" in accepted(decision).message


def test_the_oldest_claim_of_another_namespace_wins_and_the_loser_names_it() -> None:
    decision = decided(rivals=((WWW, (claim("bank", "later", LATER), claim("bank", "first", EARLIER))),))

    assert names(decision) == []
    assert decision.claims_lost == ((WWW, ObjectRef("GlobalHost", "bank", "first")),)
    assert accepted(decision).reason == "HostnameConflict"
    assert accepted(decision).message == (
        "www.example.org: GlobalHost bank/first claimed it first; choose another name, or have that claim removed"
    )


@pytest.mark.parametrize(
    ("rivals", "wins"),
    [
        pytest.param((claim("bank", "web", LATER),), True, id="older"),
        pytest.param((claim("bank", "web", build.HOST.created_at),), False, id="of one age the namespace decides"),
        pytest.param((claim("zoo", "web", build.HOST.created_at),), True, id="of one age the namespace decides for us"),
        pytest.param((claim("bank", "web", EARLIER), claim("shop", "old", EARLIER - 1)), True, id="by a partner's age"),
    ],
)
def test_who_wins(rivals: tuple[Any, ...], wins: bool) -> None:
    assert bool(names(decided(rivals=((WWW, rivals),)))) is wins


def test_only_permitted_claims_stand_against_rivals() -> None:
    grants = (Grant(names=("www.example.org", "api.example.org")),)
    host = ("www.example.org", "api.example.org", "forbidden.example.org", "www.example.net")

    decision = decided(*host, zones=(zone(grants=grants),), rivals=((API, (claim("bank", "web", EARLIER),)),))

    assert names(decision) == ["www.example.org"]
    assert claims.standing(decision) == (API, WWW)


def test_a_name_published_under_a_claim_given_up_does_not_stand_while_nothing_may_be_written() -> None:
    past = memory(published={"old.example.org": ["192.0.2.1"]})

    decision = decided(memory=past, inventory_complete=False)

    assert names(decision) == ["old.example.org", "www.example.org"]
    assert claims.standing(decision) == (WWW,)


def test_a_lost_name_that_was_published_is_asked_for_no_more() -> None:
    past = memory(remembered("ams", "192.0.2.1"), published={"www.example.org": ["192.0.2.1"]})

    decision = decided(rivals=((WWW, (claim("bank", "web", EARLIER),)),), memory=past)

    assert decision.intents == ()
    assert decision.memory.published == ()


def test_partners_of_one_namespace_share_a_name() -> None:
    decision = decided(rivals=((WWW, (claim("shop", "partner", EARLIER),)),))

    assert names(decision) == ["www.example.org"]
    assert isinstance(decision.intents[0], Wish)
    assert decision.intents[0].merge == "GlobalHost/shop"


def test_a_host_keeps_serving_the_names_it_has_beside_those_it_lost() -> None:
    host = {"invalid_hostnames": ("'a b' is no name",)}

    decision = decided(
        "www.example.org", "api.example.org", "www.example.net", host=host, rivals=((API, (claim("bank", "web", EARLIER),)),)
    )

    assert names(decision) == ["www.example.org"]
    condition = accepted(decision)
    assert (condition.status, condition.reason) == ("False", "Invalid")
    assert condition.message == (
        "spec.hostnames: 'a b' is no name; "
        "api.example.org: GlobalHost bank/web claimed it first; choose another name, or have that claim removed; "
        "www.example.net: no DNSZone covers it (there are: main (example.org)); "
        "create one for a parent domain or change the name; accepted: www.example.org (DNSZone main)"
    )


def test_names_come_from_the_sources_where_the_host_has_none() -> None:
    members = (
        member("ams", seen("192.0.2.1", hostnames=(WWW,))),
        member("fra", lost(seen("192.0.2.2", hostnames=(API, WWW)))),
        member("lon", absent()),
    )

    decision = decide(build.world(*members), build.host(hostnames=()), NOW)

    assert names(decision) == ["api.example.org", "www.example.org"]
    assert decision.memory.hostnames == (API, WWW)


@pytest.mark.parametrize(
    ("observation", "reason", "kept"),
    [
        pytest.param(unread(), Reason.READY, True, id="while a member that may have named it is silent"),
        pytest.param(lost(), Reason.STALE, True, id="and while it does not answer"),
        pytest.param(lost(seen("192.0.2.2")), Reason.STALE, False, id="not once it spoke without naming it"),
        pytest.param(seen("192.0.2.2"), Reason.READY, False, id="nor when it answers"),
        pytest.param(lost(), Reason.NOT_PLACED, False, id="nor by a member that never held the source"),
    ],
)
def test_a_remembered_name_stays(observation: Observation, reason: Reason, kept: bool) -> None:
    past = memory(remembered("fra", "192.0.2.2", reason=reason), hostnames=(API,))
    members = (member("ams", seen("192.0.2.1", hostnames=(WWW,))), member("fra", observation))

    decision = decide(build.world(*members, memory=past), build.host(hostnames=()), NOW)

    assert names(decision) == (["api.example.org"] if kept else []) + ["www.example.org"]


def test_remembered_names_stay_until_every_fleet_was_listed() -> None:
    decision = decide(build.world(memory=Memory(hostnames=(API,)), inventory_complete=False), build.host(hostnames=()), NOW)

    assert names(decision) == ["api.example.org"]


def test_a_host_without_any_name_says_how_to_name_one() -> None:
    decision = decided(host={"hostnames": ()})

    assert accepted(decision).reason == "NoHostname"
    assert accepted(decision).message == "no name is claimed: set spec.hostnames, or name one in Ingress shop/web"


def test_invalid_names_do_not_bring_in_those_of_the_source() -> None:
    members = (member("ams", seen("192.0.2.1", hostnames=(WWW,))),)

    decision = decide(build.world(*members), build.host(hostnames=(), invalid_hostnames=("'a b' is no name",)), NOW)

    assert names(decision) == []
    assert (accepted(decision).reason, accepted(decision).message) == ("Invalid", "spec.hostnames: 'a b' is no name")


def test_very_many_refusals_are_cut() -> None:
    hostnames = [f"www{number:02}.example.net" for number in range(14)]

    assert accepted(decided(*hostnames)).message.endswith("; and 4 more")


def test_the_zone_of_a_root_domain_holds_every_name() -> None:
    root = Zone(name="root", domain=DnsName("."), owner_id="tests")

    assert names(decided("www.anything.example", zones=(root,))) == ["www.anything.example"]
