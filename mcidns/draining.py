"""Which hosts refuse the drain of which cluster, told when that changes or a drain ends; the rule itself lives in decide/."""

import asyncio
from collections.abc import Callable

from mcidns.model.clusters import Drain
from mcidns.model.decisions import Decision
from mcidns.model.references import ClusterName, ObjectRef


class Draining:
    """`on_change(cluster)` hears when what is to be said of a cluster's drain is different. Use it from one event loop."""

    def __init__(self, *, clock: Callable[[], float], on_change: Callable[[ClusterName], None]) -> None:
        self._clock = clock
        self._on_change = on_change
        self._refused: dict[ClusterName, set[ObjectRef]] = {}
        self._drains: dict[ClusterName, Drain] = {}
        self._ends: dict[ClusterName, asyncio.TimerHandle] = {}

    def decided(self, decision: Decision) -> None:
        """The newest decision on a host."""
        self._refuses(decision.host.ref, set(decision.drains_refused))

    def dropped(self, host: ObjectRef) -> None:
        """The host is gone."""
        self._refuses(host, set())

    def _refuses(self, host: ObjectRef, now: set[ClusterName]) -> None:
        before = {cluster for cluster, hosts in self._refused.items() if host in hosts}
        for cluster in before - now:
            self._refused[cluster].discard(host)
        for cluster in now - before:
            self._refused.setdefault(cluster, set()).add(host)
        for cluster in sorted(before ^ now):
            self._on_change(cluster)

    def at_risk(self, cluster: ClusterName) -> tuple[str, ...]:
        """The hosts for which the cluster's drain is refused, as `namespace/name`, sorted."""
        return tuple(sorted(f"{host.namespace}/{host.name}" for host in self._refused.get(cluster, ())))

    def known(self, cluster: ClusterName) -> Drain | None:
        """The drain that is followed."""
        return self._drains.get(cluster)

    def follow(self, cluster: ClusterName, drain: Drain | None) -> None:
        """This is the cluster's drain from now on; when it ends by itself, that is told."""
        self._drains.pop(cluster, None)
        timer = self._ends.pop(cluster, None)
        if timer is not None:
            timer.cancel()
        if drain is None:
            return
        self._drains[cluster] = drain
        if drain.until is not None and drain.until > self._clock():
            left = drain.until - self._clock()
            self._ends[cluster] = asyncio.get_running_loop().call_later(left, self._on_change, cluster)
