"""Each request to Route 53 fails in each way, while names come and change: the zone ends right, and nothing foreign is touched."""

import asyncio
import time
from collections.abc import Callable

import pytest

from tests.component.route53 import parts
from tests.component.route53.parts import ZONE
from tests.component.route53.rules import Set, StrictZone
from tests.component.route53.strict import Hook, Strict, cut, error
from tests.component.route53.test_at_work import wish, word, working

FOREIGN: Set = {"Name": f"foreign.{ZONE}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "203.0.113.66"}]}
OPERATIONS = ("list_hosted_zones_by_name", "list_resource_record_sets", "change_resource_record_sets")


def raising(code: str) -> Callable[[], None]:
    def act() -> None:
        raise error(code)

    return act


FAULTS: dict[str, tuple[str, Callable[[], None]]] = {
    "an error of the service": ("before", raising("InternalFailure")),
    "an error after the work was done": ("after", raising("InternalFailure")),
    "throttled": ("before", raising("Throttling")),
    "zone busy": ("before", raising("PriorRequestNotComplete")),
    "connection cut before": ("before", cut),
    "connection cut after": ("after", cut),
    "no answer in time": ("after", lambda: time.sleep(0.7)),
}


def once(operation: str, moment: str, act: Callable[[], None]) -> Hook:
    """Fail the first request of this kind."""
    left = [1]

    def hook(asked: str, now: str) -> None:
        if (asked, now) == (operation, moment) and left[0]:
            left[0] -= 1
            act()

    return hook


def right(zone: StrictZone, address: str) -> None:
    """Five hosts with this address and their ownership, the foreign record, and what was there from the start; nothing else."""
    expected = {(f"h{number}.{ZONE}", "A") for number in range(5)} | {(f"mcidns-a.h{number}.{ZONE}", "TXT") for number in range(5)}
    assert {key[:2] for key in zone.sets} == expected | {(f"foreign.{ZONE}", "A"), (ZONE.text, "NS"), (ZONE.text, "SOA")}
    values = {one["ResourceRecords"][0]["Value"] for key, one in zone.sets.items() if key[0].startswith("h")}
    assert values == {address}
    assert zone.sets[f"foreign.{ZONE}", "A", ""] == FOREIGN


@pytest.mark.parametrize("operation", [pytest.param(operation, id=operation) for operation in OPERATIONS])
@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault) for fault in FAULTS])
async def test_a_request_that_fails_once_costs_time_and_nothing_else(service: Strict, operation: str, fault: str) -> None:
    zone = parts.create_zone(service)
    parts.put(service, zone, FOREIGN)
    moment, act = FAULTS[fault]
    service.hook = once(operation, moment, act)
    async with working(service, timeout=0.4) as programmer:
        for number in range(5):
            wish(programmer, number, "192.0.2.1")
        await programmer.idle(20.0)
        right(service.zones[zone], "192.0.2.1")
        service.hook = once(operation, moment, act)
        for number in range(5):
            wish(programmer, number, "192.0.2.2")
        await programmer.idle(20.0)
        right(service.zones[zone], "192.0.2.2")
        assert [word(programmer, number).state for number in range(5)] == ["Programmed"] * 5


async def test_a_controller_that_dies_between_the_write_and_its_answer_is_followed_by_one_that_writes_nothing_twice(
    service: Strict,
) -> None:
    zone = parts.create_zone(service)
    parts.put(service, zone, FOREIGN)
    service.hook = once("change_resource_record_sets", "after", lambda: time.sleep(0.5))
    async with working(service) as programmer:
        for number in range(5):
            wish(programmer, number, "192.0.2.1")
        while not service.batches:
            await asyncio.sleep(0.01)
    async with working(service) as successor:
        for number in range(5):
            wish(successor, number, "192.0.2.1")
        await successor.idle(20.0)
        assert successor.zone_status("main").writes == 0
    right(service.zones[zone], "192.0.2.1")
    assert len(service.batches) == 1
