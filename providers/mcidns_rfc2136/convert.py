"""Changes to the prerequisites and updates of one UPDATE message (RFC 2136 §2.4, §2.5); pure, sends nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from msgspec import structs

from mcidns.errors import Rejected
from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, RecordKey, RecordSet
from mcidns_rfc2136 import names, rdata, wire
from mcidns_rfc2136.wire import Fresh, Record

MAX_VALUES = 100
"""BIND's default `max-records-per-type`; it answers SERVFAIL to more, without saying why."""

MAX_TTL = 2**31 - 1

# Partly changed sets of these are changed record by record; the others hold names, whose spelling may differ from ours.
_BY_RECORD = frozenset({rdata.A, rdata.AAAA, rdata.TXT})

_CONSTRAINED = frozenset({rdata.CNAME, rdata.NS})  # whose sets cannot stand, or go, everywhere
_SPECIAL = frozenset({"CNAME", "NS", "DS"})  # to whose sets rules of their own apply
_PLAIN = {type_: rdata.number(type_) for type_ in rdata.TYPES if type_ not in _SPECIAL}
_NO_DATA = frozenset({0, 41})  # type 0 and OPT; 128 to 255 are questions and meta types (RFC 6895 §3.1)

# What may stand at a name whose A (say) becomes a CNAME; "name is not in use" cannot be asked for there.
_NEIGHBOURS = ("A", "AAAA", "TXT", "MX", "NS", "SRV", "PTR", "CAA", "HTTPS", "SVCB", "NAPTR", "SSHFP", "TLSA", "DNAME", "CNAME")


@dataclass(frozen=True, slots=True)
class Update:
    """The records of an UPDATE's two sections, and what servers may ignore of it without a word.

    BIND and Knot skip a CNAME beside other data, and other data beside a CNAME, and answer NOERROR; BIND also skips a DS
    without NS beside it. `fresh` sets, of which most of a zone is made, stand in both sections. `doubtful` sets must be read
    back. `alone` are CNAMEs that take the place of other data, with the types that the batch knows at the name: no prerequisite can
    say that there are no others, so that is to be asked first.
    """

    prerequisites: tuple[Record, ...]
    updates: tuple[Record, ...]
    fresh: tuple[Fresh, ...] = ()
    doubtful: tuple[RecordSet, ...] = ()
    alone: tuple[tuple[RecordKey, frozenset[str]], ...] = ()


def _owner(zone: DnsName, key: RecordKey, ending: str = "") -> bytes:
    """The wire name; one with the `ending` is known to lie in the zone."""
    text = key.name.text
    if not (ending and text.endswith(ending)) and not key.name.inside(zone):
        raise Rejected(f"{key}: the name is not in zone {zone.relative}; move it to a DNSZone that holds it")
    try:
        return names.to_wire(text)
    except names.NameProblem as error:
        raise Rejected(f"{key}: {error}") from error


