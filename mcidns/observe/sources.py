"""Ingresses, Services and EndpointSlices reduced to what a decision needs; decoding is in shapes, keeping in inventory."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mcidns.model import targets
from mcidns.model.clusters import Backend, SourceState
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.targets import InvalidTarget, Target
from mcidns.observe import shapes

SERVICE_LABEL = "kubernetes.io/service-name"
OUR_ANNOTATIONS = "mcidns.io/"
EXTERNAL_DNS_ANNOTATIONS = ("external-dns.alpha.kubernetes.io/", "external-dns.kubernetes.io/")

Key = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True)
class Source:
    """An Ingress or Service as kept: `services` are the back ends it names, None of them where it is itself the Service.

    `balanced` is False for a Service that is no LoadBalancer and shows no address: nothing to publish, nothing to keep.
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
    """Endpoints of one slice: ready ones, all, and the Service they belong to."""

    service: str
    ready: int
    total: int


def service(item: shapes.Service) -> Source:
    """A Service: the addresses of its load balancer, and whether readiness applies to it at all."""
    found, unreadable = _targets(item.status)
    return Source(
        targets=found,
        unreadable=unreadable,
        external_name=item.spec is not None and item.spec.type == "ExternalName",
        annotations=_annotations(item.metadata.annotations),
        uid=item.metadata.uid if item.metadata.annotations else "",
        created=item.metadata.creationTimestamp if item.metadata.annotations else "",
    )


def ingress(item: shapes.Ingress) -> Source:
    """An Ingress: the addresses of its load balancer, the names of its rules and TLS entries, the Services behind it."""
    found, unreadable = _targets(item.status)
    spec = item.spec or shapes.IngressSpec()
    written = [rule.host for rule in spec.rules or () if rule.host]
    written += [host for entry in spec.tls or () for host in entry.hosts or ()]
    names, bad = _names(written)
    return Source(
        targets=found,
        unreadable=unreadable + bad,
        hostnames=names,
        services=tuple(sorted({sys.intern(name) for name in _services(spec)})),
        annotations=_annotations(item.metadata.annotations),
        uid=item.metadata.uid,
        created=item.metadata.creationTimestamp,
    )


def slice_(item: shapes.Slice) -> Ready | None:
    """The endpoints of a slice, None where it belongs to no Service."""
    name = (item.metadata.labels or {}).get(SERVICE_LABEL, "")
    if not name:
        return None
    endpoints = item.endpoints or ()
    ready = sum(1 for endpoint in endpoints if endpoint.conditions is None or endpoint.conditions.ready is not False)
    return Ready(sys.intern(name), ready, len(endpoints))


def state(source: Source, name: str, counts: Mapping[str, tuple[int, int]], external: Iterable[str]) -> SourceState:
    """What a decision sees: `counts` are ready and all endpoints by Service name, `external` the ExternalName Services."""
    exempt = set(external)
    backends = tuple(
        Backend(service_name, *counts.get(service_name, (0, 0)), applicable=service_name not in exempt)
        for service_name in (source.services if source.services is not None else (name,))
    )
    return SourceState(source.targets, backends, source.hostnames, source.unreadable)


def _targets(status: shapes.BalancerStatus | None) -> tuple[frozenset[Target], tuple[str, ...]]:
    found: set[Target] = set()
    unreadable: list[str] = []
    for point in shapes.points(status):
        for text in (point.ip, point.hostname):
            if not text:
                continue
            try:
                found.add(targets.parse(text))
            except InvalidTarget as error:
                unreadable.append(f"status.loadBalancer.ingress: {error}")
    return frozenset(found), tuple(sorted(set(unreadable)))


def _names(written: Iterable[str]) -> tuple[tuple[DnsName, ...], tuple[str, ...]]:
    names: set[DnsName] = set()
    bad: list[str] = []
    for text in written:
        try:
            names.add(DnsName.parse(text))
        except InvalidName as error:
            bad.append(f"host in rules or tls: {error}")
    return tuple(sorted(names)), tuple(sorted(set(bad)))


def _services(spec: shapes.IngressSpec) -> Iterable[str]:
    backends = [spec.defaultBackend]
    backends += [path.backend for rule in spec.rules or () if rule.http for path in rule.http.paths or ()]
    for backend in backends:
        if backend is not None and backend.service is not None and backend.service.name:
            yield backend.service.name


def _annotations(written: dict[str, str] | None) -> tuple[tuple[str, str], ...]:
    if not written:
        return ()
    prefixes = (OUR_ANNOTATIONS, *EXTERNAL_DNS_ANNOTATIONS)
    return tuple(sorted((key, value) for key, value in written.items() if key.startswith(prefixes)))
