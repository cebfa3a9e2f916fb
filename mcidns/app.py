"""Builds the parts from Settings, joins them and runs them; each part's work is its own."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from mcidns import web
from mcidns.agenda import EndOfTurn
from mcidns.draining import Draining
from mcidns.fleet import Fleet
from mcidns.following import Followings
from mcidns.handlers import HubWatch
from mcidns.hub.generated import GeneratedMember
from mcidns.hub.local import NOTHING, Local
from mcidns.intake import Intake, watched
from mcidns.kube import kinds
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient
from mcidns.kube.rehearsal import Rehearsal
from mcidns.kubefed import KubeFed
from mcidns.leading import Leadership
from mcidns.listing import Listing
from mcidns.model.decisions import Decision
from mcidns.model.mandates import Alone, Leading, Mandate
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
from mcidns.starting import Starting
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
        self._clock = clock
        self._client = rehearsal or KubeClient(access)
        self._loop_once = EndOfTurn()
        self._complete = False
        self.leadership = Leadership(
            settings if rehearsal is None else replace(settings, lease=""),
            access,
            warm=lambda: self.starting.is_settled,
            on_change=self._mandated,
            announce=lambda notice: self.telling.announce(notice),
        )
        self._furnish_observing(ask)
        self._furnish_deciding()
        self._furnish_host(local)
        self.starting = Starting(
            settings,
            clock=clock,
            listing=self.listing,
            secrets=self._secrets,
            fleet=self.fleet,
            inventory=self.inventory,
            reconciler=self.reconciler,
            programmer=self.programmer,
            telling=self.telling,
            sweep=self._sweep,
        )
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
        self.programmer = Programmer(
            clock=clock,
            on_report=self._reported,
            on_zone=self._zone_changed,
            dry_run=settings.dry_run,
            mandate=lambda: self.leadership.mandate,
            on_outbid=self.leadership.outbid,
        )
        precedence = Precedence(self.is_urgent, time.monotonic)
        self.telling = Telling(
            self._client,
            clock=clock,
            metrics=self.metrics,
            at_once=settings.writes,
            decides=settings.only != "program",
            waits=lambda: precedence.waits() or not self.leadership.may_tell,
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
            stack.push_async_callback(self.leadership.end)
            stack.push_async_callback(self._farewell)
            self._mandated(self.leadership.mandate)
            async with asyncio.TaskGroup() as tasks:
                hearing = (*(hub.run() for hub in self._hubs), self.listing.run(), self._secrets.run())
                observing = (self.members.run(), self.resolver.run(), self.prober.run())
                for work in (*hearing, *observing, self.programmer.run(), self.telling.run(), self.leadership.run()):
                    tasks.create_task(work)
                if self.settings.only != "program":
                    tasks.create_task(self.starting.decide(), name="agenda")
                tasks.create_task(self.starting.settle(), name="settle")

    def health(self) -> Health:
        """What readiness and liveness say."""
        return Health(
            waiting_for=(*self.starting.waiting_for, *self.leadership.waiting_for),
            role=self.leadership.role,
            note=self.leadership.note,
        )

    def _mandated(self, now: Mandate) -> None:
        leads = isinstance(now, Alone | Leading)
        self.metrics.leader.set(leads)
        (self.telling.shift.begin if leads else self.telling.shift.end)()
        self.programmer.mandated()

    def is_urgent(self) -> bool:
        """Whether DNS is being changed, or hosts wait to be decided."""
        # Until deciding begins, hosts wait for members, and members for being written: those must not wait for the hosts.
        return (self.starting.is_deciding and bool(self.reconciler.agenda.waiting)) or self.programmer.is_moving

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
