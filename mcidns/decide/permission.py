"""Which targets may be published at all; what they are used for lives elsewhere."""

from collections.abc import Iterable
from functools import lru_cache

from mcidns.model import targets
from mcidns.model.names import DnsName
from mcidns.model.targets import Network, Target

Allowed = tuple[Network, ...]
"""One zone's `allowedTargets`; empty permits every network."""


def objection(target: Target, zones: Iterable[Allowed], own: frozenset[DnsName]) -> str | None:
    """Why the target may be published in none of the zones, or None. `own` are the host's own names: a loop if pointed at.

    Without any zone only what is refused everywhere is refused.
    """
    if isinstance(target, DnsName):
        return _name_objection(target, own)
    why = _everywhere(target)
    if why is not None:
        return why
    for allowed in zones:
        why = targets.objection(target, allowed) if allowed else None
        if why is None:
            return None
    return why


def sift(
    offered: tuple[Target, ...], zones: Iterable[Allowed], own: frozenset[DnsName]
) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """Those that may be published, in order, and a sentence on each of the others."""
    objections = [objection(target, zones, own) for target in offered]
    barred = tuple([why for why in objections if why is not None])
    if not barred:
        return offered, ()
    return tuple([target for target, why in zip(offered, objections, strict=True) if why is None]), barred


@lru_cache(maxsize=16384)
def _everywhere(target: Target) -> str | None:
    # Four network look-ups for an answer that never changes: a fifth of the time of a whole decision.
    return targets.objection(target, ())


def _name_objection(name: DnsName, own: frozenset[DnsName]) -> str | None:
    # RFC 6761 §6.3: these names always mean the machine that asks.
    if name.text == "localhost." or name.text.endswith(".localhost."):
        return f"{name.relative} means the client's own machine"
    if name in own:
        return f"{name.relative} is the published name itself, so that clients would go round in a circle"
    return None
