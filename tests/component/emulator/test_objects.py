"""Creating, replacing and deleting objects, and the metadata a server keeps; patches and lists have files of their own."""

import asyncio

import pytest

from tests.component.emulator import widgets
from tests.component.emulator.client import INGRESSES, Api, config_map, ingress, service, until


async def test_a_created_object_has_an_identity(api: Api) -> None:
    answer = await api.create(api.path("ingresses", group=INGRESSES), ingress("shop"))
    meta = answer.body["metadata"]
    assert (answer.code, meta["name"], meta["namespace"], meta["generation"]) == (201, "shop", api.namespace, 1)
    assert len(meta["uid"]) == 36
    assert meta["resourceVersion"].isdigit()
    assert meta["creationTimestamp"].endswith("Z")
    assert (answer.body["kind"], answer.body["apiVersion"]) == ("Ingress", "networking.k8s.io/v1")


async def test_creating_twice_is_refused_with_the_plural_in_the_details(api: Api) -> None:
    await api.create(api.path("ingresses", group=INGRESSES), ingress("shop"))
    again = await api.create(api.path("ingresses", group=INGRESSES), ingress("shop"))
    assert (again.code, again.reason) == (409, "AlreadyExists")
    assert again.body["details"] == {"name": "shop", "group": "networking.k8s.io", "kind": "ingresses"}
    assert again.body["message"] == 'ingresses.networking.k8s.io "shop" already exists'


async def test_a_missing_object_is_told_by_name(api: Api) -> None:
    answer = await api.get(api.path("configmaps", "absent"))
    assert (answer.code, answer.reason) == (404, "NotFound")
    assert answer.body["details"] == {"name": "absent", "kind": "configmaps"}
    assert answer.body["message"] == 'configmaps "absent" not found'


async def test_generate_name_adds_a_suffix(api: Api) -> None:
    body = {"metadata": {"generateName": "some-"}}
    first = await api.create(api.path("configmaps"), body)
    second = await api.create(api.path("configmaps"), body)
    names = {first.body["metadata"]["name"], second.body["metadata"]["name"]}
    assert len(names) == 2
    assert all(name.startswith("some-") and len(name) == 10 for name in names)


async def test_an_object_without_a_name_is_refused(api: Api) -> None:
    answer = await api.create(api.path("configmaps"), {"metadata": {}})
    assert (answer.code, answer.reason) == (422, "Invalid")


async def test_a_name_that_is_no_dns_name_is_refused(api: Api) -> None:
    answer = await api.create(api.path("configmaps"), config_map("Not_A_Name"))
    assert (answer.code, answer.causes[0]["field"]) == (422, "metadata.name")


async def test_creating_in_a_missing_namespace_is_refused(api: Api) -> None:
    answer = await api.create("/api/v1/namespaces/nowhere/configmaps", config_map("a"))
    assert (answer.code, answer.body["details"]["kind"], answer.body["details"]["name"]) == (404, "namespaces", "nowhere")


async def test_an_object_for_another_namespace_is_refused(api: Api) -> None:
    body = {"metadata": {"name": "a", "namespace": "elsewhere"}}
    assert (await api.create(api.path("configmaps"), body)).code == 400


async def test_a_body_that_is_no_json_is_refused(api: Api) -> None:
    answer = await api.create(api.path("configmaps"), "{nonsense")
    assert (answer.code, answer.reason) == (400, "BadRequest")


async def test_a_path_nobody_serves_is_not_found(api: Api) -> None:
    assert (await api.get("/apis/nothing.example.org/v1/things")).code == 404


async def test_a_verb_the_path_does_not_take_is_refused(api: Api) -> None:
    answer = await api.replace(api.path("configmaps"), config_map("a"))
    assert (answer.code, answer.reason) == (405, "MethodNotAllowed")


async def test_a_spec_change_raises_the_generation_and_a_label_does_not(api: Api) -> None:
    path = api.path("ingresses", group=INGRESSES)
    await api.create(path, ingress("shop"))
    labelled = await api.patch(f"{path}/shop", {"metadata": {"labels": {"a": "b"}}})
    changed = await api.patch(f"{path}/shop", {"spec": {"ingressClassName": "public"}})
    assert (labelled.body["metadata"]["generation"], changed.body["metadata"]["generation"]) == (1, 2)


async def test_the_status_of_a_builtin_changes_only_by_its_own_path(api: Api) -> None:
    path = api.path("ingresses", group=INGRESSES)
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    created = await api.create(path, ingress("shop") | {"status": status})
    assert created.body["status"] == {"loadBalancer": {}}
    ignored = await api.patch(f"{path}/shop", {"status": status})
    assert ignored.body["status"] == {"loadBalancer": {}}
    taken = await api.patch(f"{path}/shop/status", {"status": status, "spec": {"ingressClassName": "x"}})
    assert (taken.body["status"], taken.body["metadata"]["generation"]) == (status, 1)
    assert "ingressClassName" not in taken.body["spec"]


