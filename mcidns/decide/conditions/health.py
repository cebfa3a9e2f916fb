"""The condition Healthy: every cluster that should serve can, some cannot, none can, or nobody knows."""

from collections.abc import Sequence

from mcidns.decide.intents import Scene
from mcidns.decide.verdicts import Judged
from mcidns.model.decisions import Condition, NameDecision, Reason, Role

_WELL = frozenset({Reason.READY, Reason.STATIC})
_IN_DOUBT = frozenset({Reason.STALE, Reason.LAST_ADDRESS, Reason.NEVER_SEEN, Reason.NOT_PROBED})

_ADVICE = {
    Reason.NOT_READY: "too few ready endpoints; look at the Pods behind it there",
    Reason.NO_ADDRESS: "its load balancer shows no address",
    Reason.LAST_ADDRESS: "its load balancer shows no address; the last one stays until spec.health.addressGrace is over",
    Reason.UNKNOWN: "its API has not answered for longer than spec.health.staleAfter; see its MemberCluster",
    Reason.STALE: "its API does not answer, its last known addresses stay; see its MemberCluster",
    Reason.NEVER_SEEN: "not read yet; see its MemberCluster",
    Reason.NOT_PERMITTED: "its targets may not be published; see the condition ResolvedRefs",
    Reason.UNRESOLVED: "no address is known for its load balancer's name; see the condition ResolvedRefs",
    Reason.NOT_PROBED: "its addresses are new and wait for the first answer to spec.health.probe",
    Reason.PROBE_FAILED: "its addresses do not answer spec.health.probe as they should; ask them yourself",
    Reason.SUPPRESSED: "it fell too often and is kept out until it has been steady; see spec.health.damping",
}


def of(scene: Scene, names: Sequence[NameDecision], freeze: str | None) -> Condition:
    """Three-valued: False if any cluster that should serve is out, else Unknown if any is in doubt, else True."""
    judged = [one for one in scene.judged if one.is_placed]
    # At the start every member is what it was; saying otherwise would rewrite every status at every restart.
    if freeze is not None and not freeze.startswith("Starting"):
        return Condition("Healthy", "Unknown", freeze.partition(":")[0], freeze)
    drained = [one.verdict.cluster for one in scene.judged if one.verdict.reason is Reason.DRAINED]
    if not judged:
        source = scene.ground.host.source
        if drained:
            return Condition("Healthy", "False", "NoneHealthy", f"every cluster that has {source} is drained: {', '.join(drained)}")
        return Condition("Healthy", "False", "NoneHealthy", f"no cluster has {source}, so that nothing is published")
    serving = [one for one in judged if one.verdict.eligible]
    doubts = [one for one in judged if one.verdict.reason in _IN_DOUBT]
    out = [one for one in judged if one.verdict.reason not in _IN_DOUBT | _WELL]
    told = "; ".join(_grouped((*out, *doubts)))
    if not serving:
        return _none(scene, names, told, known=bool(out))
    count = f"{len(serving)} of {len(judged)} clusters {_by_role(serving)}"
    if drained:
        # What somebody took out on purpose is no fault, but whoever looks here should know.
        count += f", drained: {', '.join(drained)}"
    if out:
        return Condition("Healthy", "False", "PartiallyHealthy", f"{count}. {told}")
    if doubts:
        return Condition("Healthy", "Unknown", "Unknown", f"{count}. {told}")
    return Condition("Healthy", "True", "AllHealthy", f"{count}")


def _by_role(eligible: Sequence[Judged]) -> str:
    """`serve`, or who of those that could does, where a policy chooses among them."""
    aside: dict[Role, list[str]] = {}
    for one in eligible:
        role = one.verdict.role
        if role is not None and role is not Role.SERVING:
            aside.setdefault(role, []).append(one.verdict.cluster)
    if not aside:
        return "serve"
    serving = ", ".join([one.verdict.cluster for one in eligible if one.verdict.serves]) or "none"
    told = [f"{role.value}: {', '.join(names)}" for role, names in aside.items()]
    return f"can serve ({'; '.join((f'{Role.SERVING.value}: {serving}', *told))})"


def _none(scene: Scene, names: Sequence[NameDecision], told: str, *, known: bool) -> Condition:
    waiting = [name.name.relative for name in names if not name.targets]
    if waiting and scene.serving.is_waiting:
        told += f". Nothing is published for {', '.join(waiting)} until a first target is healthy"
    elif waiting:
        told += f". spec.whenNoneHealthy: Withdraw leaves {', '.join(waiting)} without records until a target is healthy"
    message = f"no cluster can serve. {told}"
    return Condition("Healthy", "False", "NoneHealthy", message) if known else Condition("Healthy", "Unknown", "Unknown", message)


def _grouped(judged: Sequence[Judged]) -> list[str]:
    found: dict[Reason, list[str]] = {}
    for one in judged:
        found.setdefault(one.verdict.reason, []).append(one.verdict.cluster)
    return [f"{reason.value} in {', '.join(clusters)}: {_ADVICE[reason]}" for reason, clusters in found.items()]
