"""What a DNSProvider of type webhook may say: parsed and refused here, once; nothing here does I/O."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from mcidns.errors import ConfigError
from mcidns.model.secrets import Secret
from mcidns.provider import ProviderSettings

T = TypeVar("T")

TYPES = ("A", "AAAA", "CNAME", "TXT", "NS", "MX", "SRV", "PTR")
"""What ExternalDNS knows and every webhook may be sent; the protocol has no list of what a webhook can write."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings. Times in seconds; `batch` is how many changes one request may carry."""

    url: str
    authorization: Secret | None = None
    types: frozenset[str] = frozenset(TYPES)
    set_identifiers: bool = False
    min_ttl: int = 0
    default_ttl: int = 300
    timeout: float = 15.0
    batch: int = 200


def parse(settings: ProviderSettings) -> Config:
    """Raises ConfigError naming the field and the remedy, never the secret."""
    config = settings.config
    for key in config:
        if key not in _FIELDS:
            near = difflib.get_close_matches(key, _FIELDS, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(_FIELDS)}"
            raise ConfigError(f"config.{key}", "there is no such field", remedy)
    return Config(
        url=_url(config.get("url")),
        authorization=settings.secrets.get("authorization"),
        types=_types(config.get("types")),
        set_identifiers=_typed(config, "setIdentifiers", bool, False),
        min_ttl=_bounded(config, "minTTL", 0, 0, 2**31 - 1),
        default_ttl=_bounded(config, "defaultTTL", 300, 1, 2**31 - 1),
        timeout=_seconds(config),
        batch=_bounded(config, "batchSize", 200, 1, 10_000),
    )


_FIELDS = ("url", "types", "setIdentifiers", "minTTL", "defaultTTL", "timeout", "batchSize")


def _url(value: object) -> str:
    remedy = "write the webhook's address, such as http://127.0.0.1:8888"
    if not isinstance(value, str) or not value.strip():
        raise ConfigError("config.url", "no webhook is named", remedy)
    try:
        parts = urlsplit(value.strip())
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError("config.url", "it is no http or https address", remedy)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(
            "config.url", "it holds a user, a query or a fragment", "put credentials into the Secret as authorization"
        )
    return value.strip().rstrip("/")


def _types(value: object) -> frozenset[str]:
    if value is None:
        return frozenset(TYPES)
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item.strip() for item in value):
        raise ConfigError("config.types", "it is no list of record types", f"write a list, such as {list(TYPES)}")
    found = frozenset(str(item).strip().upper() for item in value)
    if not {"A", "TXT"} <= found:
        raise ConfigError("config.types", "it lacks A or TXT", "name at least these two: records and their ownership")
    return found


def _typed(config: Mapping[str, object], key: str, kind: type[T], default: T) -> T:
    value = config.get(key)
    if value is None:
        return default
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        words = {bool: "true or false", int: "a whole number"}
        raise ConfigError(f"config.{key}", f"it is a {type(value).__name__}", f"write {words.get(kind, kind.__name__)}")
    return value


def _bounded(config: Mapping[str, object], key: str, default: int, low: int, high: int) -> int:
    value = _typed(config, key, int, default)
    if not low <= value <= high:
        raise ConfigError(f"config.{key}", f"{value} is out of range", f"write a number from {low} to {high}")
    return value


def _seconds(config: Mapping[str, object]) -> float:
    value = config.get("timeout", 15.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 600:
        raise ConfigError("config.timeout", f"{value!r} is no such time", "write seconds, more than 0 and at most 600")
    return float(value)
