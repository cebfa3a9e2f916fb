"""A bench for providers in memory: a zone with an apex, a foreign writer and every failure. No expectations."""

import contextlib
from collections.abc import AsyncIterator

from mcidns.errors import Denied, ProviderError, Throttled, Transient
from mcidns.model.names import DnsName
from mcidns.model.records import Edit, RecordKey, RecordSet
from mcidns.testing.contract import Bench
from mcidns.testing.memory import Call, Fault, MemoryProvider, Moment

ZONE = DnsName("example.org.")
SECRET = "hushhush-horse-battery-staple"
FOREVER = 10**6


def bench(provider: MemoryProvider) -> Bench:
    """The provider with a fresh zone; every call is a failure's while one is on."""
    zone = provider.zone(ZONE.text)
    apex = RecordSet.of(ZONE, "NS", 3600, ["ns1.example.net."])
    zone.put(ZONE, [apex])

    async def foreign(key: RecordKey, new: RecordSet | None) -> None:
        calm = RecordKey(DnsName(key.name.text.lower()), key.type, key.set_identifier)
        kept = None if new is None else RecordSet(calm, new.ttl, tuple(value.lower() for value in new.values), new.properties)
        zone.write([Edit(calm, zone.holds(Edit(calm, None, None)), kept)])

    @contextlib.asynccontextmanager
    async def failing(error: ProviderError, moment: Moment, *calls: Call) -> AsyncIterator[None]:
        provider.faults[:] = [Fault(call, error, moment, FOREVER) for call in calls]
        yield
        provider.faults.clear()

    return Bench(
        provider,
        ZONE,
        foreign=foreign,
        failures={
            "denied": lambda: failing(Denied("the key is unknown here; create it"), "before", "read", "look", "apply"),
            "throttled": lambda: failing(Throttled("slow down", retry_after=3), "before", "read", "look", "apply"),
            "down": lambda: failing(Transient("nobody answers"), "before", "read", "look", "apply"),
            "unanswered": lambda: failing(Transient("no answer", unsure=True), "after", "apply"),
            "torn": lambda: failing(Transient("half an answer"), "after", "read"),
        },
        secrets=(SECRET,),
    )
