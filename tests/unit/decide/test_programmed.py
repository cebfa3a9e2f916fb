"""Programmed and Propagated: what the zones' workers say, the worst name first."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from mcidns.decide import decide
from mcidns.model.clusters import MemberView
from mcidns.model.decisions import Decision, Programming
from mcidns.model.names import DnsName
from mcidns.testing import build
from mcidns.testing.build import NOW, member, programming, seen
from tests.unit.decide.answers import condition

WWW = "www.example.org"
AMS = member("ams", seen("192.0.2.1"))
SICK = member("fra", seen("192.0.2.2", ready=0))


def decided(*members: MemberView, host: dict[str, Any] | None = None, **changes: Any) -> Decision:
    """A decision on these members."""
    return decide(build.world(*members, **changes), build.host(**(host or {})), NOW)


PENDING = programming(WWW, state="Pending", reason="Pending", message="waiting for its turn", propagation="Pending")
FAILED = programming(WWW, state="Failed", reason="Denied", message="the key may not change it", propagation="Unknown")
HELD = programming(WWW, state="Held", reason="PlanHeld", message="40 % of the names would go")
MISMATCH = programming(WWW, propagation="Mismatch", propagation_message="192.0.2.53 answers otherwise")


@pytest.mark.parametrize(
    ("entries", "programmed", "propagated"),
    [
        pytest.param(
            (programming(WWW),),
            ("True", "Programmed", "every name stands in its zone"),
            ("True", "Propagated", "every authoritative server answers what was written"),
            id="written and answered",
        ),
        pytest.param(
            (),
            ("Unknown", "Pending", "www.example.org: the zone's worker has not taken it up yet"),
            ("Unknown", "Pending", "www.example.org (not confirmed yet)"),
            id="not taken up yet",
        ),
        pytest.param(
            (PENDING,),
            ("Unknown", "Pending", "www.example.org: waiting for its turn"),
            ("Unknown", "Pending", "www.example.org (not confirmed yet)"),
            id="under way",
        ),
        pytest.param(
            (FAILED,),
            ("False", "Denied", "www.example.org: the key may not change it"),
            ("Unknown", "Unknown", "www.example.org (the provider cannot tell)"),
            id="refused",
        ),
        pytest.param(
            (HELD,),
            ("False", "PlanHeld", "www.example.org: 40 % of the names would go"),
            ("True", "Propagated", "every authoritative server answers what was written"),
            id="held",
        ),
        pytest.param(
            (MISMATCH,),
            ("True", "Programmed", "every name stands in its zone"),
            ("False", "Mismatch", "www.example.org (192.0.2.53 answers otherwise)"),
            id="a server answers otherwise",
        ),
    ],
)
def test_programmed_and_propagated(
    entries: tuple[Programming, ...], programmed: tuple[str, str, str], propagated: tuple[str, str, str]
) -> None:
    decision = decided(AMS, programming=entries)

    for type_, expected in (("Programmed", programmed), ("Propagated", propagated)):
        told = condition(decision, type_)
        assert (told.status, told.reason, told.message) == expected


def test_the_worst_name_speaks_for_all() -> None:
    names = [f"www{number}.example.org" for number in range(7)]
    failed = tuple(structs.replace(FAILED, name=DnsName(f"{name}."), propagation="Mismatch") for name in names[:6])
    host = {"hostnames": tuple(DnsName(f"{name}.") for name in names)}

    decision = decided(AMS, host=host, programming=(*failed, programming(names[6])))

    told = condition(decision, "Programmed")
    assert (told.status, told.reason) == ("False", "Denied")
    assert told.message.endswith("www4.example.org: the key may not change it; and 1 more names")
    assert condition(decision, "Propagated").reason == "Mismatch"


def test_where_no_name_is_accepted_there_is_nothing_to_program() -> None:
    told = condition(decided(AMS, zones=()), "Programmed")

    assert (told.status, told.reason) == ("Unknown", "NotAccepted")


def test_where_nothing_is_published_there_is_nothing_to_program() -> None:
    decision = decided(SICK)

    assert condition(decision, "Programmed").reason == "NothingToProgram"
    assert condition(decision, "Propagated").reason == "NothingToProgram"


def test_a_zone_without_a_provider_leaves_programming_to_others() -> None:
    zone = build.zone(provider=None, ttl=replace(build.ZONE.ttl, min=60))

    decision = decided(AMS, zones=(zone,))

    told = condition(decision, "Programmed")
    assert (told.status, told.reason) == ("Unknown", "DNSEndpointOnly")
    assert told.message.endswith("TTLClamped: www.example.org has TTL 60 instead of 30: DNSZone main allows 60 to 86400 s")
    assert "TTLClamped" not in condition(decision, "Propagated").message


def test_names_without_a_provider_do_not_hide_those_with_one() -> None:
    zones = (build.zone(), build.zone("example.net", provider=None))
    host = {"hostnames": (DnsName("www.example.net."), DnsName("www.example.org."))}

    decision = decided(AMS, host=host, zones=zones, programming=(programming(WWW),))

    assert condition(decision, "Programmed").reason == "Programmed"
