"""What must be done to one object: nothing, or as little as makes it as wanted, and never to somebody else's."""

from typing import Any

import pytest

from mcidns.errors import ConfigError
from mcidns.joining import rights, steps
from mcidns.joining.rights import Wanted
from mcidns.joining.steps import Deed
from mcidns.kube import kinds

OURS = {"app.kubernetes.io/managed-by": "mcidns"}
NAMESPACE, ACCOUNT, ROLE, BINDING = rights.manifests()


def there(wanted: Wanted, **changes: Any) -> dict[str, Any]:
    """The object as a server keeps it, with what it adds."""
    metadata = {**wanted.body["metadata"], "uid": "u", "resourceVersion": "7", "annotations": {"somebody": "else"}}
    return {**wanted.body, "metadata": metadata, **changes}


def test_what_is_missing_is_created_whole() -> None:
    step = steps.plan("member", ROLE, None)
    assert (step.deed, step.body, str(step)) == (Deed.CREATE, ROLE.body, "ClusterRole mcidns-member")


@pytest.mark.parametrize("wanted", [NAMESPACE, ACCOUNT, ROLE, BINDING], ids=str)
def test_what_is_as_wanted_is_left(wanted: Wanted) -> None:
    step = steps.plan("member", wanted, there(wanted))
    assert (step.deed, step.body) == (Deed.KEEP, {})


def test_a_right_too_many_and_one_too_few_are_both_mended_and_nothing_else_is() -> None:
    for rules in ([*ROLE.body["rules"], {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}], ROLE.body["rules"][1:]):
        step = steps.plan("member", ROLE, there(ROLE, rules=rules))
        assert (step.deed, step.body, step.note) == (Deed.CHANGE, {"rules": ROLE.body["rules"]}, "set anew: rules")


def test_a_rule_that_says_more_than_ours_is_not_ours() -> None:
    rules = [{**one, "resourceNames": ["one"]} for one in ROLE.body["rules"]]
    assert steps.plan("member", ROLE, there(ROLE, rules=rules)).deed is Deed.CHANGE


def test_what_others_added_is_no_difference() -> None:
    assert steps.difference({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 1}}) == {}
    assert steps.difference({"a": {"b": 1, "c": 2}}, {"a": {"b": 9}, "e": {"f": 1}}) == {"a": {"b": 9}, "e": {"f": 1}}


def test_somebody_elses_object_is_refused_with_the_command_that_gives_it_away() -> None:
    theirs = there(ACCOUNT, metadata={"name": "mcidns", "namespace": "mcidns-system"})
    with pytest.raises(
        ConfigError, match=r"kubectl -n mcidns-system label serviceaccounts mcidns app\.kubernetes\.io/managed-by=mcidns"
    ):
        steps.plan("member", ACCOUNT, theirs)


def test_somebody_elses_namespace_will_do() -> None:
    step = steps.plan("member", NAMESPACE, there(NAMESPACE, metadata={"name": "mcidns-system"}))
    assert (step.deed, step.body) == (Deed.KEEP, {})


def test_what_is_being_deleted_is_waited_for() -> None:
    going = there(ROLE)
    going["metadata"]["deletionTimestamp"] = "2026-03-01T06:00:00Z"
    with pytest.raises(ConfigError, match="is being deleted; wait until it is gone"):
        steps.plan("member", ROLE, going)


def test_a_binding_to_another_role_cannot_be_changed() -> None:
    with pytest.raises(ConfigError, match="delete it, and run this again: kubectl delete clusterrolebindings mcidns-member"):
        steps.plan("member", BINDING, there(BINDING, roleRef={**BINDING.body["roleRef"], "name": "admin"}))


@pytest.mark.parametrize(
    ("obj", "deed"),
    [
        (None, Deed.ABSENT),
        ({"metadata": {"name": "x", "labels": {}}}, Deed.LEAVE),
        ({"metadata": {"name": "x", "labels": OURS, "uid": "u"}}, Deed.REMOVE),
    ],
    ids=["absent", "somebody else's", "ours"],
)
def test_only_ours_is_removed(obj: dict[str, Any] | None, deed: Deed) -> None:
    assert steps.removal("member", ROLE, obj).deed is deed


def test_just_this_one_object_is_removed() -> None:
    assert steps.removal("member", ROLE, there(ROLE)).uid == "u"


def test_an_account_elsewhere_has_its_own_binding_and_the_same_role() -> None:
    namespace, account, role, binding = rights.manifests("dns")
    assert (namespace.name, account.namespace, role, binding.name) == ("dns", "dns", ROLE, "mcidns-member-dns")
    assert binding.body["subjects"] == [{"kind": "ServiceAccount", "name": "mcidns", "namespace": "dns"}]
    assert binding.body["roleRef"]["name"] == role.name


def test_the_rights_are_to_read_and_nothing_else() -> None:
    assert {verb for rule in ROLE.body["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}
    assert not [rule for rule in ROLE.body["rules"] if "secrets" in rule["resources"] or "*" in rule["resources"]]
    assert [one.kind for one in rights.manifests()] == [
        kinds.NAMESPACE,
        kinds.SERVICE_ACCOUNT,
        kinds.CLUSTER_ROLE,
        kinds.CLUSTER_ROLE_BINDING,
    ]
