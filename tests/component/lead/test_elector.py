"""Electors on an emulated API server: one leads, and each way of losing the Lease ends as it must."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from mcidns.emulator import ApiServer
from mcidns.kube import access
from mcidns.kube.client import KubeClient
from mcidns.lead.election import Terms
from mcidns.lead.elector import Elector
from mcidns.model.mandates import Adrift, Leading, Mandate, Standby

TERMS = Terms(duration=3.0, deadline=2.0, retry=0.4)
PLACE = ("mcidns-system", "mcidns")


@dataclass
class Runner:
    """One elector at work; `clock` can be set forward, as after the process stood still."""

    elector: Elector
    task: "asyncio.Task[None]"
    heard: list[Mandate] = field(default_factory=list)
    skipped: list[float] = field(default_factory=lambda: [0.0])

    @property
    def leads(self) -> bool:
        return isinstance(self.elector.mandate, Leading)

    async def kill(self) -> None:
        """Without releasing the Lease."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@dataclass
class Place:
    """A host with electors that are ended with the test."""

    server: ApiServer
    stack: contextlib.AsyncExitStack

    async def stand(self, name: str, *, warm: bool = True) -> Runner:
        """One more elector."""
        client = KubeClient(access.from_kubeconfig(self.server.kubeconfig_yaml()), timeout=TERMS.patience)
        heard: list[Mandate] = []
        skipped = [0.0]
        elector = Elector(
            client,
            PLACE,
            name,
            TERMS,
            warm=lambda: warm,
            on_change=lambda _, now: heard.append(now),
            clock=lambda: time.monotonic() + skipped[0],
        )
        runner = Runner(elector, asyncio.create_task(elector.run()), heard, skipped)
        self.stack.push_async_callback(client.aclose)
        self.stack.push_async_callback(runner.kill)
        return runner

    def spec(self) -> dict[str, object]:
        found = self.server.find("leases", "mcidns", "mcidns-system") or {}
        spec = found.get("spec", {})
        return spec if isinstance(spec, dict) else {}


@contextlib.asynccontextmanager
async def host() -> AsyncIterator[Place]:
    async with ApiServer() as server, contextlib.AsyncExitStack() as stack:
        server.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mcidns-system"}})
        yield Place(server, stack)


async def until(holds: Callable[[], object], what: str = "it") -> None:
    end = time.monotonic() + 20.0
    while not holds():
        assert time.monotonic() < end, f"waited for {what}"
        await asyncio.sleep(0.005)


async def test_the_first_one_leads_and_the_lease_says_what_kubectl_shows() -> None:
    async with host() as place:
        one = await place.stand("pod-a_1")
        await until(lambda: one.leads)
        spec = place.spec()
        assert (spec["holderIdentity"], spec["leaseTransitions"], spec["leaseDurationSeconds"]) == ("pod-a_1", 1, 3)
        assert str(spec["renewTime"]).endswith("Z")
        assert place.server.get("leases", "mcidns", "mcidns-system")["metadata"]["labels"] == {"app.kubernetes.io/name": "mcidns"}
        renewed = spec["renewTime"]
        await until(lambda: place.spec()["renewTime"] != renewed, "a renewal")
        assert place.spec()["acquireTime"] == spec["acquireTime"]
        assert one.heard == [Leading(1, "pod-a_1")]


async def test_a_second_one_stands_by_and_knows_who_leads() -> None:
    async with host() as place:
        one = await place.stand("a_1")
        await until(lambda: one.leads)
        other = await place.stand("b_1")
        await until(lambda: other.elector.mandate == Standby("a_1"))
        renewed = place.spec()["renewTime"]
        await until(lambda: place.spec()["renewTime"] != renewed)
        assert not other.leads


async def test_after_a_release_the_next_leads_at_its_next_look_with_the_next_epoch() -> None:
    async with host() as place:
        one = await place.stand("a_1")
        await until(lambda: one.leads)
        other = await place.stand("b_1")
        await until(lambda: other.elector.mandate == Standby("a_1"))
        await one.kill()
        await one.elector.release()
        assert one.heard[-1] == Standby("a_1")
        assert place.spec()["holderIdentity"] == ""
        began = time.monotonic()
        await until(lambda: other.elector.mandate == Leading(2, "b_1"))
        assert time.monotonic() - began < TERMS.duration


async def test_after_a_death_the_next_leads_when_the_lease_has_run_out_and_no_sooner() -> None:
    async with host() as place:
        one = await place.stand("a_1")
        await until(lambda: one.leads)
        other = await place.stand("b_1")
        await until(lambda: other.elector.mandate == Standby("a_1"))
        await one.kill()
        end = time.monotonic() + TERMS.deadline
        await until(lambda: other.leads)
        assert time.monotonic() > end
        assert not one.leads


