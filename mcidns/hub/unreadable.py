"""What is told of an object that cannot be used as it stands; who is told is decided elsewhere."""

from dataclasses import dataclass

from mcidns.model.references import ObjectRef


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake: the field by its path (`spec.ttl`), what is wrong with it, and what to do."""

    field: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An object that cannot be used; what was done for it before must stay until it can be read again."""

    ref: ObjectRef
    uid: str
    generation: int
    problems: tuple[Problem, ...]

    @property
    def message(self) -> str:
        """All mistakes as text for a condition."""
        return "; ".join(str(problem) for problem in self.problems[:5]) + (
            f"; and {len(self.problems) - 5} more mistakes" if len(self.problems) > 5 else ""
        )