class _Sections:
    """An UPDATE as it grows, edit by edit."""

    def __init__(self, zone: DnsName, min_ttl: int) -> None:
        self._zone = zone
        self._ending = f".{zone.text}"
        self._apex = names.to_wire(zone.text)
        self._min_ttl = min_ttl
        self._expected: list[Record] = []
        self._free: dict[tuple[bytes, int], None] = {}
        self._deletes: list[Record] = []
        self._adds: list[Record] = []
        self._last: list[Record] = []
        self._fresh: list[Fresh] = []
        self._doubtful: list[RecordSet] = []
        self._alone: list[tuple[RecordKey, frozenset[str]]] = []

    def take(self, beside: Sequence[Edit]) -> None:
        """Add all edits at one name."""
        owner, fresh = _owner(self._zone, beside[0].key, self._ending), []
        for edit in beside:
            key, new = edit.key, edit.new
            type_ = _PLAIN.get(key.type)
            if type_ is None or new is None or edit.old is not None or key.set_identifier:
                break
            ttl = max(self._min_ttl, new.ttl) if self._min_ttl else new.ttl
            fresh.append(Fresh(owner, type_, ttl, _encoded(new, type_)))
        else:
            self._fresh += fresh
            return
        cname = next((edit for edit in beside if edit.key.type == "CNAME"), None)
        for edit in beside:
            self._take(edit, owner, _type(edit.key), beside, cname)

    def _take(self, edit: Edit, owner: bytes, type_: int, beside: Sequence[Edit], cname: Edit | None) -> None:
        old = _data(edit.old, owner, type_) if edit.old is not None else ()
        self._expected += _expected(owner, type_, old)
        if type_ in _CONSTRAINED:
            _check_alone(edit, beside, self._zone)
        if edit.is_check:
            return
        if edit.new is not None and (edit.old is None or type_ == rdata.CNAME):
            self._beside(edit, edit.new, owner, beside, cname)
        new = _data(edit.new, owner, type_, self._min_ttl) if edit.new is not None else ()
        if type_ == rdata.NS and owner == self._apex:
            # Servers keep the last NS of a zone, so the new ones come first and the old ones go one by one.
            self._adds += new
            self._last += _gone(old, new)
        else:
            removed, added = _difference(owner, type_, old, new)
            self._deletes += removed
            self._adds += added

    def _beside(self, edit: Edit, new: RecordSet, owner: bytes, beside: Sequence[Edit], cname: Edit | None) -> None:
        """What must not stand at the name of a new set, and whether the server may ignore the set all the same."""
        if cname is None:
            self._free[owner, rdata.CNAME] = None
            if edit.key.type == "DS":
                self._doubtful.append(new)
        elif cname is edit:
            self._free.update(((owner, absent), None) for absent in _absent(edit, beside))
            self._doubtful.append(new)
            if edit.old is None and any(other.old is not None for other in beside):
                self._alone.append((edit.key, frozenset(other.key.type for other in beside)))
        elif cname.old is not None or cname.new is not None:
            self._doubtful.append(new)

    def result(self) -> Update:
        free = [Record(owner, type_, wire.NONE, 0, b"") for owner, type_ in self._free]
        updates = (*self._deletes, *self._adds, *self._last)
        return Update((*self._expected, *free), updates, tuple(self._fresh), tuple(self._doubtful), tuple(self._alone))


def update(zone: DnsName, batch: Iterable[Change], min_ttl: int = 0) -> Update:
    """The whole batch as one UPDATE. Raises Rejected naming the record and the value at fault."""
    at: dict[DnsName, tuple[Edit, ...]] = {}
    for change in batch:
        for edit in change.edits:
            name = edit.key.name
            beside = at.get(name)
            at[name] = (edit,) if beside is None else merged((*beside, edit))
    sections = _Sections(zone, min_ttl)
    for beside in at.values():
        sections.take(beside)
    return sections.result()


def holding(zone: DnsName, sets: Iterable[RecordSet | RecordKey]) -> tuple[Record, ...]:
    """Prerequisites that hold when each set has just these values, and when nothing stands at each key."""
    found: list[Record] = []
    for item in sets:
        key = item if isinstance(item, RecordKey) else item.key
        owner, type_ = _owner(zone, key), _type(key)
        old = () if isinstance(item, RecordKey) else _data(item, owner, type_)
        found += _expected(owner, type_, old)
    return tuple(found)


