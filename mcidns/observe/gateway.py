"""Gateway API objects reduced, and the rules by which routes and listeners meet; keeping and joining is in attachments."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from mcidns.kube.kinds import GATEWAY_GROUP
from mcidns.model import targets
from mcidns.model.hosts import Requirement
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.references import RouteKind
from mcidns.model.targets import InvalidTarget, Target
from mcidns.observe import shapes, sources
from mcidns.observe.sources import Key, Source

Labels = dict[str, str]

_HTTP: Final[tuple[str, ...]] = ("HTTPRoute", "GRPCRoute")
_TAKEN: Final[Mapping[str, tuple[str, ...]]] = {
    "HTTP": _HTTP,
    "HTTPS": _HTTP,
    "TLS": ("TLSRoute",),
    "TCP": (),
    "UDP": (),
}
"""Kinds of routes that a listener takes by its protocol, where `allowedRoutes.kinds` is silent."""

_ANY: Final[tuple[str, ...]] = (*_HTTP, "TLSRoute")


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener in use. No `hostname`: every name. `requirements` say whose routes it takes where `spread` is Selector."""

    name: str
    port: int
    hostname: DnsName | None
    kinds: tuple[str, ...]
    spread: Literal["All", "Same", "Selector", "None"]
    requirements: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True)
