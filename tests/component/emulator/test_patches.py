"""The four forms of PATCH; what server-side apply does with managers is in `test_apply`."""

from typing import Any

import pytest

from tests.component.emulator import widgets
from tests.component.emulator.client import APPLY, PATCH, STRATEGIC, Api, config_map, service


async def test_a_merge_patch_adds_changes_and_with_null_removes(api: Api) -> None:
    await api.create(api.path("configmaps"), config_map("a", x="1", y="2"))
    answer = await api.patch(api.path("configmaps", "a"), {"data": {"x": None, "y": "3", "z": "4"}})
    assert (answer.code, answer.body["data"]) == (200, {"y": "3", "z": "4"})


async def test_a_merge_patch_with_a_stale_version_is_a_conflict(api: Api) -> None:
    created = await api.create(api.path("configmaps"), config_map("a", x="1"))
    version = created.body["metadata"]["resourceVersion"]
    await api.patch(api.path("configmaps", "a"), {"data": {"x": "2"}})
    stale = await api.patch(api.path("configmaps", "a"), {"metadata": {"resourceVersion": version}, "data": {"x": "3"}})
    assert (stale.code, stale.reason) == (409, "Conflict")


@pytest.mark.parametrize(
    ("operations", "data"),
    [
        pytest.param([{"op": "add", "path": "/data/b", "value": "2"}], {"a": "1", "b": "2"}, id="add"),
        pytest.param([{"op": "replace", "path": "/data/a", "value": "9"}], {"a": "9"}, id="replace"),
        pytest.param([{"op": "move", "from": "/data/a", "path": "/data/z"}], {"z": "1"}, id="move"),
        pytest.param([{"op": "copy", "from": "/data/a", "path": "/data/z"}], {"a": "1", "z": "1"}, id="copy"),
        pytest.param(
            [{"op": "test", "path": "/data/a", "value": "1"}, {"op": "add", "path": "/data/x~1y", "value": "s"}],
            {"a": "1", "x/y": "s"},
            id="test and an escaped slash",
        ),
    ],
)
async def test_a_json_patch_does_what_it_says(api: Api, operations: list[Any], data: dict[str, str]) -> None:
    kind = await widgets.serve(api)
    await api.create(kind.path(), kind.obj(free={"data": {"a": "1"}}))
    moved = [{key: f"/spec/free{one}" if key in ("path", "from") else one for key, one in op.items()} for op in operations]
    answer = await api.patch(kind.path("w"), moved, PATCH)
    assert (answer.code, answer.body["spec"]["free"]["data"]) == (200, data)


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param({"op": "test", "path": "/data/x", "value": "other"}, id="a test that fails"),
        pytest.param({"op": "remove", "path": "/data/absent"}, id="a path that is not there"),
    ],
)
async def test_a_json_patch_that_fails_changes_nothing(api: Api, operation: dict[str, Any]) -> None:
    await api.create(api.path("configmaps"), config_map("a", x="1"))
    body = [{"op": "replace", "path": "/data/x", "value": "2"}, operation]
    answer = await api.patch(api.path("configmaps", "a"), body, PATCH)
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert (await api.get(api.path("configmaps", "a"))).body["data"] == {"x": "1"}


async def test_a_strategic_patch_merges_ports_by_number(api: Api) -> None:
    ports = [{"name": "http", "port": 80}, {"name": "https", "port": 443}]
    await api.create(api.path("services"), service("shop", ports=ports))
    patch = {"spec": {"ports": [{"port": 443, "targetPort": 8443}, {"$patch": "delete", "port": 80}]}}
    answer = await api.patch(api.path("services", "shop"), patch, STRATEGIC)
    assert [(port["port"], port["name"], port["targetPort"]) for port in answer.body["spec"]["ports"]] == [(443, "https", 8443)]


async def test_a_strategic_patch_of_a_custom_object_is_an_unknown_form(api: Api) -> None:
    kind = await widgets.serve(api)
    await api.create(kind.path(), kind.obj())
    answer = await api.patch(kind.path("w"), {"spec": {"size": 2}}, STRATEGIC)
    assert (answer.code, answer.reason) == (415, "UnsupportedMediaType")


async def test_patching_what_is_not_there_is_not_found(api: Api) -> None:
    assert (await api.patch(api.path("configmaps", "a"), {"data": {}})).code == 404


async def test_an_apply_patch_may_be_yaml(api: Api) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  when: '2026-01-01'\n  day: '1'\n"
    answer = await api.patch(api.path("configmaps", "a"), text, APPLY, fieldManager="me")
    assert (answer.code, answer.body["data"]) == (201, {"when": "2026-01-01", "day": "1"})
