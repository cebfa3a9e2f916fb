"""Statuses of all kinds as their objects keep them; what they say was decided or observed elsewhere."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from mcidns.hub import history, times
from mcidns.kube.client import Object
from mcidns.kube.kinds import Kind
from mcidns.kube.tokens import Token
from mcidns.model.decisions import Condition, Decision, Programming, ProgramState, Reason, Remembered, Verdict
from mcidns.model.references import ClusterName, ObjectRef
from mcidns.publish import drained, rows, steps
from mcidns.publish.reports import MemberReport, ProviderReport, ZoneReport
from mcidns.publish.steps import PatchStatus

LONGEST_MESSAGE: Final = 32_768
"""Characters, as the schema of metav1.Condition has it."""


def conditions(wanted: Iterable[Condition], seen: Object | None, generation: int, now: float) -> list[Object]:
    """Conditions as they are kept: a time of transition stays while the condition's status does (KEP-1623)."""
    before = _conditions_of(seen)
    found: list[Object] = []
    for condition in wanted:
        old = before.get(condition.type, {})
        since = old.get("lastTransitionTime")
        kept = since if old.get("status") == condition.status and isinstance(since, str) else times.render(now)
        found.append(
            {
                "type": condition.type,
                "status": condition.status,
                "observedGeneration": generation,
                "lastTransitionTime": kept,
                "reason": condition.reason,
                "message": condition.message[:LONGEST_MESSAGE],
            }
        )
    return found


def _conditions_of(seen: Object | None) -> dict[str, Mapping[str, Any]]:
    found = steps.section(seen, "status").get("conditions")
    entries = found if isinstance(found, list) else []
    return {str(entry.get("type")): entry for entry in entries if isinstance(entry, Mapping)}


def of_host(decision: Decision, seen: Object | None, now: float, extra: Sequence[Condition] = ()) -> Object:
    """A GlobalHost's whole status: for people, and all that `hub.globalhost.memory` reads back."""
    generation = decision.host.generation
    memory = decision.memory
    told = {verdict.cluster: verdict for verdict in decision.verdicts}
    hostnames = rows.of_names(decision, seen)
    wanted = _still_propagated(decision.conditions, hostnames, seen)
    status: Object = {
        "observedGeneration": generation,
        "conditions": conditions((*wanted, *extra), seen, generation, now),
        "summary": _summary(decision),
        "hostnames": hostnames,
        "targets": [_target(one, told.get(ClusterName(one.cluster))) for one in memory.clusters],
    }
    optional: Object = {
        "served": list(memory.served),
        "resolved": [{"name": name.relative, "addresses": list(addresses)} for name, addresses in memory.resolved],
        "withdrawn": [{"name": name.relative, "values": list(values)} for name, values in memory.withdrawn],
        "claims": [{"hostname": name.relative, "winner": str(winner)} for name, winner in decision.claims_lost],
    }
    return {**status, **{key: value for key, value in optional.items() if value}}


def _still_propagated(wanted: tuple[Condition, ...], hostnames: object, seen: Object | None) -> tuple[Condition, ...]:
    """What another process, or this one before its restart, has seen propagated is so while the names hold the same."""
    before = _conditions_of(seen).get("Propagated", {})
    if before.get("status") != "True" or steps.section(seen, "status").get("hostnames") != hostnames:
        return wanted
    if not any((one.type, one.status) == ("Programmed", "True") for one in wanted):
        return wanted
    known = Condition("Propagated", "True", str(before.get("reason")), str(before.get("message")))
    return tuple(known if (one.type, one.reason) == ("Propagated", "Unknown") else one for one in wanted)


def _summary(decision: Decision) -> Object:
    names = [name.relative for name in decision.memory.hostnames]
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    serving = sum(verdict.serves for verdict in decision.verdicts)
    return {"hostnames": names[0] + more if names else "", "targets": f"{serving}/{len(decision.verdicts)}"}


