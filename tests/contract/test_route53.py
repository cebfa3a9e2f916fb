"""The contract on the route53 provider, against moto's server made as strict as Amazon."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, ClassVar

import pytest

from mcidns.model.records import RecordKey, RecordSet
from mcidns.testing.contract import Bench, ForeignWrite, ProviderContract
from mcidns_route53 import Route53Provider, convert
from tests.component.route53 import parts, strict
from tests.component.route53.strict import Strict


def foreign(service: Strict, zone_id: str) -> ForeignWrite:
    """Somebody at the console: what stands goes, what is given comes, unseen by the counters."""

    async def write(key: RecordKey, new: RecordSet | None) -> None:
        zone = service.zones[zone_id]
        known = (key.name.text.lower(), key.type, key.set_identifier)
        present = zone.sets.get(known)
        changes: list[dict[str, Any]] = [] if present is None else [{"Action": "DELETE", "ResourceRecordSet": present}]
        if new is not None:
            changes.append({"Action": "CREATE", "ResourceRecordSet": convert.raw_set(new, zone_id)})
        if changes:
            zone.change(changes)

    return write


def failing(service: Strict, hook: strict.Hook) -> Callable[[], contextlib.AbstractAsyncContextManager[object]]:
    """A context in which the service runs this hook around each request."""

    @contextlib.asynccontextmanager
    async def context() -> AsyncIterator[None]:
        service.hook = hook
        try:
            yield
        finally:
            service.hook = None

    return context


def refuse(code: str) -> strict.Hook:
    """Answer every request with this error."""

    def hook(operation: str, moment: strict.Moment) -> None:
        if moment == "before":
            raise strict.error(code)

    return hook


def drop(moment: strict.Moment, *operations: str) -> strict.Hook:
    """Cut the connection of these requests, before or after they were carried out; of all where none is named."""

    def hook(operation: str, now: strict.Moment) -> None:
        if now == moment and (not operations or operation in operations):
            strict.cut()

    return hook


def tear() -> strict.Hook:
    """Cut every second page of a listing."""
    pages = [0]

    def hook(operation: str, now: strict.Moment) -> None:
        if operation == "list_resource_record_sets" and now == "before":
            pages[0] += 1
            if not pages[0] % 2:
                strict.cut()

    return hook


@pytest.fixture(scope="module", autouse=True)
def one_service() -> Iterator[None]:
    with strict.serving(pending=0.1) as service:
        TestRoute53.service = service
        yield


class TestRoute53(ProviderContract):
    """All of it, on a public zone; the tests share one server, emptied before each."""

    service: ClassVar[Strict]

    @contextlib.asynccontextmanager
    async def bench(self) -> AsyncIterator[Bench]:
        service = self.service
        service.empty()
        zone_id = parts.create_zone(service)
        async with parts.provider(service) as rival:
            yield Bench(
                Route53Provider.from_settings(parts.settings(service)),
                parts.ZONE,
                foreign=foreign(service, zone_id),
                rival=rival,
                failures={
                    "denied": failing(service, refuse("InvalidClientTokenId")),
                    "throttled": failing(service, refuse("Throttling")),
                    "down": failing(service, drop("before")),
                    "unanswered": failing(service, drop("after", "change_resource_record_sets")),
                    "torn": failing(service, tear()),
                },
                secrets=(parts.SECRET,),
            )
