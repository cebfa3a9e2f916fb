"""Damping: a target that falls again and again is kept out until it has been steady, so that DNS stands still (RFC 2439)."""

from collections.abc import Sequence
from math import floor, log2

from mcidns.decide import verdicts, wording
from mcidns.decide.verdicts import Judged
from mcidns.model.decisions import History, Reason
from mcidns.model.hosts import Damping

FALLS = frozenset({Reason.NOT_READY, Reason.PROBE_FAILED, Reason.NO_ADDRESS, Reason.UNKNOWN, Reason.UNRESOLVED})
"""Ways out that cost points; what a person took away has not fallen."""

_MOST_HALVINGS = 40.0
"""Points stay whole numbers that a status can hold."""


def check(judged: Sequence[Judged], rule: Damping, now: float) -> tuple[Judged, ...]:
    """Count the falls since the last decision, and keep out what has too many of them; the others are not touched."""
    found: list[Judged] | None = None
    for place, one in enumerate(judged):
        was = one.was
        if was is None:
            continue
        past = was.history
        fell = not one.verdict.eligible and (was.eligible or was.reason == Reason.SUPPRESSED) and one.verdict.reason in FALLS
        if fell or (past is not None and past.penalty):
            found = list(judged) if found is None else found
            found[place] = _weigh(one, past or History(), rule, now, fell=fell)
    return tuple(judged if found is None else found)


def _weigh(one: Judged, past: History, rule: Damping, now: float, *, fell: bool) -> Judged:
    left = past.penalty * 0.5 ** (max(0.0, now - past.penalty_at) / rule.half_life)
    if fell:
        held = past.suppressed and now < _ends(past, rule)
        # The ceiling of RFC 2439 §4.2: from there maxSuppress is enough to come down, and more would only be remembered.
        ceiling = rule.reuse_below * 2.0 ** min(rule.max_suppress / rule.half_life, _MOST_HALVINGS)
        penalty = round(min(left + rule.penalty, max(ceiling, rule.suppress_above + rule.penalty)))
        at, suppressed = float(floor(now)), held or penalty > rule.suppress_above
        return verdicts.recall(one, penalty=penalty, penalty_at=at, suppressed=suppressed)
    known = {"penalty": past.penalty, "penalty_at": past.penalty_at}
    if not one.verdict.eligible:
        return verdicts.recall(one, **known, suppressed=past.suppressed)
    ends = _ends(past, rule)
    if past.suppressed and now < ends:
        message = f"it fell too often and is kept out until it has been steady, at least until {wording.moment(ends)}"
        out = verdicts.demote(one, Reason.SUPPRESSED, f"{message}; {one.verdict.message}", now, until=ends)
        return verdicts.recall(out, **known, suppressed=True)
    if (
        left < min(rule.reuse_below, rule.penalty) / 2
        and one.was is not None
        and one.was.reason not in (one.verdict.reason, Reason.DRAINED)
    ):
        return one  # forgiven; forgotten only now, as a status is written anyway
    return verdicts.recall(one, **known, suppressed=False)


def _ends(past: History, rule: Damping) -> float:
    """When the points have come down to where the target may be used again."""
    return past.penalty_at + min(rule.half_life * log2(max(past.penalty / rule.reuse_below, 1.0)), rule.max_suppress)
