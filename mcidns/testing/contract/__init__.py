"""The contract of providers as a pytest suite: subclass ProviderContract, give it a bench, and your provider is tried.

It needs pytest and pytest-asyncio (`pip install 'mcidns[contract]'`), and knows no back end.
"""

import pytest

_PARTS = ("bench", "failures", "kinds", "reading", "refusals", "rivals", "scale", "writing")
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in _PARTS))

from mcidns.testing.contract.bench import Bench, Failure, ForeignWrite, through  # noqa: E402  asserts below show their values
from mcidns.testing.contract.failures import FailuresContract  # noqa: E402
from mcidns.testing.contract.kinds import KindsContract  # noqa: E402
from mcidns.testing.contract.reading import ReadingContract  # noqa: E402
from mcidns.testing.contract.refusals import RefusalsContract  # noqa: E402
from mcidns.testing.contract.rivals import RivalsContract  # noqa: E402
from mcidns.testing.contract.scale import ScaleContract  # noqa: E402
from mcidns.testing.contract.writing import WritingContract  # noqa: E402

__all__ = ["Bench", "Failure", "ForeignWrite", "ProviderContract", "through"]


class ProviderContract(
    KindsContract, WritingContract, ReadingContract, RivalsContract, RefusalsContract, FailuresContract, ScaleContract
):
    """All of it. Subclass, name the class `Test…`, override `bench`; see providers/README.md for an example that runs."""
