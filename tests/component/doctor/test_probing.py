"""The probe record: written, looked at and removed again, whatever happens; and never anybody else's."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from mcidns.demo import manifests
from mcidns.doctor import probing
from mcidns.doctor.examination import Options, examine
from mcidns.kube import access
from mcidns.model.names import DnsName
from tests.bind import Bind, BindZone
from tests.component.doctor import clinic
from tests.component.doctor.clinic import Clinic
from tests.component.rfc2136.parts import needs_bind
from tests.scenario.stage import KEY, global_host

PLACE = f"{probing.LABEL}.example.org."
LEFT = f'{probing.LABEL} 60 IN TXT "{probing.MARK}, owner scenario, 0123456789abcdef"\n'


def standing(here: Clinic) -> tuple[str, ...]:
    """The probe record in the zone."""
    found = here.stage.names.rrset("example.org.", PLACE, "TXT")
    return found[1] if found is not None else ()


async def test_a_probe_is_written_and_nothing_is_left(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        before, serial = await here.zone(), here.stage.names.serial("example.org.")
        told = await here.told("--probe-write")

        assert (told["findings"], [one["check"] for one in told["checks"] if one["state"] != "ok"]) == ([], [])
        assert here.stage.names.serial("example.org.") == serial + 2
        assert await here.zone() == before


async def test_what_a_killed_doctor_left_is_removed_by_the_next(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path, records=clinic.PUBLISHED + LEFT) as here:
        assert len(standing(here)) == 1
        assert await here.findings("--probe-write") == []
        assert standing(here) == ()


async def test_a_strangers_txt_at_that_name_is_left_alone(tmp_path: Path) -> None:
    strange = f'{probing.LABEL} 60 IN TXT "somebody else"\n'
    async with clinic.healthy(tmp_path, records=clinic.PUBLISHED + strange) as here:
        told = await here.told("--probe-write")
        (writing,) = [one for one in told["checks"] if one["check"] == "writing"]

        assert (writing["state"], told["findings"]) == ("not checked", [])
        assert "no doctor wrote" in writing["notChecked"]
        assert standing(here) == ('"somebody else"',)


async def test_a_refused_write_is_found(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        here.stage.names.faults.answer_updates("REFUSED")
        assert await here.findings("--probe-write") == [("WriteDenied", "example-org")]
        assert await here.findings("--probe-write") == []


async def test_a_write_whose_answer_is_lost_leaves_nothing(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        here.stage.names.faults.crash_after_updates()
        assert await here.findings("--probe-write") == []
        assert standing(here) == ()


def _heeds_the_keyboard() -> None:
    """A shell lets what it starts in the background ignore the keyboard, and so the tests, and so their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def test_an_interrupted_doctor_removes_its_record_before_it_ends(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        written = asyncio.Event()

        def hold(moment: str) -> bool:
            if moment == "after" and not written.is_set():
                here.stage.names.faults.stall()
                written.set()
            return False

        here.stage.names.faults.hangs_up = hold
        command = (sys.executable, "-m", "mcidns", "doctor", "--probe-write", *here.outside, "--kubeconfig", str(here.kubeconfig))
        process = await asyncio.create_subprocess_exec(
            *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ}, preexec_fn=_heeds_the_keyboard
        )
        try:
            async with asyncio.timeout(60):
                await written.wait()
                assert len(standing(here)) == 1
                process.send_signal(signal.SIGINT)
                await asyncio.sleep(1.0)  # an answer that comes at the very moment of the signal would be an end like any other
                here.stage.names.faults.resume()
                output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 130, output.decode()
        assert standing(here) == ()


@needs_bind
async def test_with_bind_the_right_to_write_and_the_delegation_are_seen(tmp_path: Path) -> None:
    keys = {manifests.KEY: ("hmac-sha256", KEY)}
    async with (
        Bind({"example.org.": BindZone(clinic.ZONE_TEXT + clinic.PUBLISHED)}, keys) as bind,
        clinic.raised(tmp_path, name_port=bind.port) as here,
    ):
        told = await here.told("--probe-write", "--strict")
        states = {one["check"]: one["state"] for one in told["checks"] if one["group"] == "zone"}
        serial = next(one["note"] for one in told["checks"] if one["check"] == "delegation")

        assert (told["findings"], set(states.values()), told["code"]) == ([], {"ok"}, 0)
        assert serial == "1 servers, serial 3"


@needs_bind
async def test_with_bind_a_key_that_only_reads_is_found(tmp_path: Path) -> None:
    keys = {manifests.KEY: ("hmac-sha256", KEY)}
    async with (
        Bind({"example.org.": BindZone(clinic.ZONE_TEXT, update="")}, keys) as bind,
        clinic.raised(tmp_path, name_port=bind.port) as here,
    ):
        here.host.put(global_host())
        told = await here.told("--probe-write")

        assert [(one["rule"], one["subject"]) for one in told["findings"] if one["group"] == "zone"] == [
            ("WriteDenied", "example-org")
        ]
        (finding,) = [one for one in told["findings"] if one["group"] == "zone"]
        assert DnsName(PLACE).relative in finding["remedy"]


async def test_a_record_that_cannot_be_removed_is_told_and_goes_with_the_next_run(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        faults = here.stage.names.faults

        def refuse_the_rest(moment: str) -> bool:
            if moment == "after":
                faults.hangs_up = lambda _: False
                faults.answer_updates("REFUSED", 9)
            return False

        faults.hangs_up = refuse_the_rest
        assert await here.findings("--probe-write") == [("ProbeLeft", "example-org")]
        assert len(standing(here)) == 1
        faults.clear()
        assert await here.findings("--probe-write") == []
        assert standing(here) == ()


async def test_two_doctors_at_once_leave_nothing_and_accuse_nobody(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        way = access.from_kubeconfig(here.host.kubeconfig_yaml())
        both = await asyncio.gather(*(examine(way, Options(probe_write=True)) for _ in range(2)))
        assert [finding for results in both for one in results for finding in one.outcome.findings] == []
        assert standing(here) == ()


async def test_a_server_that_dies_in_the_middle_may_keep_the_record_which_is_told(tmp_path: Path) -> None:
    async with clinic.healthy(tmp_path) as here:
        faults = here.stage.names.faults
        impatient = manifests.provider(here.parent.port)
        impatient["spec"]["config"]["timeout"] = 0.5
        here.host.put(impatient)

        def dies(moment: str) -> bool:
            if moment == "after":
                faults.stall()
            return moment == "after"

        faults.hangs_up = dies
        assert await here.findings("--probe-write", "--no-outside") == [("ProbeLeft", "example-org")]
        faults.hangs_up = lambda _: False
        faults.clear()
        assert await here.findings("--probe-write", "--no-outside") == []
        assert standing(here) == ()
