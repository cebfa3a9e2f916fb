"""The scenarios' words by way of HTTP, as they reach a real control plane: tried on emulated ones, whichever others there are."""

import pytest

from mcidns.demo import manifests
from tests import planes
from tests.scenario import stage
from tests.scenario.stage import global_host, raised


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("threaded", id="emulated planes by way of HTTP"),
        pytest.param("real", id="real planes", marks=pytest.mark.skipif(bool(planes.missing()), reason=planes.missing())),
    ],
)
async def test_regions_come_and_go_when_everything_is_said_by_http(kind: str) -> None:
    stage.PLANES.set(kind)
    async with raised(members=2) as scene:
        scene.host.put(global_host())
        await scene.until_answer("shop.example.org", "192.0.2.1", "192.0.2.2")
        scene.members["r1"].put(manifests.endpoints(ready=False))
        await scene.until_answer("shop.example.org", "192.0.2.2")
        scene.members["r1"].put(manifests.endpoints(ready=True))
        await scene.until_answer("shop.example.org", "192.0.2.1", "192.0.2.2")
        scene.members["r2"].faults.refuse()
        await scene.until_true(lambda: scene.verdicts().get("r2") == "Stale", "r2 to be stale")
        scene.members["r2"].faults.accept()
        await scene.until_true(lambda: scene.verdicts().get("r2") == "Ready", "r2 to be back")
        scene.host.delete("globalhosts", "shop", "shop")
        await scene.until_answer("shop.example.org")
        assert scene.host.find("globalhosts", "shop", "shop") is None
        assert [one["metadata"]["name"] for one in scene.host.list("memberclusters")] == ["r1", "r2"]
