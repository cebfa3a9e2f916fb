"""Reading single fields of a DNSProvider's config; which fields there are is known to config.py and kerberos.py."""

import difflib
from collections.abc import Mapping
from typing import TypeVar

from mcidns.errors import ConfigError

T = TypeVar("T")


def check_known(key: str, known: tuple[str, ...], where: str) -> None:
    """Raises ConfigError for a field that is none, with the nearest that is."""
    if key in known:
        return
    near = difflib.get_close_matches(key.lower(), [name.lower() for name in known], n=1, cutoff=0.5)
    meant = next((name for name in known if near and name.lower() == near[0]), None)
    remedy = f"did you mean {meant}?" if meant else f"known are {', '.join(known)}"
    raise ConfigError(f"{where}.{key}", "there is no such field", remedy)


def typed(config: Mapping[str, object], key: str, kind: type[T], default: T, where: str = "config") -> T:
    """The field's value, `default` where it is absent. Raises ConfigError for another type."""
    value = config.get(key)
    if value is None:
        return default
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        words = {str: "a string", bool: "true or false", int: "a whole number"}
        raise ConfigError(f"{where}.{key}", f"it is a {type(value).__name__}", f"write {words.get(kind, kind.__name__)}")
    return value
