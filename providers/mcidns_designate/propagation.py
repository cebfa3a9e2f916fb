"""Whether what was written is served by the name servers, as Designate's worker has seen them; asking them lives there."""

import asyncio
from collections import defaultdict
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
LATE = 120.0
"""Seconds after which a change that is still not served is no longer just under way; Designate's own defaults need ten."""


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
        self._looking: defaultdict[DnsName, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def state(self, zone: DnsName, batch: Sequence[Change], receipt: Receipt) -> Propagation:
        """The state of one batch. Its receipt holds when it was written, in the loop's time, and when a set was removed."""
        written_at, gone_at = (float(part) for part in receipt.token.split())
        view = await self._view(zone, written_at)
        edits = [edit for change in batch for edit in change.edits if not edit.is_check]
        made = [edit.key for edit in edits if edit.new is not None]
        gone = [edit.key for edit in edits if edit.new is None]
        if failed := [key for key in made if key in view.failed]:
            return Propagation(
                "Mismatch",
                f"Designate reports ERROR for {_named(failed)}: its name servers do not answer the change; it tries again by "
                "itself, and the log of its worker says why",
            )
        if gone and not _is_gone(view.zone, gone_at):
            return self._still_there(view, gone, written_at)
        if pending := [key for key in made if key in view.pending]:
            return _waiting(f"Designate has not seen {_named(pending)} on its name servers yet", view.at - written_at)
        return Propagation("Propagated")

    @staticmethod
    def _still_there(view: _View, gone: Sequence[RecordKey], written_at: float) -> Propagation:
        """A removed set has no status of its own any more; the zone and its other sets tell how its servers are."""
        if view.failed or view.zone.status == "ERROR":
            return Propagation(
                "Mismatch",
                f"{_named(gone)} may still be answered: Designate reports ERROR for other changes of zone {view.zone.name}; "
                "it tries again by itself, and the log of its worker says why",
            )
        return _waiting(f"Designate has not seen its name servers without {_named(gone)} yet", view.at - written_at)

    async def _view(self, zone: DnsName, written_at: float) -> _View:
        async with self._looking[zone]:
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


def _named(keys: Sequence[RecordKey]) -> str:
    shown = sorted(map(str, keys))
    return ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if len(shown) > 4 else "")


def _waiting(words: str, waited: float) -> Propagation:
    if waited < LATE:
        return Propagation("Pending", words)
    return Propagation("Mismatch", f"{words}, after {waited:.0f} s; are its worker and producer running?")


def _is_gone(zone: Zone, gone_at: float) -> bool:
    """Whether the name servers are known to serve a serial that is not older than the removal.

    Designate raises the serial (a unix time) some seconds after the removal, and notes on the zone when its name servers
    answer that serial. ACTIVE alone proves nothing: until the serial is raised it may still speak of the time before.
    """
    return zone.status == "ACTIVE" and zone.serial >= gone_at and shapes.seconds(zone.updated_at) > zone.serial
