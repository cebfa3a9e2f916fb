"""Two real processes of `mcidns run` over sockets: one is stopped for a while, and what it then still wants to write fails."""

import signal
from pathlib import Path

import pytest

from mcidns.demo import manifests
from tests.scenario.leaders import Note, gap, on, process, until_role
from tests.scenario.stage import global_host, raised

ALL = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
SHOP = ("example.org.", "shop.example.org.", "A")
FENCE = ("example.org.", "mcidns-epoch-scenario.example.org.", "TXT")


@pytest.mark.timeout(400)
async def test_a_process_that_stood_still_while_another_took_over_writes_nothing_when_it_goes_on(
    tmp_path: Path, record_property: Note
) -> None:
    async with raised(running=False) as stage, on(stage) as theatre:
        stage.host.put(global_host())
        one = await process(theatre, tmp_path)
        await stage.until_answer("shop.example.org", *ALL)
        other = await process(theatre, tmp_path)
        await stage.until_true(lambda: other.said("settled") and other.role == "lease.standby", "the second to be warm")
        one.signal(signal.SIGSTOP)
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_answer("shop.example.org", *ALL[1:])
        assert other.role == "lease.leading"
        fence, serial, statuses = stage.names.rrset(*FENCE), stage.names.serial("example.org."), stage.status()["targets"]
        one.signal(signal.SIGCONT)
        # What it wakes up to (a lost region) makes it write at once, before it asks whether it still may.
        await until_role(theatre, one, "lease.standby")
        stage.members["r2"].put(manifests.endpoints(ready=False))
        await stage.until_answer("shop.example.org", ALL[2])
        assert stage.names.serial("example.org.") == serial + 1, "one write, of the one that leads"
        assert stage.names.rrset(*FENCE) == fence
        await stage.until_true(lambda: stage.status()["targets"] != statuses, "the status")
        assert one.process.returncode is None
        other.signal(signal.SIGTERM)
        await stage.until_true(lambda: other.said("lease.released"), "the release")
        stage.members["r1"].put(manifests.endpoints(ready=True))
        await gap(stage, record_property, "leader stopped cleanly, region back", ALL[0], ALL[2])
        await stage.until_true(lambda: other.process.returncode == 0, "its clean end")
        assert one.role == "lease.leading"


@pytest.mark.timeout(400)
async def test_a_process_that_wakes_up_with_a_change_of_its_own_in_hand_is_refused_by_the_zone(tmp_path: Path) -> None:
    async with raised(running=False) as stage, on(stage) as theatre:
        stage.host.put(global_host())
        one = await process(theatre, tmp_path)
        await stage.until_answer("shop.example.org", *ALL)
        other = await process(theatre, tmp_path)
        await stage.until_true(lambda: other.said("settled") and other.role == "lease.standby", "the second to be warm")
        one.signal(signal.SIGSTOP)
        await until_role(theatre, other, "lease.leading")
        await stage.until_true(lambda: "mcidns-epoch=2," in str(stage.names.rrset(*FENCE)), "the fence")
        other.signal(signal.SIGSTOP)
        one.line.cut()  # it cannot learn from the API that it is deposed: only the zone can tell it
        serial = stage.names.serial("example.org.")
        stage.members["r3"].put(manifests.endpoints(ready=False))
        one.signal(signal.SIGCONT)
        await stage.until_true(lambda: one.said("zone.deposed"), "the zone to tell it")
        assert stage.names.serial("example.org.") == serial
        assert await stage.answer("shop.example.org") == ALL
        other.signal(signal.SIGCONT)
        await stage.until_answer("shop.example.org", *ALL[:2])
        one.line.mend()
        await until_role(theatre, one, "lease.standby")
