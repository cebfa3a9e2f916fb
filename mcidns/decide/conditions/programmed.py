"""The conditions Programmed and Propagated: what the zones' workers observed of a host's names, the worst first."""

from collections.abc import Sequence
from typing import Literal

from mcidns.decide.intents import Filled
from mcidns.model.decisions import Condition, Programming, ProgramState, PropagationState, World

SHOWN = 5

_NO_PROVIDER = (
    "the zone has no provider: only the DNSEndpoint is written, and what programs it (ExternalDNS, say) tells its own state"
)
_PROGRAM_ORDER: tuple[ProgramState, ...] = ("Failed", "Held", "Pending", "Programmed")
_PROPAGATION_ORDER: tuple[PropagationState, ...] = ("Mismatch", "Pending", "Unknown", "Propagated")
_STATUS: dict[str, Literal["True", "False", "Unknown"]] = {
    "Failed": "False",
    "Held": "False",
    "Mismatch": "False",
    "Pending": "Unknown",
    "Unknown": "Unknown",
    "Programmed": "True",
}
_UNTOLD = {
    "Mismatch": "authoritative servers disagree",
    "Pending": "not confirmed yet",
    "Unknown": "the provider cannot tell",
}


def of(world: World, filled: Sequence[Filled]) -> tuple[Condition, Condition]:
    """Both conditions. What was done differently is no failure: it gives Programmed=True its reason and stands last.

    That is a policy the zone cannot express, a clamped TTL, a truncated answer.
    """
    ours = [one for one in filled if one.granted.zone.provider is not None]
    if not filled:
        return _both("NotAccepted", "no name is accepted; see the condition Accepted")
    if not ours:
        return _both("DNSEndpointOnly", _NO_PROVIDER, _notes(filled))
    seen = {entry.name: entry for entry in world.programming}
    entries = [seen.get(one.decision.name) or _awaited(one) for one in ours]
    known = [entry for entry in entries if entry is not None]
    if not known:
        return _both("NothingToProgram", "nothing is to be published yet; see the condition Healthy")
    return _programmed(known, filled), _propagated(known)


def _awaited(one: Filled) -> Programming | None:
    if not one.decision.targets:
        return None
    return Programming(one.decision.name, "Pending", "Pending", "the zone's worker has not taken it up yet", "Pending")


def _both(reason: str, message: str, notes: Sequence[tuple[str, str]] = ()) -> tuple[Condition, Condition]:
    told = "; ".join((message, *(text for _, text in notes)))
    return Condition("Programmed", "Unknown", reason, told), Condition("Propagated", "Unknown", reason, message)


def _programmed(entries: Sequence[Programming], filled: Sequence[Filled]) -> Condition:
    state = min((entry.state for entry in entries), key=_PROGRAM_ORDER.index)
    notes = _notes(filled)
    if state == "Programmed":
        notes += sorted({(entry.reason, entry.message) for entry in entries if entry.reason != "Programmed"})
        reason, said = notes[0][0] if notes else "Programmed", ["every name stands in its zone"]
    else:
        worst = sorted((entry for entry in entries if entry.state == state), key=lambda entry: (entry.reason, entry.name))
        reason, said = worst[0].reason, _cut([f"{entry.name.relative}: {entry.message}" for entry in worst])
    return Condition("Programmed", _STATUS[state], reason, "; ".join((*said, *(text for _, text in notes))))


def _propagated(entries: Sequence[Programming]) -> Condition:
    state = min((entry.propagation for entry in entries), key=_PROPAGATION_ORDER.index)
    if state == "Propagated":
        return Condition("Propagated", "True", state, "every authoritative server answers what was written")
    worst = sorted((entry for entry in entries if entry.propagation == state), key=lambda entry: entry.name)
    told = _cut([f"{entry.name.relative} ({entry.propagation_message or _UNTOLD[state]})" for entry in worst])
    return Condition("Propagated", _STATUS[state], state, "; ".join(told))


def _cut(texts: Sequence[str]) -> list[str]:
    return [*texts[:SHOWN], *([f"and {len(texts) - SHOWN} more names"] if len(texts) > SHOWN else [])]


def _notes(filled: Sequence[Filled]) -> list[tuple[str, str]]:
    """What could not be honoured, with its reason."""
    notes = []
    for one in filled:
        granted, bounds = one.granted, one.granted.zone.ttl
        name = granted.name.relative
        if one.degraded:
            notes.append(("StrategyDegraded", f"StrategyDegraded: {name} in DNSZone {granted.zone.name}: {one.degraded}"))
        if granted.asked != granted.ttl:
            range_ = f"DNSZone {granted.zone.name} allows {bounds.min} to {bounds.max} s"
            notes.append(("TTLClamped", f"TTLClamped: {name} has TTL {granted.ttl} instead of {granted.asked}: {range_}"))
        if one.left_out:
            left_out = f"TargetsTruncated: {one.left_out} targets of {name} are left out; raise spec.maxTargets to serve them"
            notes.append(("TargetsTruncated", left_out))
    return notes
