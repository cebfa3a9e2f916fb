"""What came of a question: an Answer with its class and its words for people; nothing is sent or received here."""

import errno
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

HEAD_LIMIT: Final = 16 * 1024
"""Bytes of answer read at most, status line and header fields together; of the body only what arrives with them."""

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r?\n")
_PREFIX: Final = b"HTTP/1."
_END: Final = re.compile(rb"\r?\n\r?\n")
_LONGEST_LINE: Final = 1024


class Outcome(StrEnum):
    """How a question ended; few and fixed, so that they can be labels of a metric."""

    PASSED = "passed"
    STATUS = "status"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timeout"
    CLOSED = "closed"
    CERTIFICATE = "certificate"
    TLS = "tls"
    NOT_HTTP = "not-http"
    UNABLE = "unable"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one question. `seconds` it took, `detail` says it to people.

    UNABLE means that this machine could not ask (no file descriptor, no route): it says nothing of the target.
    """

    outcome: Outcome
    detail: str
    seconds: float = 0.0

    @property
    def good(self) -> bool | None:
        """Whether the target is fine; None: nobody knows."""
        return None if self.outcome is Outcome.UNABLE else self.outcome is Outcome.PASSED


class NotHttp(Exception):
    """What was received is no HTTP/1 answer; the message says what it is."""


class Unable(Exception):
    """This machine could not ask; the message says why."""


class Head:
    """The head of an HTTP/1 answer as it arrives (RFC 9112 §2); informational answers before it (1xx) are passed over."""

    __slots__ = ("_buffer", "_searched", "_skipped")

    def __init__(self) -> None:
        self._buffer = b""
        self._searched = 0
        self._skipped = 0

    def feed(self, data: bytes) -> int | None:
        """The status as soon as the head is complete, else None. Raises NotHttp."""
        buffer = self._buffer = self._buffer + data
        while True:
            _check_start(buffer)
            end = _END.search(buffer, self._searched)
            if end is None:
                self._searched = max(0, len(buffer) - 3)
                if self._skipped + len(buffer) > HEAD_LIMIT:
                    raise NotHttp(f"the header of the answer is longer than {HEAD_LIMIT // 1024} KiB")
                return None
            line = _STATUS_LINE.match(buffer)
            status = int(line[1]) if line is not None else 0
            if not 100 <= status < 200 or status == 101:
                return status
            self._skipped += end.end()
            buffer = self._buffer = buffer[end.end() :]
            self._searched = 0


def _check_start(buffer: bytes) -> None:
    """Raises NotHttp as soon as it cannot become a status line any more."""
    if buffer[: len(_PREFIX)] == _PREFIX[: len(buffer)]:
        end = buffer.find(b"\n", 0, _LONGEST_LINE)
        if end < 0 and len(buffer) < _LONGEST_LINE:
            return
        if _STATUS_LINE.match(buffer) is not None:
            return
    raise NotHttp(f"no HTTP answer but {printable(buffer[:40].decode('latin-1').strip())!r}")


def printable(text: str, most: int = 60) -> str:
    """What a stranger sent, safe to show: printable ASCII, not longer than `most`."""
    shown = "".join(char if char.isascii() and char.isprintable() else "." for char in text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


_OURS: Final = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.EADDRNOTAVAIL,
        errno.EAFNOSUPPORT,
        errno.EPERM,
        errno.EACCES,
        errno.ENETUNREACH,
        errno.ENETDOWN,
        errno.EINVAL,
    }
)


def is_ours(error: OSError) -> bool:
    """Whether an error at the very start of connecting, before anything was sent, is this machine's and not the target's."""
    return error.errno in _OURS


def of_error(error: OSError) -> tuple[Outcome, str]:
    """Class and words of a failed connection, handshake or transfer."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Outcome.CERTIFICATE, _certificate(error)
    if isinstance(error, ssl.SSLError):
        reason = str(getattr(error, "reason", "") or "FAILED")
        return Outcome.TLS, _TLS_WORDS.get(reason) or f"TLS: {reason.replace('_', ' ').lower()}"
    if isinstance(error, ConnectionRefusedError):
        return Outcome.REFUSED, "connection refused"
    if isinstance(error, (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)) or error.errno == errno.ENOTCONN:
        return Outcome.CLOSED, "connection reset"
    return Outcome.UNREACHABLE, os.strerror(error.errno).lower() if error.errno else "unreachable"


_TLS_WORDS: Final = {"WRONG_VERSION_NUMBER": "the port does not speak TLS"}
"""By OpenSSL's reasons, where theirs mislead."""

_WORDS: Final = {
    9: "certificate is not valid yet",
    10: "certificate has expired",
    18: "certificate is self-signed and not trusted",
    19: "certificate is signed by an authority that is not trusted",
    20: "certificate is signed by an authority that is not trusted",
    21: "certificate is signed by an authority that is not trusted",
}
"""By OpenSSL's X509_V_ERR_* codes."""

_MISMATCH: Final = frozenset({62, 64})
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""

MISMATCHED: Final = "certificate is for another name"


def names(certificate: Mapping[str, object] | None) -> list[str]:
    """The names and addresses a certificate is for, from the form that `ssl.SSLSocket.getpeercert` gives."""
    found = (certificate or {}).get("subjectAltName", ())
    return [printable(str(entry[1])) for entry in found] if isinstance(found, tuple) else []


def _certificate(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in _MISMATCH:
        return MISMATCHED
    return _WORDS.get(error.verify_code, f"certificate: {error.verify_message}")