def _target(one: Remembered, verdict: Verdict | None) -> Object:
    found: Object = {"cluster": one.cluster, "eligible": one.eligible, "ready": one.ready, "total": one.total}
    texts = {"region": one.region, "reason": one.reason, "role": one.role}
    if verdict is not None:
        texts |= {"message": verdict.message, "probe": verdict.probe}
    moments = {
        "since": one.since or None,
        "blankSince": one.blank_since,
        "unknownSince": one.unknown_since,
        "roleSince": one.role_since,
    }
    found.update({key: value for key, value in texts.items() if value})
    found.update({key: times.render(value) for key, value in moments.items() if value is not None})
    if one.targets:
        found["addresses"] = list(one.targets)
    if one.static and one.reason != Reason.STATIC:
        found["static"] = True
    return found if one.history is None else {**found, **history.write(one.history)}


def of_member(report: MemberReport, seen: Object | None, now: float) -> Object:
    """A MemberCluster's status. Counts and `lastSeen` are those of the last transition, so that they cause no writes."""
    doubtful: Literal["False", "Unknown"] = "False" if report.known else "Unknown"
    reachable = Condition("Reachable", "True" if report.reachable else doubtful, report.reason, report.message)
    synced = (
        Condition("Synced", "True", "Synced", _SYNCED + _but(report.gateways_trouble))
        if report.synced
        else Condition("Synced", doubtful, report.reason, report.message)
    )
    told = [drained.condition(report.drain, report.at_risk, now)]
    told += [Condition("Duplicate", "True", "SameCluster", _twin(report))] if report.duplicate_of else []
    told += [Condition("CredentialsExpiring", "True", "ExpiresSoon", _expiring(report))] if report.token_ends_soon else []
    wanted = conditions((reachable, synced, *told), seen, report.generation, now)
    found: Object = {"observedGeneration": report.generation, "conditions": wanted, **_credentials(report.token, seen)}
    for key, text in (("version", report.version), ("clusterID", report.cluster_id)):
        known = text or steps.text(seen, "status", key)
        if known:
            found[key] = known
    before = steps.section(seen, "status")
    if wanted == before.get("conditions") and "counts" in before:
        return {**found, **{key: before[key] for key in ("counts", "lastSeen") if key in before}}
    if report.synced or "counts" not in before:
        found["counts"] = {"services": report.services, "ingresses": report.ingresses, "endpointSlices": report.endpoint_slices}
    else:
        found["counts"] = before["counts"]
    last = times.render(report.last_seen) if report.last_seen is not None else before.get("lastSeen")
    return {**found, **({"lastSeen": last} if last else {})}


_SYNCED: Final = "Services, Ingresses and EndpointSlices were read and are followed"


def _but(trouble: str) -> str:
    remedy = "Gateways and routes of it count as unknown until they can be; docs/member-rbac.yaml has the rights it takes"
    return f"; the Gateway API cannot be read: {trouble}. {remedy}" if trouble else ""


def _credentials(token: Token | None, seen: Object | None) -> Object:
    known = dict(steps.section(seen, "status", "credentials")) if token is None else {}
    if token is not None and token.fingerprint:
        known["fingerprint"] = token.fingerprint
        known |= {"expires": times.render(token.expires)} if token.expires is not None else {}
    return {"credentials": known} if known else {}


def _expiring(report: MemberReport) -> str:
    until = times.render(report.token.expires) if report.token is not None and report.token.expires is not None else "soon"
    remedy = f"renew it: `mcidns join {report.name} --rotate`, or with what made it"
    return f"the token by which its API is asked ends at {until}; {remedy}. After that its addresses stay, as stale"


def _twin(report: MemberReport) -> str:
    told = f"MemberCluster {report.duplicate_of} is the same cluster ({report.cluster_id}) and the older one"
    return f"{told}: where both take part this one is not counted, and it takes over when the other leaves; remove one of them"


