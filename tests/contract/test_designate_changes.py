"""The contract on the designate provider, against a real Designate: writing, reading, failures; apart, so that waits overlap."""

from mcidns.testing.contract.failures import FailuresContract
from mcidns.testing.contract.reading import ReadingContract
from mcidns.testing.contract.scale import ScaleContract
from mcidns.testing.contract.writing import WritingContract
from tests.contract.on_designate import OnDesignate, designate

__all__ = ["designate"]


class TestDesignateChanges(OnDesignate, WritingContract, ReadingContract, FailuresContract, ScaleContract):
    """As ProviderContract, in part."""
