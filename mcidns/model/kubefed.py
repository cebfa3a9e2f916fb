"""KubeFed's way of naming a Service in DNS, as values; reading its objects lives in hub/, making the names in decide/naming."""

from dataclasses import dataclass

from mcidns.model.names import DnsName

DEFAULT_TTL = 180
"""Seconds, where a record says none or 0 (KubeFed's own default)."""


@dataclass(frozen=True, slots=True)
class Domain:
    """A Domain object: names of the records that refer to it end in `domain`."""

    name: str
    domain: DnsName


@dataclass(frozen=True, slots=True)
class Scheme:
    """What a ServiceDNSRecord's names are made of: `<stem>[.<zone>].<region>.<domain>` and `<prefix>.<domain>`.

    `stem` is `<name>.<namespace>.<domainRef>.svc` without dots at its ends. `domain` None: it is not known, and `missing` says
    why and what to do. `prefix` is empty where there is none. `renamed`: the first label is not the Service's name.
    """

    stem: str
    domain: DnsName | None
    missing: str = ""
    prefix: str = ""
    renamed: bool = False
