"""What one member holds, kept small and indexed by what asks for it; listing and watching it lives in watch."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mcidns.model.clusters import SourceState
from mcidns.model.names import DnsName
from mcidns.model.references import SourceKind, SourceRef
from mcidns.observe import sources
from mcidns.observe.sources import Key, Ready, Source


@dataclass(frozen=True, slots=True)
class Annotated:
    """A member's own object that claims a name by annotation."""

    ref: SourceRef
    annotations: tuple[tuple[str, str], ...]
    hostnames: tuple[DnsName, ...]
    uid: str
    created: str


@dataclass(slots=True)
class MemberStore:
    """Sources and slices of one member. `on_source` is told of a source whose reduced state may have changed.

    Every method costs what the one object costs: slices know their Service, Services know the sources that name them.
    """

    on_source: Callable[[SourceRef], None]
    on_claims: Callable[[], None]
    services: dict[Key, Source] = field(default_factory=dict)
    ingresses: dict[Key, Source] = field(default_factory=dict)
    slices: dict[Key, Ready] = field(default_factory=dict)
    _counts: dict[Key, tuple[int, int]] = field(default_factory=dict)
    _users: dict[Key, set[str]] = field(default_factory=dict)

    def put_source(self, kind: SourceKind, key: Key, source: Source) -> None:
        """Keep the source's latest form."""
        held = self._of(kind)
        before = held.get(key)
        if before == source:
            return
        held[key] = source
        self._reindex(kind, key, before, source)
        self._told(kind, key, before, source)

    def drop_source(self, kind: SourceKind, key: Key) -> None:
        """The source is gone from the member."""
        before = self._of(kind).pop(key, None)
        if before is not None:
            self._reindex(kind, key, before, None)
            self._told(kind, key, before, None)

    def put_slice(self, key: Key, ready: Ready | None) -> None:
        """Keep the slice's latest counts; None where it belongs to no Service (any more)."""
        before = self.slices.get(key)
        if before == ready:
            return
        if ready is None:
            self.slices.pop(key, None)
        else:
            self.slices[key] = ready
        for one, sign in ((before, -1), (ready, 1)):
            if one is not None:
                self._count((key[0], one.service), sign * one.ready, sign * one.total)
        for service in {one.service for one in (before, ready) if one is not None}:
            self._tell_users((key[0], service))

    def state(self, ref: SourceRef) -> SourceState | None:
        """The source's present state, None where the member has no such object."""
        key = (ref.namespace, ref.name)
        source = self._of(ref.kind).get(key)
        if source is None:
            return None
        named = source.services if source.services is not None else (ref.name,)
        counts = {name: self._counts.get((ref.namespace, name), (0, 0)) for name in named}
        external = [name for name in named if self._is_external(ref.namespace, name)]
        return sources.state(source, ref.name, counts, external)

    def annotated(self) -> Iterator[Annotated]:
        """The member's objects that carry annotations of ours."""
        kinds: tuple[tuple[SourceKind, dict[Key, Source]], ...] = (("Ingress", self.ingresses), ("Service", self.services))
        for kind, held in kinds:
            for (namespace, name), source in held.items():
                if source.annotations:
                    ref = SourceRef(kind, namespace, name)
                    yield Annotated(ref, source.annotations, source.hostnames, source.uid, source.created)

    def _of(self, kind: SourceKind) -> dict[Key, Source]:
        return self.ingresses if kind == "Ingress" else self.services

    def _is_external(self, namespace: str, name: str) -> bool:
        service = self.services.get((namespace, name))
        return service is not None and service.external_name

    def _count(self, key: Key, ready: int, total: int) -> None:
        was_ready, was_total = self._counts.get(key, (0, 0))
        now = (was_ready + ready, was_total + total)
        if now == (0, 0):
            self._counts.pop(key, None)
        else:
            self._counts[key] = now

    def _reindex(self, kind: SourceKind, key: Key, before: Source | None, after: Source | None) -> None:
        if kind != "Ingress":
            return
        for name in (before.services if before is not None else None) or ():
            users = self._users.get((key[0], name), set())
            users.discard(key[1])
            if not users:
                self._users.pop((key[0], name), None)
        for name in (after.services if after is not None else None) or ():
            self._users.setdefault((key[0], name), set()).add(key[1])

    def _told(self, kind: SourceKind, key: Key, before: Source | None, after: Source | None) -> None:
        self.on_source(SourceRef(kind, *key))
        if kind == "Service" and (before is None or after is None or before.external_name != after.external_name):
            for ingress in self._users.get(key, ()):
                self.on_source(SourceRef("Ingress", key[0], ingress))
        if (before.annotations if before is not None else ()) or (after.annotations if after is not None else ()):
            self.on_claims()

    def _tell_users(self, key: Key) -> None:
        if key in self.services:
            self.on_source(SourceRef("Service", *key))
        for ingress in self._users.get(key, ()):
            self.on_source(SourceRef("Ingress", key[0], ingress))
