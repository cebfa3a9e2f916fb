"""What is to be said on the host's objects, brought to the writers of publish/; what to say was decided or observed elsewhere."""

import asyncio
import logging
import socket
from collections.abc import Callable, Container, Hashable, Iterable, Mapping

from mcidns import words
from mcidns.backlog import Backlog
from mcidns.errors import ConfigError, McidnsError
from mcidns.hub.dnsendpoint import EndpointClaim
from mcidns.hub.dnsprovider import ProviderSpec
from mcidns.hub.generated import GeneratedHost, GeneratedMember
from mcidns.hub.membercluster import MemberSpec
from mcidns.hub.unreadable import Unreadable
from mcidns.kube import kinds
from mcidns.kube.client import KubeClient, Object
from mcidns.kube.kinds import Kind
from mcidns.model.decisions import Condition, Decision, Programming
from mcidns.model.references import ObjectRef
from mcidns.observe.healths import MemberHealth
from mcidns.page.board import Board
from mcidns.program.zones import ZoneStatus
from mcidns.provider import Provider
from mcidns.publish import endpoints, hosts, kubefed, members, status, steps
from mcidns.publish.events import Events
from mcidns.publish.status import Render
from mcidns.publish.statuses import Statuses
from mcidns.publish.transitions import Notice, Regarding, Transitions
from mcidns.publish.writer import Writer
from mcidns.shelf import Shelf
from mcidns.shift import Shift
from mcidns.telemetry import Metrics

_LOG = logging.getLogger(__name__)

Key = tuple[str, str]


