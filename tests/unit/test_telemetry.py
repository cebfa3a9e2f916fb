"""Log lines: one JSON object each, with the event's keys."""

import io
import json
import logging
import sys

from mcidns.model.secrets import Secret
from mcidns.telemetry import JsonLines, TextLines


def record(message: str, **keys: object) -> logging.LogRecord:
    """A log record with keys, as `extra=` makes them."""
    made = logging.LogRecord("mcidns.test", logging.WARNING, __file__, 1, message, (), None)
    vars(made).update(keys)
    return made


def test_a_json_line_holds_the_event_and_its_keys() -> None:
    line = json.loads(JsonLines().format(record("member.lost", cluster="garr-ct1", tries=3)))
    assert {key: line[key] for key in ("level", "logger", "event", "cluster", "tries")} == {
        "level": "warning",
        "logger": "mcidns.test",
        "event": "member.lost",
        "cluster": "garr-ct1",
        "tries": 3,
    }


def test_a_secret_is_not_spelled_out_in_either_form() -> None:
    made = record("provider.opened", secret=Secret("hushhush2"), all={"of": [Secret("hushhush2")]}, pair=(Secret("hushhush2"), 1))
    assert "hushhush2" not in JsonLines().format(made) + TextLines().format(made)


def test_the_time_is_utc_with_milliseconds_and_every_second_its_own() -> None:
    lines, made = JsonLines(), record("member.lost")
    spelled = []
    for at in (1_700_000_000.25, 1_700_000_000.5, 1_700_000_001.0):
        made.created, made.msecs = at, at % 1 * 1000
        spelled.append(json.loads(lines.format(made))["time"])
    assert spelled == ["2023-11-14T22:13:20.250Z", "2023-11-14T22:13:20.500Z", "2023-11-14T22:13:21.000Z"]


def test_a_traceback_stays_inside_its_line() -> None:
    try:
        raise ValueError("broken on purpose")
    except ValueError:
        made = record("pass.failed")
        made.exc_info = sys.exc_info()
    out = io.StringIO()
    out.write(JsonLines().format(made))
    assert "\n" not in out.getvalue()
    assert "broken on purpose" in json.loads(out.getvalue())["traceback"]
