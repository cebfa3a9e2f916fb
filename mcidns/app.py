"""Builds the parts from Settings, joins them and runs them; each part's work is its own."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping

from mcidns import web
from mcidns.agenda import EndOfTurn
from mcidns.draining import Draining
from mcidns.fleet import Fleet
from mcidns.following import Followings, Scope
from mcidns.handlers import HubWatch
from mcidns.hub.generated import GeneratedMember
from mcidns.hub.local import NOTHING, Local
from mcidns.intake import Intake, watched
from mcidns.kube import kinds
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient
from mcidns.kube.rehearsal import Rehearsal
from mcidns.kubefed import KubeFed
from mcidns.listing import Listing
from mcidns.model.decisions import Decision
from mcidns.model.references import ClusterName, ObjectRef
from mcidns.observe import asking
from mcidns.observe.inventory import Inventory
from mcidns.observe.members import Members
from mcidns.observe.pace import Pace
from mcidns.observe.prober import Ask, Prober
from mcidns.observe.resolver import Resolver
from mcidns.page import site
from mcidns.precedence import Precedence
from mcidns.program.programmer import Programmer
from mcidns.reconcile import Reconciler, Surroundings
from mcidns.scrape import Scrape
from mcidns.settings import Settings
from mcidns.telemetry import Metrics
from mcidns.telling import Telling
from mcidns.web import Health
from mcidns.zoning import Zoning

_LOG = logging.getLogger(__name__)


class App:
    """One controller. `run` ends when cancelled: everything it started has then ended, and what was to be told has been.

    `ask` puts one probe's question, over the network if not said otherwise. With a `rehearsal` the host is read, not followed.
    Raises ConfigError for settings that cannot work.
    """

    def __init__(
        self,
        settings: Settings,
        access: Access,
        *,
        local: Local = NOTHING,
        clock: Callable[[], float] = time.time,
        ask: Ask | None = None,
        rehearsal: Rehearsal | None = None,
    ) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.http_port: int | None = None
        self.page_port: int | None = None
        self._clock, self._started = clock, clock()
        self._client = rehearsal or KubeClient(access)
        self._loop_once = EndOfTurn()
        self._settled = self._complete = self._deciding = False
        self._furnish_observing(ask)
        self._furnish_deciding()
        self._furnish_host(local)
        hub = HubWatch(access, self._watched, deliver=self.intake.deliver, on_restart=self._hub_restarted)
        self._hubs = (hub,) if rehearsal is None else ()
        scrape = Scrape(self.inventory, self.members, self.programmer, self.reconciler)
        self.metrics.read_from(scrape.readings)

    def _furnish_observing(self, ask: Ask | None) -> None:
        """Who asks the world: members, name servers of load balancers' names, and published addresses."""
        settings, clock = self.settings, self._clock
        self.inventory = Inventory(
            clock=clock,
            on_source=lambda ref: self.reconciler.source_changed(ref),
            on_member=self._member_changed,
            on_claims=lambda: self._loop_once(self.intake.members_claims_changed),
            on_twin=lambda name: self._member_health(name),
        )
        pace = Pace(heartbeat=settings.heartbeat, heartbeat_timeout=settings.heartbeat_timeout)
        self.members = Members(self.inventory, clock=clock, on_health=self._member_health, pace=pace)
        self.resolver = Resolver(
            clock=clock, on_change=lambda name: self.reconciler.target_changed(name), nameservers=settings.resolvers
        )
        self.prober = Prober(
            ask=ask or asking.with_authorities(settings.probe_ca_file),
            on_change=lambda probe: self.reconciler.probe_changed(probe),
            on_answer=lambda probe, answer: self.metrics.probed(probe.rule.protocol, answer.outcome, answer.seconds),
            clock=clock,
            rate=settings.probe_rate,
            at_once=settings.probe_concurrency,
        )
        self.metrics.probe_targets.set_function(lambda: self.prober.asked)

    def _furnish_deciding(self) -> None:
        """Who decides, who makes DNS match, and who tells of it, DNS first."""
        settings, clock = self.settings, self._clock
        self.programmer = Programmer(clock=clock, on_report=self._reported, on_zone=self._zone_changed, dry_run=settings.dry_run)
        precedence = Precedence(self._is_urgent, time.monotonic)
        self.telling = Telling(
            self._client,
            clock=clock,
            metrics=self.metrics,
            at_once=settings.writes,
            decides=settings.only != "program",
            waits=precedence.waits,
        )
        self.draining = Draining(clock=clock, on_change=self._member_health)
        self.reconciler = Reconciler(
            members=self.inventory,
            names=self.resolver,
            prober=self.prober,
            zones=self.programmer,
            surroundings=self._surroundings,
            publish=self._decided,
            dropped=self.draining.dropped,
            clock=clock,
            metrics=self.metrics,
            waits=precedence.waits,
        )

    def _furnish_host(self, local: Local) -> None:
        """Who keeps the host's objects and brings them to whom they concern."""
        settings = self.settings
        decides, programs = settings.only != "program", settings.only != "decide"
        self.fleet = Fleet(
            self.members,
            namespace=settings.namespace,
            on_wanted=self._members_wanted,
            on_unreadable=self.telling.unreadable,
            on_secret=lambda key: self.zoning.secret_changed(key),
            on_scopes=lambda scopes: self._secrets.want(scopes),
            local=local,
        )
        self.zoning = Zoning(
            self.programmer,
            self.telling,
            secret=self.fleet.secret,
            labels=lambda namespace: self.intake.namespace_labels(namespace),
            on_zones=self.reconciler.all_changed,
            namespace=settings.namespace,
            decides=decides,
            programs=programs,
        )
        records = KubeFed(self.reconciler, self.telling, self.programmer.intend, settings.kubefed_namespace, decides=decides)
        self.intake = Intake(
            fleet=self.fleet,
            hosts=self.reconciler,
            zoning=self.zoning,
            records=records,
            hold=self.programmer.intend,
            telling=self.telling,
            member_claims=self.inventory.annotated,
            decides=decides,
            external_dns=settings.read_external_dns,
        )
        self.telling.connect(self.intake.get, self.intake.put, self.intake.keys, on_generated=lambda: self._loop_once(self._sweep))
        self._watched = watched(decides=decides, programs=programs)
        self.listing = Listing(self._client, self._watched, self.intake, every=settings.relist)
        self._secrets = Followings(self._client, kinds.SECRET, self.intake)

    async def run(self) -> None:
        """Run until cancelled."""
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._client.aclose)
            if self.settings.http is not None:
                self.http_port = await stack.enter_async_context(web.serving(self.settings.http, self.metrics, self.health))
                _LOG.info("http.serving", extra={"port": self.http_port})
            if self.settings.page is not None:
                page = site.serving(self.settings, self.telling.board, self.programmer.holds, self.health)
                self.page_port = await stack.enter_async_context(page)
            stack.push_async_callback(self._farewell)
            async with asyncio.TaskGroup() as tasks:
                hearing = (*(hub.run() for hub in self._hubs), self.listing.run(), self._secrets.run())
                observing = (self.members.run(), self.resolver.run(), self.prober.run())
                for work in (*hearing, *observing, self.programmer.run(), self.telling.run()):
                    tasks.create_task(work)
                if self.settings.only != "program":
                    tasks.create_task(self._decide(), name="agenda")
                tasks.create_task(self._settle(), name="settle")

    def health(self) -> Health:
        """What readiness and liveness say."""
        waiting: list[str] = []
        if not self.listing.complete.is_set():
            waiting.append(f"host cluster: not listed yet {self.listing.trouble}".rstrip())
        if not self.inventory.ready:
            waiting.append("members: not all were read or tried yet")
        if not self._settled:
            waiting.append("hosts: not all were decided yet")
        return Health(waiting_for=tuple(waiting))

    async def _decide(self) -> None:
        """Decide as soon as every fleet was listed and every member was read or has failed its first attempt."""
        await self._wait_for_members()
        self._deciding = True
        await self.reconciler.agenda.run()

    def _is_urgent(self) -> bool:
        # Until deciding begins, hosts wait for members, and members for being written: those must not wait for the hosts.
        return (self._deciding and bool(self.reconciler.agenda.waiting)) or self.programmer.is_moving

    async def _wait_for_members(self) -> None:
        await self._listed()
        deadline = self._clock() + self.settings.first_read
        # A fleet's Secret becomes a MemberCluster by way of the host's API; until then it is missing from the inventory.
        while self._clock() < deadline and not (
            self.telling.members_in_step and self.inventory.clusters() and self.inventory.ready
        ):
            if self.telling.members_in_step and not self.inventory.clusters() and not self.telling.members_wanted:
                break
            await asyncio.sleep(0.01)

    async def _listed(self) -> None:
        await self.listing.complete.wait()
        await self._secrets.listed(Scope(self.settings.namespace))
        self.fleet.listed()

    async def _settle(self) -> None:
        """Tell the zones when every object was decided once: only then may leftovers be taken away."""
        await self._listed()
        self._sweep()
        if self.settings.only != "program":
            # Members may claim names too, so that on a first start nothing is settled before the fleet's were made and read.
            while not (self._deciding and self.inventory.ready and self.reconciler.decided and self.telling.hosts_in_step):
                await asyncio.sleep(0.05)
        self.programmer.settled()
        self._settled = True
        _LOG.info("settled", extra={"seconds": round(self._clock() - self._started, 2)})

    async def _farewell(self) -> None:
        with contextlib.suppress(TimeoutError):
            await self.telling.flush(timeout=self.settings.stop_within / 2)

    def _surroundings(self) -> Surroundings:
        # Once complete it stays so: a fleet that asks for one more member later says nothing about those that are there.
        self._complete = self._complete or (self.fleet.is_listed and self.telling.members_in_step)
        return Surroundings(
            zones=self.zoning.zones,
            inventory_complete=self._complete,
            namespace_labels=self.intake.namespace_labels,
        )

    def _decided(self, decision: Decision, previous: Decision | None) -> None:
        self.telling.decided(decision, previous)
        self.draining.decided(decision)

    def _member_changed(self, name: ClusterName) -> None:
        spec = self.fleet.spec(name)
        drain = spec.cluster.drain if spec is not None else None
        if drain != self.draining.known(name):
            self.draining.follow(name, drain)
            self._member_health(name)
        self.reconciler.all_changed()
        self._loop_once(self._sweep)

    def _members_wanted(self, wanted: Mapping[ObjectRef, GeneratedMember]) -> None:
        self.telling.generated_members(wanted)
        self._loop_once(self._sweep)

    def _sweep(self) -> None:
        """Take away generated objects that nothing asks for, once everything that could ask was listed."""
        if self.fleet.is_listed:
            self.telling.sweep(members_known=self.inventory.knows, unread=self.fleet.unread)

    def _member_health(self, name: ClusterName) -> None:
        health = self.members.health(name)
        if health is not None:
            self.telling.member(health, self.fleet.spec(name), self.draining.at_risk(name))

    def _reported(self, source: ObjectRef) -> None:
        if source.kind in kinds.HOSTS:
            self.reconciler.report(source)
        else:
            self.telling.programmed(source, self.programmer.programming(source))

    def _zone_changed(self, name: str) -> None:
        with contextlib.suppress(KeyError):
            self.telling.zone(self.programmer.zone_status(name))

    def _hub_restarted(self) -> None:
        self.metrics.hub_restarts.inc()
        self.listing.soon()
