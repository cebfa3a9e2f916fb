"""Every metric and the shape of a log line in one table; what is counted when is decided where it happens."""

import logging
import sys
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate, chain
from typing import Final, NamedTuple, TextIO

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

_LATENCY: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_ENCODE: Final = msgspec.json.Encoder().encode
_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Spread(NamedTuple):
    """A histogram as of now: how many values up to each bound of `_LATENCY` and above, and their sum in seconds."""

    counts: tuple[int, ...]
    total: float


class Latencies:
    """A histogram of seconds that costs a fraction of a microsecond a value; it belongs to one part and goes with it."""

    __slots__ = ("_counts", "_total")

    def __init__(self) -> None:
        self._counts = [0] * (len(_LATENCY) + 1)
        self._total = 0.0

    def observe(self, seconds: float) -> None:
        """One more value."""
        self._counts[bisect_left(_LATENCY, seconds)] += 1
        self._total += seconds

    @property
    def spread(self) -> Spread:
        """The values so far."""
        return Spread(tuple(self._counts), self._total)


class Reading(NamedTuple):
    """One value of a family of READ, with the family's labels in their order."""

    family: str
    labels: tuple[str, ...]
    value: float | Spread


Readings = Iterable[Reading]

READ: Final[dict[str, tuple[type[Metric], str, tuple[str, ...]]]] = {
    "mcidns_verdicts": (GaugeMetricFamily, "Hosts per cluster and verdict", ("cluster", "reason")),
    "mcidns_host_conditions": (GaugeMetricFamily, "Hosts per condition", ("condition", "status", "reason")),
    "mcidns_probe_disagreements": (
        GaugeMetricFamily,
        "Hosts whose probe contradicts Kubernetes: says dead where endpoints are ready, or alive where too few are",
        ("cluster", "says"),
    ),
    "mcidns_member_reachable": (GaugeMetricFamily, "1 when the member's API answers, else 0", ("cluster",)),
    "mcidns_member_objects": (GaugeMetricFamily, "Objects held of a member", ("cluster", "kind")),
    "mcidns_member_lost": (CounterMetricFamily, "Times a member stopped answering", ("cluster", "reason")),
    "mcidns_member_watch_restarts": (CounterMetricFamily, "Watches that broke and were opened again", ("cluster",)),
    "mcidns_member_relists": (CounterMetricFamily, "Lists of a kind besides the first", ("cluster",)),
    "mcidns_member_skipped": (CounterMetricFamily, "Objects of a member that could not be read", ("cluster",)),
    "mcidns_zone_ready": (GaugeMetricFamily, "1 when the zone can be read and written, else 0", ("zone",)),
    "mcidns_zone_names": (GaugeMetricFamily, "Names in the zone as last read, ours and foreign", ("zone", "owner")),
    "mcidns_zone_read_timestamp_seconds": (GaugeMetricFamily, "When the zone was last read, 0 before", ("zone",)),
    "mcidns_zone_plan_changes": (GaugeMetricFamily, "Record sets in the last plan that had any", ("zone", "change")),
    "mcidns_zone_plan_held": (GaugeMetricFamily, "1 while the guard holds a plan", ("zone",)),
    "mcidns_zone_quarantined": (GaugeMetricFamily, "Changes the server refuses", ("zone",)),
    "mcidns_zone_waiting_names": (GaugeMetricFamily, "Names that are still to be planned, sent or answered", ("zone",)),
    "mcidns_zone_writes": (CounterMetricFamily, "Changes that the provider took", ("zone",)),
    "mcidns_zone_errors": (CounterMetricFamily, "Requests that the provider did not carry out", ("zone", "class")),
    "mcidns_zone_rate_limit_wait_seconds": (CounterMetricFamily, "Time requests waited for the provider's rate limit", ("zone",)),
    "mcidns_event_to_answer_seconds": (
        HistogramMetricFamily,
        "Time from a change that was seen to the provider having taken the write for the name",
        ("zone",),
    ),
    "mcidns_event_to_propagated_seconds": (
        HistogramMetricFamily,
        "Time from a change that was seen to all authoritative servers answering it, where the provider can tell",
        ("zone",),
    ),
}
"""Families that are read off the parts' state at a scrape, so that what left is gone by itself: kind, help, labels."""


