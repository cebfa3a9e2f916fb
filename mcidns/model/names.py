"""DNS names in one spelling: lower case, absolute, A-labels; reading names off a wire or a zone file lives with the providers."""

import re

import idna
from msgspec import Struct

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
MAX_NAME = 253
MAX_LABEL = 63


class InvalidName(ValueError):
    """The text is no DNS name we could publish; the message says why and what to write instead."""


class DnsName(Struct, frozen=True, order=True, cache_hash=True, gc=False):
    """An absolute name, lower case, with its final dot: `www.example.org.`.

    Build it with `DnsName.parse` from anything a person or an API wrote. The constructor trusts its argument, so that a
    provider may carry names of a foreign zone that we would not publish ourselves (escapes, odd characters). A struct of
    msgspec, like all that is made for every name of a zone: that costs a fifth of a tuple, and the hash is worked out once.
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> "DnsName":
        """Read a host name as written by people: any case, with or without the final dot, Unicode by UTS 46 (RFC 5891).

        A leading `*` label and underscores are allowed (RFC 4592, RFC 8552). Raises InvalidName.
        """
        plain = text.strip().removesuffix(".")
        if not plain:
            raise InvalidName("an empty name; write a host name such as www.example.org")
        ascii_text = plain.lower() if plain.isascii() else _to_ascii(plain)
        labels = ascii_text.split(".")
        for position, label in enumerate(labels):
            _check_label(text, label, first=position == 0)
        if len(ascii_text) > MAX_NAME:
            raise InvalidName(f"{_short(text)} has {len(ascii_text)} characters; a name has at most {MAX_NAME}")
        return cls(ascii_text + ".")

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels without the root, leftmost first; none for the root."""
        return tuple(self.text.split(".")[:-1]) if self.text != "." else ()

    @property
    def relative(self) -> str:
        """The name without its final dot, as Kubernetes and ExternalDNS write it."""
        return self.text.removesuffix(".")

    @property
    def is_wildcard(self) -> bool:
        """Whether the leftmost label is `*`."""
        return self.text.startswith("*.")

    @property
    def is_reverse(self) -> bool:
        """Whether it is the reverse of addresses, or a zone of such names (RFC 1035 §3.5, RFC 3596 §2.5)."""
        return self.inside(_IN_ADDR_ARPA) or self.inside(_IP6_ARPA)

    @property
    def parent(self) -> "DnsName":
        """The name without its leftmost label; the root's parent is the root."""
        return DnsName(self.text.partition(".")[2] or ".")

    def inside(self, zone: "DnsName") -> bool:
        """Whether this name is the zone's apex or below it, label by label (`fooexample.org` is not in `example.org`)."""
        text, domain = self.text, zone.text
        return text.endswith("." + domain) or domain in (text, ".")

    def __str__(self) -> str:
        return self.text


_IN_ADDR_ARPA = DnsName("in-addr.arpa.")
_IP6_ARPA = DnsName("ip6.arpa.")


def _to_ascii(text: str) -> str:
    wildcard = text.startswith("*.")
    try:
        encoded = idna.encode(text.removeprefix("*.") if wildcard else text, uts46=True, transitional=False).decode("ascii")
    except idna.IDNAError as error:
        raise InvalidName(f"{_short(text)} is not a valid international name: {error}") from error
    return ("*." + encoded if wildcard else encoded).lower()


def _check_label(text: str, label: str, *, first: bool) -> None:
    if label == "*" and first:
        return
    if not label:
        raise InvalidName(f"{_short(text)} has an empty label; remove the doubled or leading dot")
    if len(label) > MAX_LABEL:
        raise InvalidName(f"{_short(text)} has a label of {len(label)} characters; a label has at most {MAX_LABEL}")
    if not _LABEL.match(label):
        raise InvalidName(
            f"{_short(text)} has the label {_short(label)!r}; labels hold letters, digits, '-' and '_', with no '-' at either end"
        )


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:60] + "…"
