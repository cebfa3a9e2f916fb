"""What becomes of a host cluster's KubeFed objects under mcidns, and what a take-over must write; running it is cli/'s."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from mcidns.decide import admission, naming
from mcidns.decide.admission import Refusal
from mcidns.hub import dnsendpoint, dnszone, kubefed, membercluster
from mcidns.hub.dnsendpoint import EndpointClaim
from mcidns.hub.fleets import kubefed as fleet
from mcidns.hub.unreadable import Unreadable
from mcidns.kube import kinds
from mcidns.kube.client import KubeClient
from mcidns.kube.errors import NotFound
from mcidns.kube.kinds import Kind
from mcidns.model.clusters import Cluster
from mcidns.model.hosts import Host
from mcidns.model.kubefed import Domain
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.references import ClusterName, ObjectRef
from mcidns.model.zones import Affix, Zone

Object = dict[str, Any]
Outcome = Literal["unchanged", "in part", "not served", "left behind", "no record"]

READ: Final = (
    kinds.NAMESPACE,
    kinds.DNS_ZONE,
    kinds.MEMBER_CLUSTER,
    kinds.KUBEFED_CLUSTER,
    kinds.KUBEFED_DOMAIN,
    kinds.SERVICE_DNS_RECORD,
    kinds.INGRESS_DNS_RECORD,
    kinds.KUBEFED_ENDPOINT,
    kinds.FEDERATED_SERVICE,
    kinds.FEDERATED_INGRESS,
)
"""Kinds that are read; one that the host does not serve has no objects."""

_FOLLOWED: Final = (
    (kinds.FEDERATED_SERVICE, kinds.SERVICE_DNS_RECORD),
    (kinds.FEDERATED_INGRESS, kinds.INGRESS_DNS_RECORD),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What becomes of one object: the names that mcidns serves for it, and sentences on what it does not."""

    ref: ObjectRef
    outcome: Outcome
    names: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Takeover:
    """A DNSZone that shall own what another controller wrote there: the patch of its spec, empty where nothing is to do."""

    zone: str
    patch: Object
    told: str


@dataclass(frozen=True, slots=True)
class Report:
    """The answer. `advice` are steps for a person."""

    findings: tuple[Finding, ...]
    takeovers: tuple[Takeover, ...]
    advice: tuple[str, ...]

    @property
    def writes(self) -> tuple[Takeover, ...]:
        """What `--apply` would write."""
        return tuple(one for one in self.takeovers if one.patch)


NO_AFFIX: Final = Affix()


@dataclass(frozen=True, slots=True)
class Former:
    """The ExternalDNS that programmed for KubeFed: its --txt-owner-id and --txt-prefix or --txt-suffix; no owner, no take-over."""

    owner_id: str = ""
    affix: Affix = NO_AFFIX


async def read(client: KubeClient) -> dict[Kind, list[Object]]:
    """All objects that bear on it. Raises KubeError."""
    found: dict[Kind, list[Object]] = {}
    for kind in READ:
        try:
            found[kind] = await client.list(kind)
        except NotFound:
            found[kind] = []
    return found


async def apply(client: KubeClient, report: Report) -> None:
    """Write the take-overs. Raises KubeError; what was written until then stands, and running it again does the rest."""
    for takeover in report.writes:
        await client.patch(kinds.DNS_ZONE, None, takeover.zone, {"spec": takeover.patch})


def assess(objects: Mapping[Kind, Sequence[Object]], home: str, former: Former) -> Report:
    """Judge every object by the rules of the controller itself; `home` is KubeFed's own namespace."""
    host = _read(objects, home)
    findings = [_record(found, host) for found in host.records]
    findings += [_endpoint(obj, findings) for obj in objects.get(kinds.KUBEFED_ENDPOINT, ())]
    findings += _unclaimed(objects)
    covered = {zone.name for one in findings for name in one.names if isinstance(zone := _zone_of(name, host), Zone)}
    takeovers = [_takeover(zone, objects, former) for zone in host.zones if zone.name in covered]
    return Report(tuple(findings), tuple(takeovers), tuple(_advice(objects, host, former)))


