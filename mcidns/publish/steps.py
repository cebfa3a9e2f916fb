"""One write to the host's API as a value, and carrying it out; which writes are needed is worked out by the other modules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, assert_never

from mcidns.kube.client import KubeClient, Object
from mcidns.kube.errors import Conflict, NotFound
from mcidns.kube.kinds import Kind
from mcidns.model.references import ObjectRef


class Shelf(Protocol):
    """The host's objects as last seen. `put` takes what a write returned, so that nobody waits for the watch to bring it."""

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """The object, None where there is none."""
        ...

    def put(self, kind: Kind, obj: Object) -> None:
        """The object is as it says, unless something newer is known."""
        ...


@dataclass(frozen=True, slots=True)
class Apply:
    """Server-side apply; takes fields over from others."""

    kind: Kind
    namespace: str
    name: str
    body: Object


@dataclass(frozen=True, slots=True)
class PatchStatus:
    """Merge into the status subresource; None removes a field."""

    kind: Kind
    namespace: str
    name: str
    patch: Object


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the object of this uid and no other."""

    kind: Kind
    namespace: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Clash:
    """An object of that name exists that is not ours to write; `message` says whose it is and what to do."""

    ref: ObjectRef
    message: str


OnClash = Callable[[ObjectRef, str], None]
"""Hears of an object in the way, and with an empty message that it no longer is."""

Write = Apply | PatchStatus | Delete
Step = Write | Clash


async def carry_out(client: KubeClient, write: Write) -> Object | None:
    """Do it; the object as it is now, None if there is none any more. Raises KubeError.

    An object that is gone needs neither its status nor its deletion.
    """
    match write:
        case Apply(kind, namespace, name, body):
            return _whole(kind, await client.apply(kind, namespace, name, body))
        case PatchStatus(kind, namespace, name, patch):
            try:
                return _whole(kind, await client.patch_status(kind, namespace, name, patch))
            except NotFound:
                return None
        case Delete(kind, namespace, name, uid):
            try:
                await client.delete(kind, namespace, name, uid=uid)
            except (NotFound, Conflict):
                return None  # gone, or another object has taken the name and is looked at by itself
            return None
        case _:
            assert_never(write)


def _whole(kind: Kind, obj: Object) -> Object:
    return {**obj, "apiVersion": kind.api_version, "kind": kind.kind}


def holds(seen: object, wanted: object) -> bool:
    """Whether everything wanted stands in what was seen; what others added beside it, and defaults, do not count."""
    if isinstance(wanted, Mapping):
        return isinstance(seen, Mapping) and all(holds(seen.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(seen, list) and len(seen) == len(wanted) and all(map(holds, seen, wanted))
    return seen == wanted


def merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> Object:
    """What turns one object into the other as a JSON merge patch (RFC 7396); empty when nothing differs."""
    patch: Object = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            inner = merge_patch(old, value)
            if inner:
                patch[key] = inner
        elif old != value:
            patch[key] = value
    return patch


def section(obj: Mapping[str, Any] | None, *path: str) -> Mapping[str, Any]:
    """The mapping at a path of an object that somebody else may have written; an empty one where there is none."""
    found: object = obj
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def text(obj: Mapping[str, Any] | None, *path: str) -> str:
    """The text at a path, empty where there is none."""
    value = section(obj, *path[:-1]).get(path[-1])
    return value if isinstance(value, str) else ""
