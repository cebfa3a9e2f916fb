"""Server-side apply: who owns what, who may take it, and what goes when nobody wants it any more."""

from tests.component.emulator import widgets
from tests.component.emulator.client import INGRESSES, Api, config_map, ingress


async def test_applying_creates_and_then_updates(api: Api) -> None:
    path = api.path("configmaps", "a")
    first = await api.apply(path, config_map("a", x="1"), "me")
    second = await api.apply(path, config_map("a", x="2"), "me")
    assert (first.code, second.code, second.body["data"]) == (201, 200, {"x": "2"})
    entries = second.body["metadata"]["managedFields"]
    assert [(one["manager"], one["operation"]) for one in entries] == [("me", "Apply")]
    assert entries[0]["fieldsV1"]["f:data"]["f:x"] == {}


async def test_applying_without_a_manager_is_refused(api: Api) -> None:
    answer = await api.patch(api.path("configmaps", "a"), config_map("a"), "application/apply-patch+yaml")
    assert (answer.code, answer.reason, answer.causes[0]["field"]) == (422, "Invalid", "fieldManager")


async def test_applying_the_same_again_keeps_the_version(api: Api) -> None:
    path = api.path("configmaps", "a")
    first = await api.apply(path, config_map("a", x="1"), "me")
    again = await api.apply(path, config_map("a", x="1"), "me")
    assert again.body["metadata"]["resourceVersion"] == first.body["metadata"]["resourceVersion"]


async def test_a_field_of_another_manager_is_a_conflict_unless_forced(api: Api) -> None:
    path = api.path("configmaps", "a")
    await api.apply(path, config_map("a", x="1"), "first")
    refused = await api.apply(path, config_map("a", x="2"), "second")
    assert (refused.code, refused.reason) == (409, "Conflict")
    assert [(cause["reason"], cause["field"]) for cause in refused.causes] == [("FieldManagerConflict", ".data.x")]
    assert '"first"' in refused.causes[0]["message"]
    forced = await api.apply(path, config_map("a", x="2"), "second", force="true")
    assert (forced.code, forced.body["data"]) == (200, {"x": "2"})
    assert [one["manager"] for one in forced.body["metadata"]["managedFields"]] == ["second"]


async def test_an_equal_value_is_owned_by_both_and_stays_until_neither_wants_it(api: Api) -> None:
    path = api.path("configmaps", "a")
    await api.apply(path, config_map("a", x="1"), "first")
    both = await api.apply(path, config_map("a", x="1"), "second")
    assert {one["manager"] for one in both.body["metadata"]["managedFields"]} == {"first", "second"}
    one_left = await api.apply(path, config_map("a", y="1"), "first")
    assert one_left.body["data"] == {"x": "1", "y": "1"}
    none_left = await api.apply(path, config_map("a", z="1"), "second")
    assert none_left.body["data"] == {"y": "1", "z": "1"}


async def test_a_field_no_longer_applied_goes(api: Api) -> None:
    path = api.path("configmaps", "a")
    await api.apply(path, config_map("a", x="1", y="2"), "me")
    answer = await api.apply(path, config_map("a", x="1"), "me")
    assert answer.body["data"] == {"x": "1"}


async def test_a_field_somebody_else_wrote_stays(api: Api) -> None:
    path = api.path("configmaps", "a")
    await api.apply(path, config_map("a", x="1"), "me")
    await api.patch(path, {"data": {"y": "2"}}, fieldManager="human")
    answer = await api.apply(path, config_map("a", x="3"), "me")
    assert answer.body["data"] == {"x": "3", "y": "2"}


async def test_a_plain_write_takes_ownership_so_that_applying_conflicts(api: Api) -> None:
    path = api.path("configmaps", "a")
    await api.apply(path, config_map("a", x="1"), "me")
    await api.patch(path, {"data": {"x": "2"}}, fieldManager="human")
    answer = await api.apply(path, config_map("a", x="1"), "me")
    assert (answer.code, '"human"' in answer.causes[0]["message"]) == (409, True)


async def test_keyed_list_items_belong_to_their_managers(api: Api) -> None:
    kind = await widgets.serve(api)
    await api.apply(kind.path("w"), kind.config(size=1, parts=[{"name": "a", "weight": 1}]), "first")
    joined = await api.apply(kind.path("w"), kind.config(parts=[{"name": "b", "weight": 2}]), "second")
    assert [part["name"] for part in joined.body["spec"]["parts"]] == ["a", "b"]
    left = await api.apply(kind.path("w"), kind.config(size=1), "first")
    assert left.body["spec"]["parts"] == [{"name": "b", "slot": "front", "weight": 2}]


