"""Pure checks of a zone as its authoritative servers show it: delegation, serials, negative TTL, and the published answers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from mcidns.doctor import rules
from mcidns.doctor.findings import Finding
from mcidns.doctor.site import HostSeen, Row
from mcidns.model.names import DnsName

LONG: Final = 300
"""Seconds for which an answer may be kept before a failover counts as slow."""

_TOLD: Final = 5


@dataclass(frozen=True, slots=True, order=True)
class Server:
    """One address of one name server."""

    host: DnsName
    address: str

    def __str__(self) -> str:
        return f"{self.host.relative} ({self.address})"


@dataclass(frozen=True, slots=True)
class Authority:
    """What a server says of a zone. `lame`: why it does not answer for it; `unreached`: this machine has no way to it.

    TTLs in seconds; `negative` is how long it may be remembered that a name is not there (RFC 2308 §5).
    """

    server: Server
    serial: int | None = None
    negative: int | None = None
    servers: frozenset[DnsName] = frozenset()
    lame: str = ""
    unreached: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A zone from outside. `delegated` are the servers its parent names; None where the parent could not be asked (`why`)."""

    domain: DnsName
    delegated: frozenset[DnsName] | None
    authorities: tuple[Authority, ...] = ()
    why: str = ""

    @property
    def answering(self) -> tuple[Server, ...]:
        """Servers that answer for the zone."""
        return tuple(one.server for one in self.authorities if not one.lame and not one.unreached)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one server answers for a name and type; `trouble` where it answers nothing that counts."""

    server: Server
    name: DnsName
    type: str
    values: frozenset[str] = frozenset()
    ttl: int = 0
    trouble: str = ""


def delegation(seen: Seen, own: frozenset[DnsName]) -> Iterator[Finding]:
    """The parent's word against the zone's own (`own`; empty: what its servers say)."""
    if seen.delegated is None:
        return
    zone = own or frozenset(name for one in seen.authorities for name in one.servers)
    domain = seen.domain.relative
    if not seen.delegated:
        yield rules.NOT_DELEGATED.found(
            f"the parent of {domain} names no servers for it", domain=domain, servers=_names(zone) or "its servers"
        )
    elif zone and zone != seen.delegated:
        what = f"the parent of {domain} names {_names(seen.delegated)}, and the zone itself {_names(zone)}"
        yield rules.DELEGATION_DIFFERS.found(what, domain=domain, servers=_names(zone))


def _names(names: Iterable[DnsName]) -> str:
    return ", ".join(sorted(name.relative for name in names))


def servers(seen: Seen) -> Iterator[Finding]:
    """Lame servers, serials that differ, and how long a missing name is remembered."""
    domain = seen.domain.relative
    for one in seen.authorities:
        if one.lame:
            what = f"{one.server} does not answer for {domain}: {one.lame}"
            yield rules.LAME_SERVER.found(what, address=one.server.address, domain=domain)
    if len(serials(seen)) > 1:
        told = ", ".join(f"{one.server} has {one.serial}" for one in seen.authorities if one.serial is not None)
        yield rules.SERIALS_DIFFER.found(f"{domain}: {told}", domain=domain)
    longest = max((one.negative for one in seen.authorities if one.negative is not None), default=0)
    if longest > LONG:
        what = f"that a name of {domain} does not exist may be remembered for {longest} s"
        yield rules.NEGATIVE_TTL.found(what, domain=domain)


def serials(seen: Seen) -> frozenset[int]:
    """All serials that are answered."""
    return frozenset(one.serial for one in seen.authorities if one.serial is not None)


def comparable(seen: HostSeen) -> tuple[Row, ...]:
    """Rows whose answers are the same for everybody: without set identifiers, and no aliases, which a back end resolves itself.

    None of a host that is not programmed: why it is not is told elsewhere.
    """
    if seen.told.of("Programmed").status == "False":
        return ()
    return tuple(
        row
        for row in seen.rows
        if not row.set_identifier and (row.type not in ("A", "AAAA") or all(_is_address(value) for value in row.values))
    )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def wanted(row: Row) -> frozenset[str]:
    """Its values as `Answer` has them."""
    return frozenset(normal(row.type, value) for value in row.values)


def normal(type_: str, value: str) -> str:
    """A value in one spelling: addresses in their short form, names lower case and absolute."""
    if type_ in ("A", "AAAA"):
        return str(ip_address(value)) if _is_address(value) else value
    return value.lower().rstrip(".") + "." if type_ == "CNAME" else value


def differing(row: Row, answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """Answers that are not what was published."""
    return tuple(one for one in answers if one.trouble or one.values != wanted(row))


def answers(hosts: Iterable[tuple[HostSeen, Row]], found: Iterable[Answer]) -> Iterator[Finding]:
    """Published names that some server answers otherwise, and names that may be remembered for long."""
    by_row: dict[tuple[DnsName, str], list[Answer]] = {}
    for one in found:
        by_row.setdefault((one.name, one.type), []).append(one)
    for seen, row in hosts:
        given = by_row.get((row.name, row.type), [])
        for one in differing(row, given)[:_TOLD]:
            has = one.trouble or f"answers {', '.join(sorted(one.values)) or 'nothing'}"
            holds = ", ".join(sorted(row.values)) or "nothing"
            yield rules.ANSWERS_DIFFER.found(
                f"{row.name.relative} {row.type}: {one.server} {has}, and {seen.ref} wants {holds}",
                address=one.server.address,
                host=row.name.relative,
                type=row.type,
                object=f"{seen.ref.namespace}/{seen.ref.name}",
            )
        longest = max((one.ttl for one in given), default=0)
        if longest > LONG:
            what = f"{row.name.relative} {row.type} may be remembered for {longest} s"
            yield rules.RECORD_TTL.found(what, namespace=seen.ref.namespace, name=seen.ref.name)
