"""A Programmer on one zone and wishes to give it, with the time its provider is at work; what is to be reached is elsewhere."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Self

from mcidns.model.names import DnsName
from mcidns.model.records import Change, RecordSet, Wish
from mcidns.model.references import ObjectRef
from mcidns.model.zones import Zone
from mcidns.program.programmer import Programmer
from mcidns.provider import Capabilities, Content, Held, Propagation, Provider, ProviderSettings, Reading, Receipt
from mcidns_rfc2136 import Rfc2136Provider

PATIENCE = 180.0


class Timed:
    """The provider, with the seconds in which at least one write was under way, and how many writes and sets there were."""

    def __init__(self, inner: Rfc2136Provider) -> None:
        self._inner = inner
        self._under_way = 0
        self._since = 0.0
        self.writing = 0.0
        self.packing = 0.0
        self.messages = 0

    @classmethod
    def from_settings(cls, settings: ProviderSettings) -> Self:
        """As the provider's."""
        return cls(Rfc2136Provider.from_settings(settings))

    @property
    def capabilities(self) -> Capabilities:
        """As the provider's."""
        return self._inner.capabilities

    async def read(self, zone: DnsName, held: Held | None) -> Reading:
        """As the provider's."""
        return await self._inner.read(zone, held)

    async def look(self, zone: DnsName, names: frozenset[DnsName]) -> Content:
        """As the provider's."""
        return await self._inner.look(zone, names)

    def pack(self, zone: DnsName, changes: Sequence[Change]) -> Iterator[tuple[Change, ...]]:
        """As the provider's; takes the time of each step."""
        batches = self._inner.pack(zone, changes)
        while True:
            begin = time.perf_counter()
            batch = next(batches, None)
            self.packing += time.perf_counter() - begin
            if batch is None:
                return
            yield batch

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        """As the provider's; takes the time in which anything is under way."""
        if not self._under_way:
            self._since = time.perf_counter()
        self._under_way += 1
        self.messages += 1
        try:
            return await self._inner.apply(zone, batch)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self.writing += time.perf_counter() - self._since

    async def confirm(self, zone: DnsName, batch: Sequence[Change], receipt: Receipt) -> Propagation:
        """As the provider's."""
        return await self._inner.confirm(zone, batch, receipt)

    async def aclose(self) -> None:
        """As the provider's."""
        await self._inner.aclose()


@contextlib.asynccontextmanager
async def running(zone: Zone, provider: Provider) -> AsyncIterator[Programmer]:
    """A Programmer that serves the zone; reports are fetched when nothing moves, as the controller does."""
    reported: list[ObjectRef] = []
    programmer = Programmer(clock=time.time, on_report=reported.append, on_zone=lambda _: None)
    programmer.set_zone(zone, provider)
    tasks = [asyncio.create_task(programmer.run()), asyncio.create_task(_read_reports(programmer, reported))]
    try:
        yield programmer
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read_reports(programmer: Programmer, reported: list[ObjectRef]) -> None:
    while True:
        if programmer.is_moving:
            await asyncio.sleep(0.02)
            continue
        sources, reported[:] = list(reported), []
        for source in sources:
            programmer.programming(source)
        await asyncio.sleep(0.05)


async def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for it. Raises TimeoutError naming it after PATIENCE seconds."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not holds():
                await asyncio.sleep(0.005)
    except TimeoutError as error:
        raise TimeoutError(f"waited {PATIENCE:g} s for {what}") from error


def wish(number: int, zone: DnsName, address: str | None = None) -> Wish:
    """What GlobalHost bench/host-<number> wishes for its one name."""
    name = DnsName(f"host-{number}.{zone}")
    value = address or f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    source = ObjectRef("GlobalHost", "bench", f"host-{number}")
    return Wish(source, name, (RecordSet.of(name, "A", 30, (value,)),), 1_700_000_000.0, cluster_note="r1")
