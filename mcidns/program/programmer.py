"""Making DNS match what is wished, as the rest of the controller sees it; how one zone is worked on lives in worker.py."""

import asyncio
from collections.abc import Callable

from mcidns.errors import ConfigError
from mcidns.model.decisions import Programming
from mcidns.model.mandates import ALONE, Mandate
from mcidns.model.names import DnsName
from mcidns.model.records import Intent, RecordSet
from mcidns.model.references import ObjectRef
from mcidns.model.zones import Zone
from mcidns.program import endings, plugins
from mcidns.program.ownership import resource_label
from mcidns.program.pace import Pace
from mcidns.program.plugins import ProviderSpec
from mcidns.program.reports import Reports
from mcidns.program.state import Desk
from mcidns.program.tally import Figures
from mcidns.program.wanted import Wanted, Wishes
from mcidns.program.worker import Worker
from mcidns.program.zones import Routes, ZonePlan, ZoneStatus
from mcidns.provider import Provider


class Programmer:
    """Takes intents by object and keeps zones in step with them; everything but `run` and `idle` is synchronous and cheap.

    `on_report(source)` says that `programming(source)` has news, once until it is asked; `on_zone(name)` the same of
    `zone_status(name)`. Both are called inside the loop and must not block. With `dry_run` nothing is written and every name
    says what would be. `mandate` says what may be written now, `on_outbid` hears of zones that show no lower epoch than ours.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        on_report: Callable[[ObjectRef], None],
        on_zone: Callable[[str], None],
        open_provider: Callable[[ProviderSpec], Provider] = plugins.open_provider,
        dry_run: bool = False,
        mandate: Callable[[], Mandate] = lambda: ALONE,
        on_outbid: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._wishes = Wishes()
        self._reports = Reports(on_report)
        self._on_zone = on_zone
        self._open_provider = open_provider
        self._zones: dict[str, Zone] = {}
        self._providers: dict[str, Provider] = {}
        self._broken: dict[str, str] = {}
        self._workers: dict[str, Worker] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._opened: list[Provider] = []
        self._routes = Routes()
        self._homes: dict[DnsName, str | None] = {}
        self._members: dict[str, dict[DnsName, None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._desk = Desk(
            clock=clock,
            wishes=self._wishes,
            reports=self._reports,
            zone_of=self._zone_of,
            names_in=lambda zone: self._members.get(zone, {}).keys(),
            on_zone=on_zone,
            dry_run=dry_run,
            mandate=mandate,
            on_outbid=on_outbid,
        )

    def open(self, spec: ProviderSpec) -> Provider:
        """Make a provider for `set_zone`; it is closed by `close`, or when `run` ends. Raises ConfigError."""
        provider = self._open_provider(spec)
        self._opened.append(provider)
        return provider

    def close(self, provider: Provider) -> None:
        """Give up a provider made by `open` that no zone has any more; it is closed once the workers that used it have ended."""
        if provider not in self._opened or self._group is None or any(used is provider for used in self._providers.values()):
            return
        self._opened.remove(provider)
        self._group.create_task(endings.closed(provider, frozenset(self._ending)))

    async def run(self) -> None:
        """Serve all zones until cancelled; then every task has ended and the providers opened here are closed."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for name, worker in self._workers.items():
                    self._tasks[name] = group.create_task(worker.run())
                await asyncio.get_running_loop().create_future()
        finally:
            self._group = None
            self._tasks.clear()
            opened, self._opened = self._opened, []
            await asyncio.gather(*(provider.aclose() for provider in opened), return_exceptions=True)

    def set_zone(self, zone: Zone, provider: Provider | None, pace: Pace | None = None) -> None:
        """Add or change a zone. Without a provider, or with rules that cannot work, its names and its status say so.

        The worker starts anew when provider, domain, owner or registry changed; anything else reaches it as it runs.
        """
        before, worker = self._zones.get(zone.name), self._workers.get(zone.name)
        if before == zone and self._providers.get(zone.name) is provider:
            return
        self._zones[zone.name] = zone
        same = before is not None and _identity(before) == _identity(zone) and self._providers.get(zone.name) is provider
        if same and worker is not None:
            worker.update(zone)
            return
        self._retire(zone.name)
        self._broken.pop(zone.name, None)
        if provider is None:
            self._broken[zone.name] = "no provider: set spec.providerRef to a DNSProvider that is Ready"
        else:
            self._providers[zone.name] = provider
            self._employ(zone, provider, pace)
        if before is None or before.domain != zone.domain:
            self._route_anew()
        else:
            for name in tuple(self._members.get(zone.name, ())):
                self._bring(name, zone.name)
        self._on_zone(zone.name)

    def _employ(self, zone: Zone, provider: Provider, pace: Pace | None) -> None:
        try:
            worker = Worker(zone, provider, self._desk, pace)
        except ConfigError as error:
            self._broken[zone.name] = str(error)
            return
        self._workers[zone.name] = worker
        former = self._tasks.pop(zone.name, None)
        if self._group is not None:
            self._tasks[zone.name] = self._group.create_task(endings.after(former, worker.run))

    def _retire(self, name: str) -> None:
        self._workers.pop(name, None)
        self._providers.pop(name, None)
        task = self._tasks.get(name)
        if task is not None:
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    def remove_zone(self, name: str) -> None:
        """Stop working on a zone; what it holds stays."""
        if self._zones.pop(name, None) is None:
            return
        self._retire(name)
        self._broken.pop(name, None)
        self._route_anew()

    def intend(self, source: ObjectRef, intents: tuple[Intent, ...], since: float | None = None) -> None:
        """Put these in place of all of the object's intents; only names that changed are looked at. `since` as in Tally."""
        changed, thawed = self._wishes.replace(source, intents)
        if not changed and not thawed:
            return
        self._reports.retain(source, lambda: self._wishes.names_of(source))
        for name in changed:
            worker = self._enrol(name)
            if since is not None and worker is not None:
                worker.state.since.setdefault(name, since)
        if thawed:
            label = resource_label(source)
            for worker in self._workers.values():
                if worker.state.mirror is not None:
                    worker.mark(worker.state.mirror.labelled(label))

    def forget(self, source: ObjectRef) -> None:
        """The object is gone: its names are withdrawn, or released where they shall outlive it."""
        self.intend(source, ())

    def settled(self) -> None:
        """Every hub object was decided once: owned names that nobody wishes for are deleted from now on."""
        if self._wishes.is_settled:
            return
        self._wishes.settle()
        for worker in self._workers.values():
            worker.settle()

    def mandated(self) -> None:
        """What may be written is another thing than before: `mandate` says what."""
        for worker in self._workers.values():
            worker.fence.mandated()

    def programming(self, source: ObjectRef) -> tuple[Programming, ...]:
        """What became of each of the object's names, sorted by name."""
        words = tuple(self._word(source, name) for name in self._wishes.names_of(source))
        self._reports.show(source, words)
        return words

    def _word(self, source: ObjectRef, name: DnsName) -> Programming:
        word = self._reports.get(source, name)
        home = self._homes.get(name)
        worker = self._workers.get(home) if home is not None else None
        if word is None or (worker is not None and word.state == "Programmed" and worker.state.is_pending(name)):
            return Programming(name, "Pending", "Pending", f"on its way to zone {home}")
        return word

    def zone_status(self, name: str) -> ZoneStatus:
        """The zone as of now. Raises KeyError for a zone that is not set."""
        if name not in self._zones:
            raise KeyError(name)
        worker = self._workers.get(name)
        if worker is None:
            reason = "Invalid" if name in self._providers else "NoProvider"
            return ZoneStatus(name, ready=False, reason=reason, message=self._broken.get(name, ""))
        return worker.status

    def figures(self) -> tuple[tuple[ZoneStatus, Figures | None], ...]:
        """Every zone as of now, and what its worker has done; None for a zone that has no worker."""
        workers = ((name, self._workers.get(name)) for name in self._zones)
        return tuple([(self.zone_status(name), worker.figures if worker is not None else None) for name, worker in workers])

    def sources(self) -> tuple[ObjectRef, ...]:
        """Every object that wishes for a name, sorted."""
        return self._wishes.sources()

    def wanted(self, name: DnsName) -> Wanted | None:
        """What a name shall hold by all wishes together; None where nothing is wished or nothing may be written."""
        aim = self._wishes.aim(name)
        return aim if isinstance(aim, Wanted) else None

    def holds(self, name: DnsName) -> tuple[RecordSet, ...] | None:
        """What a name holds by the zone's mirror: as last read, with our own writes; None where that is not known."""
        worker = self._workers.get(self._zone_of(name) or "")
        mirror = worker.state.mirror if worker is not None else None
        return mirror.at(name) if mirror is not None and mirror.knows(name) else None

    def plans(self) -> tuple[ZonePlan, ...]:
        """What a dry run found, by zone; complete once `is_planned`."""
        found = []
        for name in sorted(self._zones):
            worker = self._workers.get(name)
            trouble = self._broken.get(name, "") if worker is None else worker.trouble
            planned = worker.planned if worker is not None else ()
            held = worker.weighed() if worker is not None else None
            found.append(ZonePlan(self._zones[name], planned, held, trouble))
        return tuple(found)

    @property
    def is_planned(self) -> bool:
        """Whether nothing is left to plan; a zone that cannot be read does not count."""
        return all(worker.trouble or not worker.is_busy for worker in self._workers.values())

    @property
    def is_moving(self) -> bool:
        """Whether some zone is being changed just now."""
        return any(worker.is_moving for worker in self._workers.values())

    async def idle(self, timeout: float) -> None:
        """Wait until nothing waits and nothing is under way; raises TimeoutError. For tests."""
        async with asyncio.timeout(timeout):
            while any(worker.is_busy for worker in self._workers.values()):
                await asyncio.sleep(0.001)

    def _zone_of(self, name: DnsName) -> str | None:
        home = self._homes.get(name)
        return home if home is not None else self._routes.zone_of(name)

    def _enrol(self, name: DnsName) -> Worker | None:
        """Find a name its zone, and give its worker."""
        home = self._routes.zone_of(name)
        former = self._homes.pop(name, None)
        if former is not None:
            self._members.get(former, {}).pop(name, None)
        if name in self._wishes:
            self._homes[name] = home
            if home is not None:
                self._members.setdefault(home, {})[name] = None
        return self._bring(name, home)

    def _bring(self, name: DnsName, home: str | None) -> Worker | None:
        """Have the zone's worker look at a name, or say why there is none."""
        worker = self._workers.get(home) if home is not None else None
        if worker is not None:
            worker.state.mark(name)
            return worker
        if home is None:
            reason, message = "NoMatchingZone", self._routes.objection(name)
        else:
            reason, message = "ProviderUnavailable", f"zone {home}: {self._broken.get(home, 'no provider')}"
        self._reports.put(self._wishes.sources_of(name), Programming(name, "Failed", reason, message))
        return None

    def _route_anew(self) -> None:
        """Zones came or went: every name looks for its place again."""
        self._routes = Routes(self._zones.values())
        for name in (*self._wishes.names(), *self._wishes.left()):
            self._enrol(name)


def _identity(zone: Zone) -> tuple[object, ...]:
    return zone.domain, zone.owner_id, zone.registry
