"""How one member does, as a value to be told; finding it out lives in members."""

from dataclasses import dataclass

from mcidns.kube.tokens import Token
from mcidns.model.references import ClusterName


@dataclass(frozen=True, slots=True)
class MemberHealth:
    """What is to be said of one member; equal while nothing changed.

    `last_seen` in unix seconds: of a member that answers, since when it does; of a silent one, when it last did.
    `gateways_trouble`: why its Gateways and routes cannot be read. `twin_of`: the member that counts in place of this one,
    as both are the same cluster. `token`: what may be told of the one that worked last, None if none did yet.
    """

    cluster: ClusterName
    reachable: bool
    reason: str
    message: str
    synced: bool
    services: int = 0
    ingresses: int = 0
    slices: int = 0
    version: str = ""
    cluster_id: str = ""
    last_seen: float | None = None
    relists: int = 0
    restarts: int = 0
    skipped: int = 0
    gateways: int = 0
    routes: int = 0
    gateways_trouble: str = ""
    twin_of: ClusterName | None = None
    token: Token | None = None
    token_ends_soon: bool = False

    @property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """Objects held, by kind; routes of all kinds together."""
        return (
            ("Service", self.services),
            ("Ingress", self.ingresses),
            ("EndpointSlice", self.slices),
            ("Gateway", self.gateways),
            ("Route", self.routes),
        )
