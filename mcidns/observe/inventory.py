"""The latest word of every member, and who is to be told when it changes; asking the members lives in members and watch."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mcidns.model.clusters import Cluster, Lost, LostReason, MemberView, Observation, Seen
from mcidns.model.hosts import Selection
from mcidns.model.references import ClusterName, SourceRef
from mcidns.observe.store import Annotated, MemberStore


@dataclass(slots=True)
class Entry:
    """One member: what it is, what it holds, and whether it answers. `lost` None means that it does."""

    cluster: Cluster
    store: MemberStore
    labels: dict[str, str]
    lost: Lost | None
    synced_at: float | None = None
    tried: bool = False


class Inventory:
    """All members, written by their tasks, read by the passes; one thread.

    `on_source` hears of a source whose state may have changed somewhere, `on_member` of a member that came, went or stopped
    or began to answer, `on_claims` of annotated objects.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        on_source: Callable[[SourceRef], None],
        on_member: Callable[[ClusterName], None],
        on_claims: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._on_source = on_source
        self._on_member = on_member
        self._on_claims = on_claims
        self._entries: dict[ClusterName, Entry] = {}

    def put(self, cluster: Cluster) -> Entry:
        """Add a member, or change what is known of it besides its objects."""
        entry = self._entries.get(cluster.name)
        labels = dict(cluster.labels)
        if entry is None:
            lost = Lost(None, self._clock(), LostReason.NOT_YET_READ)
            entry = Entry(cluster, MemberStore(self._on_source, self._on_claims), labels, lost)
            self._entries = dict(sorted({**self._entries, cluster.name: entry}.items()))
        elif entry.cluster == cluster:
            return entry
        else:
            entry.cluster, entry.labels = cluster, labels
        self._on_member(cluster.name)
        return entry

    def remove(self, name: ClusterName) -> None:
        """The member left the fleet: an explicit withdrawal."""
        if self._entries.pop(name, None) is not None:
            self._on_member(name)
            self._on_claims()

    def answered(self, name: ClusterName) -> None:
        """The member's objects are all here and current."""
        entry = self._entries.get(name)
        if entry is None or (entry.lost is None and entry.synced_at is not None):
            return
        entry.lost, entry.tried = None, True
        entry.synced_at = self._clock()
        self._on_member(name)
        self._on_claims()

    def silent(self, name: ClusterName, reason: LostReason, detail: str) -> None:
        """The member does not answer; what it said before is kept."""
        entry = self._entries.get(name)
        if entry is None:
            return
        before = entry.lost
        first_failure = not entry.tried
        entry.tried = True
        if before is not None and before.reason == reason and not first_failure:
            return
        since = before.since if before is not None else self._clock()
        entry.lost = Lost(None, since, reason, detail)
        self._on_member(name)

    def clusters(self) -> tuple[Cluster, ...]:
        """All members, by name."""
        return tuple(entry.cluster for entry in self._entries.values())

    def is_lost(self, name: ClusterName) -> bool:
        """Whether the member does not answer, or is not known."""
        entry = self._entries.get(name)
        return entry is None or entry.lost is not None

    @property
    def any_lost(self) -> bool:
        """At least one member does not answer."""
        return any(entry.lost is not None for entry in self._entries.values())

    @property
    def isolated(self) -> bool:
        """Every member was asked and none answers: then the fault is more likely ours (design §3)."""
        return bool(self._entries) and all(entry.tried and entry.lost is not None for entry in self._entries.values())

    @property
    def ready(self) -> bool:
        """Every member was read once, or its first attempt has failed."""
        return all(entry.tried for entry in self._entries.values())

    def views(self, source: SourceRef, selection: Selection) -> tuple[MemberView, ...]:
        """What each selected member says of the source, by member name. Equal observations are equal values."""
        return tuple(
            MemberView(entry.cluster, _observation(entry, source))
            for name, entry in self._entries.items()
            if selection.takes(name, entry.labels)
        )

    def annotated(self) -> Iterator[tuple[ClusterName, Annotated]]:
        """Members' own objects with annotations of ours, by member name; those of a silent member as last seen."""
        for name, entry in self._entries.items():
            for annotated in entry.store.annotated():
                yield name, annotated


def _observation(entry: Entry, source: SourceRef) -> Observation:
    if entry.synced_at is None:
        return entry.lost if entry.lost is not None else Lost(None, 0.0, LostReason.NOT_YET_READ)
    seen = Seen(entry.store.state(source), entry.synced_at)
    if entry.lost is None:
        return seen
    return Lost(seen, entry.lost.since, entry.lost.reason, entry.lost.detail)
