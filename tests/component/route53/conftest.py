"""One strict service for all tests of a module, emptied before each."""

from collections.abc import Iterator

import pytest

from tests.component.route53 import strict
from tests.component.route53.strict import Strict


@pytest.fixture(scope="module")
def one_service() -> Iterator[Strict]:
    with strict.serving() as service:
        yield service


@pytest.fixture
def service(one_service: Strict) -> Strict:
    """The service with no zone in it and no limits."""
    one_service.empty()
    one_service.rate, one_service.pending, one_service.work, one_service.throttled = None, 0.0, 0.0, 0
    return one_service
