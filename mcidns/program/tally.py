"""What one zone's worker has done, counted for those who look on from outside; nothing in the worker is decided by it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from mcidns.errors import Conflict, Denied, ProviderError, Rejected, Throttled, Transient
from mcidns.telemetry import Latencies, Spread

_CLASSES: Final = (Throttled, Transient, Conflict, Rejected, Denied)


@dataclass(frozen=True, slots=True)
class Figures:
    """A zone's counts as of now. `errors` by class, sorted; `waited` in seconds; `read_at` in unix seconds, 0 if never read."""

    waiting: int
    errors: tuple[tuple[str, int], ...]
    waited: float
    read_at: float
    answered: Spread
    propagated: Spread


@dataclass(slots=True)
class Tally:
    """Counts since the worker began. `answered`: from a change that was seen to the provider having taken the write for the
    name; `propagated`: to all authoritative servers answering it. A change is said to be seen `since` a `time.monotonic()`.
    """

    errors: Counter[str] = field(default_factory=Counter)
    waited: float = 0.0
    read_at: float = 0.0
    answered: Latencies = field(default_factory=Latencies)
    propagated: Latencies = field(default_factory=Latencies)

    def failed(self, error: ProviderError) -> None:
        """The provider did not do what was asked; a plug-in's own kinds of error count as what they are kinds of."""
        self.errors[next((one.__name__ for one in _CLASSES if isinstance(error, one)), "Transient")] += 1

    def figures(self, waiting: int) -> Figures:
        """As of now; `waiting` names are still to be done."""
        errors = tuple((one.__name__, self.errors[one.__name__]) for one in _CLASSES)
        return Figures(waiting, errors, self.waited, self.read_at, self.answered.spread, self.propagated.spread)
