"""What must be done to one object so that it is as wanted, and doing it; which objects are wanted is known elsewhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, assert_never

from mcidns.errors import ConfigError
from mcidns.hub.dnsendpoint import MANAGED_BY, MANAGER
from mcidns.joining.rights import Wanted
from mcidns.joining.sides import Role, Side
from mcidns.kube.client import Object
from mcidns.kube.errors import NotFound
from mcidns.kube.kinds import Kind


class Deed(StrEnum):
    """What is done to an object."""

    CREATE = "created"
    CHANGE = "changed"
    KEEP = "unchanged"
    REMOVE = "removed"
    ABSENT = "absent"
    LEAVE = "left"


VERBS: Final[Mapping[Deed, str]] = {Deed.CREATE: "create", Deed.CHANGE: "patch", Deed.REMOVE: "delete"}
"""What RBAC calls them; others need no right."""


@dataclass(frozen=True, slots=True)
class Step:
    """One object and what is done to it: `body` is the whole of a new one, or the merge patch of one that changes."""

    role: Role
    kind: Kind
    namespace: str
    name: str
    deed: Deed
    body: Object = field(repr=False)
    note: str = ""
    uid: str = ""

    def __str__(self) -> str:
        return f"{self.kind.kind} {self.namespace + '/' if self.namespace else ''}{self.name}"


def plan(role: Role, wanted: Wanted, there: Object | None) -> Step:
    """What makes it as wanted. Raises ConfigError for an object of somebody else's, and for what cannot be changed."""
    step = Step(role, wanted.kind, wanted.namespace, wanted.name, Deed.CREATE, wanted.body)
    if there is None:
        return step
    if "deletionTimestamp" in there["metadata"]:
        raise ConfigError(f"{wanted} in the {role} cluster", "is being deleted", "wait until it is gone, and run this again")
    if not is_ours(there):
        if wanted.shared:
            return replace(step, deed=Deed.KEEP, body={}, note="it was there")
        raise _taken(role, wanted)
    patch = difference(there, wanted.body)
    if "roleRef" in patch:
        remedy = f"delete it, and run this again: kubectl delete {wanted.kind.plural} {wanted.name}"
        raise ConfigError(f"{wanted} in the {role} cluster", "refers to another role, which no API server lets change", remedy)
    told = "" if not patch else f"set anew: {', '.join(sorted(_leaves(patch)))}"
    return replace(step, deed=Deed.CHANGE if patch else Deed.KEEP, body=patch, note=told)


def removal(role: Role, wanted: Wanted, there: Object | None) -> Step:
    """What takes it away; what is of somebody else's stays."""
    step = Step(role, wanted.kind, wanted.namespace, wanted.name, Deed.ABSENT, {})
    if there is None:
        return step
    if not is_ours(there):
        return replace(step, deed=Deed.LEAVE, note=f"it is not labelled {MANAGED_BY}={MANAGER}")
    return replace(step, deed=Deed.REMOVE, uid=str(there["metadata"].get("uid", "")))


def is_ours(obj: Mapping[str, Any]) -> bool:
    """It carries the label of what mcidns makes."""
    return bool((obj["metadata"].get("labels") or {}).get(MANAGED_BY) == MANAGER)


def difference(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> Object:
    """The merge patch that puts everything wanted there and touches nothing else; empty where it is."""
    patch: Object = {}
    for key, value in wanted.items():
        old = there.get(key)
        if isinstance(value, Mapping):
            inner = difference(old if isinstance(old, Mapping) else {}, value)
            if inner:
                patch[key] = inner
        elif old != value:
            patch[key] = value
    return patch


async def carry_out(side: Side, step: Step, *, dry_run: bool) -> None:
    """Do it, or let the server say what it would answer. Raises SideError, Denied."""
    client, place = side.client, (step.kind, step.namespace or None)
    with side.speaking():
        try:
            match step.deed:
                case Deed.CREATE:
                    await client.create(*place, step.body, dry_run=dry_run)
                case Deed.CHANGE:
                    await client.patch(*place, step.name, step.body, dry_run=dry_run)
                case Deed.REMOVE:
                    await client.delete(*place, step.name, uid=step.uid or None, dry_run=dry_run)
                case Deed.KEEP | Deed.ABSENT | Deed.LEAVE:
                    pass
                case _:
                    assert_never(step.deed)
        except NotFound:
            # What a dry run asks may need what it did not make; and to have gone is what a removal wants.
            if not dry_run and step.deed is not Deed.REMOVE:
                raise


def _leaves(patch: Mapping[str, Any], at: str = "") -> Iterable[str]:
    for key, value in patch.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{at}{key}.")
        else:
            yield f"{at}{key}"


def _taken(role: Role, wanted: Wanted) -> ConfigError:
    where = f"-n {wanted.namespace} " if wanted.namespace else ""
    label = f"kubectl {where}label {wanted.kind.plural} {wanted.name} {MANAGED_BY}={MANAGER}"
    problem = f"is there and does not carry our label {MANAGED_BY}={MANAGER}, so it is somebody else's"
    elsewhere = "; or put ours elsewhere with --member-namespace" if role == "member" and wanted.namespace else ""
    remedy = f"remove it{elsewhere}; or give it to mcidns, to be changed at will: {label}"
    return ConfigError(f"{wanted} in the {role} cluster", problem, remedy)
