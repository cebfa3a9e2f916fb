"""The annotations `mcidns.io/routing`, `weights` and `failover-order` read into a Routing; the other annotations are no concern.

`routing` names the policy; without it `weights` (`fra=3,ams=1`) mean Weighted and `failover-order` (`fra,ams`) means Failover.
Geo needs rules, which only a GlobalHost can hold.
"""

from collections.abc import Mapping
from typing import Final, get_args

from mcidns.hub.fields import short
from mcidns.hub.unreadable import Problem
from mcidns.model.routing import MAX_WEIGHT, All, Failover, Latency, Routing, RoutingPolicy, Weighted

KEYS: Final = ("routing", "weights", "failover-order")

_POLICIES: Final[tuple[RoutingPolicy, ...]] = get_args(RoutingPolicy)

Given = Mapping[str, tuple[str, str]]
"""Per key the annotation's full name and its value."""


def read(given: Given, told: list[Problem]) -> Routing | None:
    """The policy asked for; None where none is, or it cannot be read, and then `told` says why."""
    policy = _policy(given, told)
    weights = _weights(*given["weights"], told) if "weights" in given else None
    order = _order(*given["failover-order"], told) if "failover-order" in given else None
    for key, means in (("weights", "Weighted"), ("failover-order", "Failover")):
        if key in given and policy not in (means, None):
            told.append(_problem(given[key][0], f"does nothing under policy {policy}", f"remove it, or ask for {means}"))
    match policy:
        case "Weighted":
            return Weighted(weights or ())
        case "Failover" if order:
            return Failover(order)
        case "Failover" if "failover-order" not in given:
            told.append(_problem(given["routing"][0], "is Failover, and no order is given", "add mcidns.io/failover-order"))
        case "Latency":
            return Latency()
        case "All":
            return All()
        case _:
            pass
    return None


def _policy(given: Given, told: list[Problem]) -> RoutingPolicy | None:
    if "routing" not in given:
        if "failover-order" in given:
            return "Failover"
        return "Weighted" if "weights" in given else None
    key, value = given["routing"]
    found = next((policy for policy in _POLICIES if policy.lower() == value.strip().lower()), None)
    if found is None:
        told.append(_problem(key, f"is {short(value)!r}", "write one of All, Failover, Weighted, Latency"))
    elif found == "Geo":
        told.append(_problem(key, "is Geo, whose rules no annotation can hold", "write a GlobalHost with spec.routing.geo"))
        return None
    return found


def _weights(key: str, value: str, told: list[Problem]) -> tuple[tuple[str, int], ...]:
    found: dict[str, int] = {}
    for part in _parts(value):
        name, _, text = (piece.strip() for piece in part.partition("="))
        if not name or not (text.isascii() and text.isdigit() and len(text) <= 3) or int(text) > MAX_WEIGHT:
            told.append(_problem(key, f"{short(part)!r} is no weight", f"write cluster=weight, the weight from 0 to {MAX_WEIGHT}"))
        elif name in found:
            told.append(_problem(key, f"{short(name)!r} stands twice", "name each cluster once"))
        else:
            found[name] = int(text)
    return tuple(sorted(found.items()))


def _order(key: str, value: str, told: list[Problem]) -> tuple[str, ...]:
    names = _parts(value)
    if not names:
        told.append(_problem(key, "is empty", "write clusters or regions, the best first, or remove the annotation"))
    once = tuple(dict.fromkeys(names))
    told += [_problem(key, f"{short(name)!r} stands twice", "name each once") for name in once if names.count(name) > 1]
    return once


def _parts(value: str) -> tuple[str, ...]:
    return tuple(part for text in value.split(",") if (part := text.strip()))


def _problem(key: str, problem: str, remedy: str) -> Problem:
    return Problem(f"metadata.annotations[{short(key)}]", problem, remedy)
