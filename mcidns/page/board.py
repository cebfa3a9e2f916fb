"""What there is to show, as the parts last told it, and who waits for news of it; how it looks lives in views."""

import asyncio
import bisect
import contextlib
import itertools
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mcidns.hub.unreadable import Unreadable
from mcidns.model.decisions import Decision
from mcidns.model.references import ObjectRef
from mcidns.page import standing
from mcidns.page.standing import Standing
from mcidns.program.zones import ZoneStatus
from mcidns.publish.reports import MemberReport
from mcidns.publish.transitions import Notice

CHANGES: Final = 200
"""How many of the last changes are kept."""

TOGETHER: Final = 60.0
"""Seconds within which the same change of many objects, or again of one, is one line."""

_NAMED: Final = 5
_SLICE: Final = 100


@dataclass(slots=True)
class HostEntry:
    """One host: its decision, None where there is none yet, and why it cannot be read, empty where it can.

    `version` grows with every change of anything on the board. `standing` is worked out when somebody looks.
    """

    decision: Decision | None = None
    broken: str = ""
    version: int = 0
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """A change as the timeline has it: what was told, of which objects (the first few), how often, last when (unix seconds)."""

    id: int
    version: int
    at: float
    notice: Notice
    objects: tuple[ObjectRef, ...]
    times: int = 1


class Board:
    """Told of everything at once and cheaply, whether anybody looks or not; what costs more is done for those who look."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.version = 0
        self.hosts: dict[ObjectRef, HostEntry] = {}
        self.members: dict[str, tuple[int, MemberReport, str]] = {}
        self.zones: dict[str, tuple[int, ZoneStatus, str]] = {}
        self.changes: OrderedDict[int, Noted] = OrderedDict()
        self._latest: dict[tuple[object, ...], int] = {}
        self.attention = 0
        self.departures = 0
        self._order: list[ObjectRef] = []
        self._unseen: dict[ObjectRef, None] = {}
        self._touched: OrderedDict[ObjectRef, int] = OrderedDict()
        self._listeners: set[asyncio.Event] = set()

    def decided(self, decision: Decision) -> None:
        """A host's decision is another one."""
        self._entry(decision.host.ref).decision = decision

    def unreadable(self, problem: Unreadable) -> None:
        """A host cannot be read any more; what was decided of it before stands."""
        self._entry(problem.ref).broken = problem.message

    def readable(self, ref: ObjectRef) -> None:
        """A host can be read."""
        known = self.hosts.get(ref)
        if known is not None and known.broken:
            self._entry(ref).broken = ""

    def gone(self, ref: ObjectRef) -> None:
        """An object of whatever kind is gone."""
        if ref.kind == "MemberCluster" and self.members.pop(ref.name, None) is not None:
            self._stir()
        if ref.kind == "DNSZone" and self.zones.pop(ref.name, None) is not None:
            self._stir()
        entry = self.hosts.pop(ref, None)
        if entry is not None:
            self._order.pop(bisect.bisect_left(self._order, _rank(ref), key=_rank))
            self._unseen.pop(ref, None)
            self._touched.pop(ref, None)
            self.departures += 1
            self.attention -= entry.standing is not None and entry.standing.wants_attention
            self._stir()

    def member(self, report: MemberReport, region: str) -> None:
        """A member's health or drain has changed."""
        known = self.members.get(report.name)
        if known is None or known[1:] != (report, region):
            self.members[report.name] = (self._stir(), report, region)

    def zone(self, found: ZoneStatus, domain: str) -> None:
        """A zone's worker has news."""
        known = self.zones.get(found.name)
        if known is None or known[1:] != (found, domain):
            self.zones[found.name] = (self._stir(), found, domain)

    def noticed(self, notice: Notice) -> None:
        """Something has changed of which people are told."""
        now, version, ref = self._clock(), self._stir(), notice.regarding.ref
        key = _key(notice)
        known = self.changes.get(self._latest.get(key, -1))
        if known is None or now - known.at > TOGETHER:
            self.changes[version] = Noted(version, version, now, notice, (ref,))
            self._latest[key] = version
        else:
            objects = known.objects if ref in known.objects or len(known.objects) >= _NAMED else (*known.objects, ref)
            self.changes[known.id] = replace(known, version=version, at=now, objects=objects, times=known.times + 1)
            self.changes.move_to_end(known.id)
        while len(self.changes) > CHANGES:
            old, noted = self.changes.popitem(last=False)
            if self._latest.get(_key(noted.notice)) == old:
                del self._latest[_key(noted.notice)]

    async def catch_up(self) -> None:
        """Work out how the hosts stand that changed since somebody looked last, giving way in between."""
        while self._unseen:
            for ref in tuple(itertools.islice(self._unseen, _SLICE)):
                self._unseen.pop(ref)
                entry = self.hosts[ref]
                before, after = entry.standing, standing.of(entry.decision, entry.broken)
                self.attention += after.wants_attention - (before is not None and before.wants_attention)
                entry.standing = after
            await asyncio.sleep(0)

    def all(self) -> Sequence[ObjectRef]:
        """Every host by namespace and name."""
        return self._order

    def touched_since(self, version: int) -> Iterator[ObjectRef]:
        """The hosts there are that came or changed after a version, the last first; `departures` counts those that went."""
        for ref in reversed(self._touched):
            if self._touched[ref] <= version:
                return
            yield ref

    @contextlib.contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event that is set whenever something changes."""
        event = asyncio.Event()
        self._listeners.add(event)
        try:
            yield event
        finally:
            self._listeners.discard(event)

    @property
    def now(self) -> float:
        """Unix seconds by the controller's clock."""
        return self._clock()

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def wake(self) -> None:
        """Let everybody look who listens."""
        for event in self._listeners:
            event.set()

    def _entry(self, ref: ObjectRef) -> HostEntry:
        entry = self.hosts.get(ref)
        if entry is None:
            entry = self.hosts[ref] = HostEntry()
            bisect.insort(self._order, ref, key=_rank)
        entry.version = self._touched[ref] = self._stir()
        self._touched.move_to_end(ref)
        self._unseen[ref] = None
        return entry

    def _stir(self) -> int:
        self.version += 1
        self.wake()
        return self.version


def _key(notice: Notice) -> tuple[object, ...]:
    return notice.regarding.ref.kind, notice.type, notice.reason, notice.note


def _rank(ref: ObjectRef) -> tuple[str, str, str]:
    return ref.namespace, ref.name, ref.kind