def merged(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """One edit per key; a check may stand beside a change that expects the same. Raises Rejected when two contradict."""
    found: dict[RecordKey, Edit] = {}
    for edit in edits:
        present = found.setdefault(edit.key, edit)
        if present is edit:
            continue
        together = joined(present, edit)
        if together is None:
            raise Rejected(f"{edit.key}: two changes of one message expect or leave it differently; send them one after another")
        found[edit.key] = together
    return tuple(found.values())


def joined(one: Edit, other: Edit) -> Edit | None:
    """Both edits of one key as one, None when they cannot be in one message."""
    if _values(one.old) != _values(other.old):
        return None
    if one.is_check:
        return other
    return one if other.is_check or one.new == other.new else None


def _values(records: RecordSet | None) -> tuple[str, ...] | None:
    return records.values if records else None


def _type(key: RecordKey) -> int:
    if key.set_identifier:
        raise Rejected(f"{key}: RFC 2136 knows no set identifiers; remove {key.set_identifier!r} or use a provider that has them")
    try:
        type_ = _number(key.type)
    except rdata.DataProblem as error:
        raise Rejected(f"{key}: {error}") from error
    if not type_:
        raise Rejected(f"{key}: {key.type} is the server's own or no data at all; remove it")
    return type_


@lru_cache(maxsize=512)
def _number(mnemonic: str) -> int:
    """The number of a type that may be written, 0 of one that may not. Raises DataProblem."""
    type_ = rdata.number(mnemonic)
    return 0 if type_ in rdata.KEPT_BY_SERVER or type_ in _NO_DATA or 128 <= type_ <= 255 else type_


def _data(records: RecordSet, owner: bytes, type_: int, min_ttl: int = 0) -> tuple[Record, ...]:
    ttl = max(min_ttl, records.ttl)
    return tuple([Record(owner, type_, wire.IN, ttl, data) for data in _encoded(records, type_)])


def _encoded(records: RecordSet, type_: int) -> tuple[bytes, ...]:
    """The data of each value. Raises Rejected for a set that no server would take."""
    values = records.values
    if not 0 < len(values) <= MAX_VALUES or not 0 <= records.ttl <= MAX_TTL:
        raise Rejected(f"{records.key}: {_flaw(records)}")
    value = values[0]
    try:
        if len(values) == 1:
            return (rdata.encode(type_, value),)
        return tuple([rdata.encode(type_, value := one) for one in values])
    except rdata.DataProblem as error:
        raise Rejected(f"{records.key}: value {_short(value)}: {error}") from error


def _flaw(records: RecordSet) -> str:
    if not records.values:
        return "a set without values; delete the record set instead"
    if len(records.values) > MAX_VALUES:
        return f"{len(records.values)} values; servers take at most {MAX_VALUES}, so name fewer targets"
    return f"TTL {records.ttl} is out of range; write 0 to {MAX_TTL} seconds"


def _expected(owner: bytes, type_: int, old: Sequence[Record]) -> list[Record]:
    if not old:
        return [Record(owner, type_, wire.NONE, 0, b"")]
    return [Record(owner, type_, wire.IN, 0, record.data) for record in old]


def _absent(edit: Edit, beside: Sequence[Edit]) -> Iterable[int]:
    """The types that must be absent so that the server does not ignore the new CNAME (RFC 2136 §3.4.2.2)."""
    if edit.old is None and all(other.old is None for other in beside):
        return (rdata.ANY,)
    told = {other.key.type for other in beside}
    return [rdata.number(type_) for type_ in _NEIGHBOURS if type_ not in told]


def _check_alone(edit: Edit, beside: Sequence[Edit], zone: DnsName) -> None:
    key = edit.key
    if key.type == "NS" and key.name == zone and edit.new is None:
        raise Rejected(f"{key}: a zone cannot lose its own NS records; name at least one")
    if key.type != "CNAME" or edit.new is None:
        return
    if key.name == zone:
        raise Rejected(f"{key}: the apex of a zone cannot be a CNAME; publish addresses there")
    if len(edit.new.values) != 1:
        raise Rejected(f"{key}: a CNAME has exactly one value, not {len(edit.new.values)}")
    for other in beside:
        if other.new is not None and other.key.type != "CNAME":
            raise Rejected(f"{key}: it cannot stand beside {other.key.type} at one name; keep one of them")


def _difference(owner: bytes, type_: int, old: Sequence[Record], new: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    if old and not new:
        return [Record(owner, type_, wire.ANY_CLASS, 0, b"")], []
    if not old:
        return [], list(new)
    added = _gone(new, old, as_is=True)
    removed = _gone(old, new)
    same_ttl = old[0].ttl == new[0].ttl
    partly = len(removed) < len(old) and type_ in _BY_RECORD
    if same_ttl and (partly or not (removed or added)):
        return removed, added
    # A TTL belongs to the set: Knot ignores another TTL on a record that is there, so the set goes first.
    return [Record(owner, type_, wire.ANY_CLASS, 0, b"")], list(new)


def _gone(before: Sequence[Record], after: Sequence[Record], *, as_is: bool = False) -> list[Record]:
    """The records of `before` whose data `after` lacks, as deletions (or unaltered)."""
    kept = {record.data for record in after}
    gone = [record for record in before if record.data not in kept]
    return gone if as_is else [structs.replace(record, class_=wire.NONE, ttl=0) for record in gone]


def _short(value: str) -> str:
    return repr(value if len(value) <= 100 else value[:80] + "…")