async def test_a_status_put_leaves_the_spec_alone(api: Api) -> None:
    kind = await widgets.serve(api)
    created = await api.create(kind.path(), kind.obj(size=1))
    body = created.body | {"spec": {"size": 9}, "status": {"ready": True}}
    answer = await api.replace(kind.path("w") + "/status", body)
    assert (answer.code, answer.body["spec"]["size"], answer.body["status"]) == (200, 1, {"ready": True})


async def test_a_stale_replacement_is_a_conflict(api: Api) -> None:
    path = api.path("configmaps", "a")
    first = await api.create(api.path("configmaps"), config_map("a", x="1"))
    fresh = await api.replace(path, first.body | {"data": {"x": "2"}})
    stale = await api.replace(path, first.body | {"data": {"x": "3"}})
    assert (fresh.code, stale.code, stale.reason) == (200, 409, "Conflict")
    assert stale.body["message"] == (
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )


async def test_a_replacement_without_a_version_is_refused_for_custom_objects_only(api: Api) -> None:
    kind = await widgets.serve(api)
    await api.create(kind.path(), kind.obj())
    await api.create(api.path("configmaps"), config_map("a"))
    custom = await api.replace(kind.path("w"), kind.obj(size=2))
    builtin = await api.replace(api.path("configmaps", "a"), config_map("a", x="1"))
    assert (custom.code, custom.causes[0]["field"], builtin.code) == (422, "metadata.resourceVersion", 200)


async def test_a_write_that_changes_nothing_keeps_the_version(api: Api) -> None:
    created = await api.create(api.path("configmaps"), config_map("a", x="1"))
    again = await api.replace(api.path("configmaps", "a"), created.body)
    assert again.body["metadata"]["resourceVersion"] == created.body["metadata"]["resourceVersion"]


async def test_a_lease_with_a_stale_version_is_a_conflict(api: Api) -> None:
    path = api.path("leases", group="coordination.k8s.io/v1")
    first = await api.create(path, {"metadata": {"name": "leader"}, "spec": {"holderIdentity": "a"}})
    taken = await api.replace(f"{path}/leader", first.body | {"spec": {"holderIdentity": "b"}})
    late = await api.replace(f"{path}/leader", first.body | {"spec": {"holderIdentity": "c"}})
    assert (taken.code, late.code, late.reason) == (200, 409, "Conflict")


async def test_a_deletion_is_answered_by_the_uid_of_what_has_gone(api: Api) -> None:
    created = await api.create(api.path("configmaps"), config_map("a"))
    answer = await api.delete(api.path("configmaps", "a"))
    assert (answer.code, answer.body["kind"], answer.body["status"]) == (200, "Status", "Success")
    assert answer.body["details"]["uid"] == created.body["metadata"]["uid"]
    assert (await api.get(api.path("configmaps", "a"))).code == 404


async def test_a_finalizer_holds_an_object_until_it_is_taken_off(api: Api) -> None:
    path = api.path("configmaps", "a")
    await api.create(api.path("configmaps"), {"metadata": {"name": "a", "finalizers": ["example.org/hold"]}})
    held = await api.delete(path)
    assert (held.code, held.body["kind"]) == (200, "ConfigMap")
    assert held.body["metadata"]["deletionTimestamp"]
    again = await api.create(api.path("configmaps"), config_map("a"))
    assert (again.code, "object is being deleted" in again.body["message"]) == (409, True)
    await api.patch(path, {"metadata": {"finalizers": None}})
    assert (await api.get(path)).code == 404


async def test_no_finalizer_can_be_added_to_what_is_being_deleted(api: Api) -> None:
    path = api.path("configmaps", "a")
    await api.create(api.path("configmaps"), {"metadata": {"name": "a", "finalizers": ["example.org/hold"]}})
    await api.delete(path)
    answer = await api.patch(path, {"metadata": {"finalizers": ["example.org/hold", "example.org/more"]}})
    assert (answer.code, answer.causes[0]["field"]) == (422, "metadata.finalizers")
    await api.patch(path, {"metadata": {"finalizers": None}})


@pytest.mark.parametrize(
    "precondition",
    [
        pytest.param({"uid": "00000000-0000-4000-8000-000000000000"}, id="another uid"),
        pytest.param({"resourceVersion": "1"}, id="another version"),
    ],
)
async def test_a_deletion_whose_precondition_fails_is_a_conflict(api: Api, precondition: dict[str, str]) -> None:
    await api.create(api.path("configmaps"), config_map("a"))
    body = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": precondition}
    answer = await api.delete(api.path("configmaps", "a"), body)
    assert (answer.code, answer.reason) == (409, "Conflict")
    assert (await api.get(api.path("configmaps", "a"))).code == 200


