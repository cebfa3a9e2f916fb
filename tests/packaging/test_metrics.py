"""The metrics keep to Prometheus's conventions, parse, stay few, and are what docs/metrics.md says."""

import re
import time
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from mcidns.telemetry import READ, Latencies, Metrics, Reading
from tests.packaging import catalogue
from tests.packaging.catalogue import Family

DOC = Path(__file__).parents[2] / "docs" / "metrics.md"
ALL = [pytest.param(one, id=one.name) for one in catalogue.families()]
BOUNDED = {"cluster", "zone", "reason", "class", "kind", "result", "protocol", "owner", "change", "condition", "status", "says"}
PARTS = ("ms", "milliseconds", "minutes", "hours", "percent", "kb", "kilobytes", "mb")


def row(family: Family) -> str:
    labels = ", ".join(f"`{label}`" for label in family.labels)
    return f"| `{family.name}` | {family.kind} | {labels} | {family.help} |"


def test_the_table_in_the_docs_is_what_the_controller_exposes() -> None:
    rows = [line for line in DOC.read_text(encoding="utf-8").splitlines() if line.startswith("| `mcidns_")]
    assert sorted(rows) == sorted(row(one) for one in catalogue.families())


@pytest.mark.parametrize("family", ALL)
def test_names_and_units_keep_to_the_conventions(family: Family) -> None:
    """https://prometheus.io/docs/practices/naming/ and what `promtool check metrics` asks."""
    assert re.fullmatch(r"mcidns_[a-z][a-z0-9]*(_[a-z0-9]+)*", family.name)
    assert (family.kind == "counter") is family.name.endswith("_total")
    assert family.kind in {"counter", "gauge", "histogram"}
    assert not {*family.name.split("_")} & {*PARTS}, "base units only"
    assert family.kind != "histogram" or family.name.endswith("_seconds")
    assert family.kind in family.name.split("_") or family.kind not in family.name, "the name does not say its type"
    assert re.match(r"[A-Z0-9].*[^.]$", family.help), "a phrase without a full stop, as is the custom"
    assert {*family.labels} <= BOUNDED, "hosts and addresses are not labels: there may be many"


def filled() -> Metrics:
    """Every family with a value."""
    metrics = Metrics()
    metrics.probed("HTTP", "passed", 0.2)
    metrics.api_writes.labels("GlobalHost", "ok").inc()
    took = Latencies()
    for seconds in (0.0, 0.001, 0.0011, 7.0, 60.0, 61.0):
        took.observe(seconds)

    def readings() -> list[Reading]:
        return [
            Reading(name, ('a "quoted" \\ name\n',) * len(labels), took.spread if "Histogram" in kind.__name__ else 1.0)
            for name, (kind, _, labels) in READ.items()
        ]

    metrics.read_from(readings)
    return metrics


@pytest.mark.parametrize(
    ("accept", "parse"),
    [
        pytest.param("application/openmetrics-text; version=1.0.0", openmetrics, id="OpenMetrics"),
        pytest.param("text/plain", plain, id="text"),
    ],
)
def test_an_exposition_parses_and_holds_every_family_with_its_help(accept: str, parse) -> None:
    body, media_type = filled().snapshot().render(accept)
    assert media_type.startswith(accept.partition(";")[0])
    found = {one.name: one for one in parse(body.decode())}
    for family in catalogue.families():
        name = family.name.removesuffix("_total")
        assert (found[name].type, found[name].documentation) == (family.kind, family.help)
        assert {sample.name for sample in found[name].samples} == {*family.series}
    assert "_created" not in body.decode()


def test_a_spread_counts_up_to_and_with_each_bound() -> None:
    (family,) = [one for one in filled().snapshot().collect() if one.name == "mcidns_event_to_answer_seconds"]
    buckets = {sample.labels["le"]: sample.value for sample in family.samples if sample.name.endswith("_bucket")}
    assert {bound: buckets[bound] for bound in ("0.001", "0.0025", "5.0", "10.0", "60.0", "+Inf")} == {
        "0.001": 2.0,
        "0.0025": 3.0,
        "5.0": 3.0,
        "10.0": 4.0,
        "60.0": 5.0,
        "+Inf": 6.0,
    }


def test_a_value_in_a_spread_costs_next_to_nothing() -> None:
    took = Latencies()

    def once() -> float:
        begin = time.process_time()
        for _ in range(2_000):
            took.observe(0.02)
        return (time.process_time() - begin) / 2_000

    # 0.65 ms of CPU a host in a region loss is the whole budget; one value is to be far below a hundredth of it.
    assert min(once() for _ in range(20)) < 5e-6
