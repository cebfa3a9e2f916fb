"""Members come and go: one supervised task each, and the health of each; what they hold lives in inventory."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from mcidns.errors import ConfigError
from mcidns.kube import errors, kinds
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient
from mcidns.kube.errors import KubeError
from mcidns.model.clusters import Cluster, LostReason
from mcidns.model.references import ClusterName
from mcidns.observe.inventory import Inventory
from mcidns.observe.watch import Pace, Watch

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MemberHealth:
    """What is to be said of one member; equal while nothing changed. `last_seen` in unix seconds, at the last transition."""

    cluster: ClusterName
    reachable: bool
    reason: str
    message: str
    synced: bool
    services: int = 0
    ingresses: int = 0
    slices: int = 0
    version: str = ""
    cluster_id: str = ""
    last_seen: float | None = None


@dataclass(slots=True)
class _Running:
    cluster: Cluster
    access: Access | ConfigError
    task: asyncio.Task[None] | None = None
    watch: Watch | None = None
    version: str = ""
    cluster_id: str = ""
    last_seen: float | None = None


class Members:
    """Owns one task per member; an error in one never ends, delays or changes another (law 4)."""

    def __init__(
        self,
        inventory: Inventory,
        *,
        clock: Callable[[], float],
        on_health: Callable[[ClusterName], None],
        pace: Pace | None = None,
        timeout: float = 10.0,
        lists_at_once: int = 6,
    ) -> None:
        self._inventory = inventory
        self._clock = clock
        self._on_health = on_health
        self._pace = pace or Pace()
        self._timeout = timeout
        self._lists = asyncio.Semaphore(lists_at_once)
        self._members: dict[ClusterName, _Running] = {}
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Own the members' tasks until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                for running in self._members.values():
                    self._start(running)
                await asyncio.Event().wait()
        finally:
            self._tasks = None

    def set(self, cluster: Cluster, access: Access | ConfigError) -> None:
        """Add or change a member. A new token is used from the next request on; another server or CA starts the member anew."""
        self._inventory.put(cluster)
        running = self._members.get(cluster.name)
        if running is None:
            running = self._members[cluster.name] = _Running(cluster, access)
            self._start(running)
            return
        before = running.access
        running.cluster, running.access = cluster, access
        if before == access:
            return
        if running.watch is not None and not isinstance(access, ConfigError) and _same_way(before, access):
            running.watch.use(access)
            running.watch.retry()
            return
        self._stop(running)
        self._start(running)

    def remove(self, name: ClusterName) -> None:
        """The member left: stop its task, withdraw its word."""
        running = self._members.pop(name, None)
        if running is not None:
            self._stop(running)
        self._inventory.remove(name)

    def health(self, name: ClusterName) -> MemberHealth | None:
        """The member's present health, None for one that is not known."""
        running = self._members.get(name)
        if running is None:
            return None
        if isinstance(running.access, ConfigError):
            return MemberHealth(name, reachable=False, reason=LostReason.BAD_ACCESS, message=str(running.access), synced=False)
        watch = running.watch
        trouble = watch.trouble if watch is not None else None
        if watch is None or (trouble is None and not watch.synced):
            return MemberHealth(name, reachable=False, reason=LostReason.NOT_YET_READ, message="not read yet", synced=False)
        store = self._inventory.put(running.cluster).store
        return MemberHealth(
            cluster=name,
            reachable=trouble is None,
            reason="Reachable" if trouble is None else errors.lost_reason(trouble),
            message="the member's API answers" if trouble is None else str(trouble),
            synced=watch.synced,
            services=len(store.services),
            ingresses=len(store.ingresses),
            slices=len(store.slices),
            version=running.version,
            cluster_id=running.cluster_id,
            last_seen=running.last_seen,
        )

    def _start(self, running: _Running) -> None:
        if isinstance(running.access, ConfigError):
            self._inventory.silent(running.cluster.name, LostReason.BAD_ACCESS, str(running.access))
            self._on_health(running.cluster.name)
            return
        if self._tasks is not None:
            running.task = self._tasks.create_task(self._supervise(running), name=f"member {running.cluster.name}")

    def _stop(self, running: _Running) -> None:
        if running.task is not None:
            running.task.cancel()
        running.task, running.watch = None, None

    async def _supervise(self, running: _Running) -> None:
        delay = self._pace.first_delay
        while True:
            try:
                await self._attend(running)
            except Exception as error:  # noqa: BLE001  the one place: a fault in one member's task ends there (law 4)
                _LOG.exception("member.failed", extra={"cluster": running.cluster.name})
                problem = error if isinstance(error, ConfigError) else None
                reason = LostReason.BAD_ACCESS if problem else LostReason.UNREACHABLE
                self._inventory.silent(running.cluster.name, reason, str(problem or type(error).__name__))
                self._on_health(running.cluster.name)
            await asyncio.sleep(random.uniform(0.5, 1.0) * delay)
            delay = min(self._pace.longest_delay, delay * 2)

    async def _attend(self, running: _Running) -> None:
        if isinstance(running.access, ConfigError):
            return
        client = KubeClient(running.access, timeout=self._timeout)
        store = self._inventory.put(running.cluster).store
        watch = Watch(client, store, pace=self._pace, lists=self._lists, on_state=lambda: self._state(running))
        running.watch = watch
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(watch.run())
                tasks.create_task(self._identify(running, client))
        finally:
            await client.aclose()

    async def _identify(self, running: _Running, client: KubeClient) -> None:
        """Learn version and cluster id; both are for people, so failing to is not trouble."""
        with contextlib.suppress(KubeError):
            running.version = str((await client.get_path("/version")).get("gitVersion", ""))
            system = await client.get(kinds.NAMESPACE, None, "kube-system")
            running.cluster_id = str(system.get("metadata", {}).get("uid", ""))
        self._on_health(running.cluster.name)

    def _state(self, running: _Running) -> None:
        watch = running.watch
        if watch is None:
            return
        trouble = watch.trouble
        name = running.cluster.name
        if trouble is not None:
            if not self._inventory.is_lost(name):
                _LOG.warning("member.lost", extra={"cluster": name, "why": str(trouble)})
            self._inventory.silent(name, errors.lost_reason(trouble), str(trouble))
        elif watch.synced:
            running.last_seen = self._clock()
            if self._inventory.is_lost(name):
                _LOG.info("member.synced", extra={"cluster": name})
            self._inventory.answered(name)
        self._on_health(name)


def _same_way(before: Access | ConfigError, after: Access) -> bool:
    return not isinstance(before, ConfigError) and before.same_way(after)