def of_zone(report: ZoneReport, seen: Object | None, now: float) -> Object:
    """A DNSZone's status."""
    ready = Condition("Ready", "True" if report.ready else "False", report.reason, report.message)
    held = (
        Condition("PlanHeld", "True", "PlanHeld", report.held)
        if report.held
        else Condition("PlanHeld", "False", "NothingHeld", "no plan waits for approval")
    )
    found: Object = {
        "observedGeneration": report.generation,
        "conditions": conditions((ready, held), seen, report.generation, now),
        "names": report.names,
        "owned": report.owned,
        "foreign": report.foreign,
        "writes": report.writes,
    }
    if report.serial is not None:
        found["serial"] = report.serial
    if report.plan is not None:
        plan = report.plan
        found["lastPlan"] = {
            "creates": plan.creates,
            "updates": plan.updates,
            "deletes": plan.deletes,
            "digest": plan.digest,
            "time": times.render(plan.at),
        }
    elif "lastPlan" in steps.section(seen, "status"):
        before = steps.section(seen, "status", "lastPlan")
        found["lastPlan"] = before if report.held else {**before, "digest": ""}
    return found


def of_provider(report: ProviderReport, seen: Object | None, now: float) -> Object:
    """A DNSProvider's status."""
    ready = Condition("Ready", "True" if report.ready else "False", report.reason, report.message)
    found: Object = {
        "observedGeneration": report.generation,
        "conditions": conditions((ready,), seen, report.generation, now),
    }
    return {**found, **({"capabilities": list(report.capabilities)} if report.capabilities else {})}


def of_endpoint(problems: Sequence[str], programming: Sequence[Programming], seen: Object | None, now: float) -> Object:
    """Conditions for a DNSEndpoint of any origin: what of it could not be used, and what became of the rest in DNS."""
    generation = steps.section(seen, "metadata").get("generation")
    accepted = (
        Condition("Accepted", "False", "Invalid", "; ".join(problems))
        if problems
        else Condition("Accepted", "True", "Accepted", "every entry is used")
    )
    wanted = (accepted, _programmed(programming)) if programming else (accepted,)
    return {"conditions": conditions(wanted, seen, generation if isinstance(generation, int) else 0, now)}


_WORST: Final[dict[ProgramState, tuple[int, Literal["True", "False", "Unknown"]]]] = {
    "Failed": (0, "False"),
    "Held": (1, "False"),
    "Pending": (2, "Unknown"),
    "Programmed": (3, "True"),
}


def _programmed(programming: Sequence[Programming]) -> Condition:
    ranked = sorted(programming, key=lambda one: (_WORST[one.state][0], one.name))
    worst = ranked[0]
    told = [f"{one.name.relative}: {one.message}" for one in ranked if one.state == worst.state]
    more = f"; and {len(told) - 5} more names" if len(told) > 5 else ""
    return Condition("Programmed", _WORST[worst.state][1], worst.reason, "; ".join(told[:5]) + more)


def of_unusable(message: str, generation: int, kind: str, seen: Object | None, now: float) -> Object:
    """The status of an object that cannot be read: its other conditions and all else that stands there stays.

    `kind` decides which condition says so: Accepted, or Ready for zones and providers, Reachable for members.
    """
    type_ = _UNUSABLE.get(kind, "Accepted")
    broken = conditions((Condition(type_, "False", "Invalid", message),), seen, generation, now)[0]
    others = [dict(entry) for name, entry in _conditions_of(seen).items() if name != type_]
    return {"observedGeneration": generation, "conditions": [broken, *others]}


def over(found: Object, message: str, generation: int, seen: Object | None, now: float) -> Object:
    """A host's status with the word of it that this generation cannot be read; all else goes on as it was decided before."""
    (broken,) = conditions((Condition("Accepted", "False", "Invalid", message),), seen, generation, now)
    kept = [one for one in found["conditions"] if one["type"] != "Accepted"]
    return {**found, "observedGeneration": generation, "conditions": [broken, *kept]}


_UNUSABLE: Final = {"DNSZone": "Ready", "DNSProvider": "Ready", "MemberCluster": "Reachable"}


def step(kind: Kind, ref: ObjectRef, status: Object, seen: Object | None, *, partial: bool = False) -> PatchStatus | None:
    """The write that makes the status so; None where it is so already, or the object is gone.

    `partial`: fields beside those given stay, as they are not ours.
    """
    if seen is None:
        return None
    before = steps.section(seen, "status")
    patch = steps.merge_patch({key: value for key, value in before.items() if key in status} if partial else before, status)
    return PatchStatus(kind, ref.namespace, ref.name, patch) if patch else None


Render = Callable[[Object | None, float], Object]
"""A status, given the object as seen and the time."""
