"""What one member holds, kept small and indexed by what asks for it; listing and watching it lives in watch."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from mcidns.model.clusters import Backend, SourceState
from mcidns.model.names import DnsName
from mcidns.model.references import GATEWAY_KINDS, SourceKind, SourceRef
from mcidns.observe import sources
from mcidns.observe.attachments import Attachments
from mcidns.observe.sources import Key, Ready, Source

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Annotated:
    """A member's own object that claims a name by annotation; `created` as the API writes it (RFC 3339)."""

    ref: SourceRef
    annotations: tuple[tuple[str, str], ...]
    hostnames: tuple[DnsName, ...]
    uid: str
    created: str


@dataclass(slots=True)
class MemberStore:
    """Sources and slices of one member; every method costs what the one object costs.

    While `live`, `on_source` is told of a source whose state has changed, `on_claims` of a changed annotated object. Before,
    nobody is told: whoever makes it live tells of the whole member. `counted` is False where the member serves no slices,
    so that readiness says nothing. `attachments` holds what is of the Gateway API.
    """

    on_source: Callable[[SourceRef], None]
    on_claims: Callable[[], None]
    live: bool = True
    counted: bool = True
    services: dict[Key, Source] = field(default_factory=dict)
    ingresses: dict[Key, Source] = field(default_factory=dict)
    slices: dict[Key, Ready] = field(default_factory=dict)
    attachments: Attachments = field(init=False)
    _behind: dict[Key, tuple[Key, ...]] = field(default_factory=dict)
    _users: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    _claims: dict[SourceRef, Annotated] = field(default_factory=dict)
    _states: dict[SourceRef, SourceState] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Join the halves."""
        self.attachments = Attachments(self._joined_changed)

    def put_source(self, kind: SourceKind, key: Key, source: Source) -> None:
        """Keep the source's latest form."""
        held = self._of(kind)
        before = held.get(key)
        if before == source:
            return
        held[key] = source
        self._changed(kind, key, before, source)

    def drop_source(self, kind: SourceKind, key: Key) -> None:
        """The source is gone from the member."""
        before = self._of(kind).pop(key, None)
        if before is not None:
            self._changed(kind, key, before, None)

    def put_slice(self, key: Key, ready: Ready | None) -> None:
        """Keep the slice's latest endpoints; None where it is gone or belongs to no Service (any more)."""
        before = self.slices.get(key)
        if before == ready:
            return
        if ready is None:
            self.slices.pop(key, None)
        else:
            self.slices[key] = ready
        old, new = (None if one is None else (key[0], one.service) for one in (before, ready))
        if old != new:
            _unlist(self._behind, old, key)
            _enlist(self._behind, new, key)
        for service in {one for one in (old, new) if one is not None}:
            self._tell_users(service)

    def state(self, ref: SourceRef) -> SourceState | None:
        """The source's present state, None where the member has no such object; equal until it changes."""
        state = self._states.get(ref)
        if state is None:
            state = self._reduced(ref)
            if state is not None:
                self._states[ref] = state
        return state

    def annotated(self) -> Iterator[Annotated]:
        """The member's objects that carry annotations of ours, by kind, namespace and name."""
        joined = {ref: one for ref in self.attachments.annotated() if (one := self.attachments.source(ref)) is not None}
        for ref in sorted((*self._claims, *joined)):
            yield self._claims[ref] if ref in self._claims else _annotated(ref, joined[ref])

    def recount(self, *, counted: bool) -> None:
        """Whether slices are to be had at all; if that changes, so does every state."""
        if self.counted != counted:
            self.counted = counted
            for ref in list(self._states):
                self._tell(ref)

    def _of(self, kind: SourceKind) -> dict[Key, Source]:
        return self.ingresses if kind == "Ingress" else self.services

    def _reduced(self, ref: SourceRef) -> SourceState | None:
        joined = ref.kind in GATEWAY_KINDS
        source = self.attachments.source(ref) if joined else self._of(ref.kind).get((ref.namespace, ref.name))
        if source is None:
            return None
        named = source.services if source.services is not None else (ref.name,)
        return sources.state(source, (self._backend(ref.namespace, name) for name in named))

    def _backend(self, own: str, name: str) -> Backend:
        where, slash, plain = name.partition("/")
        key = (where, plain) if slash else (own, name)
        service = self.services.get(key)
        ready, total = sources.counts(self.slices[one] for one in self._behind.get(key, ()))
        return Backend(name, ready, total, applicable=self.counted and not (service is not None and service.external_name))

    def _changed(self, kind: SourceKind, key: Key, before: Source | None, after: Source | None) -> None:
        for name in set((before and before.services) or ()) - set((after and after.services) or ()):
            _unlist(self._users, (key[0], name), key[1])
        for name in set((after and after.services) or ()) - set((before and before.services) or ()):
            _enlist(self._users, (key[0], name), key[1])
        ref = SourceRef(kind, *key)
        if before is None or after is None or sources.parsed(before) != sources.parsed(after):
            self._tell(ref)
        exempt = (before is not None and before.external_name, after is not None and after.external_name)
        if kind == "Service" and exempt[0] != exempt[1]:
            self._tell_behind(key)
        self._claim(ref, after)

    def _joined_changed(self, refs: Iterable[SourceRef], claims: bool) -> None:
        """Gateways and routes that may be different now, and whether one of them claims names."""
        for ref in refs:
            self._tell(ref)
        if claims and self.live:
            self.on_claims()

    def _claim(self, ref: SourceRef, source: Source | None) -> None:
        before = self._claims.pop(ref, None)
        after: Annotated | None = None
        if source is not None and source.annotations:
            after = _annotated(ref, source)
            self._claims[ref] = after
        if before != after and self.live:
            self.on_claims()

    def _tell_users(self, service: Key) -> None:
        if service in self.services:
            self._tell(SourceRef("Service", *service))
        self._tell_behind(service)

    def _tell_behind(self, service: Key) -> None:
        for ref in self.attachments.users(service):
            self._tell(ref)
        for ingress in self._users.get(service, ()):
            self._tell(SourceRef("Ingress", service[0], ingress))

    def _tell(self, ref: SourceRef) -> None:
        """Tell of the source unless somebody saw its state and it is still that."""
        if not self.live and not self._states:
            return
        before = self._states.pop(ref, None)
        # A Gateway may have a thousand routes: to look whether all of them still add up to the same costs more than to decide.
        if before is not None and ref.kind != "Gateway" and self.state(ref) == before:
            self._states[ref] = before
            return
        if self.live:
            self.on_source(ref)


def _annotated(ref: SourceRef, source: Source) -> Annotated:
    return Annotated(ref, source.annotations, source.hostnames, source.uid, source.created)


def _enlist(index: dict[Key, tuple[V, ...]], key: Key | None, value: V) -> None:
    if key is not None:
        index[key] = (*index.get(key, ()), value)


def _unlist(index: dict[Key, tuple[V, ...]], key: Key | None, value: V) -> None:
    if key is None:
        return
    left = tuple(one for one in index.get(key, ()) if one != value)
    if left:
        index[key] = left
    else:
        index.pop(key, None)
