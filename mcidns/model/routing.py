"""How healthy clusters share a name: the routing policies and their parameters; who serves by them is decided in decide/."""

from dataclasses import dataclass
from typing import Literal

RoutingPolicy = Literal["All", "Failover", "Weighted", "Geo", "Latency"]
FailbackMode = Literal["Automatic", "Manual"]
Continent = Literal["AF", "AN", "AS", "EU", "NA", "OC", "SA"]

MAX_WEIGHT = 255
"""As Route 53 has it."""


@dataclass(frozen=True, slots=True)
class All:
    """Every healthy cluster serves."""


ALL = All()


@dataclass(frozen=True, slots=True)
class Failback:
    """When a cluster that is better in order serves again: once it was healthy for `delay` seconds, or when a person asks."""

    mode: FailbackMode = "Automatic"
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Failover:
    """The first in order serve. `order` holds names of clusters or regions, the best first; `min_healthy` counts clusters."""

    order: tuple[str, ...]
    min_healthy: int = 1
    failback: Failback = Failback()


@dataclass(frozen=True, slots=True)
class Weighted:
    """Shares in proportion to weights of 0 to 255; 0: only while no other is healthy.

    Clusters that `weights` does not name have `default`, or their own weight where that is None.
    """

    weights: tuple[tuple[str, int], ...] = ()
    default: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where clients are: a continent, or a country (ISO 3166-1) and maybe a subdivision of it (ISO 3166-2)."""

    continent: str = ""
    country: str = ""
    subdivision: str = ""

    def __str__(self) -> str:
        if self.continent:
            return f"continent-{self.continent}"
        return f"country-{self.country}" + (f"-{self.subdivision}" if self.subdivision else "")


@dataclass(frozen=True, slots=True)
class GeoRule:
    """Clients of this place get these clusters, named by themselves or by their region."""

    place: Place
    clusters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Geo:
    """By the place of the client, the narrowest rule first; `default` serves everybody else."""

    rules: tuple[GeoRule, ...]
    default: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Latency:
    """The region nearest to the client. `regions` maps regions of clusters to the provider's name for what is nearest to them."""

    regions: tuple[tuple[str, str], ...] = ()


Routing = All | Failover | Weighted | Geo | Latency


def policy(routing: Routing) -> RoutingPolicy:
    """Its name in the API."""
    match routing:
        case All():
            return "All"
        case Failover():
            return "Failover"
        case Weighted():
            return "Weighted"
        case Geo():
            return "Geo"
        case Latency():
            return "Latency"
