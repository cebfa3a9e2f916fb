"""The condition ResolvedRefs: whether the source stands in the members and shows targets that may be published."""

from collections.abc import Sequence

from mcidns.decide import policies, servicedns
from mcidns.decide.intents import Scene
from mcidns.decide.verdicts import Judged
from mcidns.model.decisions import Condition, Reason
from mcidns.model.hosts import HostKind

SHOWN = 5

_ADVICE = {
    "InvalidTarget": "its load balancer's status holds what is no address; repair what writes it",
    "TargetNotPermitted": "use another address, or add its network to the DNSZone's spec.allowedTargets",
    "NoAddress": "its load balancer's status shows no address; look at its controller there, for a route at its Gateways",
    "Unresolved": "no address is known for its load balancer's name; look whether the name exists",
    "ClusterNotFound": "no cluster that takes part has this name or region; correct it, or see spec.clusters; the others serve",
}

_REMEDY: dict[HostKind, str] = {
    "GlobalHost": "create it there, or correct spec.source",
    "ServiceDNSRecord": "it follows the Service of its own name and namespace: create that one there, or rename the record",
    "IngressDNSRecord": "it follows the Ingress of its own name and namespace: create that one there, or rename the record",
}


def of(scene: Scene) -> Condition:
    """The first kind of trouble gives the reason, all of them stand in the message."""
    host = scene.ground.host
    if host.scheme is not None and host.scheme.domain is None:
        return Condition("ResolvedRefs", "False", "DomainNotFound", host.scheme.missing)
    source = host.source
    judged = [one for one in scene.judged if one.is_placed]
    unseen = [one.verdict.cluster for one in judged if one.verdict.reason is Reason.NEVER_SEEN]
    if len(unseen) == len(judged) and not any(one.verdict.reason is Reason.DRAINED for one in scene.judged):
        return _missing(scene, unseen)
    troubles = _troubles(judged)
    strangers = policies.strangers(scene.ground.host.routing, scene.judged)
    if strangers:
        troubles["ClusterNotFound"] = [f"{path} ({name})" for path, name in strangers]
    if not troubles:
        told = _regionless(scene) if host.scheme is not None else ""
        return Condition("ResolvedRefs", "True", "Resolved", f"{source} has addresses wherever it stands{told}")
    told = "; ".join(f"{', '.join(_cut(found))}: {_ADVICE[reason]}" for reason, found in troubles.items())
    return Condition("ResolvedRefs", "False", next(iter(troubles)), told)


def _missing(scene: Scene, unseen: Sequence[str]) -> Condition:
    host = scene.ground.host
    source = host.source
    if unseen:
        told = f"no member that answers has {source}; not read yet: {', '.join(_cut(unseen))}"
        return Condition("ResolvedRefs", "Unknown", "SourceNotFound", told)
    which = "that spec.clusters selects " if host.kind == "GlobalHost" else ""
    told = f"no member cluster {which}has {source}; {_REMEDY[host.kind]}"
    return Condition("ResolvedRefs", "False", "SourceNotFound", told)


def _regionless(scene: Scene) -> str:
    clusters = servicedns.regionless(scene)
    if not clusters:
        return ""
    told = ", ".join(_cut(clusters))
    return f"; no region is known of {told}, so that there are no names for its region: set spec.region of its MemberCluster"


def _troubles(judged: Sequence[Judged]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {reason: [] for reason in _ADVICE}
    for one in judged:
        verdict = one.verdict
        if verdict.reason is Reason.READY and not one.unreadable and not one.barred:
            continue
        found["InvalidTarget"].extend(f"{verdict.cluster} ({text})" for text in one.unreadable)
        if one.barred or verdict.reason is Reason.NOT_PERMITTED:
            found["TargetNotPermitted"].append(f"{verdict.cluster} ({'; '.join(one.barred) or verdict.message})")
        if verdict.reason in (Reason.NO_ADDRESS, Reason.LAST_ADDRESS):
            found["NoAddress"].append(verdict.cluster)
        if verdict.reason is Reason.UNRESOLVED:
            found["Unresolved"].append(f"{verdict.cluster} ({verdict.message})")
    return {reason: texts for reason, texts in found.items() if texts}


def _cut(texts: Sequence[str]) -> list[str]:
    return [*texts[:SHOWN], *([f"and {len(texts) - SHOWN} more"] if len(texts) > SHOWN else [])]
