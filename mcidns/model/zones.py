"""DNSZone and DNSProvider without Kubernetes: which names, whose, by which rules; talking to a server lives with the providers."""

from dataclasses import dataclass
from typing import Literal

from mcidns.model.hosts import Requirement
from mcidns.model.names import DnsName
from mcidns.model.secrets import Secret
from mcidns.model.targets import Network

ZonePolicy = Literal["Sync", "UpsertOnly", "CreateOnly"]
RegistryType = Literal["TXT", "None"]

DEFAULT_PREFIX = "mcidns-%{record_type}."


@dataclass(frozen=True, slots=True)
class Affix:
    """How ownership TXT names are made of record names (ExternalDNS's prefix or suffix with `%{record_type}`)."""

    prefix: str = ""
    suffix: str = ""
    wildcard: str = ""


@dataclass(frozen=True, slots=True)
class Encryption:
    """How ownership TXTs are encrypted. The key comes from a Secret; `writes`: new ones are encrypted too, not only read."""

    secret_name: str
    key: Secret | None = None
    writes: bool = False


@dataclass(frozen=True, slots=True)
class Registry:
    """Where ownership is kept: one affix to write, several to read. What stands under a former owner's id is ours as well."""

    type: RegistryType = "TXT"
    write: Affix = Affix(prefix=DEFAULT_PREFIX)
    read_also: tuple[Affix, ...] = ()
    former_owners: tuple[str, ...] = ()
    encryption: Encryption | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """Who may claim what. No namespaces and no requirements: everybody; no names: every name of the zone.

    A name pattern is a host name, or `*.` and a suffix for all names below it.
    """

    namespaces: tuple[str, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TtlBounds:
    """Seconds; `default` where a claim names none."""

    min: int = 1
    max: int = 86400
    default: int = 30


@dataclass(frozen=True, slots=True)
class Guard:
    """A plan that deletes or empties more than this share of at least `min_names` owned names waits for approval."""

    max_emptied_percent: int = 30
    min_names: int = 10


@dataclass(frozen=True, slots=True)
class Zone:
    """One DNSZone. `resync` in seconds; `approved_plan` is the digest a person allowed by annotation, empty if none.

    `takes_sets`: several record sets of a name and type can stand side by side, told apart by set identifiers. True while the
    provider is unknown: whoever programs the zone then makes the best of them.
    """

    name: str
    domain: DnsName
    owner_id: str
    provider: str | None = None
    policy: ZonePolicy = "Sync"
    registry: Registry = Registry()
    grants: tuple[Grant, ...] = ()
    allowed_targets: tuple[Network, ...] = ()
    ttl: TtlBounds = TtlBounds()
    guard: Guard = Guard()
    resync: float = 300.0
    generation: int = 0
    approved_plan: str = ""
    takes_sets: bool = True
