"""What a zone holds, as last read and patched by our own writes, with an index of what is ours; reading it lives elsewhere."""

from collections.abc import Collection, Iterable, Iterator
from typing import Protocol, runtime_checkable

from mcidns.model.names import DnsName
from mcidns.model.records import Change, RecordKey, RecordSet
from mcidns.program.standing import Rules
from mcidns.provider import Content

_STEP = 256


@runtime_checkable
class ListsTexts(Protocol):
    """A content that finds its TXT sets without decoding the rest."""

    def texts(self) -> Iterator[RecordSet]:
        """Every TXT set of the zone."""
        ...


class Mirror:
    """A base as read and an overlay of what changed or was asked for; a change costs what it touches, whatever the zone's size.

    `scan` must have run to its end before the index is asked. `knows` is True of every name once the zone was listed, else
    only of names that were looked at.
    """

    def __init__(self, rules: Rules, base: Content | None = None) -> None:
        self._rules = rules
        self._listed = base is not None
        self._base: Content = base if base is not None else {}
        self._overlay: dict[DnsName, tuple[RecordSet, ...]] = {}
        self._grown = 0
        self._hosts: dict[DnsName, dict[DnsName, str]] = {}
        self._places: dict[DnsName, tuple[DnsName, ...]] = {}
        self._resources: dict[str, dict[DnsName, None]] = {}

    def at(self, name: DnsName) -> tuple[RecordSet, ...]:
        """All record sets at a name."""
        known = self._overlay.get(name)
        if known is None:
            known = self._base.get(name, ())
            if self._listed:
                # A base decodes at every question; names that are asked for are few and asked for again, absent ones too.
                self._overlay[name] = known
        return known

    def knows(self, name: DnsName) -> bool:
        """Whether `at` speaks of the zone, not of our ignorance."""
        return self._listed or name in self._overlay

    def __len__(self) -> int:
        return len(self._base) + self._grown

    def scan(self) -> Iterator[None]:
        """Index the ownership in the base; yields now and then so that the caller can give way."""
        for count, records in enumerate(self._texts()):
            if records.key.type == "TXT" and self._rules.names.may_own(records):
                self._index(records.key.name, self.at(records.key.name))
            if not count % _STEP:
                yield

    def _texts(self) -> Iterator[RecordSet]:
        if isinstance(self._base, ListsTexts):
            return self._base.texts()
        return (records for sets in self._base.values() for records in sets)

    def absorb(self, names: Iterable[tuple[DnsName, tuple[RecordSet, ...]]]) -> set[DnsName]:
        """Take in the present content of these names; those that differ from what was believed."""
        changed = set()
        for name, sets in names:
            before = self.at(name)
            if self.knows(name) and self._same(before, sets):
                continue
            changed.add(name)
            self._put(name, before, sets)
        return changed

    @staticmethod
    def _same(one: tuple[RecordSet, ...], other: tuple[RecordSet, ...]) -> bool:
        return one == other or (len(one) == len(other) and set(one) == set(other))

    def patch(self, batch: Iterable[Change]) -> None:
        """Our changes were written: believe them."""
        overlay = self._overlay
        for change in batch:
            for edit in change.edits:
                key, new = edit.key, edit.new
                if new == edit.old:
                    continue
                name = key.name
                before = overlay.get(name)
                if before is None:
                    before = self.at(name)
                if before:
                    others = tuple([records for records in before if records.key != key])
                    self._put(name, before, others if new is None else (*others, new))
                else:
                    self._put(name, (), () if new is None else (new,))

    def _put(self, name: DnsName, before: tuple[RecordSet, ...], sets: tuple[RecordSet, ...]) -> None:
        self._grown += bool(sets) - bool(before)
        self._overlay[name] = sets
        if name in self._places:
            self._unindex(name)
        for records in sets:
            if records.key.type == "TXT":
                self._index(name, sets)
                break

    def _unindex(self, place: DnsName) -> None:
        for host in self._places.pop(place):
            places = self._hosts[host]
            self._unlabel(places.pop(place), host)
            if not places:
                del self._hosts[host]

    def _index(self, place: DnsName, sets: tuple[RecordSet, ...]) -> None:
        names = self._rules.names
        resource = names.resource(sets)
        if resource is None:
            return
        hosts = self._places[place] = names.hosts(place)
        for host in hosts:
            places = self._hosts.get(host)
            if places is None:
                self._hosts[host] = {place: resource}
            else:
                places[place] = resource
            labelled = self._resources.get(resource)
            if labelled is None:
                self._resources[resource] = {host: None}
            else:
                labelled[host] = None

    def _unlabel(self, resource: str, host: DnsName) -> None:
        if resource in self._hosts.get(host, {}).values():
            return
        labelled = self._resources[resource]
        labelled.pop(host, None)
        if not labelled:
            del self._resources[resource]

    @property
    def owned(self) -> Collection[DnsName]:
        """Host names for which an ownership record of ours stands, with or without records."""
        return self._hosts.keys()

    @property
    def owned_places(self) -> int:
        """How many names hold our ownership records."""
        return len(self._places)

    def places(self, host: DnsName) -> tuple[DnsName, ...]:
        """The registry names that carry our ownership of a host name."""
        return tuple(self._hosts.get(host, ()))

    def hosts_at(self, place: DnsName) -> tuple[DnsName, ...]:
        """The host names that our ownership at this registry name speaks for."""
        return self._places.get(place, ())

    def labelled(self, resource: str) -> tuple[DnsName, ...]:
        """Host names whose ownership names this object."""
        return tuple(self._resources.get(resource, ()))

    def holds(self, key: RecordKey) -> RecordSet | None:
        """One record set, if it is there."""
        return next((records for records in self.at(key.name) if records.key == key), None)
