"""How long changes are gathered where every request is dear, so that one request takes many; sending them lives in dispatch.py."""

OFFER = 1024
"""Changes offered to `pack` at once; it takes as many as fit."""
GATHER = 0.1
"""Seconds for which changes are gathered where requests are scarce."""


class Gathering:
    """Since when a first change waits for others. Times are the loop's."""

    def __init__(self) -> None:
        self.until: float | None = None

    def goes_on(self, waiting: int, *, busy: bool, more_to_come: bool, now: float) -> bool:
        """Whether a request is too dear to be made yet: more is being planned, or may come within a moment."""
        if not waiting or waiting >= OFFER or busy:
            self.until = None
            return False
        if self.until is None:
            self.until = now + GATHER
        if more_to_come or now < self.until:
            return True
        self.until = None
        return False
