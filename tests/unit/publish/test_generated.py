"""Generated GlobalHosts and MemberClusters: made, kept in step, left to people, removed."""

from dataclasses import replace
from typing import Any

from mcidns.hub import generated
from mcidns.hub.generated import GeneratedHost, GeneratedMember, Owner, ProbeAsked
from mcidns.hub.reach import AccessSpec, ByKubeconfig, SecretKey
from mcidns.kube import kinds
from mcidns.kube.client import Object
from mcidns.model.hosts import Selection
from mcidns.model.references import ClusterName, ObjectRef
from mcidns.model.routing import Weighted
from mcidns.publish import hosts, members
from mcidns.publish.steps import Apply, Clash, Delete
from mcidns.testing import build

HOST = GeneratedHost(
    namespace="shop",
    name="web",
    source_kind="Ingress",
    origin="FederatedIngress",
    owner=Owner("types.kubefed.io/v1beta1", "FederatedIngress", "web", "f1"),
    hostnames=(build.name("www.example.org"),),
    ttl=60,
    clusters=Selection((ClusterName("fra"),)),
)
MEMBER = GeneratedMember(
    name="fra",
    access=AccessSpec(ByKubeconfig(SecretKey("fra-kc", "kubeconfig", "mcidns-system"))),
    made_of=ObjectRef("Secret", "mcidns-system", "fra-kc"),
    region="eu",
    labels=(("env", "prod"),),
)
DEFAULTS = {
    "maxTargets": 8,
    "routing": {"policy": "All"},
    "whenNoneHealthy": "ServeAll",
    "health": {"readiness": {"mode": "Any"}, "onUnknown": "Keep"},
}


def held(host: GeneratedHost, **spec: Any) -> Object:
    """The GlobalHost as a server holds it: with defaults."""
    body = generated.host_manifest(host)
    return {"metadata": {**body["metadata"], "uid": "g1"}, "spec": {**DEFAULTS, **body["spec"], **spec}}


def by_hand(**spec: Any) -> Object:
    return {"metadata": {"namespace": "shop", "name": "web", "uid": "h1"}, "spec": spec}


def test_a_claim_makes_a_host_and_leaves_it_when_it_is_as_asked() -> None:
    assert hosts.plan(HOST.ref, HOST, None) == Apply(kinds.GLOBAL_HOST, "shop", "web", generated.host_manifest(HOST))
    assert hosts.plan(HOST.ref, HOST, held(HOST)) is None


def test_a_persons_own_fields_beside_ours_stay() -> None:
    assert hosts.plan(HOST.ref, HOST, held(HOST, whenNoneHealthy="Withdraw", deletionPolicy="Orphan")) is None


def test_what_the_annotations_no_longer_say_goes() -> None:
    less = replace(HOST, ttl=None)
    assert isinstance(hosts.plan(HOST.ref, less, held(HOST)), Apply)
    assert isinstance(hosts.plan(HOST.ref, replace(HOST, hostnames=()), held(HOST)), Apply)
    probing = replace(HOST, probe=ProbeAsked("HTTP", "/healthz"))
    assert hosts.plan(HOST.ref, probing, held(probing)) is None
    assert isinstance(hosts.plan(HOST.ref, HOST, held(probing)), Apply)


def test_the_policy_follows_the_annotations() -> None:
    weighted = replace(HOST, routing=Weighted((("fra", 3),)))
    assert hosts.plan(HOST.ref, weighted, held(weighted)) is None
    assert isinstance(hosts.plan(HOST.ref, weighted, held(HOST)), Apply)
    more = held(replace(HOST, routing=Weighted((("ams", 1), ("fra", 3)))))
    assert isinstance(hosts.plan(HOST.ref, weighted, more), Apply)


def test_a_policy_that_the_annotations_no_longer_ask_for_goes_and_one_that_a_person_set_stays() -> None:
    weighted = held(replace(HOST, routing=Weighted((("fra", 3),))))
    assert hosts.plan(HOST.ref, HOST, weighted) is None
    weighted["metadata"]["managedFields"] = [{"manager": "mcidns", "fieldsV1": {"f:spec": {"f:routing": {}}}}]
    assert isinstance(hosts.plan(HOST.ref, HOST, weighted), Apply)


def test_an_edit_of_our_fields_is_repaired() -> None:
    assert isinstance(hosts.plan(HOST.ref, HOST, held(HOST, hostnames=["evil.example.org"])), Apply)
    assert isinstance(hosts.plan(HOST.ref, HOST, held(HOST, clusters={"names": ["fra", "ams"]})), Apply)


def test_a_host_written_by_hand_wins_and_the_conflict_is_told() -> None:
    step = hosts.plan(HOST.ref, HOST, by_hand(hostnames=["www.example.org"]))
    assert isinstance(step, Clash)
    assert "written by hand" in step.message
    assert "FederatedIngress shop/web" in step.message
    assert hosts.plan(HOST.ref, None, by_hand()) is None


def test_a_host_goes_with_its_annotation() -> None:
    assert hosts.plan(HOST.ref, None, held(HOST)) == Delete(kinds.GLOBAL_HOST, "shop", "web", "g1")
    leaving = held(HOST)
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert hosts.plan(HOST.ref, None, leaving) is None


def test_members_own_objects_yield_to_the_host_clusters_and_never_push_them_out() -> None:
    of_members = replace(HOST, origin="member-Ingress", owner=None, clusters=None)
    assert isinstance(hosts.plan(HOST.ref, HOST, held(of_members)), Apply)
    assert hosts.plan(HOST.ref, of_members, held(HOST)) is None


