"""The quick starts do what they say: every block is played in order against emulated clusters and real or strict DNS."""

import asyncio
from pathlib import Path

from tests.docs import playing
from tests.docs.playing import clouds, free_port, play


async def test_the_quick_start_on_kind_does_what_it_says(tmp_path: Path) -> None:
    playing.needs("knotd", "keymgr", "dig")
    ingress = {"kind-eu": {"ip": "172.18.0.6"}, "kind-us": {"ip": "172.18.0.7"}}
    async with clouds(tmp_path, ingress, "kind-hub") as cloud:
        await play(cloud, "docs/quickstart-kind.md", {"5300": str(free_port()), "scale deployment/shop --replicas=0": SCALE.format(0), "scale deployment/shop --replicas=2": SCALE.format(2)})
        async with asyncio.timeout(20):
            while cloud.servers["kind-hub"].list("globalhosts"):
                await asyncio.sleep(0.05)


SCALE = "patch deployment/shop --type=merge -p '{{\"spec\":{{\"replicas\":{}}}}}'"
"""What stands for `kubectl scale`, whose subresource the emulated server has not."""
