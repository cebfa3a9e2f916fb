"""A Programmer on zones in memory, for tests that watch it work; virtual time where the test is marked `looptime`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from mcidns.model.decisions import Programming
from mcidns.model.mandates import ALONE, Mandate
from mcidns.model.names import DnsName
from mcidns.model.records import Intent, RecordSet, Wish
from mcidns.model.references import ObjectRef
from mcidns.model.zones import Zone
from mcidns.program.pace import Pace
from mcidns.program.programmer import Programmer
from mcidns.program.zones import ZoneStatus
from mcidns.testing.memory import MemoryProvider, MemoryZone
from tests.unit.program.builders import name, ref, zone

LONG = 90.0


def loop_clock() -> float:
    """Unix seconds that go with the loop's time."""
    return 1_700_000_000.0 + asyncio.get_running_loop().time()


@dataclass
class Bench:
    """A running Programmer and what it said."""

    programmer: Programmer
    provider: MemoryProvider
    reports: list[ObjectRef] = field(default_factory=list)
    zones: list[str] = field(default_factory=list)

    def wish(self, *wishes: Wish) -> None:
        """Each wish as the only intent of its source."""
        for one in wishes:
            self.programmer.intend(one.source, (one,))

    def intend(self, source: ObjectRef, *intents: Intent) -> None:
        self.programmer.intend(source, intents)

    async def idle(self, timeout: float = LONG) -> None:
        await self.programmer.idle(timeout)

    def word(self, source: ObjectRef | None = None, host: str = "") -> Programming:
        words = self.programmer.programming(source or ref())
        return next(word for word in words if not host or word.name == name(host))

    @property
    def status(self) -> ZoneStatus:
        return self.programmer.zone_status("example")

    @property
    def content(self) -> MemoryZone:
        return self.provider.zone("example.org")

    def values(self, host: str, type_: str = "A") -> tuple[str, ...]:
        """What the server holds."""
        return next((one.values for one in self.content.at(name(host)) if one.type == type_), ())

    def calls(self, call: str) -> int:
        return sum(1 for made, _ in self.provider.calls if made == call)

    def foreign(self, *sets: RecordSet) -> None:
        """Somebody else writes."""
        for one in sets:
            others = [other for other in self.content.at(one.name) if other.key != one.key]
            self.content.put(one.name, (*others, one))

    def vanish(self, host: str) -> None:
        """Somebody else deletes a name."""
        self.content.put(name(host), ())


def provider(*sets: RecordSet, **options: object) -> MemoryProvider:
    """A server with the zone example.org holding these."""
    made = MemoryProvider("example.org", **options)  # type: ignore[arg-type]  # a builder
    held: dict[DnsName, tuple[RecordSet, ...]] = {}
    for one in sets:
        held[one.name] = (*held.get(one.name, ()), one)
    for host, there in held.items():
        made.zone("example.org").put(host, there)
    return made


@asynccontextmanager
async def running(
    server: MemoryProvider | None = None,
    *,
    served: Zone | None = None,
    settled: bool = True,
    dry_run: bool = False,
    pace: Pace | None = None,
    mandate: Callable[[], Mandate] = lambda: ALONE,
    on_outbid: Callable[[int], None] = lambda _: None,
) -> AsyncIterator[Bench]:
    """A Programmer with one zone `example`; afterwards it was stopped and everything has ended."""
    server = server or provider()
    is_inner = len(asyncio.all_tasks()) > 1  # another one runs around it, whose tasks come and go
    reports: list[ObjectRef] = []
    zones: list[str] = []
    programmer = Programmer(
        clock=loop_clock,
        on_report=reports.append,
        on_zone=zones.append,
        dry_run=dry_run,
        mandate=mandate,
        on_outbid=on_outbid,
    )
    task = asyncio.create_task(programmer.run())
    try:
        programmer.set_zone(served or zone(), server, pace)
        if settled:
            programmer.settled()
        yield Bench(programmer, server, reports, zones)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        left = [other for other in asyncio.all_tasks() if other is not asyncio.current_task()]
        assert is_inner or not left, f"tasks were left behind: {left}"
