"""Tokens of service accounts: TokenRequest as a real server answers it, and what a control plane's token controller does."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mcidns.emulator import ApiServer
from tests.component.emulator.client import Answer, Api

ACCOUNT = "kubernetes.io/service-account.name"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


async def account(api: Api, name: str = "reader") -> str:
    path = api.path("serviceaccounts")
    assert (await api.create(path, {"metadata": {"name": name}})).code == 201
    return f"{path}/{name}"


async def ask(api: Api, path: str, **spec: Any) -> Answer:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    return await api.create(f"{path}/token", body)


async def code(api: Api, token: str) -> int:
    """What the token is answered: 403 while it lives, 401 once it is dead."""
    return (await api.get(api.path("secrets"), token=token)).code


async def until_dead(api: Api, token: str) -> None:
    """Wait until the token is refused: a real server keeps what it found of it for ten seconds."""
    async with asyncio.timeout(30):
        while await code(api, token) != 401:
            await asyncio.sleep(0.05)


def claims(token: str) -> Any:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def token_secret(name: str = "reader-token", **annotations: str) -> dict[str, Any]:
    metadata = {"name": name, "annotations": annotations or {ACCOUNT: "reader"}}
    return {"metadata": metadata, "type": "kubernetes.io/service-account-token"}


# --- on every plane


async def test_a_requested_token_says_whose_it_is_and_until_when(api: Api) -> None:
    answer = await ask(api, await account(api), expirationSeconds=3600)
    assert (answer.code, answer.body["kind"]) == (201, "TokenRequest")
    said = claims(answer.body["status"]["token"])
    assert said["sub"] == f"system:serviceaccount:{api.namespace}:reader"
    assert said["kubernetes.io"]["serviceaccount"]["name"] == "reader"
    assert said["exp"] - said["iat"] == 3600
    told = datetime.fromisoformat(answer.body["status"]["expirationTimestamp"])
    assert abs(told.timestamp() - said["exp"]) <= 1
    assert answer.body["spec"]["audiences"] == said["aud"]


async def test_a_token_for_less_than_ten_minutes_is_refused(api: Api) -> None:
    answer = await ask(api, await account(api), expirationSeconds=599)
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert [one["field"] for one in answer.causes] == ["spec.expirationSeconds"]


async def test_a_token_for_nobody_is_not_found(api: Api) -> None:
    assert (await ask(api, api.path("serviceaccounts", "nobody"))).code == 404


async def test_a_token_bound_to_a_secret_dies_with_it(api: Api) -> None:
    path = await account(api)
    secret = (await api.create(api.path("secrets"), {"metadata": {"name": "anchor"}})).body
    ref = {"apiVersion": "v1", "kind": "Secret", "name": "anchor", "uid": secret["metadata"]["uid"]}
    token = (await ask(api, path, boundObjectRef=ref)).body["status"]["token"]
    assert claims(token)["kubernetes.io"]["secret"]["name"] == "anchor"
    assert await code(api, token) == 403

    await api.delete(api.path("secrets", "anchor"))
    await until_dead(api, token)


async def test_a_token_is_not_bound_to_what_is_not_there_or_is_another(api: Api) -> None:
    path = await account(api)
    ref = {"apiVersion": "v1", "kind": "Secret", "name": "anchor"}
    assert (await ask(api, path, boundObjectRef=ref)).code == 404
    await api.create(api.path("secrets"), {"metadata": {"name": "anchor"}})
    other = "00000000-0000-0000-0000-000000000000"
    assert (await ask(api, path, boundObjectRef=ref | {"uid": other})).code == 409


async def test_a_token_dies_with_its_account_and_does_not_wake_with_another_of_that_name(api: Api) -> None:
    path = await account(api)
    token = (await ask(api, path)).body["status"]["token"]
    await api.delete(path)
    await account(api)
    await until_dead(api, token)


async def test_a_token_secret_must_name_its_account(api: Api) -> None:
    answer = await api.create(api.path("secrets"), token_secret(other="x"))
    assert (answer.code, [one["field"] for one in answer.causes]) == (422, [f"metadata.annotations[{ACCOUNT}]"])


# --- what a controller-manager does


async def test_a_token_secret_is_filled_and_its_token_dies_with_it(client: Api) -> None:
    path = await account(client)
    await client.create(client.path("secrets"), token_secret())
    secret = (await client.get(client.path("secrets", "reader-token"))).body
    assert sorted(secret["data"]) == ["ca.crt", "namespace", "token"]
    uid = (await client.get(path)).body["metadata"]["uid"]
    assert secret["metadata"]["annotations"]["kubernetes.io/service-account.uid"] == uid
    token = base64.b64decode(secret["data"]["token"]).decode()
    assert "exp" not in claims(token)
    assert await code(client, token) == 403

    await client.delete(client.path("secrets", "reader-token"))
    assert await code(client, token) == 401


async def test_a_token_secret_goes_with_its_account_and_cannot_be_without(client: Api) -> None:
    path = await account(client)
    await client.create(client.path("secrets"), token_secret())
    await client.create(client.path("secrets"), {"metadata": {"name": "other"}})
    await client.delete(path)
    await client.create(client.path("secrets"), token_secret("late"))
    assert (await client.get(client.path("secrets"))).names == ["other"]


async def test_without_a_token_controller_a_token_secret_stays_empty(server: ApiServer, client: Api) -> None:
    server.accounts.idle = True
    await account(client)
    await client.create(client.path("secrets"), token_secret())
    assert "data" not in (await client.get(client.path("secrets", "reader-token"))).body


@pytest.mark.parametrize(("longest", "seconds"), [(86_400, 86_400), (1 << 32, 864_000)])
async def test_a_token_is_refused_once_its_time_is_over(longest: int, seconds: int) -> None:
    clock = [NOW]
    async with ApiServer(clock=lambda: clock[0]) as server, Api(server.url) as api:
        server.accounts.longest = longest
        await api.own_namespace()
        answer = await ask(api, await account(api), expirationSeconds=864_000)
        token = answer.body["status"]["token"]
        assert answer.body["spec"]["expirationSeconds"] == seconds
        clock[0] += timedelta(seconds=seconds - 1)
        assert await code(api, token) == 403
        clock[0] += timedelta(seconds=1)
        assert await code(api, token) == 401
