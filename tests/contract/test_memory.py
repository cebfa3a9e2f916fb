"""The contract on the provider in memory: the fake that other tests trust keeps it too."""

import contextlib
from collections.abc import AsyncIterator

from mcidns.provider import Capabilities
from mcidns.testing.contract import Bench, ProviderContract
from mcidns.testing.memory import TYPES, MemoryProvider
from tests.contract.memory import ZONE, bench


class TestMemory(ProviderContract):
    """With compare and set, a serial and a journal."""

    @contextlib.asynccontextmanager
    async def bench(self) -> AsyncIterator[Bench]:
        yield bench(MemoryProvider(ZONE.text))


class TestMemoryWithPolicies(ProviderContract):
    """With set identifiers, in small batches."""

    @contextlib.asynccontextmanager
    async def bench(self) -> AsyncIterator[Bench]:
        can = Capabilities(types=TYPES, compare_and_set=True, set_identifiers=True)
        yield bench(MemoryProvider(ZONE.text, batch=3, capabilities=can))


class TestMemoryUnlisted(ProviderContract):
    """Without a listing."""

    @contextlib.asynccontextmanager
    async def bench(self) -> AsyncIterator[Bench]:
        yield bench(MemoryProvider(ZONE.text, listing=False))