async def test_a_leader_without_an_api_stops_at_the_deadline_and_leads_on_when_nobody_took_over() -> None:
    async with host() as place:
        one = await place.stand("a_1")
        await until(lambda: one.leads)
        place.server.faults.stall("leases")
        await until(lambda: one.elector.mandate == Adrift(1, "a_1"))
        await until(lambda: one.heard == [Leading(1, "a_1"), Adrift(1, "a_1")])  # told a moment after it became so
        assert one.elector.trouble
        place.server.faults.clear()
        await until(lambda: one.leads)
        await until(lambda: one.heard[-1] == Leading(1, "a_1"))


async def test_a_process_that_stood_still_does_not_lead_before_it_has_renewed() -> None:
    async with host() as place:
        one = await place.stand("a_1")
        await until(lambda: one.leads)
        one.skipped[0] += 3600.0
        assert one.elector.mandate == Adrift(1, "a_1")
        await until(lambda: one.elector.mandate == Leading(1, "a_1"))


async def test_a_process_that_stood_still_finds_that_another_leads() -> None:
    async with host() as place:
        one = await place.stand("a_1")
        await until(lambda: one.leads)
        lease = place.server.get("leases", "mcidns", "mcidns-system")
        lease["spec"] |= {"holderIdentity": "b_1", "leaseTransitions": 2}
        one.skipped[0] += 3600.0
        place.server.put(lease)
        await until(lambda: one.elector.mandate == Standby("b_1"))


async def test_an_answer_that_is_lost_costs_no_leadership() -> None:
    async with host() as place:
        lost = {"after": 3}

        def hangs_up(moment: str) -> bool:
            if moment == "after" and lost["after"]:
                lost["after"] -= 1
                return True
            return False

        place.server.faults.hangs_up = hangs_up
        one = await place.stand("a_1")
        await until(lambda: one.leads)
        await until(lambda: not lost["after"])
        version = place.spec()["renewTime"]
        await until(lambda: place.spec()["renewTime"] != version)
        assert one.elector.mandate == Leading(1, "a_1")


async def test_a_deleted_lease_is_made_again_by_its_leader_with_the_same_epoch() -> None:
    async with host() as place:
        one = await place.stand("a_1")
        await until(lambda: one.leads)
        place.server.delete("leases", "mcidns", "mcidns-system")
        await until(lambda: place.spec().get("holderIdentity") == "a_1")
        assert place.spec()["leaseTransitions"] == 1
        assert one.heard == [Leading(1, "a_1")]


async def test_a_zone_with_a_higher_epoch_raises_the_leases() -> None:
    async with host() as place:
        one = await place.stand("a_1")
        await until(lambda: one.leads)
        one.elector.outbid(41)
        await until(lambda: one.elector.mandate == Leading(42, "a_1"))
        assert place.spec()["leaseTransitions"] == 42


async def test_who_is_cold_leaves_a_released_lease_to_who_is_warm() -> None:
    async with host() as place:
        one = await place.stand("a_1")
        await until(lambda: one.leads)
        cold = await place.stand("cold_1", warm=False)
        warm = await place.stand("warm_1")
        await until(lambda: cold.elector.mandate == warm.elector.mandate == Standby("a_1"))
        await one.kill()
        await one.elector.release()
        await until(lambda: cold.leads or warm.leads)
        assert warm.leads


async def test_labels_and_annotations_that_others_put_on_the_lease_stay() -> None:
    async with host() as place:
        one = await place.stand("a_1")
        await until(lambda: one.leads)
        lease = place.server.get("leases", "mcidns", "mcidns-system")
        lease["metadata"]["annotations"] = {"team": "dns"}
        place.server.put(lease)
        renewed = place.spec()["renewTime"]
        await until(lambda: place.spec()["renewTime"] not in {renewed, lease["spec"]["renewTime"]})
        assert place.server.get("leases", "mcidns", "mcidns-system")["metadata"]["annotations"] == {"team": "dns"}
        assert one.leads


@pytest.mark.parametrize("code", [pytest.param(403, id="no right"), pytest.param(500, id="a sick server")])
async def test_an_api_that_refuses_is_told_with_the_remedy_and_tried_again(code: int, caplog: pytest.LogCaptureFixture) -> None:
    async with host() as place:
        fault = place.server.faults.fail(code, "leases", times=None)
        one = await place.stand("a_1")
        await until(lambda: str(code) in one.elector.trouble)
        assert ("host-rbac.yaml" in one.elector.trouble) is (code == 403)
        await until(lambda: [record for record in caplog.records if record.getMessage() == "lease.failed"])
        fault.remove()
        await until(lambda: one.leads)
        assert one.elector.trouble == ""
        assert len([record for record in caplog.records if record.getMessage() == "lease.failed"]) == 1


async def test_a_namespace_that_is_missing_is_told_with_the_remedy() -> None:
    async with host() as place:
        place.server.delete("namespaces", "mcidns-system")
        await until(lambda: place.server.find("namespaces", "mcidns-system") is None)
        one = await place.stand("a_1")
        await until(lambda: "create namespace mcidns-system" in one.elector.trouble)
        place.server.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mcidns-system"}})
        await until(lambda: one.leads)
