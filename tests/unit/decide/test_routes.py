"""What is served when nothing is healthy, while nothing may be written, and before anything ever was."""

from ipaddress import ip_address
from typing import Any

import pytest

from mcidns.decide import decide
from mcidns.model.clusters import MemberView
from mcidns.model.decisions import Memory, Reason
from mcidns.model.hosts import WhenNoneHealthy
from mcidns.model.names import DnsName
from mcidns.testing import build
from mcidns.testing.build import NOW, absent, member, memory, remembered, seen
from tests.unit.decide.answers import condition, wish

WWW = "www.example.org"
SICK = (member("ams", seen("198.51.100.1", ready=0)), member("fra", seen("192.0.2.1", ready=0)))
FALLBACK = (ip_address("203.0.113.9"), ip_address("2001:db8::9"))


def both(**changes: Any) -> Memory:
    """Both clusters stood in DNS, and fra was healthy last."""
    past = (remembered("ams", "198.51.100.1"), remembered("fra", "192.0.2.1"))
    return memory(*past, published={WWW: ["192.0.2.1", "198.51.100.1"]}, **{"served": ("192.0.2.1",), **changes})


@pytest.mark.parametrize(
    ("rule", "members", "past", "targets", "how"),
    [
        pytest.param("ServeAll", SICK, both(), ("192.0.2.1", "198.51.100.1"), "ServeAll", id="ServeAll serves whatever is known"),
        pytest.param("ServeLast", SICK, both(), ("192.0.2.1",), "ServeLast", id="ServeLast serves what was healthy last"),
        pytest.param(
            "ServeLast",
            SICK,
            both(served=("192.0.2.99",)),
            ("192.0.2.1", "198.51.100.1"),
            "ServeAll",
            id="ServeLast without anything that still exists serves all",
        ),
        pytest.param("Fallback", SICK, both(), ("203.0.113.9", "2001:db8::9"), "Fallback", id="Fallback serves its own targets"),
        pytest.param("Withdraw", SICK, both(), (), None, id="Withdraw empties the name"),
        pytest.param(
            "ServeAll",
            (member("ams", seen("198.51.100.1", ready=0)), member("fra", absent())),
            both(),
            ("198.51.100.1",),
            "ServeAll",
            id="what was taken away on purpose is not served for want of better",
        ),
        pytest.param(
            "ServeLast",
            (member("ams", seen("198.51.100.1", ready=0)), member("fra", absent())),
            both(),
            ("198.51.100.1",),
            "ServeAll",
            id="not even if it was the last healthy one",
        ),
        pytest.param(
            "ServeAll", (member("ams", absent()), member("fra", absent())), both(), (), None, id="removed everywhere empties"
        ),
        pytest.param("ServeAll", (), both(), (), None, id="an inventory without any of them empties too"),
        pytest.param(
            "ServeAll",
            (member("ams", seen()), member("fra", seen("192.0.2.1", ready=0))),
            memory(
                remembered("ams", "198.51.100.1", reason=Reason.NO_ADDRESS, blank_since=NOW - 999), published={WWW: ["192.0.2.1"]}
            ),
            ("192.0.2.1",),
            "ServeAll",
            id="an address that its cluster shows is preferred to one it has lost",
        ),
        pytest.param(
            "ServeAll",
            (member("ams", seen()),),
            memory(
                remembered("ams", "198.51.100.1", reason=Reason.NO_ADDRESS, blank_since=NOW - 999),
                published={WWW: ["198.51.100.1"]},
            ),
            ("198.51.100.1",),
            "ServeAll",
            id="a lost address is better than none",
        ),
        pytest.param(
            "ServeAll",
            (member("ams", seen("lb.example.net", "lb2.example.net")),),
            memory(published={WWW: ["198.51.100.1"]}),
            ("198.51.100.1",),
            "ServeLast",
            id="when nothing known leads to an address the name keeps what it holds",
        ),
        pytest.param(
            "ServeAll",
            (member("ams", seen("lb.example.net", "lb2.example.net")), member("fra", absent())),
            memory(
                remembered("fra", "192.0.2.1", "lb3.example.net"),
                published={WWW: ["192.0.2.1", "192.0.2.3", "198.51.100.1"]},
                resolved=((DnsName("lb3.example.net."), ("192.0.2.3",)),),
            ),
            ("198.51.100.1",),
            "ServeLast",
            id="but not what was taken away on purpose, nor what its names resolved to",
        ),
    ],
)
def test_when_nothing_is_healthy(
    rule: WhenNoneHealthy, members: tuple[MemberView, ...], past: Memory, targets: tuple[str, ...], how: str | None
) -> None:
    decision = decide(build.world(*members, memory=past), build.host(when_none_healthy=rule, fallback=FALLBACK), NOW)

    told = condition(decision, "FailOpen")
    assert decision.names[0].targets == targets
    assert (told.status, told.reason) == (("False", "Inactive") if how is None else ("True", how))
    assert wish(decision).fail_open is (how is not None)


def test_fallback_targets_that_may_not_be_published_leave_all_known_ones() -> None:
    host = build.host(when_none_healthy="Fallback", fallback=(ip_address("127.0.0.1"),))

    decision = decide(build.world(*SICK, memory=both()), host, NOW)

    assert decision.names[0].targets == ("192.0.2.1", "198.51.100.1")
    assert "spec.whenNoneHealthy: Fallback, which has nothing to offer, so ServeAll" in condition(decision, "FailOpen").message


def test_one_healthy_target_ends_failing_open() -> None:
    failing = decide(build.world(*SICK, memory=both()), build.host(), NOW)
    members = (SICK[0], member("fra", seen("192.0.2.1")))

    decision = decide(build.world(*members, memory=failing.memory), build.host(), NOW + 5)

    assert decision.names[0].targets == ("192.0.2.1",)
    assert decision.memory.served == ("192.0.2.1",)
    assert condition(decision, "FailOpen").status == "False"


def test_a_name_that_was_never_published_waits_for_its_first_healthy_target() -> None:
    waiting = decide(build.world(*SICK), build.host(), NOW)
    host = build.host()
    healthy = decide(build.world(member("ams", seen("198.51.100.1")), SICK[1], memory=waiting.memory), host, NOW + 5)

    assert waiting.names[0].targets == ()
    assert wish(waiting).sets == ()
    assert condition(waiting, "Healthy").reason == "NoneHealthy"
    assert "Nothing is published for www.example.org until a first target is healthy" in condition(waiting, "Healthy").message
    assert waiting.memory.published == ()
    assert healthy.names[0].targets == ("198.51.100.1",)
    assert healthy.memory.published == ((DnsName("www.example.org."), ("198.51.100.1",)),)


def test_a_waiting_name_does_not_empty_what_memory_may_have_lost() -> None:
    intent = wish(decide(build.world(*SICK), build.host(), NOW))

    assert (intent.complete, intent.withdrawn) == (False, frozenset())


def test_a_new_name_of_a_host_waits_while_its_old_name_fails_open() -> None:
    host = build.host(WWW, "new.example.org")

    decision = decide(build.world(*SICK, memory=both()), host, NOW)

    assert [(name.name.relative, name.targets) for name in decision.names] == [
        ("new.example.org", ()),
        (WWW, ("192.0.2.1", "198.51.100.1")),
    ]


@pytest.mark.parametrize("rule", ["ServeAll", "Withdraw"])
def test_withdrawing_is_complete_only_where_the_owner_asked_for_it(rule: WhenNoneHealthy) -> None:
    decision = decide(build.world(*SICK), build.host(when_none_healthy=rule), NOW)

    assert wish(decision).complete is (rule == "Withdraw")
