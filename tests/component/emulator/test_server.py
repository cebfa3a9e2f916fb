"""The in-process face of a server, several in one process, and what only the emulator promises."""

import asyncio
import io
import json
from datetime import UTC, datetime

import pytest

from mcidns.emulator import ApiServer, StatusError
from tests.component.emulator import widgets
from tests.component.emulator.client import Api, Json, config_map, ingress, until

PATH = "/api/v1/configmaps"


async def test_what_is_put_in_process_is_seen_by_watchers(server: ApiServer, client: Api) -> None:
    async with client.watching(PATH, resourceVersion=await client.version(PATH)) as watch:
        server.put(config_map("a"))
        server.put(config_map("a", x="1"))
        server.delete("configmaps", "a")
        assert await watch.seen(3) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


async def test_a_status_is_put_with_the_object_and_kept_when_none_is_given(server: ApiServer) -> None:
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    server.put(ingress("shop", namespace="shop") | {"status": status})
    server.put(ingress("shop", namespace="shop", labels={"a": "b"}))
    found = server.get("ingresses", "shop", "shop")
    assert (found["status"], found["metadata"]["labels"]) == (status, {"a": "b"})


async def test_what_is_got_in_process_is_a_copy(server: ApiServer) -> None:
    server.put(config_map("a", x="1"))
    server.get("configmaps", "a")["data"]["x"] = "changed"
    given = config_map("b", x="1")
    server.put(given)
    given["data"]["x"] = "changed"
    assert [server.get("ConfigMap", name)["data"] for name in ("a", "b")] == [{"x": "1"}, {"x": "1"}]


@pytest.mark.parametrize(
    "word",
    [
        pytest.param("ingresses", id="a plural"),
        pytest.param("ingresses.networking.k8s.io", id="a plural with its group"),
        pytest.param("Ingress", id="a kind"),
        pytest.param("ing", id="a short name"),
    ],
)
async def test_kinds_go_by_every_name_kubectl_knows(server: ApiServer, word: str) -> None:
    server.put(ingress("shop"))
    assert [one["metadata"]["name"] for one in server.list(word)] == ["shop"]
    assert server.find(word, "absent") is None


async def test_what_is_missing_or_wrong_in_process_is_told_as_over_http(server: ApiServer) -> None:
    with pytest.raises(StatusError, match='configmaps "a" not found') as missing:
        server.get("configmaps", "a")
    with pytest.raises(StatusError, match="install its CRD first") as unknown:
        server.put({"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": "w"}})
    with pytest.raises(StatusError, match=r"spec\.rules\[0\]\.host") as invalid:
        server.put(ingress("shop", host="Not A Host"))
    assert [caught.value.code for caught in (missing, unknown, invalid)] == [404, 404, 422]


async def test_two_servers_do_not_move_together() -> None:
    async with ApiServer("one") as one, ApiServer("other") as other:
        one.put(config_map("a"))
        other.put(config_map("a"))
        uids = {server.get("namespaces", "kube-system")["metadata"]["uid"] for server in (one, other)}
        assert (len(uids), one.storage.version != other.storage.version) == (2, True)


async def test_a_hundred_servers_run_in_one_process() -> None:
    servers = [ApiServer(f"s{number}") for number in range(100)]
    await asyncio.gather(*(server.start() for server in servers))
    try:
        for server in servers:
            server.put(config_map(server.name))
        assert len({server.port for server in servers}) == 100
        for server in (servers[0], servers[57], servers[99]):
            async with Api(server.url) as api:
                assert (await api.get(PATH)).names == [server.name]
    finally:
        await asyncio.gather(*(server.stop() for server in servers))


async def test_times_come_from_the_clock_that_is_given() -> None:
    async with ApiServer(clock=lambda: datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)) as server:
        assert server.put(config_map("a"))["metadata"]["creationTimestamp"] == "2030-01-02T03:04:05Z"


async def test_a_namespace_is_gone_at_once_when_nothing_holds_it(server: ApiServer) -> None:
    server.put(config_map("a") | {"metadata": {"name": "a", "namespace": "shop"}})
    server.delete("namespaces", "shop")
    assert (server.find("namespaces", "shop"), server.find("configmaps", "a", "shop")) == (None, None)


