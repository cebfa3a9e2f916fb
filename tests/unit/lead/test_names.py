"""Which Lease a process asks for by its options."""

import pytest

from mcidns.cli.run import _lease, run
from mcidns.errors import ConfigError


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        pytest.param([], "mcidns", id="by default"),
        pytest.param(["--only=decide"], "mcidns-decide", id="a half does not wait for the other"),
        pytest.param(["--only=program"], "mcidns-program", id="nor the other for it"),
        pytest.param(["--dry-run"], "mcidns-dry-run", id="nothing waits for a dry run"),
        pytest.param(["--lease=hub-dns", "--only=decide"], "hub-dns", id="as said"),
        pytest.param(["--lease=off"], "", id="none"),
    ],
)
def test_the_name_of_the_lease(arguments: list[str], name: str) -> None:
    assert _lease(run.make_context("run", arguments).params) == name


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="--lease"):
        _lease(run.make_context("run", ["--lease=My Lease"]).params)
