"""What an answer of Designate that is no success means, in words for people; asking lives in api.py."""

import datetime as dt
import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import msgspec

from mcidns.errors import Denied, ProviderError, Throttled, Transient

DEFAULT_WAIT = 10.0
LONGEST_WAIT = 600.0


class Problem(msgspec.Struct):
    """The body of an error. `errors` describes each fault of an object that was refused."""

    code: int = 0
    type: str = ""
    message: str = ""
    errors: msgspec.Raw = msgspec.Raw()


class _Fault(msgspec.Struct):
    path: list[object] = []
    message: str = ""


class _Faults(msgspec.Struct):
    errors: list[_Fault] = []


class Refused(Exception):
    """Designate will not do just this: 400, 404, 409 or 413. Whoever asked knows what it means."""

    def __init__(self, status: int, type_: str, words: str) -> None:
        super().__init__(f"{status} {type_}: {words}" if words else f"{status} {type_}")
        self.status = status
        self.type = type_
        self.words = words


def failure(status: int, body: bytes, headers: Mapping[str, str], *, writes: bool, what: str) -> ProviderError | Refused:
    """The error for an answer with this status; `what` says what was asked for."""
    problem = _problem(body)
    words = _words(problem)
    if status in {429, 503} and (status == 429 or "Retry-After" in headers):
        return Throttled(
            f"Designate asks us to slow down (it answers {status} to {what})", retry_after=_wait(headers, DEFAULT_WAIT)
        )
    if status in {400, 404, 405, 409, 413} and (problem.type or status == 413):
        return Refused(status, problem.type or "too_large", words)
    if status < 500:
        return _denied(status, words, headers, what)
    # Central may still be working on it (504), and a proxy knows nothing of that (502, 503).
    return Transient(f"Designate answers {status}{_behind(words)} to {what}; see its log", unsure=writes)


def _denied(status: int, words: str, headers: Mapping[str, str], what: str) -> Denied:
    if status == 401:
        return Denied(f"Designate does not accept our login for {what}, not even a new one; correct the credentials")
    if status == 403:
        return Denied(f"Designate forbids {what}{_behind(words)}; give the user the role that its policy asks for (usually member)")
    if 300 <= status < 400:
        return Denied(f"{what} is redirected to {headers.get('Location', 'nowhere')}; set config.endpoint to Designate's own URL")
    return Denied(f"{what} is answered with {status} by something that is no Designate; correct config.endpoint")


def _behind(words: str) -> str:
    return f" ({words})" if words else ""


def _problem(body: bytes) -> Problem:
    try:
        return msgspec.json.decode(body, type=Problem)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return Problem()


def _words(problem: Problem) -> str:
    if problem.message:
        return problem.message[:300].rstrip(".")
    try:
        faults = msgspec.json.decode(problem.errors, type=_Faults).errors if problem.errors else []
    except (msgspec.DecodeError, msgspec.ValidationError):
        faults = []
    return "; ".join(fault.message[:200] for fault in faults[:3])


def _wait(headers: Mapping[str, str], default: float) -> float:
    """Seconds that Retry-After asks for (RFC 9110 §10.2.3), a number or a date."""
    text = headers.get("Retry-After", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        seconds = _until(text, default)
    return min(max(seconds, 0.0), LONGEST_WAIT) if math.isfinite(seconds) else default


def _until(text: str, default: float) -> float:
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return default
    return (then - dt.datetime.now(dt.UTC)).total_seconds() if then.tzinfo else default