async def test_a_held_namespace_goes_with_the_last_finalizer(server: ApiServer, client: Api) -> None:
    held = {"name": "held", "namespace": client.namespace, "finalizers": ["example.org/hold"]}
    server.put(config_map("held") | {"metadata": held})
    server.delete("namespaces", client.namespace)
    assert server.get("namespaces", client.namespace)["status"]["phase"] == "Terminating"
    await client.patch(client.path("configmaps", "held"), {"metadata": {"finalizers": None}})
    assert server.find("namespaces", client.namespace) is None


async def test_a_definition_let_go_takes_what_it_held_along(server: ApiServer, client: Api) -> None:
    kind = await widgets.serve(client)
    await client.create(kind.path(), kind.obj())
    path = f"{widgets.DEFINITIONS}/widgets.{kind.group}"
    await client.patch(path, {"metadata": {"finalizers": ["example.org/hold"]}})
    await client.delete(path)
    assert (await client.get(kind.path())).code == 200
    await client.patch(path, {"metadata": {"finalizers": None}})
    assert ((await client.get(path)).code, (await client.get(kind.path())).code) == (404, 404)


def dependent(name: str, *owners: Json) -> Json:
    listed = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": one["metadata"]["name"], "uid": one["metadata"]["uid"]} for one in owners
    ]
    return config_map(name) | {"metadata": {"name": name, "ownerReferences": listed}}


async def test_dependents_are_collected_only_where_that_is_asked_for() -> None:
    for collects in (True, False):
        server = ApiServer(collect_garbage=collects)
        first, second = server.put(config_map("first")), server.put(config_map("second"))
        server.put(dependent("child", first))
        server.put(dependent("shared", first, second))
        server.delete("configmaps", "first")
        found = {one["metadata"]["name"] for one in server.list("configmaps")}
        assert found == {"second", "shared"} | (set() if collects else {"child"})


async def test_a_kubeconfig_says_all_a_client_needs() -> None:
    async with ApiServer("host", token="secret") as server:
        config = server.kubeconfig()
        assert config["current-context"] == "host"
        assert config["clusters"][0]["cluster"] == {"server": server.url}
        assert config["users"][0]["user"] == {"token": "secret"}
        assert "token: other" in server.kubeconfig_yaml("other")


async def test_a_reader_that_falls_behind_is_told_so() -> None:
    """A client that reads nothing holds no memory but the history, and learns that it missed something."""
    async with ApiServer(history=5) as server, Api(server.url) as api:
        async with api.watching(PATH, resourceVersion=await api.version(PATH)) as watch:
            await until(lambda: opened(server), "the stream")
            for number in range(40):
                server.put(config_map("a", number=str(number)))
            events = await watch.rest()
        assert [(one["type"], one["object"]["code"]) for one in events] == [("ERROR", 410)]


async def opened(server: ApiServer) -> bool:
    return len(server.faults.streams) == 1


async def test_streams_that_clients_leave_are_forgotten(server: ApiServer, client: Api) -> None:
    async with client.watching(PATH):
        assert len(server.faults.streams) == 1

    async def left() -> bool:
        return not server.faults.streams

    await until(left, "the stream to be forgotten")


async def test_an_oversized_body_is_refused(server: ApiServer, client: Api) -> None:
    body = io.BytesIO(json.dumps(config_map("a", x="y" * (4 << 20))).encode())
    answer = await client.create(client.path("configmaps"), body)
    assert (answer.code, answer.reason, server.find("configmaps", "a", client.namespace)) == (413, "RequestEntityTooLarge", None)


async def test_a_rule_the_emulator_cannot_evaluate_is_told_when_it_is_installed(client: Api) -> None:
    group = "odd.example.org"
    body = widgets.definition(group)
    schema = body["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["x-kubernetes-validations"] = [{"rule": "isIP(self.spec.host)"}]
    answer = await client.create(widgets.DEFINITIONS, body)
    assert (answer.code, "is not evaluated by this emulator" in answer.headers["Warning"]) == (201, True)
