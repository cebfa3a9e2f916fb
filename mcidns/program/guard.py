"""Whether a plan takes away too much at once; making plans and sending them live elsewhere.

A pass is judged together with what was emptied shortly before: names that go one by one in separate passes add up within a
window of 60 s. While a plan is held that window stands still, so that a hold never ends by waiting, only by approval, or
because its cause went (names wished for again, a higher limit).
"""

import hashlib
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from mcidns.model.names import DnsName
from mcidns.model.records import Change
from mcidns.model.zones import Guard

WINDOW = 60.0
"""Seconds for which a deletion counts against later ones."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class HeldPlan:
    """Deletions that wait for a person. `names` are those that would be emptied, `owned` all that are ours."""

    digest: str
    names: tuple[DnsName, ...] = field(repr=False)
    recent: int
    owned: int
    limit_percent: int

    @property
    def approval(self) -> str:
        """The annotation that lets it pass."""
        return f"mcidns.io/approve-plan: {self.digest}"

    @property
    def message(self) -> str:
        """One sentence for conditions: how much, how much is allowed, and what to do."""
        shown = ", ".join(name.relative for name in self.names[:_SHOWN])
        more = f" and {len(self.names) - _SHOWN} more" if len(self.names) > _SHOWN else ""
        before = f" after {self.recent} in the last minute" if self.recent else ""
        return (
            f"{len(self.names)} of {self.owned} names would be emptied{before}, more than {self.limit_percent} %: {shown}{more};"
            f" if that is meant, annotate the DNSZone with {self.approval}"
        )


class Ledger:
    """What was emptied lately and what a person has approved; times in unix seconds."""

    def __init__(self) -> None:
        self._emptied: dict[DnsName, float] = {}
        self._approved: set[DnsName] = set()
        self.held: HeldPlan | None = None

    def wished_again(self, name: DnsName) -> None:
        """The name holds or shall hold records: it counts no longer."""
        self._emptied.pop(name, None)
        self._approved.discard(name)

    def judge(
        self, pending: Mapping[DnsName, tuple[Change, ...]], owned: Collection[DnsName], rules: Guard, *, approved: str, now: float
    ) -> set[DnsName]:
        """Which of the pending emptyings may go now; `held` tells of the others. `owned` are all names with our records."""
        if self.held is None:
            self._emptied = {name: at for name, at in self._emptied.items() if now - at < WINDOW}
        fresh = {name: changes for name, changes in pending.items() if name not in self._approved}
        plan = weigh(fresh, owned, self._emptied.keys() - fresh.keys(), rules)
        if plan is not None and plan.digest == approved:
            self._approved.update(fresh)
            plan = None
        elif plan is None:
            self._emptied.update(dict.fromkeys(fresh, now))
        self.held = plan
        return set(pending) - set(plan.names if plan is not None else ())


def weigh(
    pending: Mapping[DnsName, tuple[Change, ...]], owned: Collection[DnsName], recent: AbstractSet[DnsName], rules: Guard
) -> HeldPlan | None:
    """Hold the pending emptyings if they and the recent ones are more than the share allowed of all names that were ours."""
    if not pending:
        return None
    emptied = recent | pending.keys()
    ours = len(owned) + sum(1 for name in emptied if name not in owned)
    if ours < rules.min_names or len(emptied) * 100 <= rules.max_emptied_percent * ours:
        return None
    return HeldPlan(digest(pending), tuple(sorted(pending)), len(recent), ours, rules.max_emptied_percent)


def digest(pending: Mapping[DnsName, tuple[Change, ...]]) -> str:
    """Twelve hex digits over what would be emptied, equal in every process."""
    lines = sorted(f"{name} {change.digest}" for name, changes in pending.items() for change in changes)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
