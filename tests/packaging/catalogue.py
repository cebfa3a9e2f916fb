"""Every metric family of the controller with its labels, read off the code; used by tests of the chart and of the docs."""

from dataclasses import dataclass

from prometheus_client.metrics import MetricWrapperBase

from mcidns.telemetry import READ, Metrics


@dataclass(frozen=True, slots=True)
class Family:
    """`name` as it is written in PromQL: counters with `_total`, histograms without a suffix."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str

    @property
    def series(self) -> tuple[str, ...]:
        """The names of its series."""
        if self.kind == "histogram":
            return (f"{self.name}_bucket", f"{self.name}_sum", f"{self.name}_count")
        return (self.name,)


def families() -> tuple[Family, ...]:
    """All of them, in the order in which they are exposed."""
    metrics = Metrics()
    labels = {one._name: tuple(one._labelnames) for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)}
    labels |= {name: labels for name, (_, _, labels) in READ.items()}
    return tuple(
        Family(one.name + "_total" * (one.type == "counter"), one.type, labels[one.name], one.documentation)
        for one in metrics.snapshot().collect()
    )


def series() -> dict[str, set[str]]:
    """Labels by series."""
    return {name: set(one.labels) | ({"le"} if name.endswith("_bucket") else set()) for one in families() for name in one.series}
