"""Members on emulated API servers, watched by the code under test, and what it told."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from mcidns.emulator import ApiServer
from mcidns.errors import ConfigError
from mcidns.kube import access
from mcidns.kube.access import Access
from mcidns.model.clusters import Cluster, Lost, Observation, Seen, SourceState
from mcidns.model.hosts import Selection
from mcidns.model.references import ClusterName, SourceRef
from mcidns.observe.healths import MemberHealth
from mcidns.observe.inventory import Inventory
from mcidns.observe.members import Members
from mcidns.observe.pace import Pace
from tests.unit.observe.objects import service, slice_of

WEB = SourceRef("Service", "shop", "web")
PACE = Pace(heartbeat=0.2, heartbeat_timeout=0.3, first_delay=0.05, longest_delay=0.2, unavailable=0.2)
PATIENCE = 20.0


@dataclass
class Fleet:
    """Everything under test. `told` holds sources and members' names in the order of their callbacks."""

    inventory: Inventory
    members: Members
    told: list[str]
    healths: list[MemberHealth] = field(default_factory=list)

    def add(self, server: ApiServer, token: str | None = None) -> None:
        """Let the server be a member, or be asked with another token."""
        self.members.set(Cluster(ClusterName(server.name)), access.from_kubeconfig(server.kubeconfig_yaml(token)))

    def put(self, name: str, way: Access | ConfigError) -> None:
        """Let a member be reached this way."""
        self.members.set(Cluster(ClusterName(name)), way)

    def observation(self, name: str, source: SourceRef = WEB) -> Observation:
        """What is known of a source in one member."""
        (view,) = self.inventory.views(source, Selection((ClusterName(name),)))
        return view.observation

    def state(self, name: str, source: SourceRef = WEB) -> SourceState | None:
        """The source's state, whether the member answers or not."""
        match self.observation(name, source):
            case Seen(state) | Lost(last=Seen(state)):
                return state
            case _:
                return None

    def addresses(self, name: str) -> list[str]:
        """The targets of the web Service there."""
        state = self.state(name)
        return sorted(map(str, state.targets)) if state is not None else []

    def ready(self, name: str) -> tuple[int, int]:
        """Ready endpoints and all behind the web Service there."""
        state = self.state(name)
        return (state.backends[0].ready, state.backends[0].total) if state is not None and state.backends else (-1, -1)

    def lost(self, name: str) -> str:
        """Why the member is lost, empty if it is not."""
        observation = self.observation(name)
        return str(observation.reason) if isinstance(observation, Lost) else ""

    def health(self, name: str) -> MemberHealth:
        """The health of a member that is known."""
        found = self.members.health(ClusterName(name))
        assert found is not None
        return found

    async def until(self, claim: Callable[[], bool]) -> None:
        """Wait for the claim to hold."""
        deadline = time.monotonic() + PATIENCE
        while not claim():
            assert time.monotonic() < deadline, f"it never came: {self.told[-10:]} {self.healths[-3:]}"
            await asyncio.sleep(0.005)

    async def seen(self, *names: str) -> None:
        """Wait until these members answer."""
        await self.until(lambda: not any(self.lost(name) for name in names))

    async def until_lost(self, name: str, reason: str) -> None:
        """Wait until the member is lost for this reason."""
        await self.until(lambda: self.lost(name) == reason)


@contextlib.asynccontextmanager
async def watching(
    *servers: ApiServer, pace: Pace = PACE, timeout: float = 1.0, lists_at_once: int = 8, **changes: Any
) -> AsyncIterator[Fleet]:
    """Watch these servers as members under their names; at the end no task may be left or have failed."""
    told: list[str] = []
    inventory = Inventory(
        clock=time.time,
        on_source=lambda ref: told.append(str(ref)),
        on_member=told.append,
        on_claims=lambda: told.append("claims"),
    )
    members = Members(
        inventory,
        clock=time.time,
        on_health=lambda name: fleet.healths.append(fleet.health(name)),
        pace=replace(pace, **changes) if changes else pace,
        timeout=timeout,
        lists_at_once=lists_at_once,
    )
    fleet = Fleet(inventory, members, told)
    running = asyncio.create_task(members.run())
    for server in servers:
        fleet.add(server)
    try:
        yield fleet
        assert not running.done()
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


@contextlib.asynccontextmanager
async def serving(*names: str, token: str | None = None) -> AsyncIterator[list[ApiServer]]:
    """API servers, each with the web Service at 192.0.2.<n> and two ready endpoints."""
    async with contextlib.AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(ApiServer(name, token=token)) for name in names]
        for number, server in enumerate(servers, 1):
            server.put(service("web", f"192.0.2.{number}"))
            server.put(slice_of("web-1", True, True))
        yield servers
