"""The messages of ExternalDNS's webhook protocol as JSON: endpoints, changes and the domain filter; what they mean lives elsewhere.

Written as ExternalDNS's own Go types encode them, read as leniently as Go decodes: keys in any case, null for empty, unknown
keys ignored.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

MEDIA_TYPE: Final = "application/external.dns.webhook+json;version=1"
LARGEST: Final = 32 * 1024 * 1024
"""Bytes in one body; ExternalDNS neither sends nor takes more."""


class Unreadable(ValueError):
    """The body is not what the protocol says; the message says where."""


class Property(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One provider-specific pair."""

    name: str = ""
    value: str = ""


class Endpoint(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, rename="camel"):
    """One record set as ExternalDNS writes it; `record_ttl` in seconds, 0 when unset."""

    dns_name: str = ""
    targets: Sequence[str] | None = None
    record_type: str = ""
    set_identifier: str | None = None
    record_ttl: int | None = msgspec.field(default=None, name="recordTTL")
    labels: Mapping[str, str] | None = None
    provider_specific: Sequence[Property] | None = None


class Changes(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What shall become of record sets; `update_old` and `update_new` go together."""

    create: Sequence[Endpoint] | None = None
    update_old: Sequence[Endpoint] | None = None
    update_new: Sequence[Endpoint] | None = None
    delete: Sequence[Endpoint] | None = None


class DomainFilter(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, rename="camel"):
    """Which names the provider serves; all empty means every name. Regular expressions replace the lists altogether."""

    include: Sequence[str] | None = None
    exclude: Sequence[str] | None = None
    regex_include: str | None = None
    regex_exclude: str | None = None

    def serves(self, name: str) -> bool:
        """Whether a name (no final dot, lower case) is in it, by ExternalDNS's rules."""
        if self.regex_include or self.regex_exclude:
            if self.regex_exclude and _found(self.regex_exclude, name):
                return False
            return not self.regex_include or _found(self.regex_include, name)
        if any(_under(name, domain) for domain in self.exclude or ()):
            return False
        return not any(self.include or ()) or any(_under(name, domain) for domain in self.include or ())

    def reaches(self, zone: str) -> bool:
        """Whether any name of a zone may be in it."""
        if self.regex_include or self.regex_exclude or not any(self.include or ()):
            return True
        return self.serves(zone) or any(_under(domain.strip(".").lower(), zone) for domain in self.include or ())


def _under(name: str, domain: str) -> bool:
    plain = domain.strip().rstrip(".").lower()
    if plain.startswith("."):
        return name.endswith(plain)
    return bool(plain) and (name == plain or name.endswith("." + plain))


def _found(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return True  # Go's syntax and Python's differ in corners; the webhook itself knows better


def endpoints(body: bytes) -> list[Endpoint]:
    """A list of endpoints. Raises Unreadable."""
    return _read(body, _ENDPOINTS, lambda raw: [_endpoint(item) for item in _items(raw)]) or []


def changes(body: bytes) -> Changes:
    """A set of changes. Raises Unreadable."""
    parts = _read(body, _PARTS, lambda raw: raw)
    if not isinstance(parts, dict):
        raise Unreadable("a JSON object is due")
    found = {key.lower(): raw for key, raw in parts.items()}
    lists = {name: endpoints(bytes(found.get(key, b"null"))) for name, key in _CHANGE_KEYS.items()}
    return Changes(**lists)


def domain_filter(body: bytes) -> DomainFilter:
    """What a webhook serves. Raises Unreadable."""

    def lenient(raw: object) -> DomainFilter:
        given = _lowered(raw)
        return msgspec.convert({name: given[name.lower()] for name in _FILTER_KEYS if name.lower() in given}, DomainFilter)

    found: DomainFilter = _read(body, _FILTER, lenient)
    return found


def encode(message: Sequence[Endpoint] | Changes | DomainFilter | Endpoint) -> bytes:
    """Any of them as JSON."""
    return _ENCODER.encode(message)


_ENCODER = msgspec.json.Encoder()
_ENDPOINTS: msgspec.json.Decoder[Any] = msgspec.json.Decoder(list[Endpoint] | None)
_PARTS: msgspec.json.Decoder[Any] = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_FILTER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(DomainFilter)
_CHANGE_KEYS = {"create": "create", "update_old": "updateold", "update_new": "updatenew", "delete": "delete"}
_FILTER_KEYS = ("include", "exclude", "regexInclude", "regexExclude")
_KEYS = ("dnsName", "targets", "recordType", "setIdentifier", "recordTTL", "labels", "providerSpecific")


def _read(body: bytes, decoder: "msgspec.json.Decoder[Any]", lenient: Any) -> Any:
    """As written by the book, else key by key."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(f"no JSON: {error}") from error
    try:
        return lenient(msgspec.json.decode(body))
    except (msgspec.ValidationError, TypeError) as error:
        raise Unreadable(str(error)) from error


def _items(raw: object) -> Iterable[object]:
    if not isinstance(raw, list):
        raise Unreadable("a JSON array of endpoints is due")
    return raw


def _endpoint(raw: object) -> Endpoint:
    given = _lowered(raw)
    found = {name: given[name.lower()] for name in _KEYS if given.get(name.lower()) is not None}
    if "providerSpecific" in found:
        pairs = (_lowered(item) for item in _items(found["providerSpecific"]))
        found["providerSpecific"] = [{"name": pair.get("name") or "", "value": pair.get("value") or ""} for pair in pairs]
    return msgspec.convert(found, Endpoint)


def _lowered(raw: object) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise Unreadable("a JSON object is due")
    return {str(key).lower(): value for key, value in raw.items()}
