"""The two faces of an Event: core/v1, as it is stored, and events.k8s.io/v1; field names only, nothing else."""

from typing import Final

from mcidns.emulator.statuses import Json

_NEW_OF_OLD: Final = {
    "involvedObject": "regarding",
    "message": "note",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "source": "deprecatedSource",
    "reportingComponent": "reportingController",
}
_OLD_OF_NEW: Final = {new: old for old, new in _NEW_OF_OLD.items()}


def to_core(event: Json) -> Json:
    """An events.k8s.io/v1 Event with the field names of core/v1."""
    return {_OLD_OF_NEW.get(key, key): value for key, value in event.items()}


def from_core(event: Json) -> Json:
    """A core/v1 Event with the field names of events.k8s.io/v1."""
    return {_NEW_OF_OLD.get(key, key): value for key, value in event.items()}
