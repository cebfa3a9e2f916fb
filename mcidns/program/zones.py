"""Which zone a name belongs to, and what is to be said of a zone; working on one lives in worker.py."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from mcidns.model.names import DnsName
from mcidns.model.zones import Zone
from mcidns.program.guard import HeldPlan
from mcidns.program.plan import NamePlan

Listing = Literal["unknown", "transfer", "targeted"]


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """The last plan that had anything to do, by record sets; `at` in unix seconds."""

    creates: int = 0
    updates: int = 0
    deletes: int = 0
    held: int = 0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class ZoneStatus:
    """A zone as its worker sees it. `names` counts all names, `owned` those of ours, `foreign` other people's.

    `listing` is `targeted` where the server does not let us list the zone, so that leftovers cannot be found. `writes`
    counts record changes since the start of the process.
    """

    name: str
    ready: bool
    reason: str
    message: str
    serial: int | None = None
    names: int = 0
    owned: int = 0
    foreign: int = 0
    plan: PlanSummary | None = None
    held: HeldPlan | None = None
    writes: int = 0
    quarantined: int = 0
    listing: Listing = "unknown"


@dataclass(frozen=True, slots=True)
class ZonePlan:
    """What a dry run would do to a zone and has to say of it. `trouble` says why it could not be planned, empty if it could."""

    zone: Zone
    names: tuple[NamePlan, ...]
    held: HeldPlan | None
    trouble: str


class Routes:
    """Zones by domain; a name belongs to the longest domain that contains it, label by label."""

    def __init__(self, zones: Iterable[Zone] = ()) -> None:
        self._by_domain: dict[str, tuple[str, ...]] = {}
        for zone in sorted(zones, key=lambda zone: zone.name):
            domain = zone.domain.text
            self._by_domain[domain] = (*self._by_domain.get(domain, ()), zone.name)

    def candidates(self, name: DnsName) -> tuple[str, ...]:
        """The zones of the longest domain: one, none, or several equal ones, which is a mistake."""
        text, served = name.text, self._by_domain
        while text not in served:
            text = text.partition(".")[2]
            if not text:
                return served.get(".", ())
        return served[text]

    def zone_of(self, name: DnsName) -> str | None:
        """The zone the name belongs to; None where there is none, or no single one."""
        found = self.candidates(name)
        return found[0] if len(found) == 1 else None

    def objection(self, name: DnsName) -> str:
        """Why the name belongs to no zone, and what to do."""
        found = self.candidates(name)
        if len(found) > 1:
            return f"DNSZones {' and '.join(found)} serve the same domain; remove all but one"
        return f"no DNSZone serves {name.relative}; create one for its domain or choose another name"
