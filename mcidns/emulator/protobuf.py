"""The few objects kubectl insists on sending as protobuf, turned into JSON; everything else is sent as JSON and decoded elsewhere.

Field numbers are those of `generated.proto` in k8s.io/api and k8s.io/apimachinery.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mcidns.emulator.statuses import Json

_MAGIC: Final = b"k8s\x00"


class NotDecodable(ValueError):
    """No protobuf this module knows."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message; `kind` is text, bytes, number, truth, or the fields of a message; maps have text keys."""

    name: str
    kind: "str | Mapping[int, Field]" = "text"
    repeated: bool = False
    mapped: bool = False


Message = Mapping[int, Field]

_META: Final[Message] = {
    1: Field("name"),
    2: Field("generateName"),
    3: Field("namespace"),
    5: Field("uid"),
    6: Field("resourceVersion"),
    11: Field("labels", mapped=True),
    12: Field("annotations", mapped=True),
    14: Field("finalizers", repeated=True),
}
_ATTRIBUTES: Final[Message] = {
    1: Field("namespace"),
    2: Field("verb"),
    3: Field("group"),
    4: Field("version"),
    5: Field("resource"),
    6: Field("subresource"),
    7: Field("name"),
}
_RULE: Final[Message] = {
    1: Field("verbs", repeated=True),
    2: Field("apiGroups", repeated=True),
    3: Field("resources", repeated=True),
    4: Field("resourceNames", repeated=True),
}
_SUBJECT: Final[Message] = {1: Field("kind"), 2: Field("apiGroup"), 3: Field("name"), 4: Field("namespace")}
_REFERENCE: Final[Message] = {1: Field("apiGroup"), 2: Field("kind"), 3: Field("name")}
_OWN: Final = Field("metadata", _META)
_ROLE: Final[Message] = {1: _OWN, 2: Field("rules", _RULE, repeated=True)}
_BINDING: Final[Message] = {1: _OWN, 2: Field("subjects", _SUBJECT, repeated=True), 3: Field("roleRef", _REFERENCE)}

KNOWN: Final[Mapping[str, Message]] = {
    "Namespace": {1: _OWN},
    "ServiceAccount": {1: _OWN},
    "ConfigMap": {1: _OWN, 2: Field("data", mapped=True), 3: Field("binaryData", "bytes", mapped=True)},
    "Secret": {1: _OWN, 2: Field("data", "bytes", mapped=True), 3: Field("type"), 4: Field("stringData", mapped=True)},
    "Role": _ROLE,
    "ClusterRole": _ROLE,
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
    "SelfSubjectAccessReview": {1: _OWN, 2: Field("spec", {1: Field("resourceAttributes", _ATTRIBUTES)})},
    "SelfSubjectRulesReview": {1: _OWN, 2: Field("spec", {1: Field("namespace")})},
    "TokenRequest": {1: _OWN, 2: Field("spec", {1: Field("audiences", repeated=True), 4: Field("expirationSeconds", "number")})},
    "DeleteOptions": {
        1: Field("gracePeriodSeconds", "number"),
        2: Field("preconditions", {1: Field("uid"), 2: Field("resourceVersion")}),
        4: Field("propagationPolicy"),
        5: Field("dryRun", repeated=True),
    },
}
_TYPE: Final[Message] = {1: Field("apiVersion"), 2: Field("kind")}
_ENVELOPE: Final[Message] = {1: Field("type", _TYPE), 2: Field("raw", "raw")}


def decode(data: bytes) -> Json:
    """The object in Kubernetes' envelope; raises NotDecodable with what to do instead."""
    if not data.startswith(_MAGIC):
        raise NotDecodable("the body does not begin as Kubernetes' protobuf does")
    envelope = _message(data[len(_MAGIC) :], _ENVELOPE)
    kind = envelope.get("type", {}).get("kind", "")
    if kind not in KNOWN:
        raise NotDecodable(f"a {kind or 'nameless kind'} is read as JSON only; pass it through `kubectl apply -f`")
    return {**envelope["type"], **_message(envelope.get("raw", b""), KNOWN[kind])}


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(data):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
    raise NotDecodable("the protobuf is cut short")


def _parts(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, place = _varint(data, place)
            yield number, value
            continue
        if wire == 2:
            size, place = _varint(data, place)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise NotDecodable(f"wire type {wire} is not part of protobuf 3")
        if place + size > len(data):
            raise NotDecodable("the protobuf is cut short")
        yield number, data[place : place + size]
        place += size


def _message(data: bytes, fields: Message) -> Json:
    found: dict[str, Any] = {}
    for number, raw in _parts(data):
        field = fields.get(number)
        if field is None:
            continue
        if field.mapped and isinstance(raw, bytes):
            entry = _message(raw, {1: Field("key"), 2: Field("value", field.kind)})
            found.setdefault(field.name, {})[entry.get("key", "")] = entry.get("value", "")
        elif field.repeated:
            found.setdefault(field.name, []).append(_value(raw, field))
        elif (value := _value(raw, field)) not in ("", {}):
            found[field.name] = value
    return found


def _value(raw: int | bytes, field: Field) -> Any:
    if isinstance(raw, int):
        return raw - (1 << 64) if raw >= 1 << 63 else raw
    if field.kind == "raw":
        return raw
    if field.kind == "bytes":
        return base64.b64encode(raw).decode()
    if not isinstance(field.kind, str):
        return _message(raw, field.kind)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise NotDecodable(f"{field.name} is no text") from error
