"""Changes that wait to be sent, most urgent first, and the halves of batches that were refused; sending them lives elsewhere."""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import chain, islice

from mcidns.model.names import DnsName
from mcidns.model.records import Change, Urgency

Batch = tuple[Change, ...]


class Outbox:
    """One entry per name and urgency; planning a name again replaces what waits for it."""

    def __init__(self) -> None:
        self._waiting: dict[Urgency, dict[DnsName, tuple[Change, ...]]] = {urgency: {} for urgency in Urgency}
        self._pieces: deque[Batch] = deque()
        self._split: set[DnsName] = set()

    def put(self, changes: Iterable[Change]) -> None:
        """Add changes of a name that has none waiting."""
        for change in changes:
            waiting = self._waiting[change.urgency]
            waiting[change.name] = (*waiting.get(change.name, ()), change)

    def withdraw(self, name: DnsName) -> None:
        """Take back what waits for a name, because it is planned again."""
        for waiting in self._waiting.values():
            waiting.pop(name, None)
        if name in self._split:
            self._split.discard(name)
            kept = (tuple(change for change in piece if change.name != name) for piece in self._pieces)
            self._pieces = deque(piece for piece in kept if piece)

    def sent(self, batch: Batch) -> None:
        """Take out what is under way now."""
        for change in batch:
            waiting = self._waiting[change.urgency]
            left = waiting.pop(change.name, ())
            if len(left) > 1:
                waiting[change.name] = tuple([other for other in left if other is not change])

    def first(self, count: int) -> Sequence[Change]:
        """Up to `count` changes, withdrawals first, then additions, then cosmetics; within each in the order of arrival."""
        every = chain.from_iterable(waiting.values() for waiting in self._waiting.values())
        return list(islice(chain.from_iterable(every), count))

    def halve(self, batch: Batch) -> None:
        """Send a refused batch again in two pieces, before all else, the first piece first."""
        middle = len(batch) // 2
        self._split.update(change.name for change in batch)
        self._pieces.extendleft((batch[middle:], batch[:middle]))

    def put_back(self, batch: Batch) -> None:
        """Send the rest of a refused batch again, before all else."""
        self._split.update(change.name for change in batch)
        self._pieces.appendleft(batch)

    def piece(self) -> Batch | None:
        """The next piece of a refused batch."""
        if not self._pieces:
            self._split.clear()
            return None
        return self._pieces.popleft()

    def drop_pieces(self) -> set[DnsName]:
        """Give up the search for culprits for now; the names that must be planned again."""
        names = {change.name for piece in self._pieces for change in piece}
        self._pieces.clear()
        self._split.clear()
        return names

    def drain(self) -> set[DnsName]:
        """Take everything back; the names that must be planned again."""
        names = self.drop_pieces().union(*self._waiting.values())
        for waiting in self._waiting.values():
            waiting.clear()
        return names

    def __contains__(self, name: DnsName) -> bool:
        return any(name in waiting for waiting in self._waiting.values()) or (
            name in self._split and any(change.name == name for piece in self._pieces for change in piece)
        )

    def __len__(self) -> int:
        """Names with changes waiting, once per urgency; pieces of refused batches count as one each."""
        return len(self._pieces) + sum(map(len, self._waiting.values()))

    def __bool__(self) -> bool:
        return bool(self._pieces) or any(self._waiting.values())
