"""Readiness over time: how many looks in a row it takes to turn it; what one look shows is counted in signals."""

from math import floor

from msgspec import Struct

from mcidns.model.decisions import Reason, Remembered
from mcidns.model.hosts import Readiness

EVERY = 10.0
"""Seconds from one observation to the next."""

_NO_STANDING = frozenset({Reason.NOT_PLACED, Reason.CLUSTER_GONE})


class Standing(Struct, frozen=True, gc=False):
    """Whether readiness stands at enough; since when the endpoints speak against that, and when they will have turned it."""

    enough: bool
    turning_since: float | None = None
    until: float | None = None


AT_ONCE = (Standing(False), Standing(True))
"""Where readiness stands when one observation is enough to turn it, by what that shows."""


def settle(shown: bool, was: Remembered | None, rule: Readiness, now: float) -> Standing:
    """Turn only after `fall` or `rise` observations in a row of the other kind (times in unix seconds).

    One observation is what a member that answers shows at one moment. The first of a row is the change itself, the others are
    due every 10 seconds from then on, whether or not anything else happens: so `fall: 3` means too few for 20 seconds without
    a break. A look that shows the old state ends the row. While the member does not answer nothing is observed and the row is
    broken; a restart of the controller does not break it. Without a past the first observation decides alone.
    """
    stood = standing(was)
    if was is None or stood is None or stood is shown:
        return Standing(shown)
    turning = None if was.history is None else was.history.turning_since
    since = float(floor(now)) if turning is None else turning
    until = since + ((rule.rise if shown else rule.fall) - 1) * EVERY
    return Standing(shown) if now >= until else Standing(stood, since, until)


def standing(was: Remembered | None) -> bool | None:
    """Where readiness stood, whatever other rule hid it; None without a past that counts."""
    if was is None or was.reason in _NO_STANDING:
        return None
    return was.reason != Reason.NOT_READY and not (was.history is not None and was.history.unready)
