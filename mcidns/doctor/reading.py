"""Reads a host cluster with whatever rights there are; what may not be read is noted with the right that it takes."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from mcidns.doctor import site
from mcidns.doctor.findings import NotChecked
from mcidns.doctor.site import MemberSeen, NamespaceSeen, ProviderSeen, SecretSeen, Site, Unseen
from mcidns.errors import McidnsError
from mcidns.hub import dnsprovider, membercluster, reach, secret
from mcidns.hub.fleets import kubeconfigs
from mcidns.hub.local import Local
from mcidns.hub.unreadable import Unreadable
from mcidns.kube import kinds
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient, Object
from mcidns.kube.errors import Forbidden, NotFound
from mcidns.kube.kinds import Kind
from mcidns.model.references import ObjectRef
from mcidns.model.secrets import Secret

T = TypeVar("T")
Content = dict[str, Secret]

LEASE: Final = "mcidns"


async def read(client: KubeClient, namespace: str, *, clock: Callable[[], float] = time.time) -> Site:
    """Everything an examination needs of the host. Never raises for what single objects or rights are missing."""
    wide = (kinds.MEMBER_CLUSTER, kinds.DNS_ZONE, kinds.DNS_PROVIDER, kinds.DEPLOYMENT, kinds.NAMESPACE, kinds.MANAGED_CLUSTER)
    members, zones, providers, deployments, namespaces, managed = await asyncio.gather(*(_listed(client, one) for one in wide))
    hosts = await claims(client)
    (labelled, everywhere), leases = await asyncio.gather(_labelled(client, namespace), _listed(client, kinds.LEASE, namespace))
    seen_members = _each(members, lambda obj: MemberSeen(_name(obj), membercluster.parse(obj), site.told(obj)))
    seen_providers = _each(providers, lambda obj: ProviderSeen(_name(obj), dnsprovider.parse(obj)))
    seen_zones = _each(zones, lambda obj: site.zone_seen(obj, _name(obj)))
    wanted = {*_of_members(seen_members, namespace), *_of_dns(seen_providers, seen_zones, namespace)}
    contents = await asyncio.gather(*(_content(client, place) for place in sorted(wanted)))
    return Site(
        namespace=namespace,
        now=clock(),
        hosts=hosts,
        members=seen_members,
        zones=seen_zones,
        providers=seen_providers,
        labelled=_each(labelled, _secret),
        elsewhere_unseen=everywhere,
        deployments=_each(deployments, site.deployment),
        leases=_each([one for one in leases if _is_ours(one)] if isinstance(leases, list) else leases, site.lease),
        namespaces=_each(namespaces, _namespace),
        managed=isinstance(managed, list) and bool(managed),
        secrets=dict(zip(sorted(wanted), contents, strict=True)),
    )


def _is_ours(lease: Object) -> bool:
    """Whether a controller made the Lease, or somebody for it; each release has one of its own name."""
    labels = lease.get("metadata", {}).get("labels") or {}
    return _name(lease) == LEASE or labels.get("app.kubernetes.io/name") == LEASE


async def _listed(client: KubeClient, kind: Kind, namespace: str | None = None, *, labels: str = "") -> list[Object] | Unseen:
    """All objects; none of others' kinds that are not served. What is missing is told as a right, or as the error itself."""
    try:
        return await client.list(kind, namespace, label_selector=labels)
    except NotFound:
        return Unseen(f"{kind} is not served, see CRDs") if kind.group == kinds.GLOBAL_HOST.group else []
    except Forbidden:
        return Unseen(lacking("list", kind, namespace))
    except McidnsError as error:
        return Unseen(str(error))


def lacking(verb: str, kind: Kind, namespace: str | None = None) -> str:
    """Which right it takes."""
    return f"the right to {verb} {kind}{f' in {namespace}' if namespace else ''} is missing"


async def _labelled(client: KubeClient, namespace: str) -> tuple[list[Object] | Unseen, str]:
    """Secrets that shall be members: everywhere, or in the controller's own namespace where no more may be seen, and why."""
    found = await _listed(client, kinds.SECRET, labels=kubeconfigs.CLUSTER)
    if isinstance(found, list):
        return found, ""
    return await _listed(client, kinds.SECRET, namespace, labels=kubeconfigs.CLUSTER), found.why


def _of_members(members: tuple[MemberSeen, ...] | Unseen, namespace: str) -> Iterable[tuple[str, str]]:
    for one in members if not isinstance(members, Unseen) else ():
        if not isinstance(one.spec, Unreadable):
            yield from ((wanted.namespace or namespace, wanted.name) for wanted in one.spec.access.secrets)


def _of_dns(
    providers: tuple[ProviderSeen, ...] | Unseen, zones: tuple[site.ZoneSeen, ...] | Unseen, namespace: str
) -> Iterable[tuple[str, str]]:
    for one in providers if not isinstance(providers, Unseen) else ():
        if not isinstance(one.spec, Unreadable) and one.spec.secret_name:
            yield namespace, one.spec.secret_name
    for zone in zones if not isinstance(zones, Unseen) else ():
        if not isinstance(zone.zone, Unreadable) and zone.zone.registry.encryption is not None:
            yield namespace, zone.zone.registry.encryption.secret_name


async def _content(client: KubeClient, place: tuple[str, str]) -> Content | Unseen | None:
    namespace, name = place
    try:
        return secret.content((await client.get(kinds.SECRET, namespace, name)).get("data"))
    except NotFound:
        return None
    except Forbidden:
        return Unseen(lacking("get", kinds.SECRET, namespace))
    except McidnsError as error:
        return Unseen(str(error))


def _each(found: list[Object] | Unseen, parse: Callable[[Object], T]) -> tuple[T, ...] | Unseen:
    if isinstance(found, Unseen):
        return found
    return tuple(parse(obj) for obj in sorted(found, key=lambda obj: (_namespace_of(obj), _name(obj))))


async def claims(client: KubeClient) -> tuple[site.HostSeen, ...] | Unseen:
    """GlobalHosts, and KubeFed's records where they may be seen."""
    hosts, *others = await asyncio.gather(*(_listed(client, kind) for kind in kinds.HOSTS.values()))
    if isinstance(hosts, Unseen):
        return hosts
    records = [obj for found in others if isinstance(found, list) for obj in found]
    return _each([*hosts, *records], lambda obj: site.host_seen(_ref(obj), obj))


def _ref(obj: Object) -> ObjectRef:
    return ObjectRef(str(obj["kind"]), _namespace_of(obj), _name(obj))


def _name(obj: Object) -> str:
    return str(obj["metadata"]["name"])


def _namespace_of(obj: Object) -> str:
    return str(obj["metadata"].get("namespace") or "")


def _namespace(obj: Object) -> NamespaceSeen:
    labels: dict[str, Any] = obj["metadata"].get("labels") or {}
    return NamespaceSeen(_name(obj), tuple(sorted((str(key), str(value)) for key, value in labels.items())))


def _secret(obj: Object) -> SecretSeen:
    return SecretSeen(_namespace_of(obj), _name(obj), kubeconfigs.of_secret(obj))


def access_of(place: Site, spec: membercluster.MemberSpec, local: Local) -> Access:
    """How a member is reached. Raises NotChecked where its Secret may not be read, ConfigError where it cannot be used."""

    def content(namespace: str, name: str) -> Content | None:
        found = place.secrets.get((namespace, name))
        if isinstance(found, Unseen):
            raise NotChecked(found.why)
        return None if found is None else dict(found)

    return reach.reach(spec.access, content, place.namespace, local)