async def test_a_key_that_is_defaulted_names_the_same_item(api: Api) -> None:
    kind = await widgets.serve(api)
    await api.apply(kind.path("w"), kind.config(size=1, parts=[{"name": "a", "weight": 1}]), "me")
    answer = await api.apply(kind.path("w"), kind.config(size=1, parts=[{"name": "a", "slot": "front", "weight": 2}]), "me")
    assert answer.body["spec"]["parts"] == [{"name": "a", "slot": "front", "weight": 2}]


async def test_sets_are_joined_and_atomic_lists_are_replaced(api: Api) -> None:
    kind = await widgets.serve(api)
    await api.apply(kind.path("w"), kind.config(size=1, tags=["a"], order=["x"]), "first")
    joined = await api.apply(kind.path("w"), kind.config(tags=["b"]), "second")
    assert (sorted(joined.body["spec"]["tags"]), joined.body["spec"]["order"]) == (["a", "b"], ["x"])
    refused = await api.apply(kind.path("w"), kind.config(order=["y"]), "second")
    assert (refused.code, refused.causes[0]["field"]) == (409, ".spec.order")


async def test_conditions_of_two_writers_live_side_by_side(api: Api) -> None:
    kind = await widgets.serve(api)
    await api.create(kind.path(), kind.obj())

    def status(name: str) -> dict[str, object]:
        condition = {"type": name, "status": "True"}
        return {key: one for key, one in kind.config().items() if key != "spec"} | {"status": {"conditions": [condition]}}

    await api.apply(kind.path("w") + "/status", status("Ready"), "first")
    answer = await api.apply(kind.path("w") + "/status", status("Programmed"), "second")
    assert [one["type"] for one in answer.body["status"]["conditions"]] == ["Ready", "Programmed"]
    assert answer.body["metadata"]["generation"] == 1
    owners = {(one["manager"], one.get("subresource")) for one in answer.body["metadata"]["managedFields"]}
    assert {("first", "status"), ("second", "status")} <= owners


async def test_a_status_in_the_main_path_is_ignored(api: Api) -> None:
    kind = await widgets.serve(api)
    config = kind.config(size=1) | {"status": {"ready": True}}
    answer = await api.apply(kind.path("w"), config, "me")
    assert "status" not in answer.body


async def test_applying_a_status_to_what_is_not_there_is_not_found(api: Api) -> None:
    kind = await widgets.serve(api)
    answer = await api.apply(kind.path("w") + "/status", kind.config() | {"status": {"ready": True}}, "me")
    assert answer.code == 404


async def test_a_status_written_by_a_load_balancer_is_no_conflict_for_the_spec(api: Api) -> None:
    path = api.path("ingresses", "shop", INGRESSES)
    await api.apply(path, ingress("shop"), "me")
    await api.patch(f"{path}/status", {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}, fieldManager="lb")
    answer = await api.apply(path, ingress("shop", labels={"a": "b"}), "me")
    assert (answer.code, answer.body["status"]["loadBalancer"]["ingress"]) == (200, [{"ip": "192.0.2.1"}])


async def test_managed_fields_cannot_be_applied(api: Api) -> None:
    config = config_map("a")
    config["metadata"]["managedFields"] = [{"manager": "x"}]
    assert (await api.apply(api.path("configmaps", "a"), config, "me")).code == 400


async def test_applying_with_a_stale_version_is_a_conflict(api: Api) -> None:
    path = api.path("configmaps", "a")
    first = await api.apply(path, config_map("a", x="1"), "me")
    await api.apply(path, config_map("a", x="2"), "me")
    config = config_map("a", x="3")
    config["metadata"]["resourceVersion"] = first.body["metadata"]["resourceVersion"]
    assert (await api.apply(path, config, "me")).code == 409


async def test_a_dry_run_of_an_apply_stores_nothing(api: Api) -> None:
    path = api.path("configmaps", "a")
    tried = await api.apply(path, config_map("a", x="1"), "me", dryRun="All")
    assert (tried.code, (await api.get(path)).code) == (201, 404)
