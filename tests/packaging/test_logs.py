"""Events are named in one way, carry known keys, and are what docs/logs.md says."""

import re

import pytest

from tests.packaging import events
from tests.packaging.events import ROOT, Event

DOC = ROOT / "docs" / "logs.md"
ALL = [pytest.param(one, id=f"{one.name}-{one.where}") for one in events.every()]
ORDER = ("debug", "info", "warning", "error")
EXPLAINED = {
    "why": "a sentence",
    "reason": "a word",
    "host": "namespace/name",
    "dns_name": "in DNS",
    "cluster": "a member",
    "zone": "",
}


def row(name: str) -> tuple[str, str, str]:
    """Event, levels and keys over all calls."""
    calls = [one for one in events.every() if one.name == name]
    levels = sorted({level for one in calls for level in one.levels}, key=ORDER.index)
    keys = sorted({key for one in calls for key in one.keys})
    return name, ", ".join(levels), ", ".join(f"`{key}`" for key in keys)


def test_the_table_in_the_docs_has_every_event_with_its_levels_and_keys() -> None:
    rows = re.findall(r"^\| `([a-z._]+)` \| ([^|]*) \| ([^|]*) \| [A-Za-z].*\. \|$", DOC.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted((name, levels, keys.strip()) for name, levels, keys in rows) == sorted(row(name) for name in events.names())


@pytest.mark.parametrize("event", ALL)
def test_an_event_is_named_after_what_it_happens_to_and_explains_itself_by_the_usual_keys(event: Event) -> None:
    assert re.fullmatch(r"[a-z]+(\.[a-z_]+){0,2}", event.name)
    assert not {"error", "problem", "message", "msg", "name", "detail", "secret", "token", "password"} & {*event.keys}
    if "warning" in event.levels:
        assert {*event.keys} & {"why", "restarts", "kind", "held", "cluster_id", "wrong_tokens"}, "a warning says why"
