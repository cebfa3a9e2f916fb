"""What every name shall hold by all wishes together: rivals, partners, freezes, farewells; what DNS holds is not known here."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from msgspec import Struct, structs

from mcidns.model.names import DnsName
from mcidns.model.records import Intent, RecordKey, RecordSet, Untouched, Wish
from mcidns.model.references import ObjectRef
from mcidns.program import ownership


class Wanted(Struct, frozen=True, gc=False):
    """What a name shall hold. `removable`: only these values may leave it, None when any may; `may_empty`: they may all leave.

    `resource` is the oldest claim's label, `labels` those of every partner. `patient` is True until every object was decided
    once: until then a name that DNS says is another object's waits. `losers` are the rivals that came later.
    """

    name: DnsName
    sets: tuple[RecordSet, ...]
    resource: str
    causes: tuple[ObjectRef, ...]
    labels: frozenset[str]
    clusters: str = ""
    orphan: bool = False
    removable: frozenset[str] | None = None
    may_empty: bool = True
    patient: bool = False
    losers: tuple[ObjectRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Frozen:
    """Nothing may be written at the name."""

    name: DnsName
    why: str
    causes: tuple[ObjectRef, ...]


@dataclass(frozen=True, slots=True)
class Gone:
    """Nobody wishes anything for the name. `removable` as in Wanted; `sets` were last wished for by this process.

    A record whose ownership names one of `spared` stays: that object lives and cannot be judged now.
    """

    name: DnsName
    orphan: bool = False
    sets: tuple[RecordSet, ...] = ()
    removable: frozenset[str] | None = None
    spared: frozenset[str] = frozenset()


Aim = Wanted | Frozen | Gone
_NO_FREEZE = (False, False)


class Wishes:
    """All intents by object and by name. Every question and every change costs what the name or the object costs, no more."""

    def __init__(self) -> None:
        self._by_source: dict[ObjectRef, dict[DnsName, tuple[Intent, ...]]] = {}
        self._by_name: dict[DnsName, dict[ObjectRef, tuple[Intent, ...]]] = {}
        self._left: dict[DnsName, Gone] = {}
        self._past: dict[DnsName, set[str]] = {}
        self._untouched: Counter[str] = Counter()
        self._incomplete: Counter[str] = Counter()
        self._spared: frozenset[str] | None = frozenset()
        self.is_settled = False

    def replace(self, source: ObjectRef, intents: Iterable[Intent]) -> tuple[set[DnsName], bool]:
        """Put these in place of all of the object's intents. The names that changed, and whether a freeze of the object ended."""
        grouped: dict[DnsName, tuple[Intent, ...]] = {}
        for intent in intents:
            name = intent.name
            known = grouped.get(name)
            grouped[name] = (intent,) if known is None else (*known, intent)
        before = self._by_source.get(source)
        if before is None:
            before, changed = {}, set(grouped)
        else:
            changed = {name for name in before.keys() | grouped.keys() if before.get(name) != grouped.get(name)}
        for name in changed:
            self._put(source, name, before.get(name, ()), grouped.get(name, ()))
        if grouped:
            self._by_source[source] = grouped
        else:
            self._by_source.pop(source, None)
        former, present = _freezes(before) if before else _NO_FREEZE, _freezes(grouped)
        return changed, former != present and self._count_freezes(source, former, present)

    def _put(self, source: ObjectRef, name: DnsName, before: tuple[Intent, ...], after: tuple[Intent, ...]) -> None:
        if before and not self.is_settled:
            self._past.setdefault(name, set()).update(_values(before))
        entries = self._by_name.get(name)
        if entries is None:
            self._by_name[name] = {source: after}
            self._left.pop(name, None)
        elif after:
            entries[source] = after
        else:
            del entries[source]
            if not entries:
                del self._by_name[name]
                self._left[name] = _farewell(name, before)

    def _count_freezes(self, source: ObjectRef, former: tuple[bool, bool], present: tuple[bool, bool]) -> bool:
        """Note what became of the object's freezes; whether one ended."""
        label = ownership.resource_label(source)
        thawed = False
        for counted, was, now in zip((self._untouched, self._incomplete), former, present, strict=True):
            if was == now:
                continue
            counted[label] += 1 if now else -1
            if not counted[label]:
                del counted[label]
            self._spared = None
            thawed = thawed or was
        return thawed

    def settle(self) -> None:
        """Every object was decided once: what nobody wishes for is nobody's from now on."""
        self.is_settled = True
        self._past.clear()

    def forget_name(self, name: DnsName) -> None:
        """The name holds nothing of ours any more; what was last wished for it is of no use."""
        self._left.pop(name, None)

    def __contains__(self, name: DnsName) -> bool:
        return name in self._by_name

    def names(self) -> Iterator[DnsName]:
        """Names somebody has an intent for."""
        return iter(self._by_name)

    def left(self) -> Iterator[DnsName]:
        """Names this process was asked for, and is no more."""
        return iter(self._left)

    def names_of(self, source: ObjectRef) -> tuple[DnsName, ...]:
        """The names of one object, sorted."""
        return tuple(sorted(self._by_source.get(source, ())))

    def sources(self) -> tuple[ObjectRef, ...]:
        """Every object with an intent, sorted."""
        return tuple(sorted(self._by_source))

    def sources_of(self, name: DnsName) -> tuple[ObjectRef, ...]:
        """The objects with an intent for the name, sorted."""
        entries = self._by_name.get(name, ())
        return tuple(sorted(entries)) if len(entries) > 1 else tuple(entries)

    def aim(self, name: DnsName) -> Aim | None:
        """What the name shall hold; None while it cannot be known (a name never asked for, before all objects were decided)."""
        entries = self._by_name.get(name)
        if entries is None:
            return self._gone(name)
        if len(entries) == 1:
            (group,) = entries.values()
            if len(group) == 1 and isinstance(group[0], Wish):
                alone = _alone(name, group[0]) if group[0].complete else _united(name, [group[0]])
                return alone if self.is_settled else self._patient(alone, group[0])
        intents = [intent for group in entries.values() for intent in group]
        frozen = [intent for intent in intents if isinstance(intent, Untouched)]
        if frozen:
            return Frozen(name, frozen[0].why, tuple(sorted(entries)))
        wishes = sorted((intent for intent in intents if isinstance(intent, Wish)), key=_seniority)
        first = wishes[0]
        partners = [wish for wish in wishes if wish.source == first.source or (wish.merge and wish.merge == first.merge)]
        wanted = _united(name, partners)
        losers = tuple(sorted({wish.source for wish in wishes} - set(wanted.causes)))
        if losers:
            wanted = structs.replace(wanted, losers=losers)
        return wanted if self.is_settled else self._patient(wanted, first)

    def _gone(self, name: DnsName) -> Gone | None:
        left = self._left.get(name)
        if self._spared is None:
            self._spared = frozenset(self._untouched)
        # Which addresses a member has that cannot be asked is not known, nor then which PTR records are right (law 1).
        spared = self._spared | self._incomplete.keys() if name.is_reverse and self._incomplete else self._spared
        if self.is_settled:
            return replace(left or Gone(name), spared=spared)
        return None if left is None else replace(left, spared=spared, removable=frozenset(self._past.get(name, ())))

    def _patient(self, wanted: Wanted, first: Wish) -> Wanted:
        """Until all objects were decided, a partner may still be unheard: values nobody here ever wished for stay."""
        removable = wanted.removable
        if first.merge and removable is None:
            present = [value for group in self._by_name[wanted.name].values() for value in _values(group)]
            removable = frozenset(present).union(self._past.get(wanted.name, ()))
        return structs.replace(wanted, patient=True, removable=removable)


