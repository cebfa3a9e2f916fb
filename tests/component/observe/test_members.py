"""Members over real sockets: what they hold is followed, and what goes wrong with one is told of that one alone."""

import asyncio
import base64
import json
import time

import pytest

from mcidns.emulator import ApiServer
from mcidns.errors import ConfigError
from mcidns.kube import tokens
from mcidns.kube.access import Access
from mcidns.kube.tokens import Token
from mcidns.model.clusters import Backend, Cluster, Lost, LostReason, Seen
from mcidns.model.references import ClusterName, SourceRef
from mcidns.model.secrets import Secret
from mcidns.observe.healths import MemberHealth
from tests.component.observe.fleet import WEB, serving, watching
from tests.unit.observe.objects import ingress, service, slice_of

SHOP = SourceRef("Ingress", "shop", "shop")


async def test_a_member_is_read_and_followed() -> None:
    async with serving("eu") as (eu,), watching(eu) as fleet:
        await fleet.seen("eu")
        assert (fleet.addresses("eu"), fleet.ready("eu")) == (["192.0.2.1"], (2, 2))
        fleet.told.clear()
        eu.put(slice_of("web-1", True, False))
        await fleet.until(lambda: fleet.ready("eu") == (1, 2))
        eu.put(service("web", "192.0.2.99"))
        await fleet.until(lambda: fleet.addresses("eu") == ["192.0.2.99"])
        eu.delete("services", "web", "shop")
        await fleet.until(lambda: fleet.observation("eu") == Seen(None, _at(fleet.observation("eu"))))
        assert fleet.told == ["Service shop/web"] * 3


def _at(observation: object) -> float:
    assert isinstance(observation, Seen)
    return observation.at


async def test_an_ingress_and_the_slices_behind_it_make_one_state() -> None:
    async with serving("eu") as (eu,), watching(eu) as fleet:
        eu.put(ingress("192.0.2.50"))
        await fleet.until(lambda: fleet.state("eu", SHOP) is not None)
        state = fleet.state("eu", SHOP)
        assert state is not None
        assert [name.relative for name in state.hostnames] == ["shop.example.org"]
        assert state.backends == (Backend("web", 2, 2),)


async def test_a_member_is_identified_by_version_and_by_the_uid_of_kube_system() -> None:
    async with serving("eu") as (eu,), watching(eu) as fleet:
        await fleet.seen("eu")
        await fleet.until(lambda: fleet.health("eu").cluster_id != "")
        health = fleet.health("eu")
        assert health.cluster_id == eu.get("namespaces", "kube-system")["metadata"]["uid"]
        assert health.version.startswith("v1.")
        assert (health.reachable, health.synced, health.services, health.slices) == (True, True, 1, 1)


async def test_an_update_that_changes_nothing_we_use_is_silent() -> None:
    async with serving("eu") as (eu,), watching(eu) as fleet:
        await fleet.seen("eu")
        before = fleet.observation("eu")
        fleet.told.clear()
        eu.put(service("web", "192.0.2.1", labels={"rollout": "2"}))
        eu.put(service("marker"))
        await fleet.until(lambda: "Service shop/marker" in fleet.told)
        assert fleet.told == ["Service shop/marker"]
        assert fleet.observation("eu") == before


async def test_a_label_or_region_changes_without_a_request() -> None:
    async with serving("eu") as (eu,), watching(eu) as fleet:
        await fleet.seen("eu")
        before = fleet.observation("eu")
        way = fleet.members.health(ClusterName("eu"))
        fleet.members.set(Cluster(ClusterName("eu"), region="eu-west"), _access(eu))
        assert fleet.inventory.clusters()[0].region == "eu-west"
        assert fleet.observation("eu") == before
        assert fleet.members.health(ClusterName("eu")) == way


def _access(server: ApiServer) -> Access:
    return Access(server.url)


async def test_a_member_that_leaves_is_no_longer_asked() -> None:
    async with serving("eu", "us") as (eu, us), watching(eu, us) as fleet:
        await fleet.seen("eu", "us")
        fleet.members.remove(ClusterName("eu"))
        assert [cluster.name for cluster in fleet.inventory.clusters()] == ["us"]
        assert fleet.members.health(ClusterName("eu")) is None
        await fleet.until(lambda: not eu.faults.streams)


