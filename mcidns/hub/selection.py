"""Label selectors as Kubernetes writes them, to requirements and back; matching them lives in the model."""

from collections.abc import Iterable
from typing import Final, Literal, get_args

from mcidns.hub.fields import Fields
from mcidns.model.hosts import Requirement

Operator = Literal["In", "NotIn", "Exists", "DoesNotExist"]
_OPERATORS: Final[tuple[Operator, ...]] = get_args(Operator)


def read(fields: Fields) -> tuple[Requirement, ...]:
    """The terms of `matchLabels` and `matchExpressions`, sorted."""
    found = [Requirement(key, "In", (value,)) for key, value in fields.pairs("matchLabels")]
    for term in fields.children("matchExpressions"):
        key = term.text("key", need="required")
        operator = term.choice("operator", _OPERATORS, "In") if term.text("operator", need="required") else "In"
        values = tuple(sorted(set(term.texts("values"))))
        if operator in ("In", "NotIn") and not values:
            term.refuse("values", f"is empty, and {operator} compares with it", "name at least one value")
        if operator in ("Exists", "DoesNotExist") and values:
            term.refuse("values", f"has no meaning with {operator}", "remove it, or use In or NotIn")
        found.append(Requirement(key, operator, values))
    return tuple(sorted(set(found)))


def render(requirements: Iterable[Requirement]) -> dict[str, object]:
    """A selector with these terms."""
    terms: list[dict[str, object]] = []
    for requirement in requirements:
        term: dict[str, object] = {"key": requirement.key, "operator": requirement.operator}
        if requirement.values:
            term["values"] = list(requirement.values)
        terms.append(term)
    return {"matchExpressions": terms} if terms else {}
