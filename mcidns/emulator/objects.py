"""The metadata rules all objects share: names, identity, generation, deletion marks; nothing is stored here."""

import random
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from mcidns.emulator import statuses
from mcidns.emulator.resources import Resource
from mcidns.emulator.statuses import Cause, Json

Clock = Callable[[], datetime]

LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
SUBDOMAIN: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
SERVICE: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_PATH: Final = re.compile(r"(?!\.{1,2}$)[^/%]+")
_LABEL_KEY: Final = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_SUFFIX: Final = "bcdfghjklmnpqrstvwxz2456789"
SUBDOMAIN_TEXT: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_LABEL_TEXT: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character"
)


def utc_now() -> datetime:
    """The default clock."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """RFC 3339 in whole seconds, as `metadata` has it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def metadata(obj: Json) -> Json:
    """The object's metadata, made if absent; raises StatusError 400 if it is no map."""
    meta = obj.setdefault("metadata", {})
    if not isinstance(meta, dict):
        raise statuses.bad_request("metadata must be an object")
    return meta


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request's path says the object is."""

    resource: Resource
    namespace: str = ""
    name: str = ""


def place(obj: Json, where: Place) -> None:
    """Fill name, namespace, kind and apiVersion in from the path; raises StatusError 400 where they disagree."""
    resource = where.resource
    if (kind := obj.get("kind") or resource.kind) != resource.kind or (
        obj.get("apiVersion") or resource.api_version
    ) != resource.api_version:
        text = f"{obj.get('apiVersion')}, Kind={kind} does not match the expected {resource.api_version}, Kind={resource.kind}"
        raise statuses.bad_request(f"the API version in the data ({text})")
    if resource.custom and "kind" not in obj:
        raise statuses.bad_request("Object 'Kind' is missing in the request body")
    obj["kind"], obj["apiVersion"] = resource.kind, resource.api_version
    meta = metadata(obj)
    if resource.namespaced:
        if (meta.get("namespace") or where.namespace) != where.namespace:
            raise statuses.bad_request("the namespace of the provided object does not match the namespace sent on the request")
        meta["namespace"] = where.namespace
    elif meta.pop("namespace", ""):
        raise statuses.bad_request("namespace is not allowed on this type")
    if where.name and (meta.get("name") or where.name) != where.name:
        text = f"the name of the object ({meta.get('name')}) does not match the name on the URL ({where.name})"
        raise statuses.bad_request(text)
    if where.name:
        meta["name"] = where.name


def begin(obj: Json, resource: Resource, now: str) -> None:
    """Give a new object its name, uid and creation time; raises StatusError 422 for a name that cannot be."""
    meta = metadata(obj)
    prefix = meta.get("generateName")
    if not meta.get("name") and prefix:
        meta["name"] = str(prefix)[:58] + "".join(random.choices(_SUFFIX, k=5))
    causes = _name_causes(str(meta.get("name") or ""), resource) + _label_causes(meta)
    if causes:
        raise statuses.invalid(resource, str(meta.get("name") or ""), causes)
    for key in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation", "resourceVersion", "managedFields"):
        meta.pop(key, None)
    meta["uid"] = str(uuid.UUID(int=random.getrandbits(128), version=4))
    meta["creationTimestamp"] = now
    if resource.keeps_generation:
        meta["generation"] = 1


def _name_causes(name: str, resource: Resource) -> list[Cause]:
    if not name:
        return [Cause("FieldValueRequired", "Required value: name or generateName is required", "metadata.name")]
    kinds: dict[str, tuple[re.Pattern[str], str]] = {
        "namespaces": (LABEL, _LABEL_TEXT),
        "services": (SERVICE, "a DNS-1035 label must start with an alphabetic character"),
    }
    loose = resource.group == "rbac.authorization.k8s.io"
    pattern, text = kinds.get(resource.qualified, (_PATH if loose else SUBDOMAIN, SUBDOMAIN_TEXT))
    if pattern.fullmatch(name):
        return []
    return [Cause("FieldValueInvalid", f'Invalid value: "{name}": {text}', "metadata.name")]


def _label_causes(meta: Json) -> list[Cause]:
    labels = meta.get("labels")
    if not labels:
        return []
    if not isinstance(labels, dict):
        return [Cause("FieldValueTypeInvalid", "Invalid value: must be a map of strings", "metadata.labels")]
    causes = []
    for key, value in labels.items():
        if not isinstance(value, str) or not _LABEL_VALUE.fullmatch(value):
            text = f'Invalid value: "{value}": a valid label must be at most 63 alphanumerics, "-", "_" or "."'
            causes.append(Cause("FieldValueInvalid", text, "metadata.labels"))
        elif not _LABEL_KEY.fullmatch(key):
            causes.append(Cause("FieldValueInvalid", f'Invalid value: "{key}": not a label key', "metadata.labels"))
    return causes


def carry_over(old: Json, new: Json, resource: Resource) -> None:
    """Put back what an update may not change; raises StatusError 409 for a stale or foreign object."""
    before, meta = old["metadata"], metadata(new)
    name = before["name"]
    if meta.get("uid", before["uid"]) != before["uid"]:
        text = f"Precondition failed: UID in precondition: {meta['uid']}, UID in object meta: {before['uid']}"
        raise statuses.conflict(resource, name, text)
    if (meta.get("resourceVersion") or before["resourceVersion"]) != before["resourceVersion"]:
        raise statuses.conflict(resource, name)
    system = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion")
    for key in system:
        meta.pop(key, None)
        if key in before:
            meta[key] = before[key]
    meta.setdefault("name", name)
    causes = _label_causes(meta)
    if "deletionTimestamp" in before:
        added = [one for one in meta.get("finalizers") or () if one not in (before.get("finalizers") or ())]
        if added:
            text = f"Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers {added}"
            causes.append(Cause("FieldValueForbidden", text, "metadata.finalizers"))
    if causes:
        raise statuses.invalid(resource, name, causes)


def raise_generation(old: Json, new: Json, resource: Resource) -> None:
    """Add 1 to the generation if anything but metadata and, with a status subresource, status has changed."""
    if not resource.keeps_generation:
        return
    ignored = {"metadata", "status"} if resource.status or not resource.custom else {"metadata"}
    if _outside(old, ignored) != _outside(new, ignored):
        new["metadata"]["generation"] = int(old["metadata"].get("generation", 0)) + 1


def _outside(obj: Json, ignored: set[str]) -> dict[str, Any]:
    return {key: value for key, value in obj.items() if key not in ignored}


def mark_deleted(obj: Json, resource: Resource, now: str) -> None:
    """Set the deletion marks of an object that a finalizer still holds."""
    meta = obj["metadata"]
    meta["deletionTimestamp"] = now
    meta["deletionGracePeriodSeconds"] = 0
    if resource.keeps_generation:
        meta["generation"] = int(meta.get("generation", 0)) + 1
