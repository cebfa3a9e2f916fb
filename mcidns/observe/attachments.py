"""Gateways, routes and namespaces of one member, kept and joined when asked; the rules of joining are in gateway."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from mcidns.model.references import ROUTES, RouteKind, SourceRef
from mcidns.observe import gateway
from mcidns.observe.gateway import Asking, Found, Gateway, Labels, Parent, Route
from mcidns.observe.sources import Key, Source

V = TypeVar("V")


@dataclass(slots=True)
class Attachments:
    """`on_stale` is told of every Gateway and route that a change may bear on, and whether a claim is among them.

    Nothing is joined before somebody asks.
    """

    on_stale: Callable[[Iterable[SourceRef], bool], None]
    gateways: dict[Key, Gateway] = field(default_factory=dict)
    routes: dict[RouteKind, dict[Key, Route]] = field(default_factory=lambda: {kind: {} for kind in ROUTES})
    namespaces: dict[Key, Labels] = field(default_factory=dict)
    _attached: dict[Key, dict[SourceRef, None]] = field(default_factory=dict)
    _users: dict[Key, dict[SourceRef, None]] = field(default_factory=dict)
    _annotated: dict[SourceRef, None] = field(default_factory=dict)

    def put_gateway(self, key: Key, one: Gateway | None) -> None:
        """Keep the Gateway's latest form; None when it is gone."""
        if self._keep(self.gateways, key, one):
            ref = SourceRef("Gateway", *key)
            self._stale((ref, *self._attached.get(key, ())), claimed=self._note(ref, one))

    def put_route(self, kind: RouteKind, key: Key, one: Route | None) -> None:
        """Keep the route's latest form; None when it is gone."""
        before = self.routes[kind].get(key)
        if not self._keep(self.routes[kind], key, one):
            return
        ref = SourceRef(kind, *key)
        old, new = _parents(before), _parents(one)
        _move(self._attached, ref, old, new)
        _move(self._users, ref, before.services if before else (), one.services if one else ())
        gateways = (SourceRef("Gateway", *parent) for parent in dict.fromkeys((*old, *new)))
        self._stale((ref, *gateways), claimed=self._note(ref, one))

    def put_namespace(self, key: Key, labels: Labels | None) -> None:
        """Keep the labels of a Namespace, by the empty namespace and its name; None when it is gone."""
        if self._keep(self.namespaces, key, labels):
            stale: dict[SourceRef, None] = {}
            for kind, routes in self.routes.items():
                for at, one in routes.items():
                    if at[0] == key[1]:
                        stale[SourceRef(kind, *at)] = None
                        stale.update((SourceRef("Gateway", *parent), None) for parent in _parents(one))
            self._stale(tuple(stale), claimed=False)

    @property
    def is_empty(self) -> bool:
        """Neither Gateways nor routes are held."""
        return not self.gateways and not any(self.routes.values())

    def users(self, service: Key) -> tuple[SourceRef, ...]:
        """Routes that send traffic to the Service, and their Gateways."""
        found = dict(self._users.get(service, ()))
        for ref in tuple(found):
            found.update((SourceRef("Gateway", *parent), None) for parent in _parents(self._route(ref)))
        return tuple(found)

    def annotated(self) -> Iterator[SourceRef]:
        """Gateways and routes that carry annotations of ours."""
        return iter(tuple(self._annotated))

    def source(self, ref: SourceRef) -> Source | None:
        """The Gateway or route with what it has of the others, as it stands now; None where there is none."""
        key = (ref.namespace, ref.name)
        if ref.kind == "Gateway":
            one = self.gateways.get(key)
            return None if one is None else self._of_gateway(key, one)
        route = self._route(ref)
        return None if route is None else self._of_route(ref, key, route)

    def _of_route(self, ref: SourceRef, key: Key, route: Route) -> Source:
        """Addresses of the Gateways that took it. While none does its names stand, so that it can be told and is not forgotten."""
        asking = self._asking(ref, route)
        found = Found(services=set(route.services))
        for parent in [one for one in route.parents if one.accepted] or route.parents:
            held = self.gateways.get(parent.gateway)
            attached = gateway.attachments(held, parent, asking) if held is not None else []
            if held is not None and attached and parent.accepted:
                found.targets |= held.targets
                found.unreadable.update(held.unreadable)
            found.names.update(name for one in attached for name in one.names)
        return gateway.source(route, found, key)

    def _of_gateway(self, key: Key, held: Gateway) -> Source:
        """Names of its listeners; a listener that names none has those of its routes."""
        found = Found(set(held.targets), {one.hostname for one in held.listeners if one.hostname is not None})
        for ref in self._attached.get(key, ()):
            route = self._route(ref)
            for parent in _of(route, key):
                attached = gateway.attachments(held, parent, self._asking(ref, route)) if route is not None else []
                found.names.update(name for one in attached if one.listener.hostname is None for name in one.names)
                found.services.update(route.services if route is not None and attached and parent.accepted else ())
        return gateway.source(held, found, key)

    def _asking(self, ref: SourceRef, route: Route) -> Asking:
        kind = next(kind for kind in ROUTES if kind == ref.kind)
        return Asking(kind, (ref.namespace, ref.name), route, self.namespaces.get(("", ref.namespace), {}))

    def _route(self, ref: SourceRef) -> Route | None:
        return next((self.routes[kind].get((ref.namespace, ref.name)) for kind in ROUTES if kind == ref.kind), None)

    def _note(self, ref: SourceRef, one: Gateway | Route | None) -> bool:
        """Note whether the object claims; True if it did or does."""
        did, does = ref in self._annotated, one is not None and bool(one.annotations)
        if does:
            self._annotated[ref] = None
        else:
            self._annotated.pop(ref, None)
        return did or does

    def _stale(self, refs: tuple[SourceRef, ...], *, claimed: bool) -> None:
        self.on_stale(refs, claimed or any(ref in self._annotated for ref in refs))

    @staticmethod
    def _keep(held: dict[Key, V], key: Key, one: V | None) -> bool:
        if held.get(key) == one:
            return False
        if one is None:
            del held[key]
        else:
            held[key] = one
        return True


def _parents(route: Route | None) -> tuple[Key, ...]:
    return tuple(dict.fromkeys(parent.gateway for parent in route.parents)) if route is not None else ()


def _of(route: Route | None, key: Key) -> tuple[Parent, ...]:
    return tuple(parent for parent in route.parents if parent.gateway == key) if route is not None else ()


def _move(index: dict[Key, dict[SourceRef, None]], ref: SourceRef, old: Iterable[Key], new: Iterable[Key]) -> None:
    for key in old:
        held = index.get(key)
        if held is not None and key not in new:
            held.pop(ref, None)
            if not held:
                del index[key]
    for key in new:
        index.setdefault(key, {})[ref] = None
