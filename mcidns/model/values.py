"""Record values in the one spelling that record sets use, from what people and ExternalDNS write; no name servers' wire forms."""

import re
from collections.abc import Callable, Sequence

from mcidns.model import targets
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.targets import InvalidTarget

TXT_STRING = 255
"""Octets in one character-string (RFC 1035 §3.3)."""

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"\s*')
_CANONICAL = re.compile(r'"[ !#-\[\]-~]{0,255}"').fullmatch
_TAG = re.compile(r"[a-z0-9]{1,15}\Z")


class InvalidValue(ValueError):
    """The text is no value of its type; the message says what is wrong."""


def canonical(type_: str, text: str) -> str:
    """One value in presentation format. Raises InvalidValue, also for a type that cannot be published."""
    spell = _SPELLINGS.get(type_)
    if spell is None:
        raise InvalidValue(f"records of type {type_} cannot be published; use one of {', '.join(sorted(_SPELLINGS))}")
    try:
        return spell(text.strip())
    except UnicodeEncodeError as error:
        raise InvalidValue("the text holds half of a surrogate pair, which is no character") from error


def _a(text: str) -> str:
    return _address(text, 4)


def _aaaa(text: str) -> str:
    return _address(text, 6)


def _address(text: str, version: int) -> str:
    try:
        target = targets.parse(text)
    except InvalidTarget as error:
        raise InvalidValue(str(error)) from error
    if isinstance(target, DnsName) or target.version != version:
        raise InvalidValue(f"{text[:80]!r} is no IPv{version} address")
    return str(target)


def _host(text: str) -> str:
    try:
        return DnsName.parse(text).text
    except InvalidName as error:
        raise InvalidValue(str(error)) from error


def _host_or_root(text: str) -> str:
    # RFC 7505 and RFC 2782: the root stands for "there is none".
    return "." if text == "." else _host(text)


def _mx(text: str) -> str:
    preference, host = _parts(text, "preference and host, such as 10 mail.example.org", 2)
    return f"{_number(preference, 65535)} {_host_or_root(host)}"


def _srv(text: str) -> str:
    *numbers, host = _parts(text, "priority, weight, port and host, such as 0 5 443 www.example.org", 4)
    return " ".join((*(str(_number(number, 65535)) for number in numbers), _host_or_root(host)))


def _caa(text: str) -> str:
    flags, tag, rest = _parts(text, 'flags, tag and value, such as 0 issue "ca.example.net"', 3)
    if not _TAG.match(tag.lower()):
        raise InvalidValue(f"{tag[:40]!r} is no CAA tag; it has 1 to 15 letters and digits (RFC 8659 §4.1)")
    strings = _strings(rest)
    if len(strings) != 1:
        raise InvalidValue("a CAA record has exactly one value")
    return f"{_number(flags, 255)} {tag.lower()} {strings[0]}"


def _txt(text: str) -> str:
    return " ".join(_strings(text))


def _strings(text: str) -> list[str]:
    """Quoted character-strings; unquoted text becomes one, or several where it is longer than one may be."""
    if _CANONICAL(text):
        return [text]
    if not text.startswith('"'):
        data = text.encode()
        return [_quoted(data[start : start + TXT_STRING]) for start in range(0, max(len(data), 1), TXT_STRING)]
    found = []
    rest = text
    while rest:
        match = _STRING.match(rest)
        if match is None:
            raise InvalidValue('a quoted text must consist of strings in double quotes: "one" "two"')
        data = _unescaped(match.group(1))
        if len(data) > TXT_STRING:
            raise InvalidValue(f"a string of {len(data)} octets; write several of at most {TXT_STRING} side by side")
        found.append(_quoted(data))
        rest = rest[match.end() :]
    return found


def _unescaped(text: str) -> bytes:
    data = bytearray()
    position = 0
    while position < len(text):
        if text[position] != "\\":
            data += text[position].encode()
            position += 1
            continue
        digits = text[position + 1 : position + 4]
        if digits.isascii() and digits.isdigit() and len(digits) == 3 and int(digits) < 256:
            data.append(int(digits))
            position += 4
        else:
            data += text[position + 1].encode()
            position += 2
    return bytes(data)


def _quoted(data: bytes) -> str:
    return '"' + "".join(_escaped(octet) for octet in data) + '"'


def _escaped(octet: int) -> str:
    if octet in b'"\\':
        return "\\" + chr(octet)
    return chr(octet) if 0x20 <= octet < 0x7F else f"\\{octet:03d}"


def _parts(text: str, form: str, count: int) -> Sequence[str]:
    parts = text.split(None, count - 1)
    if len(parts) != count:
        raise InvalidValue(f"{text[:80]!r} must have {form}")
    return parts


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= most):
        raise InvalidValue(f"{text[:40]!r} is no number from 0 to {most}")
    return int(text)


_SPELLINGS: dict[str, Callable[[str], str]] = {
    "A": _a,
    "AAAA": _aaaa,
    "CAA": _caa,
    "CNAME": _host,
    "MX": _mx,
    "NS": _host,
    "PTR": _host,
    "SRV": _srv,
    "TXT": _txt,
}

SPELLED = frozenset(_SPELLINGS)
"""The types whose values `canonical` knows."""
