"""Which hosts could not do without a member, by their statuses; what is done about it lives with the verbs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from mcidns.decide import drains
from mcidns.hub import globalhost, kubefed
from mcidns.hub.unreadable import Unreadable
from mcidns.kube import kinds
from mcidns.kube.client import KubeClient, Object
from mcidns.kube.errors import NotFound
from mcidns.kube.kinds import Kind
from mcidns.model.hosts import Host


@dataclass(frozen=True, slots=True)
class AtRisk:
    """A host that would be left with too few healthy clusters, and why."""

    namespace: str
    name: str
    why: str


def _read(obj: Object) -> Host | Unreadable:
    match obj.get("kind"):
        case kinds.SERVICE_DNS_RECORD.kind:
            return kubefed.service(obj, {}, "")
        case kinds.INGRESS_DNS_RECORD.kind:
            return kubefed.ingress(obj)
        case _:
            return globalhost.parse(obj)


async def weigh(client: KubeClient, cluster: str) -> tuple[int, tuple[AtRisk, ...]]:
    """How many hosts the cluster serves by their statuses, and for which of them it could not be spared. Raises KubeError."""
    hosts = [obj for kind in kinds.HOSTS.values() for obj in await _list(client, kind)]
    served = 0
    at_risk = []
    for obj in hosts:
        host = _read(obj)
        if isinstance(host, Unreadable):
            continue  # the controller serves it as it last could be read, and judges it by that
        rows = kubefed.memory(obj).clusters if host.kind != "GlobalHost" else globalhost.memory(obj).clusters
        served += any(one.cluster == cluster and one.eligible and not one.static for one in rows)
        why = drains.objection(host, cluster, rows)
        if why is not None:
            at_risk.append(AtRisk(host.namespace, host.name, why))
    return served, tuple(sorted(at_risk, key=lambda one: (one.namespace, one.name)))


def table(at_risk: Sequence[AtRisk]) -> Table:
    """The hosts at risk, for people."""
    found = Table("namespace", "host", "why", title=f"hosts at risk: {len(at_risk)}", title_justify="left")
    for one in at_risk:
        found.add_row(one.namespace, one.name, one.why)
    return found


def listed(at_risk: Sequence[AtRisk]) -> list[dict[str, Any]]:
    """The hosts at risk, for programs."""
    return [{"namespace": one.namespace, "name": one.name, "message": one.why} for one in at_risk]


async def _list(client: KubeClient, kind: Kind) -> Sequence[Object]:
    try:
        return await client.list(kind)
    except NotFound:
        return ()  # a host without KubeFed's kinds has none of them
