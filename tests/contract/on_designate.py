"""The bench for the contract on a real Designate, with its proxy for faults and a hand that writes behind our back."""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import ClassVar

import pytest

from mcidns.model.records import RecordKey, RecordSet
from mcidns.testing.contract import Bench, Failure, ForeignWrite
from mcidns.testing.contract.base import Contract
from tests.component.designate import parts
from tests.component.designate.parts import Zone
from tests.openstack.designate import Designate
from tests.openstack.fixtures import designate
from tests.openstack.proxy import FOREVER, Fault, Proxy, reads, writes

__all__ = ["OnDesignate", "designate"]


class OnDesignate(Contract):
    """Without compare and set, but with a look before each write; tens of names, because it writes some thirty a second."""

    checks_first = True
    many = 8
    lag = 3.5
    samples: ClassVar[Mapping[str, Sequence[str]]] = {
        # Designate takes no CAA that forbids everybody.
        "CAA": ('0 issue "letsencrypt.org"', '0 issuewild "ca.example.net"'),
    }

    @pytest.fixture(autouse=True)
    def _server(self, designate: Designate) -> None:
        self.root = designate.open

    @contextlib.asynccontextmanager
    async def bench(self) -> AsyncIterator[Bench]:
        async with parts.fresh_zone(self.root) as zone, Proxy(self.root) as proxy:
            yield Bench(parts.opened(proxy.url), zone.domain, foreign=_foreign(zone), failures=_failures(proxy))


def _foreign(zone: Zone) -> ForeignWrite:
    async def write(key: RecordKey, new: RecordSet | None) -> None:
        label = key.name.text.removesuffix(f".{zone.domain}")
        if new is None:
            await zone.remove(label, key.type)
        else:
            await zone.put(label, key.type, *new.values, ttl=new.ttl)

    return write


def _failures(proxy: Proxy) -> dict[Failure, Callable[[], AbstractAsyncContextManager[object]]]:
    @contextlib.asynccontextmanager
    async def failing(fault: Fault) -> AsyncIterator[None]:
        fault.times = FOREVER
        with proxy.failing(fault):
            yield

    return {
        "denied": lambda: failing(Fault("status", status=401)),
        "throttled": lambda: failing(Fault("status", status=429, headers={"Retry-After": "3"})),
        "down": proxy.away,
        "unanswered": lambda: failing(Fault("lost", writes)),
        "torn": lambda: failing(Fault("torn", reads)),
    }
