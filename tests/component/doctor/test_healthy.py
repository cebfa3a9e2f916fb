"""A healthy installation, with its controller at work: the doctor finds nothing, and writes nothing."""

from pathlib import Path

from tests.component.doctor import clinic
from tests.scenario.stage import global_host


async def test_a_healthy_installation_gives_no_finding_at_all(tmp_path: Path) -> None:
    async with clinic.raised(tmp_path) as here:
        here.host.put(global_host())
        await clinic.start(here)
        before = (here.stage.names.serial("example.org."), await here.zone())
        told = await here.told("--strict")

        assert told["findings"] == []
        assert {(one["check"], one["notChecked"]) for one in told["checks"] if one["state"] != "ok"} == {
            ("writing", "nothing is written without --probe-write, which proves it by a TXT that it removes again")
        }
        assert told["code"] == 0
        assert (here.stage.names.serial("example.org."), await here.zone()) == before
