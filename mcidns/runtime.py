"""How the interpreter is set for a controller; nothing of the controller's own lives here."""

import gc
import sys
from typing import Final

SWITCH: Final = 0.0005
"""Seconds after which a thread that computes gives way to one that waits. kopf's thread works through the host's events, and
the core loop must not wait 5 ms for its turn each time it wakes."""

YOUNG: Final = 200_000
"""Objects made before the collector looks for cycles among them. Nearly all that a controller makes is freed by reference
count or kept for long; with the default of 700 a quarter of a first sync is spent looking at values that live."""


def tune() -> None:
    """Set this process up; safe to repeat."""
    sys.setswitchinterval(SWITCH)
    gc.set_threshold(YOUNG, 20, 50)
