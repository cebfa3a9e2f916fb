"""Pure checks of objects that claim names: by what they say themselves, and by what the controller told of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mcidns.doctor import rules
from mcidns.doctor.findings import Finding, Outcome, Rule
from mcidns.doctor.site import HostSeen
from mcidns.hub.unreadable import Unreadable
from mcidns.model.clusters import Cluster
from mcidns.model.hosts import Host
from mcidns.model.names import DnsName
from mcidns.model.routing import All, Failover, Geo, Latency, Routing, Weighted
from mcidns.model.zones import Zone

_ELSEWHERE: Final = frozenset({"NotOwner", "PlanHeld", "ProviderUnavailable", "NoMatchingZone", "DryRun", "Untouched"})
"""Why a name is not in DNS that another check tells, with a better remedy."""
_CONFINED: Final = frozenset({"Denied", "Rejected", "Conflict"})
_RESOLVED: Final = frozenset({"ClusterNotFound", "NoAddress", "SourceNotFound"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What claims are held against. `clusters` are the fleet's; None where it could not be seen, and so are `zones`.

    `controller` is the controller's namespace, `candidates` are sources of the wanted kind that members have, by host.
    """

    controller: str
    zones: tuple[Zone, ...] | None
    clusters: tuple[Cluster, ...] | None
    candidates: tuple[tuple[HostSeen, tuple[str, ...]], ...] = ()


def judge(seen: HostSeen, around: Surroundings) -> Outcome:
    """Everything that is wrong with one object."""
    if isinstance(seen.host, Unreadable):
        remedy = seen.host.problems[0].remedy if seen.host.problems else ""
        return Outcome((rules.HOST_UNUSABLE.found(seen.host.message, **_place(seen), remedy=remedy),))
    findings = [*_names(seen, around), *_strangers(seen, around)]
    if not seen.told.current and seen.ref.kind != "GlobalHost" and not seen.told.conditions:
        return Outcome.of(findings, "KubeFed's CRD keeps no conditions, so nothing is told here")
    if not seen.told.current:
        what = f"{seen.ref} carries no word of the controller on its present state"
        findings.append(rules.HOST_UNDECIDED.found(what, controller=around.controller))
    else:
        findings += _told(seen, around)
    return Outcome.of(findings, ", ".join(name.relative for name in seen.names))


def _place(seen: HostSeen) -> dict[str, str]:
    return {"namespace": seen.ref.namespace, "name": seen.ref.name}


def _names(seen: HostSeen, around: Surroundings) -> Iterator[Finding]:
    invalid = seen.host.invalid_hostnames if isinstance(seen.host, Host) else ()
    for text in invalid:
        yield rules.HOST_UNUSABLE.found(text, **_place(seen), remedy="correct spec.hostnames")
    if around.zones is None:
        return
    for name in seen.names:
        if zone_of(name, around.zones) is None:
            zones = ", ".join(sorted(zone.domain.relative for zone in around.zones)) or "none"
            yield rules.NO_ZONE.found(f"{name.relative} lies in no DNSZone", **_place(seen), zones=zones)


def zone_of(name: DnsName, zones: Iterable[Zone]) -> Zone | None:
    """The zone that holds a name: the one with the longest domain."""
    holding = [zone for zone in zones if name.inside(zone.domain)]
    return max(holding, key=lambda zone: len(zone.domain.labels), default=None)


