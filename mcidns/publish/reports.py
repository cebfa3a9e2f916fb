"""What is to be said of members, zones and providers, as values; whoever observed them fills these in."""

from dataclasses import dataclass

from mcidns.kube.tokens import Token
from mcidns.model.clusters import Drain


@dataclass(frozen=True, slots=True)
class MemberReport:
    """What is to be said of a MemberCluster; `last_seen` in unix seconds. `known` False: it was not asked yet.

    `at_risk` are the hosts for which its drain is refused.
    `gateways_trouble`: why its Gateway API objects cannot be read; `duplicate_of`: the member that counts in its place.
    `token`: what may be told of the one that worked last, None if none did yet.
    """

    name: str
    generation: int
    reachable: bool
    reason: str
    message: str
    synced: bool
    known: bool = True
    services: int = 0
    ingresses: int = 0
    endpoint_slices: int = 0
    version: str = ""
    cluster_id: str = ""
    last_seen: float | None = None
    drain: Drain | None = None
    at_risk: tuple[str, ...] = ()
    gateways_trouble: str = ""
    duplicate_of: str = ""
    token: Token | None = None
    token_ends_soon: bool = False


@dataclass(frozen=True, slots=True)
class PlanReport:
    """A zone's last plan by record sets; `digest` names what of it waits for approval, `at` in unix seconds."""

    creates: int
    updates: int
    deletes: int
    digest: str
    at: float


@dataclass(frozen=True, slots=True)
class ZoneReport:
    """What is to be said of a DNSZone. `held` tells what waits for approval and why, empty if nothing does."""

    name: str
    generation: int
    ready: bool
    reason: str
    message: str
    held: str = ""
    serial: int | None = None
    names: int = 0
    owned: int = 0
    foreign: int = 0
    plan: PlanReport | None = None
    writes: int = 0


@dataclass(frozen=True, slots=True)
class ProviderReport:
    """What is to be said of a DNSProvider. `capabilities` are words such as `A` or `CompareAndSet`."""

    name: str
    generation: int
    ready: bool
    reason: str
    message: str
    capabilities: tuple[str, ...] = ()
