"""What a Kubernetes API may answer instead of what was asked, as a closed tree; what to do about it is the caller's."""

import math
import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import aiohttp
import msgspec

from mcidns.errors import ConfigError, McidnsError
from mcidns.model.clusters import LostReason

LONGEST_MESSAGE = 600
LONGEST_RETRY_AFTER = 3600.0


@dataclass(frozen=True, slots=True)
class Cause:
    """One entry of a Status' `details.causes`."""

    reason: str
    field: str
    message: str


class KubeError(McidnsError):
    """The API did not do what was asked."""


class ApiError(KubeError):
    """The API answered with an error; `status` is the HTTP code, the rest is its Status object (empty if it sent none)."""

    def __init__(
        self,
        where: str,
        status: int,
        reason: str = "",
        message: str = "",
        *,
        causes: tuple[Cause, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{where}: {status} {reason}".rstrip() + (f": {message}" if message else ""))
        self.where = where
        self.status = status
        self.reason = reason
        self.message = message
        self.causes = causes
        self.retry_after = retry_after


class NotFound(ApiError):
    """404: no such object, or no such kind."""


class Conflict(ApiError):
    """409: the object changed since it was read, or another field manager owns a field."""


class AlreadyExists(Conflict):
    """409 on create."""


class Gone(ApiError):
    """410: the resource version or the continue token is too old; list again."""


class Unauthorized(ApiError):
    """401: the credentials are not accepted."""


class Forbidden(ApiError):
    """403: the account may not do this."""


class Invalid(ApiError):
    """400, 415 or 422: the request itself is at fault."""


class TooManyRequests(ApiError):
    """429: ask again after `retry_after` seconds (None: the server named no time)."""


class ServerError(ApiError):
    """5xx, a redirect, or an answer that is none of Kubernetes'."""


class Failing(StrEnum):
    """Where the way to the API ends."""

    TIMEOUT = "Timeout"
    REFUSED = "Refused"
    TLS = "TLS"
    DNS = "Dns"
    CUT = "Cut"


class Unreachable(KubeError):
    """No answer: nobody knows whether the request was carried out."""

    def __init__(self, where: str, kind: Failing, message: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where = where
        self.kind = kind
        self.message = message


_BY_STATUS: dict[int, type[ApiError]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    415: Invalid,
    422: Invalid,
    429: TooManyRequests,
}


def from_answer(where: str, status: int, body: bytes, retry_after: str | None = None) -> ApiError:
    """The error that an HTTP answer means; `where` is method and path. Bodies that are no Status are kept as short text."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = {"message": body[:200].decode("utf-8", "replace").strip()}
    return from_status(where, found if isinstance(found, dict) else {}, status, retry_after=retry_after)


def from_status(where: str, found: dict[str, Any], status: int = 0, *, retry_after: str | None = None) -> ApiError:
    """The error that a Status object means, as an ERROR event of a watch carries it; `status` wins over its `code`."""
    given = found.get("code")
    code = status or (given if isinstance(given, int) else 500)
    reason = _text(found.get("reason"))
    raw_details = found.get("details")
    details: dict[str, Any] = raw_details if isinstance(raw_details, dict) else {}
    kind = AlreadyExists if reason == "AlreadyExists" else _BY_STATUS.get(code, ServerError)
    return kind(
        where,
        code,
        reason,
        _text(found.get("message")),
        causes=_causes(details.get("causes")),
        retry_after=_seconds(retry_after if retry_after is not None else details.get("retryAfterSeconds")),
    )


def _text(value: object) -> str:
    return value[:LONGEST_MESSAGE] if isinstance(value, str) else ""


def _causes(found: object) -> tuple[Cause, ...]:
    if not isinstance(found, list):
        return ()
    return tuple(
        Cause(_text(cause.get("reason")), _text(cause.get("field")), _text(cause.get("message")))
        for cause in found[:20]
        if isinstance(cause, dict)
    )


def _seconds(value: object) -> float | None:
    if not isinstance(value, str | int | float) or not value:
        return None
    try:
        seconds = float(value)
    except ValueError:  # an HTTP date, which the API does not send
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER) if not math.isnan(seconds) else None


def from_failure(where: str, error: Exception, timeout: float | None = None) -> Unreachable:
    """The error that an exception of the HTTP client means; `timeout` in seconds, for the message."""
    match error:
        case TimeoutError():
            waited = f" within {timeout:g} s" if timeout else ""
            return Unreachable(where, Failing.TIMEOUT, f"no answer{waited}")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError() | ssl.SSLError():
            return Unreachable(where, Failing.TLS, f"TLS failed: {_plain(error)}")
        case aiohttp.ClientConnectorDNSError() | socket.gaierror():
            return Unreachable(where, Failing.DNS, f"the server's name does not resolve: {_plain(error)}")
        case ConnectionRefusedError():
            return Unreachable(where, Failing.REFUSED, "connection refused")
        case aiohttp.ClientConnectorError() if isinstance(error.os_error, ConnectionRefusedError):
            return Unreachable(where, Failing.REFUSED, "connection refused")
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return Unreachable(where, Failing.CUT, f"the proxy does not let us through: {type(error).__name__}")
        case _:
            return Unreachable(where, Failing.CUT, f"connection lost: {_plain(error)}")


def _plain(error: Exception) -> str:
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    text = getattr(cause, "verify_message", None) or getattr(cause, "strerror", None) or getattr(cause, "reason", None)
    return str(text or type(cause).__name__)[:200]


_UNREACHED = {
    Failing.TIMEOUT: LostReason.TIMEOUT,
    Failing.REFUSED: LostReason.REFUSED,
    Failing.TLS: LostReason.TLS,
    Failing.DNS: LostReason.UNREACHABLE,
    Failing.CUT: LostReason.UNREACHABLE,
}


def lost_reason(error: Exception) -> LostReason:
    """Why a member is lost, given the error of a list, a watch or a heartbeat."""
    match error:
        case Unreachable():
            return _UNREACHED[error.kind]
        case Unauthorized():
            return LostReason.UNAUTHORIZED
        case Forbidden():
            return LostReason.FORBIDDEN
        case ConfigError():
            return LostReason.BAD_ACCESS
        case TimeoutError():
            return LostReason.TIMEOUT
        case _:
            return LostReason.SERVER_ERROR
