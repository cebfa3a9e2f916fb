"""Lists: what their items look like, pages, versions, selectors, and the Table form."""

import pytest

from tests.component.emulator import widgets
from tests.component.emulator.client import INGRESSES, Api, config_map, ingress

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


async def filled(api: Api, count: int) -> str:
    """The collection of so many ConfigMaps c0, c1, …"""
    path = api.path("configmaps")
    for number in range(count):
        await api.create(path, config_map(f"c{number}"))
    return path


async def mine(api: Api, **query: str) -> list[str]:
    """The names of the test's own ConfigMaps that a list shows; real planes may add some."""
    answer = await api.get(api.path("configmaps"), **query)
    assert answer.code == 200, answer.body
    return [name for name in answer.names if not name.startswith("kube-")]


async def test_items_of_a_builtin_list_carry_no_kind(api: Api) -> None:
    path = api.path("ingresses", group=INGRESSES)
    await api.create(path, ingress("shop"))
    answer = await api.get(path)
    assert (answer.body["kind"], answer.body["apiVersion"]) == ("IngressList", "networking.k8s.io/v1")
    assert {"kind", "apiVersion"}.isdisjoint(answer.body["items"][0])


async def test_items_of_a_custom_list_do(api: Api) -> None:
    kind = await widgets.serve(api)
    await api.create(kind.path(), kind.obj())
    answer = await api.get(kind.path())
    assert (answer.body["kind"], answer.body["items"][0]["kind"]) == ("WidgetList", "Widget")


async def test_an_empty_list_is_a_list(api: Api) -> None:
    answer = await api.get(api.path("services"))
    assert (answer.code, answer.body["items"]) == (200, [])


async def test_a_list_over_all_namespaces_holds_those_of_each(api: Api) -> None:
    await api.create(api.path("ingresses", group=INGRESSES), ingress("shop"))
    answer = await api.get(f"/apis/{INGRESSES}/ingresses")
    assert (api.namespace, "shop") in {(one["metadata"]["namespace"], one["metadata"]["name"]) for one in answer.body["items"]}


async def test_the_version_of_a_list_is_not_older_than_its_items(api: Api) -> None:
    path = await filled(api, 2)
    answer = await api.get(path)
    newest = max(int(one["metadata"]["resourceVersion"]) for one in answer.body["items"])
    assert int(answer.body["metadata"]["resourceVersion"]) >= newest


async def test_a_long_list_comes_in_pages_of_one_version(api: Api) -> None:
    kind = await widgets.serve(api)
    for number in range(5):
        await api.create(kind.path(), kind.obj(f"w{number}"))
    first = await api.get(kind.path(), limit="2")
    assert (first.names, first.body["metadata"]["remainingItemCount"]) == (["w0", "w1"], 3)
    await api.create(kind.path(), kind.obj("w9"))
    second = await api.get(kind.path(), limit="2", **{"continue": first.body["metadata"]["continue"]})
    assert (second.names, second.body["metadata"]["remainingItemCount"]) == (["w2", "w3"], 1)
    assert second.body["metadata"]["resourceVersion"] == first.body["metadata"]["resourceVersion"]
    third = await api.get(kind.path(), limit="2", **{"continue": second.body["metadata"]["continue"]})
    assert (third.names, "continue" in third.body["metadata"]) == (["w4"], False)


async def test_a_page_of_a_selection_does_not_know_how_much_is_left(api: Api) -> None:
    for name in ("a", "b", "c"):
        await api.create(api.path("configmaps"), config_map(name, labels={"x": "y"}))
    answer = await api.get(api.path("configmaps"), limit="1", labelSelector="x=y")
    assert (answer.names, "remainingItemCount" in answer.body["metadata"]) == (["a"], False)


async def test_a_token_that_is_none_is_refused(api: Api) -> None:
    answer = await api.get(api.path("configmaps"), limit="1", **{"continue": "nonsense"})
    assert (answer.code, answer.reason) == (400, "BadRequest")


async def test_an_exact_version_of_the_past_is_shown(api: Api) -> None:
    path = api.path("services")
    version = await api.version(path)
    await api.create(path, {"metadata": {"name": "late"}, "spec": {"ports": [{"port": 80}]}})
    answer = await api.get(path, resourceVersion=version, resourceVersionMatch="Exact")
    assert (answer.code, answer.names, answer.body["metadata"]["resourceVersion"]) == (200, [], version)


