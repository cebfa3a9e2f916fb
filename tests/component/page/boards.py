"""Boards for tests of the page: hosts decided by the real rules, members, zones and changes; no test lives here."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from mcidns import decide
from mcidns.model.decisions import Decision, Memory, Programming
from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet
from mcidns.model.references import ObjectRef, SourceRef
from mcidns.page import site
from mcidns.page.board import Board
from mcidns.page.limits import USUAL, Limits
from mcidns.program.guard import HeldPlan
from mcidns.program.zones import PlanSummary, ZoneStatus
from mcidns.publish.reports import MemberReport
from mcidns.publish.transitions import Notice, Regarding
from mcidns.settings import Settings
from mcidns.testing import build
from mcidns.testing.build import NOW
from mcidns.web import Health

NOTHING = Memory()
CLUSTERS = ("catania", "napoli", "palermo")


@dataclass
class Scene:
    """A board and what else the page is told; `records` is what zones hold."""

    board: Board
    records: dict[DnsName, tuple[RecordSet, ...]] = field(default_factory=dict)
    health: Health = field(default_factory=Health)
    port: int = 0

    def decide(
        self,
        name: str,
        *,
        out: str = "",
        stale: str = "",
        programmed: bool = True,
        namespace: str = "shop",
        ago: float = 0.0,
        memory: Memory = NOTHING,
        **host: Any,
    ) -> Decision:
        """Decide a host that stands in CLUSTERS; not ready in one, or silent in one, and tell the board. `ago` in seconds."""
        now = NOW - ago
        hostname = f"{name}.example.org"
        views = []
        for number, cluster in enumerate(CLUSTERS, 10):
            address = f"192.0.2.{number}"
            seen = build.seen(address, ready=0 if cluster == out else 3, total=3, at=now)
            views.append(build.member(cluster, build.lost(seen, since=now) if cluster == stale else seen))
        about = build.host(
            hostname,
            namespace=namespace,
            name=name,
            uid=f"{namespace}-{name}",
            source=SourceRef("Ingress", namespace, name),
            **host,
        )
        told = (build.programming(hostname),) if programmed else ()
        decision = decide.decide(build.world(*views, programming=told, memory=memory), about, now)
        for one in decision.names:
            self.records[one.name] = (RecordSet.of(one.name, "A", 30, one.targets),) if programmed else ()
        self.board.decided(decision)
        return decision

    def notice(
        self, name: str, reason: str, note: str, *, warning: bool = True, kind: str = "GlobalHost", namespace: str = "shop"
    ) -> None:
        """Tell the board of a change."""
        regarding = Regarding("mcidns.io/v1alpha1", ObjectRef(kind, namespace, name), "uid")
        self.board.noticed(Notice(regarding, "Warning" if warning else "Normal", reason, "Serve", note))


def scene(clock: Callable[[], float] = lambda: NOW) -> Scene:
    """An empty board."""
    return Scene(Board(clock))


def member(name: str, **changes: Any) -> MemberReport:
    """A member that answers."""
    known = MemberReport(
        name, 1, reachable=True, reason="Reachable", message="the member's API answers", synced=True, services=12, ingresses=7,
        version="v1.33.2", last_seen=NOW - 86400 * 3,
    )  # fmt: skip
    return replace(known, **changes)


def zone(name: str = "main", **changes: Any) -> ZoneStatus:
    """A zone that is well."""
    plan = PlanSummary(creates=4, updates=2, at=NOW - 240)
    known = ZoneStatus(
        name, ready=True, reason="Ready", message="the zone is read and written", serial=2026112501, names=412, owned=38,
        foreign=374, plan=plan, writes=120, listing="transfer",
    )  # fmt: skip
    return replace(known, **changes)


def held(*names: str, owned: int = 38) -> HeldPlan:
    """A plan that waits for approval."""
    return HeldPlan("9f8e7d6c5b4a", tuple(build.name(name) for name in names), 0, owned, 30)


def programming(name: str, **changes: Any) -> Programming:
    """What became of a name."""
    return build.programming(name, **changes)


@contextlib.asynccontextmanager
async def served(told: Scene, limits: Limits = USUAL, **settings: Any) -> AsyncIterator[str]:
    """The page of a scene, at a free port; yields its address."""
    wanted = Settings(**{"http": None, "page": ("127.0.0.1", told.port), "resolvers": ("127.0.0.1:9",), **settings})
    async with site.serving(wanted, told.board, lambda name: told.records.get(name), lambda: told.health, limits) as port:
        told.port = port
        yield f"http://127.0.0.1:{port}/"
