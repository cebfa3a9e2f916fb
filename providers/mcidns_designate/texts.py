"""TXT values between presentation format and the strings that Designate takes; whole record sets live in convert.py."""

import re
from collections.abc import Iterable

ROOM = 253
"""Characters that Designate allows in one string between its quotes, escapes counted as written."""
WHOLE = 255
"""Characters, quotes included, up to which Designate takes a value only as one string."""
_OCTETS = 255

_STRINGS = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))', re.DOTALL)


class BadText(ValueError):
    """The text is no TXT value; the message says why."""


def strings(value: str) -> tuple[bytes, ...]:
    """The character-strings of a value; unquoted text without blanks counts as one string. Raises BadText."""
    found = []
    position, text = 0, value.strip()
    while position < len(text):
        match = _STRINGS.match(text, position)
        if match is None:
            raise BadText('its quotes do not match; write each string as "..." with \\" and \\\\ inside')
        found.append(_octets(match[2] if match[1] is None else match[1]))
        position = match.end()
    if not found:
        raise BadText('it is empty; write "" for an empty string')
    return tuple(found)


def _octets(text: str) -> bytes:
    out = bytearray()
    position = 0
    while position < len(text):
        if text[position] != "\\" or position + 1 == len(text):
            out += text[position].encode("utf-8", "surrogateescape")
            position += 1
        elif (
            (digits := text[position + 1 : position + 4]).isascii() and len(digits) == 3 and digits.isdigit() and int(digits) < 256
        ):
            out.append(int(digits))
            position += 4
        else:
            out += text[position + 1].encode("utf-8", "surrogateescape")
            position += 2
    return bytes(out)


def canonical(value: str) -> str:
    """One spelling for all values that say the same once their strings are joined, as everybody who reads them does.

    Designate dictates where a text is cut, so two values that differ only in that cannot be told apart there.
    """
    text = b"".join(strings(value))
    return " ".join(_quoted(text[start : start + _OCTETS]) for start in range(0, max(len(text), 1), _OCTETS))


def encode(value: str) -> str:
    """As Designate takes it: one string up to 255 characters, else several of at most 255, quotes counted. Raises BadText."""
    parts = strings(value)
    text = b"".join(parts)
    whole = _quoted(text)
    if len(whole) <= WHOLE:
        return whole
    spelled = [_quoted(part) for part in parts]
    given = " ".join(spelled)
    if len(given) > WHOLE and all(len(part) <= ROOM + 2 for part in spelled):
        return given
    return " ".join(f'"{part}"' for part in _cut(map(_escaped, text)))


def _cut(characters: Iterable[str]) -> list[str]:
    parts = [""]
    for character in characters:
        if len(parts[-1]) + len(character) > ROOM:
            parts.append("")
        parts[-1] += character
    return parts


def _quoted(octets: bytes) -> str:
    return '"' + "".join(map(_escaped, octets)) + '"'


def _escaped(octet: int) -> str:
    if octet in b'"\\':
        return "\\" + chr(octet)
    return chr(octet) if 0x20 <= octet < 0x7F else f"\\{octet:03d}"
