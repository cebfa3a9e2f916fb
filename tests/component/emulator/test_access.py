"""Tokens and what they allow."""

from mcidns.emulator import ApiServer
from tests.component.emulator import client
from tests.component.emulator.client import Api, config_map, until
from tests.planes import Plane

RBAC = "/apis/rbac.authorization.k8s.io/v1"


async def test_an_unknown_token_is_unauthorized(api: Api) -> None:
    answer = await api.get("/api/v1/namespaces", token="wrong")
    assert (answer.code, answer.body["kind"], answer.reason, answer.body["message"]) == (
        401,
        "Status",
        "Unauthorized",
        "Unauthorized",
    )


async def test_a_user_without_a_binding_is_forbidden_and_with_one_is_not(api: Api, plane: Plane) -> None:
    path = api.path("services")
    refused = await api.get(path, token=plane.plain)
    assert (refused.code, refused.reason) == (403, "Forbidden")
    assert refused.body["message"] == (
        f'services is forbidden: User "plain" cannot list resource "services" in API group "" in the namespace "{api.namespace}"'
    )
    rules = [{"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list", "watch"]}]
    await api.create(f"{RBAC}/clusterroles", {"metadata": {"name": api.namespace}, "rules": rules})
    binding = {
        "metadata": {"name": api.namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": api.namespace},
        "subjects": [{"kind": "User", "name": "plain", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    await api.create(f"{RBAC}/namespaces/{api.namespace}/rolebindings", binding)

    async def allowed() -> bool:
        return (await api.get(path, token=plane.plain)).code == 200

    await until(allowed, "the binding to hold")
    written = await api.create(path, client.service("a"), token=plane.plain)
    elsewhere = await api.get("/api/v1/namespaces/default/services", token=plane.plain)
    assert (written.code, elsewhere.code) == (403, 403)


async def test_a_service_account_gets_a_token_that_stands_for_it(api: Api) -> None:
    path = api.path("serviceaccounts")
    await api.create(path, {"metadata": {"name": "reader"}})
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    answer = await api.create(f"{path}/reader/token", body)
    assert answer.code == 201
    refused = await api.get(api.path("secrets"), token=answer.body["status"]["token"])
    assert (refused.code, f"system:serviceaccount:{api.namespace}:reader" in refused.body["message"]) == (403, True)


async def test_one_may_ask_what_one_may(api: Api) -> None:
    spec = {"resourceAttributes": {"verb": "list", "resource": "services", "namespace": api.namespace}}
    kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    answer = await api.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", kind | {"spec": spec})
    assert (answer.code, answer.body["status"]["allowed"]) == (201, True)


async def test_a_read_only_token_reads_and_does_not_write() -> None:
    async with ApiServer(token="all", tokens={"look": "read-only"}) as server, Api(server.url, "look") as api:
        path = "/api/v1/namespaces/default/configmaps"
        assert (await api.get(path)).code == 200
        refused = await api.create(path, config_map("a"))
        assert (refused.code, refused.reason) == (403, "Forbidden")
        assert (await api.create(path, config_map("a"), token="all")).code == 201


async def test_a_right_to_one_name_lets_list_that_name_in_every_namespace_and_no_other() -> None:
    rbac = "rbac.authorization.k8s.io"
    async with ApiServer(token="all", tokens={"one": "rbac"}) as server, Api(server.url, "one") as api:
        rule = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"], "verbs": ["get", "list", "watch"]}
        server.put({"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [rule]})
        subject = {"kind": "User", "name": "rbac-user", "apiGroup": rbac}
        role = {"kind": "ClusterRole", "name": "r", "apiGroup": rbac}
        binding = {"metadata": {"name": "b"}, "subjects": [subject], "roleRef": role}
        server.put({"apiVersion": f"{rbac}/v1", "kind": "ClusterRoleBinding", **binding})
        for name in ("mine", "other"):
            server.put({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "default"}})
        found = await api.get("/api/v1/secrets?fieldSelector=metadata.name%3Dmine")
        assert (found.code, [one["metadata"]["name"] for one in found.body["items"]]) == (200, ["mine"])
        for path in ("/api/v1/secrets", "/api/v1/secrets?fieldSelector=metadata.name%3Dother"):
            assert (await api.get(path)).code == 403


async def test_without_tokens_nobody_is_asked() -> None:
    async with ApiServer() as server, Api(server.url) as api:
        assert (await api.get("/api/v1/namespaces")).code == 200


async def test_a_revoked_token_is_unauthorized_and_its_successor_is_not() -> None:
    async with ApiServer(token="old") as server, Api(server.url, "old") as api:
        server.access.revoke("old")
        assert (await api.get("/api/v1/namespaces")).code == 401
        server.access.allow("new")
        assert (await api.get("/api/v1/namespaces", token="new")).code == 200


async def test_no_token_at_all_is_unauthorized_where_one_is_set() -> None:
    async with ApiServer(token="secret") as server, Api(server.url) as api:
        assert (await api.get("/api/v1/namespaces")).code == 401
        assert (await api.get("/version")).code == 200


async def test_a_token_for_an_account_does_not_close_an_open_server() -> None:
    async with ApiServer() as server, Api(server.url) as api:
        path = "/api/v1/namespaces/default/serviceaccounts"
        await api.create(path, {"metadata": {"name": "reader"}})
        token = (await api.create(f"{path}/reader/token", {})).body["status"]["token"]
        assert [(await api.get(path, token=one)).code for one in ("", token)] == [200, 403]
