"""The public face for provider plug-ins: what a DNS back end must do, and the values that cross; no back end lives here."""

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self, runtime_checkable

from mcidns.model.decisions import PropagationState
from mcidns.model.names import DnsName
from mcidns.model.records import Change, RecordSet
from mcidns.model.secrets import Secret

Content = Mapping[DnsName, tuple[RecordSet, ...]]
"""Names and all record sets at each, whatever their type or owner; may decode lazily."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a back end can express, so that every limit shows in the plan before anything is written.

    `compare_and_set`: a batch fails with Conflict when an Edit's `old` is not what the zone holds. `parallel`: how many
    batches may be under way at once for one zone. TTLs in seconds. `scarce`: requests and the room in them are
    dear (a handful per second), so changes are gathered for a moment before a batch is sent, and what an ownership TXT notes
    beside its owner (which clusters serve) follows in a change of its own, after all that matters.
    """

    types: frozenset[str]
    compare_and_set: bool
    parallel: int = 1
    min_ttl: int = 0
    max_ttl: int = 2**31 - 1
    set_identifiers: bool = False
    scarce: bool = False


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The zone is as it was at the held serial."""

    serial: int


@dataclass(frozen=True, slots=True)
class Delta:
    """Only these names differ from what was held; each comes with its whole content, empty if nothing is left."""

    serial: int
    names: Content


@dataclass(frozen=True, slots=True)
class Full:
    """The whole zone, complete. `serial` None where the back end has no such thing."""

    serial: int | None
    names: Content


@dataclass(frozen=True, slots=True)
class Unlisted:
    """The back end does not let us list the zone (`why`); it works through `look`, without finding orphans."""

    why: str


Reading = Unchanged | Delta | Full | Unlisted


@dataclass(frozen=True, slots=True)
class Held:
    """What the worker holds of a zone, offered to `read` so that only the difference needs to travel."""

    serial: int
    at: Callable[[DnsName], tuple[RecordSet, ...]]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What `apply` hands back for `confirm`; its text is the provider's own."""

    token: str = ""


@dataclass(frozen=True, slots=True)
class Propagation:
    """Whether all authoritative servers answer what was written; `message` names those that do not."""

    state: PropagationState
    message: str = ""


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """What a DNSProvider object says: `config` is the provider's own, `secrets` the keys of its Secret."""

    name: str
    config: Mapping[str, object]
    secrets: Mapping[str, Secret] = field(default_factory=dict)


class Provider(Protocol):
    """Reads and writes one DNS back end; knows nothing of Kubernetes.

    Every method may raise ProviderError and nothing else; each bounds its own waiting. One zone's calls come from one
    worker; calls for different zones may overlap. A provider's SDK is imported by its own package only.
    """

    @classmethod
    def from_settings(cls, settings: ProviderSettings) -> Self:
        """Parse and refuse; does no I/O. Raises ConfigError naming the field, never the secret."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """Constant for the provider's life."""
        ...

    async def read(self, zone: DnsName, held: Held | None) -> Reading:
        """What the zone holds. Asks the cheap question first when something is held; never returns a partial listing."""
        ...

    async def look(self, zone: DnsName, names: frozenset[DnsName]) -> Content:
        """The present content of just these names; absent names map to `()`."""
        ...

    def pack(self, zone: DnsName, changes: Sequence[Change]) -> Iterator[tuple[Change, ...]]:
        """Split into batches that the back end takes whole, in the order given."""
        ...

    async def apply(self, zone: DnsName, batch: Sequence[Change]) -> Receipt:
        """Write the batch, all or nothing. Applying what is already there is no error.

        A CNAME stands alone at its name (RFC 1034 §3.6.2): a batch that would leave it beside other data is a Conflict too,
        never half a success. Raises Conflict when the zone is not as the edits expect, Rejected when the back end will never
        take it, Denied, Throttled, or Transient (`unsure=True` when it may have been carried out).
        """
        ...

    async def aclose(self) -> None:
        """Release connections; nothing is called afterwards."""
        ...


@runtime_checkable
class Confirms(Protocol):
    """A provider that can tell whether a write has reached every authoritative server."""

    async def confirm(self, zone: DnsName, batch: Sequence[Change], receipt: Receipt) -> Propagation:
        """Look once; Pending is asked again later."""
        ...


@runtime_checkable
class Adjusts(Protocol):
    """A provider that stores some sets otherwise than they were wished; plans compare with what it will show."""

    def adjust(self, zone: DnsName, records: RecordSet) -> tuple[RecordSet, ...]:
        """The sets that reading shows once this was written: same name, properties in one spelling. Pure and constant.

        A set with the property `alias: true` has a host name as value, whatever its type. Raises Rejected, with the remedy.
        """
        ...


def refusal(records: RecordSet, capabilities: Capabilities, zone: DnsName) -> str | None:
    """Why no back end of these capabilities takes the set in this zone: a sentence with its remedy; None if it may."""
    key = records.key
    type_ = key.type
    if not key.name.inside(zone):
        return f"{key}: the name is not in zone {zone.relative}; move it to a DNSZone that holds it"
    if type_ not in capabilities.types:
        return f"{key}: the zone's provider cannot write type {type_}; it can {', '.join(sorted(capabilities.types))}"
    if type_ in {"A", "AAAA"}:
        family = socket.AF_INET if type_ == "A" else socket.AF_INET6
        for value in records.values:
            if not _is_address(family, value):
                return f"{key}: {value[:80]!r} is no {'IPv4' if type_ == 'A' else 'IPv6'} address; correct the target"
    if type_ == "CNAME":
        if key.name == zone:
            return f"{key}: the zone's apex cannot be a CNAME; give addresses"
        if len(records.values) > 1:
            return f"{key}: a CNAME has one target, not {len(records.values)}; give one, or addresses"
        if records.values == (key.name.text,):
            return f"{key}: the CNAME points to itself; give another target"
    return None


def _is_address(family: socket.AddressFamily, value: str) -> bool:
    try:
        socket.inet_pton(family, value)
    except (OSError, ValueError):
        return False
    return True
