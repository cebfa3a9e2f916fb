"""Two controllers on one host and one zone: one acts, the other is ready, and whatever happens to the one the zone stays right."""

import asyncio

import pytest

from mcidns.demo import manifests
from mcidns.emulator import ApiServer
from mcidns.model.mandates import Adrift, Standby
from tests.scenario.leaders import TERMS, Theatre, on
from tests.scenario.stage import Stage, global_host, raised

ALL = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
FOREIGN = """$ORIGIN example.org.
$TTL 300
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
mail IN A 203.0.113.9
mcidns-a.mail IN TXT "heritage=external-dns,external-dns/owner=somebody"
"""


def fence(stage: Stage) -> str:
    """What the fence of the zone says; empty where there is none."""
    found = stage.names.rrset("example.org.", "mcidns-epoch-scenario.example.org.", "TXT")
    return found[1][0] if found is not None else ""


def down(stage: Stage, member: str) -> None:
    stage.members[member].put(manifests.endpoints(ready=False))


def up(stage: Stage, member: str) -> None:
    stage.members[member].put(manifests.endpoints(ready=True))


async def published(theatre: Theatre) -> None:
    theatre.stage.host.put(global_host())
    await theatre.stage.until_answer("shop.example.org", *ALL)
    await theatre.stage.until_true(lambda: theatre.stage.reason("Programmed")[0] == "True", "the status to say so")


def writes(stage: Stage) -> list[str]:
    """The manager of each status of ours and the version of each object, to see whether anybody writes."""
    kinds = ("globalhosts", "memberclusters", "dnszones", "dnsproviders", "dnsendpoints", "events.events.k8s.io")
    return [
        f"{kind} {one['metadata']['name']} {one['metadata']['resourceVersion']}" for kind in kinds for one in stage.host.list(kind)
    ]


async def test_a_standby_is_ready_says_so_and_writes_nothing_anywhere() -> None:
    async with raised(running=False, zone_text=FOREIGN) as stage, on(stage) as theatre:
        leader = await theatre.leader()
        await published(theatre)
        assert leader.app.health().note == "leader, epoch 1"
        assert "mcidns-epoch=1," in fence(stage)
        await leader.stop()
        await stage.until_true(lambda: not theatre.lease()["holderIdentity"], "the release")
        lease = stage.host.get("leases", "mcidns", "mcidns-system")
        lease["spec"] |= {"holderIdentity": "somebody_1", "leaseDurationSeconds": 3600}
        stage.host.put(lease)
        before, log = writes(stage), len(stage.names.log)
        other = await theatre.understudy()
        assert other.app.health().note == "standby; somebody_1 leads"
        assert other.app.metrics.registry.get_sample_value("mcidns_leader") == 0.0
        down(stage, "r1")
        await stage.until_true(lambda: other.app.programmer.sources() and "r1" in str(other.app.metrics.exposition()), "the change")
        await stage.until_true(
            lambda: (
                other.app.metrics.registry.get_sample_value("mcidns_verdicts", {"cluster": "r1", "reason": "Ready"}) in {0.0, None}
            ),
            "the standby to have decided",
        )
        await asyncio.sleep(0.5)
        assert (writes(stage), len(stage.names.log)) == (before, log)
        assert await stage.answer("shop.example.org") == ALL


async def test_after_a_clean_stop_the_next_one_acts_within_three_seconds_of_its_retry() -> None:
    async with raised(running=False, zone_text=FOREIGN) as stage, on(stage) as theatre:
        leader = await theatre.leader()
        await published(theatre)
        other = await theatre.understudy()
        serial = stage.names.serial("example.org.")
        await leader.stop()
        down(stage, "r2")
        await stage.until_answer("shop.example.org", "192.0.2.1", "192.0.2.3")
        assert other.leads
        assert "mcidns-epoch=2," in fence(stage)
        assert stage.names.serial("example.org.") == serial + 2, "one write for the epoch, one for the region, and none twice"
        assert await stage.answer("mail.example.org") == ("203.0.113.9",)
        await stage.until_true(lambda: stage.verdicts().get("r2") != "Ready", "the status")
        await stage.until_true(
            lambda: any(
                one["reason"] == "LeaderElection" and "epoch 2" in one["note"] for one in stage.host.list("events.events.k8s.io")
            ),
            "the Event",
        )


