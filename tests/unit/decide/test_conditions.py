"""The six conditions: when each is true, by which reason, and that nothing in them ticks."""

from dataclasses import replace
from typing import Any

import pytest

from mcidns.decide import decide
from mcidns.model.clusters import MemberView
from mcidns.model.decisions import Decision, Reason
from mcidns.testing import build
from mcidns.testing.build import NOW, absent, lost, member, memory, programming, remembered, seen, state
from tests.unit.decide.answers import condition

WWW = "www.example.org"
AMS = member("ams", seen("192.0.2.1"))
STALE = member("fra", lost(seen("192.0.2.2")))
SICK = member("fra", seen("192.0.2.2", ready=0))
BLANK = member("fra", seen())
NEW = member("new", lost())


def decided(*members: MemberView, host: dict[str, Any] | None = None, **changes: Any) -> Decision:
    """A decision on these members."""
    return decide(build.world(*members, **changes), build.host(**(host or {})), NOW)


def test_there_are_six_conditions_sorted_by_type() -> None:
    types = [one.type for one in decided(AMS).conditions]

    assert types == ["Accepted", "FailOpen", "Healthy", "Programmed", "Propagated", "ResolvedRefs"]


@pytest.mark.parametrize(
    ("members", "status", "reason", "message"),
    [
        pytest.param((AMS,), "True", "AllHealthy", "1 of 1 clusters serve", id="every cluster serves"),
        pytest.param(
            (AMS, SICK),
            "False",
            "PartiallyHealthy",
            "1 of 2 clusters serve. NotReady in fra: too few ready endpoints; look at the Pods behind it there",
            id="one is out",
        ),
        pytest.param(
            (AMS, STALE),
            "Unknown",
            "Unknown",
            "2 of 2 clusters serve. Stale in fra: its API does not answer, its last known addresses stay; see its MemberCluster",
            id="one is in doubt",
        ),
        pytest.param(
            (AMS, NEW),
            "Unknown",
            "Unknown",
            "1 of 2 clusters serve. NeverSeen in new: not read yet; see its MemberCluster",
            id="one is new",
        ),
        pytest.param(
            (NEW,),
            "Unknown",
            "Unknown",
            "no cluster can serve. NeverSeen in new: not read yet; see its MemberCluster. "
            "Nothing is published for www.example.org until a first target is healthy",
            id="nothing is known at all",
        ),
        pytest.param(
            (SICK, NEW),
            "False",
            "NoneHealthy",
            "no cluster can serve. NotReady in fra: too few ready endpoints; look at the Pods behind it there; "
            "NeverSeen in new: not read yet; see its MemberCluster. "
            "Nothing is published for www.example.org until a first target is healthy",
            id="none serves",
        ),
        pytest.param(
            (member("ams", absent()),),
            "False",
            "NoneHealthy",
            "no cluster has Ingress shop/web, so that nothing is published",
            id="the source is nowhere",
        ),
        pytest.param((AMS, member("lon", absent())), "True", "AllHealthy", "1 of 1 clusters serve", id="absence is not illness"),
    ],
)
def test_healthy(members: tuple[MemberView, ...], status: str, reason: str, message: str) -> None:
    told = condition(decided(*members), "Healthy")

    assert (told.status, told.reason, told.message) == (status, reason, message)


def test_a_name_that_was_withdrawn_by_its_owners_rule_says_so() -> None:
    told = condition(decided(SICK, host={"when_none_healthy": "Withdraw"}), "Healthy")

    assert told.message.endswith("spec.whenNoneHealthy: Withdraw leaves www.example.org without records until a target is healthy")


def test_a_published_name_that_fails_open_is_not_said_to_wait() -> None:
    past = memory(remembered("fra", "192.0.2.2"), published={WWW: ["192.0.2.2"]})

    told = condition(decided(SICK, memory=past), "Healthy")

    assert (told.reason, "Nothing is published" in told.message) == ("NoneHealthy", False)


UNREADABLE = replace(seen(), state=state("192.0.2.2", unreadable=("'300.1.2.3' looks like an address but is none",)))


@pytest.mark.parametrize(
    ("members", "status", "reason", "words"),
    [
        pytest.param((AMS,), "True", "Resolved", "Ingress shop/web has addresses wherever it stands", id="all is well"),
        pytest.param(
            (member("ams", absent()),),
            "False",
            "SourceNotFound",
            "no member cluster that spec.clusters selects has Ingress shop/web; create it there, or correct spec.source",
            id="nowhere",
        ),
        pytest.param(
            (member("ams", absent()), NEW),
            "Unknown",
            "SourceNotFound",
            "no member that answers has Ingress shop/web; not read yet: new",
            id="nowhere so far",
        ),
        pytest.param((AMS, BLANK), "False", "NoAddress", "fra: its load balancer's status shows no address", id="no address"),
        pytest.param(
            (AMS, member("fra", UNREADABLE), member("lon", seen())),
            "False",
            "InvalidTarget",
            "fra ('300.1.2.3' looks like an address but is none): its load balancer's status holds what is no address; "
            "repair what writes it; lon: its load balancer's status shows no address",
            id="garbage comes first",
        ),
        pytest.param(
            (AMS, member("fra", seen("192.0.2.2", "127.0.0.1"))),
            "False",
            "TargetNotPermitted",
            "fra (127.0.0.1 is a loopback address, which no client could reach): use another address",
            id="one target that may not be published",
        ),
        pytest.param(
            (AMS, *(member(f"c{number}", seen()) for number in range(7))),
            "False",
            "NoAddress",
            "c0, c1, c2, c3, c4, and 2 more: its load balancer's",
            id="many are cut",
        ),
        pytest.param(
            (*(member(f"c{number}", lost()) for number in range(7)),),
            "Unknown",
            "SourceNotFound",
            "not read yet: c0, c1, c2, c3, c4, and 2 more",
            id="many unread are cut",
        ),
    ],
)
def test_resolved_refs(members: tuple[MemberView, ...], status: str, reason: str, words: str) -> None:
    told = condition(decided(*members), "ResolvedRefs")

    assert (told.status, told.reason) == (status, reason)
    assert words in told.message


def test_a_blank_status_is_told_while_the_last_address_stays() -> None:
    past = memory(remembered("fra", "192.0.2.2"))

    decision = decided(AMS, BLANK, memory=past)

    assert decision.verdicts[1].reason is Reason.LAST_ADDRESS
    assert condition(decision, "ResolvedRefs").reason == "NoAddress"
    assert condition(decision, "Healthy").status == "Unknown"


def test_static_targets_need_no_source() -> None:
    host = {"static_targets": (build.static("dc", "203.0.113.1"),)}

    assert condition(decided(host=host), "ResolvedRefs").status == "True"


def test_conditions_do_not_tick() -> None:
    members = (AMS, STALE, member("lon", seen()), NEW)
    pending = programming(WWW, state="Pending", reason="Pending", message="waiting for its turn")
    first = decided(*members, programming=(pending,))

    later = decide(build.world(*members, programming=(pending,), memory=first.memory), build.host(), NOW + 200)

    assert later == first


def test_counting_endpoints_moves_no_condition() -> None:
    few = decided(AMS, member("fra", seen("192.0.2.2", ready=0, total=1)))
    many = decided(AMS, member("fra", seen("192.0.2.2", ready=0, total=9)))

    assert few.conditions == many.conditions
