"""Whose record it is: ExternalDNS's TXT registry read in all its forms and written in the new one; no planning lives here."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from mcidns.errors import ConfigError
from mcidns.model.names import MAX_LABEL, MAX_NAME, DnsName
from mcidns.model.records import RecordKey, RecordSet
from mcidns.model.references import ObjectRef
from mcidns.model.zones import Affix, Registry

TYPES = ("A", "AAAA", "CNAME", "NS", "MX", "PTR", "SRV", "NAPTR", "TXT", "DNAME")
"""Types ExternalDNS knows as a token in registry names, in the order in which it tries them."""
HERITAGE = "heritage=external-dns"
CLUSTERS = "mcidns/clusters"
DELETION = "mcidns/deletion"
ORPHAN = "orphan"

At = Callable[[DnsName], tuple[RecordSet, ...]]

_TEMPLATE = "%{record_type}"
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]*\Z")
_STRINGS = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(\d{3}|.)")
_UNSAFE = re.compile(r"[^A-Za-z0-9._:/@+=\[\] -]")
_LONGEST_NOTE = 180
_LONGEST_STRING = 255
_REMEMBERED = 32768
"""Records whose registry names are remembered, per zone; beyond that all are worked out again."""


class Unownable(ValueError):
    """No ownership record can stand for this name and type; the message says why and what to change."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one ownership value says. `raw` is the value as read, for deletes; `extra` are labels beyond ExternalDNS's own."""

    owner: str
    resource: str
    raw: str
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def orphan(self) -> bool:
        """Whether the records outlive the object that asked for them."""
        return (DELETION, ORPHAN) in self.extra


@dataclass(frozen=True, slots=True)
class Holding:
    """The TXT set that speaks for a record. `claim` is None where it holds nothing readable, or two owners at once."""

    txt: RecordSet
    claim: Claim | None

    def without_claims(self) -> RecordSet | None:
        """The set less its ownership values; None when nothing else stood there."""
        left = tuple(value for value in self.txt.values if read(value) is None)
        return RecordSet(self.txt.key, self.txt.ttl, left, self.txt.properties) if left else None

    def with_claim(self, value: str) -> RecordSet:
        """The set with `value` in place of its ownership values."""
        left = [other for other in self.txt.values if read(other) is None]
        return RecordSet(self.txt.key, self.txt.ttl, tuple(sorted({*left, value})), self.txt.properties)


def resource_label(ref: ObjectRef) -> str:
    """An object as the `resource` label spells it."""
    return f"{ref.kind.lower()}/{ref.namespace}/{ref.name}"


def check_owner(owner_id: str) -> None:
    """Raise ConfigError for an owner id that could not be read back from a TXT."""
    if not _OWNER.match(owner_id):
        raise ConfigError(
            "spec.ownerID",
            f"{owner_id!r} cannot stand in an ownership TXT",
            "use letters, digits and . _ : @ - (start with one of the first two)",
        )


def write(owner: str, resource: str, *, clusters: str = "", orphan: bool = False) -> str:
    """The ownership value in presentation format, labels sorted by key; a cluster note is made safe and cut at 180 characters."""
    parts = [HERITAGE, f"external-dns/owner={owner}", f"external-dns/resource={resource}"]
    if clusters:
        parts.append(f"{CLUSTERS}={_note(clusters)}")
    if orphan:
        parts.append(f"{DELETION}={ORPHAN}")
    text = ",".join(parts)
    if len(text) <= _LONGEST_STRING:
        return f'"{text}"'
    return " ".join(f'"{text[start : start + _LONGEST_STRING]}"' for start in range(0, len(text), _LONGEST_STRING))


@lru_cache(maxsize=1024)
def _note(clusters: str) -> str:
    return _UNSAFE.sub("", clusters.replace(",", "+"))[:_LONGEST_NOTE]


