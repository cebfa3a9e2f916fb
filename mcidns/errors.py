"""The closed tree of errors that cross a boundary; each says who must act, and its text says what to do."""

from collections.abc import Mapping

from mcidns.model.records import Change


class McidnsError(Exception):
    """Root of every error of ours."""


class ConfigError(McidnsError):
    """Something a person wrote cannot be used; names the field and the remedy."""

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        super().__init__(f"{field}: {problem}; {remedy}")
        self.field = field
        self.problem = problem
        self.remedy = remedy


class ProviderError(McidnsError):
    """A DNS back end did not do what was asked."""


class Transient(ProviderError):
    """The same request may work later (server down, time-out, SERVFAIL). `unsure`: it may have been carried out."""

    def __init__(self, message: str, *, unsure: bool = False) -> None:
        super().__init__(message)
        self.unsure = unsure


class Throttled(Transient):
    """The back end asks us to slow down; `retry_after` in seconds."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Denied(ProviderError):
    """The credentials or the server's policy do not allow it; somebody must change one of them."""


class _Blame(ProviderError):
    """An error of a batch that may say whose fault it is.

    `culprits` maps the changes at fault to what is to be said of each. A provider that cannot tell leaves it empty, and the
    batch is halved until the culprit stands alone.
    """

    def __init__(self, message: str, *, culprits: Mapping[Change, str] | None = None) -> None:
        super().__init__(message)
        self.culprits = dict(culprits or {})


class Rejected(_Blame):
    """The back end will never take this batch as it is; alone in its batch, the change itself is at fault."""


class Conflict(_Blame):
    """The zone is not as it was when it was read: read again, plan again."""
