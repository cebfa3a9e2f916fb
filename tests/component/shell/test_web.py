"""Health and metrics over real HTTP."""

import aiohttp

from mcidns import web
from mcidns.telemetry import Metrics, Reading
from mcidns.web import Health


async def ask(port: int, path: str) -> tuple[int, str]:
    """Status and body."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.text()


async def test_readiness_names_what_is_waited_for_and_liveness_does_not_mind() -> None:
    health = [Health(waiting_for=("members: garr-na1 not read yet",))]
    async with web.serving(("127.0.0.1", 0), Metrics(), lambda: health[0]) as port:
        assert await ask(port, "/readyz") == (503, "members: garr-na1 not read yet\n")
        assert await ask(port, "/healthz") == (200, "ok\n")
        health[0] = Health()
        assert await ask(port, "/readyz") == (200, "ok\n")


async def test_a_standby_is_ready_and_says_who_leads() -> None:
    async with web.serving(("127.0.0.1", 0), Metrics(), lambda: Health(note="standby; a_1 leads")) as port:
        assert await ask(port, "/readyz") == (200, "ok\nstandby; a_1 leads\n")


async def test_what_stands_still_fails_liveness() -> None:
    async with web.serving(("127.0.0.1", 0), Metrics(), lambda: Health(stuck=("the agenda has not moved for 60 s",))) as port:
        assert (await ask(port, "/healthz"))[0] == 503


async def test_metrics_are_served_with_our_prefix() -> None:
    metrics = Metrics()
    metrics.read_from(lambda: [Reading("mcidns_member_reachable", ("garr-ct1",), 1.0)])
    async with web.serving(("127.0.0.1", 0), metrics, Health) as port:
        status, text = await ask(port, "/metrics")
    assert status == 200
    assert 'mcidns_member_reachable{cluster="garr-ct1"} 1.0' in text
    assert all(line.startswith(("#", "mcidns_")) for line in text.splitlines())