def test_two_kinds_of_one_name_are_a_conflict() -> None:
    service = replace(HOST, origin="FederatedService", source_kind="Service")
    step = hosts.plan(HOST.ref, service, held(HOST))
    assert isinstance(step, Clash)
    assert "FederatedIngress" in step.message


def test_only_what_nothing_can_still_ask_for_is_surplus() -> None:
    of_members = held(replace(HOST, name="api", origin="member-Ingress", owner=None))
    seen = [held(HOST), of_members, by_hand()]
    api = ObjectRef("GlobalHost", "shop", "api")
    assert hosts.surplus({}, seen, members_known=lambda _: False) == (HOST.ref,)
    assert hosts.surplus({}, seen, members_known=lambda _: True) == (api, HOST.ref)
    assert hosts.surplus({HOST.ref: HOST}, seen, members_known=lambda _: True) == (api,)


def member_held(fields: dict[str, Any] | None = None, **spec: Any) -> Object:
    """The MemberCluster as a server holds it; `fields` are what somebody else manages of it."""
    body = generated.member_manifest(MEMBER)
    access = {**body["spec"]["access"], "insecureSkipTLSVerify": False}
    managed = [{"manager": "mcidns", "operation": "Apply", "fieldsV1": {"f:spec": {"f:region": {}, "f:access": {}}}}]
    if fields:
        managed.append({"manager": "kubectl-edit", "operation": "Update", "fieldsV1": fields})
    metadata = {**body["metadata"], "uid": "m1", "managedFields": managed}
    return {"metadata": metadata, "spec": {**body["spec"], "access": access, **spec}}


def test_a_fleet_object_makes_a_member_and_leaves_it_when_it_is_as_asked() -> None:
    assert members.plan(MEMBER.ref, MEMBER, None) == Apply(kinds.MEMBER_CLUSTER, "", "fra", generated.member_manifest(MEMBER))
    assert members.plan(MEMBER.ref, MEMBER, member_held()) is None


def test_the_region_a_person_has_set_survives_a_change_of_the_fleet() -> None:
    seen = member_held({"f:spec": {"f:region": {}}}, region="us")
    assert members.plan(MEMBER.ref, MEMBER, seen) is None
    moved = replace(MEMBER, access=AccessSpec(ByKubeconfig(SecretKey("fra-kc", "other", "mcidns-system"))))
    step = members.plan(MEMBER.ref, moved, seen)
    assert isinstance(step, Apply)
    assert "region" not in step.body["spec"]


def test_the_region_nobody_else_has_set_follows_the_fleet() -> None:
    step = members.plan(MEMBER.ref, replace(MEMBER, region="eu-west"), member_held())
    assert isinstance(step, Apply)
    assert step.body["spec"]["region"] == "eu-west"


def test_a_kubefed_cluster_that_kubefed_cannot_reach_stays_where_it_was() -> None:
    """KubeFed then writes a status without region and zones."""
    there = replace(MEMBER, made_of=ObjectRef("KubeFedCluster", "kf", "fra"), region="eu", zones=("a", "b"))
    body = generated.member_manifest(there)
    seen = {"metadata": {**body["metadata"], "uid": "m1"}, "spec": {**body["spec"]}}
    gone = replace(there, region="", zones=(), labels=(("env", "test"),))

    step = members.plan(gone.ref, gone, seen)
    assert isinstance(step, Apply)
    assert (step.body["spec"]["region"], step.body["spec"]["zones"]) == ("eu", ["a", "b"])
    moved = members.plan(there.ref, replace(there, region="us"), seen)
    assert isinstance(moved, Apply)
    assert moved.body["spec"]["region"] == "us"


def test_a_label_a_person_has_set_stays_theirs() -> None:
    seen = member_held({"f:metadata": {"f:labels": {"f:env": {}}}})
    seen["metadata"]["labels"]["env"] = "test"
    assert members.plan(MEMBER.ref, MEMBER, seen) is None


def test_an_edit_of_the_access_is_repaired() -> None:
    assert isinstance(members.plan(MEMBER.ref, MEMBER, member_held(access={"kubeconfigSecretRef": {"name": "x"}})), Apply)
    body = generated.member_manifest(MEMBER)
    through = {**body["spec"]["access"], "proxyURL": "http://evil:1"}
    assert isinstance(members.plan(MEMBER.ref, MEMBER, member_held(access=through)), Apply)


def test_a_member_by_hand_stays() -> None:
    by_person: Object = {"metadata": {"name": "fra", "uid": "x"}, "spec": {}}
    assert isinstance(members.plan(MEMBER.ref, MEMBER, by_person), Clash)


def test_a_member_whose_fleet_object_left_goes_on_by_another_that_asks_for_it() -> None:
    rival = replace(MEMBER, made_of=ObjectRef("KubeFedCluster", "kf", "fra"))
    step = members.plan(MEMBER.ref, rival, member_held({"f:spec": {"f:region": {}}}, region="us"))
    assert isinstance(step, Apply)
    assert step.body["spec"]["source"] == {"kind": "KubeFedCluster", "namespace": "kf", "name": "fra"}
    assert "region" not in step.body["spec"]


def test_a_member_goes_with_its_fleet_object() -> None:
    assert members.plan(MEMBER.ref, None, member_held()) == Delete(kinds.MEMBER_CLUSTER, "", "fra", "m1")
    assert members.surplus({}, [member_held()], unread=()) == (MEMBER.ref,)
    assert members.surplus({MEMBER.ref: MEMBER}, [member_held()], unread=()) == ()


def test_a_member_whose_fleet_object_cannot_be_read_does_not_go() -> None:
    assert members.surplus({}, [member_held()], unread={MEMBER.made_of}) == ()
