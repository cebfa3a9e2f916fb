"""What has changed so that people should hear of it: conditions and verdicts before and after; posting it lives in events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from mcidns.hub import globalhost
from mcidns.kube import kinds
from mcidns.kube.client import Object
from mcidns.kube.kinds import Kind
from mcidns.model.decisions import Decision
from mcidns.model.references import ObjectRef
from mcidns.publish import steps

ABNORMAL: Final = frozenset({"Drained", "DrainRefused", "FailOpen", "PlanHeld"})
"""Conditions that are bad when True."""

_WELCOME: Final = frozenset({"Programmed"})
"""Conditions that are news when they are good from the start."""

_QUIET: Final = frozenset({"PartiallyHealthy"})
"""Reasons that the Events of single clusters tell better."""


@dataclass(frozen=True, slots=True)
class Regarding:
    """The object an Event is about."""

    api_version: str
    ref: ObjectRef
    uid: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell. Equal notices are one series."""

    regarding: Regarding
    type: Literal["Normal", "Warning"]
    reason: str
    action: str
    note: str


class Transitions:
    """Remembers what was last said of each object, so that every change is told once; after a restart the objects tell.

    A condition that is Unknown for a while and then as before has not changed.
    """

    def __init__(self) -> None:
        self._conditions: dict[tuple[str, ObjectRef], dict[str, tuple[str, str]]] = {}
        self._verdicts: dict[ObjectRef, dict[str, bool]] = {}
        self._roles: dict[ObjectRef, dict[str, str]] = {}

    def forget(self, kind: Kind, ref: ObjectRef) -> None:
        """The object is gone."""
        self._conditions.pop((kind.kind, ref), None)
        self._verdicts.pop(ref, None)
        self._roles.pop(ref, None)

    def forget_all(self) -> None:
        """Somebody else told of changes until now, so that the objects know best what was said."""
        for known in (self._conditions, self._verdicts, self._roles):
            known.clear()

    def knows_verdicts(self, ref: ObjectRef) -> bool:
        """Whether the host's verdicts were told of by us, so that only another decision is news."""
        return ref in self._verdicts

    def of_status(self, kind: Kind, ref: ObjectRef, status: Object, seen: Object) -> tuple[Notice, ...]:
        """What a status about to be written says that the object did not say before."""
        known = self._conditions.get((kind.kind, ref))
        if known is None:
            known = _definite(steps.section(seen, "status"))
            self._conditions[(kind.kind, ref)] = known
        regarding = Regarding(kind.api_version, ref, steps.text(seen, "metadata", "uid"))
        found: list[Notice] = []
        messages = {str(entry["type"]): str(entry["message"]) for entry in status.get("conditions", ())}
        for type_, now in _definite(status).items():
            before = known.get(type_)
            known[type_] = now
            notice = _of_condition(regarding, type_, before, now, messages[type_])
            if notice is not None:
                found.append(notice)
        return tuple(found)

    def of_verdicts(self, decision: Decision, seen: Object | None) -> tuple[Notice, ...]:
        """Which clusters' targets are in or out since the last decision, or since the status that was found."""
        host = decision.host
        regarding = Regarding(kinds.HOSTS[host.kind].api_version, host.ref, host.uid)
        before = self._verdicts.get(host.ref)
        if before is None:
            memory = globalhost.memory(seen) if seen is not None else decision.memory
            before = {one.cluster: one.eligible for one in memory.clusters}
            self._roles[host.ref] = {one.cluster: one.role for one in memory.clusters if one.role}
        now: dict[str, bool] = {verdict.cluster: verdict.eligible for verdict in decision.verdicts}
        self._verdicts[host.ref] = now
        served = {target for name in decision.names for target in name.targets}
        found: list[Notice] = []
        for verdict in decision.verdicts:
            was = before.get(verdict.cluster)
            note = f"{verdict.cluster}: {verdict.message}"
            if verdict.eligible and not was:
                reason = "Restored" if was is False else "Added"
                found.append(Notice(regarding, "Normal", reason, "Serve", note))
            elif was and not verdict.eligible:
                # Fail-open may go on serving what is judged out.
                kept = any(str(target).removesuffix(".") in served for target in verdict.targets)
                found.append(Notice(regarding, "Warning", "Unhealthy" if kept else "Withdrawn", "Withdraw", note))
        gone = sorted(name for name, was in before.items() if was and name not in now)
        left = [Notice(regarding, "Warning", "Withdrawn", "Withdraw", f"{cluster} takes part no more") for cluster in gone]
        return (*found, *self._of_roles(decision, regarding), *left)

    def _of_roles(self, decision: Decision, regarding: Regarding) -> list[Notice]:
        """Which clusters the policy gave another role, though they were and are healthy."""
        ref = decision.host.ref
        before = self._roles.get(ref, {})
        now = {str(one.cluster): one.role.value for one in decision.verdicts if one.role is not None}
        self._roles[ref] = now
        return [
            Notice(regarding, "Normal", now[one.cluster], "Route", f"{one.cluster}: {one.message}")
            for one in decision.verdicts
            if one.cluster in now and before.get(one.cluster, now[one.cluster]) != now[one.cluster]
        ]


def _definite(status: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    entries = status.get("conditions")
    return {
        str(entry.get("type")): (str(entry.get("status")), str(entry.get("reason")))
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, Mapping) and entry.get("status") in ("True", "False")
    }


def _of_condition(
    regarding: Regarding, type_: str, before: tuple[str, str] | None, now: tuple[str, str], message: str
) -> Notice | None:
    if before == now:
        return None
    status, reason = now
    is_bad = (status == "True") == (type_ in ABNORMAL)
    was_bad = before is not None and (before[0] == "True") == (type_ in ABNORMAL)
    if is_bad:
        return None if reason in _QUIET else Notice(regarding, "Warning", reason, type_, message)
    if (before is None and type_ not in _WELCOME) or (before is not None and not was_bad):
        return None  # as everybody expects, or another shade of good
    return Notice(regarding, "Normal", f"{type_}Over" if type_ in ABNORMAL else type_, type_, message)
