"""Changes a back end refuses, set aside by content with a growing delay; everything else goes on without them."""

import heapq
from dataclasses import dataclass

from mcidns.model.names import DnsName
from mcidns.model.records import Change
from mcidns.program.remarks import Remark

FIRST_DELAY = 30.0
LONGEST_DELAY = 3600.0


@dataclass(frozen=True, slots=True)
class Culprit:
    """One refused content: why, since how many tries, and until when (unix seconds) it is not sent again."""

    digest: str
    remark: Remark
    tries: int
    until: float


class Quarantine:
    """Refused changes by name and digest; a name whose content changes starts anew."""

    def __init__(self) -> None:
        self._culprits: dict[DnsName, dict[str, Culprit]] = {}
        self._due: list[tuple[float, DnsName]] = []

    def __len__(self) -> int:
        return sum(len(by_digest) for by_digest in self._culprits.values())

    def confine(self, change: Change, remark: Remark, *, now: float, delay: float | None = None) -> Culprit:
        """Set a change aside; the same content again waits twice as long. `delay` gives a fixed time instead."""
        by_digest = self._culprits.setdefault(change.name, {})
        digest = change.digest
        tries = by_digest[digest].tries + 1 if digest in by_digest else 1
        wait = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(tries - 1, 20)) if delay is None else delay
        culprit = Culprit(digest, remark, tries, now + wait)
        by_digest[digest] = culprit
        heapq.heappush(self._due, (culprit.until, change.name))
        return culprit

    def sift(self, name: DnsName, changes: tuple[Change, ...], *, now: float) -> tuple[tuple[Change, ...], tuple[Remark, ...]]:
        """The changes that may be sent, and what is to be said of the others; contents no longer planned are forgotten."""
        by_digest = self._culprits.get(name)
        if by_digest is None:
            return changes, ()
        free, remarks, still = [], [], {}
        for change in changes:
            culprit = by_digest.get(change.digest)
            if culprit is not None:
                still[culprit.digest] = culprit
            if culprit is None or culprit.until <= now:
                free.append(change)
            else:
                remarks.append(culprit.remark)
        self._keep(name, still)
        return tuple(free), tuple(remarks)

    def _keep(self, name: DnsName, culprits: dict[str, Culprit]) -> None:
        if culprits:
            self._culprits[name] = culprits
        else:
            self._culprits.pop(name, None)

    def acquit(self, change: Change) -> None:
        """The change was taken after all."""
        by_digest = self._culprits.get(change.name) if self._culprits else None
        if by_digest is not None:
            self._keep(change.name, {digest: c for digest, c in by_digest.items() if digest != change.digest})

    def release(self, reason: str) -> set[DnsName]:
        """Let go of everything set aside for this reason; the names to plan again."""
        released = {name for name, held in self._culprits.items() if any(c.remark.reason == reason for c in held.values())}
        for name in released:
            self._keep(name, {d: c for d, c in self._culprits[name].items() if c.remark.reason != reason})
        return released

    def due(self, now: float) -> set[DnsName]:
        """Names whose time is over, each told once."""
        names = set()
        while self._due and self._due[0][0] <= now:
            names.add(heapq.heappop(self._due)[1])
        return names & self._culprits.keys()

    @property
    def next_due(self) -> float | None:
        """When to look again, in unix seconds."""
        while self._due and self._due[0][1] not in self._culprits:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None
