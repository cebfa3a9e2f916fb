"""Who may go first: telling people waits a little while DNS is being changed; what is told and what is changed live elsewhere."""

from collections.abc import Callable
from typing import Final

PATIENCE: Final = 4.0
"""Seconds for which telling waits for one stretch of urgent work, at most: a name server that hangs must not silence us."""

CALM: Final = 0.1
"""Seconds without urgent work after which telling may begin: what a lost region brings comes in gusts."""

FORGOTTEN: Final = 1.0
"""Seconds without a question after which the next one begins a new stretch."""


class Precedence:
    """Says whether less urgent work should wait. `busy` says whether urgent work is left; `clock` gives seconds of any origin."""

    def __init__(self, busy: Callable[[], bool], clock: Callable[[], float]) -> None:
        self._busy = busy
        self._clock = clock
        self._until: float | None = None
        self._asked = self._busy_at = float("-inf")

    def waits(self) -> bool:
        """Whether to wait now; False once urgent work has gone on for longer than PATIENCE."""
        now = self._clock()
        if not self._busy():
            if self._until is None or now - self._busy_at >= CALM:
                self._until = None
                return False
        else:
            if self._until is None or now - self._asked > FORGOTTEN:
                self._until = now + PATIENCE
            self._busy_at = now
        self._asked = now
        return now < self._until
