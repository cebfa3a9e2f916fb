"""The condition Drained of a MemberCluster: whether it is out of service everywhere, and if not, where it is not and why."""

from collections.abc import Sequence
from typing import Final

from mcidns.hub import times
from mcidns.model.clusters import Drain
from mcidns.model.decisions import Condition

SHOWN: Final = 20


def condition(drain: Drain | None, at_risk: Sequence[str], now: float) -> Condition:
    """`at_risk` are GlobalHosts, as `namespace/name`, for which the drain is refused; `now` in unix seconds."""
    if drain is None:
        return Condition("Drained", "False", "InService", "nobody has drained it")
    why = f": {drain.reason}" if drain.reason else ""
    if drain.until is not None and drain.until <= now:
        return Condition("Drained", "False", "Ended", f"the drain ended at {times.render(drain.until)}{why}; remove spec.drain")
    until = f", until {times.render(drain.until)}" if drain.until is not None else ""
    if at_risk and not drain.force:
        told = ", ".join(at_risk[:SHOWN]) + (f" and {len(at_risk) - SHOWN} more" if len(at_risk) > SHOWN else "")
        return Condition(
            "Drained",
            "False",
            "HostsAtRisk",
            f"it serves on for {told}, which too few healthy clusters would be left to serve; bring others up, "
            f"or set spec.drain.force{why}{until}",
        )
    return Condition("Drained", "True", "Drained", f"out of service{why}{until}; clients come until their TTLs have run out")