class Gateway:
    """A Gateway as kept. No targets while it says that it is not programmed."""

    targets: frozenset[Target]
    listeners: tuple[Listener, ...]
    unreadable: tuple[str, ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    uid: str = ""
    created: str = ""


@dataclass(frozen=True, slots=True)
class Parent:
    """A Gateway that a route names, by the listener's name and port where it names them, and whether it took the route."""

    gateway: Key
    section: str = ""
    port: int = 0
    accepted: bool = True


@dataclass(frozen=True, slots=True)
class Route:
    """A route as kept: no `hostnames` means all those of its listeners. `services` are what its traffic goes to."""

    parents: tuple[Parent, ...]
    hostnames: tuple[DnsName, ...]
    services: tuple[Key, ...]
    unreadable: tuple[str, ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    uid: str = ""
    created: str = ""


def gateway(item: shapes.Gateway) -> Gateway:
    """A Gateway: its addresses and the listeners that its controller has not refused."""
    status = item.status or shapes.GatewayStatus()
    refused = {one.name for one in status.listeners or () if _is(one.conditions, "Accepted", "False")}
    listeners: list[Listener] = []
    bad: list[str] = []
    for one in (item.spec or shapes.GatewaySpec()).listeners or ():
        if one.name not in refused:
            listeners += _listener(one, bad)
    found = frozenset[Target]() if _is(status.conditions, "Programmed", "False") else _addresses(status, bad)
    annotations = sources.kept(item.metadata.annotations)
    return Gateway(
        targets=found,
        listeners=tuple(listeners),
        unreadable=tuple(sorted(set(bad))),
        annotations=annotations,
        uid=item.metadata.uid if annotations else "",
        created=(item.metadata.creation_timestamp or "") if annotations else "",
    )


def route(item: shapes.Route) -> Route:
    """A route: its Gateways, its names, the Services behind it."""
    spec = item.spec or shapes.RouteSpec()
    names, bad = sources.names(spec.hostnames or (), "spec.hostnames")
    annotations = sources.kept(item.metadata.annotations)
    return Route(
        parents=tuple(dict.fromkeys(_parents(item, spec))),
        hostnames=names,
        services=tuple(sorted(set(_services(spec, item.metadata.namespace)))),
        unreadable=bad,
        annotations=annotations,
        uid=item.metadata.uid if annotations else "",
        created=(item.metadata.creation_timestamp or "") if annotations else "",
    )


def labels(item: shapes.Labelled) -> Labels:
    """The labels of a Namespace."""
    return {sys.intern(key): sys.intern(value) for key, value in (item.metadata.labels or {}).items()}


def common(listener: DnsName | None, route: DnsName | None) -> DnsName | None:
    """The names that both cover, as one name; None where there are none, or no limit at all.

    A wildcard covers names of any depth below it, itself included, but not its own suffix (Gateway API, `hostnames`).
    """
    if listener is None or route is None or listener == route:
        return listener or route
    if listener.is_wildcard and _below(route, listener):
        return route
    if route.is_wildcard and _below(listener, route):
        return listener
    return None


@dataclass(frozen=True, slots=True)
class Asking:
    """A route that looks for listeners, and the labels of its namespace."""

    kind: RouteKind
    at: Key
    route: Route
    labels: Labels


@dataclass(frozen=True, slots=True)
class Attachment:
    """A listener that serves a route, and the names that both agree on; none where neither names any."""

    listener: Listener
    names: tuple[DnsName, ...]


@dataclass(slots=True)
class Found:
    """What is gathered for a Gateway or route from the objects around it."""

    targets: set[Target] = field(default_factory=set)
    names: set[DnsName] = field(default_factory=set)
    services: set[Key] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)


def attachments(gateway: Gateway, parent: Parent, asking: Asking) -> list[Attachment]:
    """The listeners of a Gateway, one of the route's parents, that serve the route."""
    found: list[Attachment] = []
    route = asking.route
    for listener in gateway.listeners:
        if not _takes(listener, asking.kind, parent) or not _welcomes(listener, parent.gateway[0], asking.at[0], asking.labels):
            continue
        if listener.hostname is None or not route.hostnames:
            names = route.hostnames or ((listener.hostname,) if listener.hostname is not None else ())
            # A route whose names all are misspelt asks for none, not for all.
            if route.hostnames or not route.unreadable:
                found.append(Attachment(listener, names))
            continue
        shared = dict.fromkeys(name for one in route.hostnames if (name := common(listener.hostname, one)) is not None)
        if shared:
            found.append(Attachment(listener, tuple(shared)))
    return found


def source(of: Gateway | Route, found: Found, at: Key) -> Source:
    """A Gateway or route as a Source: what it says of itself, and what was found for it."""
    return Source(
        targets=frozenset(found.targets),
        unreadable=tuple(sorted({*of.unreadable, *found.unreadable})),
        hostnames=tuple(sorted(found.names)),
        services=tuple(sorted(name if where == at[0] else f"{where}/{name}" for where, name in found.services)),
        annotations=of.annotations,
        uid=of.uid,
        created=of.created,
    )


def _is(conditions: list[shapes.Condition] | None, type_: str, status: str) -> bool:
    return any(one.type == type_ and one.status == status for one in conditions or ())


def _listener(one: shapes.Listener, bad: list[str]) -> Iterator[Listener]:
    hostname: DnsName | None = None
    if one.hostname:
        try:
            hostname = DnsName.parse(one.hostname)
        except InvalidName as error:
            bad.append(f"hostname of listener {one.name[:63]}: {error}")
            return
    allowed = one.allowed_routes or shapes.AllowedRoutes()
    named = tuple(sys.intern(kind.kind) for kind in allowed.kinds or () if kind.group == GATEWAY_GROUP)
    kinds = named if allowed.kinds else _TAKEN.get(one.protocol, _ANY)
    whose = allowed.namespaces or shapes.RouteNamespaces()
    match whose.from_:
        case "All" | "Same" | "None" as spread:
            yield Listener(sys.intern(one.name), one.port, hostname, kinds, spread)
        case "Selector":
            yield Listener(sys.intern(one.name), one.port, hostname, kinds, "Selector", _requirements(whose.selector))
        case _:
            # A word that a later version of the API may bring: nobody is taken, as for None.
            yield Listener(sys.intern(one.name), one.port, hostname, kinds, "None")


def _requirements(selector: shapes.LabelSelector | None) -> tuple[Requirement, ...]:
    # No selector, and an unknown operator, select nothing (LabelSelector: "null selects no objects").
    nothing = (Requirement("", "Exists"),)
    if selector is None:
        return nothing
    found = [Requirement(key, "In", (value,)) for key, value in (selector.match_labels or {}).items()]
    for term in selector.match_expressions or ():
        match term.operator:
            case "In" | "NotIn" | "Exists" | "DoesNotExist" as operator:
                found.append(Requirement(term.key, operator, tuple(term.values or ())))
            case _:
                return nothing
    return tuple(found)


def _addresses(status: shapes.GatewayStatus, bad: list[str]) -> frozenset[Target]:
    found: set[Target] = set()
    for address in status.addresses or ():
        # Other types are names within an implementation, which mean nothing to DNS.
        if address.value and address.type in ("IPAddress", "Hostname"):
            try:
                found.add(targets.parse(address.value))
            except InvalidTarget as error:
                bad.append(f"status.addresses: {error}")
    return frozenset(found)


def _parents(item: shapes.Route, spec: shapes.RouteSpec) -> Iterator[Parent]:
    own = item.metadata.namespace
    well = {
        _same(one.parent_ref, own)
        for one in (item.status or shapes.RouteStatus()).parents or ()
        if _is(one.conditions, "Accepted", "True")
    }
    for ref in spec.parent_refs or ():
        if ref.kind == "Gateway" and ref.group == GATEWAY_GROUP:
            key = (sys.intern(ref.namespace or own), sys.intern(ref.name))
            yield Parent(key, sys.intern(ref.section_name), ref.port, accepted=_same(ref, own) in well)


def _same(ref: shapes.ParentRef, own: str) -> tuple[str, str, str, str, str, int]:
    return (ref.group, ref.kind, ref.namespace or own, ref.name, ref.section_name, ref.port)


def _services(spec: shapes.RouteSpec, own: str) -> Iterator[Key]:
    for rule in spec.rules or ():
        for ref in rule.backend_refs or ():
            # A weight of 0 takes a back end out of use.
            if ref.kind == "Service" and ref.group == "" and ref.name and ref.weight > 0:
                yield (sys.intern(ref.namespace or own), sys.intern(ref.name))


def _below(name: DnsName, wildcard: DnsName) -> bool:
    suffix = wildcard.text.removeprefix("*")
    return name.text.endswith(suffix) and len(name.text) > len(suffix)


def _takes(listener: Listener, kind: RouteKind, parent: Parent) -> bool:
    named = not parent.section or parent.section == listener.name
    return named and (not parent.port or parent.port == listener.port) and kind in listener.kinds


def _welcomes(listener: Listener, where: str, whose: str, labels: Labels) -> bool:
    match listener.spread:
        case "All":
            return True
        case "Same":
            return where == whose
        case "Selector":
            return all(requirement.met_by(labels) for requirement in listener.requirements)
        case "None":
            return False
