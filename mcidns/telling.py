"""What is to be said on the host's objects, brought to the writers of publish/; what to say was decided or observed elsewhere."""

import asyncio
import logging
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Literal

from mcidns.errors import ConfigError
from mcidns.hub.dnsendpoint import EndpointClaim
from mcidns.hub.dnsprovider import ProviderSpec
from mcidns.hub.generated import GeneratedHost, GeneratedMember
from mcidns.hub.membercluster import MemberSpec
from mcidns.hub.unreadable import Unreadable
from mcidns.kube import kinds
from mcidns.kube.client import KubeClient, Object
from mcidns.kube.errors import KubeError
from mcidns.kube.kinds import Kind
from mcidns.model.decisions import Condition, Decision, Programming
from mcidns.model.references import ObjectRef
from mcidns.observe.members import MemberHealth
from mcidns.program.zones import ZoneStatus
from mcidns.provider import Provider
from mcidns.publish import endpoints, hosts, members, status, steps
from mcidns.publish.reports import MemberReport, PlanReport, ProviderReport, ZoneReport
from mcidns.publish.status import Render
from mcidns.publish.writer import Writer
from mcidns.telemetry import Metrics

_LOG = logging.getLogger(__name__)

Key = tuple[str, str]

_KINDS: Mapping[str, Kind] = {
    kind.kind: kind for kind in (kinds.GLOBAL_HOST, kinds.MEMBER_CLUSTER, kinds.DNS_ZONE, kinds.DNS_PROVIDER, kinds.DNS_ENDPOINT)
}

CALM = 1.0
"""Seconds within which several changes of one zone's or member's status are one write."""


class Shelf:
    """The host's objects as last seen; the intake fills it, and it takes what writes return."""

    def __init__(self) -> None:
        self._get: Callable[[Kind, str, str], Object | None] = lambda *_: None
        self._put: Callable[[Kind, Object], None] = lambda *_: None

    def connect(self, get: Callable[[Kind, str, str], Object | None], put: Callable[[Kind, Object], None]) -> None:
        """Say where the objects are kept."""
        self._get, self._put = get, put

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """The object, None where there is none."""
        return self._get(kind, namespace, name)

    def put(self, kind: Kind, obj: Object) -> None:
        """The object is as it says."""
        self._put(kind, obj)


