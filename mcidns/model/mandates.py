"""What one process may write now; how that is found out lives in lead/, what follows from it in program/ and telling."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Alone:
    """There is no Lease: everything may be written, and nothing is fenced."""


@dataclass(frozen=True, slots=True)
class Standby:
    """Another process leads, or none does; nothing may be written. `leader` is empty where none is known."""

    leader: str = ""


@dataclass(frozen=True, slots=True)
class Leading:
    """The Lease is ours and was renewed in time: everything may be written, under this epoch."""

    epoch: int
    holder: str


@dataclass(frozen=True, slots=True)
class Adrift:
    """The Lease was ours and could not be renewed in time: only what our epoch guards may be written, until somebody raises it."""

    epoch: int
    holder: str


Mandate = Alone | Standby | Leading | Adrift

ALONE: Final = Alone()