async def test_a_version_of_the_future_is_a_time_out(api: Api) -> None:
    version = str(int(await api.version(api.path("configmaps"))) + 1_000_000)
    answer = await api.get(api.path("configmaps"), resourceVersion=version, resourceVersionMatch="NotOlderThan")
    assert (answer.code, answer.reason, answer.causes[0]["reason"]) == (504, "Timeout", "ResourceVersionTooLarge")
    assert answer.body["details"]["retryAfterSeconds"] == 1


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        pytest.param("colour=red", ["a", "b"], id="equal"),
        pytest.param("colour==red,size=big", ["b"], id="two requirements"),
        pytest.param("colour!=red", ["c", "d"], id="unequal or absent"),
        pytest.param("colour in (red,blue)", ["a", "b", "c"], id="in"),
        pytest.param("colour notin (red)", ["c", "d"], id="not in, or absent"),
        pytest.param("colour", ["a", "b", "c"], id="exists"),
        pytest.param("!colour", ["d"], id="does not exist"),
        pytest.param("colour in (red), size notin (small)", ["b"], id="sets joined"),
    ],
)
async def test_labels_select(api: Api, selector: str, expected: list[str]) -> None:
    marks = {
        "a": {"colour": "red", "size": "small"},
        "b": {"colour": "red", "size": "big"},
        "c": {"colour": "blue"},
        "d": {},
    }
    for name, labels in marks.items():
        await api.create(api.path("configmaps"), config_map(name, labels=labels))
    assert await mine(api, labelSelector=selector) == expected


async def test_fields_select_by_name(api: Api) -> None:
    await filled(api, 3)
    assert await mine(api, fieldSelector="metadata.name=c1") == ["c1"]
    assert await mine(api, fieldSelector="metadata.name!=c1") == ["c0", "c2"]
    assert await mine(api, fieldSelector=f"metadata.namespace={api.namespace}") == ["c0", "c1", "c2"]


async def test_secrets_are_selected_by_type(api: Api) -> None:
    await api.create(api.path("secrets"), {"metadata": {"name": "plain"}})
    await api.create(api.path("secrets"), {"metadata": {"name": "special"}, "type": "example.org/special"})
    answer = await api.get(api.path("secrets"), fieldSelector="type=example.org/special")
    assert answer.names == ["special"]


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"labelSelector": "a b c"}, id="labels nobody can read"),
        pytest.param({"fieldSelector": "spec.nothing=x"}, id="a field that is not offered"),
    ],
)
async def test_a_selector_that_is_none_is_refused(api: Api, query: dict[str, str]) -> None:
    assert (await api.get(api.path("configmaps"), **query)).code == 400


async def test_a_table_has_the_columns_of_the_definition(api: Api) -> None:
    kind = await widgets.serve(api)
    await api.create(kind.path(), kind.obj(size=7))
    await api.patch(kind.path("w") + "/status", {"status": {"conditions": [{"type": "Ready", "status": "True"}]}})
    answer = await api.get(kind.path(), accept=TABLE)
    assert answer.body["kind"] == "Table"
    assert [column["name"] for column in answer.body["columnDefinitions"]] == ["Name", "Size", "Ready", "Age"]
    row = answer.body["rows"][0]
    assert row["cells"][:3] == ["w", 7, "True"]
    assert row["cells"][3].endswith("s")
    assert (row["object"]["kind"], row["object"]["metadata"]["name"]) == ("PartialObjectMetadata", "w")


async def test_a_single_object_has_a_table_too(api: Api) -> None:
    await api.create(api.path("configmaps"), config_map("a"))
    answer = await api.get(api.path("configmaps", "a"), accept=TABLE)
    assert (answer.body["kind"], answer.body["rows"][0]["cells"][0]) == ("Table", "a")


async def test_metadata_alone_can_be_asked_for(api: Api) -> None:
    await api.create(api.path("configmaps"), config_map("a", labels={"x": "y"}))
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    answer = await api.get(api.path("configmaps"), accept=accept, labelSelector="x=y")
    assert answer.body["kind"] == "PartialObjectMetadataList"
    assert set(answer.body["items"][0]) <= {"metadata", "kind", "apiVersion"}
