"""Every scenario runs on emulated planes, and on real ones too where KUBEBUILDER_ASSETS names their programs."""

import pytest

from tests import planes
from tests.scenario import stage


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One run per kind of plane."""
    kinds = ["emulated"] if planes.missing() else ["emulated", "real"]
    metafunc.fixturenames.append("plane_kind")
    metafunc.parametrize("plane_kind", kinds, indirect=True)


@pytest.fixture
def plane_kind(request: pytest.FixtureRequest) -> str:
    """What `raised` starts for this run."""
    kind: str = request.param
    stage.PLANES.set(kind)
    return kind