def _strangers(seen: HostSeen, around: Surroundings) -> Iterator[Finding]:
    """Clusters that nobody knows, by name or region, static targets counting as clusters."""
    host = seen.host
    if not isinstance(host, Host) or around.clusters is None:
        return
    known = {str(one.name) for one in around.clusters} | {one.name for one in host.static_targets}
    regions = {one.region for one in around.clusters} | {one.region for one in host.static_targets}
    regions.discard("")
    listed = ", ".join(sorted(known | regions)) or "none"
    wanted = host.clusters
    if wanted.requirements and around.clusters and not any(wanted.takes(one.name, dict(one.labels)) for one in around.clusters):
        yield rules.UNKNOWN_CLUSTER.found("spec.clusters.selector matches no cluster", **_place(seen), known=listed)
    for path, name, by_region in (
        *_routed(host.routing),
        *(("spec.clusters.names", one, False) for one in host.clusters.names or ()),
    ):
        if name not in known and not (by_region and name in regions):
            what = f"{path} names {name!r}, which is no {'cluster or region' if by_region else 'cluster'}"
            yield rules.UNKNOWN_CLUSTER.found(what, **_place(seen), known=listed)


def _routed(routing: Routing) -> Iterator[tuple[str, str, bool]]:
    match routing:
        case Failover(order=order):
            yield from (("spec.routing.failover.order", one, True) for one in order)
        case Weighted(weights=weights):
            yield from (("spec.routing.weighted.weights", one, False) for one, _ in weights)
        case Geo(rules=geo, default=default):
            yield from (("spec.routing.geo.rules", one, True) for rule in geo for one in rule.clusters)
            yield from (("spec.routing.geo.default", one, True) for one in default)
        case All() | Latency():
            return


def _told(seen: HostSeen, around: Surroundings) -> Iterator[Finding]:
    """What the controller's conditions say, where nothing here says it better."""
    accepted, resolved = seen.told.of("Accepted"), seen.told.of("ResolvedRefs")
    programmed, fail_open = seen.told.of("Programmed"), seen.told.of("FailOpen")
    place = _place(seen)
    if accepted.status == "False" and accepted.reason != "NoMatchingZone":
        yield rules.HOST_REFUSED.found(f"{accepted.reason}: {accepted.message}", **place, remedy="and the grants of the DNSZone")
    if resolved.status == "False" and resolved.reason == "SourceNotFound":
        yield _nowhere(seen, around, resolved.message)
    elif resolved.status == "False" and resolved.reason not in _RESOLVED:
        yield rules.TARGETS_UNUSABLE.found(f"{resolved.reason}: {resolved.message}", **place)
    yield from _addressless(seen)
    if fail_open.status == "True":
        yield rules.FAIL_OPEN.found(fail_open.message, **place)
    if programmed.status == "False" and programmed.reason not in _ELSEWHERE:
        rule: Rule = rules.QUARANTINED if programmed.reason in _CONFINED else rules.NOT_PROGRAMMED
        yield rule.found(f"{programmed.reason}: {programmed.message}", **place)


def _nowhere(seen: HostSeen, around: Surroundings, message: str) -> Finding:
    if seen.ref.kind != "GlobalHost":
        source = seen.ref.kind.removesuffix("DNSRecord")
        what = f"{seen.ref}: {message}"
        return rules.RECORD_WITHOUT_SOURCE.found(what, **_place(seen), kind=seen.ref.kind.lower(), source=source)
    there = next((names for one, names in around.candidates if one.ref == seen.ref), ())
    kind = seen.host.source.kind if isinstance(seen.host, Host) else "object"
    told = f"members have {kind} {', '.join(there)} in {seen.ref.namespace}" if there else f"no member has any {kind} there"
    return rules.SOURCE_NOWHERE.found(
        f"{seen.ref}: {message}",
        **_place(seen),
        kind=seen.ref.kind.lower(),
        candidate=there[0] if there else "NAME",
        candidates=told,
    )


def _addressless(seen: HostSeen) -> Iterator[Finding]:
    host = seen.host
    source = f"{host.source.kind.lower()} {host.source.name}" if isinstance(host, Host) else seen.ref.name
    for cluster in seen.no_address:
        what = f"{cluster} has the source of {seen.ref}, and its status shows no address"
        yield rules.NO_ADDRESS.found(what, cluster=cluster, namespace=seen.ref.namespace, source=source)
