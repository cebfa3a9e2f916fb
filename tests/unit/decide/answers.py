"""Reading a decision in the words of the tests."""

from mcidns.model.decisions import Condition, Decision, Verdict
from mcidns.model.records import Wish


def verdict(decision: Decision, cluster: str = "fra") -> Verdict:
    """The verdict on a cluster."""
    return next(one for one in decision.verdicts if one.cluster == cluster)


def served(decision: Decision) -> tuple[str, ...]:
    """What the first name shall hold."""
    return decision.names[0].targets


def condition(decision: Decision, type_: str) -> Condition:
    """One condition by type."""
    return next(one for one in decision.conditions if one.type == type_)


def wish(decision: Decision, index: int = 0) -> Wish:
    """The wish for a name."""
    intent = decision.names[index].intent
    assert isinstance(intent, Wish)
    return intent


def sets(decision: Decision, index: int = 0) -> list[tuple[str, int, tuple[str, ...]]]:
    """The record sets wished for a name: type, TTL, values."""
    return [(records.type, records.ttl, records.values) for records in wish(decision, index).sets]
