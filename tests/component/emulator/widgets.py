"""A custom kind with every trait the tests ask about; each test serves it under a group of its own."""

import uuid
from typing import Any

from tests.component.emulator.client import Api, Json, until

_PART = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "slot": {"type": "string", "default": "front"},
        "weight": {"type": "integer"},
    },
}
_CONDITION = {
    "type": "object",
    "required": ["type", "status"],
    "properties": {"type": {"type": "string"}, "status": {"type": "string"}, "reason": {"type": "string"}},
}
SPEC: Json = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 100},
        "mode": {"type": "string", "enum": ["Fast", "Slow"], "default": "Fast"},
        "host": {"type": "string", "pattern": "^[a-z.]+$", "maxLength": 20},
        "port": {"x-kubernetes-int-or-string": True},
        "parts": {
            "type": "array",
            "maxItems": 4,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name", "slot"],
            "items": _PART,
        },
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "order": {"type": "array", "items": {"type": "string"}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "window": {
            "type": "object",
            "properties": {"low": {"type": "integer"}, "high": {"type": "integer"}},
            "x-kubernetes-validations": [{"rule": "self.low <= self.high", "message": "low must not be above high"}],
        },
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
STATUS: Json = {
    "type": "object",
    "properties": {
        "ready": {"type": "boolean"},
        "conditions": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
            "items": _CONDITION,
        },
    },
}
COLUMNS = [
    {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
    {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
]


def definition(group: str, scope: str = "Namespaced", **version: Any) -> Json:
    """The CustomResourceDefinition."""
    schema = {"type": "object", "required": ["spec"], "properties": {"spec": SPEC, "status": STATUS}}
    first = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": COLUMNS,
        "schema": {"openAPIV3Schema": schema},
        **version,
    }
    names = {"plural": "widgets", "kind": "Widget", "shortNames": ["wi"], "categories": ["toys"]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "scope": scope, "names": names, "versions": [first]},
    }


DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class Widgets:
    """The kind as one test serves it."""

    def __init__(self, api: Api, group: str) -> None:
        self.api = api
        self.group = group

    def path(self, name: str = "") -> str:
        return self.api.path("widgets", name, f"{self.group}/v1")

    def obj(self, name: str = "w", *, labels: Json | None = None, status: Json | None = None, **spec: Any) -> Json:
        meta: Json = {"name": name} | ({"labels": labels} if labels else {})
        body = {"apiVersion": f"{self.group}/v1", "kind": "Widget", "metadata": meta, "spec": {"size": 1} | spec}
        return body | ({"status": status} if status is not None else {})

    def config(self, name: str = "w", **spec: Any) -> Json:
        """A partial object to apply: only what is given."""
        return {"apiVersion": f"{self.group}/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec}


async def serve(api: Api, **version: Any) -> Widgets:
    """Install the kind under a group of its own, and wait until it is served."""
    group = f"t{uuid.uuid4().hex[:8]}.example.org"
    answer = await api.create(DEFINITIONS, definition(group, **version))
    assert answer.code == 201, answer.body
    widgets = Widgets(api, group)

    async def served() -> bool:
        return (await api.get(widgets.path())).code == 200

    await until(served, "the kind to be served")
    return widgets
