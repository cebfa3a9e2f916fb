"""Create, update, patch and delete as a real server does them, on values; HTTP is in `rest`, bytes and versions in `storage`."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from mcidns.emulator import admission, definitions, managers, objects, patches, rules, schema, statuses
from mcidns.emulator.lifecycle import NAMESPACES, Lifecycle
from mcidns.emulator.objects import Clock, Place
from mcidns.emulator.resources import Resource
from mcidns.emulator.statuses import Cause, Json
from mcidns.emulator.storage import Storage, Stored

APPLY: Final = "application/apply-patch+yaml"
MERGE: Final = "application/merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"
STRATEGIC: Final = "application/strategic-merge-patch+json"
_PERMANENT: Final = ("default", "kube-system", "kube-public")


@dataclass(frozen=True, slots=True)
class Options:
    """What the query of a write says."""

    manager: str = "unknown"
    dry_run: bool = False
    validation: str = "Warn"
    subresource: str = ""
    force: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a write answers: the object, or for one that has gone, its last version."""

    stored: Stored
    code: int = 200
    gone: bool = False
    warnings: tuple[str, ...] = ()


class Writes:
    """The one way into the storage, for requests and for in-process callers alike."""

    def __init__(self, storage: Storage, lifecycle: Lifecycle, clock: Clock) -> None:
        self._storage = storage
        self._lifecycle = lifecycle
        self._clock = clock

    def _now(self) -> str:
        return objects.stamp(self._clock())

    def _writer(self, where: Place, options: Options) -> managers.Writer:
        return managers.Writer(options.manager, where.resource.api_version, options.subresource, self._now())

    def create(self, obj: Json, where: Place, options: Options, *, keep_status: bool = False) -> Outcome:
        """Store a new object; raises StatusError (400, 403, 404, 409, 422)."""
        if objects.metadata(obj).get("resourceVersion"):
            raise statuses.internal("resourceVersion should not be set on objects to be created")
        return self._create(obj, where, options, keep_status=keep_status)

    def _create(
        self, obj: Json, where: Place, options: Options, managed: list[Json] | None = None, *, keep_status: bool = False
    ) -> Outcome:
        resource = where.resource
        objects.place(obj, where)
        self._check_namespace(where)
        objects.begin(obj, resource, self._now())
        if resource.status and not keep_status and resource.qualified != "nodes":
            obj.pop("status", None)
        status = obj.get("status")
        warnings = _admit(obj, None, resource, options)
        if keep_status and status is not None:
            obj["status"] = status
        name = obj["metadata"]["name"]
        existing = self._storage.get(resource.key, where.namespace, name)
        if existing is not None:
            raise statuses.already_exists(resource, name, deleting=b'"deletionTimestamp"' in existing.body)
        if managed is None:
            owned = {key: value for key, value in obj.items() if key != "status" or not resource.status or keep_status}
            managed = managers.after_update(None, owned, resource.shape, self._writer(where, options))
        obj["metadata"]["managedFields"] = managed
        return self._put(obj, where, options, (201, warnings))

    def _put(self, obj: Json, where: Place, options: Options, answer: tuple[int, tuple[str, ...]]) -> Outcome:
        resource = where.resource
        raw = obj if resource.to_stored is None else resource.to_stored(obj)
        if options.dry_run:
            return Outcome(self._storage.preview(raw), answer[0], warnings=answer[1])
        stored = self._storage.put(resource.key, raw)
        stored = self._lifecycle.stored(resource, stored, raw, self._now())
        return Outcome(stored, answer[0], warnings=answer[1])

    def _check_namespace(self, where: Place) -> None:
        if not where.resource.namespaced:
            return
        namespace = self._storage.get(NAMESPACES, "", where.namespace)
        if namespace is None:
            details = {"name": where.namespace, "kind": "namespaces"}
            raise statuses.StatusError(404, "NotFound", f'namespaces "{where.namespace}" not found', details=details)
        if b'"deletionTimestamp"' in namespace.body:
            text = f"unable to create new content in namespace {where.namespace} because it is being terminated"
            cause = Cause("NamespaceTerminating", f"namespace {where.namespace} is being terminated", "metadata.namespace")
            raise statuses.forbidden(where.resource, where.name, text, [cause])

    def current(self, where: Place) -> Stored:
        """The object at a place; raises StatusError 404."""
        stored = self._storage.get(where.resource.key, where.namespace, where.name)
        if stored is None:
            raise statuses.not_found(where.resource, where.name)
        return stored

    def update(self, obj: Json, where: Place, options: Options, *, keep_status: bool = False) -> Outcome:
        """Replace an object (PUT); raises StatusError (400, 404, 409, 422)."""
        resource = where.resource
        if (
            resource.create_on_update
            and not options.subresource
            and self._storage.get(resource.key, where.namespace, where.name) is None
        ):
            return self.create(obj, where, options)
        stored = self.current(where)
        objects.place(obj, where)
        if resource.needs_version and not keep_status and not obj["metadata"].get("resourceVersion"):
            cause = Cause("FieldValueInvalid", "Invalid value: 0x0: must be specified for an update", "metadata.resourceVersion")
            raise statuses.invalid(resource, where.name, [cause])
        return self._replace(stored, obj, where, options, keep_status=keep_status)

    def patch(self, where: Place, content_type: str, body: Any, options: Options) -> Outcome:
        """Patch an object in any of the four forms; raises StatusError (400, 404, 409, 415, 422)."""
        if content_type == APPLY:
            return self._apply(where, body, options)
        stored = self.current(where)
        resource = where.resource
        live = stored.decoded(resource)
        if content_type == JSON_PATCH:
            obj = patches.json_patch(live, body)
        elif not isinstance(body, dict):
            raise statuses.bad_request("the patch must be an object")
        elif content_type == MERGE:
            obj = patches.merge(live, body)
        elif content_type == STRATEGIC and not resource.custom:
            obj = patches.strategic(live, body, resource.shape)
        else:
            text = (
                f"the body of the request was in an unknown format - accepted media types include: {JSON_PATCH}, {MERGE}, {APPLY}"
            )
            raise statuses.unsupported_media(text)
        obj = dict(obj) | {"metadata": dict(objects.metadata(obj))}
        objects.place(obj, where)
        return self._replace(stored, obj, where, options)

    def _apply(self, where: Place, config: Any, options: Options) -> Outcome:
        resource = where.resource
        if not isinstance(config, dict):
            raise statuses.bad_request("the applied configuration must be an object")
        if objects.metadata(config).get("managedFields"):
            raise statuses.bad_request("metadata.managedFields must be nil")
        objects.place(config, where)
        writer = self._writer(where, options)
        relevant = {key: value for key, value in config.items() if key != "status" or not resource.status}
        if options.subresource:
            relevant = {key: value for key, value in config.items() if key in ("metadata", "status")}
            relevant["metadata"] = {}
        stored = self._storage.get(resource.key, where.namespace, where.name)
        if stored is None:
            if options.subresource:
                raise statuses.not_found(resource, where.name)
            if config["metadata"].get("uid"):
                raise statuses.conflict(resource, where.name, "uid mismatch: the provided object specified a uid and none exists")
            applied = managers.apply({}, relevant, resource.shape, writer, force=True)
            return self._create(applied.obj, where, options, applied.managed)
        live = stored.decoded(resource)
        objects.carry_over(live, {"metadata": dict(config["metadata"])}, resource)
        applied = managers.apply(live, relevant, resource.shape, writer, force=options.force)
        new = dict(applied.obj) | {"metadata": dict(applied.obj.get("metadata") or live["metadata"])}
        new["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
        return self._replace(stored, new, where, options, managed=applied.managed)

    def _replace(
        self,
        stored: Stored,
        obj: Json,
        where: Place,
        options: Options,
        *,
        managed: list[Json] | None = None,
        keep_status: bool = False,
    ) -> Outcome:
        resource = where.resource
        live = stored.decoded(resource)
        objects.carry_over(live, obj, resource)
        clears = obj["metadata"].get("managedFields") in ([], [{}])
        if options.subresource == "status":
            obj = live | {"status": obj.get("status")}
            obj["metadata"] = dict(live["metadata"])
        elif resource.status and not (keep_status and "status" in obj):
            obj.pop("status", None)
            obj |= {"status": live["status"]} if "status" in live else {}
        if obj.get("status") is None:
            obj.pop("status", None)
        warnings = _admit(obj, live, resource, options)
        objects.raise_generation(live, obj, resource)
        if managed is None:
            managed = managers.after_update(live, obj, resource.shape, self._writer(where, options))
        obj["metadata"]["managedFields"] = [] if clears else managed
        if "deletionTimestamp" in obj["metadata"] and not obj["metadata"].get("finalizers"):
            return self._let_go(stored, obj, where, options)
        if obj == live:
            return Outcome(stored, warnings=warnings)
        return self._put(obj, where, options, (200, warnings))

    def _let_go(self, stored: Stored, obj: Json, where: Place, options: Options) -> Outcome:
        """The last finalizer has gone, and the object with it, unless it holds others that have to go first."""
        if options.dry_run:
            return Outcome(stored)
        if self._lifecycle.holds(where.resource, stored):
            return Outcome(self._erase(where.resource, self._storage.put(where.resource.key, obj), options).stored)
        return Outcome(self._remove(where.resource, stored))

    def _remove(self, resource: Resource, stored: Stored) -> Stored:
        gone = self._storage.remove(resource.key, stored)
        self._lifecycle.removed(resource, gone, lambda other, one: self._erase(other, one, Options()))
        return gone

    def delete(self, where: Place, body: Json, options: Options) -> Outcome:
        """Delete an object; raises StatusError 404, and 409 when a precondition does not hold."""
        stored = self.current(where)
        wanted = body.get("preconditions") or {}
        if wanted.get("uid") not in (None, stored.uid):
            text = f"Precondition failed: UID in precondition: {wanted['uid']}, UID in object meta: {stored.uid}"
            raise statuses.conflict(where.resource, where.name, text)
        if wanted.get("resourceVersion") not in (None, str(stored.version)):
            text = (
                f"Precondition failed: ResourceVersion in precondition: {wanted['resourceVersion']}, "
                f"ResourceVersion in object meta: {stored.version}"
            )
            raise statuses.conflict(where.resource, where.name, text)
        if where.resource.key == NAMESPACES and where.name in _PERMANENT:
            raise statuses.forbidden(where.resource, where.name, "this namespace may not be deleted")
        return self._erase(where.resource, stored, options)

    def _erase(self, resource: Resource, stored: Stored, options: Options) -> Outcome:
        obj = stored.decoded(resource)
        held = bool(obj["metadata"].get("finalizers"))
        container = self._lifecycle.holds(resource, stored)
        if options.dry_run:
            return Outcome(stored, gone=not held)
        if not held and not container:
            return Outcome(self._remove(resource, stored), gone=True)
        if "deletionTimestamp" not in obj["metadata"]:
            objects.mark_deleted(obj, resource, self._now())
            if resource.key == NAMESPACES:
                obj["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}
            raw = obj if resource.to_stored is None else resource.to_stored(obj)
            stored = self._storage.put(resource.key, raw)
        for inner, one in self._lifecycle.contents(resource, stored) if container else ():
            if self._storage.get(inner.key, one.namespace, one.name) is one:
                self._erase(inner, one, options)
        left = self._storage.get(resource.key, stored.namespace, stored.name)
        return Outcome(left or stored, gone=left is None)


def _admit(obj: Json, old: Json | None, resource: Resource, options: Options) -> tuple[str, ...]:
    """Prune, default and validate in place; returns warnings, raises StatusError 400 or 422."""
    if resource.schema is None:
        admission.admit(obj, old, resource)
        return tuple(definitions.unsupported(obj)) if resource.key == definitions.KEY else ()
    unknown: list[str] = []
    schema.prune(obj, resource.schema, "", unknown)
    if unknown and options.validation == "Strict":
        listed = ", ".join(f'unknown field "{path}"' for path in unknown)
        raise statuses.bad_request(f"strict decoding error: {listed}")
    schema.default(obj, resource.schema)
    causes: list[Cause] = []
    schema.validate(obj, resource.schema, "", causes)
    if not causes:
        rules.check(obj, old, resource.schema, causes)
    if causes:
        raise statuses.invalid(resource, obj["metadata"]["name"], causes)
    return tuple(f'unknown field "{path}"' for path in unknown) if options.validation == "Warn" else ()


def success(resource: Resource, stored: Stored) -> bytes:
    """The Status that answers a delete."""
    details = {"name": stored.name, "kind": resource.plural, "uid": stored.uid}
    if resource.group:
        details["group"] = resource.group
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    return msgspec.json.encode(body)
