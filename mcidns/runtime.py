"""How the interpreter is set for a controller; nothing of the controller's own lives here."""

import asyncio
import gc
import sys
from collections.abc import Callable
from typing import Final

SWITCH: Final = 0.0005
"""Seconds after which a thread that computes gives way to one that waits. kopf's thread works through the host's events, and
the core loop must not wait 5 ms for its turn each time it wakes."""

YOUNG: Final = 500_000
"""Objects made before the collector looks for cycles among them by itself. Nearly all that a controller makes is freed by
reference count or kept for long; with the default of 700 a quarter of a first sync is spent looking at values that live."""

WORTHWHILE: Final = 50_000
"""Objects made before it looks for cycles while there is nothing urgent to do."""

WHOLE: Final = 200
"""Every so manieth time it looks at everything, not only at what is young."""


def tune() -> None:
    """Set this process up; safe to repeat."""
    sys.setswitchinterval(SWITCH)
    gc.set_threshold(YOUNG, 20, 50)


async def collect(is_urgent: Callable[[], bool]) -> None:
    """Look for cycles once a second, where it is worthwhile and nothing urgent waits; until cancelled."""
    looks = 0
    while True:
        await asyncio.sleep(1.0)
        if gc.get_count()[0] < WORTHWHILE or is_urgent():
            continue
        looks += 1
        gc.collect(1 if looks % WHOLE else 2)
