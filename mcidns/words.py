"""What the parts observed, put into the reports and conditions that people read; writing them lives in publish/."""

from typing import Literal

from mcidns.errors import ConfigError
from mcidns.hub.dnsprovider import ProviderSpec
from mcidns.hub.membercluster import MemberSpec
from mcidns.kube.client import Object
from mcidns.model.decisions import Condition, Programming
from mcidns.observe.healths import MemberHealth
from mcidns.program.zones import ZoneStatus
from mcidns.provider import Provider
from mcidns.publish import steps
from mcidns.publish.reports import MemberReport, PlanReport, ProviderReport, ZoneReport


def of_member(health: MemberHealth, spec: MemberSpec | None, at_risk: tuple[str, ...] = ()) -> MemberReport:
    """A member's health and drain for its MemberCluster; `at_risk` are the hosts for which the drain is refused."""
    return MemberReport(
        name=health.cluster,
        generation=spec.generation if spec is not None else 0,
        reachable=health.reachable,
        reason=health.reason,
        message=health.message,
        synced=health.synced and health.reachable,
        version=health.version,
        cluster_id=health.cluster_id,
        gateways_trouble=health.gateways_trouble,
        token=health.token,
        token_ends_soon=health.token_ends_soon,
        duplicate_of=health.twin_of or "",
        services=health.services,
        ingresses=health.ingresses,
        endpoint_slices=health.slices,
        last_seen=health.last_seen,
        known=health.reason != "NotYetRead",
        drain=spec.cluster.drain if spec is not None else None,
        at_risk=at_risk,
    )


def of_zone(found: ZoneStatus) -> ZoneReport:
    """A zone's worker for its DNSZone."""
    plan, held = found.plan, found.held
    return ZoneReport(
        name=found.name,
        generation=0,
        ready=found.ready,
        reason=found.reason,
        message=found.message,
        serial=found.serial,
        names=found.names,
        owned=found.owned,
        foreign=found.foreign,
        writes=found.writes,
        held=held.message if held is not None else "",
        plan=PlanReport(plan.creates, plan.updates, plan.deletes, held.digest if held is not None else "", plan.at)
        if plan is not None
        else None,
    )


def of_provider(spec: ProviderSpec, outcome: Provider | ConfigError) -> ProviderReport:
    """A DNSProvider that could be opened, or not."""
    if isinstance(outcome, ConfigError):
        return ProviderReport(spec.name, spec.generation, ready=False, reason="Invalid", message=str(outcome))
    told = f"provider type {spec.type} is configured; DNSZone objects say whether its servers answer"
    able = outcome.capabilities
    extras = (("CompareAndSet", able.compare_and_set), ("SetIdentifiers", able.set_identifiers))
    types = (*sorted(able.types), *(word for word, has in extras if has))
    return ProviderReport(spec.name, spec.generation, ready=True, reason="Opened", message=told, capabilities=types)


def accepted(problems: tuple[str, ...], rows: int) -> Condition:
    """Whether a DNSEndpoint of other origin, of so many rows, was admitted wholly, in part, or not."""
    if not problems:
        return Condition("Accepted", "True", "Accepted", "every entry is served")
    return Condition("Accepted", "False", "PartlyRefused" if len(problems) < rows else "Refused", "; ".join(problems))


def programmed(states: tuple[Programming, ...]) -> Condition:
    """What became of the names of a DNSEndpoint of other origin; the worst speaks."""
    worst = next((one for one in states if one.state in {"Failed", "Held"}), None)
    worst = worst or next((one for one in states if one.state == "Pending"), None)
    if worst is None:
        return Condition("Programmed", "True", "Programmed", "every name stands in DNS")
    doubt: Literal["Unknown", "False"] = "Unknown" if worst.state == "Pending" else "False"
    return Condition("Programmed", doubt, worst.reason, f"{worst.name.relative}: {worst.message}")


def observed(found: Object, seen: Object | None) -> Object:
    """A status with the generation that its reader knows."""
    known = generation(seen)
    return {
        **found,
        "observedGeneration": known,
        "conditions": [{**condition, "observedGeneration": known} for condition in found["conditions"]],
    }


def generation(seen: Object | None) -> int:
    """The generation of an object as last seen, 0 if it was not."""
    return int(steps.section(seen, "metadata").get("generation") or 0)