async def test_a_quiet_hand_over_writes_the_epoch_and_nothing_else() -> None:
    async with raised(running=False, zone_text=FOREIGN) as stage, on(stage) as theatre:
        leader = await theatre.leader()
        await published(theatre)
        await theatre.understudy()
        await stage.until_true(lambda: stage.reason("Propagated")[0] == "True", "the last word")
        await leader.stop()
        before, serial = versions(stage), stage.names.serial("example.org.")
        await stage.until_true(lambda: "mcidns-epoch=2," in fence(stage), "the epoch")
        assert stage.names.serial("example.org.") == serial + 1
        marker = global_host("marker", hostnames=["marker.example.org"])
        stage.host.put(marker)
        await stage.until_true(lambda: stage.reason("Programmed", "marker")[0] == "True", "the new leader to tell")
        assert stage.names.serial("example.org.") == serial + 2
        assert {key: version for key, version in versions(stage).items() if "marker" not in key} == before


def versions(stage: Stage) -> dict[str, str]:
    """Of everything that a new leader could write again without need."""
    found = [*stage.host.list("globalhosts"), *stage.host.list("dnsendpoints")]
    return {f"{one['kind']} {one['metadata']['name']}": one["metadata"]["resourceVersion"] for one in found}


async def test_one_change_in_a_fenced_zone_is_one_message_and_no_question() -> None:
    async with raised(running=False, zone_text=FOREIGN) as stage, on(stage) as theatre:
        await theatre.leader()
        await published(theatre)
        await stage.until_true(lambda: stage.reason("Propagated")[0] == "True", "the last word")
        stage.names.counters.reset()
        down(stage, "r1")
        await stage.until_true(lambda: stage.names.counters.effective_updates, "the change")
        asked = stage.names.counters
        assert (asked.effective_updates, dict(asked.updates), dict(asked.transfers)) == (1, {"NOERROR": 1}, {})


async def test_what_nobody_wrote_when_a_leader_died_goes_out_at_once_and_is_told_once() -> None:
    async with raised(running=False, zone_text=FOREIGN) as stage, on(stage) as theatre:
        leader = await theatre.leader()
        await published(theatre)
        other = await theatre.understudy()
        await leader.die()
        down(stage, "r3")
        await stage.until_answer("shop.example.org", "192.0.2.1", "192.0.2.2")
        assert other.leads
        assert theatre.lease()["leaseTransitions"] == 2
        await stage.until_true(lambda: told(stage, "Withdrawn", "r3") == 1, "the Event")
        await stage.until_true(lambda: stage.verdicts().get("r3") != "Ready", "the status")
        assert told(stage, "Added", "r1") == 1


def told(stage: Stage, reason: str, cluster: str) -> int:
    """How many Events say this of the cluster."""
    events = stage.host.list("events.events.k8s.io")
    return sum(one["reason"] == reason and one["note"].startswith(f"{cluster}:") for one in events)


async def test_a_leader_cut_off_from_the_api_follows_health_until_another_holds_the_epoch_and_then_stands_by_in_place() -> None:
    async with raised(running=False, zone_text=FOREIGN) as stage, on(stage) as theatre:
        leader = await theatre.leader()
        await published(theatre)
        leader.line.cut()
        await stage.until_true(lambda: isinstance(leader.app.leadership.mandate, Adrift), "its deadline")
        down(stage, "r1")
        await stage.until_answer("shop.example.org", "192.0.2.2", "192.0.2.3")
        up(stage, "r1")
        await stage.until_answer("shop.example.org", *ALL)
        other = await theatre.enter()
        await stage.until_true(lambda: other.leads, "the other to take over")
        await stage.until_true(lambda: "mcidns-epoch=2," in fence(stage), "the fence")
        down(stage, "r2")
        await stage.until_answer("shop.example.org", "192.0.2.1", "192.0.2.3")
        serial = stage.names.serial("example.org.")
        zone = leader.app.programmer.zone_status("example-org")
        await stage.until_true(
            lambda: leader.app.programmer.zone_status("example-org").reason == "Deposed", f"the old one to learn it: {zone}"
        )
        assert stage.names.serial("example.org.") == serial
        leader.line.mend()
        await stage.until_true(lambda: isinstance(leader.app.leadership.mandate, Standby), "the old one to stand by")
        assert not leader.task.done()
        await other.stop()
        await stage.until_true(lambda: leader.leads, "the old one to lead again")
        up(stage, "r2")
        await stage.until_answer("shop.example.org", *ALL)
        assert "mcidns-epoch=3," in fence(stage)


