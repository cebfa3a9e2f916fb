r"""How Route 53 spells names and texts (`\052`, octal escapes) and how we do (RFC 1035, decimal ones); nothing is judged here.

Source: Route 53 Developer Guide, "DNS domain name format" and "Supported DNS record types" (TXT).
"""

import re
from collections.abc import Iterable

from mcidns.model.names import DnsName

TXT_STRING = 255
"""Octets in one character-string (RFC 1035 §3.3)."""

_ESCAPE = re.compile(r"\\([0-7]{3})")
_DECIMAL = re.compile(r"\\(\d{3})")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"\s*', re.DOTALL)
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_*")


class NotQuoted(ValueError):
    """The text does not consist of strings in double quotes."""


def name(text: str) -> DnsName:
    r"""A name as listed: `\052.example.org.`; characters that host names never have keep a (decimal) escape."""
    lowered = text.lower()
    if "\\" in lowered:
        lowered = _ESCAPE.sub(lambda match: _own_escape(int(match.group(1), 8)), lowered)
    return DnsName(lowered if lowered.endswith(".") else lowered + ".")


def _own_escape(code: int) -> str:
    plain = chr(code).lower()
    return plain if plain in _PLAIN else f"\\{code:03d}"


def wire_name(name: DnsName) -> str:
    """A name as requests take it; a leading `*` stands as it is."""
    return _DECIMAL.sub(lambda match: f"\\{int(match.group(1)):03o}", name.text) if "\\" in name.text else name.text


def order(name: DnsName) -> str:
    """A key that sorts as Route 53 lists: labels reversed, with the final dot, in ASCII order."""
    return ".".join(reversed(name.labels)) + "."


def is_plain(name: DnsName) -> bool:
    """Whether the place of a name in that order is beyond doubt."""
    return "\\" not in name.text and "*" not in name.text


def texts(value: str) -> list[bytes]:
    """The strings of a TXT value as Route 53 spells it (octal escapes). Raises NotQuoted."""
    found, rest = [], value.strip()
    while rest:
        match = _STRING.match(rest)
        if match is None:
            raise NotQuoted(value)
        found.append(_unescaped(match.group(1), base=8))
        rest = rest[match.end() :]
    return found


def own_texts(value: str) -> list[bytes]:
    """The strings of a TXT value in our presentation format (decimal escapes). Raises NotQuoted."""
    found, rest = [], value.strip()
    while rest:
        match = _STRING.match(rest)
        if match is None:
            raise NotQuoted(value)
        found.append(_unescaped(match.group(1), base=10))
        rest = rest[match.end() :]
    return found


def _unescaped(text: str, base: int) -> bytes:
    if "\\" not in text:
        return text.encode()
    data = bytearray()
    position = 0
    while position < len(text):
        if text[position] != "\\":
            data += text[position].encode()
            position += 1
            continue
        digits = text[position + 1 : position + 4]
        code = _code(digits, base)
        data += bytes((code,)) if code is not None else text[position + 1].encode()
        position += 4 if code is not None else 2
    return bytes(data)


def _code(digits: str, base: int) -> int | None:
    if len(digits) != 3 or not digits.isascii() or not digits.isdigit():
        return None
    try:
        code = int(digits, base)
    except ValueError:
        return None
    return code if code < 256 else None


def quoted(strings: Iterable[bytes]) -> str:
    """Strings in our presentation format."""
    return " ".join('"' + "".join(_decimal(octet) for octet in data) + '"' for data in strings)


def wire_quoted(strings: Iterable[bytes]) -> str:
    """Strings as Route 53 takes them."""
    return " ".join('"' + "".join(_octal(octet) for octet in data) + '"' for data in strings)


def _decimal(octet: int) -> str:
    if octet in b'"\\':
        return "\\" + chr(octet)
    return chr(octet) if 0x20 <= octet < 0x7F else f"\\{octet:03d}"


def _octal(octet: int) -> str:
    if octet == 0x22:
        return '\\"'
    return chr(octet) if 0x20 <= octet < 0x7F and octet != 0x5C else f"\\{octet:03o}"
