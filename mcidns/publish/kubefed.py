"""Statuses of KubeFed's kinds: what KubeFed itself wrote there, and our own beside it; a GlobalHost's lives in status."""

from collections.abc import Sequence

from mcidns.kube.client import Object
from mcidns.model.decisions import Condition, Decision, Reason, Verdict
from mcidns.model.names import DnsName
from mcidns.model.targets import Target
from mcidns.publish import status, steps


def of_host(decision: Decision, seen: Object | None, now: float, extra: Sequence[Condition] = ()) -> Object:
    """The status of a host of any kind; a record's is a GlobalHost's with KubeFed's own fields added."""
    found = status.of_host(decision, seen, now, extra)
    if decision.host.kind == "GlobalHost":
        return found
    scheme = decision.host.scheme
    if scheme is not None and scheme.domain is not None:
        found["domain"] = scheme.domain.relative
        found["summary"] = {**found["summary"], "hostnames": _first(scheme.stem, decision)}
    return {**found, "dns": _dns(decision)}


def of_domain(seen: Object | None, now: float) -> Object:
    """The status of a Domain that can be used."""
    generation = steps.section(seen, "metadata").get("generation")
    number = generation if isinstance(generation, int) else 0
    accepted = Condition("Accepted", "True", "Accepted", "ServiceDNSRecords may refer to it")
    return {"observedGeneration": number, "conditions": status.conditions((accepted,), seen, number, now)}


def _first(stem: str, decision: Decision) -> str:
    """The name for all members before the others, which sort anyhow."""
    names = [name.relative for name in decision.memory.hostnames]
    found = sorted(names, key=lambda name: (not name.startswith(stem.lower()), len(name), name))
    return "".join(found[:1]) + (f" +{len(found) - 1}" if len(found) > 1 else "")


def _dns(decision: Decision) -> list[Object]:
    """One entry per member, by name, as KubeFed had it: those that may not be served show no load balancer."""
    places = {cluster.name: cluster for cluster in decision.places}
    found: list[Object] = []
    for verdict in decision.verdicts:
        if verdict.reason is Reason.CLUSTER_GONE:
            continue
        entry: Object = {"cluster": verdict.cluster, "loadBalancer": _balancer(verdict)}
        place = places.get(verdict.cluster)
        if place is not None and place.region:
            entry["region"] = place.region
        if place is not None and place.zones:
            entry["zones"] = list(place.zones)
        found.append(entry)
    return found


def _balancer(verdict: Verdict) -> Object:
    return {"ingress": [_point(target) for target in verdict.targets]} if verdict.eligible and verdict.targets else {}


def _point(target: Target) -> Object:
    return {"hostname": target.relative} if isinstance(target, DnsName) else {"ip": str(target)}
