"""Every refusal the server can answer, as the Status object a real API server sends; no HTTP and no storage here.

Texts, reasons and details follow `k8s.io/apimachinery/pkg/api/errors` as measured on v1.36.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Json = dict[str, Any]


class Named(Protocol):
    """What a message needs to know of a resource."""

    @property
    def group(self) -> str: ...
    @property
    def plural(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def qualified(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Cause:
    """One field's part in a refusal; `field` is a path such as `spec.rules[0].host`."""

    reason: str
    message: str
    field: str


class StatusError(Exception):
    """The request is refused with this HTTP code and Status body."""

    def __init__(
        self, code: int, reason: str, message: str, *, details: Json | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = dict(details or {})
        self.retry_after = retry_after
        if retry_after is not None:
            self.details["retryAfterSeconds"] = retry_after

    def body(self) -> Json:
        """The `v1` Status object."""
        body: Json = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details:
            body["details"] = self.details
        return body | {"code": self.code}


def _details(resource: Named, name: str, kind: str = "") -> Json:
    details: Json = {"name": name} if name else {}
    if resource.group:
        details["group"] = resource.group
    return details | {"kind": kind or resource.plural}


def not_found(resource: Named, name: str) -> StatusError:
    """404 NotFound for one object."""
    return StatusError(404, "NotFound", f'{resource.qualified} "{name}" not found', details=_details(resource, name))


def no_such_path() -> StatusError:
    """404 for a path that no resource serves."""
    return StatusError(404, "NotFound", "the server could not find the requested resource")


def already_exists(resource: Named, name: str, *, deleting: bool = False) -> StatusError:
    """409 AlreadyExists; a terminating object says so."""
    prefix = "object is being deleted: " if deleting else ""
    text = f'{prefix}{resource.qualified} "{name}" already exists'
    return StatusError(409, "AlreadyExists", text, details=_details(resource, name))


def conflict(resource: Named, name: str, why: str = "") -> StatusError:
    """409 Conflict: the object has moved on, or a precondition does not hold."""
    text = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {text}'
    return StatusError(409, "Conflict", message, details=_details(resource, name))


def apply_conflict(causes: Sequence[Cause]) -> StatusError:
    """409 of a server-side apply that would take fields of other managers."""
    count = f"{len(causes)} conflict" + ("s" if len(causes) > 1 else "")
    what = "; ".join(f"{cause.message}: {cause.field}" for cause in causes)
    return StatusError(409, "Conflict", f"Apply failed with {count}: {what}", details={"causes": _listed(causes)})


def invalid(resource: Named, name: str, causes: Sequence[Cause]) -> StatusError:
    """422 Invalid; `details.kind` is the Kind here, not the plural."""
    return invalid_kind((resource.kind, resource.group), name, causes)


def invalid_kind(kind: tuple[str, str], name: str, causes: Sequence[Cause]) -> StatusError:
    """422 Invalid for a (kind, group) that is no stored resource, such as PatchOptions."""
    texts = [f"{cause.field}: {cause.message}" for cause in causes]
    what = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details: Json = {"name": name} if name else {}
    if kind[1]:
        details["group"] = kind[1]
    details |= {"kind": kind[0], "causes": _listed(causes)}
    shown = f"{kind[0]}.{kind[1]}" if kind[1] else kind[0]
    return StatusError(422, "Invalid", f'{shown} "{name}" is invalid: {what}', details=details)


def _listed(causes: Sequence[Cause]) -> list[Json]:
    return [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes]


def bad_request(message: str) -> StatusError:
    """400 BadRequest."""
    return StatusError(400, "BadRequest", message)


def unsupported_media(message: str) -> StatusError:
    """415 for a body in a form the server does not read."""
    return StatusError(415, "UnsupportedMediaType", message)


def method_not_allowed() -> StatusError:
    """405 for a verb the path does not take."""
    text = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", text)


def unauthorized() -> StatusError:
    """401: no or an unknown token."""
    return StatusError(401, "Unauthorized", "Unauthorized")


def forbidden(resource: Named, name: str, why: str, causes: Sequence[Cause] = ()) -> StatusError:
    """403 with the reason in words."""
    details = _details(resource, name)
    if causes:
        details["causes"] = _listed(causes)
    shown = f'{resource.qualified} "{name}"' if name else resource.qualified
    return StatusError(403, "Forbidden", f"{shown} is forbidden: {why}", details=details)


def expired(asked: int, oldest: int) -> StatusError:
    """410: the history does not reach back that far."""
    return StatusError(410, "Expired", f"too old resource version: {asked} ({oldest})")


def expired_continue() -> StatusError:
    """410: the pages of a chunked list are no longer kept."""
    text = (
        "The provided continue parameter is too old to display a consistent list result. "
        "You must start a new list without the continue parameter."
    )
    return StatusError(410, "Expired", text)


def too_large_version(asked: int, current: int) -> StatusError:
    """504: a read asked for a version that does not exist yet."""
    details: Json = {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]}
    text = f"Too large resource version: {asked}, current: {current}"
    return StatusError(504, "Timeout", text, details=details, retry_after=1)


def internal(message: str) -> StatusError:
    """500 InternalError."""
    details: Json = {"causes": [{"message": message}]}
    return StatusError(500, "InternalError", f"Internal error occurred: {message}", details=details)


_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


def of_code(code: int, message: str = "", retry_after: int | None = None) -> StatusError:
    """The Status that usually goes with an HTTP code; for faults."""
    return StatusError(code, _REASONS.get(code, "Unknown"), message or f"fault: {code}", retry_after=retry_after)
