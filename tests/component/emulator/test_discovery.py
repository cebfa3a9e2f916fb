"""Discovery, OpenAPI, health and version: what clients ask before they ask for anything."""

from tests.component.emulator import widgets
from tests.component.emulator.client import Api

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


async def test_the_version_says_which_kubernetes(api: Api) -> None:
    answer = await api.get("/version")
    assert (answer.code, answer.body["major"], answer.body["gitVersion"][:3]) == (200, "1", "v1.")


async def test_health_is_plain_text(api: Api) -> None:
    for path in ("/healthz", "/readyz", "/livez"):
        answer = await api.get(path)
        assert (answer.code, answer.body) == (200, "ok")


async def test_groups_name_their_preferred_versions(api: Api) -> None:
    answer = await api.get("/apis")
    groups = {one["name"]: one for one in answer.body["groups"]}
    expected = {"networking.k8s.io", "discovery.k8s.io", "coordination.k8s.io", "apiextensions.k8s.io", "apps", "events.k8s.io"}
    assert expected <= set(groups)
    assert groups["networking.k8s.io"]["preferredVersion"]["groupVersion"] == "networking.k8s.io/v1"
    one = await api.get("/apis/networking.k8s.io")
    assert (one.body["kind"], one.body["name"]) == ("APIGroup", "networking.k8s.io")


async def test_core_resources_are_listed_with_verbs_and_short_names(api: Api) -> None:
    assert (await api.get("/api")).body["versions"] == ["v1"]
    answer = await api.get("/api/v1")
    found = {one["name"]: one for one in answer.body["resources"]}
    assert {"services", "services/status", "secrets", "configmaps", "events", "pods", "nodes", "endpoints"} <= set(found)
    assert (found["services"]["shortNames"], found["services"]["kind"]) == (["svc"], "Service")
    assert {"list", "watch", "patch"} <= set(found["services"]["verbs"])
    assert found["namespaces"]["namespaced"] is False


async def test_aggregated_discovery_holds_everything_in_one_answer(api: Api) -> None:
    kind = await widgets.serve(api)
    answer = await api.get("/apis", accept=f"{AGGREGATED},application/json")
    assert answer.headers["Content-Type"].startswith("application/json;g=apidiscovery.k8s.io;v=v2")
    groups = {one["metadata"]["name"]: one for one in answer.body["items"]}
    resource = groups[kind.group]["versions"][0]["resources"][0]
    assert (resource["resource"], resource["scope"], resource["responseKind"]["kind"]) == ("widgets", "Namespaced", "Widget")
    assert resource["subresources"][0]["subresource"] == "status"
    core = await api.get("/api", accept=AGGREGATED)
    assert [one["metadata"].get("name", "") for one in core.body["items"]] == [""]


async def test_openapi_names_a_document_per_version(api: Api) -> None:
    index = await api.get("/openapi/v3")
    url = index.body["paths"]["apis/networking.k8s.io/v1"]["serverRelativeURL"]
    document = await api.get(url)
    patch = document.body["paths"]["/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses/{name}"]["patch"]
    identity = {"group": "networking.k8s.io", "version": "v1", "kind": "Ingress"}
    assert patch["x-kubernetes-group-version-kind"] == identity
    shared = document.body["paths"]["/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses/{name}"].get("parameters", [])
    assert "fieldValidation" in {one.get("name") for one in [*patch["parameters"], *shared]}
