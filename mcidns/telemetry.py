"""Every metric and the shape of a log line in one table; what is counted when is decided where it happens."""

import logging
import sys
import time
from typing import Final, TextIO

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_LATENCY: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_ENCODE: Final = msgspec.json.Encoder().encode
_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Metrics:
    """The metrics of one process, all with the prefix `mcidns_`. Labels are clusters, zones and reasons: few and bounded."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.registry = registry
        self.decisions = Counter("mcidns_decisions_total", "Decisions that differ from the one before", registry=registry)
        self.passes = Counter("mcidns_passes_total", "Looks at a host, changed or not", registry=registry)
        self.decide_seconds = Histogram("mcidns_decide_seconds", "Time to decide one host", buckets=_LATENCY, registry=registry)
        self.hosts = Gauge("mcidns_hosts", "GlobalHosts known", registry=registry)
        self.member_reachable = Gauge(
            "mcidns_member_reachable", "1 when the member's API answers, else 0", ["cluster"], registry=registry
        )
        self.member_objects = Gauge("mcidns_member_objects", "Objects held of a member", ["cluster", "kind"], registry=registry)
        self.member_lost = Counter(
            "mcidns_member_lost_total", "Times a member stopped answering", ["cluster", "reason"], registry=registry
        )
        self.verdicts = Gauge("mcidns_verdicts", "Targets per cluster and verdict", ["cluster", "reason"], registry=registry)
        self.zone_ready = Gauge("mcidns_zone_ready", "1 when the zone can be read and written, else 0", ["zone"], registry=registry)
        self.zone_names = Gauge("mcidns_zone_names", "Names in the zone", ["zone", "owner"], registry=registry)
        self.zone_writes = Gauge("mcidns_zone_writes", "Changes written to the zone since the start", ["zone"], registry=registry)
        self.zone_held = Gauge("mcidns_zone_plan_held", "1 while the guard holds a plan", ["zone"], registry=registry)
        self.zone_quarantined = Gauge("mcidns_zone_quarantined", "Changes the server refuses", ["zone"], registry=registry)
        self.api_writes = Counter("mcidns_api_writes_total", "Writes to the host's API", ["kind", "result"], registry=registry)
        self.probes = Counter(
            "mcidns_probes_total", "Questions put to targets, by how they ended", ["protocol", "result"], registry=registry
        )
        self.probe_seconds = Histogram(
            "mcidns_probe_seconds", "Time from connecting to the answer", ["protocol"], buckets=_LATENCY, registry=registry
        )
        self.probe_targets = Gauge("mcidns_probe_targets", "Probes that some host wants", registry=registry)
        self.hub_restarts = Counter("mcidns_hub_watch_restarts_total", "Restarts of the host's watch", registry=registry)

    def probed(self, protocol: str, result: str, seconds: float) -> None:
        """A probe ended like this."""
        self.probes.labels(protocol, result).inc()
        self.probe_seconds.labels(protocol).observe(seconds)

    def exposition(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self.registry)


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
