"""Which MemberClusters shall exist, given all that asks for one, and where Secrets are needed."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from mcidns.errors import ConfigError
from mcidns.fleet import Fleet
from mcidns.following import Scope
from mcidns.hub import generated
from mcidns.hub.generated import GeneratedMember
from mcidns.hub.local import Local
from mcidns.hub.reach import ByContext
from mcidns.kube import kinds
from mcidns.kube.access import Access
from mcidns.kube.kinds import Kind
from mcidns.model.clusters import Cluster
from mcidns.model.references import ClusterName, ObjectRef

SYSTEM = "mcidns-system"
KUBECONFIG = json.dumps(
    {
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": {"server": "https://api.example.org"}}],
        "users": [{"name": "u", "user": {"token": "hushhush-t0ken"}}],
    }
)
Object = dict[str, Any]


class Hub:
    """A Fleet, whose MemberClusters come to exist as it asks when `apply` is called, and all it told."""

    def __init__(self, local: Local | None = None, *, listed: bool = True) -> None:
        self.wanted: Mapping[ObjectRef, GeneratedMember] = {}
        self.told: list[str] = []
        self.scopes: set[Scope] = set()
        self.reached: dict[ClusterName, Access | ConfigError] = {}
        self.made: set[str] = set()
        self.fleet = Fleet(
            self,
            namespace=SYSTEM,
            on_wanted=self._want,
            on_unreadable=lambda one: self.told.append(f"{one.ref}: {one.message}"),
            on_secret=lambda _: None,
            on_scopes=lambda scopes: self.scopes.update(scopes),
            local=local or Local(),
        )
        if listed:
            self.fleet.listed()

    def set(self, cluster: Cluster, access: Access | ConfigError) -> None:
        """A member is to be asked."""
        self.reached[cluster.name] = access

    def remove(self, name: ClusterName) -> None:
        """A member left."""
        self.reached.pop(name, None)

    def _want(self, wanted: Mapping[ObjectRef, GeneratedMember]) -> None:
        self.wanted = wanted

    def apply(self) -> None:
        """Let the host hold the MemberClusters that are wanted, and no others."""
        wanted = {one.name: one for one in self.wanted.values()}
        for name in self.made - wanted.keys():
            self.fleet.drop_member(("", name))
        for one in wanted.values():
            self.fleet.put_member(generated.member_manifest(one))
        self.made = set(wanted)

    def made_of(self) -> dict[str, str]:
        """The kind of object that each wanted MemberCluster is made of."""
        return {ref.name: one.made_of.kind for ref, one in self.wanted.items()}

    def put(self, kind: Kind, obj: Object) -> None:
        """An object of a fleet is so."""
        self.fleet.put(kind, (obj["metadata"].get("namespace", ""), obj["metadata"]["name"]), obj)


def labelled(name: str = "fra", cluster: str = "fra", namespace: str = SYSTEM) -> Object:
    """A kubeconfig Secret that makes a member."""
    metadata = {"namespace": namespace, "name": name, "labels": {"mcidns.io/cluster": cluster}}
    return {"metadata": metadata, "data": {"kubeconfig": base64.b64encode(KUBECONFIG.encode()).decode()}}


def token(namespace: str, name: str) -> Object:
    """A Secret with a token and an authority."""
    data = {"token": base64.b64encode(b"hushhush-t0ken").decode()}
    return {"metadata": {"namespace": namespace, "name": name}, "data": data}


def kubefed(name: str = "fra") -> Object:
    """A KubeFedCluster."""
    return {
        "metadata": {"namespace": "kubefed", "name": name},
        "spec": {"apiEndpoint": "https://api.example.org", "secretRef": {"name": f"{name}-token"}},
    }


def managed(name: str = "fra", **spec: Any) -> Object:
    """A ManagedCluster."""
    whole = {"hubAcceptsClient": True, "managedClusterClientConfigs": [{"url": "https://api.example.org"}], **spec}
    return {"metadata": {"name": name}, "spec": whole}


def test_nothing_is_asked_for_before_every_fleet_was_listed() -> None:
    hub = Hub(listed=False)
    hub.fleet.put_secret(labelled())
    assert hub.made_of() == {}
    hub.fleet.listed()
    assert hub.made_of() == {"fra": "Secret"}


def test_of_two_objects_with_one_name_the_one_that_made_the_member_keeps_it() -> None:
    hub = Hub()
    hub.fleet.put_secret(labelled())
    hub.apply()
    hub.put(kinds.KUBEFED_CLUSTER, kubefed())
    assert hub.made_of() == {"fra": "Secret"}
    (told,) = hub.told
    assert told.startswith("KubeFedCluster kubefed/fra: metadata.name: Secret mcidns-system/fra makes MemberCluster fra already; ")
    hub.fleet.drop_secret((SYSTEM, "fra"))
    assert hub.made_of() == {"fra": "KubeFedCluster"}
    hub.apply()
    hub.fleet.put_secret(labelled())
    assert hub.made_of() == {"fra": "KubeFedCluster"}


def test_of_two_new_objects_with_one_name_the_first_in_order_makes_the_member_at_every_start() -> None:
    for order in ((kubefed, managed), (managed, kubefed)):
        hub = Hub(listed=False)
        hub.fleet.put_secret(token("fra", "mcidns"))
        for one in order:
            hub.put(kinds.KUBEFED_CLUSTER if one is kubefed else kinds.MANAGED_CLUSTER, one())
        hub.fleet.listed()
        assert hub.made_of() == {"fra": "KubeFedCluster"}


def test_a_restart_keeps_the_member_by_what_it_was_made_of() -> None:
    before = Hub()
    before.fleet.put_secret(labelled())
    manifest = generated.member_manifest(next(iter(before.wanted.values())))
    hub = Hub(listed=False)
    hub.put(kinds.KUBEFED_CLUSTER, kubefed())
    hub.fleet.put_member(manifest)
    hub.fleet.put_secret(labelled())
    hub.fleet.listed()
    assert hub.made_of() == {"fra": "Secret"}


def test_an_object_that_cannot_be_read_leaves_its_member_as_it_was() -> None:
    hub = Hub()
    hub.put(kinds.KUBEFED_CLUSTER, kubefed())
    broken = kubefed()
    broken["spec"]["apiEndpoint"] = ""
    hub.put(kinds.KUBEFED_CLUSTER, broken)
    assert hub.made_of() == {"fra": "KubeFedCluster"}
    assert "spec.apiEndpoint: is missing; set it" in hub.told[0]


def test_a_managed_cluster_becomes_a_member_with_its_secret_and_stays_one_without() -> None:
    hub = Hub()
    hub.put(kinds.MANAGED_CLUSTER, managed())
    hub.put(kinds.MANAGED_CLUSTER, managed("other"))
    assert (hub.made_of(), hub.scopes) == ({}, {Scope(name="mcidns")})
    hub.fleet.put_secret(token("fra", "mcidns"))
    assert hub.made_of() == {"fra": "ManagedCluster"}
    hub.apply()
    hub.fleet.drop_secret(("fra", "mcidns"))
    assert hub.made_of() == {"fra": "ManagedCluster"}
    assert "Secret fra/mcidns does not exist" in str(hub.reached[ClusterName("fra")])
    hub.put(kinds.MANAGED_CLUSTER, managed(hubAcceptsClient=False))
    assert hub.made_of() == {}


def test_a_managed_cluster_that_cannot_be_read_is_told_only_where_a_secret_says_that_it_shall_be_a_member() -> None:
    hub = Hub()
    hub.put(kinds.MANAGED_CLUSTER, managed(managedClusterClientConfigs=[]))
    assert hub.told == []
    hub.fleet.put_secret(token("fra", "mcidns"))
    assert "spec.managedClusterClientConfigs: is missing or empty" in hub.told[0]


def test_secrets_are_needed_where_members_refer_to_them_and_nowhere_else() -> None:
    hub = Hub()
    assert hub.scopes == set()
    hub.fleet.put_secret(labelled())
    hub.put(kinds.KUBEFED_CLUSTER, kubefed("nap"))
    assert hub.scopes == {Scope(SYSTEM), Scope("kubefed")}
    assert Scope("kubefed").takes("kubefed", "x")
    assert not Scope("kubefed").takes("other", "x")
    assert Scope(name="mcidns").takes("any", "mcidns")


def test_a_labelled_secret_counts_in_the_controllers_namespace_only() -> None:
    hub = Hub()
    hub.fleet.put_secret(labelled(namespace="kubefed"))
    assert hub.made_of() == {}


def test_contexts_of_this_machine_are_members_that_are_reached_by_them() -> None:
    there = Access("https://api.example.org")
    hub = Hub(Local(contexts={"kind-eu": there}))
    assert [one.access.way for one in hub.wanted.values()] == [ByContext("kind-eu")]
    hub.apply()
    assert hub.reached == {"kind-eu": there}


def test_a_member_by_hand_that_names_a_context_nobody_gave_says_so() -> None:
    hub = Hub()
    hub.fleet.put_member({"metadata": {"name": "eu"}, "spec": {"access": {"context": "kind-eu"}}})
    assert "--members-from-kubeconfig" in str(hub.reached[ClusterName("eu")])


def test_what_is_no_text_in_a_secret_is_handed_on_in_base64() -> None:
    hub = Hub()
    keytab = base64.b64encode(b"\x05\x02\xff\xfe").decode()
    text = base64.b64encode(b"plain").decode()
    hub.fleet.put_secret({"metadata": {"namespace": SYSTEM, "name": "dns"}, "data": {"keytab": keytab, "text": text}})
    found = hub.fleet.secret(SYSTEM, "dns")
    assert found is not None
    assert {key: secret.value for key, secret in found.items()} == {"keytab": keytab, "text": "plain"}
