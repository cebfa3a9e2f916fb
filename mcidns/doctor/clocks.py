"""Clocks of clusters against ours, as the Date headers of their answers tell; asking lives in reaching."""

from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from statistics import median
from typing import Final

from mcidns.doctor import catalogue
from mcidns.doctor.findings import Finding

LIMIT: Final = 5.0
"""Seconds; the header has whole seconds, and an answer takes its time."""


def skew(header: str, asked: float, answered: float) -> float | None:
    """Seconds by which a server's clock is before ours (unix seconds of question and answer); None without a usable header."""
    try:
        told = parsedate_to_datetime(header).timestamp()
    except (TypeError, ValueError):
        return None
    low, high = told - answered, told + 1.0 - asked
    # Anything between is possible; what is nearest to no skew at all is told.
    return low if low > 0 else high if high < 0 else 0.0


def judge(skews: Mapping[str, float]) -> Iterator[Finding]:
    """Clusters whose clock differs from the others', and this machine's where it alone differs; skews by name of the cluster."""
    if not skews:
        return
    common = median(skews.values())
    agree = [name for name, one in skews.items() if abs(one - common) <= LIMIT]
    here = abs(common) > LIMIT and len(agree) > 1 and len(agree) * 2 > len(skews)
    if here:
        yield catalogue.CLOCK_HERE.found(f"{len(agree)} of {len(skews)} clusters are {_told(common)} this machine")
    base = common if here else 0.0
    for name, one in sorted(skews.items()):
        if abs(one - base) > LIMIT:
            yield catalogue.CLOCK_SKEW.found(f"the clock of {name} is {_told(one)} this machine's", cluster=name)


def _told(seconds: float) -> str:
    return f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'}"
