"""The metadata that every object carries, as a value; what labels and annotations mean lives in the parsers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mcidns.hub import times
from mcidns.hub.fields import Fields, short
from mcidns.hub.unreadable import Problem, Unreadable
from mcidns.model.references import ObjectRef

Raw = Mapping[str, object]
"""An object as decoded JSON; its shape is not to be trusted."""

REGION: Final = "mcidns.io/region"
"""Annotation or label of an object that makes a member; it stands above what the fleet itself says."""

TOPOLOGY_REGION: Final = "topology.kubernetes.io/region"
TOPOLOGY_ZONE: Final = "topology.kubernetes.io/zone"

_OURS: Final = ("mcidns.io/", "app.kubernetes.io/", "kubectl.kubernetes.io/")

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Metadata:
    """Who an object is. `created_at` in unix seconds; labels and annotations sorted by key."""

    ref: ObjectRef
    uid: str = ""
    created_at: float = 0.0
    generation: int = 0
    labels: Pairs = ()
    annotations: Pairs = ()
    deleting: bool = False


def read(obj: Raw, kind: str, problems: list[Problem]) -> Metadata:
    """The metadata of an object of this kind; mistakes go to `problems`."""
    fields = Fields(obj, "", problems).child("metadata")
    created = fields.text("creationTimestamp")
    created_at = times.parse(created) if created else 0.0
    if created_at is None:
        fields.refuse("creationTimestamp", f"{short(created)!r} is no time", "the API server sets it; create the object anew")
    return Metadata(
        ref=ObjectRef(kind, fields.text("namespace"), fields.text("name")),
        uid=fields.text("uid"),
        created_at=created_at or 0.0,
        generation=fields.number("generation", 0, 0, 2**63 - 1),
        labels=fields.pairs("labels"),
        annotations=fields.pairs("annotations"),
        deleting=fields.has("deletionTimestamp"),
    )


def unreadable(metadata: Metadata, problems: list[Problem]) -> Unreadable:
    """The mistakes found, in the order of their fields and each once."""
    return Unreadable(metadata.ref, metadata.uid, metadata.generation, tuple(sorted(set(problems))))


def region(metadata: Metadata, *others: str) -> str:
    """The region that an object's annotation or label says, else the first of `others` that says one."""
    labels = dict(metadata.labels)
    said = (dict(metadata.annotations).get(REGION, ""), labels.get(REGION, ""), *others, labels.get(TOPOLOGY_REGION, ""))
    return next((one for one in said if one), "")


def passed_on(metadata: Metadata) -> Pairs:
    """Labels by which a claim may select the member; those about the object itself stay with it."""
    return tuple((key, value) for key, value in metadata.labels if not key.startswith(_OURS))
