"""The `meta.k8s.io/v1` Table and PartialObjectMetadata forms of objects, which kubectl asks for; cells are made in `columns`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from mcidns.emulator import columns
from mcidns.emulator.resources import Column, Resource
from mcidns.emulator.statuses import Json
from mcidns.emulator.storage import Stored

_NAME: Final = Column("Name", ".metadata.name", description="Name must be unique within a namespace.")
PARTIAL: Final = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}


@dataclass(frozen=True, slots=True)
class Form:
    """How a client wants objects: as themselves, as a Table, or as their metadata only."""

    kind: str = ""
    include: str = "Metadata"

    @property
    def is_table(self) -> bool:
        return self.kind == "Table"


def form(accept: str, include: str) -> Form:
    """The first form the Accept header offers that the server has."""
    for part in accept.split(","):
        words = [word.strip() for word in part.split(";")]
        if words[0] not in ("application/json", "*/*", "application/*", ""):
            continue
        wanted = next((word[3:] for word in words[1:] if word.startswith("as=")), "")
        if wanted in ("Table", "PartialObjectMetadata", "PartialObjectMetadataList"):
            return Form(wanted.removesuffix("List"), include or "Metadata")
        if not wanted:
            return Form()
    return Form()


def _definitions(resource: Resource) -> list[Json]:
    return [
        {
            "name": one.name,
            "type": one.type,
            "format": "name" if one is _NAME else "",
            "description": one.description or one.path,
            "priority": one.priority,
        }
        for one in (_NAME, *resource.columns)
    ]


def _row(stored: Stored, resource: Resource, wanted: Form, now: datetime) -> Json:
    obj = stored.decoded(resource)
    row: Json = {"cells": [stored.name, *(columns.cell(obj, one, now) for one in resource.columns)]}
    if wanted.include == "Object":
        row["object"] = obj
    elif wanted.include != "None":
        row["object"] = PARTIAL | {"metadata": obj["metadata"]}
    return row


def table(found: list[Stored], resource: Resource, wanted: Form, meta: Any, now: datetime) -> bytes:
    """A Table of objects, encoded."""
    body = {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": meta,
        "columnDefinitions": _definitions(resource),
        "rows": [_row(one, resource, wanted, now) for one in found],
    }
    return msgspec.json.encode(body)


def single(stored: Stored, resource: Resource, wanted: Form, now: datetime) -> bytes:
    """One object in the wanted form, encoded."""
    if wanted.is_table:
        return table([stored], resource, wanted, {"resourceVersion": str(stored.version)}, now)
    if wanted.kind:
        return msgspec.json.encode(PARTIAL | {"metadata": stored.decoded(resource)["metadata"]})
    return stored.encoded(resource)


def listing(found: list[Stored], resource: Resource, meta: Any, extra: list[bytes]) -> bytes:
    """A plain list, encoded; built-in items carry no kind and apiVersion, custom ones do, as on a real server."""
    head = msgspec.json.encode({"kind": resource.plural_kind, "apiVersion": resource.api_version, "metadata": meta})
    if resource.custom or resource.from_stored is not None:
        items = [one.encoded(resource) for one in found]
    else:
        items = [one.body for one in found]
    return head[:-1] + b',"items":[' + b",".join(items + extra) + b"]}"


def metadata_listing(found: list[Stored], resource: Resource, meta: Any) -> bytes:
    """A PartialObjectMetadataList, encoded."""
    items = [PARTIAL | {"metadata": one.decoded(resource)["metadata"]} for one in found]
    body = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "items": items}
    return msgspec.json.encode(body)
