"""Ingresses, Services and EndpointSlices reduced to what a decision needs; decoding is in shapes, keeping in store."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mcidns.model import targets
from mcidns.model.clusters import Backend, SourceState
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.targets import InvalidTarget, Target
from mcidns.observe import shapes

SERVICE_LABEL: Final = "kubernetes.io/service-name"
OUR_ANNOTATIONS: Final = "mcidns.io/"
EXTERNAL_DNS_ANNOTATIONS: Final = ("external-dns.alpha.kubernetes.io/", "external-dns.kubernetes.io/")
_KEPT: Final = (OUR_ANNOTATIONS, *EXTERNAL_DNS_ANNOTATIONS)

Key = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True)
class Source:
    """A source as kept: `services` are the back ends it names, None where it is itself the Service.

    A back end is a name in the source's own namespace, or namespace and name with a slash between.

    `annotations` are ours and ExternalDNS's only; `uid` and `created` are kept where there are any.
    """

    targets: frozenset[Target]
    unreadable: tuple[str, ...] = ()
    hostnames: tuple[DnsName, ...] = ()
    services: tuple[str, ...] | None = None
    external_name: bool = False
    annotations: tuple[tuple[str, str], ...] = ()
    uid: str = ""
    created: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """Endpoints of one slice and the Service they belong to, each by its first address, joined by blanks (compact in memory).

    An endpoint that is terminating is in neither. `family` is the slice's addressType.
    """

    service: str
    family: str = ""
    ready: str = ""
    unready: str = ""


def service(item: shapes.Service) -> Source:
    """A Service: the addresses of its load balancer, and whether readiness applies to it at all."""
    kind = item.spec.type if item.spec is not None else ""
    # Whatever stands in the status of another type is a leftover that nobody answers at.
    found, unreadable = _targets(item.status) if kind == "LoadBalancer" else (frozenset[Target](), ())
    annotations = kept(item.metadata.annotations)
    return Source(
        targets=found,
        unreadable=unreadable,
        external_name=kind == "ExternalName",
        annotations=annotations,
        uid=item.metadata.uid if annotations else "",
        created=(item.metadata.creation_timestamp or "") if annotations else "",
    )


def ingress(item: shapes.Ingress) -> Source:
    """An Ingress: the addresses of its load balancer, the names of its rules and TLS entries, the Services behind it."""
    found, unreadable = _targets(item.status)
    spec = item.spec or shapes.IngressSpec()
    written = [rule.host for rule in spec.rules or () if rule.host]
    written += [host for entry in spec.tls or () for host in entry.hosts or () if host]
    hostnames, bad = names(written, "host in rules or tls")
    annotations = kept(item.metadata.annotations)
    return Source(
        targets=found,
        unreadable=unreadable + bad,
        hostnames=hostnames,
        services=tuple(sorted({sys.intern(name) for name in _services(spec)})),
        annotations=annotations,
        uid=item.metadata.uid if annotations else "",
        created=(item.metadata.creation_timestamp or "") if annotations else "",
    )


def endpoints(item: shapes.Slice) -> Ready | None:
    """The endpoints of a slice, None where it belongs to no Service."""
    name = (item.metadata.labels or {}).get(SERVICE_LABEL, "")
    if not name:
        return None
    ready: list[str] = []
    unready: list[str] = []
    for position, endpoint in enumerate(item.endpoints or ()):
        conditions = endpoint.conditions or shapes.EndpointConditions()
        if not conditions.terminating:
            who = endpoint.addresses[0] if endpoint.addresses else f"{item.metadata.name}#{position}"
            (unready if conditions.ready is False else ready).append(who)
    return Ready(sys.intern(name), sys.intern(item.address_type), " ".join(ready), " ".join(unready))


def counts(slices: Iterable[Ready]) -> tuple[int, int]:
    """Ready endpoints and all, over the slices of one Service.

    While slices are rebalanced an endpoint may stand in two (API doc of EndpointSlice): it counts once, ready if either says
    so. A dual-stack Service has each endpoint once per family: the larger family counts.
    """
    ready: dict[str, set[str]] = {}
    all_: dict[str, set[str]] = {}
    for one in slices:
        good = one.ready.split()
        ready.setdefault(one.family, set()).update(good)
        all_.setdefault(one.family, set()).update(good, one.unready.split())
    total, best = max(((len(who), len(ready[family])) for family, who in all_.items()), default=(0, 0))
    return best, total


def state(source: Source, backends: Iterable[Backend]) -> SourceState:
    """What a decision sees."""
    return SourceState(source.targets, tuple(backends), source.hostnames, source.unreadable)


def parsed(source: Source) -> object:
    """The part of a Source from which its state is made; equal parts give equal states while the back ends are equal."""
    return (source.targets, source.unreadable, source.hostnames, source.services, source.external_name)


def _targets(status: shapes.BalancerStatus | None) -> tuple[frozenset[Target], tuple[str, ...]]:
    found: set[Target] = set()
    unreadable: list[str] = []
    balancer = status.load_balancer if status is not None else None
    for point in (balancer.ingress if balancer is not None else None) or ():
        # An entry with both is one load balancer told twice; its address needs no resolving.
        for text in (point.ip, point.hostname):
            if not text:
                continue
            try:
                found.add(targets.parse(text))
                break
            except InvalidTarget as error:
                unreadable.append(f"status.loadBalancer.ingress: {error}")
    return frozenset(found), tuple(sorted(set(unreadable)))


def names(written: Iterable[str], where: str) -> tuple[tuple[DnsName, ...], tuple[str, ...]]:
    """Host names read, and what is wrong with the others; `where` says of which field they are."""
    found: set[DnsName] = set()
    bad: list[str] = []
    for text in written:
        try:
            found.add(DnsName.parse(text))
        except InvalidName as error:
            bad.append(f"{where}: {error}")
    return tuple(sorted(found)), tuple(sorted(set(bad)))


def _services(spec: shapes.IngressSpec) -> Iterator[str]:
    backends = [spec.default_backend]
    backends += [path.backend for rule in spec.rules or () if rule.http for path in rule.http.paths or ()]
    for backend in backends:
        if backend is not None and backend.service is not None and backend.service.name:
            yield backend.service.name


def kept(written: dict[str, str] | None) -> tuple[tuple[str, str], ...]:
    """Annotations that are ours or ExternalDNS's, sorted."""
    if not written:
        return ()
    return tuple(sorted((key, value) for key, value in written.items() if key.startswith(_KEPT)))