@lru_cache(maxsize=4096)
def read(value: str) -> Claim | None:
    """Read one TXT value in presentation format; None for any text that is no ownership (an encrypted one included)."""
    if HERITAGE not in value:
        return None
    text = value.strip('"')
    if "\\" in text or '" "' in text:
        text = _ESCAPE.sub(_unescape, "".join(_STRINGS.findall(value)) or value).strip('"')
    labels: dict[str, str] = {}
    for part in text.split(","):
        key, equals, content = part.partition("=")
        if equals:
            labels.setdefault(key, content)
    if labels.pop("heritage", "") != "external-dns":
        return None
    owner, resource = labels.pop("external-dns/owner", ""), labels.pop("external-dns/resource", "")
    return Claim(owner, resource, value, tuple(sorted(labels.items())))


def says_same(claim: Claim, content: str) -> bool:
    """Whether a new ownership value says of the same object that the same owner holds it on the same terms; notes do not count."""
    other = read(content)
    return other is not None and (claim.owner, claim.resource, claim.orphan) == (other.owner, other.resource, other.orphan)


def _unescape(match: re.Match[str]) -> str:
    escaped = match.group(1)
    return chr(int(escaped)) if len(escaped) == 3 else escaped


def holding(txt: RecordSet) -> Holding:
    """Judge one TXT set: its single owner, or nobody where its values name none or several."""
    claims = [claim for value in txt.values if (claim := read(value)) is not None]
    if not claims or any(claim.owner != claims[0].owner for claim in claims):
        return Holding(txt, None)
    return Holding(txt, claims[0])


@dataclass(frozen=True, slots=True)
class Form:
    """An affix made ready: lower-cased, and with the type token put where ExternalDNS puts it.

    `sure_legacy`: no name without a type can be read as one with a type, because no token follows what stands before it.
    """

    prefix: str
    suffix: str
    wildcard: str
    templated: bool
    sure_legacy: bool = False

    @classmethod
    def of(cls, affix: Affix) -> "Form":
        """Prefix and suffix exclude each other; the prefix wins."""
        prefix = affix.prefix.lower()
        suffix = "" if prefix else affix.suffix.lower()
        templated = _TEMPLATE in prefix or _TEMPLATE in suffix
        after = prefix.partition(_TEMPLATE)[2]
        return cls(prefix, suffix, affix.wildcard.lower(), templated, templated and after != "" and not after[0].isalnum())

    def name(self, name: DnsName, type_: str | None) -> DnsName:
        """The registry name for a record; the legacy one without type where `type_` is None."""
        first, _, rest = name.text.partition(".")
        if first == "*" and self.wildcard:
            first = self.wildcard
        token = (type_ or "").lower()
        prefix, suffix = self.prefix, self.suffix
        if self.templated:
            prefix, suffix = prefix.replace(_TEMPLATE, token), suffix.replace(_TEMPLATE, token)
        elif type_ is not None:
            first = f"{token}-{first}"
        return DnsName(f"{prefix}{first}{suffix}.{rest}")

    def subject(self, registry: DnsName) -> tuple[DnsName, str | None] | None:
        """The record a registry name speaks for, by ExternalDNS's rules; None where the affix does not fit."""
        if not self.templated:
            plain = self._strip(registry.text, None)
            return None if plain is None else self._by_token(plain)
        for type_ in TYPES:
            host = self._strip(registry.text, type_)
            if host is not None:
                return self._starred(host), type_
        plain = self._strip(registry.text, None)
        return None if plain is None else (self._starred(plain), None)

    def _strip(self, text: str, type_: str | None) -> str | None:
        token = (type_ or "").lower()
        if self.prefix:
            prefix = self.prefix.replace(_TEMPLATE, token)
            stripped = text.removeprefix(prefix)
            return stripped if len(stripped) > 1 and text.startswith(prefix) else None
        suffix = self.suffix.replace(_TEMPLATE, token)
        first, _, rest = text.partition(".")
        if not first.endswith(suffix) or len(first) == len(suffix):
            return None
        return f"{first.removesuffix(suffix)}.{rest}"

    def _by_token(self, host: str) -> tuple[DnsName, str | None]:
        first, _, rest = host.partition(".")
        token, dash, label = first.partition("-")
        if dash and label and token.upper() in TYPES:
            return self._starred(f"{label}.{rest}"), token.upper()
        return self._starred(host), None

    def _starred(self, host: str) -> DnsName:
        first, _, rest = host.partition(".")
        return DnsName(f"*.{rest}" if self.wildcard and first == self.wildcard else host)


