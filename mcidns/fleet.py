"""Secrets, fleets and MemberClusters brought together into members that can be asked; asking them lives in observe/."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from mcidns.errors import ConfigError
from mcidns.following import Scope
from mcidns.hub import fleets, membercluster, reach, secret
from mcidns.hub.fleets import kubeconfigs, ocm
from mcidns.hub.generated import GeneratedMember
from mcidns.hub.local import NOTHING, Local
from mcidns.hub.membercluster import MemberSpec
from mcidns.hub.metadata import Raw
from mcidns.hub.reach import AccessSpec
from mcidns.hub.unreadable import Problem, Unreadable
from mcidns.kube import kinds
from mcidns.kube.access import Access
from mcidns.kube.kinds import Kind
from mcidns.model.clusters import Cluster
from mcidns.model.references import ClusterName, ObjectRef
from mcidns.model.secrets import Secret

Key = tuple[str, str]


class MemberTasks(Protocol):
    """Who asks the members."""

    def set(self, cluster: Cluster, access: Access | ConfigError) -> None:
        """Add or change a member."""
        ...

    def remove(self, name: ClusterName) -> None:
        """The member left."""
        ...


class Fleet:
    """Keeps members in step with MemberCluster objects and Secrets, and says which MemberClusters the fleets ask for.

    `unread` are fleet objects that cannot be read at present: what was made of them stays, after a restart too.

    `on_wanted(members)` gets all generated MemberClusters whenever they change, from `listed` on; `on_unreadable` an object
    that cannot be used; `on_scopes` where Secrets are needed from now on.
    """

    def __init__(
        self,
        members: MemberTasks,
        *,
        namespace: str,
        on_wanted: Callable[[Mapping[ObjectRef, GeneratedMember]], None],
        on_unreadable: Callable[[Unreadable], None],
        on_secret: Callable[[Key], None],
        on_scopes: Callable[[Iterable[Scope]], None],
        local: Local = NOTHING,
    ) -> None:
        self._members = members
        self._namespace = namespace
        self._on_wanted = on_wanted
        self._on_unreadable = on_unreadable
        self._on_secret = on_secret
        self._on_scopes = on_scopes
        self._local = local
        self._secrets: dict[Key, dict[str, Secret]] = {}
        self._specs: dict[ClusterName, MemberSpec] = {}
        self._offers: dict[ObjectRef, GeneratedMember] = {one.made_of: one for one in kubeconfigs.of_contexts(local.contexts)}
        self._wanted: dict[ObjectRef, GeneratedMember] = {}
        self._rivals: dict[ObjectRef, ObjectRef] = {}
        self._broken: dict[str, Unreadable] = {}
        self.unread: set[ObjectRef] = set()
        self._listed = False

    def secret(self, namespace: str, name: str) -> Mapping[str, Secret] | None:
        """The content of a Secret, None where there is none."""
        return self._secrets.get((namespace, name))

    def spec(self, name: ClusterName) -> MemberSpec | None:
        """The MemberCluster as last read."""
        return self._specs.get(name)

    def put_secret(self, obj: Raw) -> None:
        """A Secret of the controller's or the fleet's namespace is as it says."""
        metadata = obj.get("metadata")
        about = metadata if isinstance(metadata, dict) else {}
        key = (str(about.get("namespace", "")), str(about.get("name", "")))
        content = secret.content(obj.get("data"))
        changed = self._secrets.get(key) != content
        if key[1] == ocm.CREDENTIALS and key[0] in self._broken:
            self._on_unreadable(self._broken.pop(key[0]))
        self._secrets[key] = content
        if key[0] == self._namespace:
            self._offer(ObjectRef("Secret", *key), fleets.ADAPTERS["Secret"](obj, self._local))
        if changed:
            self._touch(key)

    def drop_secret(self, key: Key) -> None:
        """The Secret is gone."""
        self._secrets.pop(key, None)
        self._offer(ObjectRef("Secret", *key), None)
        self._touch(key)

    def put(self, kind: Kind, key: Key, obj: Raw) -> None:
        """An object by which a fleet lists a cluster is as it says."""
        found = fleets.ADAPTERS[kind.kind](obj, self._local)
        if kind is kinds.MANAGED_CLUSTER:
            self._on_scopes((Scope(name=ocm.CREDENTIALS),))
            self._broken.pop(key[1], None)
            if isinstance(found, Unreadable) and (key[1], ocm.CREDENTIALS) not in self._secrets:
                # A hub has many clusters that are no business of ours; without a Secret for us nobody waits for our word.
                self._broken[key[1]] = found
                self.unread.add(found.ref)
                return
        self._offer(ObjectRef(kind.kind, *key), found)

    def drop(self, kind: Kind, key: Key) -> None:
        """It is gone: the cluster left that fleet."""
        self._offer(ObjectRef(kind.kind, *key), None)

    @property
    def is_listed(self) -> bool:
        """Whether every fleet was listed."""
        return self._listed

    def listed(self) -> None:
        """Every fleet was listed: from now on it is known which of two objects makes a member that both ask for."""
        if not self._listed:
            self._listed = True
            self._settle(force=True)

    def put_member(self, obj: Raw) -> None:
        """A MemberCluster is as it says; an unreadable one leaves what was known of the member."""
        found = membercluster.parse(obj)
        if isinstance(found, Unreadable):
            self._on_unreadable(found)
            name = ClusterName(found.ref.name)
            if name not in self._specs:
                self._members.set(Cluster(name), ConfigError("spec", found.message, "correct the MemberCluster"))
            return
        self._specs[found.cluster.name] = found
        self._on_scopes(_scopes(found.access, found.source))
        self._reach(found)
        self._settle()

    def drop_member(self, key: Key) -> None:
        """The MemberCluster is gone."""
        self._specs.pop(ClusterName(key[1]), None)
        self._members.remove(ClusterName(key[1]))
        self._settle()

    def _touch(self, key: Key) -> None:
        for spec in self._specs.values():
            if any((wanted.namespace or self._namespace, wanted.name) == key for wanted in spec.access.secrets):
                self._reach(spec)
        self._settle()
        self._on_secret(key)

    def _reach(self, spec: MemberSpec) -> None:
        access: Access | ConfigError
        try:
            access = reach.reach(spec.access, self.secret, self._namespace, self._local)
        except ConfigError as error:
            access = error
        self._members.set(spec.cluster, access)

    def _offer(self, source: ObjectRef, found: fleets.Offer) -> None:
        if isinstance(found, Unreadable):
            # What was made of it before stays: a broken Secret is no order to leave the fleet.
            self.unread.add(source)
            self._on_unreadable(found)
            return
        self.unread.discard(source)
        if self._offers.get(source) == found:
            return
        if found is None:
            self._offers.pop(source)
        else:
            self._offers[source] = found
            self._on_scopes(_scopes(found.access, source))
        self._settle()

    def _settle(self, *, force: bool = False) -> None:
        """Say which members shall exist; of two objects that ask for one of a name, that which has made it keeps it."""
        if not self._listed:
            return
        wanted: dict[ObjectRef, GeneratedMember] = {}
        rivals: dict[ObjectRef, ObjectRef] = {}
        for one in sorted(self._offers.values(), key=lambda one: (not self._has_made(one), one.made_of)):
            if not self._may_be_made(one):
                continue
            first = wanted.setdefault(one.ref, one)
            if first is not one:
                rivals[one.made_of] = first.made_of
                if self._rivals.get(one.made_of) != first.made_of:
                    self._on_unreadable(_second(one, first))
        self._rivals = rivals
        if force or wanted != self._wanted:
            self._wanted = wanted
            self._on_wanted(wanted)

    def _has_made(self, one: GeneratedMember) -> bool:
        spec = self._specs.get(ClusterName(one.name))
        return spec is not None and spec.source == one.made_of

    def _may_be_made(self, one: GeneratedMember) -> bool:
        wanted = one.waits_for
        # A member that exists stays one when its Secret goes: to lose a token is not to leave.
        return wanted is None or (wanted.namespace or self._namespace, wanted.name) in self._secrets or self._has_made(one)


def _scopes(access: AccessSpec, source: ObjectRef | None) -> Iterator[Scope]:
    for wanted in access.secrets:
        # In the namespaces of managed clusters there are others' Secrets, which are no business of ours.
        by_name = source is not None and source.kind == kinds.MANAGED_CLUSTER.kind
        if by_name or wanted.namespace:
            yield Scope(name=wanted.name) if by_name else Scope(wanted.namespace)


def _second(one: GeneratedMember, first: GeneratedMember) -> Unreadable:
    remedy = "if they are one cluster all is well; if not, give one of them another name"
    return Unreadable(one.made_of, "", 0, (Problem("metadata.name", f"{first.made_of} makes {one.ref} already", remedy),))
