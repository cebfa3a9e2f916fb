"""Values of our annotations read: targets, times, paths; which annotations there are and what they ask for is in annotations."""

from mcidns.hub import generated, health, times
from mcidns.hub.fields import short
from mcidns.hub.globalhost import MAX_TTL
from mcidns.hub.unreadable import Problem
from mcidns.model.targets import InvalidTarget, Target, parse


def path(key: str) -> str:
    """Where an annotation stands in its object."""
    return f"metadata.annotations[{short(key)}]"


def parts(value: str) -> tuple[str, ...]:
    """The items of a comma list; empty ones do not count."""
    return tuple(part for text in value.split(",") if (part := text.strip()))


def targets(key: str, value: str, told: list[Problem]) -> tuple[Target, ...] | None:
    """Those that can be read, in order; None where there are none."""
    found: list[Target] = []
    for text in parts(value):
        try:
            found.append(parse(text))
        except InvalidTarget as error:
            told.append(Problem(path(key), str(error), "write addresses or a host name, with commas between"))
    if not parts(value):
        told.append(Problem(path(key), "is empty", "write an address or a host name, or remove the annotation"))
    return generated.order(tuple(found)) if found else None


def ttl(key: str, value: str, told: list[Problem]) -> int | None:
    """Seconds, from a number or a duration; None where it is neither."""
    text = value.strip()
    plain = text.isascii() and text.isdigit() and len(text) <= 9
    seconds = float(text) if plain else times.duration(text)
    if seconds is None or not 1 <= seconds <= MAX_TTL:
        told.append(Problem(path(key), f"{short(text)!r} is no time to live", f"write seconds from 1 to {MAX_TTL}, or such as 5m"))
        return None
    return int(seconds)


def probe_path(key: str, value: str, told: list[Problem]) -> str:
    """What is asked for by HTTP, empty where it is no path."""
    asked = value.strip()
    if health.is_path(asked):
        return asked
    told.append(Problem(path(key), f"{short(asked)!r} is no path", "write one such as /healthz"))
    return ""


def truth(key: str, value: str, told: list[Problem]) -> bool:
    """`true` or `false`."""
    text = value.strip().lower()
    if text not in ("true", "false"):
        told.append(Problem(path(key), f"{short(text)!r} is neither true nor false", "write one of them"))
    return text == "true"
