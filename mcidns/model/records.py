"""Record sets, edits that turn one into another, and what somebody wishes a name to hold; wire formats live in providers."""

import hashlib
from collections.abc import Iterable
from enum import IntEnum

from msgspec import Struct

from mcidns.model.names import DnsName
from mcidns.model.references import ObjectRef


class RecordKey(Struct, frozen=True, order=True, cache_hash=True, gc=False):
    """What makes a record set one: name, type (`A`, `TXT`, …) and set identifier (empty but for routing policies)."""

    name: DnsName
    type: str
    set_identifier: str = ""

    def __str__(self) -> str:
        suffix = f" [{self.set_identifier}]" if self.set_identifier else ""
        return f"{self.name.relative} {self.type}{suffix}"


class RecordSet(Struct, frozen=True, order=True, gc=False):
    """All values of one key. `values` are in presentation format (RFC 1035 §5), canonical, sorted and unique.

    Addresses are in their short form, host names are absolute and lower case, TXT values are quoted character-strings
    (`"a" "b"`). `ttl` in seconds. `properties` are ExternalDNS's provider-specific pairs, sorted.
    """

    key: RecordKey
    ttl: int
    values: tuple[str, ...]
    properties: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, name: DnsName, type_: str, ttl: int, values: Iterable[str], set_identifier: str = "") -> "RecordSet":
        """Build one from values in any order; repeated ones count once."""
        return cls(RecordKey(name, type_, set_identifier), ttl, tuple(sorted(set(values))))

    @property
    def name(self) -> DnsName:
        """The owner name."""
        return self.key.name

    @property
    def type(self) -> str:
        """The record type."""
        return self.key.type


class Edit(Struct, frozen=True, gc=False):
    """One record set as it must be found and as it shall be left.

    `old` is the exact set that was read, None when it was absent; `new` None deletes. With `old == new` nothing changes and
    the edit only states what the change relies on. A back end that can compare and set refuses the whole batch with
    Conflict when `old` is not what it holds (values compare, TTLs do not).
    """

    key: RecordKey
    old: RecordSet | None
    new: RecordSet | None

    @property
    def is_check(self) -> bool:
        """Whether the edit only relies on the set and leaves it alone."""
        return self.old == self.new


class Urgency(IntEnum):
    """The order in which waiting changes go out: taking a dead region away comes before all else."""

    WITHDRAW = 0
    ADD = 1
    COSMETIC = 2


class Change(Struct, frozen=True, gc=False):
    """The edits that must happen together: a record set, its ownership TXT and the checks both rest on.

    `name` is the host name concerned (the TXT's own name may differ). `causes` are the objects that want it, for their
    conditions; `note` says in a few words what happens, for people.
    """

    name: DnsName
    edits: tuple[Edit, ...]
    urgency: Urgency
    causes: tuple[ObjectRef, ...] = ()
    note: str = ""

    @property
    def digest(self) -> str:
        """Twelve hex digits over what would be written; equal content has an equal digest in every process."""
        text = "\n".join(f"{e.key}|{_spell(e.old)}|{_spell(e.new)}" for e in sorted(self.edits, key=lambda e: e.key))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _spell(records: RecordSet | None) -> str:
    return "-" if records is None else f"{records.ttl} {records.values} {records.properties}"


class Wish(Struct, frozen=True, gc=False):
    """What one object wants one name to hold; no sets means the name shall hold nothing of it.

    `claimed_at` (unix seconds) decides between rivals: the oldest wins. `merge` names those it may share the name with: two
    wishes with the same non-empty `merge` unite. `fail_open` marks sets served although nothing is healthy: they yield to a
    partner's healthy ones. When `complete` is False some member could not be asked and nothing is remembered of it: values
    the zone holds under our ownership stay unless they stand in `withdrawn` (law 1). `orphan`: when the object goes, the
    records stay and only our ownership is given up.
    """

    source: ObjectRef
    name: DnsName
    sets: tuple[RecordSet, ...]
    claimed_at: float
    merge: str = ""
    fail_open: bool = False
    complete: bool = True
    withdrawn: frozenset[str] = frozenset()
    orphan: bool = False
    cluster_note: str = ""


class Untouched(Struct, frozen=True, gc=False):
    """Nothing may be written at this name for now, and what is there stays: `why` says it to people."""

    source: ObjectRef
    name: DnsName
    why: str


Intent = Wish | Untouched
