"""What a zone's worker has to say of a name; who hears of it, and in which condition, is settled elsewhere."""

from dataclasses import dataclass

from mcidns.model.decisions import ProgramState


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """Something to tell the objects behind a name; `reason` is a Programmed reason of design §4."""

    state: ProgramState
    reason: str
    message: str
