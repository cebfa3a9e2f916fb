"""When tokens and certificates expire, read without any key; whether somebody accepts them is asked elsewhere."""

import base64
import binascii
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from mcidns.doctor import catalogue
from mcidns.doctor.findings import Finding
from mcidns.hub import times

SOON: Final = 14 * 86400.0
"""Seconds before the end at which somebody should act."""

_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


@dataclass(frozen=True, slots=True)
class Lifetime:
    """What ends when (unix seconds); `remedy` renews it."""

    what: str
    ends: float
    remedy: str


def judge(lifetimes: Iterator[Lifetime] | tuple[Lifetime, ...], now: float) -> Iterator[Finding]:
    """Those that have ended or end soon."""
    for one in lifetimes:
        left = one.ends - now
        if left <= 0:
            yield catalogue.EXPIRED.found(
                f"{one.what} expired {times.span(-left)} ago ({times.render(one.ends)})", remedy=one.remedy
            )
        elif left < SOON:
            yield catalogue.EXPIRING.found(
                f"{one.what} expires in {times.span(left)} ({times.render(one.ends)})", remedy=one.remedy
            )


def token_end(token: str) -> float | None:
    """When a JSON Web Token expires (RFC 7519 §4.1.4); None for one without an end, and for what is no such token."""
    parts = token.strip().split(".")
    if len(parts) != 3:
        return None
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return None
    end = claims.get("exp") if isinstance(claims, dict) else None
    return float(end) if isinstance(end, int | float) else None


def pem_end(text: str) -> float | None:
    """When the first certificate of a PEM text expires, None where there is none that can be read."""
    found = _PEM.search(text)
    if found is None:
        return None
    try:
        return der_end(ssl.PEM_cert_to_DER_cert(found[0]))
    except ValueError:
        return None


def der_end(certificate: bytes) -> float | None:
    """The notAfter of an X.509 certificate (RFC 5280 §4.1.2.5), None where it cannot be read.

    Walked by hand, as the standard library tells nothing of a certificate that it did not verify itself.
    """
    try:
        tbs = _within(_within(certificate, 0), 0)
        at = _after(tbs, 0) if tbs[0] == _VERSION else 0
        for _ in range(3):  # serial number, signature algorithm, issuer
            at = _after(tbs, at)
        validity = _within(tbs, at)
        end = _after(validity, 0)
        return _moment(validity[end], _content(validity, end))
    except (IndexError, ValueError):
        return None


def _size(data: bytes, at: int) -> tuple[int, int]:
    """Where the content begins and how long it is (X.690 §8.1.3)."""
    first = data[at + 1]
    if first < 0x80:
        return at + 2, first
    count = first & 0x7F
    return at + 2 + count, int.from_bytes(data[at + 2 : at + 2 + count], "big")


def _content(data: bytes, at: int) -> bytes:
    start, size = _size(data, at)
    return data[start : start + size]


def _after(data: bytes, at: int) -> int:
    start, size = _size(data, at)
    return start + size


def _within(data: bytes, at: int) -> bytes:
    if data[at] != _SEQUENCE:
        raise ValueError
    return _content(data, at)


def _moment(tag: int, content: bytes) -> float:
    text = content.decode("ascii")
    if tag == _UTC_TIME:  # two digits of a year from 1950 to 2049
        text = ("19" if text >= "5" else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()
