"""Providers found by entry point and loaded only when a DNSProvider asks for them; none of them is imported here by name."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from mcidns.errors import ConfigError
from mcidns.provider import Provider, ProviderSettings

GROUP = "mcidns.providers"


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """A DNSProvider without Kubernetes: which plug-in, and what is said to it."""

    type: str
    settings: ProviderSettings


def available(points: Iterable[EntryPoint] | None = None) -> dict[str, EntryPoint]:
    """Every installed plug-in by type. Raises ConfigError where two packages offer one type."""
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP) if points is None else points:
        other = found.get(point.name)
        if other is not None and other.value != point.value:
            raise ConfigError(
                "spec.type",
                f"provider type {point.name!r} is offered by {other.value} and by {point.value}",
                "uninstall one of the two packages",
            )
        found[point.name] = point
    return found


def load(type_: str, points: Iterable[EntryPoint] | None = None) -> type[Provider]:
    """Import one plug-in. Raises ConfigError for an unknown type, a missing SDK (naming the extra) or what is no provider."""
    known = available(points)
    point = known.get(type_)
    if point is None:
        raise ConfigError(
            "spec.type", f"no provider of type {type_!r} is installed", f"use one of: {', '.join(sorted(known)) or '(none)'}"
        )
    try:
        loaded = point.load()
    except ImportError as error:
        missing = error.name or "a module"
        raise ConfigError(
            "spec.type", f"provider {type_!r} needs {missing}, which is not installed", f"pip install 'mcidns[{type_}]'"
        ) from error
    except AttributeError as error:
        raise ConfigError(
            "spec.type", f"the package of provider {type_!r} has no {point.value}", "install another version of it"
        ) from error
    if not isinstance(loaded, type) or not hasattr(loaded, "from_settings"):
        raise ConfigError(
            "spec.type", f"{point.value} is no provider class", "name a class with the methods of mcidns.provider.Provider"
        )
    return loaded


def open_provider(spec: ProviderSpec) -> Provider:
    """Load the plug-in and give it its settings; no I/O. Raises ConfigError."""
    return load(spec.type).from_settings(spec.settings)
