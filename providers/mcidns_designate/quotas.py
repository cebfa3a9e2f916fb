"""Which quota is used up and how to raise it, in words; quotas are never changed here."""

from mcidns.errors import ProviderError
from mcidns.model.records import RecordKey
from mcidns_designate import shapes
from mcidns_designate.answers import Refused
from mcidns_designate.api import Api
from mcidns_designate.shapes import Limits
from mcidns_designate.zones import Known

_OPTIONS = {
    "zone_recordsets": ("record sets in one zone", "--zone-recordsets"),
    "zone_records": ("records in one zone", "--zone-records"),
    "recordset_records": ("values in one record set", "--recordset-records"),
}


async def words(api: Api, known: Known, key: RecordKey, message: str) -> str:
    """The refusal of one record set, with the quota by name, its present size where we may know it, and the remedy."""
    name = next((name for name in sorted(_OPTIONS, key=len, reverse=True) if name in message), "")
    if not name:
        return f"{key}: {message or 'a quota is used up'}; ask for a higher quota"
    meaning, option = _OPTIONS[name]
    size = await _size(api, name)
    limit = f" is {size}" if size is not None else ""
    project = known.row.project_id or "PROJECT"
    remedy = "publish fewer values, or" if name == "recordset_records" else "remove records that nobody needs, or"
    return (
        f"{key}: quota {name} of project {project}{limit}: no more {meaning}; {remedy} ask for more "
        f"(openstack dns quota set --project-id {project} {option} N)"
    )


async def _size(api: Api, name: str) -> int | None:
    """Best effort: the refusal is the news, not the number."""
    try:
        limits = shapes.decode(await api.get("/limits", "limits"), Limits, "limits")
    except (ProviderError, Refused):
        return None
    size: int | None = getattr(limits, f"max_{name}")
    return size
