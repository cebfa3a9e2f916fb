"""Secrets, fleets and MemberClusters brought together into members that can be asked; asking them lives in observe/."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Protocol

from mcidns.errors import ConfigError
from mcidns.hub import fleets, membercluster
from mcidns.hub.generated import GeneratedMember
from mcidns.hub.membercluster import MemberSpec
from mcidns.hub.metadata import Raw
from mcidns.hub.unreadable import Unreadable
from mcidns.kube.access import Access
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

    `on_wanted(members)` gets all generated MemberClusters whenever they change; `on_unreadable` an object that cannot be used.
    """

    def __init__(
        self,
        members: MemberTasks,
        *,
        namespace: str,
        on_wanted: Callable[[Mapping[ObjectRef, GeneratedMember]], None],
        on_unreadable: Callable[[Unreadable], None],
        on_secret: Callable[[Key], None],
    ) -> None:
        self._members = members
        self._namespace = namespace
        self._on_wanted = on_wanted
        self._on_unreadable = on_unreadable
        self._on_secret = on_secret
        self._secrets: dict[Key, dict[str, Secret]] = {}
        self._specs: dict[ClusterName, MemberSpec] = {}
        self._made: dict[ObjectRef, GeneratedMember] = {}

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
        content = _content(obj.get("data"))
        changed = self._secrets.get(key) != content
        self._secrets[key] = content
        self._made_by(ObjectRef("Secret", *key), fleets.of_secret(obj))
        if changed:
            self._touch(key)

    def drop_secret(self, key: Key) -> None:
        """The Secret is gone."""
        self._secrets.pop(key, None)
        self._made_by(ObjectRef("Secret", *key), None)
        self._touch(key)

    def put_kubefed(self, obj: Raw) -> None:
        """A KubeFedCluster is as it says."""
        found = fleets.of_kubefed_cluster(obj)
        ref = found.ref if isinstance(found, Unreadable) else found.made_of
        self._made_by(ref, found)

    def drop_kubefed(self, key: Key) -> None:
        """The KubeFedCluster is gone."""
        self._made_by(ObjectRef("KubeFedCluster", *key), None)

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
        self._reach(found)

    def drop_member(self, key: Key) -> None:
        """The MemberCluster is gone."""
        self._specs.pop(ClusterName(key[1]), None)
        self._members.remove(ClusterName(key[1]))

    def _touch(self, key: Key) -> None:
        for spec in self._specs.values():
            wanted = spec.access.secret
            if (wanted.namespace or self._namespace, wanted.name) == key:
                self._reach(spec)
        self._on_secret(key)

    def _reach(self, spec: MemberSpec) -> None:
        access: Access | ConfigError
        try:
            access = membercluster.reach(spec.access, self.secret, self._namespace)
        except ConfigError as error:
            access = error
        self._members.set(spec.cluster, access)

    def _made_by(self, source: ObjectRef, found: GeneratedMember | Unreadable | None) -> None:
        if isinstance(found, Unreadable):
            # What was made of it before stays: a broken Secret is no order to leave the fleet.
            self._on_unreadable(found)
            return
        if self._made.get(source) == found:
            return
        if found is None:
            self._made.pop(source)
        else:
            self._made[source] = found
        wanted: dict[ObjectRef, GeneratedMember] = {}
        for one in sorted(self._made.values(), key=lambda one: one.made_of):
            wanted.setdefault(one.ref, one)
        self._on_wanted(wanted)


def _content(data: object) -> dict[str, Secret]:
    found: dict[str, Secret] = {}
    for key, value in (data if isinstance(data, dict) else {}).items():
        try:
            found[str(key)] = Secret(base64.b64decode(str(value)).decode("utf-8"))
        except (binascii.Error, ValueError):
            continue  # not text, so none of ours
    return found
