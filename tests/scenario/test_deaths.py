"""Law 5 for the whole controller: it may die before and after every single write to DNS and to the host's API."""

import asyncio

import pytest

from mcidns.emulator import ApiServer
from tests.scenario.stage import Stage, global_host, raised

FOREIGN = """$ORIGIN example.org.
$TTL 300
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
mail IN A 203.0.113.9
mcidns-a.mail IN TXT "heritage=external-dns,external-dns/owner=somebody"
"""
NAMES = (("shop", "A"), ("mcidns-a.shop", "TXT"), ("mail", "A"), ("mcidns-a.mail", "TXT"))
NEVER = 10_000
AT_ONCE = 6
"""Lives side by side: each waits most of its time."""

Zone = dict[str, tuple[int, tuple[str, ...]] | None]


class Reaper:
    """Counts the moments before and after writes, and lets nothing more pass once the given one is reached."""

    def __init__(self, at: int) -> None:
        self._at = at
        self.passed = 0
        self.struck = False

    def __call__(self, moment: str) -> bool:
        self.passed += 1
        self.struck = self.struck or self.passed >= self._at
        return self.struck


def watched_by(stage: Stage, reaper: Reaper | None) -> None:
    """Every write to the host's API and to the name server passes the reaper."""
    assert isinstance(stage.host, ApiServer)
    hangs_up = reaper or (lambda _: False)
    stage.host.faults.hangs_up = hangs_up
    stage.names.faults.hangs_up = hangs_up


async def one_life(stage: Stage, at: int) -> int:
    """Start the controller and kill it at that moment, or when it has come to rest; how many moments passed."""
    reaper = Reaper(at)
    watched_by(stage, reaper)
    await stage.start()
    quiet = 0
    while not reaper.struck and quiet < 30:
        before = reaper.passed
        await asyncio.sleep(0.02)
        done = stage.app is not None and not stage.app.health().waiting_for and stage.reason("Programmed")[0] == "True"
        quiet = quiet + 1 if done and reaper.passed == before else 0
    passed = reaper.passed
    reaper.struck = True  # what a clean stop would still say is not said either
    await stage.stop()
    watched_by(stage, None)
    return passed


def zone_of(stage: Stage) -> Zone:
    """What the name server holds of ours and of somebody else's."""
    return {f"{name} {type_}": stage.names.rrset("example.org.", f"{name}.example.org.", type_) for name, type_ in NAMES}


async def after_a_death_at(at: int) -> tuple[int, Zone]:
    """A controller that dies there while it publishes a name, and the zone after the next one has done its work."""
    async with raised(members=1, zone_text=FOREIGN, running=False) as stage:
        stage.host.put(global_host())
        passed = await one_life(stage, at)
        await stage.start()
        await stage.until_answer("shop.example.org", "192.0.2.1")
        await stage.until_true(lambda: stage.reason("Programmed")[0] == "True", "the status to say so")
        written = len(stage.names.log)
        await asyncio.sleep(0.3)
        assert len(stage.names.log) == written
        return passed, zone_of(stage)


@pytest.mark.timeout(400)
async def test_after_a_death_at_any_write_the_next_controller_ends_at_the_same_zone() -> None:
    moments, whole = await after_a_death_at(NEVER)
    assert whole["shop A"] == (30, ("192.0.2.1",))
    assert whole["mail A"] == (300, ("203.0.113.9",))
    places = asyncio.Semaphore(AT_ONCE)

    async def ends_alike(at: int) -> None:
        async with places:
            _, zone = await after_a_death_at(at)
            assert zone == whole, f"after a death at moment {at} of {moments}"

    async with asyncio.TaskGroup() as lives:
        for at in range(1, moments + 1):
            lives.create_task(ends_alike(at))
