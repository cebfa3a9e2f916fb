"""What a fence says and where it stands: the TXT that names whose epoch a zone is written in; keeping one lives in fence."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from mcidns.model.names import MAX_LABEL, DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet, Urgency
from mcidns.program import ownership

LABEL = "mcidns-epoch-"

_SIGN = re.compile(r"mcidns-epoch=(\d{1,10}),holder=([^,\"]*),owner=([^,\"]*)\Z")


@dataclass(frozen=True, slots=True)
class Mark:
    """What a fence says: whose epoch it is. `holder` tells two processes apart that hold the same epoch by mistake."""

    epoch: int
    holder: str
    owner: str

    @property
    def text(self) -> str:
        """As a TXT value."""
        return ownership.presented(f"mcidns-epoch={self.epoch},holder={self.holder},owner={self.owner}")


def read(records: RecordSet | None) -> Mark | None:
    """What the set says; None for one that is no fence."""
    if records is None or records.key.type != "TXT" or len(records.values) != 1:
        return None
    found = _SIGN.match(ownership.plain(records.values[0]))
    return Mark(int(found[1]), found[2], found[3]) if found is not None else None


def place(zone: DnsName, owner: str) -> RecordKey:
    """Where the fence of an owner stands: `mcidns-epoch-<owner>` at the apex; what is no label is replaced by a digest."""
    label = LABEL + owner
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", owner) or len(label) > MAX_LABEL:
        label = LABEL + hashlib.sha256(owner.encode()).hexdigest()[:16]
    return RecordKey(DnsName(f"{label}.{zone.text}" if zone.text != "." else f"{label}."), "TXT")


def standing(zone: DnsName, sets: Iterable[RecordSet]) -> Mark | None:
    """The fence among the sets of one name, whichever owner's it is; None where there is none."""
    for records in sets:
        mark = read(records)
        if mark is not None and records.key == place(zone, mark.owner):
            return mark
    return None


def given_up(name: DnsName, sets: Iterable[RecordSet]) -> Change:
    """The change that takes every fence at a name away."""
    edits = tuple(Edit(records.key, records, None) for records in sets if read(records) is not None)
    return Change(name, edits, Urgency.COSMETIC, (), "the epoch of who leads given up")