async def test_claims_of_a_member_are_told() -> None:
    async with serving("eu") as (eu,), watching(eu) as fleet:
        await fleet.seen("eu")
        fleet.told.clear()
        eu.put(service("web", "192.0.2.1", annotations={"mcidns.io/hostname": "web.example.org"}))
        await fleet.until(lambda: "claims" in fleet.told)
        assert [(name, one.ref) for name, one in fleet.inventory.annotated()] == [("eu", WEB)]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param('{"metadata": {"name": 5}}', id="a name that is a number"),
        pytest.param('{"metadata": {"name": "x"}, "spec": "none", "addressType": 7}', id="a spec that is text"),
        pytest.param('"nothing"', id="no object at all"),
    ],
)
async def test_a_malformed_object_is_skipped_and_counted_in_lists_and_in_streams(raw: str) -> None:
    async with serving("eu") as (eu,):
        fault = eu.faults.malform(raw)
        async with watching(eu) as fleet:
            await fleet.seen("eu")
            assert fleet.addresses("eu") == ["192.0.2.1"]
            listed = fleet.health("eu").skipped
            assert listed >= 3
            fault.remove()
            eu.faults.malform(raw).remove()
            eu.put(service("web", "192.0.2.7"))
            await fleet.until(lambda: fleet.addresses("eu") == ["192.0.2.7"])
            assert fleet.health("eu").skipped > listed
            assert not fleet.lost("eu")


async def test_an_access_that_cannot_be_used_is_told_and_harms_no_other() -> None:
    async with serving("eu") as (eu,), watching(eu) as fleet:
        fleet.put("bad", ConfigError("kubeconfig", "is no YAML", "check it"))
        await fleet.seen("eu")
        assert fleet.observation("bad") == Lost(None, _since(fleet.observation("bad")), LostReason.BAD_ACCESS, _detail())
        assert (fleet.health("bad").reason, fleet.health("bad").message) == ("BadAccess", _detail())
        assert fleet.inventory.ready


def _detail() -> str:
    return "kubeconfig: is no YAML; check it"


def _since(observation: object) -> float:
    assert isinstance(observation, Lost)
    return observation.since


async def test_an_access_that_breaks_keeps_the_last_word_and_one_that_is_mended_brings_the_member_back() -> None:
    async with serving("eu") as (eu,), watching(eu) as fleet:
        await fleet.seen("eu")
        fleet.put("eu", ConfigError("kubeconfig", "is no YAML", "check it"))
        assert (fleet.lost("eu"), fleet.addresses("eu")) == ("BadAccess", ["192.0.2.1"])
        await fleet.until(lambda: not eu.faults.streams)
        eu.put(service("web", "192.0.2.8"))
        fleet.add(eu)
        await fleet.seen("eu")
        assert fleet.addresses("eu") == ["192.0.2.8"]


async def test_another_server_under_the_same_name_replaces_what_was_known_whole() -> None:
    async with serving("eu", "us") as (eu, us), watching(eu) as fleet:
        await fleet.seen("eu")
        us.faults.slow_lists(0.2, "endpointslices")
        fleet.put("eu", Access(us.url))
        await fleet.until(lambda: bool(us.faults.streams))
        assert (fleet.addresses("eu"), fleet.ready("eu")) == (["192.0.2.1"], (2, 2))
        await fleet.until(lambda: fleet.addresses("eu") == ["192.0.2.2"])
        assert fleet.ready("eu") == (2, 2)


async def test_members_set_before_the_run_are_read_when_it_begins() -> None:
    async with serving("eu") as (eu,), watching() as fleet:
        fleet.add(eu)
        await asyncio.sleep(0)
        await fleet.seen("eu")


def _jwt(issued: float, expires: float) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"iat": issued, "exp": expires}).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2lnbmVk"


def _of_token(told: list[MemberHealth]) -> tuple[bool, Token | None, bool] | None:
    return (told[-1].reachable, told[-1].token, told[-1].token_ends_soon) if told else None


async def test_a_member_tells_which_token_works_and_when_it_ends_soon() -> None:
    now = time.time()
    long, short = _jwt(now, now + 86_400), _jwt(now - 86_400, now + 600)
    async with serving("eu", token="opaque") as (eu,), watching(eu) as fleet:
        for token, ends_soon in (("opaque", False), (long, False), (short, True)):
            eu.access.allow(token)
            fleet.add(eu, token)
            wanted = (True, tokens.read(Secret(token)), ends_soon)
            await fleet.until(lambda wanted=wanted: _of_token(fleet.healths) == wanted)  # type: ignore[misc]


async def test_a_token_that_does_not_work_is_not_told_to() -> None:
    async with serving("eu", token="right") as (eu,), watching(eu) as fleet:
        await fleet.until(lambda: fleet.health("eu").token == tokens.read(Secret("right")))
        fleet.add(eu, "wrong")
        await fleet.until_lost("eu", "Unauthorized")
        assert fleet.health("eu").token == tokens.read(Secret("right"))