async def test_a_collection_is_deleted_by_label(api: Api) -> None:
    for name, colour in (("a", "red"), ("b", "red"), ("c", "blue")):
        await api.create(api.path("configmaps"), config_map(name, labels={"colour": colour}))
    answer = await api.delete(api.path("configmaps"), labelSelector="colour=red")
    assert answer.code == 200

    async def only_blue_left() -> bool:
        return (await api.get(api.path("configmaps"), labelSelector="colour")).names == ["c"]

    await until(only_blue_left, "the red ones to go")


async def test_a_dry_run_answers_and_stores_nothing(api: Api) -> None:
    path = api.path("configmaps", "a")
    tried = await api.create(api.path("configmaps"), config_map("a", x="1"), dryRun="All")
    assert (tried.code, (await api.get(path)).code) == (201, 404)
    created = await api.create(api.path("configmaps"), config_map("a", x="1"))
    patched = await api.patch(path, {"data": {"x": "2"}}, dryRun="All")
    assert patched.body["data"] == {"x": "2"}
    await api.delete(path, dryRun="All")
    assert (await api.get(path)).body == created.body


async def test_a_namespace_ends_with_what_is_in_it(api: Api) -> None:
    """A real plane without controllers keeps the namespace Terminating: both refuse new content."""
    held = {"metadata": {"name": "held", "finalizers": ["example.org/hold"]}}
    await api.create(api.path("configmaps"), held)
    await api.delete(f"/api/v1/namespaces/{api.namespace}")
    answer = await api.get(f"/api/v1/namespaces/{api.namespace}")
    assert answer.body["status"]["phase"] == "Terminating"
    refused = await api.create(api.path("configmaps"), config_map("late"))
    assert (refused.code, refused.reason, refused.causes[0]["reason"]) == (403, "Forbidden", "NamespaceTerminating")
    await api.patch(api.path("configmaps", "held"), {"metadata": {"finalizers": None}})
    assert (await api.get(api.path("configmaps", "held"))).code == 404


async def test_an_invalid_host_is_told_by_field(api: Api) -> None:
    answer = await api.create(api.path("ingresses", group=INGRESSES), ingress("shop", host="Not A Host"))
    assert (answer.code, answer.reason, answer.body["details"]["kind"]) == (422, "Invalid", "Ingress")
    assert answer.causes[0]["field"] == "spec.rules[0].host"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({}, {"type": "ClusterIP"}, id="a cluster address"),
        pytest.param({"clusterIP": "None"}, {"clusterIP": "None"}, id="headless"),
        pytest.param({"type": "ExternalName", "externalName": "a.example.org"}, {"externalName": "a.example.org"}, id="a name"),
        pytest.param({"type": "LoadBalancer"}, {"type": "LoadBalancer"}, id="a load balancer"),
    ],
)
async def test_a_service_is_filled_in(api: Api, spec: dict[str, str], expected: dict[str, str]) -> None:
    answer = await api.create(api.path("services"), service("shop", **spec))
    assert answer.code == 201
    assert expected.items() <= answer.body["spec"].items()
    assert ("clusterIP" in answer.body["spec"]) is (spec.get("type") != "ExternalName")
    assert ("nodePort" in answer.body["spec"]["ports"][0]) is (spec.get("type") == "LoadBalancer")


async def test_a_secret_keeps_plain_strings_encoded(api: Api) -> None:
    answer = await api.create(api.path("secrets"), {"metadata": {"name": "s"}, "stringData": {"token": "abc"}})
    assert (answer.body["data"], answer.body["type"]) == ({"token": "YWJj"}, "Opaque")
    assert "stringData" not in answer.body


async def test_an_event_has_two_faces(api: Api) -> None:
    regarding = {"kind": "Pod", "name": "p", "namespace": api.namespace}
    event = {
        "metadata": {"name": "e"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "example.org/c",
        "reportingInstance": "c-1",
        "action": "Test",
        "reason": "Tested",
        "type": "Normal",
        "note": "it works",
        "regarding": regarding,
    }
    created = await api.create(api.path("events", group="events.k8s.io/v1"), event)
    assert (created.code, created.body.get("note")) == (201, "it works")
    core = await api.get(api.path("events", "e"))
    assert (core.body["message"], core.body["involvedObject"]["name"], core.body["apiVersion"]) == ("it works", "p", "v1")


async def test_the_cluster_has_its_namespaces(api: Api) -> None:
    for name in ("default", "kube-system"):
        answer = await api.get(f"/api/v1/namespaces/{name}")
        assert (answer.code, len(answer.body["metadata"]["uid"])) == (200, 36)


async def test_writes_to_one_object_at_a_time_lose_nothing(api: Api) -> None:
    await api.create(api.path("configmaps"), config_map("a"))
    await asyncio.gather(*(api.patch(api.path("configmaps", "a"), {"data": {str(n): "x"}}) for n in range(5)))
    assert len((await api.get(api.path("configmaps", "a"))).body["data"]) == 5
