"""From a CustomResourceDefinition to the resources it serves, and what is refused in one; nothing is stored or served here."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mcidns.emulator import fields, resources, rules
from mcidns.emulator.fields import Keyed, Names, Shape
from mcidns.emulator.resources import Column, Resource
from mcidns.emulator.statuses import Cause, Json

KEY: Final = ("apiextensions.k8s.io", "customresourcedefinitions")
_AGE: Final = Column("Age", ".metadata.creationTimestamp", "date")


def fill(definition: Json) -> None:
    """Default the parts of a definition that a real server defaults."""
    spec = definition.get("spec")
    if not isinstance(spec, dict) or not isinstance(spec.get("names"), dict):
        return
    names = spec["names"]
    kind = str(names.get("kind", ""))
    names.setdefault("singular", kind.lower())
    names.setdefault("listKind", f"{kind}List")
    spec.setdefault("conversion", {"strategy": "None"})
    definition.setdefault("status", {})


def causes(definition: Json) -> list[Cause]:
    """What is wrong with a definition."""
    spec = definition.get("spec")
    if not isinstance(spec, dict):
        return [Cause("FieldValueRequired", "Required value", "spec")]
    names = spec.get("names") or {}
    required = {"spec.group": spec.get("group"), "spec.names.plural": names.get("plural"), "spec.names.kind": names.get("kind")}
    found = [Cause("FieldValueRequired", "Required value", field) for field, value in required.items() if not value]
    expected = f"{names.get('plural')}.{spec.get('group')}"
    if not found and definition["metadata"].get("name") != expected:
        text = f'Invalid value: "{definition["metadata"].get("name")}": must be spec.names.plural+"."+spec.group'
        found.append(Cause("FieldValueInvalid", text, "metadata.name"))
    if spec.get("scope") not in ("Namespaced", "Cluster"):
        text = f'Unsupported value: "{spec.get("scope")}": supported values: "Cluster", "Namespaced"'
        found.append(Cause("FieldValueNotSupported", text, "spec.scope"))
    versions = spec.get("versions") or []
    if sum(bool(version.get("storage")) for version in versions) != 1:
        text = "Invalid value: must have exactly one version marked as storage version"
        found.append(Cause("FieldValueInvalid", text, "spec.versions"))
    for index, version in enumerate(versions):
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        field = f"spec.versions[{index}].schema.openAPIV3Schema"
        if schema is None:
            found.append(Cause("FieldValueRequired", "Required value: schemas are required", field))
        elif schema.get("type") != "object":
            text = f'Invalid value: "{schema.get("type")}": must be object at the root'
            found.append(Cause("FieldValueInvalid", text, f"{field}.type"))
    return found


def served(definition: Json) -> Iterator[Resource]:
    """One resource per served version."""
    spec = definition["spec"]
    names = spec["names"]
    for version in spec["versions"]:
        if not version.get("served", True):
            continue
        schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
        yield Resource(
            group=spec["group"],
            version=version["name"],
            plural=names["plural"],
            kind=names["kind"],
            namespaced=spec["scope"] == "Namespaced",
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            singular=names.get("singular", ""),
            list_kind=names.get("listKind", ""),
            status="status" in (version.get("subresources") or {}),
            keeps_generation=True,
            custom=True,
            needs_version=True,
            schema=schema,
            shape=_shape(schema),
            columns=tuple(_columns(version.get("additionalPrinterColumns"))),
            selectable=tuple(one["jsonPath"].lstrip(".") for one in version.get("selectableFields") or ()),
            preferred=bool(version.get("storage")),
        )


def _columns(listed: Any) -> Iterator[Column]:
    if not listed:
        yield _AGE
    for raw in listed or ():
        kind, description = raw.get("type", "string"), raw.get("description", "")
        yield Column(raw["name"], raw["jsonPath"], kind, raw.get("priority", 0), description)


def _shape(schema: Mapping[str, Any]) -> Shape:
    lists: dict[Names, Keyed] = {}
    atomic: set[Names] = set()
    _collect(schema, (), (lists, atomic))
    return fields.shape(lists, atomic)


def _collect(schema: Mapping[str, Any], names: Names, found: tuple[dict[Names, Keyed], set[Names]]) -> None:
    lists, atomic = found
    items = schema.get("items")
    kind = schema.get("x-kubernetes-list-type")
    if schema.get("x-kubernetes-map-type") == "atomic":
        atomic.add(names)
    if kind == "set":
        lists[names] = Keyed()
    elif kind == "map" and isinstance(items, dict):
        properties = items.get("properties") or {}
        keys = tuple(schema.get("x-kubernetes-list-map-keys") or ())
        defaults = tuple((key, properties[key]["default"]) for key in keys if "default" in properties.get(key, {}))
        lists[names] = Keyed(keys, defaults)
    if isinstance(items, dict):
        _collect(items, names, found)
    for key, inner in (schema.get("properties") or {}).items():
        _collect(inner, (*names, key), found)


def established(definition: Json, now: str) -> Json:
    """The definition with the status that tells it is served."""
    spec = definition["spec"]
    storage = next(version["name"] for version in spec["versions"] if version.get("storage"))
    before = definition.get("status") or {}
    versions = [*(before.get("storedVersions") or []), storage]
    status = {
        "acceptedNames": spec["names"],
        "conditions": [
            _condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
            _condition("Established", "InitialNamesAccepted", "the initial names have been accepted", now),
        ],
        "storedVersions": list(dict.fromkeys(versions)),
    }
    if before.get("conditions"):
        status["conditions"] = before["conditions"]
    return definition | {"status": status}


def _condition(kind: str, reason: str, message: str, now: str) -> Json:
    return {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": now}


def group_resource(definition: Json) -> resources.GroupResource:
    """Where the objects of this definition are stored."""
    return (definition["spec"]["group"], definition["spec"]["names"]["plural"])


def unsupported(definition: Json) -> list[str]:
    """What of a definition this emulator leaves out, in sentences."""
    found: list[str] = []
    for version in definition["spec"]["versions"]:
        found += rules.unsupported((version.get("schema") or {}).get("openAPIV3Schema") or {})
    return found
