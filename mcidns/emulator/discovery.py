"""What the server says it serves: groups, versions, resources, plain and aggregated, and /version; OpenAPI is in `openapi`."""

from typing import Final

from mcidns.emulator.resources import Registry, Resource
from mcidns.emulator.statuses import Json

VERSION: Final = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.2",
    "gitCommit": "emulated",
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "go0",
    "compiler": "mcidns",
    "platform": "emulated",
}
_AGGREGATED: Final = "apidiscovery.k8s.io"


def _subresources(resource: Resource) -> list[tuple[str, str, tuple[str, ...]]]:
    found = [("status", resource.kind, ("get", "patch", "update"))] if resource.status else []
    return found + [(name, kind, ("create",)) for name, kind in resource.extra.items()]


def _singular(resource: Resource) -> str:
    return resource.singular or resource.kind.lower()


def resource_list(registry: Registry, group: str, version: str) -> Json | None:
    """APIResourceList of one group and version; None if it is not served."""
    listed: list[Json] = []
    for one in registry.in_version(group, version):
        entry: Json = {
            "name": one.plural,
            "singularName": _singular(one),
            "namespaced": one.namespaced,
            "kind": one.kind,
            "verbs": list(one.verbs),
            "storageVersionHash": "",
        }
        if one.short_names:
            entry["shortNames"] = list(one.short_names)
        if one.categories:
            entry["categories"] = list(one.categories)
        listed.append(entry)
        listed += [
            {"name": f"{one.plural}/{name}", "singularName": "", "namespaced": one.namespaced, "kind": kind, "verbs": list(verbs)}
            for name, kind, verbs in _subresources(one)
        ]
    if not listed:
        return None
    gv = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": gv, "resources": listed}


def _group(group: str, versions: list[str]) -> Json:
    listed = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
    return {"name": group, "versions": listed, "preferredVersion": listed[0]}


def groups(registry: Registry) -> Json:
    """APIGroupList of /apis."""
    listed = [_group(group, versions) for group, versions in registry.groups().items() if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


def group(registry: Registry, name: str) -> Json | None:
    """APIGroup of /apis/<name>; None if it is not served."""
    versions = registry.groups().get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if name and versions else None


def core(address: str) -> Json:
    """APIVersions of /api."""
    served = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": served}


def wants_aggregated(accept: str) -> str:
    """The version of aggregated discovery the client takes, best first; empty if it wants the plain lists."""
    for part in accept.split(","):
        words = {word.strip() for word in part.split(";")}
        if f"g={_AGGREGATED}" in words and "as=APIGroupDiscoveryList" in words and "application/json" in words:
            return next((word[2:] for word in words if word.startswith("v=")), "")
    return ""


def content_type(version: str) -> str:
    """The Content-Type of an aggregated answer, which clients insist on."""
    return f"application/json;g={_AGGREGATED};v={version};as=APIGroupDiscoveryList"


def aggregated(registry: Registry, version: str, *, is_core: bool) -> Json:
    """APIGroupDiscoveryList of /api or /apis."""
    items = []
    for name, versions in registry.groups().items():
        if bool(name) is not is_core:
            listed = [
                {"version": one, "resources": [_discovered(r) for r in registry.in_version(name, one)], "freshness": "Current"}
                for one in versions
            ]
            items.append({"metadata": {"name": name, "creationTimestamp": None}, "versions": listed})
    api_version = f"{_AGGREGATED}/{version}"
    return {"kind": "APIGroupDiscoveryList", "apiVersion": api_version, "metadata": {}, "items": items}


def _discovered(resource: Resource) -> Json:
    def kind(name: str) -> Json:
        return {"group": resource.group, "version": resource.version, "kind": name}

    entry: Json = {
        "resource": resource.plural,
        "responseKind": kind(resource.kind),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": _singular(resource),
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    nested = [{"subresource": name, "responseKind": kind(of), "verbs": list(verbs)} for name, of, verbs in _subresources(resource)]
    return entry | ({"subresources": nested} if nested else {})
