"""What a served resource is, and the registry of those one server serves; no object is kept here."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from mcidns.emulator import statuses
from mcidns.emulator.fields import PLAIN, Shape
from mcidns.emulator.statuses import Json

GroupResource = tuple[str, str]
Convert = Callable[[Json], Json]
ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Column:
    """One printer column; `path` is the JSONPath of `additionalPrinterColumns`."""

    name: str
    path: str
    type: str = "string"
    priority: int = 0
    description: str = ""


@dataclass(frozen=True, eq=False)
class Resource:
    """One group, version and plural, and the rules that hold for its objects."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    singular: str = ""
    list_kind: str = ""
    status: bool = False
    keeps_generation: bool = False
    custom: bool = False
    create_on_update: bool = False
    needs_version: bool = False
    verbs: tuple[str, ...] = ALL_VERBS
    schema: Mapping[str, object] | None = None
    shape: Shape = PLAIN
    columns: tuple[Column, ...] = ()
    selectable: tuple[str, ...] = ()
    stored_as: GroupResource | None = None
    to_stored: Convert | None = None
    from_stored: Convert | None = None
    preferred: bool = True
    extra: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def key(self) -> GroupResource:
        """Where the objects lie: versions of one resource share it."""
        return self.stored_as or (self.group, self.plural)

    @cached_property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @cached_property
    def qualified(self) -> str:
        """`plural.group`, as messages spell it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @cached_property
    def prefix(self) -> bytes:
        """The opening of an encoded object, up to where its own fields follow."""
        return msgspec.json.encode({"kind": self.kind, "apiVersion": self.api_version})[:-1] + b","

    @cached_property
    def plural_kind(self) -> str:
        return self.list_kind or f"{self.kind}List"

    @cached_property
    def base(self) -> str:
        """The path under which the group and version are served."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    def path(self, name: str = "", namespace: str = "") -> str:
        """The URL path of the collection, or of one object."""
        inside = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{self.base}{inside}/{self.plural}" + (f"/{name}" if name else "")


class Registry:
    """The resources one server serves at the moment; custom ones come and go."""

    def __init__(self, builtins: Iterable[Resource]) -> None:
        self._served: dict[tuple[str, str, str], Resource] = {}
        self._kinds: dict[tuple[str, str], Resource] = {}
        self.revision = 0
        for resource in builtins:
            self._add(resource)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._served.values())

    def _add(self, resource: Resource) -> None:
        self._served[resource.group, resource.version, resource.plural] = resource
        self._kinds[resource.api_version, resource.kind] = resource

    def replace(self, key: GroupResource, resources: Iterable[Resource]) -> None:
        """Serve exactly these versions of a resource from now on; none withdraws it."""
        for one in [one for one in self if one.custom and one.key == key]:
            del self._served[one.group, one.version, one.plural]
            self._kinds.pop((one.api_version, one.kind), None)
        for one in resources:
            self._add(one)
        self.revision += 1

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        return self._served.get((group, version, plural))

    def of_object(self, obj: Json) -> Resource:
        """The resource an object's apiVersion and kind name; raises StatusError 404."""
        found = self._kinds.get((str(obj.get("apiVersion")), str(obj.get("kind"))))
        if found is None:
            text = f"no resource serves {obj.get('apiVersion')} {obj.get('kind')}; install its CRD first"
            raise statuses.StatusError(404, "NotFound", text)
        return found

    def of_key(self, key: GroupResource) -> Resource | None:
        """A version of the resource stored under this key, the storage one if it is served."""
        matching = [one for one in self if (one.group, one.plural) == key]
        return next((one for one in matching if one.preferred), matching[0] if matching else None)

    def resolve(self, word: str) -> Resource:
        """A resource by plural, `plural.group`, Kind or short name; raises StatusError 404."""
        for one in self:
            if word in (one.plural, one.qualified, one.kind, *one.short_names):
                return one
        raise statuses.StatusError(404, "NotFound", f'no resource is called "{word}"; install its CRD first')

    def in_version(self, group: str, version: str) -> list[Resource]:
        return [one for one in self if (one.group, one.version) == (group, version)]

    def groups(self) -> dict[str, list[str]]:
        """Each named group with its versions, preferred first."""
        found: dict[str, list[str]] = {}
        for one in self:
            versions = found.setdefault(one.group, [])
            if one.version not in versions:
                versions.append(one.version)
        return {group: sorted(versions, key=_rank) for group, versions in found.items()}


def _rank(version: str) -> tuple[int, int, int, str]:
    """Kubernetes' version priority: v2, v1, v1beta2, v1beta1, v1alpha1, then the rest by name."""
    stage = {"alpha": 2, "beta": 1}
    digits = version[1:]
    for word, place in stage.items():
        if version.startswith("v") and word in digits:
            major, _, minor = digits.partition(word)
            if major.isdigit() and minor.isdigit():
                return (place, -int(major), -int(minor), version)
    if version.startswith("v") and digits.isdigit():
        return (0, -int(digits), 0, version)
    return (3, 0, 0, version)
