"""The chart's rights: the least, each half's own, and the same as docs/host-rbac.yaml tells."""

from collections.abc import Iterable

import pytest
import yaml

from mcidns import intake
from tests.packaging import charts
from tests.packaging.charts import NAMESPACE, ROOT, Object

Right = tuple[str, str, str]


def rights(rules: Iterable[Object]) -> set[Right]:
    """Group, resource and verb of each right, one by one."""
    return {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def roles(values: Object) -> dict[str, list[Object]]:
    """Rules by the end of the ClusterRole's name."""
    return {one["metadata"]["name"].removeprefix("dns-mcidns-"): one["rules"] for one in clusterroles(values)}


def clusterroles(values: Object) -> list[Object]:
    return charts.of_kind(charts.rendered(values), "ClusterRole")


def told() -> list[Object]:
    """The documents of docs/host-rbac.yaml."""
    return list(yaml.safe_load_all((ROOT / "docs" / "host-rbac.yaml").read_text(encoding="utf-8")))


def test_both_halves_together_have_the_rights_that_the_docs_tell_of() -> None:
    found = roles({"rbac": {"managedClusters": True}})
    whole, own, ocm, lease = told()
    assert set(found) == {"decide", "program", "managed-clusters"}
    assert rights(found["decide"]) | rights(found["program"]) == rights(whole["rules"])
    assert found["managed-clusters"] == ocm["rules"]
    secrets, leases = charts.of_kind(charts.rendered({"fullnameOverride": "mcidns"}), "Role")
    assert (secrets["rules"], leases["rules"]) == (own["rules"], lease["rules"])


@pytest.mark.parametrize("half", [pytest.param("decide", id="decide"), pytest.param("program", id="program")])
def test_a_half_alone_has_its_own_role_and_reads_just_what_it_watches(half: str) -> None:
    found = roles({"only": half})
    assert set(found) == {half}
    bound = charts.of_kind(charts.rendered({"only": half}), "ClusterRoleBinding")
    assert [one["roleRef"]["name"] for one in bound] == [f"dns-mcidns-{half}"]
    watched = {(kind.group, kind.plural) for kind in intake.watched(decides=half == "decide", programs=half == "program")}
    crds = ("apiextensions.k8s.io", "customresourcedefinitions")
    for verb in ("get", "list", "watch"):
        assert {(group, resource) for group, resource, one in rights(found[half]) if one == verb} == watched | {crds}


def test_only_deciding_writes_objects_and_programming_only_says_how_it_went() -> None:
    writing = {(group, resource) for group, resource, verb in rights(roles({"only": "program"})["program"]) if verb in WRITES}
    assert writing == {
        ("mcidns.io", "dnszones/status"),
        ("mcidns.io", "dnsproviders/status"),
        ("externaldns.k8s.io", "dnsendpoints/status"),
        ("events.k8s.io", "events"),
    }


WRITES = ("create", "update", "patch", "delete", "deletecollection")


def test_leases_are_this_releases_only_and_only_where_it_runs() -> None:
    for half in ("both", "decide", "program"):
        objects = charts.rendered({"only": half})
        (role,) = [one for one in charts.of_kind(objects, "Role") if one["metadata"]["name"].endswith("-lease")]
        assert role["metadata"]["namespace"] == NAMESPACE
        create, known = role["rules"]
        assert (create["verbs"], known["verbs"]) == (["create"], ["get", "patch"])
        (name,) = known["resourceNames"]
        assert f"--lease={name}" in charts.container(objects)["args"]
        assert all("leases" not in rule["resources"] for one in charts.of_kind(objects, "ClusterRole") for rule in one["rules"])


def test_no_right_is_to_everything() -> None:
    for values in ({}, {"rbac": {"managedClusters": True, "secretNamespaces": ["kube-federation-system"]}}):
        objects = charts.rendered(values)
        for role in charts.of_kind(objects, "ClusterRole") + charts.of_kind(objects, "Role"):
            for group, resource, verb in rights(role["rules"]):
                assert "*" not in (group, resource, verb)
                assert verb not in ("bind", "escalate", "impersonate", "update", "deletecollection")


def test_secrets_are_read_in_the_releases_namespace_and_where_the_values_say() -> None:
    assert places({}) == {NAMESPACE}
    assert places({"rbac": {"secretNamespaces": ["kube-federation-system"]}}) == {NAMESPACE, "kube-federation-system"}
    assert places({"only": "program", "rbac": {"secretNamespaces": ["kube-federation-system"]}}) == {NAMESPACE}
    for role in clusterroles({"rbac": {"managedClusters": True}}):
        for rule in role["rules"]:
            assert "secrets" not in rule["resources"] or rule["resourceNames"] == ["mcidns"]


def places(values: Object) -> set[str]:
    """Where Secrets may be read."""
    objects = charts.rendered(values)
    bound = {one["metadata"]["namespace"] for one in charts.of_kind(objects, "RoleBinding")}
    assert bound == {one["metadata"]["namespace"] for one in charts.of_kind(objects, "Role")}
    return bound


def test_every_binding_is_to_the_pods_account_and_to_a_role_of_the_chart() -> None:
    objects = charts.rendered({"serviceAccount": {"name": "writer"}, "rbac": {"managedClusters": True}})
    named = {(one["kind"], one["metadata"]["name"]) for one in objects}
    bindings = charts.of_kind(objects, "ClusterRoleBinding") + charts.of_kind(objects, "RoleBinding")
    assert len(bindings) == 5
    for one in bindings:
        assert one["subjects"] == [{"kind": "ServiceAccount", "name": "writer", "namespace": NAMESPACE}]
        assert (one["roleRef"]["kind"], one["roleRef"]["name"]) in named
    assert charts.of_kind(objects, "Deployment")[0]["spec"]["template"]["spec"]["serviceAccountName"] == "writer"


def test_without_rbac_there_is_none() -> None:
    kinds = {one["kind"] for one in charts.rendered({"rbac": {"create": False}})}
    assert not kinds & {"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}
