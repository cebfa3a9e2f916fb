"""The worst nights, on real processes: DNS is right at the end, nothing foreign has changed, and the gap is measured.

With MCIDNS_TEST_REAL_TERMS=1, `pytest -s` of this file and of test_processes.py gives the numbers of docs/high-availability.md.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mcidns.demo import manifests
from mcidns.emulator import ApiServer
from tests.scenario.leaders import TERMS, Line, Note, Process, Theatre, gap, on, over, port_of, process, until_role
from tests.scenario.stage import Stage, global_host, raised, region

pytestmark = pytest.mark.timeout(400)

ALL = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
FOREIGN = """$ORIGIN example.org.
$TTL 300
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
mail IN A 203.0.113.9
mcidns-a.mail IN TXT "heritage=external-dns,external-dns/owner=somebody"
mcidns-epoch-other IN TXT "mcidns-epoch=99,holder=x_1,owner=other"
"""
THEIRS = (("mail", "A"), ("mcidns-a.mail", "TXT"), ("mcidns-epoch-other", "TXT"), ("ns", "A"))


def foreign(stage: Stage) -> list[object]:
    """Everything in the zone that is not ours."""
    return [stage.names.rrset("example.org.", f"{name}.example.org.", type_) for name, type_ in THEIRS]


@contextlib.asynccontextmanager
async def night(folder: Path) -> AsyncIterator[tuple[Theatre, Process, Process]]:
    """A leader and a warm standby with a published name; in the end nothing foreign has changed and just one leads."""
    async with raised(running=False, zone_text=FOREIGN) as stage, on(stage) as theatre:
        before = foreign(stage)
        stage.host.put(global_host())
        one = await process(theatre, folder)
        await stage.until_answer("shop.example.org", *ALL)
        other = await process(theatre, folder)
        await stage.until_true(lambda: other.said("settled") and other.role == "lease.standby", "the second to be warm")
        yield theatre, one, other
        assert foreign(stage) == before
        alive = [each for each in (one, other) if each.process.returncode is None]
        await stage.until_true(lambda: [each.role for each in alive].count("lease.leading") == 1, "just one leader")


def lose(stage: Stage, member: str) -> None:
    stage.members[member].put(manifests.endpoints(ready=False))


def heal(stage: Stage, member: str) -> None:
    stage.members[member].put(manifests.endpoints(ready=True))


def emulated(stage: Stage) -> ApiServer:
    """Its faults are needed."""
    if not isinstance(stage.host, ApiServer):
        pytest.skip("faults need the emulator")
    return stage.host


async def test_the_leader_is_killed_while_a_region_is_lost(tmp_path: Path, record_property: Note) -> None:
    async with night(tmp_path) as (theatre, one, other):
        one.signal(signal.SIGKILL)
        lose(theatre.stage, "r2")
        seconds = await gap(theatre.stage, record_property, "leader killed, region lost", ALL[0], ALL[2])
        assert seconds < 30.0
        await until_role(theatre, other, "lease.leading")
        assert "mcidns-epoch=2," in str(theatre.stage.names.rrset("example.org.", "mcidns-epoch-scenario.example.org.", "TXT"))


async def test_the_hosts_api_is_down_for_long(tmp_path: Path, record_property: Note) -> None:
    async with night(tmp_path) as (theatre, one, other):
        stage, host = theatre.stage, emulated(theatre.stage)
        host.faults.refuse()
        await until_role(theatre, one, "lease.adrift")
        lose(stage, "r1")
        await gap(stage, record_property, "host's API down, region lost", *ALL[1:])
        await asyncio.sleep(1.5 * TERMS.duration)  # nobody can take over what nobody can reach
        heal(stage, "r1")
        await gap(stage, record_property, "host's API still down, region back", *ALL)
        lose(stage, "r3")
        await stage.until_answer("shop.example.org", *ALL[:2])
        assert other.role == "lease.standby"
        host.faults.accept()
        await stage.until_true(lambda: "lease.leading" in {one.role, other.role}, "a leader")
        await stage.until_true(lambda: stage.verdicts().get("r3") == "NotReady", "the status, told late")
        assert await stage.answer("shop.example.org") == ALL[:2]


async def test_a_members_api_comes_and_goes_while_another_region_is_lost(tmp_path: Path, record_property: Note) -> None:
    async with night(tmp_path) as (theatre, _, _other):
        stage = theatre.stage
        config = stage.members["r2"].kubeconfig_yaml()
        line = await theatre.stack.enter_async_context(Line(port_of(config)))
        stage.host.put(manifests.member_secret(region(2), over(config, line)))
        await stage.until_true(lambda: line.is_used, "the member to be reached by the line")
        wrong: list[tuple[str, ...]] = []
        night_over = asyncio.Event()

        async def watch() -> None:
            while not night_over.is_set():
                answer = await stage.answer("shop.example.org")
                if "192.0.2.2" not in answer:
                    wrong.append(answer)
                await asyncio.sleep(0.02)

        watching = asyncio.create_task(watch())
        for number in range(5):
            line.cut()
            await asyncio.sleep(0.2)
            if number == 2:
                lose(stage, "r1")
                await gap(stage, record_property, "member's API flapping, another region lost", *ALL[1:])
            line.mend()
            await asyncio.sleep(0.2)
        await stage.until_true(lambda: stage.verdicts().get("r2") == "Ready", "the member to be well")
        night_over.set()
        await watching
        assert wrong == [], "no answer is no sign of bad health"
        assert await stage.answer("shop.example.org") == ALL[1:]


async def test_the_name_server_is_down_while_the_leader_is_killed_and_a_region_lost(tmp_path: Path, record_property: Note) -> None:
    async with night(tmp_path) as (theatre, one, other):
        stage = theatre.stage
        await stage.names.faults.refuse()
        lose(stage, "r3")
        one.signal(signal.SIGKILL)
        await until_role(theatre, other, "lease.leading")
        await asyncio.sleep(0.3)
        await stage.names.faults.accept()
        await gap(stage, record_property, "name server back after a take-over", *ALL[:2])