class Telling:
    """Everything returns at once; writes follow, the newest per object. `run` writes until cancelled, `flush` writes the rest."""

    def __init__(
        self,
        client: KubeClient,
        *,
        clock: Callable[[], float],
        metrics: Metrics,
        at_once: int,
        decides: bool,
        waits: Callable[[], bool],
    ) -> None:
        self.shelf = Shelf()
        self.board = Board(clock)
        self.shift = Shift(self._take_over)
        self._clock = clock
        self._metrics = metrics
        self._decides = decides
        self._writer = Writer(at_once=at_once, on_result=self._written, waits=waits)
        self._decisions: dict[ObjectRef, Decision] = {}
        self._backlog = Backlog(self._tell_of, self._tell_verdicts, waits)
        self._transitions = Transitions()
        self._events = Events(client, instance=socket.gethostname(), clock=clock, heard=self.board.noticed)
        self._statuses = Statuses(client=client, shelf=self.shelf, writer=self._writer, clock=clock, on_status=self._rendered)
        self._clashes: dict[ObjectRef, str] = {}
        self._endpoints_of: dict[ObjectRef, ObjectRef] = {}
        self._broken: dict[ObjectRef, Unreadable] = {}
        self._keys: Callable[[Kind], Iterable[Key]] = lambda _: ()
        self._on_generated: Callable[[], None] = lambda: None
        self._endpoints = endpoints.keeper(client, self.shelf, self._writer, self._clash)
        self._hosts = hosts.keeper(client, self.shelf, self._writer, self._generated_clash)
        self._members = members.keeper(client, self.shelf, self._writer, self._generated_clash)
        self._wanted_hosts: Mapping[ObjectRef, GeneratedHost] = {}
        self._wanted_members: Mapping[ObjectRef, GeneratedMember] = {}

    def connect(
        self,
        get: Callable[[Kind, str, str], Object | None],
        put: Callable[[Kind, Object], None],
        keys: Callable[[Kind], Iterable[Key]],
        on_generated: Callable[[], None],
    ) -> None:
        """Say where the host's objects are kept, and who sweeps when other GlobalHosts shall be generated."""
        self.shelf.connect(get, put)
        self._keys = keys
        self._on_generated = on_generated

    async def run(self) -> None:
        """Write while it is our turn, until cancelled."""
        await self.shift.run(self._writer.run, self._events.run, self._backlog.run)

    async def flush(self, timeout: float) -> bool:
        """Write what is left, `timeout` seconds at most; the writers' own tasks have ended by then or not."""
        if not self.shift.is_on:
            return True
        self._backlog.drain()
        running = asyncio.create_task(self.run())
        try:
            return all(await asyncio.gather(self._writer.flush(timeout), self._events.flush(timeout)))
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def _take_over(self) -> None:
        self._transitions.forget_all()
        self._events.forget(self._clock() - 60.0)  # what was worth an Event before was told by whoever led then

    def announce(self, notice: Notice) -> None:
        """Tell of something that has no status of ours."""
        self._events.post((notice,))

    @property
    def members_in_step(self) -> bool:
        """Every MemberCluster that the fleets ask for exists as they ask."""
        return self._members.in_step

    @property
    def members_wanted(self) -> int:
        """How many MemberClusters the fleets ask for."""
        return len(self._wanted_members)

    @property
    def hosts_in_step(self) -> bool:
        """Every GlobalHost that annotations ask for exists as they ask."""
        return self._hosts.in_step

    def decided(self, decision: Decision, previous: Decision | None) -> None:
        """A host's decision is another one: its status, its DNSEndpoint and its Events follow."""
        self.board.decided(decision)
        self._backlog.add(decision, previous)

    def _tell_of(self, decision: Decision, previous: Decision | None) -> None:
        ref = decision.host.ref
        if self.shelf.get(kinds.HOSTS[ref.kind], ref.namespace, ref.name) is None:
            return
        self._decisions[ref] = decision
        self._tell_verdicts(decision, previous)
        self._say(ref, lambda seen, now: self._of_host(decision, seen, now))
        self._endpoints_of[endpoints.ref_of(ref)] = ref
        self._endpoints.want(endpoints.ref_of(ref), decision)

    def _of_host(self, decision: Decision, seen: Object | None, now: float) -> Object:
        """A host that cannot be read any more is served as it was, and says so whatever else happens to it."""
        ref = decision.host.ref
        found, broken = kubefed.of_host(decision, seen, now, self._extra(ref)), self._broken.get(ref)
        return found if broken is None else status.over(found, broken.message, broken.generation, seen, now)

    def _tell_verdicts(self, decision: Decision, previous: Decision | None) -> None:
        ref, same = decision.host.ref, previous is not None and previous.verdicts == decision.verdicts
        if self.shift.is_on and not (same and self._transitions.knows_verdicts(ref)):
            seen = self.shelf.get(kinds.HOSTS[ref.kind], ref.namespace, ref.name)
            self._events.post(self._transitions.of_verdicts(decision, seen))

    def unreadable(self, problem: Unreadable) -> None:
        """An object cannot be used as it stands."""
        self._warn(problem.ref, "Invalid", problem.message)
        if problem.ref.kind in kinds.HOSTS:
            self._broken[problem.ref] = problem
            self.board.unreadable(problem)
        if problem.ref in self._decisions:
            self._statuses.seen(kinds.HOSTS[problem.ref.kind], problem.ref)
        elif problem.ref.kind in kinds.TOLD:
            ref, kind = problem.ref, problem.ref.kind
            self._say(ref, lambda seen, now: status.of_unusable(problem.message, problem.generation, kind, seen, now), partial=True)

    def readable(self, ref: ObjectRef) -> None:
        """A GlobalHost or record can be used."""
        self._broken.pop(ref, None)
        self.board.readable(ref)

    def member(self, health: MemberHealth, spec: MemberSpec | None, at_risk: tuple[str, ...] = ()) -> None:
        """A member's health or drain has changed; `at_risk` are the hosts that refuse the drain."""
        report = words.of_member(health, spec, at_risk)
        self.board.member(report, spec.cluster.region if spec is not None else "")
        self._say(ObjectRef("MemberCluster", "", health.cluster), lambda seen, now: status.of_member(report, seen, now))

    def zone(self, found: ZoneStatus) -> None:
        """A zone's worker has news."""
        report = words.of_zone(found)
        self.board.zone(found, steps.text(self.shelf.get(kinds.DNS_ZONE, "", found.name), "spec", "domain"))

        def render(seen: Object | None, now: float) -> Object:
            return words.observed(status.of_zone(report, seen, now), seen)

        self._say(ObjectRef("DNSZone", "", found.name), render)

    def provider(self, spec: ProviderSpec, outcome: Provider | ConfigError) -> None:
        """A DNSProvider could be opened, or not."""
        report = words.of_provider(spec, outcome)
        self._say(ObjectRef("DNSProvider", "", spec.name), lambda seen, now: status.of_provider(report, seen, now))

    def domain(self, ref: ObjectRef) -> None:
        """A Domain of KubeFed's is in use."""
        self._say(ref, kubefed.of_domain)

    def endpoint(self, claim: EndpointClaim, problems: tuple[str, ...]) -> None:
        """A DNSEndpoint of other origin was admitted, wholly or in part."""
        self._statuses.condition(kinds.DNS_ENDPOINT, claim.ref, words.accepted(problems, len(claim.rows)))

    def programmed(self, source: ObjectRef, states: tuple[Programming, ...]) -> None:
        """What became of the names of a DNSEndpoint of other origin."""
        # Upstream's own CRD has no conditions and drops them; then that is the end of it.
        self._statuses.condition(kinds.DNS_ENDPOINT, source, words.programmed(states))

    def generated_hosts(self, wanted: Mapping[ObjectRef, GeneratedHost]) -> None:
        """These GlobalHosts shall exist by annotation, and no others."""
        before, self._wanted_hosts = self._wanted_hosts, wanted
        self._on_generated()
        for ref, host in wanted.items():
            self._hosts.want(ref, host)
            for problem in host.problems if before.get(ref) != host else ():
                self._warn(host.made_of, "AnnotationIgnored", str(problem))

    def generated_members(self, wanted: Mapping[ObjectRef, GeneratedMember]) -> None:
        """These MemberClusters shall exist for the fleets, and no others; the deciding half sees to it."""
        if not self._decides:
            return
        before, self._wanted_members = self._wanted_members, wanted
        for ref, member in wanted.items():
            self._members.want(ref, member)
            if before.get(ref) != member:
                for problem in member.problems:
                    self._warn(member.made_of, "FieldIgnored", str(problem))

    def sweep(self, *, members_known: Callable[[str], bool], unread: Container[ObjectRef]) -> None:
        """Take generated objects away that nobody asks for; only to be called once every kind of the host was listed."""
        if not self._decides:
            return
        for ref in hosts.surplus(self._wanted_hosts, self._all(kinds.GLOBAL_HOST), members_known=members_known):
            self._hosts.want(ref, None)
        for ref in members.surplus(self._wanted_members, self._all(kinds.MEMBER_CLUSTER), unread=unread):
            self._members.want(ref, None)

    def _all(self, kind: Kind) -> list[Object]:
        return [obj for key in self._keys(kind) if (obj := self.shelf.get(kind, *key)) is not None]

    def seen(self, kind: Kind, key: Key, obj: Object | None) -> None:
        """An object that we may have written is now like this, or gone."""
        ref = ObjectRef(kind.kind, *key)
        if kind is kinds.DNS_ENDPOINT and self._decides:
            self._endpoints.seen(ref)
        elif kind is kinds.MEMBER_CLUSTER:
            self._members.seen(ref)
        elif kind.kind in kinds.HOSTS:
            if kind is kinds.GLOBAL_HOST:
                self._hosts.seen(ref)
            if obj is None:
                self._decisions.pop(ref, None)
                self._broken.pop(ref, None)
                if self._endpoints_of.get(endpoints.ref_of(ref), ref) == ref:
                    self._endpoints_of.pop(endpoints.ref_of(ref), None)
                    self._endpoints.want(endpoints.ref_of(ref), None)
        if kind.kind not in kinds.TOLD:
            return
        if obj is None:
            self._statuses.forget(kind, ref)
            self._transitions.forget(kind, ref)
            self.board.gone(ref)
        else:
            self._statuses.seen(kind, ref)

    def _say(self, ref: ObjectRef, render: Render, *, partial: bool = False) -> None:
        self._statuses.put(kinds.TOLD[ref.kind], ref, render, partial=partial)

    def _rendered(self, kind: Kind, ref: ObjectRef, rendered: Object, seen: Object) -> None:
        self._events.post(self._transitions.of_status(kind, ref, rendered, seen))

    def _warn(self, ref: ObjectRef, reason: str, note: str) -> None:
        """An Event on an object of the host cluster that has no status of ours."""
        _LOG.warning("object.warned", extra={"object": str(ref), "reason": reason, "why": note})
        kind = kinds.CLAIMING.get(ref.kind)
        seen = self.shelf.get(kind, ref.namespace, ref.name) if kind is not None else None
        if kind is not None and seen is not None:
            regarding = Regarding(kind.api_version, ref, steps.text(seen, "metadata", "uid"))
            self._events.post((Notice(regarding, "Warning", reason, "Claim", note),))

    def _extra(self, ref: ObjectRef) -> tuple[Condition, ...]:
        clash = self._clashes.get(endpoints.ref_of(ref))
        return (Condition("Published", "False", "Conflict", clash),) if clash else ()

    def _clash(self, ref: ObjectRef, message: str) -> None:
        """Somebody else's DNSEndpoint stands where the host's would be."""
        if message:
            self._clashes[ref] = message
        else:
            self._clashes.pop(ref, None)
        host = self._endpoints_of.get(ref)
        if host is not None:
            self._statuses.seen(kinds.HOSTS[host.kind], host)

    def _generated_clash(self, ref: ObjectRef, message: str) -> None:
        if not message:
            return
        host, member = self._wanted_hosts.get(ref), self._wanted_members.get(ref)
        wanted = host or member
        self._warn(wanted.made_of if wanted is not None else ref, "Conflict", message)

    def _written(self, key: Hashable, error: McidnsError | None) -> None:
        kind = key[1].kind if isinstance(key, tuple) and isinstance(key[1], ObjectRef) else str(key)
        self._metrics.api_writes.labels(kind.partition("/")[0], "ok" if error is None else type(error).__name__).inc()
