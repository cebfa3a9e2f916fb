"""The names of ownership TXTs by ExternalDNS's affixes, there and back; what stands at them is read in ownership."""

from dataclasses import dataclass, field

from mcidns.model.names import DnsName
from mcidns.model.zones import Affix

TYPES = ("A", "AAAA", "CNAME", "NS", "MX", "PTR", "SRV", "NAPTR", "TXT", "DNAME")
"""Types ExternalDNS knows as a token in registry names, in the order in which it tries them."""

_TEMPLATE = "%{record_type}"


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
    _stem: str = ""
    _typed: dict[str | None, tuple[str, str]] = field(default_factory=dict, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # A zone's every record is named by these, so that they are put together once.
        for type_ in (None, *TYPES):
            self._typed[type_] = self.around(type_)

    @classmethod
    def of(cls, affix: Affix) -> "Form":
        """Prefix and suffix exclude each other; the prefix wins."""
        prefix = affix.prefix.lower()
        suffix = "" if prefix else affix.suffix.lower()
        templated = _TEMPLATE in prefix or _TEMPLATE in suffix
        stem, _, after = prefix.partition(_TEMPLATE)
        sure = templated and after != "" and not after[0].isalnum()
        return cls(prefix, suffix, affix.wildcard.lower(), templated, sure, stem if templated else "")

    def name(self, name: DnsName, type_: str | None) -> DnsName:
        """The registry name for a record; the legacy one without type where `type_` is None."""
        first, _, rest = name.text.partition(".")
        if first == "*" and self.wildcard:
            first = self.wildcard
        before, behind = self.around(type_)
        return DnsName(f"{before}{first}{behind}.{rest}")

    def around(self, type_: str | None) -> tuple[str, str]:
        """What stands before and behind a name's first label."""
        known = self._typed.get(type_)
        if known is not None:
            return known
        token = (type_ or "").lower()
        if self.templated:
            return self.prefix.replace(_TEMPLATE, token), self.suffix.replace(_TEMPLATE, token)
        return (f"{self.prefix}{token}-" if type_ is not None else self.prefix), self.suffix

    def subject(self, registry: DnsName) -> tuple[DnsName, str | None] | None:
        """The record a registry name speaks for, by ExternalDNS's rules; None where the affix does not fit."""
        if not self.templated:
            plain = self._strip(registry.text, None)
            return None if plain is None else self._by_token(plain)
        if not registry.text.startswith(self._stem):
            return None
        for type_ in TYPES:
            host = self._strip(registry.text, type_)
            if host is not None:
                return self._starred(host), type_
        plain = self._strip(registry.text, None)
        return None if plain is None else (self._starred(plain), None)

    def _strip(self, text: str, type_: str | None) -> str | None:
        prefix, suffix = self._typed[type_] if self.templated else (self.prefix, self.suffix)
        if self.prefix:
            stripped = text.removeprefix(prefix)
            return stripped if len(stripped) > 1 and text.startswith(prefix) else None
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