def _freezes(intents: dict[DnsName, tuple[Intent, ...]]) -> tuple[bool, bool]:
    """Whether an object leaves some name untouched, and whether it wishes for some without knowing every member."""
    untouched = incomplete = False
    for group in intents.values():
        for intent in group:
            if isinstance(intent, Untouched):
                untouched = True
            elif not intent.complete:
                incomplete = True
    return (untouched, incomplete) if untouched or incomplete else _NO_FREEZE


def _values(intents: Iterable[Intent]) -> Iterator[str]:
    """What these wish for, or wish gone."""
    for intent in intents:
        if isinstance(intent, Wish):
            yield from intent.withdrawn
            for records in intent.sets:
                yield from records.values


def _seniority(wish: Wish) -> tuple[float, str, str, str]:
    return wish.claimed_at, wish.source.namespace, wish.source.name, wish.source.kind


def _farewell(name: DnsName, before: tuple[Intent, ...]) -> Gone:
    wishes = [intent for intent in before if isinstance(intent, Wish)]
    sets = tuple(records for wish in wishes for records in wish.sets)
    return Gone(name, orphan=any(wish.orphan for wish in wishes), sets=sets)


def _alone(name: DnsName, wish: Wish) -> Wanted:
    """What one object wants that has the name to itself and whose members were all asked."""
    sets = wish.sets if len(wish.sets) < 2 else _without_clashes(_merged(wish.sets))
    resource = ownership.resource_label(wish.source)
    return Wanted(name, sets, resource, (wish.source,), frozenset((resource,)), wish.cluster_note, wish.orphan)


