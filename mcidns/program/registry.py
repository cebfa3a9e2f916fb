"""Where the ownership of a zone's records stands, and whose is ours: ExternalDNS's TXT registry, all its names; plans nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from msgspec import Struct

from mcidns.model.names import MAX_LABEL, MAX_NAME, DnsName
from mcidns.model.records import RecordKey, RecordSet
from mcidns.model.zones import Registry
from mcidns.program import ownership
from mcidns.program.affixes import TYPES, Form
from mcidns.program.sealing import Seal

_REMEMBERED = 32768
"""Records whose registry names are remembered, per zone; beyond that all are worked out again."""


class Unownable(ValueError):
    """No ownership record can stand for this name and type; the message says why and what to change."""


class Spots(Struct, frozen=True, gc=False):
    """Where the ownership of one record is written, or why it cannot be, and where it is read, and whether that names the type."""

    written: DnsName | Unownable
    read: tuple[tuple[DnsName, bool], ...]


class _Reading(Struct, frozen=True):
    """One way to read ownership; `certain`: whatever a name is, it is what this way makes of it."""

    form: Form
    type: str | None
    certain: bool
    before: str
    behind: str


@dataclass(frozen=True, slots=True)
class Names:
    """Where ownership of one zone's records stands, and whose is ours: one form to write, several to read.

    `owners`: ours first, then those whose records we took over. What was worked out for a record is remembered: it is asked
    for again when the record is planned, written and changed.
    """

    zone: DnsName
    forms: tuple[Form, ...]
    owners: tuple[str, ...] = ()
    seal: Seal | None = None
    seals: bool = False
    _signs: tuple[str, ...] = ()
    _opening: str = ""
    _spots: dict[tuple[DnsName, str], Spots] = field(default_factory=dict, compare=False, repr=False)
    _readings: dict[str, tuple[_Reading, ...]] = field(default_factory=dict, compare=False, repr=False)
    _hosts: dict[DnsName, tuple[DnsName, ...]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, zone: DnsName, registry: Registry, owner: str = "") -> "Names":
        """The written form first, then those that are only read, each once. Raises ConfigError for a key that is none."""
        forms = tuple(dict.fromkeys(Form.of(affix) for affix in (registry.write, *registry.read_also)))
        encryption = registry.encryption
        seal = Seal.of(encryption) if encryption is not None else None
        owners = tuple(dict.fromkeys((owner, *registry.former_owners)))
        signs = tuple(f"external-dns/owner={one}" for one in owners)
        seals = encryption is not None and encryption.writes
        opening = f'"{ownership.HERITAGE},{signs[0]},external-dns/resource='
        return cls(zone, forms, owners, seal, seals=seals, _signs=signs, _opening=opening)

    def holding(self, txt: RecordSet) -> ownership.Holding:
        """Judge one TXT set of this zone."""
        return ownership.holding(txt, self.owners, self.seal)

    def resource(self, sets: Iterable[RecordSet]) -> str | None:
        """The object that our ownership names among the sets at one name; None where none of them is ours."""
        for txt in sets:
            if txt.key.type != "TXT":
                continue
            value = txt.values[0] if len(txt.values) == 1 else ""
            if value.startswith(self._opening) and "\\" not in value and '" "' not in value:
                # As we write it: most of what is read of a zone of ours, and all that is written.
                return value[len(self._opening) : -1].partition(",")[0]
            found = self.holding(txt)
            if found.claim is not None and found.claim.owner in self.owners:
                return found.claim.resource
        return None

    def owns(self, found: ownership.Holding | None) -> bool:
        """Whether a TXT set says that its record is ours."""
        return found is not None and found.claim is not None and found.claim.owner in self.owners

    def may_own(self, txt: RecordSet) -> bool:
        """Whether one of the values could be ours; a quick look, for whole zones."""
        if self.seal is not None:
            return any(ownership.read(value, self.seal) is not None for value in txt.values)
        return any(sign in value for sign in self._signs for value in txt.values)

    def value(self, content: str, place: DnsName) -> str:
        """An ownership value as it is to be written at this registry name: encrypted, if the zone says so."""
        return (
            ownership.presented(self.seal.close(ownership.plain(content), place.text))
            if self.seal is not None and self.seals
            else content
        )

    def is_as_written(self, found: ownership.Holding, content: str) -> bool:
        """Whether a TXT set says just this, once, and is encrypted as the zone wants it."""
        sealed = self.seal is not None and self.seals
        return [(claim.text, claim.sealed) for claim in found.claims] == [(content, sealed)]

    def written(self, name: DnsName, type_: str) -> DnsName:
        """The name of the TXT we write for a record. Raises Unownable where DNS or the zone leaves no room for it."""
        place = self.spots(name, type_).written
        if isinstance(place, Unownable):
            raise Unownable(*place.args)  # not the remembered one, which would keep the frames of everybody it was raised to
        return place

    def spots(self, name: DnsName, type_: str) -> Spots:
        """All the registry names of a record."""
        known = self._spots.get((name, type_))
        if known is None:
            if len(self._spots) >= _REMEMBERED:
                self._spots.clear()
                self._hosts.clear()
            read = self._sought(name, type_)
            if self._readings[type_][0].certain:
                # What is certainly read in the written form stands first.
                txt = read[0][0]
                if len(self.forms) == 1:
                    self._hosts[txt] = (name,)
            else:
                txt = self.forms[0].name(name, type_)
            known = self._spots[name, type_] = Spots(self._checked(txt, name, type_), read)
        return known

    def _checked(self, txt: DnsName, name: DnsName, type_: str) -> DnsName | Unownable:
        if type_ not in TYPES:
            return Unownable(f"records of type {type_} cannot be owned by TXT; use one of {', '.join(TYPES)}")
        form = self.forms[0]
        if form.wildcard and name.text.startswith(form.wildcard + "."):
            return Unownable(
                f"{name.relative} begins with the zone's wildcardReplacement {form.wildcard!r}, so its ownership TXT would also be"
                " that of the wildcard; choose another replacement"
            )
        if len(txt.text) > MAX_LABEL and _is_too_long(txt.text):
            return Unownable(
                f"the ownership TXT of {name.relative} would be {txt.relative}, longer than DNS allows (63 per label, 253 in all);"
                " shorten the name or use a registry prefix that ends in a dot"
            )
        if not txt.inside(self.zone):
            return Unownable(
                f"the ownership TXT of {name.relative} would be {txt.relative}, outside of the zone {self.zone.relative};"
                ' use a registry prefix that ends in a dot, such as "mcidns-%{record_type}."'
            )
        return txt

    def find(self, key: RecordKey, at: ownership.At, *, alias: bool = False) -> ownership.Holding | None:
        """The TXT that speaks for a record: the new forms first, then the legacy ones without type (never for AAAA).

        An alias has the type A and is owned, in ExternalDNS's older form, by the TXT of a CNAME (`alias`).
        """
        found = self._found(key, self.places(key.name, key.type), at)
        if found is None and alias and key.type == "A":
            typed = tuple(place for place in self.places(key.name, "CNAME") if place[1])
            return self._found(key, typed, at)
        return found

    def _found(self, key: RecordKey, places: tuple[tuple[DnsName, bool], ...], at: ownership.At) -> ownership.Holding | None:
        for txt, typed in places:
            for records in at(txt):
                if records.key.type != "TXT" or records.key.set_identifier != key.set_identifier or records.key == key:
                    continue
                found = self.holding(records)
                if typed or found.claim is not None:
                    return found
        return None

    def places(self, name: DnsName, type_: str) -> tuple[tuple[DnsName, bool], ...]:
        """Every registry name that may speak for a record, in the order of their authority, and whether it names the type."""
        return self.spots(name, type_).read

    def _sought(self, name: DnsName, type_: str) -> tuple[tuple[DnsName, bool], ...]:
        found = []
        readings = self._readings.get(type_)
        if readings is None:
            readings = self._readings[type_] = tuple(self._ways(type_))
        first, _, rest = name.text.partition(".")
        for way in readings:
            txt = DnsName(f"{way.before}{first}{way.behind}.{rest}") if first != "*" else way.form.name(name, way.type)
            if way.certain or way.form.subject(txt) == (name, way.type):
                found.append((txt, way.type is not None))
        return tuple(found)

    def _ways(self, type_: str) -> Iterator[_Reading]:
        for position, form in enumerate(self.forms):
            certain = position == 0 and type_ in TYPES and not form.wildcard
            yield _Reading(form, type_, certain, *form.around(type_))
        if type_ != "AAAA":
            for form in self.forms:
                certain = form.sure_legacy and not form.wildcard
                yield _Reading(form, None, certain, *form.around(None))

    def hosts(self, registry: DnsName) -> tuple[DnsName, ...]:
        """Every host name that a registry name may speak for, each once."""
        known = self._hosts.get(registry)
        if known is not None:
            return known
        found = [host for host, _ in self.subjects(registry)]
        return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)

    def subjects(self, registry: DnsName) -> Iterator[tuple[DnsName, str | None]]:
        """Every record a registry name may speak for, one reading per form."""
        for form in self.forms:
            subject = form.subject(registry)
            if subject is not None and subject[0].inside(self.zone):
                yield subject


def _is_too_long(text: str) -> bool:
    """The rest of a registry name is a published one, so only what the affix has touched can have too long a label."""
    first, _, rest = text.partition(".")
    return len(text) > MAX_NAME + 1 or len(first) > MAX_LABEL or rest.find(".") > MAX_LABEL
