"""The string formats a structural schema may ask for; a format not known here is not checked, as in a real server."""

import base64
import binascii
import ipaddress
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final
from urllib.parse import urlsplit

_DURATION: Final = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d|w)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d|w))*|0")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[-+]\d\d:\d\d)")
_HOST: Final = re.compile(r"(?=.{1,255}$)[A-Za-z0-9_]([-A-Za-z0-9_]{0,62})?(\.[A-Za-z0-9_]([-A-Za-z0-9_]{0,62})?)*\.?")


def _moment(text: str) -> None:
    if not _MOMENT.fullmatch(text):
        raise ValueError(text)
    datetime.fromisoformat(text.upper())


def _matching(pattern: re.Pattern[str]) -> Callable[[str], None]:
    def check(text: str) -> None:
        if not pattern.fullmatch(text):
            raise ValueError(text)

    return check


def _uri(text: str) -> None:
    if not urlsplit(text).scheme and not text.startswith("/"):
        raise ValueError(text)


_CHECKS: Final[Mapping[str, Callable[[str], object]]] = {
    "date": date.fromisoformat,
    "date-time": _moment,
    "datetime": _moment,
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
    "cidr": lambda text: ipaddress.ip_network(text, strict=False),
    "uuid": uuid.UUID,
    "byte": lambda text: base64.b64decode(text, validate=True),
    "duration": _matching(_DURATION),
    "hostname": _matching(_HOST),
    "uri": _uri,
}


def holds(name: str, text: str) -> bool:
    """The text is of the named format."""
    check = _CHECKS.get(name)
    if check is None:
        return True
    try:
        check(text)
    except (ValueError, binascii.Error):
        return False
    return True
