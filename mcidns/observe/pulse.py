"""How long the event loop stood still, so that others are not blamed for it; who asks is not known here."""

import asyncio
from typing import Final

BEAT: Final = 0.1
"""Seconds between two looks; a standstill shorter than this may go unnoticed."""


class Pulse:
    """`still` is by how many seconds beats came too late so far: the process was busy, or was not let run."""

    def __init__(self) -> None:
        self.still = 0.0

    async def beat(self) -> None:
        """Wait for one beat and note by how much it is late."""
        loop = asyncio.get_running_loop()
        due = loop.time() + BEAT
        await asyncio.sleep(BEAT)
        self.still += max(0.0, loop.time() - due)
