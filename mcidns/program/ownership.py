"""What an ownership TXT says, in ExternalDNS's words: read in all forms, written in the new one; where it stands is in registry."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache

from mcidns.errors import ConfigError
from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet
from mcidns.model.references import ObjectRef
from mcidns.program.sealing import Seal

HERITAGE = "heritage=external-dns"
CLUSTERS = "mcidns/clusters"
DELETION = "mcidns/deletion"
ORPHAN = "orphan"

At = Callable[[DnsName], tuple[RecordSet, ...]]

_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]*\Z")
_STRINGS = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(\d{3}|.)")
_UNSAFE = re.compile(r"[^A-Za-z0-9._:/@+=\[\] -]")
_LONGEST_NOTE = 180
_LONGEST_STRING = 255


@dataclass(frozen=True, slots=True)
class Claim:
    """What one ownership value says. `raw` is the value as read, for deletes; `extra` are labels beyond ExternalDNS's own.

    `text` is what it would be in plain text; `sealed` says that it is encrypted.
    """

    owner: str
    resource: str
    raw: str
    extra: tuple[tuple[str, str], ...] = ()
    text: str = ""
    sealed: bool = False

    @property
    def orphan(self) -> bool:
        """Whether the records outlive the object that asked for them."""
        return (DELETION, ORPHAN) in self.extra


@dataclass(frozen=True, slots=True)
class Holding:
    """The TXT set that speaks for a record. `claim` is None where its `claims` name nobody or several."""

    txt: RecordSet
    claim: Claim | None
    claims: tuple[Claim, ...] = ()

    @property
    def owners(self) -> tuple[str, ...]:
        """Everybody it names, sorted."""
        return tuple(sorted({claim.owner for claim in self.claims}))

    def without_claims(self) -> RecordSet | None:
        """The set less its ownership values; None when nothing else stood there."""
        left = self._others()
        return RecordSet(self.txt.key, self.txt.ttl, left, self.txt.properties) if left else None

    def with_claim(self, value: str) -> RecordSet:
        """The set with `value` in place of its ownership values."""
        return RecordSet(self.txt.key, self.txt.ttl, tuple(sorted({*self._others(), value})), self.txt.properties)

    def _others(self) -> tuple[str, ...]:
        ours = {claim.raw for claim in self.claims}
        return tuple(value for value in self.txt.values if value not in ours)


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
    noted = f",{CLUSTERS}={_note(clusters)}" if clusters else ""
    kept = f",{DELETION}={ORPHAN}" if orphan else ""
    return presented(f"{HERITAGE},external-dns/owner={owner},external-dns/resource={resource}{noted}{kept}")


def presented(text: str) -> str:
    """A text as a TXT value, in strings of at most 255 characters."""
    if len(text) <= _LONGEST_STRING:
        return f'"{text}"'
    return " ".join(f'"{text[start : start + _LONGEST_STRING]}"' for start in range(0, len(text), _LONGEST_STRING))


@lru_cache(maxsize=1024)
def _note(clusters: str) -> str:
    return _UNSAFE.sub("", clusters.replace(",", "+"))[:_LONGEST_NOTE]


@lru_cache(maxsize=4096)
def read(value: str, seal: Seal | None = None) -> Claim | None:
    """Read one TXT value in presentation format; None for any text that is no ownership, or is encrypted with another key."""
    if HERITAGE in value:
        return _claim(plain(value), value, value, sealed=False)
    opened = seal.open(plain(value)) if seal is not None else None
    if opened is None:
        return None
    text = opened.strip('"')
    return _claim(text, value, presented(text), sealed=True)


def plain(value: str) -> str:
    """The text of a TXT value, without quotes inside or outside."""
    text = value.strip('"')
    if "\\" in text or '" "' in text:
        text = _ESCAPE.sub(_unescape, "".join(_STRINGS.findall(value)) or value).strip('"')
    return text


def _claim(text: str, raw: str, shown: str, *, sealed: bool) -> Claim | None:
    labels: dict[str, str] = {}
    for part in text.split(","):
        key, equals, content = part.partition("=")
        if equals:
            labels.setdefault(key, content)
    if labels.pop("heritage", "") != "external-dns":
        return None
    owner, resource = labels.pop("external-dns/owner", ""), labels.pop("external-dns/resource", "")
    return Claim(owner, resource, raw, tuple(sorted(labels.items())), shown, sealed)


def says_same(claim: Claim, content: str) -> bool:
    """Whether a new ownership value says of the same object that the same owner holds it on the same terms; notes do not count."""
    other = read(content)
    return other is not None and (claim.owner, claim.resource, claim.orphan) == (other.owner, other.resource, other.orphan)


def _unescape(match: re.Match[str]) -> str:
    escaped = match.group(1)
    return chr(int(escaped)) if len(escaped) == 3 else escaped


def holding(txt: RecordSet, owners: Collection[str] = (), seal: Seal | None = None) -> Holding:
    """Judge one TXT set: its single owner, or nobody where its values name none or several.

    Several of `owners` count as one, the first of these: ExternalDNS leaves the former owner's value beside the new one's.
    """
    claims = tuple([claim for value in txt.values if (claim := read(value, seal)) is not None])
    if not claims:
        return Holding(txt, None)
    named = {claim.owner for claim in claims}
    if len(named) == 1:
        return Holding(txt, claims[0], claims)
    first = next((owner for owner in owners if owner in named), None) if named <= set(owners) else None
    return Holding(txt, next((claim for claim in claims if claim.owner == first), None), claims)
