"""The seam to AWS: requests of one account, each in a thread, paced and bounded in time; what they mean is known elsewhere."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, Protocol

from mcidns.errors import ProviderError, Throttled, Transient
from mcidns_route53 import faults
from mcidns_route53.budget import Budget, Rank

Operation = Literal[
    "change_resource_record_sets",
    "get_change",
    "get_hosted_zone",
    "list_hosted_zones_by_name",
    "list_resource_record_sets",
    "list_tags_for_resources",
]
Answer = Mapping[str, Any]

THREADS = 4
ZONE_BUSY = 1.0
"""Seconds after which a zone that is busy with an earlier change is asked again."""


class Client(Protocol):
    """What we use of boto3's client, beside the methods that Operation names."""

    def close(self) -> None:
        """Release connections."""
        ...


class Account:
    """`connect` makes a client (it loads files, so it runs in a thread); `bound` is the most seconds one request may take."""

    def __init__(self, connect: Callable[[], Client], budget: Budget, bound: float) -> None:
        self._connect = connect
        self._budget = budget
        self._bound = bound
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="route53")
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    async def call(self, operation: Operation, rank: Rank, **request: object) -> Answer:
        """One request and its answer. Raises ProviderError."""
        await self._budget.take(rank)
        writes = operation == "change_resource_record_sets"
        try:
            async with asyncio.timeout(self._bound):
                answer = await self._send(operation, request)
        except TimeoutError as error:
            raise Transient(f"Route 53 did not answer {operation} within {self._bound:.0f} s", unsure=writes) from error
        except ProviderError:
            raise
        except Exception as error:  # an SDK of many layers: whatever it raises becomes one of ours
            raise self._slower(faults.translated(error, operation, writes=writes)) from error
        self._budget.passed()
        return answer

    async def _send(self, operation: Operation, request: Mapping[str, object]) -> Answer:
        loop = asyncio.get_running_loop()
        async with self._connecting:
            if self._client is None:
                self._client = await loop.run_in_executor(self._threads, self._connect)
        method: Callable[..., Answer] = getattr(self._client, operation)
        return await loop.run_in_executor(self._threads, lambda: method(**request))

    def _slower(self, error: ProviderError) -> ProviderError:
        if not isinstance(error, faults.SlowDown):
            return error
        return Throttled(str(error), retry_after=ZONE_BUSY if error.zone else self._budget.throttled())

    async def aclose(self) -> None:
        """Release connections; a request under way ends by itself within its own time-outs."""
        client, self._client = self._client, None
        if client is not None:
            await asyncio.get_running_loop().run_in_executor(self._threads, client.close)
        self._threads.shutdown(wait=False, cancel_futures=True)
