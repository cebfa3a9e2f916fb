"""How much the page may cost the controller: numbers and nothing else."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds. `readers` streams are served at once, each told at most every `pace` and at least every `beat`.

    A reader who takes nothing for `patience` is cut off. The token's file is looked at again after `token`. A question to one
    DNS server has `answer`, `questions` names are asked about at once, and each once in `fresh`.
    """

    readers: int = 32
    pace: float = 0.25
    beat: float = 5.0
    patience: float = 20.0
    token: float = 2.0
    answer: float = 2.0
    questions: int = 8
    fresh: float = 3.0


USUAL = Limits()
"""What a controller serves with."""
