"""What was done, as it is done: for the person who watches, and whole at the end; how it looks lives in cli/."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from mcidns.joining.steps import Deed, Step

_WOULD: Final = {Deed.CREATE: "would be created", Deed.CHANGE: "would be changed", Deed.REMOVE: "would be removed"}


@dataclass(slots=True)
class Journal:
    """Steps and warnings in their order. `say` hears each at once as a line."""

    dry_run: bool
    say: Callable[[str], None]
    steps: list[Step] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    _last: str = ""

    def done(self, step: Step) -> None:
        """A step was taken, or would be."""
        self.steps.append(step)
        note = f"  ({step.note})" if step.note else ""
        self.say(f"{step.role:<6}  {self.word(step):<16}  {step}{note}")

    def word(self, step: Step) -> str:
        """What became of the object."""
        return _WOULD.get(step.deed, step.deed.value) if self.dry_run else step.deed.value

    def remark(self, text: str) -> None:
        """Something to know; the same twice in a row is said once."""
        if text != self._last:
            self._last = text
            self.say(text)

    def warn(self, text: str) -> None:
        """Something that should be mended."""
        self.warnings.append(text)
        self.say(f"WARNING: {text}")
