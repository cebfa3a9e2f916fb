"""KubeFed's records and Domains brought to whoever decides; what they say is read in hub/, what follows is decided in decide/."""

from collections.abc import Callable
from typing import Any, Final, Protocol

from mcidns.hub import kubefed
from mcidns.hub.unreadable import Problem, Unreadable
from mcidns.kube import kinds
from mcidns.kube.kinds import Kind
from mcidns.model.decisions import Memory
from mcidns.model.hosts import Host
from mcidns.model.kubefed import Domain
from mcidns.model.records import Intent, Untouched
from mcidns.model.references import ObjectRef

Object = dict[str, Any]
Key = tuple[str, str]

KINDS: Final = (kinds.KUBEFED_DOMAIN, kinds.SERVICE_DNS_RECORD, kinds.INGRESS_DNS_RECORD)


class Hosts(Protocol):
    """Who decides."""

    def set_host(self, host: Host, memory: Memory) -> None:
        """The record is as it says."""
        ...

    def drop_host(self, ref: ObjectRef) -> None:
        """The record is gone."""
        ...


class Telling(Protocol):
    """Who writes to the host's API what is to be said."""

    def unreadable(self, problem: Unreadable) -> None:
        """An object cannot be used."""
        ...

    def readable(self, ref: ObjectRef) -> None:
        """A record can be used."""
        ...

    def domain(self, ref: ObjectRef) -> None:
        """The Domain is in use."""
        ...


class KubeFed:
    """Keeps the Domains of `home` (KubeFed's own namespace) and the records that refer to them. `hold` freezes names."""

    def __init__(
        self, hosts: Hosts, telling: Telling, hold: Callable[[ObjectRef, tuple[Intent, ...]], None], home: str, *, decides: bool
    ) -> None:
        self._hosts = hosts
        self._telling = telling
        self._hold = hold
        self._home = home
        self._decides = decides
        self._domains: dict[str, Domain | Unreadable] = {}
        self._services: dict[Key, Object] = {}

    def changed(self, kind: Kind, key: Key, obj: Object | None) -> None:
        """An object of one of KINDS is as it says, or gone."""
        if not self._decides:
            return
        if kind is kinds.KUBEFED_DOMAIN:
            self._domain(key, obj)
        elif obj is None:
            self._services.pop(key, None)
            ref = ObjectRef(kind.kind, *key)
            self._hosts.drop_host(ref)
            self._hold(ref, ())
        elif kind is kinds.SERVICE_DNS_RECORD:
            self._services[key] = obj
            self._service(obj)
        else:
            self._set(kubefed.ingress(obj), obj)

    def _domain(self, key: Key, obj: Object | None) -> None:
        ref = ObjectRef("Domain", *key)
        if key[0] != self._home:
            if obj is not None:
                self._telling.unreadable(_elsewhere(ref, self._home))
            return
        found = kubefed.domain(obj) if obj is not None else None
        if isinstance(found, Unreadable):
            self._telling.unreadable(found)
            if isinstance(self._domains.get(key[1]), Domain):
                return  # what it was before stands until it can be read again
        elif found is not None:
            self._telling.domain(ref)
        before = self._domains.pop(key[1], None)
        if found is not None:
            self._domains[key[1]] = found
        if found != before:
            for service in tuple(self._services.values()):
                self._service(service)

    def _service(self, obj: Object) -> None:
        self._set(kubefed.service(obj, self._domains, self._home), obj)

    def _set(self, found: Host | Unreadable, obj: Object) -> None:
        memory = kubefed.memory(obj)
        if isinstance(found, Unreadable):
            # What it asked for before stands until it can be read again; after a restart its status says what that was.
            why = f"Invalid: {found.message}"
            self._hold(found.ref, tuple(Untouched(found.ref, name, why) for name, _ in memory.published))
            self._telling.unreadable(found)
            return
        self._telling.readable(found.ref)
        self._hosts.set_host(found, memory)


def _elsewhere(ref: ObjectRef, home: str) -> Unreadable:
    problem = Problem("metadata.namespace", f"is {ref.namespace}, where nobody looks for Domains", f"create it in {home}")
    return Unreadable(ref, "", 0, (problem,))