@dataclass(slots=True)
class _Host:
    """What was read, as values."""

    zones: list[Zone] = field(default_factory=list)
    clusters: list[Cluster] = field(default_factory=list)
    records: list[Host | Unreadable] = field(default_factory=list)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    broken: list[Unreadable] = field(default_factory=list)


def _read(objects: Mapping[Kind, Sequence[Object]], home: str) -> _Host:
    host = _Host()
    for obj in objects.get(kinds.DNS_ZONE, ()):
        zone = dnszone.parse(obj)
        _keep(zone, host.zones, host.broken)
    known: dict[ClusterName, Cluster] = {}
    for obj in objects.get(kinds.KUBEFED_CLUSTER, ()):
        made = fleet.of_kubefed_cluster(obj)
        if isinstance(made, Unreadable):
            host.broken.append(made)
        else:
            known[ClusterName(made.name)] = Cluster(ClusterName(made.name), made.region, made.zones)
    for obj in objects.get(kinds.MEMBER_CLUSTER, ()):
        member = membercluster.parse(obj)
        if isinstance(member, Unreadable):
            host.broken.append(member)
        else:
            known[member.cluster.name] = member.cluster
    host.clusters = [known[name] for name in sorted(known)]
    domains: dict[str, Domain | Unreadable] = {}
    for obj in objects.get(kinds.KUBEFED_DOMAIN, ()):
        if _ref(kinds.KUBEFED_DOMAIN, obj).namespace == home:
            domains[_ref(kinds.KUBEFED_DOMAIN, obj).name] = kubefed.domain(obj)
    host.records = [kubefed.service(obj, domains, home) for obj in objects.get(kinds.SERVICE_DNS_RECORD, ())]
    host.records += [kubefed.ingress(obj) for obj in objects.get(kinds.INGRESS_DNS_RECORD, ())]
    host.labels = {
        _ref(kinds.NAMESPACE, obj).name: (obj.get("metadata") or {}).get("labels") or {} for obj in objects.get(kinds.NAMESPACE, ())
    }
    return host


def _keep(found: Zone | Unreadable, good: list[Zone], broken: list[Unreadable]) -> None:
    if isinstance(found, Unreadable):
        broken.append(found)
    else:
        good.append(found)


def _ref(kind: Kind, obj: Object) -> ObjectRef:
    about = obj.get("metadata") or {}
    return ObjectRef(kind.kind, str(about.get("namespace") or ""), str(about.get("name") or ""))


def _record(found: Host | Unreadable, host: _Host) -> Finding:
    if isinstance(found, Unreadable):
        return Finding(found.ref, "not served", told=(found.message,))
    told = list(found.invalid_hostnames)
    names = found.hostnames
    if found.scheme is not None:
        levels = naming.of(found.scheme, host.clusters)
        names = levels.names
        told += [*levels.mistakes, *([found.scheme.missing] if found.scheme.missing else [])]
    served: list[str] = []
    for name in names:
        zone = admission.match(name, host.zones)
        labels = host.labels.get(found.namespace, {})
        refusal = zone if isinstance(zone, Refusal) else admission.refusal(zone, name, found.namespace, labels)
        if refusal is None:
            served.append(name.relative)
        else:
            told.append(refusal.message)
    outcome: Outcome = "not served" if not served else "in part" if told else "unchanged"
    return Finding(found.ref, outcome, tuple(served), tuple(dict.fromkeys(told)))


def _endpoint(obj: Object, findings: Sequence[Finding]) -> Finding:
    """KubeFed's own DNSEndpoint: which of its names nobody will serve any more."""
    ref = _ref(kinds.KUBEFED_ENDPOINT, obj)
    owner = next(
        (one for one in findings if dnsendpoint.name_for(one.ref) == ref.name and one.ref.namespace == ref.namespace), None
    )
    served = owner.names if owner is not None else ()
    claim = dnsendpoint.parse(obj)
    rows = claim.rows if isinstance(claim, EndpointClaim) else ()
    lost = sorted({row.dns_name.removesuffix(".").lower() for row in rows} - {*served})
    told = [f"mcidns writes {kinds.DNS_ENDPOINT} {ref.name} in its place"] if owner is not None and served else []
    told += [f"{name} is in it, and no record asks for it" for name in lost]
    return Finding(ref, "left behind", (), tuple(told))


