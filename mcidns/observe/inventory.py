"""The latest word of every member, and who is to be told when it changes; asking the members lives in members and watch."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from mcidns.model.clusters import Cluster, Lost, LostReason, MemberView, Observation, Seen
from mcidns.model.hosts import Selection
from mcidns.model.references import GATEWAY_KINDS, ClusterName, SourceRef
from mcidns.observe.store import Annotated, MemberStore


@dataclass(slots=True)
class Entry:
    """One member: what it is, what it holds, and whether it answers (`lost` None).

    `answers_since` is when it last began to answer without a break, None if it never did; `tried` once an attempt has
    ended, well or not. `pending` is being filled and takes the place of `store` when it is whole. `blind`: its Gateways and
    routes cannot be read, which leaves all else as it is. `cluster_id` tells one cluster that is a member twice.
    """

    cluster: Cluster
    store: MemberStore
    labels: dict[str, str]
    lost: Lost | None
    answers_since: float | None = None
    tried: bool = False
    pending: MemberStore | None = None
    blind: Lost | None = None
    cluster_id: str = ""

    @property
    def rank(self) -> tuple[float, ClusterName]:
        """Of members that are the same cluster the first by this counts: the oldest MemberCluster, then the first by name."""
        return (self.cluster.created_at, self.cluster.name)


class Inventory:
    """All members, written by their tasks, read by the passes; one thread.

    `on_source` hears of a source whose state changed in a member that was read before, `on_member` of a member that came,
    went, changed, or stopped or began to answer (then any of its sources may differ), `on_claims` of annotated objects,
    `on_twin` of a member that turned out to be, or to be no longer, the same cluster as another.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        on_source: Callable[[SourceRef], None],
        on_member: Callable[[ClusterName], None],
        on_claims: Callable[[], None],
        on_twin: Callable[[ClusterName], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._on_source = on_source
        self._on_member = on_member
        self._on_claims = on_claims
        self._on_twin = on_twin
        self._twins: dict[str, tuple[ClusterName, ...]] = {}
        self._entries: dict[ClusterName, Entry] = {}

    def put(self, cluster: Cluster) -> Entry:
        """Add a member, or change what is known of it besides its objects."""
        entry = self._entries.get(cluster.name)
        labels = dict(cluster.labels)
        if entry is None:
            lost = Lost(None, self._clock(), LostReason.NOT_YET_READ)
            entry = Entry(cluster, self._store(), labels, lost, blind=lost)
            self._entries = dict(sorted({**self._entries, cluster.name: entry}.items()))
        elif entry.cluster == cluster:
            return entry
        else:
            entry.cluster, entry.labels = cluster, labels
            self._regroup(entry.cluster_id)
        self._on_member(cluster.name)
        return entry

    def begin(self, name: ClusterName) -> MemberStore:
        """An empty store for a member that is asked anew; what it said before stands until `answered`. Raises KeyError."""
        store = self._entries[name].pending = self._store()
        return store

    def entry(self, name: ClusterName) -> Entry | None:
        """What is held of a member, None for one that is not known."""
        return self._entries.get(name)

    def remove(self, name: ClusterName) -> None:
        """The member left the fleet: an explicit withdrawal."""
        entry = self._entries.pop(name, None)
        if entry is not None:
            entry.store.live = False
            self._regroup(entry.cluster_id)
            self._on_member(name)
            self._on_claims()

    def identify(self, name: ClusterName, cluster_id: str) -> None:
        """Which cluster the member is, empty where that cannot be told."""
        entry = self._entries.get(name)
        if entry is None or entry.cluster_id == cluster_id:
            return
        before, entry.cluster_id = entry.cluster_id, cluster_id
        self._regroup(before)
        self._regroup(cluster_id)

    def twin_of(self, name: ClusterName) -> ClusterName | None:
        """The member that counts in place of this one where both take part, None where this one counts."""
        entry = self._entries.get(name)
        first = self._twins.get(entry.cluster_id, (name,))[0] if entry is not None and entry.cluster_id else name
        return first if first != name else None

    def _regroup(self, cluster_id: str) -> None:
        """Work out anew which members are this cluster, in the order in which they count."""
        if not cluster_id:
            return
        before = self._twins.pop(cluster_id, ())
        same = sorted((entry for entry in self._entries.values() if entry.cluster_id == cluster_id), key=lambda one: one.rank)
        after = tuple(entry.cluster.name for entry in same) if len(same) > 1 else ()
        if after:
            self._twins[cluster_id] = after
        if before != after:
            for name in sorted({*before, *after}):
                if name in self._entries:
                    self._on_member(name)
                    self._on_twin(name)

    def answered(self, name: ClusterName) -> None:
        """The member's objects are all here and current."""
        entry = self._entries.get(name)
        if entry is None or (entry.lost is None and entry.pending is None):
            return
        fresh, entry.pending = entry.pending, None
        if fresh is not None:
            entry.store.live, entry.store = False, fresh
        entry.lost, entry.tried = None, True
        entry.answers_since = self._clock()
        entry.store.live = True
        self._on_member(name)
        if fresh is not None:
            self._on_claims()

    def silent(self, name: ClusterName, reason: LostReason, detail: str) -> None:
        """The member does not answer; what it said before is kept. While the reason stays, so does the detail."""
        entry = self._entries.get(name)
        if entry is None or (entry.tried and entry.lost is not None and entry.lost.reason == reason):
            return
        since = entry.lost.since if entry.lost is not None else self._clock()
        entry.tried = True
        entry.lost = Lost(None, since, reason, detail)
        self._on_member(name)

    def gateways(self, name: ClusterName, trouble: tuple[LostReason, str] | None) -> None:
        """The member's Gateways and routes are all here and current, or why they are not."""
        entry = self._entries.get(name)
        if entry is None:
            return
        before, now = entry.blind, None
        if trouble is not None:
            if before is not None and before.reason == trouble[0]:
                return
            now = Lost(None, before.since if before is not None else self._clock(), *trouble)
        if now != before:
            entry.blind = now
            self._on_member(name)
            self._on_claims()

    def clusters(self) -> tuple[Cluster, ...]:
        """All members, by name."""
        return tuple(entry.cluster for entry in self._entries.values())

    def is_lost(self, name: ClusterName) -> bool:
        """Whether the member does not answer, or is not known."""
        entry = self._entries.get(name)
        return entry is None or entry.lost is not None

    def knows(self, kind: str) -> bool:
        """Every member answers, and its objects of the kind are known."""
        return self.ready and not any(_doubt(entry, kind) for entry in self._entries.values())

    @property
    def isolated(self) -> bool:
        """Every member was asked and none answers: then the fault is more likely ours (design §3)."""
        return bool(self._entries) and all(entry.tried and entry.lost is not None for entry in self._entries.values())

    @property
    def heard_since(self) -> float:
        """Since when some member has answered without a break (unix seconds); 0 while none answers."""
        answering = [entry.answers_since for entry in self._entries.values() if entry.lost is None]
        return min((since for since in answering if since is not None), default=0.0)

    @property
    def ready(self) -> bool:
        """Every member was read once, or its first attempt has failed."""
        return all(entry.tried for entry in self._entries.values())

    def views(self, source: SourceRef, selection: Selection) -> tuple[MemberView, ...]:
        """What each selected member says of the source, by member name. While nothing changes, equal values."""
        selected: Iterable[Entry] = self._selected(selection)
        if self._twins:
            selected = self._once(tuple(selected))
        return tuple(MemberView(entry.cluster, _observation(entry, source)) for entry in selected)

    def annotated(self) -> Iterator[tuple[ClusterName, Annotated]]:
        """Members' own objects with annotations of ours, by member name; those of a silent member as last seen."""
        for name, entry in self._entries.items():
            if entry.answers_since is not None:
                for annotated in entry.store.annotated():
                    yield name, annotated

    def _once(self, selected: tuple[Entry, ...]) -> Iterator[Entry]:
        """Each cluster once: by the first of its members that was read; until then by all, as nobody knows better."""
        first: dict[str, Entry] = {}
        for entry in selected:
            if entry.cluster_id in self._twins and entry.answers_since is not None:
                held = first.setdefault(entry.cluster_id, entry)
                first[entry.cluster_id] = min(held, entry, key=lambda one: one.rank)
        for entry in selected:
            counts = first.get(entry.cluster_id, entry)
            if counts is entry or entry.rank < counts.rank:
                yield entry

    def _store(self) -> MemberStore:
        return MemberStore(self._on_source, self._on_claims, live=False)

    def _selected(self, selection: Selection) -> Iterator[Entry]:
        if selection.names is not None:
            for name in sorted(set(selection.names)):
                if name in self._entries:
                    yield self._entries[name]
        elif not selection.requirements:
            yield from self._entries.values()
        else:
            for name, entry in self._entries.items():
                if selection.takes(name, entry.labels):
                    yield entry


def _doubt(entry: Entry, kind: str) -> Lost | None:
    return entry.lost or (entry.blind if kind in GATEWAY_KINDS else None)


def _observation(entry: Entry, source: SourceRef) -> Observation:
    seen = Seen(entry.store.state(source), entry.answers_since) if entry.answers_since is not None else None
    lost = _doubt(entry, source.kind)
    if lost is not None:
        return Lost(seen, lost.since, lost.reason, lost.detail)
    # A member that is not lost was read: `answered` sets both at once.
    return seen or Lost(None, 0.0, LostReason.NOT_YET_READ)
