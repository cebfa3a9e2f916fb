"""Access reviews and the clock in the answers."""

from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from mcidns.emulator import ApiServer
from tests.component.emulator.client import Api, until
from tests.planes import Plane

RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1"


def review(kind: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}


async def allowed(api: Api, verb: str, resource: str, *, token: str | None = None, user: str = "", **more: Any) -> bool:
    """Whether the token's user, or `user`, may."""
    attributes = {"verb": verb, "resource": resource, **more}
    subject = {"user": user, "groups": ["system:serviceaccounts", "system:authenticated"]} if user else {}
    kind = "SubjectAccessReview" if user else "SelfSubjectAccessReview"
    body = review(kind, resourceAttributes=attributes, **subject)
    answer = await api.create(f"{REVIEWS}/{kind.lower()}s", body, **({"token": token} if token else {}))
    assert (answer.code, answer.body["kind"]) == (201, kind), answer.body
    return bool(answer.body["status"]["allowed"])


async def bind(api: Api, *rules: dict[str, Any], kind: str = "User", name: str = "plain") -> None:
    """These rules for a user or an account of the test's namespace."""
    await api.create(f"{RBAC}/clusterroles", {"metadata": {"name": api.namespace}, "rules": list(rules)})
    subject = {"kind": kind, "name": name}
    subject |= {"namespace": api.namespace} if kind == "ServiceAccount" else {"apiGroup": "rbac.authorization.k8s.io"}
    binding = {
        "metadata": {"name": api.namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": api.namespace},
        "subjects": [subject],
    }
    await api.create(f"{RBAC}/clusterrolebindings", binding)


async def test_a_review_says_what_the_rules_grant_and_nothing_more(api: Api, plane: Plane) -> None:
    assert not await allowed(api, "list", "services", token=plane.plain, namespace=api.namespace)
    read = {"apiGroups": [""], "resources": ["services"], "verbs": ["list"]}
    status = {"apiGroups": ["mcidns.io"], "resources": ["globalhosts/status"], "verbs": ["patch"]}
    named = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"], "verbs": ["get"]}
    await bind(api, read, status, named)

    async def granted() -> bool:
        return await allowed(api, "list", "services", token=plane.plain)

    await until(granted, "the binding to hold")
    wanted = {
        ("watch", "services", ""): False,
        ("patch", "globalhosts", "status"): True,
        ("patch", "globalhosts", ""): False,
        ("get", "secrets", "@mine"): True,
        ("get", "secrets", "@other"): False,
    }
    found = {}
    for verb, resource, part in wanted:
        group = "mcidns.io" if resource == "globalhosts" else ""
        more = {"name": part[1:]} if part.startswith("@") else {"subresource": part}
        found[verb, resource, part] = await allowed(api, verb, resource, token=plane.plain, group=group, **more)
    assert found == wanted


async def test_rights_of_others_are_told_to_those_who_may_ask_for_them(api: Api, plane: Plane) -> None:
    account = f"system:serviceaccount:{api.namespace}:reader"
    await bind(api, {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}, kind="ServiceAccount", name="reader")

    async def granted() -> bool:
        return await allowed(api, "list", "pods", user=account)

    await until(granted, "the binding to hold")
    assert not await allowed(api, "list", "secrets", user=account)
    body = review("SubjectAccessReview", user=account, resourceAttributes={"verb": "list", "resource": "pods"})
    refused = await api.create(f"{REVIEWS}/subjectaccessreviews", body, token=plane.plain)
    assert (refused.code, refused.reason) == (403, "Forbidden")


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        pytest.param("SelfSubjectAccessReview", {}, id="asks nothing"),
        pytest.param("SubjectAccessReview", {"resourceAttributes": {"verb": "get", "resource": "pods"}}, id="about nobody"),
    ],
)
async def test_a_review_of_nothing_is_invalid(api: Api, kind: str, spec: dict[str, Any]) -> None:
    answer = await api.create(f"{REVIEWS}/{kind.lower()}s", review(kind, **spec))
    assert (answer.code, answer.reason) == (422, "Invalid")


async def test_paths_that_everybody_may_read_are_allowed_to_everybody(api: Api, plane: Plane) -> None:
    for path, expected in (("/version", True), ("/apis/apps", True), ("/metrics", False)):
        body = review("SelfSubjectAccessReview", nonResourceAttributes={"verb": "get", "path": path})
        answer = await api.create(f"{REVIEWS}/selfsubjectaccessreviews", body, token=plane.plain)
        assert (path, answer.body["status"]["allowed"]) == (path, expected)


async def test_the_rules_that_hold_for_oneself_are_listed(api: Api, plane: Plane) -> None:
    rule = {"apiGroups": [""], "resources": ["services"], "verbs": ["list"]}
    await bind(api, rule)

    async def listed() -> bool:
        body = review("SelfSubjectRulesReview", namespace=api.namespace)
        answer = await api.create(f"{REVIEWS}/selfsubjectrulesreviews", body, token=plane.plain)
        return rule in answer.body["status"]["resourceRules"]

    await until(listed, "the rule to be listed")


async def test_answers_carry_the_servers_time_which_may_be_wrong(server: ApiServer, client: Api) -> None:
    async def told() -> float:
        async with aiohttp.ClientSession() as session, session.get(f"{server.url}/version") as answer:
            return parsedate_to_datetime(answer.headers["Date"]).timestamp()

    right = await told()
    server.faults.clock_skew = -300.0
    assert -305 < await told() - right < -290
