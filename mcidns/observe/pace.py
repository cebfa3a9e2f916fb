"""How often and how long a member is asked, as one value; asking lives in watch and contact."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How a member is asked; seconds.

    A cut API is known after `heartbeat` + `heartbeat_timeout` at the latest. Delays between attempts double from `first_delay`
    to `longest_delay`, full jitter, and start over after `healthy` seconds of a stream; a stream that lived `brief` seconds is
    opened again at once. A stream without a byte is given up `silence_past_end` after it should have ended, or after
    `silence_with_bookmarks` where the API is known to send these (about one a minute). A kind that the member does not serve
    is asked for again every `unavailable`; one that had to be looked for is looked for once more after `unsure` before that
    is believed. `resync` is between full lists, `page` the objects in one answer.
    """

    heartbeat: float = 10.0
    heartbeat_timeout: float = 5.0
    first_delay: float = 1.0
    longest_delay: float = 60.0
    healthy: float = 60.0
    brief: float = 10.0
    shortest_watch: int = 240
    longest_watch: int = 480
    silence_with_bookmarks: float = 90.0
    silence_past_end: float = 30.0
    unavailable: float = 300.0
    unsure: float = 3.0
    resync: float = 2700.0
    page: int = 500
