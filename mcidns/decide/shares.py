"""Targets gathered from clusters, each once, and the branches of a routing policy; who is gathered is decided elsewhere."""

from collections.abc import Iterable

from msgspec import Struct

from mcidns.decide.verdicts import Judged
from mcidns.model import targets
from mcidns.model.properties import Pairs
from mcidns.model.targets import Target

Share = tuple[Target, str, str]
"""A target, its text, and the region (else cluster) over which a truncated answer is spread."""


class Branch(Struct, frozen=True, gc=False):
    """Targets that are answered together. Where a policy has several branches, the properties say who gets which."""

    shares: tuple[Share, ...] = ()
    set_identifier: str = ""
    properties: Pairs = ()


SIMPLE = Branch()
"""The branch of a name without set identifiers."""


def gather(judged: Iterable[Judged]) -> tuple[Share, ...]:
    """The targets of these clusters, each once, in the order of `targets.order`."""
    found: dict[str, Share] = {}
    for one in judged:
        verdict = one.verdict
        for target, text in zip(verdict.targets, one.spelled, strict=True):
            if text not in found:
                found[text] = (target, text, verdict.region or verdict.cluster)
    return tuple(sorted(found.values(), key=_order))


def _order(share: Share) -> tuple[int, int, str]:
    return targets.order(share[0])
