"""What follows from a stored change: namespaces empty, definitions take effect, dependents go; no request is read here."""

from collections.abc import Callable
from typing import Final

from mcidns.emulator import accounts, definitions
from mcidns.emulator.accounts import Accounts
from mcidns.emulator.resources import GroupResource, Registry, Resource
from mcidns.emulator.statuses import Json
from mcidns.emulator.storage import Storage, Stored

NAMESPACES: Final[GroupResource] = ("", "namespaces")
Delete = Callable[[Resource, Stored], object]


class Lifecycle:
    """Does at once, inside the write that caused it, what a control plane's controllers do a little later."""

    def __init__(self, storage: Storage, registry: Registry, tokens: Accounts, *, collect_garbage: bool) -> None:
        self._storage = storage
        self._registry = registry
        self._tokens = tokens
        self._collects = collect_garbage
        self._dependents: dict[str, set[tuple[GroupResource, str, str]]] = {}

    def is_container(self, resource: Resource) -> bool:
        """Deleting the object means deleting what is in it first."""
        return resource.key in (NAMESPACES, definitions.KEY)

    def stored(self, resource: Resource, stored: Stored, obj: Json, now: str) -> Stored:
        """Called after an object was written; returns its newest version."""
        if self._collects and stored.uid:
            for owner in obj["metadata"].get("ownerReferences") or ():
                place = (resource.key, stored.namespace, stored.name)
                self._dependents.setdefault(owner.get("uid", ""), set()).add(place)
        if resource.key == accounts.SECRETS:
            self._tokens.fill(obj)
        if resource.key == definitions.KEY and "deletionTimestamp" not in obj["metadata"]:
            self._registry.replace(definitions.group_resource(obj), definitions.served(obj))
            complete = definitions.established(obj, now)
            if complete["status"] != obj.get("status"):
                return self._storage.put(resource.key, complete)
        return stored

    def holds(self, resource: Resource, stored: Stored) -> bool:
        """Something is left in a namespace or of a definition."""
        if resource.key == definitions.KEY:
            return bool(self._storage.objects(definitions.group_resource(stored.decoded(resource))))
        if resource.key != NAMESPACES:
            return False
        others = (self._storage.objects(key) for key in self._storage.occupied() if key != NAMESPACES)
        return any(one.namespace == stored.name for objects in others for one in objects.values())

    def contents(self, resource: Resource, stored: Stored) -> list[tuple[Resource, Stored]]:
        """What a namespace or a definition holds."""
        if resource.key == NAMESPACES:
            keys = [key for key in self._storage.occupied() if key != NAMESPACES]
        elif resource.key == definitions.KEY:
            keys = [definitions.group_resource(stored.decoded(resource))]
        else:
            return []
        found = []
        for key in keys:
            served = self._registry.of_key(key)
            if served is not None and (served.namespaced or resource.key != NAMESPACES):
                inside = [one for one in self._storage.ordered(key) if resource.key != NAMESPACES or one.namespace == stored.name]
                found += [(served, one) for one in inside]
        return found

    def removed(self, resource: Resource, gone: Stored, delete: Delete) -> None:
        """Called after an object has gone: finish its terminating container, collect its dependents."""
        if resource.key == definitions.KEY:
            self._registry.replace(definitions.group_resource(gone.decoded(resource)), ())
        if resource.key == accounts.ACCOUNTS:
            self._tokens.forget(gone)
        if resource.custom:
            self._finish(definitions.KEY, "", f"{resource.plural}.{resource.group}", delete)
        if gone.namespace:
            self._finish(NAMESPACES, "", gone.namespace, delete)
        for key, namespace, name in sorted(self._dependents.pop(gone.uid, ())):
            dependent = self._storage.get(key, namespace, name)
            served = self._registry.of_key(key)
            if dependent is not None and served is not None and self._only_owned_by(dependent, served, gone.uid):
                delete(served, dependent)

    def _only_owned_by(self, dependent: Stored, resource: Resource, uid: str) -> bool:
        owners = dependent.decoded(resource)["metadata"].get("ownerReferences") or ()
        return bool(owners) and all(owner.get("uid") == uid for owner in owners)

    def _finish(self, key: GroupResource, namespace: str, name: str, delete: Delete) -> None:
        container = self._storage.get(key, namespace, name)
        resource = self._registry.of_key(key)
        if container is None or resource is None or b'"deletionTimestamp"' not in container.body:
            return
        meta = container.decoded(resource)["metadata"]
        if "deletionTimestamp" in meta and not meta.get("finalizers") and not self.holds(resource, container):
            delete(resource, container)
