"""A secret as a type, so that no log, Event, status or plan can show it by accident; where secrets come from lives elsewhere."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """Text that must not be seen; `repr` and `str` hide it."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "(secret)"
