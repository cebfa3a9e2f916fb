"""Probes of published addresses: what is asked and what the answers were; asking lives in observe/, judging in decide/."""

from dataclasses import dataclass
from typing import Literal

from mcidns.model.names import DnsName
from mcidns.model.targets import Address

ProbeProtocol = Literal["HTTP", "HTTPS", "TCP"]


@dataclass(frozen=True, slots=True)
class ProbeRule:
    """How a target is asked. Times in seconds; `expect` are the accepted HTTP status codes, as ranges with both ends.

    `host` replaces the published name in the Host header and as TLS server name; empty: the name itself.
    """

    protocol: ProbeProtocol
    port: int
    path: str = "/"
    host: str = ""
    expect: tuple[tuple[int, int], ...] = ((200, 399),)
    interval: float = 10.0
    timeout: float = 3.0
    fall: int = 3
    rise: int = 2
    insecure_skip_verify: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """One question that is asked again and again: this address, as this published name, by this rule."""

    address: Address
    name: DnsName
    rule: ProbeRule


@dataclass(frozen=True, slots=True)
class Streak:
    """The latest run of equal answers to one probe: `count` of them in a row, from `since` to `at` (unix seconds).

    `detail` says of the last one what was seen (`HTTP 503`, `connection refused`). A probe without answers has no streak:
    that is unknown, and neither good nor bad.
    """

    good: bool
    count: int
    since: float
    at: float
    detail: str = ""
