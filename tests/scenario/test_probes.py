"""Regions whose published address stops answering, though their cluster says that all is well."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from mcidns.demo import manifests
from mcidns.observe import asking
from mcidns.observe.asking import Question
from mcidns.observe.prober import Ask
from mcidns.observe.replies import Answer
from mcidns.observe.trust import Trust
from tests.certificates import Authority
from tests.component.observe.peers import Peer, http, serving
from tests.scenario.stage import Stage, global_host, raised

ALL = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
PUBLIC, LOCAL = IPv4Address("192.0.2.0"), IPv4Address("127.0.0.0")


def natted(trust: Trust) -> Ask:
    """Ask 127.0.0.n for 192.0.2.n, as a router would; all else is as in service."""

    async def ask(question: Question) -> Answer:
        local = LOCAL + (int(question.probe.address) - int(PUBLIC))
        return await asking.ask(replace(question, probe=replace(question.probe, address=local)), trust)

    return ask


@contextlib.asynccontextmanager
async def endpoints(*certificates: Any) -> AsyncIterator[list[Peer]]:
    """A web server for each region's address, all on one port, with these server contexts or none."""
    async with contextlib.AsyncExitStack() as stack:
        peers: list[Peer] = []
        for number, tls in enumerate(certificates or (None, None, None), 1):
            port = peers[0].port if peers else 0
            peers.append(await stack.enter_async_context(serving(http(200), address=str(LOCAL + number), port=port, tls=tls)))
        yield peers


def probed(port: int, **probe: Any) -> dict[str, Any]:
    """A GlobalHost with a quick probe of this port."""
    return global_host(health={"probe": {"port": port, "interval": "1s", "timeout": "500ms", "fall": 2, "rise": 2, **probe}})


def said(stage: Stage, cluster: str) -> dict[str, Any]:
    """What status says of a cluster's target."""
    return next((one for one in stage.status().get("targets", []) if one["cluster"] == cluster), {})


async def test_a_region_that_fails_its_probe_leaves_after_fall_and_returns_after_rise() -> None:
    async with endpoints() as peers, raised(ask=natted(Trust())) as stage:
        stage.host.put(probed(peers[0].port, path="/healthz"))
        await stage.until_answer("shop.example.org", *ALL)
        assert peers[0].requests[0].startswith("GET /healthz HTTP/1.1\r\nHost: shop.example.org:")
        peers[0].script = http(503)
        asked = len(peers[0].requests)
        await stage.until_answer("shop.example.org", *ALL[1:])
        assert len(peers[0].requests) - asked >= 2
        await stage.until_true(lambda: stage.verdicts().get("r1") == "ProbeFailed", "the verdict")
        assert "HTTP 503" in str(said(stage, "r1"))
        peers[0].script = http(200)
        asked = len(peers[0].requests)
        await stage.until_answer("shop.example.org", *ALL)
        assert len(peers[0].requests) - asked >= 2
        await stage.until_true(lambda: stage.verdicts() == {"r1": "Ready", "r2": "Ready", "r3": "Ready"}, "the verdicts")
        assert stage.app is not None
        metrics = stage.app.metrics.exposition().decode()
        assert 'mcidns_probes_total{protocol="HTTP",result="status"} ' in metrics
        assert "mcidns_probe_targets 3.0" in metrics


async def test_an_address_that_never_answered_is_not_published_and_the_certificate_is_verified(tmp_path: Path) -> None:
    authority = Authority()
    right, wrong = authority.serving("shop.example.org"), authority.serving("other.example")
    trust = Trust(authority.file(tmp_path))
    async with endpoints(right, wrong, right) as peers, raised(ask=natted(trust)) as stage:
        stage.host.put(probed(peers[0].port, protocol="HTTPS"))
        await stage.until_answer("shop.example.org", "192.0.2.1", "192.0.2.3")
        words = "certificate is for other.example, not shop.example.org"
        await stage.until_true(lambda: words in str(said(stage, "r2")), "the reason")


async def test_a_cluster_that_is_cut_off_and_whose_address_fails_too_is_taken_out() -> None:
    async with endpoints() as peers, raised(ask=natted(Trust())) as stage:
        stage.host.put(probed(peers[0].port))
        await stage.until_answer("shop.example.org", *ALL)
        stage.members["r3"].faults.refuse()
        await stage.until_true(lambda: stage.verdicts().get("r3") == "Stale", "the verdict")
        assert await stage.answer("shop.example.org") == ALL
        peers[2].script = http(500)
        await stage.until_answer("shop.example.org", *ALL[:2])


async def test_nobody_asks_any_more_once_nobody_wants_to_know() -> None:
    async with endpoints() as peers, raised(ask=natted(Trust())) as stage:
        stage.host.put(probed(peers[0].port))
        await stage.until_answer("shop.example.org", *ALL)
        assert stage.app is not None
        assert stage.app.prober.asked == 3
        stage.members["r2"].delete("ingresses", "shop", manifests.NAMESPACE)
        await stage.until_true(lambda: stage.app is not None and stage.app.prober.asked == 2, "one to be asked no more")
        stage.host.delete("globalhosts", "shop", "shop")
        await stage.until_true(lambda: stage.app is not None and stage.app.prober.asked == 0, "none to be asked")
