"""Whether what was written is served by the name servers, as Designate's worker has seen them; asking them lives there."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from mcidns.model.names import DnsName
from mcidns.model.records import Change, RecordKey
from mcidns.provider import Propagation, Receipt
from mcidns_designate import convert, listing, shapes
from mcidns_designate.api import Api
from mcidns_designate.shapes import Zone
from mcidns_designate.zones import Known, Zones

FRESH = 1.0
"""Seconds for which one look at a zone answers for all batches that were written before it."""


@dataclass(frozen=True, slots=True)
class _View:
    """A zone and its record sets that are not (yet) served, as of `at` in the loop's time."""

    at: float
    zone: Zone
    pending: frozenset[RecordKey]
    failed: frozenset[RecordKey]


class Confirmation:
    """One look at a zone serves every batch that asks within a second: three requests at most, however many they are."""

    def __init__(self, api: Api, zones: Zones) -> None:
        self._api = api
        self._zones = zones
        self._views: dict[DnsName, _View] = {}
        self._looking = asyncio.Lock()

    async def state(self, zone: DnsName, batch: Sequence[Change], receipt: Receipt) -> Propagation:
        """The state of one batch. Its receipt holds when it was written, in the loop's time, and when a set was removed."""
        written_at, gone_at = (float(part) for part in receipt.token.split())
        view = await self._view(zone, written_at)
        edits = [edit for change in batch for edit in change.edits if not edit.is_check]
        failed = sorted(str(edit.key) for edit in edits if edit.new is not None and edit.key in view.failed)
        if failed:
            return Propagation(
                "Mismatch",
                f"Designate reports ERROR for {', '.join(failed[:4])}: its name servers did not take the change; it tries again "
                "by itself, and the log of its worker says why",
            )
        pending = sorted(str(edit.key) for edit in edits if edit.new is not None and edit.key in view.pending)
        if pending:
            return Propagation("Pending", f"Designate has not seen {', '.join(pending[:4])} on its name servers yet")
        gone = sorted(str(edit.key) for edit in edits if edit.new is None)
        return _gone(view.zone, gone, gone_at) if gone else Propagation("Propagated")

    async def _view(self, zone: DnsName, written_at: float) -> _View:
        async with self._looking:
            now = asyncio.get_running_loop().time()
            view = self._views.get(zone)
            if view is None or view.at < written_at or now - view.at > FRESH:
                view = self._views[zone] = await self._look(zone, now)
            return view

    async def _look(self, zone: DnsName, now: float) -> _View:
        known = await self._zones.fresh(zone)
        return _View(now, known.row, await self._with_status(known, "PENDING"), await self._with_status(known, "ERROR"))

    async def _with_status(self, known: Known, status: str) -> frozenset[RecordKey]:
        rows = await listing.recordsets(self._api, self._zones, known, {"status": status})
        return frozenset(convert.key(row) for row in rows)


def _gone(zone: Zone, names: Sequence[str], gone_at: float) -> Propagation:
    """A removed set leaves the API at once, so its fate is read off the zone.

    Designate raises the serial (a unix time) some seconds after the removal, and marks the zone once its name servers answer
    that serial. ACTIVE alone proves nothing: until the serial is raised it may still speak of the time before.
    """
    shown = ", ".join(names[:4])
    if zone.status == "ERROR":
        return Propagation(
            "Mismatch",
            f"zone {zone.name} is in status ERROR, so {shown} may still be answered; the log of Designate's worker says why",
        )
    if zone.status == "ACTIVE" and zone.serial >= gone_at and shapes.seconds(zone.updated_at) > zone.serial:
        return Propagation("Propagated")
    return Propagation("Pending", f"Designate has not seen its name servers without {shown} yet")
