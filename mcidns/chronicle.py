"""One line of the log per changed decision, with cause and effect; what else follows from a decision lives in telling."""

import logging

from mcidns.model.decisions import Decision, Role, Verdict

_LOG = logging.getLogger(__name__)


def log(decision: Decision, previous: Decision | None) -> None:
    """Say why it changed, which clusters' verdicts did and how, and what is served now; other words are for debugging."""
    host = f"{decision.host.namespace}/{decision.host.name}"
    before = {verdict.cluster: _standing(verdict) for verdict in previous.verdicts} if previous is not None else {}
    turns = ((verdict.cluster, before.pop(verdict.cluster, "-"), _standing(verdict)) for verdict in decision.verdicts)
    changed = [f"{cluster}: {was} -> {now}" for cluster, was, now in turns if was != now]
    changed += [f"{cluster}: {was} -> -" for cluster, was in before.items()]
    if previous is not None and not changed and previous.names == decision.names:
        _LOG.debug("decision.conditions", extra={"host": host})
        return
    served = {name.name.relative: list(name.targets) for name in decision.names}
    cause = _cause(decision, previous, changed)
    _LOG.info("decision.changed", extra={"host": host, "cause": cause, "verdicts": changed, "served": served})


def _standing(verdict: Verdict) -> str:
    return verdict.reason if verdict.role in (None, Role.SERVING) else f"{verdict.reason} ({verdict.role})"


def _cause(decision: Decision, previous: Decision | None, changed: list[str]) -> str:
    if previous is None:
        return "first look"
    if decision.host is not previous.host:
        return "object"
    return "clusters" if changed else "surroundings"  # zones, grants, rivals, what names resolve to
