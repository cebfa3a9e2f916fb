"""The objects of Designate's API v2 (api-ref dns v2), with only the fields we need; nothing is judged here."""

import datetime as dt
from typing import TypeVar

import msgspec

from mcidns.errors import Transient


class Links(msgspec.Struct):
    """`next` is there as long as the list goes on."""

    next: str | None = None


class Metadata(msgspec.Struct):
    """`total_count` is of the whole list, at the time of this page."""

    total_count: int | None = None


class Zone(msgspec.Struct):
    """`serial` is a unix time, raised some seconds after a change; `version` moves with every write and every new status."""

    id: str
    name: str
    serial: int = 0
    ttl: int = 3600
    version: int = 0
    status: str = ""
    type: str = "PRIMARY"
    project_id: str = ""
    updated_at: dt.datetime | None = None


class Recordset(msgspec.Struct):
    """One record set. `ttl` None is the zone's; `records` may be empty, then nothing is served."""

    id: str
    name: str
    type: str
    records: list[str] = []
    ttl: int | None = None
    status: str = ""
    updated_at: dt.datetime | None = None


class NewRecordset(msgspec.Struct, frozen=True):
    """What a record set is made of."""

    name: str
    type: str
    ttl: int
    records: list[str]


class Zones(msgspec.Struct):
    """A page of zones."""

    zones: list[Zone]


class Recordsets(msgspec.Struct):
    """A page of record sets."""

    recordsets: list[Recordset]
    links: Links = msgspec.field(default_factory=Links)
    metadata: Metadata = msgspec.field(default_factory=Metadata)


class Limits(msgspec.Struct):
    """The quotas of our project and the smallest TTL."""

    max_zone_recordsets: int | None = None
    max_zone_records: int | None = None
    max_recordset_records: int | None = None


T = TypeVar("T")


def decode(body: bytes, shape: type[T], what: str) -> T:
    """Raises Transient where the answer is cut or no such object: a proxy's page, most likely."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Transient(f"the answer to {what} is not what Designate says ({error}); is config.endpoint right?") from error


def seconds(at: dt.datetime | None) -> int:
    """Unix seconds of a time of the API, which is UTC without saying so; 0 where there is none."""
    return int(at.replace(tzinfo=dt.UTC).timestamp()) if at is not None else 0
