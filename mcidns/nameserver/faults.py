"""Faults on demand: what a test or the demo can make the server do wrong. How requests are served never lives here."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Literal

import dns.rcode

Moment = Literal["before", "after"]


class Faults:
    """The switches of one server; all of them may be set at any time from its event loop.

    `refuse_transfers` answers every AXFR and IXFR with REFUSED. `clock_skew` is added to the server's clock, in seconds.
    `hangs_up` is asked before and after every update is applied; True cuts the connection there, as when one side dies.
    """

    def __init__(self, close: Callable[[], Awaitable[None]], listen: Callable[[], Awaitable[None]]) -> None:
        self.refuse_transfers = False
        self.clock_skew = 0.0
        self.hangs_up: Callable[[Moment], bool] = lambda _: False
        self._close = close
        self._listen = listen
        self._rcodes: deque[int] = deque()
        self._drops = 0
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def refuse(self) -> None:
        """Drop every connection and refuse new ones, as a server that is down; the port stays ours."""
        await self._close()

    async def accept(self) -> None:
        """Serve again on the same port, with the zones as they were."""
        await self._listen()

    def stall(self) -> None:
        """Take requests but answer none: those over TCP wait until `resume`, those over UDP are lost."""
        self._flowing.clear()

    def resume(self) -> None:
        """Answer again."""
        self._flowing.set()

    def answer_updates(self, rcode: int | str, times: int = 1) -> None:
        """Answer the next updates with this rcode (such as "SERVFAIL") and do not apply them."""
        value = dns.rcode.from_text(rcode) if isinstance(rcode, str) else rcode
        self._rcodes.extend([value] * times)

    def crash_after_updates(self, times: int = 1) -> None:
        """Apply the next updates, but close the connection (over UDP: say nothing) instead of answering."""
        self._drops += times

    def clear(self) -> None:
        """Take back every fault but `refuse`, which `accept` takes back."""
        self.refuse_transfers = False
        self.clock_skew = 0.0
        self._rcodes.clear()
        self._drops = 0
        self.resume()

    @property
    def stalled(self) -> bool:
        """Whether requests wait."""
        return not self._flowing.is_set()

    async def flowing(self) -> None:
        """Return once requests may be answered."""
        await self._flowing.wait()

    def take_rcode(self) -> int | None:
        """The rcode that the update at hand gets instead of being applied."""
        return self._rcodes.popleft() if self._rcodes else None

    def take_drop(self) -> bool:
        """Whether the update at hand loses its answer."""
        if not self._drops:
            return False
        self._drops -= 1
        return True
