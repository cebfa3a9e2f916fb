"""The JSONPath subset of printer columns and how a cell is shown; tables are put together in `tables`."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from mcidns.emulator.resources import Column

_STEP: Final = re.compile(
    r"""\.(?P<name>[A-Za-z0-9_\-/]+|\*)|\[(?P<index>-?\d+|\*)\]|\[['"](?P<quoted>[^'"]+)['"]\]"""
    r"""|\[\?\(@\.(?P<key>[A-Za-z0-9_.\-]+)\s*==\s*(?P<value>"[^"]*"|'[^']*'|[^)\s]+)\)\]"""
)


@lru_cache(maxsize=4096)
def _steps(path: str) -> tuple[re.Match[str], ...]:
    return tuple(_STEP.finditer(path.replace("\\.", "\0")))


def find(obj: Any, path: str) -> list[Any]:
    """Every value a path such as `.status.conditions[?(@.type=="Ready")].status` leads to."""
    found = [obj]
    for step in _steps(path):
        found = [inner for one in found for inner in _inside(one, step)]
    return found


def _inside(value: Any, step: re.Match[str]) -> list[Any]:
    name = step["name"] or step["quoted"]
    if name == "*" or step["index"] == "*":
        return list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list) else []
    if name:
        name = name.replace("\0", ".")
        return [value[name]] if isinstance(value, dict) and name in value else []
    if not isinstance(value, list):
        return []
    if step["index"]:
        place = int(step["index"])
        return value[place : place + 1] if place >= 0 else value[place:][:1]
    wanted = step["value"].strip("\"'")
    return [one for one in value if any(str(got) == wanted for got in find(one, "." + step["key"]))]


def age(text: str, now: datetime) -> str:
    """How long ago, as kubectl shows it: `5s`, `12m`, `3h4m`, `2d`."""
    try:
        then = datetime.fromisoformat(text)
    except ValueError:
        return "<invalid>"
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    seconds = int((now - then).total_seconds())
    if seconds < 120:
        return f"{max(seconds, 0)}s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 10:
        return f"{minutes}m{seconds}s" if seconds else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 8:
        return f"{hours}h{minutes}m" if minutes else f"{hours}h"
    return f"{hours}h" if hours < 48 else f"{hours // 24}d"


def cell(obj: Any, column: Column, now: datetime) -> Any:
    """What stands in one cell; None where the object has nothing to show."""
    values = find(obj, column.path)
    if not values:
        return "<unknown>" if column.type == "date" else None
    if column.type == "date":
        return age(str(values[0]), now)
    if column.type == "string" or len(values) > 1:
        return ",".join(one if isinstance(one, str) else str(one) for one in values)
    return values[0]