class Metrics:
    """The metrics of one process, all with the prefix `mcidns_`. Labels are clusters, zones and reasons: few and bounded.

    What happens is counted here; what is so is asked at a scrape, of whoever was given to `read_from`.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # three numbers a histogram and two a counter are enough
        registry = CollectorRegistry()
        self.registry = registry
        self._sources: list[Callable[[], Readings]] = []
        self.decisions = Counter("mcidns_decisions_total", "Decisions that differ from the one before", registry=registry)
        self.passes = Counter("mcidns_passes_total", "Looks at a host, changed or not", registry=registry)
        self.decide_seconds = Histogram("mcidns_decide_seconds", "Time to decide one host", buckets=_LATENCY, registry=registry)
        self.hosts = Gauge("mcidns_hosts", "GlobalHosts known", registry=registry)
        self.api_writes = Counter("mcidns_api_writes_total", "Writes to the host's API", ["kind", "result"], registry=registry)
        self.probes = Counter(
            "mcidns_probes_total", "Questions put to targets, by how they ended", ["protocol", "result"], registry=registry
        )
        self.probe_seconds = Histogram(
            "mcidns_probe_seconds", "Time from connecting to the answer", ["protocol"], buckets=_LATENCY, registry=registry
        )
        self.probe_targets = Gauge("mcidns_probe_targets", "Probes that some host wants", registry=registry)
        self.leader = Gauge("mcidns_leader", "1 while this process leads, else 0", registry=registry)
        self.hub_restarts = Counter("mcidns_hub_watch_restarts_total", "Restarts of the host's watch", registry=registry)

    def probed(self, protocol: str, result: str, seconds: float) -> None:
        """A probe ended like this."""
        self.probes.labels(protocol, result).inc()
        self.probe_seconds.labels(protocol).observe(seconds)

    def read_from(self, source: Callable[[], Readings]) -> None:
        """Ask `source` at each scrape, in the loop; what it returns is iterated in another thread."""
        self._sources.append(source)

    def snapshot(self) -> "Snapshot":
        """Everything as of now; to be called in the loop."""
        return Snapshot(self.registry, [source() for source in self._sources])

    def exposition(self) -> bytes:
        """The Prometheus text format."""
        return self.snapshot().render("")[0]


class Snapshot(Collector):
    """One scrape: what was counted, and what the parts said of themselves when it was taken. To be used once, in any thread."""

    def __init__(self, registry: CollectorRegistry, parts: list[Readings]) -> None:
        self._registry = registry
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        """Every family, also those without a value."""
        yield from self._registry.collect()
        read = {name: kind(name, text, labels=labels) for name, (kind, text, labels) in READ.items()}  # type: ignore[call-arg]
        for family, labels, value in chain.from_iterable(self._parts):
            if isinstance(value, Spread):
                bounds = (*map(str, _LATENCY), "+Inf")
                read[family].add_metric(labels, list(zip(bounds, accumulate(value.counts), strict=True)), value.total)  # type: ignore[attr-defined]
            else:
                read[family].add_metric(labels, value)  # type: ignore[attr-defined]
        yield from read.values()

    def render(self, accept: str) -> tuple[bytes, str]:
        """The exposition and its media type, in OpenMetrics where the header Accept asks for that."""
        encode, media_type = choose_encoder(accept)
        return encode(self), media_type


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, event and the event's keys."""

    _second = (0, "")

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line; values that JSON does not know are spelled by `str`."""
        line: dict[str, object] = {
            "time": f"{self._spelled(int(record.created))}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line.update({key: _plain(value) for key, value in vars(record).items() if key not in _PLAIN})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _ENCODE(line).decode()

    def _spelled(self, second: int) -> str:
        # A region's loss writes thousands of lines in a second, and spelling the time was two thirds of a line's cost.
        known, text = self._second
        if known != second:
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second, text
        return text


def _plain(value: object) -> object:
    """Only what JSON knows goes to the encoder as it is: it would also open a dataclass, and look into a Secret."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return str(value)


class TextLines(logging.Formatter):
    """The same for a person at a terminal: `12:00:01 info  decision.changed host=web/shop …`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, then the traceback where there is one."""
        keys = " ".join(f"{key}={value}" for key, value in vars(record).items() if key not in _PLAIN)
        line = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname.lower():7} {record.getMessage()} {keys}".rstrip()
        return line + ("\n" + self.formatException(record.exc_info) if record.exc_info else "")


def start_logging(level: str, style: str, stream: TextIO = sys.stderr) -> None:
    """Send all logs of the process to one stream; `level` as in logging, `style` json or text."""
    handler = logging.StreamHandler(stream)
    formatter: logging.Formatter = JsonLines() if style == "json" else TextLines()
    handler.setFormatter(formatter)
    # Nothing of these is ever shown, and asking for them is a quarter of what a line costs.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for chatty in ("kopf", "aiohttp.access", "asyncio"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
