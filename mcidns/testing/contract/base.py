"""The trunk of the contract's test classes: what an author overrides, and how each test opens and closes a provider."""

import asyncio
import contextlib
from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import ClassVar

import pytest

from mcidns.model.records import RecordKey, RecordSet
from mcidns.provider import Capabilities
from mcidns.testing.contract.bench import Bench, Desk


class Contract:
    """`bench` must be given; the attributes may be."""

    pytestmark: ClassVar[Sequence[pytest.MarkDecorator]] = [pytest.mark.asyncio]

    patience: ClassVar[float] = 60.0
    """Seconds that one test may take, the start of its bench included."""
    closing: ClassVar[float] = 5.0
    """Seconds that `aclose` may take."""
    many: ClassVar[int] = 1000
    """Names in the tests of scale; lower it for a back end that would take minutes."""
    lag: ClassVar[float] = 0.0
    """Seconds that the back end's serial may stay behind a write."""
    checks_first: ClassVar[bool] = False
    """Whether a provider without compare and set looks before it writes; it is then held to that where nobody races it."""
    policy: ClassVar[Mapping[str, str]] = {"aws/weight": "10"}
    """Provider properties that sets with an identifier need, by ExternalDNS's names."""
    samples: ClassVar[Mapping[str, Sequence[str]]] = {}
    """Values (canonical) of record types that the contract has no sample of, or other ones than its own."""

    @abstractmethod
    def bench(self) -> AbstractAsyncContextManager[Bench]:
        """A provider, not yet used, and a fresh zone; the contract closes the provider, the context whatever is behind it."""
        raise NotImplementedError("override bench() with an asynccontextmanager that yields a Bench")

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[Desk]:
        """A desk for one test; closes the provider after it, within `closing`."""
        async with asyncio.timeout(self.patience), self.bench() as bench:
            try:
                desk = Desk(bench)
                await desk.begin()
                yield desk
            finally:
                async with asyncio.timeout(self.closing):
                    await bench.provider.aclose()

    async def overwrite(self, desk: Desk, key: RecordKey, new: RecordSet | None) -> None:
        """Somebody else writes; a provider that only looks before it writes is given the time to see it."""
        await desk.overwrite(key, new)
        if not desk.provider.capabilities.compare_and_set:
            await asyncio.sleep(self.lag)

    def needs_compare_and_set(self, capabilities: Capabilities) -> None:
        """Skip where nobody promised it."""
        if not capabilities.compare_and_set and not self.checks_first:
            pytest.skip("capabilities say compare_and_set=False, and checks_first is not set")
