"""A decision as Kubernetes conditions with stable reasons and messages that say what to do; times are kept by their writer."""

from collections.abc import Iterable, Sequence

from mcidns.decide.conditions import health, programmed, references
from mcidns.decide.intents import Filled, Scene
from mcidns.model.decisions import Condition, NameDecision

_REFUSALS = ("Invalid", "NoHostname", "HostnameConflict", "HostnameNotPermitted", "AmbiguousZone", "NoMatchingZone")
SHOWN = 10


def of(scene: Scene, filled: Sequence[Filled], names: Sequence[NameDecision], freeze: str | None) -> tuple[Condition, ...]:
    """All six conditions, sorted by type, and DrainRefused where that is so; nothing in them counts or ticks.

    So a quiet pass gives equal ones.
    """
    done, spread = programmed.of(scene.world, filled)
    return (
        _accepted(scene),
        *_drain_refused(scene),
        _fail_open(scene, filled, freeze),
        health.of(scene, names, freeze),
        done,
        spread,
        references.of(scene),
    )


def _accepted(scene: Scene) -> Condition:
    claims = scene.claims
    served = [f"{one.name.relative} (DNSZone {one.zone.name})" for one in claims.granted]
    if not claims.refusals:
        unread = scene.ground.host.unread
        told = "; ".join((f"accepted: {_listed(served)}", *unread))
        return Condition("Accepted", "True", "AnnotationIgnored" if unread else "Accepted", told)
    reason = min((refusal.reason for refusal in claims.refusals), key=_REFUSALS.index)
    told = "; ".join(_cut([refusal.message for refusal in claims.refusals]))
    return Condition("Accepted", "False", reason, f"{told}; accepted: {_listed(served)}" if served else told)


def _drain_refused(scene: Scene) -> tuple[Condition, ...]:
    if not scene.refused:
        return ()
    told = "; ".join(f"{cluster} serves on: {why}" for cluster, why in scene.refused)
    return (Condition("DrainRefused", "True", "TooFewHealthy", f"{told}. Bring another cluster up, or drain with --force"),)


def _fail_open(scene: Scene, filled: Sequence[Filled], freeze: str | None) -> Condition:
    open_ = [one for one in filled if one.fail_open is not None]
    if not open_ or freeze is not None:
        return Condition("FailOpen", "False", "Inactive", "only targets that count as healthy are served")
    names = [one.decision.name.relative for one in open_]
    targets = sorted({value for one in open_ for value in one.decision.targets})
    how = min(str(one.fail_open) for one in open_)
    asked = scene.ground.host.when_none_healthy
    rule = f"spec.whenNoneHealthy: {asked}" + ("" if how == asked else f", which has nothing to offer, so {how}")
    return Condition("FailOpen", "True", how, f"no healthy target: {_listed(names)} keep {_listed(targets)} ({rule})")


def _cut(texts: Sequence[str]) -> list[str]:
    return [*texts[:SHOWN], *([f"and {len(texts) - SHOWN} more"] if len(texts) > SHOWN else [])]


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(_cut(list(texts)))
