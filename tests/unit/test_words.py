"""What a zone's worker knows becomes what its DNSZone says."""

from dataclasses import replace

import pytest

from mcidns import words
from mcidns.model.names import DnsName
from mcidns.program.guard import HeldPlan
from mcidns.program.zones import PlanSummary, ZoneStatus

WAITING = HeldPlan("0123456789ab", (DnsName("www.example.org."),), 0, 4, 30)
STATUS = ZoneStatus("example", ready=True, reason="Ready", message="", plan=PlanSummary(creates=2, deletes=1, held=1, at=5.0))


@pytest.mark.parametrize(
    ("held", "digest"), [pytest.param(WAITING, WAITING.digest, id="held"), pytest.param(None, "", id="nothing waits")]
)
def test_the_digest_of_the_last_plan_is_the_one_that_approves_it(held: HeldPlan | None, digest: str) -> None:
    told = words.of_zone(replace(STATUS, held=held))
    assert told.plan is not None
    assert (told.plan.digest, digest in told.held) == (digest, True)
