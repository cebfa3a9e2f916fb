"""What the server was asked and what it did, for tests and the demo's screen. Nothing here changes an answer."""

from collections import Counter
from dataclasses import dataclass, field

from mcidns.nameserver import names
from mcidns.nameserver.zone import Change


@dataclass(frozen=True, slots=True)
class AppliedUpdate:
    """One UPDATE message that changed a zone: the server's Unix time, the zone, the key's name and the change."""

    at: float
    zone: str
    key: str
    change: Change

    @property
    def serials(self) -> tuple[int, int]:
        """The zone's serial before and after."""
        return self.change.serials

    @property
    def names(self) -> frozenset[str]:
        """The names whose records changed, with the final dot."""
        return frozenset(names.text(edit.name) for edit in self.change.edits)


@dataclass(slots=True)
class Counters:
    """Counts since the start or the last `reset`.

    `queries` by type ("SOA"), transfers not among them; `updates` counts UPDATE messages by the rcode of their answer ("NOERROR"),
    `effective_updates` those that changed something; `transfers` by kind: "AXFR", "IXFR", "IXFR as AXFR", "IXFR current" and
    "refused"; `signature_errors` by TSIG error ("BADKEY"); `unreadable` requests got FORMERR before anything else.
    """

    queries: Counter[str] = field(default_factory=Counter)
    updates: Counter[str] = field(default_factory=Counter)
    effective_updates: int = 0
    transfers: Counter[str] = field(default_factory=Counter)
    signature_errors: Counter[str] = field(default_factory=Counter)
    unreadable: int = 0
    connections: int = 0

    def reset(self) -> None:
        """Count from zero again."""
        for counter in (self.queries, self.updates, self.transfers, self.signature_errors):
            counter.clear()
        self.effective_updates = self.unreadable = self.connections = 0
