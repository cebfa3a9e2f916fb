"""The table of design §3, row by row: what is known of a cluster, and what becomes of its targets."""

from typing import Any

import pytest

from mcidns.decide import decide
from mcidns.model.clusters import Observation
from mcidns.model.decisions import Decision, History, Reason, Remembered
from mcidns.testing import build
from mcidns.testing.build import NOW, absent, lost, memory, remembered, seen, unread
from tests.unit.decide.answers import served, verdict

HOUR = 3600.0
GRACE = 300.0
WITHDRAW: dict[str, Any] = {"on_unknown": "Withdraw", "stale_after": HOUR}
READY = seen("192.0.2.1")


def decided(observation: Observation, *past: Remembered, now: float = NOW, **rules: Any) -> Decision:
    """The decision on a host with this member, `fra`, and a healthy `ams` beside it, so that nothing fails open."""
    world = build.world(
        build.member("fra", observation, region="eu"),
        build.member("ams", seen("198.51.100.1")),
        memory=memory(*past, published={"www.example.org": ["198.51.100.1", "192.0.2.1"]}),
    )
    return decide(world, build.host(**rules), now)


@pytest.mark.parametrize(
    ("observation", "past", "now", "rules", "reason", "serves"),
    [
        pytest.param(READY, (), NOW, {}, Reason.READY, True, id="synced with enough ready endpoints serves"),
        pytest.param(seen("192.0.2.1", ready=0), (), NOW, {}, Reason.NOT_READY, False, id="synced with none ready is out"),
        pytest.param(lost(READY), (), NOW, {}, Reason.STALE, True, id="unreachable but enough ready when last seen stays"),
        pytest.param(
            lost(seen("192.0.2.1", ready=0)), (), NOW, {}, Reason.NOT_READY, False, id="unreachable and not ready before stays out"
        ),
        pytest.param(
            lost(), (remembered("fra", "192.0.2.1"),), NOW, {}, Reason.STALE, True, id="unreachable since the start stays by memory"
        ),
        pytest.param(
            lost(),
            (remembered("fra", "192.0.2.1", reason=Reason.NOT_READY),),
            NOW,
            {},
            Reason.NOT_READY,
            False,
            id="unreachable since the start and remembered as not ready stays out",
        ),
        pytest.param(
            lost(READY, since=NOW - HOUR + 1), (), NOW, WITHDRAW, Reason.STALE, True, id="unknown for less than staleAfter stays"
        ),
        pytest.param(
            lost(READY, since=NOW - HOUR), (), NOW, WITHDRAW, Reason.UNKNOWN, False, id="unknown for staleAfter goes if so asked"
        ),
        pytest.param(
            lost(READY, since=NOW - 99 * HOUR), (), NOW, {}, Reason.STALE, True, id="unknown for ever stays unless asked otherwise"
        ),
        pytest.param(
            lost(since=NOW),
            (remembered("fra", "192.0.2.1", reason=Reason.STALE, since=NOW - HOUR),),
            NOW,
            WITHDRAW,
            Reason.UNKNOWN,
            False,
            id="a restart does not make the unknown younger",
        ),
        pytest.param(
            lost(seen("192.0.2.1", at=NOW - 60), since=NOW - 50),
            (remembered("fra", "192.0.2.1", reason=Reason.STALE, since=NOW - HOUR),),
            NOW,
            WITHDRAW,
            Reason.STALE,
            True,
            id="a member that answered in between counts from its new silence",
        ),
        pytest.param(
            lost(),
            (remembered("fra", "192.0.2.1", reason=Reason.UNKNOWN, since=NOW - HOUR),),
            NOW,
            {},
            Reason.STALE,
            True,
            id="what was withdrawn as unknown returns when the owner asks to keep it",
        ),
        pytest.param(
            unread(),
            (remembered("fra", "192.0.2.1"),),
            NOW,
            {},
            Reason.READY,
            True,
            id="not tried yet after a restart is as it was",
        ),
        pytest.param(
            unread(),
            (remembered("fra", "192.0.2.1", reason=Reason.STALE, since=NOW - HOUR),),
            NOW,
            {},
            Reason.STALE,
            True,
            id="not tried yet and stale before is still stale",
        ),
        pytest.param(
            seen(),
            (remembered("fra", "192.0.2.1"),),
            NOW,
            {},
            Reason.LAST_ADDRESS,
            True,
            id="a blank status keeps the last address",
        ),
        pytest.param(
            seen(),
            (remembered("fra", "192.0.2.1", reason=Reason.LAST_ADDRESS, blank_since=NOW - GRACE + 1),),
            NOW,
            {},
            Reason.LAST_ADDRESS,
            True,
            id="a status blank for less than addressGrace keeps it",
        ),
        pytest.param(
            seen(),
            (remembered("fra", "192.0.2.1", reason=Reason.LAST_ADDRESS, blank_since=NOW - GRACE),),
            NOW,
            {},
            Reason.NO_ADDRESS,
            False,
            id="a status blank for addressGrace loses it",
        ),
        pytest.param(seen(), (), NOW, {}, Reason.NO_ADDRESS, False, id="a load balancer that never had an address has none"),
        pytest.param(
            seen(ready=0),
            (remembered("fra", "192.0.2.1"),),
            NOW,
            {},
            Reason.NOT_READY,
            False,
            id="blank and not ready is not ready",
        ),
        pytest.param(
            lost(seen()),
            (remembered("fra", "192.0.2.1", reason=Reason.LAST_ADDRESS, blank_since=NOW - 9 * HOUR),),
            NOW,
            {},
            Reason.STALE,
            True,
            id="a member that fell silent within the grace keeps the last address",
        ),
        pytest.param(
            lost(seen()),
            (remembered("fra", "192.0.2.1", reason=Reason.NO_ADDRESS, blank_since=NOW - 9 * HOUR),),
            NOW,
            {},
            Reason.NO_ADDRESS,
            False,
            id="a member that fell silent after the grace has lost it",
        ),
        pytest.param(
            unread(),
            (remembered("fra", "192.0.2.1", reason=Reason.LAST_ADDRESS, blank_since=NOW - 9 * HOUR),),
            NOW,
            {},
            Reason.LAST_ADDRESS,
            True,
            id="the grace does not run out before the member was asked again",
        ),
        pytest.param(
            lost(),
            (remembered("fra", "192.0.2.1", reason=Reason.NO_ADDRESS),),
            NOW,
            {},
            Reason.NO_ADDRESS,
            False,
            id="an address given up before a restart stays given up",
        ),
        pytest.param(absent(), (), NOW, {}, Reason.NOT_PLACED, False, id="no such object there is not placed"),
        pytest.param(
            absent(),
            (remembered("fra", "192.0.2.1"),),
            NOW,
            {},
            Reason.NOT_PLACED,
            False,
            id="an object that is gone takes its targets at once",
        ),
        pytest.param(
            lost(absent()), (), NOW, {}, Reason.NOT_PLACED, False, id="unreachable and absent when last seen is not placed"
        ),
        pytest.param(
            lost(),
            (remembered("fra", reason=Reason.NOT_PLACED),),
            NOW,
            {},
            Reason.NOT_PLACED,
            False,
            id="absence is remembered over a restart",
        ),
        pytest.param(
            seen(),
            (remembered("fra", "192.0.2.1", reason=Reason.NOT_PLACED),),
            NOW,
            {},
            Reason.NO_ADDRESS,
            False,
            id="an object made anew does not inherit the old one's address",
        ),
        pytest.param(lost(), (), NOW, {}, Reason.NEVER_SEEN, False, id="never read and nothing remembered is never seen"),
        pytest.param(
            lost(),
            (remembered("fra", "192.0.2.1", reason=Reason.CLUSTER_GONE),),
            NOW,
            {},
            Reason.NEVER_SEEN,
            False,
            id="a cluster that left and came back is known only when it answers",
        ),
        pytest.param(seen("127.0.0.1"), (), NOW, {}, Reason.NOT_PERMITTED, False, id="a loopback address is never published"),
        pytest.param(seen("localhost"), (), NOW, {}, Reason.NOT_PERMITTED, False, id="nor is localhost by name"),
        pytest.param(seen("www.example.org"), (), NOW, {}, Reason.NOT_PERMITTED, False, id="nor a name that points at itself"),
        pytest.param(
            lost(),
            (remembered("fra", "192.0.2.1", reason=Reason.NOT_PERMITTED, ready=1, total=1),),
            NOW,
            {},
            Reason.STALE,
            True,
            id="a target permitted meanwhile serves by its last known readiness",
        ),
        pytest.param(
            lost(),
            (remembered("fra", "192.0.2.1", reason=Reason.NOT_PERMITTED, history=History(unready=True)),),
            NOW,
            {},
            Reason.NOT_READY,
            False,
            id="but not if too few were ready",
        ),
        pytest.param(
            lost(),
            (remembered("fra", "nonsense!", reason=Reason.READY),),
            NOW,
            {},
            Reason.NO_ADDRESS,
            False,
            id="a garbled memory is no address",
        ),
    ],
)
def test_each_row_of_the_table(
    observation: Observation, past: tuple[Remembered, ...], now: float, rules: dict[str, Any], reason: Reason, serves: bool
) -> None:
    decision = decided(observation, *past, now=now, **rules)

    one = verdict(decision)
    assert (one.reason, one.eligible) == (reason, serves)
    assert ("192.0.2.1" in served(decision)) is serves
    assert "198.51.100.1" in served(decision)
