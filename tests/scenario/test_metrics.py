"""What a scrape says while regions, probes and zones come and go; every scrape goes over HTTP, as Prometheus's does."""

from dataclasses import replace
from typing import Any

import aiohttp
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from mcidns.demo import manifests
from mcidns.observe.asking import Question
from mcidns.observe.replies import Answer, Outcome
from tests.scenario.stage import Stage, global_host, raised, zone

ALL = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def started(stage: Stage) -> Stage:
    """The same with metrics served on a free port."""
    stage.settings = replace(stage.settings, http=("127.0.0.1", 0))
    await stage.start()
    await stage.settled()
    return stage


async def scraped(stage: Stage) -> Series:
    """Every series of one scrape."""
    assert stage.app is not None
    url = f"http://127.0.0.1:{stage.app.http_port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url, headers={"Accept": OPEN_METRICS}) as answer:
        assert answer.content_type == "application/openmetrics-text"
        text = await answer.text()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(series: Series, name: str, **labels: str) -> float | None:
    """One value, None where there is no such series."""
    return series.get((f"mcidns_{name}", frozenset(labels.items())))


async def until(stage: Stage, name: str, wanted: float | None, **labels: str) -> None:
    """Wait until a scrape says so."""

    async def holds() -> bool:
        found = value(await scraped(stage), name, **labels)
        stage.seen[:] = [f"{name}{labels} is {found}"]
        return found == wanted

    await stage.until(holds, f"{name}{labels} to be {wanted}")


async def test_a_region_that_fails_shows_in_verdicts_and_in_how_long_the_answer_took() -> None:
    async with raised(running=False) as stage:
        await started(stage)
        stage.host.put(global_host())
        await stage.until_answer("shop.example.org", *ALL)
        await until(stage, "verdicts", 1.0, cluster="r1", reason="Ready")
        before = await scraped(stage)
        assert value(before, "event_to_answer_seconds_count", zone="example-org") == 0.0, "a new object is no event of a member"
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_answer("shop.example.org", *ALL[1:])
        await until(stage, "event_to_answer_seconds_count", 1.0, zone="example-org")
        await until(stage, "event_to_propagated_seconds_count", 1.0, zone="example-org")
        await until(stage, "verdicts", 1.0, cluster="r1", reason="NotReady")
        await until(stage, "host_conditions", 1.0, condition="Healthy", status="False", reason="PartiallyHealthy")
        await stage.until_true(lambda: stage.verdicts().get("r1") == "NotReady", "the verdict in status")
        after = await scraped(stage)
        answered = value(after, "event_to_answer_seconds_sum", zone="example-org") or 0.0
        propagated = value(after, "event_to_propagated_seconds_sum", zone="example-org") or 0.0
        assert 0.0 < answered <= propagated < 20.0
        assert value(after, "verdicts", cluster="r1", reason="Ready") is None, "nobody is there any more"
        assert value(after, "decisions_total") > value(before, "decisions_total")  # type: ignore[operator]
        assert value(after, "zone_plan_changes", zone="example-org", change="update") is not None
        assert value(after, "zone_writes_total", zone="example-org") == 2.0
        assert value(after, "zone_errors_total", **{"zone": "example-org", "class": "Conflict"}) == 0.0
        assert value(after, "api_writes_total", kind="GlobalHost", result="ok") is not None


async def test_a_member_that_is_cut_off_is_counted_and_one_that_left_leaves_no_series() -> None:
    async with raised(running=False) as stage:
        await started(stage)
        stage.host.put(global_host())
        await stage.until_answer("shop.example.org", *ALL)
        stage.members["r2"].faults.refuse()
        await until(stage, "member_reachable", 0.0, cluster="r2")
        await until(stage, "verdicts", 1.0, cluster="r2", reason="Stale")
        series = await scraped(stage)
        lost = {dict(labels)["reason"] for (name, labels), count in series.items() if name == "mcidns_member_lost_total" and count}
        assert lost
        assert lost <= {"Refused", "Unreachable", "Timeout"}
        assert (value(await scraped(stage), "member_watch_restarts_total", cluster="r2") or 0.0) >= 1.0
        stage.host.delete("secrets", "r2", manifests.SYSTEM)
        await until(stage, "member_reachable", None, cluster="r2")
        await until(stage, "verdicts", None, cluster="r2", reason="Stale")
        left = {(name, dict(labels).get("reason")) for name, labels in await scraped(stage) if ("cluster", "r2") in labels}
        assert left <= {("mcidns_verdicts", "ClusterGone")}, "for as long as status tells of it"


async def test_a_probe_that_contradicts_kubernetes_is_told_in_both_directions() -> None:
    dead = {"192.0.2.1"}

    async def ask(question: Question) -> Answer:
        if str(question.probe.address) in dead:
            return Answer(Outcome.REFUSED, "connection refused", 0.001)
        return Answer(Outcome.PASSED, "answers", 0.001)

    async with raised(running=False, ask=ask) as stage:
        await started(stage)
        probe: dict[str, Any] = {"protocol": "TCP", "port": 443, "interval": "1s", "timeout": "500ms", "fall": 1, "rise": 1}
        stage.host.put(global_host(health={"probe": probe}))
        await stage.until_answer("shop.example.org", *ALL[1:])
        await until(stage, "probe_disagreements", 1.0, cluster="r1", says="dead")
        stage.members["r2"].put(manifests.endpoints(ready=False))
        await until(stage, "probe_disagreements", 1.0, cluster="r2", says="alive")
        dead.clear()
        await until(stage, "probe_disagreements", 0.0, cluster="r1", says="dead")


async def test_clusters_and_zones_that_come_and_go_leave_as_many_series_as_there_were() -> None:
    async with raised(running=False, members=1) as stage:
        await started(stage)
        stage.host.put(global_host())
        await stage.until_answer("shop.example.org", "192.0.2.1")
        await until(stage, "zone_read_timestamp_seconds", None, zone="z0")
        before = {name for name, labels in await scraped(stage)}
        for number in range(12):
            stage.host.put(manifests.member_secret(manifests.Region(f"m{number}", "", ""), stage.members["r1"].kubeconfig_yaml()))
            other = zone(domain=f"z{number}.example")
            other["metadata"]["name"] = f"z{number}"
            stage.host.put(other)
        for number in range(12):
            await until(stage, "member_reachable", 1.0, cluster=f"m{number}")
            await until(stage, "zone_ready", 0.0, zone=f"z{number}")
        for number in range(12):
            stage.host.delete("secrets", f"m{number}", manifests.SYSTEM)
            stage.host.delete("dnszones", f"z{number}")
        for number in range(12):
            await until(stage, "member_reachable", None, cluster=f"m{number}")
            await until(stage, "zone_ready", None, zone=f"z{number}")
        left = [
            labels for _, labels in await scraped(stage) if ("reason", "ClusterGone") not in labels
        ]  # those go when status forgets
        assert {value for labels in left for label, value in labels if label in ("cluster", "zone")} == {"r1", "example-org"}
        assert {name for name, labels in await scraped(stage)} >= before
