"""Record values in our one spelling and in Route 53's; which of them are allowed is judged in checks.py."""

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from mcidns_route53 import spelling

_LABEL = re.compile(r"(?:[a-z0-9_*-]|\\\d{3}){1,63}\Z")
_SIMPLE_TEXT = re.compile(r'"[ !#-\[\]-~]*"(?: "[ !#-\[\]-~]*")*\Z')  # nothing to escape
_HEX = re.compile(r"(?:[0-9a-f]{2})+\Z")


class BadValue(ValueError):
    """The text is no value of its type; the message says what is wrong."""


def canonical(type_: str, value: str) -> str:
    """A value as listed, in the spelling of record sets; one that makes no sense stays as it is, for it is not ours."""
    read = _READ.get(type_)
    if read is None:
        return value
    try:
        return read(value.strip())
    except ValueError:
        return value.strip()


def wire(type_: str, value: str) -> str:
    """A value of a record set as Route 53 takes it. Raises BadValue."""
    check, write = _CHECK.get(type_), _WRITE.get(type_)
    if check is not None:
        check(value)
    return value if write is None else write(value)


def host(text: str) -> str:
    """A host name, absolute and lower case. Raises BadValue."""
    name = spelling.name(text).text
    if name == ".":
        return name
    labels = name.removesuffix(".").split(".")
    if len(name) > 255 or not all(_LABEL.match(label) for label in labels):
        raise BadValue(f"{text[:80]!r} is no host name")
    return name


def _ipv4(text: str) -> str:
    return str(IPv4Address(text))


def _ipv6(text: str) -> str:
    return str(IPv6Address(text))


def _mx(text: str) -> str:
    preference, target = text.split()
    return f"{int(preference)} {host(target)}"


def _srv(text: str) -> str:
    priority, weight, port, target = text.split()
    return f"{int(priority)} {int(weight)} {int(port)} {host(target)}"


def _txt(text: str) -> str:
    if _SIMPLE_TEXT.match(text):
        return text
    return spelling.quoted(spelling.texts(text))


def _caa(text: str) -> str:
    flags, tag, rest = text.split(None, 2)
    content = spelling.quoted(spelling.texts(rest)) if rest.startswith('"') else spelling.quoted([rest.encode()])
    return f"{int(flags)} {tag.lower()} {content}"


def _naptr(text: str) -> str:
    rest, replacement = text.rsplit(None, 1)
    return f"{rest} {host(replacement)}"


def _service(text: str) -> str:
    priority, target, *parameters = text.split(None, 2)
    return " ".join((str(int(priority)), host(target), *parameters))


def _digest(numbers: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        parts = text.split()
        return " ".join((*(str(int(number)) for number in parts[:numbers]), "".join(parts[numbers:]).lower()))

    return read


_READ: dict[str, Callable[[str], str]] = {
    "A": _ipv4,
    "AAAA": _ipv6,
    "CAA": _caa,
    "CNAME": host,
    "DS": _digest(3),
    "HTTPS": _service,
    "MX": _mx,
    "NAPTR": _naptr,
    "NS": host,
    "PTR": host,
    "SPF": _txt,
    "SRV": _srv,
    "SSHFP": _digest(2),
    "SVCB": _service,
    "TLSA": _digest(3),
    "TXT": _txt,
}


def _is_ipv4(value: str) -> None:
    _parsed(_ipv4, value, "no IPv4 address")


def _is_ipv6(value: str) -> None:
    _parsed(_ipv6, value, "no IPv6 address")


def _parsed(read: Callable[[str], str], value: str, problem: str) -> str:
    try:
        return read(value)
    except BadValue:
        raise
    except ValueError as error:
        raise BadValue(problem) from error


def _is(read: Callable[[str], str], form: str) -> Callable[[str], None]:
    def check(value: str) -> None:
        _parsed(read, value, f"it must have {form}")

    return check


def _is_digest(numbers: int, form: str) -> Callable[[str], None]:
    read = _digest(numbers)

    def check(value: str) -> None:
        parts = _parsed(read, value, f"it must have {form}").split()
        if len(parts) != numbers + 1 or not _HEX.match(parts[-1]):
            raise BadValue(f"it must have {form}")

    return check


def _is_text(value: str) -> None:
    try:
        strings = spelling.own_texts(value)
    except spelling.NotQuoted as error:
        raise BadValue('a text must consist of strings in double quotes: "one" "two"') from error
    if not strings or any(len(data) > spelling.TXT_STRING for data in strings):
        raise BadValue(f"each string of a text has at most {spelling.TXT_STRING} octets; write several side by side")
    if sum(map(len, strings)) > MAX_TEXT:
        raise BadValue(f"a text has at most {MAX_TEXT} characters in Route 53")


MAX_TEXT = 4000

_CHECK: dict[str, Callable[[str], None]] = {
    "A": _is_ipv4,
    "AAAA": _is_ipv6,
    "CAA": _is(_caa, 'flags, tag and value, such as 0 issue "ca.example.net"'),
    "CNAME": _is(host, "a host name"),
    "DS": _is_digest(3, "key tag, algorithm, digest type and digest"),
    "HTTPS": _is(_service, "priority, target and parameters"),
    "MX": _is(_mx, "preference and host, such as 10 mail.example.org."),
    "NS": _is(host, "a host name"),
    "PTR": _is(host, "a host name"),
    "SPF": _is_text,
    "SRV": _is(_srv, "priority, weight, port and host, such as 0 5 443 www.example.org."),
    "SSHFP": _is_digest(2, "algorithm, type and fingerprint"),
    "SVCB": _is(_service, "priority, target and parameters"),
    "TLSA": _is_digest(3, "usage, selector, matching type and data"),
    "TXT": _is_text,
}


def _wire_text(value: str) -> str:
    return spelling.wire_quoted(spelling.own_texts(value))


def _wire_caa(value: str) -> str:
    flags, tag, rest = value.split(None, 2)
    return f"{flags} {tag} {_wire_text(rest)}" if rest.startswith('"') else value


_WRITE: dict[str, Callable[[str], str]] = {"CAA": _wire_caa, "SPF": _wire_text, "TXT": _wire_text}
