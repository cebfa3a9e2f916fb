"""CustomResourceDefinitions: serving, schemas, defaults, pruning, rules; how lists of custom objects look is in `test_listing`."""

from typing import Any

import pytest

from tests.component.emulator import widgets
from tests.component.emulator.client import PATCH, Api, until
from tests.component.emulator.widgets import DEFINITIONS


async def test_a_definition_is_established_and_discovered(api: Api) -> None:
    kind = await widgets.serve(api)

    async def established() -> bool:
        answer = await api.get(f"{DEFINITIONS}/widgets.{kind.group}")
        conditions = {one["type"]: one["status"] for one in answer.body["status"].get("conditions", [])}
        return conditions.get("Established") == "True" and conditions.get("NamesAccepted") == "True"

    await until(established, "the definition to be established")
    listed = await api.get(f"/apis/{kind.group}/v1")
    found = {one["name"]: one for one in listed.body["resources"]}
    assert set(found) == {"widgets", "widgets/status"}
    assert (found["widgets"]["kind"], found["widgets"]["shortNames"], found["widgets"]["namespaced"]) == ("Widget", ["wi"], True)


async def test_a_definition_that_goes_takes_its_objects_along(api: Api) -> None:
    kind = await widgets.serve(api)
    await api.create(kind.path(), kind.obj())
    await api.delete(f"{DEFINITIONS}/widgets.{kind.group}")

    async def gone() -> bool:
        return (await api.get(kind.path())).code == 404

    await until(gone, "the kind to go")


async def test_a_definition_under_a_wrong_name_is_refused(api: Api) -> None:
    body = widgets.definition("wrong.example.org")
    body["metadata"]["name"] = "other.wrong.example.org"
    answer = await api.create(DEFINITIONS, body)
    assert (answer.code, answer.causes[0]["field"]) == (422, "metadata.name")


async def test_defaults_are_filled_in(api: Api) -> None:
    kind = await widgets.serve(api)
    answer = await api.create(kind.path(), kind.obj(parts=[{"name": "a"}]))
    assert answer.body["spec"] == {"size": 1, "mode": "Fast", "parts": [{"name": "a", "slot": "front"}]}


async def test_unknown_fields_are_pruned_and_told(api: Api) -> None:
    kind = await widgets.serve(api)
    answer = await api.create(kind.path(), kind.obj(unknown="x", free={"anything": {"goes": 1}}))
    assert answer.body["spec"] == {"size": 1, "mode": "Fast", "free": {"anything": {"goes": 1}}}
    assert 'unknown field "spec.unknown"' in answer.headers["Warning"].replace("\\", "")


async def test_unknown_fields_are_refused_where_strictness_is_asked_for(api: Api) -> None:
    kind = await widgets.serve(api)
    answer = await api.create(kind.path(), kind.obj(unknown="x"), fieldValidation="Strict")
    assert (answer.code, answer.reason) == (400, "BadRequest")
    assert 'unknown field "spec.unknown"' in answer.body["message"]


@pytest.mark.parametrize(
    ("spec", "field", "reason"),
    [
        pytest.param({"size": "big"}, "spec.size", "FieldValueTypeInvalid", id="a wrong type"),
        pytest.param({"size": 0}, "spec.size", "FieldValueInvalid", id="below the minimum"),
        pytest.param({"size": 101}, "spec.size", "FieldValueInvalid", id="above the maximum"),
        pytest.param({"mode": "Odd"}, "spec.mode", "FieldValueNotSupported", id="not in the enumeration"),
        pytest.param({"host": "UPPER"}, "spec.host", "FieldValueInvalid", id="not of the pattern"),
        pytest.param({"host": "a" * 21}, "spec.host", "FieldValueTooLong", id="too long"),
        pytest.param({"parts": [{"weight": 1}]}, "spec.parts[0].name", "FieldValueRequired", id="a required field missing"),
        pytest.param({"parts": [{"name": str(n)} for n in range(5)]}, "spec.parts", "FieldValueTooMany", id="too many items"),
        pytest.param({"tags": ["a", "a"]}, "spec.tags[1]", "FieldValueDuplicate", id="twice in a set"),
        pytest.param(
            {"parts": [{"name": "a"}, {"name": "a", "slot": "front"}]}, "spec.parts[1]", "FieldValueDuplicate", id="a key twice"
        ),
        pytest.param({"window": {"low": 2, "high": 1}}, "spec.window", "FieldValueInvalid", id="a rule that does not hold"),
    ],
)
async def test_what_the_schema_does_not_allow_is_refused_by_field(api: Api, spec: dict[str, Any], field: str, reason: str) -> None:
    kind = await widgets.serve(api)
    answer = await api.create(kind.path(), kind.obj(**spec))
    assert (answer.code, answer.reason, answer.body["details"]["kind"]) == (422, "Invalid", "Widget")
    assert (field, reason) in [(cause["field"], cause["reason"]) for cause in answer.causes]


async def test_a_rule_tells_its_message(api: Api) -> None:
    kind = await widgets.serve(api)
    answer = await api.create(kind.path(), kind.obj(window={"low": 2, "high": 1}))
    assert "low must not be above high" in answer.body["message"]


async def test_an_int_or_string_takes_both(api: Api) -> None:
    kind = await widgets.serve(api)
    number = await api.create(kind.path(), kind.obj("a", port=80))
    text = await api.create(kind.path(), kind.obj("b", port="http"))
    neither = await api.create(kind.path(), kind.obj("c", port=[1]))
    assert (number.code, text.code, neither.code) == (201, 201, 422)


async def test_a_patch_is_validated_too(api: Api) -> None:
    kind = await widgets.serve(api)
    await api.create(kind.path(), kind.obj())
    merged = await api.patch(kind.path("w"), {"spec": {"size": 0}})
    patched = await api.patch(kind.path("w"), [{"op": "remove", "path": "/spec/size"}], PATCH)
    assert (merged.code, patched.code) == (422, 422)
    assert (await api.get(kind.path("w"))).body["spec"]["size"] == 1


async def test_a_status_is_validated_on_its_own_path(api: Api) -> None:
    kind = await widgets.serve(api)
    await api.create(kind.path(), kind.obj())
    bad = await api.patch(kind.path("w") + "/status", {"status": {"ready": "maybe"}})
    good = await api.patch(kind.path("w") + "/status", {"status": {"ready": True, "unknown": 1}})
    assert (bad.code, good.body["status"]) == (422, {"ready": True})


async def test_without_a_status_subresource_the_status_is_a_field_like_others(api: Api) -> None:
    kind = await widgets.serve(api, subresources={})
    answer = await api.create(kind.path(), kind.obj(status={"ready": True}))
    assert answer.body["status"] == {"ready": True}
    changed = await api.patch(kind.path("w"), {"status": {"ready": False}})
    assert changed.body["metadata"]["generation"] == 2
    assert (await api.patch(kind.path("w") + "/status", {"status": {}})).code == 404


async def test_an_object_of_another_kind_is_refused(api: Api) -> None:
    kind = await widgets.serve(api)
    assert (await api.create(kind.path(), kind.obj() | {"kind": "Gadget"})).code == 400
