"""What one reader sees, and what of it is news to them: nothing is kept for a reader but what they were sent last."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Generic, TypeVar

from mcidns.model.references import ObjectRef
from mcidns.page import views
from mcidns.page.board import Board
from mcidns.page.views import ChangeRow, Holds, HostRow, MemberRow, ZoneRow

ROWS: Final = 50
"""Hosts that are shown at once."""

LONGEST_SEARCH: Final = 200

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Query:
    """Which hosts are shown: those with all `terms`, only those that want attention, from `offset` on."""

    terms: tuple[str, ...] = ()
    attention: bool = False
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """The controller, and how many there are of everything. `decides` is False where hosts are judged elsewhere."""

    version: str
    instance: str
    role: str
    waiting: tuple[str, ...]
    stuck: tuple[str, ...]
    hosts: int
    attention: int
    decides: bool


@dataclass(frozen=True, slots=True)
class Changed(Generic[Row]):
    """Rows that are new or other than before, and the ids of all in their order where those are others."""

    rows: tuple[Row, ...] = ()
    order: tuple[str, ...] | None = None

    def __bool__(self) -> bool:
        return bool(self.rows) or self.order is not None


@dataclass(frozen=True, slots=True)
class News:
    """What differs from what was sent before; `now` in unix seconds. `matching` hosts there are of which the window shows some."""

    now: float
    head: Head | None = None
    hosts: Changed[HostRow] | None = None
    matching: int | None = None
    offset: int | None = None
    members: Changed[MemberRow] | None = None
    zones: Changed[ZoneRow] | None = None
    changes: tuple[ChangeRow, ...] = ()


@dataclass(slots=True)
class _Sent:
    """Which version of which rows a reader has."""

    versions: dict[str, int] = field(default_factory=dict)

    def changed(self, items: Iterable[tuple[str, int, Callable[[], Row]]]) -> Changed[Row] | None:
        """What is news of these; rows are made only where they are."""
        before, now, rows = self.versions, dict[str, int](), list[Row]()
        for id_, version, make in items:
            now[id_] = version
            if before.get(id_) != version:
                rows.append(make())
        self.versions = now
        order = tuple(now) if list(now) != list(before) else None
        return Changed(tuple(rows), order) if rows or order is not None else None


class Search:
    """The hosts that a query takes. After the first look it costs what changed, unless hosts went or others match now."""

    def __init__(self, board: Board, query: Query) -> None:
        self._board = board
        self._query = query
        self._looked = self._departures = -1
        self._found: Sequence[ObjectRef] = ()
        self._among: frozenset[ObjectRef] = frozenset()

    def found(self) -> Sequence[ObjectRef]:
        """Those that match, by namespace and name; to be asked when the board has caught up."""
        board = self._board
        if not self._query.terms and not self._query.attention:
            return board.all()
        stale = self._departures != board.departures or self._looked < 0
        if stale or any(bool(self._taken([ref])) != (ref in self._among) for ref in board.touched_since(self._looked)):
            self._found = self._taken(board.all())
            self._among = frozenset(self._found)
        self._looked, self._departures = board.version, board.departures
        return self._found

    def _taken(self, refs: Sequence[ObjectRef]) -> list[ObjectRef]:
        hosts = self._board.hosts
        known = [(ref, standing) for ref in refs if (standing := hosts[ref].standing) is not None]
        if self._query.attention:
            known = [one for one in known if one[1].wants_attention]
        for term in self._query.terms:
            known = [one for one in known if term in one[1].text]
        return [ref for ref, _ in known]


class Window:
    """One reader's view. `news` costs what the window shows and what changed, whatever there is besides."""

    def __init__(self, board: Board, query: Query, *, holds: Holds, head: Callable[[], Head]) -> None:
        self._board = board
        self._query = query
        self._search = Search(board, query)
        self._holds = holds
        self._headline = head
        self._head: Head | None = None
        self._matching: tuple[int, int] = (-1, -1)
        self._changes_sent = -1
        self._hosts, self._members, self._zones = _Sent(), _Sent(), _Sent()

    async def news(self) -> News | None:
        """What has changed since the last call, None where nothing has."""
        board = self._board
        await board.catch_up()
        head = self._headline()
        matching = self._search.found()
        offset = min(self._query.offset, max(0, len(matching) - 1) // ROWS * ROWS)
        shown = matching[offset : offset + ROWS]
        counts = (len(matching), offset)
        news = News(
            now=board.now,
            head=head if head != self._head else None,
            hosts=self._hosts.changed(
                (views.id_of(ref), (entry := board.hosts[ref]).version, partial(views.host, ref, entry, self._holds))
                for ref in shown
            ),
            matching=counts[0] if counts != self._matching else None,
            offset=counts[1] if counts != self._matching else None,
            members=self._members.changed(
                (name, version, partial(views.member, report, region))
                for name, (version, report, region) in sorted(board.members.items())
            ),
            zones=self._zones.changed(
                (name, version, partial(views.zone, found, domain))
                for name, (version, found, domain) in sorted(board.zones.items())
            ),
            changes=tuple(views.change(one) for one in board.changes.values() if one.version > self._changes_sent),
        )
        self._head, self._matching, self._changes_sent = head, counts, board.version
        return None if news == News(now=news.now) else news
