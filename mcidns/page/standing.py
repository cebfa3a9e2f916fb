"""How a host, a verdict, a member and a zone stand, in one word and one of six tones; the words are those of status."""

from dataclasses import dataclass
from typing import Final, Literal

from mcidns.model.decisions import Condition, Decision, Reason, Verdict
from mcidns.program.zones import ZoneStatus
from mcidns.publish.reports import MemberReport

Tone = Literal["good", "wait", "doubt", "bad", "aside", "none"]
"""Well; on its way; served but in doubt; out or wrong; on purpose not served; no part in it."""

_DOUBTED: Final = frozenset({Reason.STALE, Reason.LAST_ADDRESS})
_ABSENT: Final = frozenset({Reason.NOT_PLACED, Reason.CLUSTER_GONE})
_WAITING: Final = frozenset({Reason.NOT_PROBED, Reason.NEVER_SEEN})

_RANKED: Final[tuple[tuple[str, str, Tone], ...]] = (
    ("Accepted", "False", "bad"),
    ("FailOpen", "True", "bad"),
    ("Programmed", "False", "bad"),
    ("Healthy", "False", "doubt"),
    ("ResolvedRefs", "False", "doubt"),
    ("DrainRefused", "True", "doubt"),
    ("Healthy", "Unknown", "doubt"),
    ("Propagated", "False", "doubt"),
    ("ReversePublished", "False", "doubt"),
)
"""Conditions that speak for the whole host, the worst first."""

_FINE_UNKNOWN: Final = frozenset({"DNSEndpointOnly", "NotAccepted"})


@dataclass(frozen=True, slots=True)
class Standing:
    """A word of status, its tone, the sentence behind it. `text` is what a search looks through, in lower case."""

    tone: Tone
    word: str
    says: str
    text: str = ""

    @property
    def wants_attention(self) -> bool:
        """Whether a person should look."""
        return self.tone in ("bad", "doubt")


def of(decision: Decision | None, broken: str = "") -> Standing:
    """A host by its decision; `broken` is why its object cannot be read."""
    if decision is None:
        return Standing("bad", "Invalid", broken, f"invalid {broken}".lower())
    found = Standing("bad", "Invalid", broken) if broken else _by_conditions(decision.conditions)
    host = decision.host
    words = [host.namespace + "/" + host.name, host.kind, found.word, *(name.name.relative for name in decision.names)]
    for verdict in decision.verdicts:
        words += (f"{verdict.cluster}:{word_of(verdict)}", *map(str, verdict.targets))
    return Standing(found.tone, found.word, found.says, " ".join(words).lower())


def _by_conditions(conditions: tuple[Condition, ...]) -> Standing:
    by_type = {one.type: one for one in conditions}
    for type_, status, tone in _RANKED:
        one = by_type.get(type_)
        if one is not None and one.status == status:
            # What is bad when it is so, is a word of its own; its reason alone would read as if all were well.
            word = one.type if status == "True" else one.reason
            return Standing("bad" if one.reason == "NoneHealthy" else tone, word, one.message)
    programmed, healthy = by_type.get("Programmed"), by_type.get("Healthy")
    if programmed is not None and programmed.status == "Unknown" and programmed.reason not in _FINE_UNKNOWN:
        return Standing("wait", programmed.reason, programmed.message)
    return Standing("good", "Healthy", healthy.message if healthy is not None else "")


def of_condition(one: Condition, bad_when_true: frozenset[str]) -> Tone:
    """A single condition."""
    if one.status == "Unknown":
        return "wait"
    return "bad" if (one.status == "True") == (one.type in bad_when_true) else "good"


def word_of(verdict: Verdict) -> str:
    """The word that decides whether a cluster serves: that of its role where that keeps it out, else its reason."""
    kept_out = verdict.eligible and not verdict.serves and verdict.role is not None
    return verdict.role.value if kept_out and verdict.role is not None else verdict.reason.value


def of_verdict(verdict: Verdict) -> Tone:
    """A cluster of a host."""
    if verdict.serves:
        return "doubt" if verdict.reason in _DOUBTED else "good"
    if verdict.eligible or verdict.reason is Reason.DRAINED:
        return "aside"
    if verdict.reason in _ABSENT:
        return "none"
    return "wait" if verdict.reason in _WAITING else "bad"


def of_member(report: MemberReport) -> Standing:
    """A member: silent before drained before well."""
    if not report.known:
        return Standing("wait", report.reason, report.message)
    if not report.reachable:
        return Standing("bad", report.reason, report.message)
    if report.drain is not None:
        refused = f"; refused for {', '.join(report.at_risk)}" if report.at_risk else ""
        return Standing("aside", "Drained", (report.drain.reason or "no reason given") + refused)
    if report.gateways_trouble:
        return Standing("doubt", "NoGateways", report.gateways_trouble)
    if report.duplicate_of:
        return Standing("doubt", "SameCluster", f"the same cluster as {report.duplicate_of}, which counts")
    return Standing("good", "Reachable", report.message)


def of_zone(found: ZoneStatus) -> Standing:
    """A zone: one that cannot be worked on, a plan that waits for a person, refused changes, well."""
    if not found.ready:
        return Standing("wait" if found.reason == "Starting" else "bad", found.reason, found.message)
    if found.held is not None:
        return Standing("doubt", "PlanHeld", found.held.message)
    if found.quarantined:
        return Standing("doubt", "Quarantined", "the server refuses some changes; the hosts that want them say which and why")
    return Standing("good", found.reason, found.message)
