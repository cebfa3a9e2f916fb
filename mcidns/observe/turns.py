"""How many questions begin a second and how many are under way at once; what is asked, and when it is due, is not known here."""

import asyncio
import logging
import resource
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

BURST: Final = 0.5
"""Seconds' worth of beginnings that may be made up for: a process short of processor time must not fall behind for ever because
of turns that it slept through.
"""

AT_ONCE: Final = 25
"""Beginnings in one turn of the loop, so that they, and the TLS handshakes they lead to, do not hold it up."""


def affordable(places: int) -> int:
    """As many places, or half of the files that this process may open: the rest is for members, zones and servers."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    half = soft // 2 if soft != resource.RLIM_INFINITY else places
    if half < places:
        _LOG.warning("probe.places", extra={"wanted": places, "given": half, "why": f"this process may open {soft} files"})
    return min(places, half)


class Turns(Generic[T]):
    """A rate and a number of places; `begin(item)` is called when the item's turn has come, in the order of coming, and says
    whether anything began.

    Items that are likely to keep their place long get at most half of the places, so that what hangs delays only what hangs
    (law 4). `leave` gives back what `begin` took.
    """

    def __init__(self, begin: Callable[[T], bool], *, rate: float, places: int) -> None:
        self._begin = begin
        self._gap = 1.0 / rate
        self._places = max(2, places)
        self._slow_places = self._places // 2
        self._queues: tuple[deque[tuple[int, T]], deque[tuple[int, T]]] = (deque(), deque())
        self._taken = 0
        self._slow_taken = 0
        self._came = 0
        self._next_at = 0.0
        self._next: asyncio.Handle | None = None

    def come(self, item: T, *, slow: bool) -> None:
        """Begin with the item now or as soon as it is its turn."""
        self._came += 1
        self._queues[slow].append((self._came, item))
        self._serve_soon()

    def leave(self, *, slow: bool) -> None:
        """An item that began is done."""
        self._taken -= 1
        self._slow_taken -= slow
        self._serve_soon()

    def stop(self) -> None:
        """Forget whatever waits."""
        for queue in self._queues:
            queue.clear()
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _serve_soon(self) -> None:
        """In the next turn of the loop, so that all who come in this one are counted together."""
        if self._next is None and any(self._queues):
            self._next = asyncio.get_running_loop().call_soon(self._serve)

    def _serve(self) -> None:
        self._next = None
        loop = asyncio.get_running_loop()
        begun = 0
        while (queue := self._first()) is not None:
            now = loop.time()
            if self._next_at > now:
                self._next = loop.call_at(self._next_at, self._serve)
                return
            if begun == AT_ONCE:
                self._next = loop.call_soon(self._serve)
                return
            _, item = queue.popleft()
            if self._begin(item):
                begun += 1
                self._next_at = max(self._next_at, now - BURST) + self._gap
                self._taken += 1
                self._slow_taken += queue is self._queues[True]

    def _first(self) -> deque[tuple[int, T]] | None:
        """The queue whose head came first among those that may begin."""
        if self._taken >= self._places:
            return None
        quick, slow = self._queues
        if not slow or self._slow_taken >= self._slow_places:
            return quick or None
        return slow if not quick or slow[0][0] < quick[0][0] else quick