class Telling:
    """Everything returns at once; writes follow, the newest per object. `run` writes until cancelled, `flush` writes the rest."""

    def __init__(self, client: KubeClient, *, clock: Callable[[], float], metrics: Metrics, at_once: int, decides: bool) -> None:
        self.shelf = Shelf()
        self._client = client
        self._clock = clock
        self._metrics = metrics
        self._decides = decides
        self._writer = Writer(at_once=at_once, on_result=self._written)
        self._decisions: dict[ObjectRef, Decision] = {}
        self._renders: dict[ObjectRef, tuple[Render, bool]] = {}
        self._clashes: dict[ObjectRef, str] = {}
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
        """Write until cancelled."""
        await self._writer.run()

    async def flush(self, timeout: float) -> bool:
        """Write what is left, `timeout` seconds at most; the writers' own tasks have ended by then or not."""
        running = asyncio.create_task(self._writer.run())
        try:
            return await self._writer.flush(timeout)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

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
        del previous
        ref = decision.host.ref
        self._decisions[ref] = decision
        self._say(ref, lambda seen, now: status.of_host(decision, seen, now, self._extra(ref)))
        self._endpoints.want(endpoints.ref_of(ref), decision)

    def unreadable(self, problem: Unreadable) -> None:
        """An object cannot be used as it stands."""
        _LOG.warning("object.unreadable", extra={"object": str(problem.ref), "why": problem.message})
        kind = _KINDS.get(problem.ref.kind)
        if kind is not None:
            self._say(
                problem.ref,
                lambda seen, now: status.of_unusable(problem.message, problem.generation, problem.ref.kind, seen, now),
                partial=True,
            )

    def member(self, health: MemberHealth, spec: MemberSpec | None) -> None:
        """A member's health has changed."""
        report = MemberReport(
            name=health.cluster,
            reachable=health.reachable,
            reason=health.reason,
            message=health.message,
            synced=health.synced and health.reachable,
            generation=spec.generation if spec is not None else 0,
            version=health.version,
            cluster_id=health.cluster_id,
            services=health.services,
            ingresses=health.ingresses,
            endpoint_slices=health.slices,
            last_seen=health.last_seen,
            known=health.reason != "NotYetRead",
        )
        self._say(ObjectRef("MemberCluster", "", health.cluster), lambda seen, now: status.of_member(report, seen, now))

    def zone(self, found: ZoneStatus) -> None:
        """A zone's worker has news."""
        plan = found.plan
        report = ZoneReport(
            name=found.name,
            ready=found.ready,
            reason=found.reason,
            message=found.message,
            generation=0,
            serial=found.serial,
            names=found.names,
            owned=found.owned,
            foreign=found.foreign,
            writes=found.writes,
            held=found.held.message if found.held is not None else "",
            plan=PlanReport(plan.creates, plan.updates, plan.deletes, plan.digest, plan.at) if plan is not None else None,
        )

        def render(seen: Object | None, now: float) -> Object:
            return _observed(status.of_zone(report, seen, now), seen)

        self._say(ObjectRef("DNSZone", "", found.name), render, after=CALM)

    def provider(self, spec: ProviderSpec, outcome: Provider | ConfigError) -> None:
        """A DNSProvider could be opened, or not."""
        if isinstance(outcome, ConfigError):
            report = ProviderReport(spec.name, spec.generation, ready=False, reason="Invalid", message=str(outcome))
        else:
            types = tuple(sorted(outcome.capabilities.types))
            told = f"provider type {spec.type} is configured; DNSZone objects say whether its servers answer"
            report = ProviderReport(spec.name, spec.generation, ready=True, reason="Opened", message=told, capabilities=types)
        self._say(ObjectRef("DNSProvider", "", spec.name), lambda seen, now: status.of_provider(report, seen, now))

    def endpoint(self, claim: EndpointClaim, problems: tuple[str, ...]) -> None:
        """A DNSEndpoint of other origin was admitted, wholly or in part."""
        accepted = (
            Condition("Accepted", "False", "PartlyRefused" if len(problems) < len(claim.rows) else "Refused", "; ".join(problems))
            if problems
            else Condition("Accepted", "True", "Accepted", "every entry is served")
        )
        self._conditions(claim.ref, claim.generation, (accepted,))

    def programmed(self, source: ObjectRef, words: tuple[Programming, ...]) -> None:
        """What became of the names of a DNSEndpoint of other origin."""
        worst = next((word for word in words if word.state in {"Failed", "Held"}), None)
        worst = worst or next((word for word in words if word.state == "Pending"), None)
        if worst is None:
            self._conditions(source, 0, (Condition("Programmed", "True", "Programmed", "every name stands in DNS"),))
        else:
            state: Literal["Unknown", "False"] = "Unknown" if worst.state == "Pending" else "False"
            told = f"{worst.name.relative}: {worst.message}"
            self._conditions(source, 0, (Condition("Programmed", state, worst.reason, told),))

    def generated_hosts(self, wanted: Mapping[ObjectRef, GeneratedHost]) -> None:
        """These GlobalHosts shall exist by annotation, and no others."""
        self._wanted_hosts = wanted
        self._on_generated()
        for ref, host in wanted.items():
            self._hosts.want(ref, host)
            for problem in host.problems:
                _LOG.warning("annotation.ignored", extra={"object": str(host.made_of), "why": str(problem)})

    def generated_members(self, wanted: Mapping[ObjectRef, GeneratedMember]) -> None:
        """These MemberClusters shall exist for the fleets, and no others."""
        self._wanted_members = wanted
        for ref, member in wanted.items():
            self._members.want(ref, member)

    def sweep(self, *, members_known: bool) -> None:
        """Take generated objects away that nobody asks for; only to be called once every kind of the host was listed."""
        if not self._decides:
            return
        seen_hosts = [obj for key in self._keys(kinds.GLOBAL_HOST) if (obj := self.shelf.get(kinds.GLOBAL_HOST, *key)) is not None]
        for ref in hosts.surplus(self._wanted_hosts, seen_hosts, members_known=members_known):
            self._hosts.want(ref, None)
        seen_members = [
            obj for key in self._keys(kinds.MEMBER_CLUSTER) if (obj := self.shelf.get(kinds.MEMBER_CLUSTER, *key)) is not None
        ]
        for ref in members.surplus(self._wanted_members, seen_members):
            self._members.want(ref, None)

    def seen(self, kind: Kind, key: Key, obj: Object | None) -> None:
        """An object that we may have written is now like this, or gone."""
        ref = ObjectRef(kind.kind, *key)
        if kind is kinds.DNS_ENDPOINT and self._decides:
            self._endpoints.seen(ref)
        elif kind is kinds.MEMBER_CLUSTER:
            self._members.seen(ref)
        elif kind is kinds.GLOBAL_HOST:
            self._hosts.seen(ref)
            if obj is None:
                self._decisions.pop(ref, None)
                self._endpoints.want(endpoints.ref_of(ref), None)
        if obj is None:
            self._renders.pop(ref, None)
        elif ref in self._renders:
            self._queue(ref)

    def _conditions(self, ref: ObjectRef, generation: int, wanted: tuple[Condition, ...]) -> None:
        def render(seen: Object | None, now: float) -> Object:
            observed = generation or int(steps.section(seen, "metadata").get("generation") or 0)
            fresh = status.conditions(wanted, seen, observed, now)
            types = {condition.type for condition in wanted}
            before = steps.section(seen, "status").get("conditions")
            others = [one for one in (before if isinstance(before, list) else []) if one.get("type") not in types]
            return {"conditions": sorted([*others, *fresh], key=lambda one: str(one.get("type")))}

        key = ObjectRef(f"{ref.kind}/{wanted[0].type}", ref.namespace, ref.name)
        self._writer.want(("status", key), lambda: self._write(ref, render, partial=True))

    def _say(self, ref: ObjectRef, render: Render, *, partial: bool = False, after: float = 0.0) -> None:
        self._renders[ref] = (render, partial)
        self._queue(ref, after)

    def _queue(self, ref: ObjectRef, after: float = 0.0) -> None:
        render, partial = self._renders[ref]
        seen = self.shelf.get(_KINDS[ref.kind], ref.namespace, ref.name)
        if status.step(_KINDS[ref.kind], ref, render(seen, self._clock()), seen, partial=partial) is not None:
            self._writer.want(("status", ref), lambda: self._write(ref, *self._renders.get(ref, (render, partial))), after=after)

    async def _write(self, ref: ObjectRef, render: Render, partial: bool) -> None:
        kind = _KINDS[ref.kind]
        seen = self.shelf.get(kind, ref.namespace, ref.name)
        step = status.step(kind, ref, render(seen, self._clock()), seen, partial=partial)
        if step is not None:
            answer = await steps.carry_out(self._client, step)
            if answer is not None:
                self.shelf.put(kind, answer)

    def _extra(self, ref: ObjectRef) -> tuple[Condition, ...]:
        clash = self._clashes.get(endpoints.ref_of(ref))
        return (Condition("Published", "False", "Conflict", clash),) if clash else ()

    def _clash(self, ref: ObjectRef, message: str) -> None:
        """Somebody else's DNSEndpoint stands where the host's would be."""
        if message:
            self._clashes[ref] = message
        else:
            self._clashes.pop(ref, None)
        host = ObjectRef("GlobalHost", ref.namespace, ref.name)
        if host in self._decisions:
            self._queue(host)

    def _generated_clash(self, ref: ObjectRef, message: str) -> None:
        if message:
            _LOG.warning("generated.conflict", extra={"object": str(ref), "why": message})

    def _written(self, key: Hashable, error: KubeError | None) -> None:
        kind = key[1].kind if isinstance(key, tuple) and isinstance(key[1], ObjectRef) else str(key)
        self._metrics.api_writes.labels(kind.partition("/")[0], "ok" if error is None else type(error).__name__).inc()


def _observed(found: Object, seen: Object | None) -> Object:
    """The generation that is known to the reader of a zone's status."""
    generation = int(steps.section(seen, "metadata").get("generation") or 0)
    return {
        **found,
        "observedGeneration": generation,
        "conditions": [{**condition, "observedGeneration": generation} for condition in found["conditions"]],
    }
