"""KubeFed's names for a Service: which there are, what each holds, and where it falls back to."""

import os
from typing import Any

import pytest
from hypothesis import given, settings

from mcidns.decide import decide, naming
from mcidns.model.clusters import LostReason, MemberView
from mcidns.model.decisions import Decision, Memory
from mcidns.model.hosts import Host
from mcidns.model.kubefed import Scheme
from mcidns.model.references import SourceRef
from mcidns.model.zones import Grant
from mcidns.testing import build
from tests.unit.decide import worlds
from tests.unit.decide.answers import condition
from tests.unit.decide.test_properties import History, _live

TOP = "web.shop.d.svc.example.org"
EU = "web.shop.d.svc.eu.example.org"
EU_A = "web.shop.d.svc.a.eu.example.org"
US = "web.shop.d.svc.us.example.org"
MISSING = "spec.domainRef: there is no Domain d in namespace kube-federation-system"


def record(prefix: str = "", **changes: Any) -> Host:
    """A ServiceDNSRecord shop/web that refers to Domain d."""
    scheme = Scheme("web.shop.d.svc", build.name("example.org"), prefix=prefix)
    source = SourceRef("Service", "shop", "web")
    return build.host(hostnames=(), kind="ServiceDNSRecord", scheme=scheme, source=source, ttl=180, max_targets=100, **changes)


def eu(*addresses: str, ready: int = 1) -> MemberView:
    """The member in region eu, zone a."""
    return build.member("fra", build.seen(*addresses, ready=ready, total=1), "eu", zones=("a",))


def us(*addresses: str, ready: int = 1) -> MemberView:
    """The member in region us, no zones known."""
    return build.member("nyc", build.seen(*addresses, ready=ready, total=1), "us")