def _united(name: DnsName, partners: list[Wish]) -> Wanted:
    """Partners, oldest first, as one: values unite, the lowest TTL wins, fail-open sets yield to a partner's healthy ones."""
    serving = [wish for wish in partners if wish.sets and not wish.fail_open] or partners
    sets = _without_clashes(_merged(tuple(records for wish in serving for records in wish.sets)))
    return Wanted(
        name=name,
        sets=sets,
        resource=ownership.resource_label(partners[0].source),
        causes=tuple(sorted({wish.source for wish in partners})),
        labels=frozenset(ownership.resource_label(wish.source) for wish in partners),
        clusters="+".join(dict.fromkeys(wish.cluster_note for wish in serving if wish.cluster_note)),
        orphan=any(wish.orphan for wish in partners),
        removable=None if all(wish.complete for wish in partners) else _removable(partners, serving, sets),
        may_empty=all(wish.complete for wish in partners),
    )


def _removable(partners: list[Wish], serving: list[Wish], sets: tuple[RecordSet, ...]) -> frozenset[str]:
    """What may leave although somebody could not be asked: explicit withdrawals, and fail-open values that yielded."""
    gone = {value for wish in partners for value in wish.withdrawn}
    gone.update(value for wish in partners if wish not in serving for records in wish.sets for value in records.values)
    return frozenset(gone - {value for records in sets for value in records.values})


def _merged(sets: tuple[RecordSet, ...]) -> tuple[RecordSet, ...]:
    united: dict[RecordKey, RecordSet] = {}
    for records in sets:
        known = united.get(records.key)
        if known is None:
            united[records.key] = records
            continue
        single = records.key.type in {"CNAME", "DNAME"}
        values = known.values if single else tuple(sorted({*known.values, *records.values}))
        ttls = [ttl for ttl in (known.ttl, records.ttl) if ttl > 0]
        united[records.key] = RecordSet(records.key, min(ttls, default=0), values, known.properties or records.properties)
    return tuple(united[key] for key in sorted(united))


def _without_clashes(sets: tuple[RecordSet, ...]) -> tuple[RecordSet, ...]:
    """A CNAME stands alone, so it yields to any other type (ExternalDNS's rule)."""
    if len({records.key.type for records in sets}) == 1:
        return sets
    return tuple(records for records in sets if records.key.type != "CNAME")