async def test_a_lease_api_that_fails_costs_nothing_while_nobody_takes_over() -> None:
    async with raised(running=False, zone_text=FOREIGN) as stage, on(stage) as theatre:
        leader = await theatre.leader()
        await published(theatre)
        if not isinstance(stage.host, ApiServer):
            pytest.skip("faults need the emulator")
        fault = stage.host.faults.fail(500, "leases", times=None)
        await stage.until_true(lambda: isinstance(leader.app.leadership.mandate, Adrift), "its deadline")
        assert "only fenced zones are written" in leader.app.health().note
        down(stage, "r1")
        await stage.until_answer("shop.example.org", "192.0.2.2", "192.0.2.3")
        fault.remove()
        await stage.until_true(lambda: leader.leads, "its return")
        await stage.until_true(lambda: stage.verdicts().get("r1") != "Ready", "the status, told late")
        assert "mcidns-epoch=1," in fence(stage)


async def test_a_lease_that_somebody_deleted_does_not_lower_the_epoch_of_a_zone() -> None:
    async with raised(running=False, zone_text=FOREIGN) as stage, on(stage) as theatre:
        leader = await theatre.leader()
        await published(theatre)
        leader.app.leadership.outbid(8)
        await stage.until_true(lambda: "mcidns-epoch=9," in fence(stage), "a higher epoch")
        await leader.stop()
        stage.host.delete("leases", "mcidns", "mcidns-system")
        other = await theatre.leader()
        down(stage, "r1")
        await stage.until_answer("shop.example.org", "192.0.2.2", "192.0.2.3")
        assert other.leads
        assert "mcidns-epoch=10," in fence(stage)
        assert theatre.lease()["leaseTransitions"] == 10


async def test_two_leaders_by_force_leave_the_zone_right_and_what_is_foreign_alone() -> None:
    async with raised(running=False, zone_text=FOREIGN) as stage, on(stage) as theatre:
        one = await theatre.leader()
        await published(theatre)
        other = await theatre.leader_of("another")
        for member, left in (("r1", ALL[1:]), ("r2", ALL[2:])):
            down(stage, member)
            await stage.until_answer("shop.example.org", *left)
        for member in ("r1", "r2"):
            up(stage, member)
        await stage.until_answer("shop.example.org", *ALL)
        assert one.leads
        assert other.leads
        assert await stage.answer("mail.example.org") == ("203.0.113.9",)
        assert stage.names.rrset("example.org.", "mcidns-a.mail.example.org.", "TXT") == (
            300,
            ('"heritage=external-dns,external-dns/owner=somebody"',),
        )


async def test_the_first_start_of_two_at_once_ends_with_one_leader_and_one_standby() -> None:
    async with raised(running=False, zone_text=FOREIGN) as stage, on(stage) as theatre:
        stage.host.put(global_host())
        pair = [await theatre.enter(), await theatre.enter()]
        await stage.until_answer("shop.example.org", *ALL)
        await stage.until_true(lambda: sorted(one.leads for one in pair) == [False, True], "one leader")
        await stage.until_true(lambda: sorted(one.stands_by for one in pair) == [False, True], "one standby")


async def test_without_a_right_to_the_lease_readiness_says_which() -> None:
    async with raised(running=False) as stage, on(stage) as theatre:
        if not isinstance(stage.host, ApiServer):
            pytest.skip("faults need the emulator")
        stage.host.faults.fail(403, "leases", times=None, message="leases.coordination.k8s.io is forbidden")
        one = await theatre.enter()
        await stage.until_true(
            lambda: len(one.app.health().waiting_for) == 1 and "host-rbac.yaml" in one.app.health().waiting_for[0],
            "the reason alone",
        )


def test_the_times_of_these_tests_fit() -> None:
    assert TERMS.retry * 2 <= TERMS.deadline < TERMS.duration
