"""OpenAPI v3 documents, as far as kubectl reads them: which operations take which query, and the schemas of custom resources."""

import hashlib
from typing import Any, Final

from mcidns.emulator.resources import Registry, Resource
from mcidns.emulator.statuses import Json

_QUERY: Final = ("dryRun", "fieldManager", "fieldValidation", "force")
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_PATCHES: Final = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)


def _path(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def index(registry: Registry) -> Json:
    """/openapi/v3: one document per group and version; its hash changes with what is served."""
    paths: Json = {}
    for group, versions in registry.groups().items():
        for version in versions:
            path = _path(group, version)
            served = [resource.kind for resource in registry.in_version(group, version)]
            mark = hashlib.sha256(repr((registry.revision, path, served)).encode()).hexdigest()
            paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={mark}"}
    return {"paths": paths}


def document(registry: Registry, group: str, version: str) -> Json | None:
    """/openapi/v3/apis/<group>/<version>; None if that is not served."""
    served = registry.in_version(group, version)
    if not served:
        return None
    paths: Json = {}
    schemas: Json = {_META: {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    for resource in served:
        schemas[_name(resource)] = _schema(resource)
        namespace = "{namespace}" if resource.namespaced else ""
        paths[resource.path(namespace=namespace)] = {"post": _operation(resource, "post")}
        single = {verb: _operation(resource, verb) for verb in ("get", "put", "patch", "delete")}
        paths[resource.path("{name}", namespace)] = single
        if resource.status:
            paths[resource.path("{name}", namespace) + "/status"] = {verb: single[verb] for verb in ("get", "put", "patch")}
    info = {"title": "Kubernetes", "version": "v1.36.2"}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


def _name(resource: Resource) -> str:
    return ".".join([*reversed((resource.group or "core.api.k8s.io").split(".")), resource.version, resource.kind])


def _identity(resource: Resource) -> Json:
    return {"group": resource.group, "kind": resource.kind, "version": resource.version}


def _schema(resource: Resource) -> Json:
    known: Any = resource.schema or {"x-kubernetes-preserve-unknown-fields": True}
    properties = dict(known.get("properties") or {})
    properties["apiVersion"] = properties["kind"] = {"type": "string"}
    properties["metadata"] = {"allOf": [{"$ref": f"#/components/schemas/{_META}"}], "default": {}}
    schema = {**known, "type": "object", "properties": properties}
    return schema | {"x-kubernetes-group-version-kind": [_identity(resource)]}


def _operation(resource: Resource, verb: str) -> Json:
    ref = {"schema": {"$ref": f"#/components/schemas/{_name(resource)}"}}
    forms = _PATCHES if verb == "patch" else ("application/json",)
    operation: Json = {
        "x-kubernetes-action": verb,
        "x-kubernetes-group-version-kind": _identity(resource),
        "responses": {"200": {"description": "OK", "content": {"application/json": ref}}},
    }
    if verb in ("post", "put", "patch"):
        operation["parameters"] = [
            {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}} for name in _QUERY
        ]
        operation["requestBody"] = {"content": dict.fromkeys(forms, ref)}
    return operation
