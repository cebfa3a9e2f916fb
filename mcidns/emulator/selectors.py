"""Label and field selectors as predicates over stored objects; parsing and matching only."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from mcidns.emulator import statuses
from mcidns.emulator.resources import Resource
from mcidns.emulator.storage import Stored

Matcher = Callable[[Mapping[str, str]], bool]

_KEY = r"[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?"
_SET = re.compile(rf"^(?P<key>{_KEY})\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)$")
_EQUALITY = re.compile(rf"^(?P<key>{_KEY})\s*(?P<op>==|=|!=)\s*(?P<value>[-A-Za-z0-9_.]*)$")
_EXISTS = re.compile(rf"^(?P<no>!?)\s*(?P<key>{_KEY})$")
_COMMON_FIELDS = ("metadata.name", "metadata.namespace")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects of a resource a request is about."""

    resource: Resource
    namespace: str = ""
    labels: tuple[Matcher, ...] = ()
    fields: tuple[tuple[str, str, bool], ...] = ()

    @property
    def narrowed(self) -> bool:
        """A selector is given, so that a list cannot know how much is left."""
        return bool(self.labels or self.fields)

    def matches(self, stored: Stored | None) -> bool:
        """The object exists and is selected."""
        if stored is None or (self.namespace and stored.namespace != self.namespace):
            return False
        if self.labels and not all(matcher(stored.labels) for matcher in self.labels):
            return False
        return not self.fields or all(
            (_field(stored, path, self.resource) == value) is wanted for path, value, wanted in self.fields
        )


def _field(stored: Stored, path: str, resource: Resource) -> str:
    if path == "metadata.name":
        return stored.name
    if path == "metadata.namespace":
        return stored.namespace
    value: Any = stored.decoded(resource) if resource.from_stored else msgspec.json.decode(stored.body)
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def parse_labels(text: str) -> tuple[Matcher, ...]:
    """A label selector, equality or set based; raises StatusError 400."""
    return tuple(_requirement(part.strip(), text) for part in _split(text)) if text.strip() else ()


def _split(text: str) -> list[str]:
    """The requirements between the commas that stand outside parentheses."""
    return re.split(r",(?![^(]*\))", text)


def _requirement(part: str, whole: str) -> Matcher:
    if found := _SET.match(part):
        key, values = found["key"], frozenset(value.strip() for value in found["values"].split(","))
        if found["op"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found := _EQUALITY.match(part):
        key, value = found["key"], found["value"]
        if found["op"] == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _EXISTS.match(part):
        key, wanted = found["key"], not found["no"]
        return lambda labels: (key in labels) is wanted
    raise statuses.bad_request(f'unable to parse requirement "{part}" of label selector "{whole}"')


def parse_fields(text: str, resource: Resource) -> tuple[tuple[str, str, bool], ...]:
    """A field selector; raises StatusError 400 for a field the resource does not offer."""
    found = []
    for part in text.split(",") if text else []:
        key, equals, value = part.partition("=")
        wanted = not key.endswith("!")
        if not equals:
            raise statuses.bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        key = key.rstrip("!").strip()
        if key not in _COMMON_FIELDS and key not in resource.selectable:
            raise statuses.bad_request(f'field label not supported: "{key}"')
        found.append((key, value.removeprefix("=").strip(), wanted))
    return tuple(found)


def only_name(text: str) -> str:
    """The one name that a field selector asks for, by which RBAC's resourceNames hold for lists and watches too."""
    named = [part.partition("=")[2].removeprefix("=") for part in text.split(",") if re.match(r"metadata\.name==?[^=]", part)]
    return named[0].strip() if named else ""


def select(resource: Resource, namespace: str, query: Mapping[str, str]) -> Selection:
    """The selection a list or watch asks for; raises StatusError 400."""
    labels = parse_labels(query.get("labelSelector", ""))
    return Selection(resource, namespace, labels, parse_fields(query.get("fieldSelector", ""), resource))
