"""From a URL path, query and body to what a request is about; nothing is looked up but which resource a path names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
import yaml

from mcidns.emulator import protobuf, statuses, writes
from mcidns.emulator.objects import Place
from mcidns.emulator.resources import Registry
from mcidns.emulator.statuses import Cause
from mcidns.emulator.writes import Options

_VALIDATIONS: Final = ("Strict", "Warn", "Ignore")


@dataclass(frozen=True, slots=True)
class Target:
    """The resource, object and subresource a path names."""

    where: Place
    subresource: str = ""


def target(path: str, registry: Registry) -> Target | None:
    """What a path names, None if it is no path of a resource; raises StatusError 404."""
    parts = [part for part in path.split("/") if part]
    if parts[:2] == ["api", "v1"] and len(parts) > 2:
        group, version, rest = "", "v1", parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    inside = rest[0] == "namespaces" and len(rest) > 2
    if inside and not (not group and len(rest) == 3 and rest[2] in ("status", "finalize")):
        namespace, rest = rest[1], rest[2:]
    resource = registry.find(group, version, rest[0])
    if resource is None or len(rest) > 3 or (namespace and not resource.namespaced):
        raise statuses.no_such_path()
    name, subresource = [*rest, "", ""][1:3]
    served = (["status"] if resource.status else []) + list(resource.extra)
    if subresource and subresource not in served:
        raise statuses.no_such_path()
    if name and resource.namespaced and not namespace:
        raise statuses.no_such_path()
    return Target(Place(resource, namespace, name), subresource)


def query(text: str) -> dict[str, str]:
    """The query; of a repeated parameter the first counts."""
    return dict(reversed(parse_qsl(text, keep_blank_values=True))) if text else {}


def options(asked: Mapping[str, str], subresource: str, agent: str, content_type: str = "") -> Options:
    """The options of a write; raises StatusError 422."""
    manager = asked.get("fieldManager", "")
    kind = "PatchOptions" if content_type else "UpdateOptions"
    causes = []
    if content_type == writes.APPLY and not manager:
        causes.append(Cause("FieldValueRequired", "Required value: is required for apply patch", "fieldManager"))
    if asked.get("force") is not None and content_type and content_type != writes.APPLY:
        causes.append(Cause("FieldValueForbidden", "Forbidden: may not be specified for non-apply patch", "force"))
    validation = asked.get("fieldValidation") or "Warn"
    if validation not in _VALIDATIONS:
        text = f'Unsupported value: "{validation}": supported values: "Ignore", "Strict", "Warn"'
        causes.append(Cause("FieldValueNotSupported", text, "fieldValidation"))
    dry = asked.get("dryRun", "")
    if dry not in ("", "All"):
        text = f'Unsupported value: "{dry}": supported values: "All"'
        causes.append(Cause("FieldValueNotSupported", text, "dryRun"))
    if causes:
        raise statuses.invalid_kind((kind, "meta.k8s.io"), "", causes)
    return Options(
        manager=manager or agent.partition("/")[0] or "unknown",
        dry_run=dry == "All",
        validation=validation,
        subresource=subresource,
        force=asked.get("force") in ("true", "1"),
    )


class _Loader(yaml.SafeLoader):
    """YAML as Kubernetes reads it: a date is a string."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in listed if tag != "tag:yaml.org,2002:timestamp"]
    for first, listed in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def document(raw: bytes, content_type: str) -> Any:
    """A body as JSON or YAML; raises StatusError 400 for a malformed one and 415 for another form."""
    if "protobuf" in content_type:
        try:
            return protobuf.decode(raw)
        except protobuf.NotDecodable as error:
            raise statuses.unsupported_media(str(error)) from error
    if "cbor" in content_type:
        raise statuses.unsupported_media(f"this server reads JSON and YAML, not {content_type}")
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if "yaml" not in content_type:
            raise statuses.bad_request(f"the object provided is unrecognized (must be of type JSON): {error}") from error
    try:
        return yaml.load(raw, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise statuses.bad_request(f"error decoding YAML: {error}") from error