def _unclaimed(objects: Mapping[Kind, Sequence[Object]]) -> list[Finding]:
    """Federated objects for which no record asks for a name: KubeFed published none, and neither does mcidns by itself."""
    found = []
    for federated, record in _FOLLOWED:
        claimed = {(_ref(record, obj).namespace, _ref(record, obj).name) for obj in objects.get(record, ())}
        for obj in objects.get(federated, ()):
            ref = _ref(federated, obj)
            annotations = (obj.get("metadata") or {}).get("annotations") or {}
            if (ref.namespace, ref.name) not in claimed and "mcidns.io/hostname" not in annotations:
                told = "no name is claimed for it, as before; annotate it with mcidns.io/hostname if it shall have one"
                found.append(Finding(ref, "no record", (), (told,)))
    return found


def _zone_of(name: str, host: _Host) -> Zone | Refusal | None:
    try:
        return admission.match(DnsName.parse(name), host.zones)
    except InvalidName:
        return None


def _takeover(zone: Zone, objects: Mapping[Kind, Sequence[Object]], former: Former) -> Takeover:
    if not former.owner_id:
        told = "records that ExternalDNS wrote stay its own (NotOwner): give its --txt-owner-id as --owner-id to take them over"
        return Takeover(zone.name, {}, told)
    readable = former.affix in (zone.registry.write, *zone.registry.read_also)
    if zone.owner_id == former.owner_id and readable:
        return Takeover(zone.name, {}, f"owns what {former.owner_id} wrote already")
    raw = next(obj for obj in objects[kinds.DNS_ZONE] if _ref(kinds.DNS_ZONE, obj).name == zone.name)
    owned = (raw.get("status") or {}).get("owned")
    if zone.owner_id != former.owner_id and isinstance(owned, int) and owned > 0:
        told = f"owns {owned} names as {zone.owner_id}, which would become foreign: nothing is changed; use one owner id for both"
        return Takeover(zone.name, {}, told)
    patch: Object = {"ownerID": former.owner_id}
    if not readable:
        written = ((raw.get("spec") or {}).get("registry") or {}).get("readAlso") or []
        patch["registry"] = {"readAlso": [*written, _spelled(former.affix)]}
    trial = dnszone.parse({**raw, "spec": _merged(raw.get("spec") or {}, patch)})
    if isinstance(trial, Unreadable):
        return Takeover(zone.name, {}, f"cannot take over: {trial.message}")
    return Takeover(zone.name, patch, f"takes over what {former.owner_id} wrote, from {zone.owner_id}")


def _spelled(affix: Affix) -> Object:
    texts = {"prefix": affix.prefix, "suffix": affix.suffix, "wildcardReplacement": affix.wildcard}
    return {key: text for key, text in texts.items() if text} or {"prefix": ""}


def _merged(spec: Object, patch: Object) -> Object:
    return {**spec, **patch, **({"registry": {**(spec.get("registry") or {}), **patch["registry"]}} if "registry" in patch else {})}


def _advice(objects: Mapping[Kind, Sequence[Object]], host: _Host, former: Former) -> Iterable[str]:
    yield from (f"{one.ref}: {one.message}" for one in host.broken)
    without = [cluster.name for cluster in host.clusters if not cluster.region]
    if without and objects.get(kinds.SERVICE_DNS_RECORD):
        told = ", ".join(without)
        yield f"no region is known of {told}: set spec.region of its MemberCluster, or there are no names for its region"
    if not host.clusters:
        yield "there is no KubeFedCluster and no MemberCluster: without members nothing is published"
    if objects.get(kinds.KUBEFED_ENDPOINT):
        yield (
            f"stop the ExternalDNS that reads {kinds.KUBEFED_ENDPOINT} before mcidns programs these zones, else both write; "
            f"once all is well delete those objects, nobody updates them any more"
        )
    if former.owner_id == "default":
        yield (
            "the owner id default is what every ExternalDNS has until told otherwise, so no DNSZone may bear it: let ExternalDNS "
            "write another first (--txt-owner-id=NEW --migrate-from-txt-owner=default), then give that one"
        )