@dataclass(frozen=True, slots=True)
class Names:
    """Where ownership of one zone's records stands: one form to write, several to read.

    What was worked out for a record is remembered: it is asked for again when the record is planned, written and changed.
    """

    zone: DnsName
    forms: tuple[Form, ...]
    _written: dict[tuple[DnsName, str], DnsName] = field(default_factory=dict, compare=False, repr=False)
    _places: dict[tuple[DnsName, str], tuple[tuple[DnsName, bool], ...]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, zone: DnsName, registry: Registry) -> "Names":
        """The written form first, then those that are only read, each once."""
        return cls(zone, tuple(dict.fromkeys(Form.of(affix) for affix in (registry.write, *registry.read_also))))

    def written(self, name: DnsName, type_: str) -> DnsName:
        """The name of the TXT we write for a record. Raises Unownable where DNS or the zone leaves no room for it."""
        known = self._written.get((name, type_))
        if known is None:
            if len(self._written) >= _REMEMBERED:
                self._written.clear()
            known = self._written[name, type_] = self._checked(name, type_)
        return known

    def _checked(self, name: DnsName, type_: str) -> DnsName:
        form = self.forms[0]
        if type_ not in TYPES:
            raise Unownable(f"records of type {type_} cannot be owned by TXT; use one of {', '.join(TYPES)}")
        if form.wildcard and name.text.startswith(form.wildcard + "."):
            raise Unownable(
                f"{name.relative} begins with the zone's wildcardReplacement {form.wildcard!r}, so its ownership TXT would also be"
                " that of the wildcard; choose another replacement"
            )
        txt = form.name(name, type_)
        first, _, rest = txt.text.partition(".")
        # The rest of the name is a published one, so only what the affix has touched can be too long.
        if len(txt.text) > MAX_NAME + 1 or len(first) > MAX_LABEL or rest.find(".") > MAX_LABEL:
            raise Unownable(
                f"the ownership TXT of {name.relative} would be {txt.relative}, longer than DNS allows (63 per label, 253 in all);"
                " shorten the name or use a registry prefix that ends in a dot"
            )
        if not txt.inside(self.zone):
            raise Unownable(
                f"the ownership TXT of {name.relative} would be {txt.relative}, outside of the zone {self.zone.relative};"
                ' use a registry prefix that ends in a dot, such as "mcidns-%{record_type}."'
            )
        return txt

    def find(self, key: RecordKey, at: At) -> Holding | None:
        """The TXT that speaks for a record: the new forms first, then the legacy ones without type (never for AAAA)."""
        for txt, typed in self.places(key.name, key.type):
            for records in at(txt):
                if records.key.type != "TXT" or records.key.set_identifier != key.set_identifier or records.key == key:
                    continue
                found = holding(records)
                if typed or found.claim is not None:
                    return found
        return None

    def places(self, name: DnsName, type_: str) -> tuple[tuple[DnsName, bool], ...]:
        """Every registry name that may speak for a record, in the order of their authority, and whether it names the type."""
        known = self._places.get((name, type_))
        if known is None:
            if len(self._places) >= _REMEMBERED:
                self._places.clear()
            known = self._places[name, type_] = tuple(self._sought(name, type_))
        return known

    def _sought(self, name: DnsName, type_: str) -> Iterator[tuple[DnsName, bool]]:
        for position, form in enumerate(self.forms):
            txt = form.name(name, type_)
            certain = position == 0 and type_ in TYPES and not form.wildcard
            if certain or form.subject(txt) == (name, type_):
                yield txt, True
        if type_ == "AAAA":
            return
        for form in self.forms:
            txt = form.name(name, None)
            if (form.sure_legacy and not form.wildcard) or form.subject(txt) == (name, None):
                yield txt, False

    def subjects(self, registry: DnsName) -> Iterator[tuple[DnsName, str | None]]:
        """Every record a registry name may speak for, one reading per form."""
        for form in self.forms:
            subject = form.subject(registry)
            if subject is not None and subject[0].inside(self.zone):
                yield subject
