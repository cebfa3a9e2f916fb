"""Where objects and their history lie, under one revision counter; it knows no rule about their content.

An object is kept encoded, without kind and apiVersion, so that a list or a watch copies bytes and no reader can
change what is stored. The history of each resource is bounded; a reader that fell behind it gets 410.
"""

import asyncio
import random
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from mcidns.emulator import statuses
from mcidns.emulator.resources import GroupResource, Resource
from mcidns.emulator.statuses import Json

Key = tuple[str, str]
_NO_LABELS: Mapping[str, str] = {}


@dataclass(slots=True, eq=False)
class Stored:
    """One version of one object; `body` is its JSON without kind and apiVersion."""

    namespace: str
    name: str
    uid: str
    version: int
    body: bytes
    labels: Mapping[str, str]

    @property
    def key(self) -> Key:
        return (self.namespace, self.name)

    def encoded(self, resource: Resource) -> bytes:
        """The object as JSON in the version of `resource`."""
        if resource.from_stored is not None:
            return msgspec.json.encode(self.decoded(resource))
        return resource.prefix + self.body[1:]

    def decoded(self, resource: Resource) -> Json:
        """The object as a dict of its own, in the version of `resource`."""
        obj: Json = {"kind": resource.kind, "apiVersion": resource.api_version}
        obj.update(msgspec.json.decode(self.body))
        return obj if resource.from_stored is None else resource.from_stored(obj)


@dataclass(slots=True, eq=False)
class Event:
    """One change; `frames` keeps its encoded forms, so that all watchers share them."""

    version: int
    type: str
    new: Stored
    old: Stored | None
    frames: dict[object, bytes] = field(default_factory=dict)


class Log:
    """The bounded history of one resource; a position counts all events there ever were."""

    def __init__(self, capacity: int, floor: int) -> None:
        self._capacity = capacity
        self._events: list[Event] = []
        self._dropped = 0
        self.floor = floor
        self.waiters: set[asyncio.Event] = set()

    def append(self, event: Event) -> None:
        self._events.append(event)
        if len(self._events) >= 2 * self._capacity:
            self.trim(self._events[-self._capacity - 1].version)
        self.wake()

    def wake(self) -> None:
        for waiter in self.waiters:
            waiter.set()

    def trim(self, version: int) -> None:
        """Forget every event up to and including this version."""
        self.floor = max(self.floor, version)
        count = self._after(version)
        self._dropped += count
        del self._events[:count]

    def _after(self, version: int) -> int:
        return bisect_right(self._events, version, key=lambda event: event.version)

    @property
    def end(self) -> int:
        """The position after the last event."""
        return self._dropped + len(self._events)

    def position(self, version: int) -> int:
        """Where to read on after a version; raises StatusError 410 if events after it are forgotten."""
        if version < self.floor:
            raise statuses.expired(version, self.floor + 1)
        return self._dropped + self._after(version)

    def take(self, position: int, most: int | None = None) -> list[Event]:
        """The events from a position on; raises StatusError 410 if the reader has fallen behind the history."""
        start = position - self._dropped
        if start < 0:
            raise statuses.expired(self.floor + start, self.floor + 1)
        return self._events[start:] if most is None else self._events[start : start + most]


