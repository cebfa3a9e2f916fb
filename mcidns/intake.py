"""Objects of the host cluster as they come in, kept and brought to whom they concern; nothing is decided or written here."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from mcidns import kubefed
from mcidns.fleet import Fleet
from mcidns.hub import annotations, globalhost
from mcidns.hub.annotations import MemberObject
from mcidns.hub.generated import GeneratedHost
from mcidns.hub.unreadable import Problem, Unreadable
from mcidns.kube import kinds
from mcidns.kube.kinds import Kind
from mcidns.kubefed import KubeFed
from mcidns.model.decisions import Memory
from mcidns.model.hosts import Host
from mcidns.model.records import Intent, Untouched
from mcidns.model.references import ClusterName, ObjectRef, SourceRef
from mcidns.observe.store import Annotated
from mcidns.zoning import Zoning

_LOG = logging.getLogger(__name__)

Object = dict[str, Any]
Key = tuple[str, str]

WATCHED: tuple[Kind, ...] = (
    kinds.NAMESPACE,
    kinds.DNS_PROVIDER,
    kinds.DNS_ZONE,
    kinds.MEMBER_CLUSTER,
    *kinds.FLEETS,
    kinds.GLOBAL_HOST,
    *kubefed.KINDS,
    kinds.DNS_ENDPOINT,
    kinds.FEDERATED_INGRESS,
    kinds.FEDERATED_SERVICE,
    kinds.INGRESS,
    kinds.SERVICE,
    *kinds.GATEWAY_API,
)
"""What kopf watches. Secrets are followed in two namespaces only, by the listing."""

PROGRAMMED: tuple[Kind, ...] = (kinds.NAMESPACE, kinds.DNS_PROVIDER, kinds.DNS_ZONE, kinds.DNS_ENDPOINT)
"""What programming needs of it; only deciding needs members and claims, and it does not need providers."""

GRAVES = 10_000
"""How many uids of deleted objects are remembered."""

ANNOTATED = (kinds.FEDERATED_INGRESS, kinds.FEDERATED_SERVICE, kinds.INGRESS, kinds.SERVICE, *kinds.GATEWAY_API)


def watched(*, decides: bool, programs: bool) -> tuple[Kind, ...]:
    """The kinds that these halves need, so that each gets by on the rights of its own ClusterRole."""
    return tuple(kind for kind in WATCHED if (programs and kind in PROGRAMMED) or (decides and kind is not kinds.DNS_PROVIDER))


class Hosts(Protocol):
    """Who decides."""

    def set_host(self, host: Host, memory: Memory) -> None:
        """The GlobalHost is as it says."""
        ...

    def drop_host(self, ref: ObjectRef) -> None:
        """The GlobalHost is gone."""
        ...

    def all_changed(self) -> None:
        """Something that bears on every host is different."""
        ...


class Telling(Protocol):
    """Who writes to the host's API what is to be said."""

    def unreadable(self, problem: Unreadable) -> None:
        """An object cannot be used."""
        ...

    def readable(self, ref: ObjectRef) -> None:
        """A GlobalHost can be used."""
        ...

    def generated_hosts(self, wanted: Mapping[ObjectRef, GeneratedHost]) -> None:
        """These GlobalHosts shall exist by annotation, and no others."""
        ...

    def seen(self, kind: Kind, key: Key, obj: Object | None) -> None:
        """An object that we may have written is now like this, or gone."""
        ...


