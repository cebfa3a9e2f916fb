"""Sentences on verdicts, for status, Events and `explain`; nothing in them counts or ticks, and no rule lives here."""

from datetime import UTC, datetime

from mcidns.decide.signals import Word
from mcidns.model.decisions import Reason


def of(word: Word, reason: Reason, barred: tuple[str, ...]) -> str:
    """Why a cluster's targets are in or out, by its own word."""
    counts = f"{word.ready} of {word.total} endpoints ready" if word.total else "no endpoints"
    match reason:
        case Reason.NOT_PERMITTED:
            return "; ".join(barred)
        case Reason.NOT_READY:
            text = counts
        case Reason.NO_ADDRESS:
            text = "the load balancer's status shows no address"
        case Reason.STALE | Reason.UNKNOWN:
            held = "its last known addresses stay" if reason is Reason.STALE else "unknown for longer than staleAfter"
            text = f"its API does not answer ({word.trouble}); {held}"
        case Reason.LAST_ADDRESS:
            text = "the load balancer's status shows no address; the last one stays until addressGrace is over"
        case _:
            text = counts if word.total else "readiness says nothing here"
    if word.trouble and reason not in (Reason.STALE, Reason.UNKNOWN):
        text += f", when it last answered ({word.trouble})"
    if word.stand.turning_since is not None:
        text += f", until this was observed {'fall' if word.stand.enough else 'rise'} times in a row (spec.health.readiness)"
    return "; ".join((text, *barred)) if barred else text


def moment(seconds: float) -> str:
    """A unix time for people, in UTC and whole seconds."""
    return f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%dT%H:%M:%SZ}"
