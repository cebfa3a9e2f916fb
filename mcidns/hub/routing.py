"""`spec.routing` of a GlobalHost read into a Routing, and back; every section is checked, whichever policy is chosen."""

import re
from typing import Any, Final, get_args

from mcidns.hub.fields import Fields, short
from mcidns.model import properties
from mcidns.model.routing import (
    MAX_WEIGHT,
    All,
    Continent,
    Failback,
    FailbackMode,
    Failover,
    Geo,
    GeoRule,
    Latency,
    Place,
    Routing,
    RoutingPolicy,
    Weighted,
    policy,
)

_POLICIES: Final[tuple[RoutingPolicy, ...]] = get_args(RoutingPolicy)
_MODES: Final[tuple[FailbackMode, ...]] = get_args(FailbackMode)
_CONTINENTS: Final[tuple[Continent, ...]] = get_args(Continent)
_COUNTRY: Final = re.compile(r"[A-Z]{2}\Z")
_SUBDIVISION: Final = re.compile(r"[A-Z0-9]{1,3}\Z")

MOST_CLUSTERS: Final = 512


def read(fields: Fields) -> Routing:
    """The policy chosen, with its section; a section that it cannot do without and that is missing is refused."""
    chosen = fields.choice("policy", _POLICIES, "All")
    sections: dict[RoutingPolicy, Routing] = {"All": All(), "Weighted": Weighted(), "Latency": Latency()}
    if fields.has("failover"):
        sections["Failover"] = _failover(fields.child("failover"), is_chosen=chosen == "Failover")
    if fields.has("weighted"):
        sections["Weighted"] = _weighted(fields.child("weighted"))
    if fields.has("geo"):
        sections["Geo"] = _geo(fields.child("geo"))
    if fields.has("latency"):
        sections["Latency"] = _latency(fields.child("latency"))
    if chosen not in sections:
        fields.refuse(chosen.lower(), f"is missing, and policy is {chosen}", f"write {chosen.lower()}, or choose another policy")
    return sections.get(chosen, All())


def _failover(fields: Fields, *, is_chosen: bool) -> Failover:
    """The order may be missing where it is not needed: server-side apply takes it away and leaves the defaults beside it."""
    back = fields.child("failback")
    return Failover(
        order=_names(fields, "order") if is_chosen or fields.has("order") else (),
        min_healthy=fields.number("minHealthy", 1, 1, MOST_CLUSTERS),
        failback=Failback(back.choice("mode", _MODES, "Automatic"), back.duration("delay", 0.0)),
    )


def _names(fields: Fields, key: str) -> tuple[str, ...]:
    names = fields.texts(key)
    if not names:
        fields.refuse(key, "names nobody", "write at least one cluster or region")
    for name in names:
        if not name:
            fields.refuse(key, "holds an empty name", "remove it")
        elif names.count(name) > 1:
            fields.refuse(key, f"{short(name)!r} stands twice", "name each once")
    return names


def _weighted(fields: Fields) -> Weighted:
    weights = fields.child("weights")
    found = [(name, weights.number(name, 1, 0, MAX_WEIGHT)) for name in weights.keys()]  # noqa: SIM118  a method of ours
    return Weighted(tuple(found), fields.number("default", None, 0, MAX_WEIGHT))


def _geo(fields: Fields) -> Geo:
    rules: dict[Place, GeoRule] = {}
    for entry in fields.children("rules"):
        place = _place(entry)
        if place in rules:
            entry.refuse("", "has the place of another rule", "write one rule for each place")
        rules[place] = GeoRule(place, _names(entry, "clusters"))
    if not rules:
        fields.refuse("rules", "is empty", "write at least one rule, or choose another policy")
    return Geo(tuple(rules.values()), _names(fields, "default"))


def _place(fields: Fields) -> Place:
    continent, country, subdivision = fields.text("continent"), fields.text("country"), fields.text("subdivision")
    if bool(continent) == bool(country):
        fields.refuse("", "needs a continent or a country", "write exactly one of them")
    if continent and continent not in _CONTINENTS:
        fields.refuse("continent", f"is {short(continent)!r}", f"write one of {', '.join(_CONTINENTS)}")
    if country and not _COUNTRY.match(country):
        fields.refuse("country", f"is {short(country)!r}", "write two capitals (ISO 3166-1), such as IT")
    if subdivision and (not country or not _SUBDIVISION.match(subdivision)):
        fields.refuse(
            "subdivision", f"is {short(subdivision)!r}", "write a code within the country (ISO 3166-2), such as CA for US"
        )
    return Place(continent, country, subdivision)


def _latency(fields: Fields) -> Latency:
    regions = fields.pairs("regions")
    for name, region in regions:
        if not properties.is_region(region):
            fields.child("regions").refuse(name, f"{short(region)!r} is no region of the provider", "write one such as eu-west-1")
    return Latency(regions)


def render(routing: Routing) -> dict[str, Any]:
    """`spec.routing` for it, defaults left out."""
    found: dict[str, Any] = {"policy": policy(routing)}
    match routing:
        case Failover(order):
            found["failover"] = {"order": list(order)}
        case Weighted(weights) if weights:
            found["weighted"] = {"weights": dict(weights)}
        case _:
            pass
    return found
