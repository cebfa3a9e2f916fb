"""The one place where an unexpected exception is caught: a provider's or our own mistake must not end a zone's worker."""

import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from mcidns.errors import ProviderError, Transient

P = ParamSpec("P")
T = TypeVar("T")

_LOG = logging.getLogger(__name__)


def attempt(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | ProviderError:
    """The result, or the ProviderError it ended with; any other Exception is logged and becomes a Transient that is unsure."""
    try:
        return call(*args, **kwargs)
    except ProviderError as error:
        return error
    except Exception as error:  # noqa: BLE001  the boundary promised by the docstring above
        _LOG.exception("zone.unexpected")
        return Transient(f"unexpected {type(error).__name__}: {error}; see the log for its origin and report it", unsure=True)
