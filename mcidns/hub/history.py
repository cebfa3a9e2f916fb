"""The rarer part of what a GlobalHost's status remembers of one cluster: probes, turning readiness, damping; no decisions."""

from typing import Final, get_args

from mcidns.hub import times
from mcidns.hub.fields import Fields
from mcidns.model.decisions import History, Probed, ProbeState

_STATES: Final[tuple[ProbeState, ...]] = get_args(ProbeState)
_MOST: Final = 2**63 - 1


def read(entry: Fields) -> History | None:
    """What `write` left in an entry of `status.targets`, None where that is nothing."""
    since = times.parse(entry.text("penaltySince"))
    found = History(
        unready=entry.flag("unready"),
        turning_since=times.parse(entry.text("turningSince")),
        probed=tuple(_probed(one) for one in entry.children("probes") if one.text("address")),
        penalty=entry.number("penalty", 0, 0, _MOST),
        penalty_at=0.0 if since is None else since,
        suppressed=entry.flag("suppressed"),
    )
    return None if found == History() else found


def _probed(one: Fields) -> Probed:
    return Probed(
        address=one.text("address"),
        state=one.choice("state", _STATES, "Failing"),
        count=one.number("count", 0, 0, _MOST),
        since=times.parse(one.text("since")) or 0.0,
        detail=one.text("detail"),
    )


def write(history: History) -> dict[str, object]:
    """The fields of an entry of `status.targets` that `read` reads back; times are whole seconds."""
    found: dict[str, object] = {}
    if history.unready:
        found["unready"] = True
    if history.turning_since is not None:
        found["turningSince"] = times.render(history.turning_since)
    if history.probed:
        found["probes"] = [_entry(one) for one in history.probed]
    if history.penalty:
        found["penalty"] = history.penalty
        found["penaltySince"] = times.render(history.penalty_at)
    if history.suppressed:
        found["suppressed"] = True
    return found


def _entry(one: Probed) -> dict[str, object]:
    found: dict[str, object] = {"address": one.address, "state": one.state}
    if one.count:
        found["count"] = one.count
    if one.since:
        found["since"] = times.render(one.since)
    if one.detail:
        found["detail"] = one.detail
    return found