class Storage:
    """All objects of one server. Used from one event loop only."""

    def __init__(self, history: int = 4096, first_version: int | None = None) -> None:
        self.version = first_version if first_version is not None else random.randrange(1_000, 900_000)
        self._oldest = self.version
        self._history = history
        self._objects: dict[GroupResource, dict[Key, Stored]] = {}
        self._logs: dict[GroupResource, Log] = {}
        self._order: dict[GroupResource, list[Key]] = {}
        self._pages: OrderedDict[str, tuple[int, list[Stored]]] = OrderedDict()
        self._page = 0

    def objects(self, key: GroupResource) -> Mapping[Key, Stored]:
        return self._objects.get(key, {})

    def occupied(self) -> list[GroupResource]:
        """The resources that have at least one object."""
        return [key for key, objects in self._objects.items() if objects]

    def get(self, key: GroupResource, namespace: str, name: str) -> Stored | None:
        return self._objects.get(key, {}).get((namespace, name))

    def log(self, key: GroupResource) -> Log:
        log = self._logs.get(key)
        if log is None:
            log = self._logs[key] = Log(self._history, self._oldest)
        return log

    def ordered(self, key: GroupResource) -> list[Stored]:
        """Every object of a resource by namespace and name."""
        objects = self._objects.get(key, {})
        order = self._order.get(key)
        if order is None:
            order = self._order[key] = sorted(objects)
        return [objects[one] for one in order]

    def put(self, key: GroupResource, obj: Json) -> Stored:
        """Store an object under the next version, which is written into `obj`; watchers learn of it."""
        self.version += 1
        new = self._stored(obj, self.version)
        log = self.log(key)
        objects = self._objects.setdefault(key, {})
        old = objects.get(new.key)
        if old is None:
            self._order.pop(key, None)
        objects[new.key] = new
        log.append(Event(self.version, "MODIFIED" if old else "ADDED", new, old))
        return new

    def preview(self, obj: Json) -> Stored:
        """What `put` would store, without storing it."""
        return self._stored(obj, int(obj["metadata"].get("resourceVersion") or self.version))

    def _stored(self, obj: Json, version: int) -> Stored:
        meta = obj["metadata"]
        meta["resourceVersion"] = str(version)
        body = {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}
        labels = meta.get("labels") or _NO_LABELS
        encoded = msgspec.json.encode(body)
        return Stored(meta.get("namespace", ""), meta["name"], meta.get("uid", ""), version, encoded, labels)

    def remove(self, key: GroupResource, old: Stored, *, silently: bool = False) -> Stored:
        """Take an object away; the DELETED event carries its last state under the version of the deletion.

        `silently` loses the event: who watched must list again to learn of it.
        """
        self.version += 1
        gone = restamped(old, self.version)
        del self._objects[key][old.key]
        self._order.pop(key, None)
        log = self.log(key)
        if silently:
            log.trim(self.version)
        else:
            log.append(Event(self.version, "DELETED", gone, old))
        return gone

    def compact(self, key: GroupResource | None = None) -> None:
        """Forget the history (of one resource); the pages of chunked lists expire with it."""
        if key is None:
            self._oldest = self.version
        for one in list(self._logs) if key is None else [key]:
            self.log(one).trim(self.version)
        self._pages.clear()

    def at(self, key: GroupResource, version: int) -> list[Stored]:
        """The objects as they were at a version; raises StatusError 410 if that is forgotten."""
        state = dict(self.objects(key))
        log = self.log(key)
        for event in reversed(log.take(log.position(version))):
            if event.old is None:
                state.pop(event.new.key, None)
            else:
                state[event.old.key] = event.old
        return [state[one] for one in sorted(state)]

    def keep_page(self, version: int, rest: list[Stored]) -> str:
        """Keep the rest of a chunked list; the oldest of 64 are forgotten."""
        self._page += 1
        token = str(self._page)
        self._pages[token] = (version, rest)
        while len(self._pages) > 64:
            self._pages.popitem(last=False)
        return token

    def page(self, token: str) -> tuple[int, list[Stored]]:
        """What `keep_page` kept; raises StatusError 410 if that is forgotten."""
        kept = self._pages.get(token)
        if kept is None:
            raise statuses.expired_continue()
        return kept


def restamped(stored: Stored, version: int) -> Stored:
    """The same object under another resourceVersion."""
    body = msgspec.json.decode(stored.body)
    body["metadata"]["resourceVersion"] = str(version)
    return Stored(stored.namespace, stored.name, stored.uid, version, msgspec.json.encode(body), stored.labels)