def held(decision: Decision) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Record type and values by name, of names that hold something."""
    return {one.name.relative: (one.record_type, one.targets) for one in decision.names if one.targets}


def after(memory: Memory, *members: MemberView, host: Host | None = None, **changes: Any) -> Decision:
    """The next decision."""
    return decide(build.world(*members, memory=memory, **changes), host or record(), build.NOW + 1)


def test_every_region_and_zone_has_a_name_with_its_own_addresses_and_one_name_has_them_all() -> None:
    decision = decide(build.world(eu("192.0.2.1", "2001:db8::1"), us("192.0.2.2")), record(), build.NOW)

    assert held(decision) == {
        TOP: ("A,AAAA", ("192.0.2.1", "192.0.2.2", "2001:db8::1")),
        EU: ("A,AAAA", ("192.0.2.1", "2001:db8::1")),
        EU_A: ("A,AAAA", ("192.0.2.1", "2001:db8::1")),
        US: ("A", ("192.0.2.2",)),
    }
    assert {one.ttl for one in decision.names} == {180}


@pytest.mark.parametrize(
    "them",
    [
        pytest.param(eu("192.0.2.1", ready=0), id="too few ready endpoints"),
        pytest.param(eu(), id="no address yet"),
        pytest.param(build.member("fra", build.absent(), "eu", zones=("a",)), id="no such Service there"),
    ],
)
def test_names_of_a_region_that_cannot_serve_lead_step_by_step_to_one_that_can(them: MemberView) -> None:
    decision = decide(build.world(them, us("192.0.2.2")), record(), build.NOW)

    assert held(decision) == {
        TOP: ("A", ("192.0.2.2",)),
        EU: ("CNAME", (TOP,)),
        EU_A: ("CNAME", (EU,)),
        US: ("A", ("192.0.2.2",)),
    }


def test_the_fallback_ends_when_the_region_serves_again() -> None:
    first = decide(build.world(eu("192.0.2.1", ready=0), us("192.0.2.2")), record(), build.NOW)

    assert held(after(first.memory, eu("192.0.2.1"), us("192.0.2.2")))[EU] == ("A", ("192.0.2.1",))


def test_nothing_that_can_serve_and_nothing_published_means_no_name_at_all() -> None:
    assert held(decide(build.world(eu("192.0.2.1", ready=0), us()), record(prefix="pay"), build.NOW)) == {}


def test_as_kubefed_the_pointing_names_are_there_all_the_same() -> None:
    host = record(prefix="pay", when_none_healthy="Withdraw")
    decision = decide(build.world(eu("192.0.2.1", ready=0), us()), host, build.NOW)

    assert held(decision) == {
        EU: ("CNAME", (TOP,)),
        EU_A: ("CNAME", (EU,)),
        US: ("CNAME", (TOP,)),
        "pay.example.org": ("CNAME", (TOP,)),
    }


def test_published_names_survive_that_nothing_can_serve_any_more() -> None:
    first = decide(build.world(eu("192.0.2.1"), us("192.0.2.2")), record(), build.NOW)
    decision = after(first.memory, eu("192.0.2.1", ready=0), us("192.0.2.2", ready=0))

    assert held(decision)[TOP] == ("A", ("192.0.2.1", "192.0.2.2"))
    assert held(decision)[EU] == ("CNAME", (TOP,))
    assert condition(decision, "FailOpen").status == "True"


def test_a_silent_member_keeps_its_region_and_zone_names() -> None:
    first = decide(build.world(eu("192.0.2.1"), us("192.0.2.2")), record(), build.NOW)
    silent = build.member("fra", build.lost(build.seen("192.0.2.1")), "eu", zones=("a",))

    assert held(after(first.memory, silent, us("192.0.2.2"))) == held(first)


def test_a_member_that_was_never_read_does_not_turn_its_names_into_fallbacks() -> None:
    """DNS may hold its addresses from an earlier life; only once it has spoken is it known that there are none."""
    unread = build.member("fra", build.lost(reason=LostReason.REFUSED), "eu", zones=("a",))
    decision = decide(build.world(unread, us("192.0.2.2")), record(), build.NOW)

    assert EU not in held(decision)
    pointed = build.memory(published={EU: (TOP,), EU_A: (EU,), TOP: ("192.0.2.2",)})
    assert held(after(pointed, unread, us("192.0.2.2")))[EU] == ("CNAME", (TOP,))
    alone = decide(build.world(unread), record(when_none_healthy="Withdraw"), build.NOW)
    assert held(alone) == {}, "not even as KubeFed did"
    addressed = build.memory(published={EU: ("192.0.2.1",)})
    assert held(after(addressed, unread, us("192.0.2.2")))[EU] != ("CNAME", (TOP,))


def test_a_member_that_left_takes_its_region_along() -> None:
    first = decide(build.world(eu("192.0.2.1"), us("192.0.2.2")), record(), build.NOW)
    decision = after(first.memory, us("192.0.2.2"))

    assert held(decision) == {TOP: ("A", ("192.0.2.2",)), US: ("A", ("192.0.2.2",))}
    assert decision.memory.hostnames == (build.name(TOP), build.name(US))


def test_members_without_region_harm_nobody_and_are_told() -> None:
    nowhere = build.member("old", build.seen("192.0.2.9"), zones=("z",))
    decision = decide(build.world(nowhere, us("192.0.2.2")), record(), build.NOW)

    assert held(decision) == {TOP: ("A", ("192.0.2.2", "192.0.2.9")), US: ("A", ("192.0.2.2",))}
    assert "no region is known of old" in condition(decision, "ResolvedRefs").message
    assert "no region" not in condition(decide(build.world(us("192.0.2.2")), record(), build.NOW), "ResolvedRefs").message


def test_a_zone_that_clusters_share_holds_the_addresses_of_them_all() -> None:
    one, two = (
        build.member(name, build.seen(address), "eu", zones=("a",)) for name, address in (("x", "192.0.2.1"), ("y", "192.0.2.2"))
    )

    assert held(decide(build.world(one, two), record(), build.NOW))[EU_A] == ("A", ("192.0.2.1", "192.0.2.2"))


def test_the_prefix_points_at_the_first_name_and_at_an_apex_holds_its_addresses() -> None:
    host = record(prefix="pay")
    members = (eu("192.0.2.1"), us("192.0.2.2"))
    apex = (build.zone("example.org"), build.zone("pay.example.org"))

    assert held(decide(build.world(*members), host, build.NOW))["pay.example.org"] == ("CNAME", (TOP,))
    found = held(decide(build.world(*members, zones=apex), host, build.NOW))
    assert found["pay.example.org"] == ("A", ("192.0.2.1", "192.0.2.2"))


def test_a_name_that_may_not_be_claimed_is_left_out_of_the_way_down() -> None:
    """Only zones and the first name are permitted: the zone falls back to the first name."""
    zone = build.zone(grants=(Grant(names=(TOP, EU_A)),))
    decision = decide(build.world(eu("192.0.2.1", ready=0), us("192.0.2.2"), zones=(zone,)), record(), build.NOW)

    assert held(decision) == {TOP: ("A", ("192.0.2.2",)), EU_A: ("CNAME", (TOP,))}
    assert condition(decision, "Accepted").reason == "HostnameNotPermitted"


def test_a_region_on_its_own_is_not_emptied_where_the_first_name_may_not_be_claimed() -> None:
    zones = (build.zone(grants=(Grant(names=(EU,)),)),)
    first = decide(build.world(eu("192.0.2.1"), zones=zones), record(), build.NOW)

    assert held(after(first.memory, eu("192.0.2.1", ready=0), zones=zones)) == {EU: ("A", ("192.0.2.1",))}


def test_a_partner_of_the_same_namespace_gets_no_cname_beside_its_addresses() -> None:
    rivals = ((build.name(EU), (build.claim("shop", "other"),)),)
    decision = decide(build.world(eu("192.0.2.1", ready=0), us("192.0.2.2"), rivals=rivals), record(), build.NOW)

    assert EU not in held(decision)
    assert held(decision)[EU_A] == ("CNAME", (TOP,))


@pytest.mark.parametrize(
    ("scheme", "cluster", "words"),
    [
        pytest.param({"stem": "web.shop..svc"}, {}, "empty label", id="an empty domainRef"),
        pytest.param({"stem": f"{'a' * 64}.shop.d.svc"}, {}, "spec.externalName", id="a label of 64 characters"),
        pytest.param({"prefix": "-"}, {}, "spec.dnsPrefix", id="a prefix that is none"),
        pytest.param({"prefix": "web.shop.d.svc"}, {}, "name that the record has anyway", id="a prefix that gives the first name"),
        pytest.param({}, {"region": "a b"}, "spec.region of MemberCluster fra", id="a region that is no label"),
        pytest.param({}, {"zones": ("a", "!")}, "spec.zones of MemberCluster fra", id="a zone that is no label"),
    ],
)
def test_parts_that_make_no_name_are_told_with_their_field(scheme: dict[str, Any], cluster: dict[str, Any], words: str) -> None:
    place = build.cluster("fra", **{"region": "eu", **cluster})
    levels = naming.of(Scheme(**{"stem": "web.shop.d.svc", "domain": build.name("example.org"), **scheme}), [place])

    assert len(levels.mistakes) == 1
    assert words in levels.mistakes[0]


def test_a_mistake_in_one_part_leaves_the_other_names_alone() -> None:
    decision = decide(build.world(eu("192.0.2.1"), us("192.0.2.2")), record(prefix="-"), build.NOW)

    assert set(held(decision)) == {TOP, EU, EU_A, US}
    assert condition(decision, "Accepted").reason == "Invalid"


def test_a_region_with_a_dot_and_a_zone_that_give_one_name_unite() -> None:
    clusters = [build.cluster("x", "a.eu"), build.cluster("y", "eu", zones=("a",))]
    levels = naming.of(Scheme("web.shop.d.svc", build.name("example.org")), clusters)

    found = next(level.clusters for level in levels.levels if level.name.relative == EU_A)
    assert sorted(found or ()) == ["x", "y"]


def test_without_its_domain_a_record_has_no_names_and_says_what_to_do() -> None:
    host = build.host(hostnames=(), kind="ServiceDNSRecord", scheme=Scheme("web.shop.d.svc", None, MISSING))
    decision = decide(build.world(eu("192.0.2.1")), host, build.NOW)

    assert decision.names == ()
    assert condition(decision, "Accepted").reason == "NoHostname"
    resolved = condition(decision, "ResolvedRefs")
    assert (resolved.reason, resolved.message) == ("DomainNotFound", MISSING)


def test_a_record_without_its_service_is_told_that_their_names_must_be_equal() -> None:
    found = condition(decide(build.world(build.member("fra", build.absent(), "eu")), record(), build.NOW), "ResolvedRefs")

    assert found.reason == "SourceNotFound"
    assert "Service of its own name" in found.message


@settings(deadline=None, max_examples=int(os.environ.get("MCIDNS_EXAMPLES", "100")))
@given(worlds.histories())
def test_every_pointing_name_leads_to_one_that_holds_something_unless_its_owner_wants_it_empty(history: History) -> None:
    _, decision, _ = _live(history)
    if history[0].when_none_healthy == "Withdraw":
        return
    names = {name.name.relative: name for name in decision.names}
    own = {level.name.relative for level in naming.of(history[0].scheme, decision.places).levels} if history[0].scheme else set()

    for name in decision.names:
        for target in name.targets:
            if target in own:
                assert names[target].targets


@settings(deadline=None, max_examples=int(os.environ.get("MCIDNS_EXAMPLES", "100")))
@given(worlds.histories())
def test_an_address_of_a_region_stands_in_the_first_name_too_unless_it_did_not_fit(history: History) -> None:
    host, _, _ = history
    _, decision, _ = _live(history)
    if host.scheme is None or host.scheme.domain is None or host.max_targets < 8:
        return
    (top, *levels) = naming.of(host.scheme, decision.places).levels
    values = {name.name: set(name.targets) for name in decision.names if name.record_type in {"A", "AAAA", "A,AAAA"}}
    healthy = {str(target) for one in decision.verdicts if one.eligible for target in one.targets}
    for level in levels:
        assert values.get(level.name, set()) & healthy <= values.get(top.name, set())
