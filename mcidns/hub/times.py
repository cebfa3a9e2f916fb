"""Times and durations as Kubernetes writes them; reading a clock lives with the callers."""

import itertools
import math
import re
from datetime import UTC, datetime

_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_DURATION = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ms|s|m|h))+")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
LONGEST_DURATION = 32


def parse(text: str) -> float | None:
    """Unix seconds of an RFC 3339 time with its zone; None if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.timestamp()


def render(seconds: float) -> str:
    """RFC 3339 in UTC, cut to whole seconds as Kubernetes keeps them."""
    return datetime.fromtimestamp(math.floor(seconds), UTC).isoformat().replace("+00:00", "Z")


def render_micro(seconds: float) -> str:
    """RFC 3339 in UTC with six decimals (`MicroTime` of events.k8s.io)."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def duration(text: str) -> float | None:
    """Seconds of a duration such as `1h30m`, `90s` or `500ms`; None if it is none."""
    if len(text) > LONGEST_DURATION or not _DURATION.fullmatch(text):
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def span(seconds: float) -> str:
    """A time that has passed, as kubectl shows ages: two units at most (`45s`, `3m10s`, `2h5m`, `4d3h`)."""
    whole = max(0, int(seconds))
    units = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    for (unit, size), (finer, part) in itertools.pairwise(units):
        if whole >= size:
            count, rest = divmod(whole, size)
            return f"{count}{unit}" + (f"{rest // part}{finer}" if rest >= part else "")
    return f"{whole}s"