class Intake:
    """The shelf of the host's objects, and where each kind goes. One thread: the core loop."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        hosts: Hosts,
        zoning: Zoning,
        records: KubeFed,
        hold: Callable[[ObjectRef, tuple[Intent, ...]], None],
        telling: Telling,
        member_claims: Callable[[], Iterable[tuple[ClusterName, Annotated]]],
        decides: bool = True,
        external_dns: bool = False,
    ) -> None:
        self._fleet = fleet
        self._hosts = hosts
        self._zoning = zoning
        self._records = records
        self._hold = hold
        self._telling = telling
        self._member_claims = member_claims
        self._decides = decides
        self._external_dns = external_dns
        self._objects: dict[Kind, dict[Key, Object]] = {}
        self._labels: dict[str, tuple[tuple[str, str], ...]] = {}
        self._annotated: dict[ObjectRef, GeneratedHost] = {}
        self._buried: dict[str, None] = {}

    def namespace_labels(self, namespace: str) -> tuple[tuple[str, str], ...]:
        """Labels of a namespace, sorted."""
        return self._labels.get(namespace, ())

    def keys(self, kind: Kind) -> Iterable[Key]:
        """What is kept of the kind."""
        return tuple(self._objects.get(kind, ()))

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """The object as last seen."""
        return self._objects.get(kind, {}).get((namespace, name))

    def put(self, kind: Kind, obj: Object) -> None:
        """The object is as it says, unless something newer is known."""
        metadata = obj.get("metadata") or {}
        key = (str(metadata.get("namespace") or ""), str(metadata.get("name") or ""))
        held = self._objects.setdefault(kind, {})
        uid = str(metadata.get("uid") or "")
        before = held.get(key)
        if (key in held and not _is_newer(obj, held[key])) or (uid and uid in self._buried):
            return
        # Secrets are kept as Secret values only, by the fleet.
        held[key] = obj if kind is not kinds.SECRET else {"metadata": {k: metadata.get(k) for k in ("uid", "resourceVersion")}}
        if kind.kind in kinds.HOSTS and before is not None and _same_spec(obj, before):
            self._telling.seen(kind, key, obj)
            return
        # What waits for its finalizers is gone for those it concerns.
        self._route(kind, key, None if metadata.get("deletionTimestamp") else obj)

    def gone(self, kind: Kind, namespace: str, name: str) -> None:
        """There is no such object any more."""
        key = (namespace, name)
        held = self._objects.get(kind, {}).pop(key, None)
        if held is None:
            return
        # The answer to a write of ours may come after the news of the deletion; it must not bring the object back.
        self._buried[str((held.get("metadata") or {}).get("uid") or "")] = None
        if len(self._buried) > GRAVES:
            del self._buried[next(iter(self._buried))]
        self._route(kind, key, None)

    def deliver(self, kind: Kind, event: str, obj: Object) -> None:
        """An event of kopf's."""
        if event == "DELETED":
            metadata = obj.get("metadata") or {}
            self.gone(kind, str(metadata.get("namespace") or ""), str(metadata.get("name") or ""))
        else:
            self.put(kind, obj)

    def members_claims_changed(self) -> None:
        """Annotated objects of members came, went or changed."""
        if not self._decides:
            return
        grouped: dict[SourceRef, list[MemberObject]] = {}
        for cluster, one in self._member_claims():
            hosts = tuple(name.relative for name in one.hostnames)
            grouped.setdefault(one.ref, []).append(MemberObject(cluster, one.ref, one.annotations, hosts))
        wanted = {ref: host for ref, host in self._annotated.items() if not host.origin.startswith("member-")}
        for objects in grouped.values():
            found = annotations.of_members(objects, external_dns=self._external_dns)
            if isinstance(found, GeneratedHost):
                wanted.setdefault(found.made_of, found)
        self._annotate(wanted)

    def _route(self, kind: Kind, key: Key, obj: Object | None) -> None:
        if kind in ANNOTATED:
            self._claim_object(kind, key, obj)
        elif kind is kinds.GLOBAL_HOST:
            self._host(key, obj)
        elif kind in kubefed.KINDS:
            self._records.changed(kind, key, obj)
        elif kind is kinds.DNS_ENDPOINT:
            self._zoning.endpoint(key, obj)
        elif kind is kinds.DNS_ZONE:
            self._zoning.zone(key, obj)
        elif kind is kinds.DNS_PROVIDER:
            self._zoning.provider(key, obj)
        elif kind is kinds.NAMESPACE:
            self._namespace_changed(key, obj)
        else:
            self._of_fleet(kind, key, obj)
        self._telling.seen(kind, key, obj)

    def _of_fleet(self, kind: Kind, key: Key, obj: Object | None) -> None:
        if kind is kinds.SECRET:
            self._fleet.drop_secret(key) if obj is None else self._fleet.put_secret(obj)
        elif kind in kinds.FLEETS:
            self._fleet.drop(kind, key) if obj is None else self._fleet.put(kind, key, obj)
        elif kind is kinds.MEMBER_CLUSTER:
            self._fleet.drop_member(key) if obj is None else self._fleet.put_member(obj)

    def _host(self, key: Key, obj: Object | None) -> None:
        if not self._decides:
            return
        ref = ObjectRef("GlobalHost", *key)
        if obj is None:
            self._hosts.drop_host(ref)
            self._hold(ref, ())
            return
        found = globalhost.parse(obj)
        memory = globalhost.memory(obj)
        if isinstance(found, Unreadable):
            # What it asked for before stands until it can be read again; after a restart its status says what that was.
            why = f"Invalid: {found.message}"
            self._hold(ref, tuple(Untouched(ref, name, why) for name, _ in memory.published))
            self._telling.unreadable(found)
            return
        self._telling.readable(ref)
        self._hosts.set_host(found, memory)

    def _namespace_changed(self, key: Key, obj: Object | None) -> None:
        labels = tuple(sorted(((obj or {}).get("metadata") or {}).get("labels", {}).items()))
        if self._labels.get(key[1], ()) == labels:
            return
        self._labels[key[1]] = labels
        self._hosts.all_changed()
        self._zoning.namespace_changed(key[1])

    def _claim_object(self, kind: Kind, key: Key, obj: Object | None) -> None:
        if not self._decides:
            return
        ref = ObjectRef(kind.kind, *key)
        wanted = dict(self._annotated)
        wanted.pop(ref, None)
        if obj is not None:
            found = annotations.of_object(obj, kind.kind, external_dns=self._external_dns)
            if isinstance(found, Unreadable):
                self._telling.unreadable(found)
                if ref in self._annotated:
                    wanted[ref] = self._annotated[ref]
            elif isinstance(found, GeneratedHost):
                wanted[ref] = found
        self._annotate(wanted)

    def _annotate(self, wanted: dict[ObjectRef, GeneratedHost]) -> None:
        if wanted == self._annotated:
            return
        self._annotated = wanted
        by_host: dict[ObjectRef, GeneratedHost] = {}
        for made_of in sorted(wanted):
            host = wanted[made_of]
            other = by_host.setdefault(host.ref, host)
            if other is not host:
                self._telling.unreadable(_second(host, other))
        self._telling.generated_hosts(by_host)


def _second(host: GeneratedHost, other: GeneratedHost) -> Unreadable:
    problem = Problem(
        "metadata.annotations[mcidns.io/hostname]",
        f"{other.made_of} already makes {host.ref}",
        "annotate only one of them, or write the GlobalHost by hand",
    )
    return Unreadable(host.made_of, "", 0, (problem,))


def _is_newer(obj: Object, than: Object) -> bool:
    """Whether the object's resourceVersion is another, and not an older one where both are numbers (KEP-5504)."""
    new, old = (str((one.get("metadata") or {}).get("resourceVersion") or "") for one in (obj, than))
    if new.isdigit() and old.isdigit():
        same_object = (obj.get("metadata") or {}).get("uid") == (than.get("metadata") or {}).get("uid")
        return int(new) > int(old) or (not same_object and int(new) != int(old))
    return new != old or not new


def _same_spec(obj: Object, before: Object) -> bool:
    """Whether only status, labels and the like differ: the API server counts every change of the spec as a generation."""
    one, other = obj.get("metadata") or {}, before.get("metadata") or {}
    return bool(one.get("generation")) and all(
        one.get(key) == other.get(key) for key in ("uid", "generation", "creationTimestamp", "deletionTimestamp", "annotations")
    )
