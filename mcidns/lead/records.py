"""A Lease object read and written (coordination.k8s.io/v1, as client-go spells one); when it is, is decided in election."""

import math
from collections.abc import Mapping
from typing import Any, Final

from mcidns.hub import times
from mcidns.lead.election import Lease, Terms, Write

Object = dict[str, Any]

LABELS: Final = {"app.kubernetes.io/name": "mcidns"}
"""By which people and `mcidns doctor` find it, whatever its name."""


def parse(obj: Mapping[str, Any]) -> Lease:
    """What counts of it; what is missing or of another type counts as empty."""
    metadata, spec = _section(obj, "metadata"), _section(obj, "spec")
    duration, epoch = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    return Lease(
        version=str(metadata.get("resourceVersion") or ""),
        holder=str(spec.get("holderIdentity") or ""),
        duration=float(duration) if isinstance(duration, int) else 0.0,
        epoch=epoch if isinstance(epoch, int) else 0,
        renewed=str(spec.get("renewTime") or ""),
        uid=str(metadata.get("uid") or ""),
    )


def _section(obj: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = obj.get(name)
    return found if isinstance(found, Mapping) else {}


def taken(write: Write, me: str, terms: Terms, wall: float) -> Object:
    """The patch, or the whole, that makes it ours. `wall` in unix seconds is for people: no candidate compares it with a clock."""
    now = times.render_micro(wall)
    spec: Object = {
        "holderIdentity": me,
        "leaseDurationSeconds": max(1, math.ceil(terms.duration)),
        "renewTime": now,
        "leaseTransitions": write.epoch,
    }
    if write.anew:
        spec["acquireTime"] = now
    return {"metadata": {"resourceVersion": write.version} if write.version else {}, "spec": spec}


def given_up(lease: Lease, wall: float) -> Object:
    """The patch that frees it for whoever comes first."""
    spec = {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": times.render_micro(wall)}
    return {"metadata": {"resourceVersion": lease.version}, "spec": spec}
