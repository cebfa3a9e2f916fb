"""Members come and go: one supervised task each, and the health of each; what they hold lives in inventory."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mcidns.errors import ConfigError
from mcidns.kube import errors, kinds
from mcidns.kube.access import Access
from mcidns.kube.client import KubeClient
from mcidns.kube.errors import KubeError, NotFound
from mcidns.kube.tokens import Token
from mcidns.model.clusters import Cluster, Lost, LostReason
from mcidns.model.references import ClusterName
from mcidns.observe.contact import Contact
from mcidns.observe.gate import Gate
from mcidns.observe.healths import MemberHealth
from mcidns.observe.inventory import Inventory
from mcidns.observe.pace import Pace

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Running:
    cluster: Cluster
    access: Access | ConfigError
    task: asyncio.Task[None] | None = None
    contact: Contact | None = None
    version: str = ""
    identified: bool = False
    told: tuple[bool, str] | None = None
    losses: Counter[str] = field(default_factory=Counter)
    token: tuple[Token | None, bool] = (None, False)
    well: asyncio.Event = field(default_factory=asyncio.Event)


class Members:
    """Owns one task per member; an error in one never ends, delays or changes another (law 4).

    `on_health` is called when a member begins or ceases to answer, when the reason changes, and when its version or the state
    of its token is learnt.
    """

    def __init__(
        self,
        inventory: Inventory,
        *,
        clock: Callable[[], float],
        on_health: Callable[[ClusterName], None],
        pace: Pace | None = None,
        timeout: float = 10.0,
        lists_at_once: int = 8,
    ) -> None:
        self._inventory = inventory
        self._clock = clock
        self._on_health = on_health
        self._pace = pace or Pace()
        self._timeout = timeout
        self._gate = Gate(lists_at_once)
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
        if running.contact is not None and not isinstance(access, ConfigError) and running.contact.use(access):
            _LOG.info("member.credentials_changed", extra={"cluster": cluster.name})
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
        running, entry = self._members.get(name), self._inventory.entry(name)
        if running is None or entry is None:
            return None
        lost, contact = entry.lost, running.contact
        return MemberHealth(
            cluster=name,
            reachable=lost is None,
            reason=lost.reason if lost is not None else "Reachable",
            message=(lost.detail or "not read yet") if lost is not None else "the member's API answers",
            synced=entry.answers_since is not None,
            services=len(entry.store.services),
            ingresses=len(entry.store.ingresses),
            slices=len(entry.store.slices),
            version=running.version,
            cluster_id=entry.cluster_id,
            last_seen=entry.answers_since if lost is None or contact is None else contact.heard_at,
            relists=contact.relists if contact is not None else 0,
            restarts=contact.restarts if contact is not None else 0,
            skipped=contact.skipped if contact is not None else 0,
            gateways=len(entry.store.attachments.gateways),
            routes=sum(len(routes) for routes in entry.store.attachments.routes.values()),
            gateways_trouble=_told(entry.blind),
            twin_of=self._inventory.twin_of(name),
            token=contact.token if contact is not None else None,
            token_ends_soon=contact is not None and contact.ends_soon,
        )

    def losses(self, name: ClusterName) -> Mapping[str, int]:
        """How often the member ceased to answer, or for another reason than before, by reason."""
        running = self._members.get(name)
        return running.losses if running is not None else {}

    def _start(self, running: _Running) -> None:
        if isinstance(running.access, ConfigError):
            self._lose(running, running.access)
        elif self._tasks is not None:
            running.task = self._tasks.create_task(self._supervise(running), name=f"member {running.cluster.name}")

    def _stop(self, running: _Running) -> None:
        if running.task is not None:
            running.task.cancel()
        running.task, running.contact = None, None

    async def _supervise(self, running: _Running) -> None:
        delay = self._pace.first_delay
        loop = asyncio.get_running_loop()
        while not isinstance(running.access, ConfigError):
            began = loop.time()
            try:
                await self._attend(running, running.access)
            except Exception as error:  # noqa: BLE001  the one place: a fault in one member's task ends there (law 4)
                _LOG.exception("member.failed", extra={"cluster": running.cluster.name})
                self._lose(running, error)
            delay = self._pace.first_delay if loop.time() - began > self._pace.healthy else delay
            await asyncio.sleep(random.uniform(0.5, 1.0) * delay)
            delay = min(self._pace.longest_delay, delay * 2)

    async def _attend(self, running: _Running, access: Access) -> None:
        store = self._inventory.begin(running.cluster.name)
        running.identified = False
        running.well.set()
        async with KubeClient(access, timeout=self._timeout) as client:
            contact = Contact(
                client,
                store,
                pace=self._pace,
                gate=self._gate,
                clock=self._clock,
                on_state=lambda: self._state(running, contact),
            )
            running.contact = contact
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(contact.run())
                tasks.create_task(self._identify(running, contact))

    async def _identify(self, running: _Running, contact: Contact) -> None:
        """Learn version and cluster id at the start and each time the member begins to answer.

        A member counts only when it was tried whether it is one that is known already; one that cannot be told is another.
        """
        name = running.cluster.name
        while True:
            await running.well.wait()
            running.well.clear()
            entry = self._inventory.entry(name)
            before = (running.version, entry.cluster_id if entry is not None else "")
            after = await self._identity(contact.client, before)
            running.version = after[0]
            self._inventory.identify(name, after[1])
            if before[1] not in ("", after[1]):
                _LOG.warning("member.replaced", extra={"cluster": name, "cluster_id": after[1]})
                contact.distrust()
            if not running.identified:
                running.identified = True
                self._state(running, contact)
            if before != after:
                self._on_health(name)

    @staticmethod
    async def _identity(client: KubeClient, known: tuple[str, str]) -> tuple[str, str]:
        """Version and uid of kube-system; what cannot be learnt is as it was."""
        version, cluster_id = known
        try:
            version = str((await client.get_path("/version")).get("gitVersion", ""))[:64]
            system = await client.get(kinds.NAMESPACE, None, "kube-system")
            cluster_id = str((system.get("metadata") or {}).get("uid", ""))[:64] or cluster_id
        except (KubeError, ConfigError) as error:
            _LOG.debug("member.unidentified", extra={"server": client.access.server, "why": str(error)})
        return version, cluster_id

    def _state(self, running: _Running, contact: Contact) -> None:
        if running.contact is not contact:
            return
        name, trouble, blind = running.cluster.name, contact.trouble, contact.gateways_trouble
        told = self._inventory.entry(name)
        doubt = told.blind if told is not None else None
        if blind is not None:
            # Looked for and not found once is no trouble to tell people of, unless something of it is held.
            unsure = isinstance(blind, NotFound) and told is not None and told.store.attachments.is_empty
            self._inventory.gateways(name, (LostReason.NOT_YET_READ if unsure else errors.lost_reason(blind), str(blind)))
        elif contact.gateways_current:
            self._inventory.gateways(name, None)
        if trouble is not None:
            self._lose(running, trouble)
        elif contact.current and running.identified and (blind is not None or contact.gateways_current):
            self._inventory.answered(name)
            self._tell(running)
        if told is not None and told.blind != doubt:
            self._on_health(name)

    def _lose(self, running: _Running, error: Exception) -> None:
        known = isinstance(error, (KubeError, ConfigError))
        reason = errors.lost_reason(error) if known else LostReason.UNREACHABLE
        self._inventory.silent(running.cluster.name, reason, str(error) if known else f"a fault of ours: {type(error).__name__}")
        self._tell(running)

    def _tell(self, running: _Running) -> None:
        """Log and tell a transition, once."""
        name = running.cluster.name
        entry = self._inventory.entry(name)
        if entry is None:
            return
        state = (entry.lost is None, entry.lost.reason if entry.lost is not None else "Reachable")
        contact = running.contact
        before, running.token = running.token, (contact.token, contact.ends_soon) if contact is not None else running.token
        if running.told == state:
            if running.token != before:
                self._on_health(name)
            return
        running.told = state
        if entry.lost is None:
            running.well.set()
            _LOG.info("member.synced", extra={"cluster": name})
        else:
            running.losses[entry.lost.reason] += 1
            _LOG.warning("member.lost", extra={"cluster": name, "reason": entry.lost.reason, "why": entry.lost.detail})
        self._on_health(name)


def _told(blind: Lost | None) -> str:
    return blind.detail if blind is not None and blind.reason is not LostReason.NOT_YET_READ else ""
