"""Lists of record sets, whole or not at all, however many pages they take; what they mean lives elsewhere."""

import asyncio
from collections.abc import Mapping

from mcidns.errors import ProviderError, Rejected, Transient
from mcidns_designate import shapes
from mcidns_designate.answers import Refused
from mcidns_designate.api import Api
from mcidns_designate.shapes import Recordset, Recordsets
from mcidns_designate.zones import Known, Zones

PAGE = 1000
TRIES = 3


async def recordsets(api: Api, zones: Zones, known: Known, params: Mapping[str, str] | None = None) -> list[Recordset]:
    """Every record set that was there from the beginning to the end of the listing, each once. Raises ProviderError.

    Pages are sorted by what never changes (time of creation, id) and each begins behind the last one seen, so nothing is
    left out when others appear or go meanwhile. A page whose marker was deleted cannot be had: then all begins again.
    """
    what = f"the record sets of zone {known.domain.relative}"
    for _ in range(TRIES):
        found = await _attempt(api, zones, known, dict(params or {}), what)
        if found is not None:
            return found
    raise Transient(f"{what} changed {TRIES} times while they were listed; tried again later")


async def _attempt(api: Api, zones: Zones, known: Known, params: dict[str, str], what: str) -> list[Recordset] | None:
    rows: dict[str, Recordset] = {}
    params |= {"limit": str(PAGE), "sort_key": "created_at", "sort_dir": "asc"}
    while True:
        try:
            body = await api.get(known.path, what, params)
        except Refused as refused:
            if refused.type in {"marker_not_found", "invalid_marker"}:
                return None
            raise problem(zones, known, refused, what) from refused
        page = await asyncio.to_thread(shapes.decode, body, Recordsets, what)
        rows.update((row.id, row) for row in page.recordsets)
        if page.links.next is None or not page.recordsets:
            break
        params["marker"] = page.recordsets[-1].id
    count = page.metadata.total_count
    # An empty page says 0, whatever there is; so does a list with nothing in it.
    if count is not None and page.recordsets and len(rows) < count:
        return None
    return list(rows.values())


def problem(zones: Zones, known: Known, refused: Refused, what: str) -> ProviderError:
    """What a refusal means where there is nothing to correct about a single record set."""
    if refused.type == "zone_not_found" or (refused.status == 404 and "zone" in refused.words.lower()):
        return zones.lost(known.domain)
    return Rejected(f"{what}: Designate answers {refused}")
