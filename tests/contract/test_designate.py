"""The contract on the designate provider, against a real Designate: kinds of records, refusals and rivals; changes beside it."""

from mcidns.testing.contract.kinds import KindsContract
from mcidns.testing.contract.refusals import RefusalsContract
from mcidns.testing.contract.rivals import RivalsContract
from tests.contract.on_designate import OnDesignate, designate

__all__ = ["designate"]


class TestDesignate(OnDesignate, KindsContract, RefusalsContract, RivalsContract):
    """As ProviderContract, in part."""
