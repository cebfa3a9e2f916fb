"""The content of single names by query, for servers that refuse transfers, and what they answer after a write.

An answer is not content: a server makes answers up from wildcards and DNAMEs. Content is what stands at exactly the name asked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from mcidns.errors import Denied, Transient
from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet
from mcidns_rfc2136 import content, names, rcodes, rdata, wire
from mcidns_rfc2136.connection import NoAnswer
from mcidns_rfc2136.servers import Server, Servers
from mcidns_rfc2136.wire import Message, Record

T = TypeVar("T")
R = TypeVar("R")

WINDOW = 32
"""So many names are under way at once on one connection; BIND itself serves 23 at a time."""

_ASKED_SINGLY = tuple(rdata.number(type_) for type_ in rdata.TYPES)


async def gather(items: Iterable[T], ask: Callable[[T], Awaitable[R]], window: int = WINDOW) -> list[tuple[T, R]]:
    """`ask` of every item, at most `window` at once; the first failure cancels the rest and is raised."""
    waiting = iter(items)
    found: list[tuple[T, R]] = []

    async def work() -> None:
        for item in waiting:
            answer = await ask(item)
            found.append((item, answer))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(window):
                group.create_task(work())
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return found


@dataclass(frozen=True, slots=True)
class Lookup:
    """Questions about one zone to one server. Its methods raise Transient or Denied."""

    servers: Servers
    server: Server
    zone: DnsName

    async def content(self, asked: frozenset[DnsName]) -> dict[DnsName, tuple[RecordSet, ...]]:
        """What stands at each name, `()` where nothing does."""
        whole = await self._answers_any()
        found = dict(await gather(asked, lambda name: self._at(name, whole=whole)))
        covered = await self._covered([name for name, records in found.items() if records], whole=whole)
        for name, exists in await gather(covered, self._exists):
            if not exists:
                found[name] = ()
        return {name: content.record_sets(name, _packed(records)) for name, records in found.items()}

    async def query(self, name: DnsName, type_: int) -> Message:
        """One question to this server."""
        return await self.ask(wire.query(names.to_wire(name.text), type_))

    async def ask(self, body: bytes) -> Message:
        """One message to this server."""
        try:
            return await self.servers.ask_one(self.server, body)
        except NoAnswer as problem:
            raise Transient(str(problem)) from problem

    async def _answers_any(self) -> bool:
        """Whether a question for ANY is answered in full (RFC 8482 allows less): the apex has an SOA and NS at least."""
        answer = await self.query(self.zone, rdata.ANY)
        return {rdata.SOA, rdata.NS} <= {record.type for record in answer.answer}

    async def _at(self, name: DnsName, *, whole: bool) -> tuple[Record, ...]:
        if whole:
            answer = await self.query(name, rdata.ANY)
            found_all = self._content(name, answer)
            if found_all and not answer.flags & wire.AA:  # a referral, which keeps silent about the DS beside it
                found_all += self._content(name, await self.query(name, rdata.DS))
            return found_all
        found: dict[Record, None] = {}
        for type_ in _ASKED_SINGLY:
            records = self._content(name, await self.query(name, type_))
            found.update(dict.fromkeys(records))
            if any(record.type == rdata.CNAME for record in records):
                break
        return tuple(found)

    def _content(self, name: DnsName, answer: Message) -> tuple[Record, ...]:
        if answer.rcode not in {rcodes.NOERROR, rcodes.NXDOMAIN}:
            problem = f"{self.server.address} answers {rcodes.name(answer.rcode)} when asked for {name.relative}"
            if answer.rcode == rcodes.REFUSED:
                raise Denied(f"{problem}; allow our address or key to query zone {self.zone.relative}")
            raise Transient(problem)
        return standing(names.to_wire(name.text), answer)

    async def _covered(self, present: list[DnsName], *, whole: bool) -> list[DnsName]:
        """Those among the names whose answers may come from a wildcard above them (RFC 4592).

        A wildcard that seems to be there may itself be made up from one above it; that one covers our names as well.
        """
        wildcards = {wildcard for name in present for wildcard in self._wildcards(name)}
        real = {name for name, records in await gather(wildcards, lambda name: self._at(name, whole=whole)) if records}
        return [name for name in present if any(wildcard in real for wildcard in self._wildcards(name))]

    def _wildcards(self, name: DnsName) -> list[DnsName]:
        found = []
        while name != self.zone and name.inside(self.zone):
            name = name.parent
            found.append(DnsName(f"*.{name.text}"))
        return found

    async def _exists(self, name: DnsName) -> bool:
        """Whether the name itself holds anything: an UPDATE that changes nothing, on the condition that it does."""
        owner = names.to_wire(name.text)
        condition = Record(owner, rdata.ANY, wire.ANY_CLASS, 0, b"")
        answer = await self.ask(wire.update(names.to_wire(self.zone.text), (condition,), ()))
        if answer.rcode == rcodes.NOERROR:
            return True
        if answer.rcode == rcodes.NXDOMAIN:
            return False
        raise Denied(
            f"{self.server.address} answers {rcodes.name(answer.rcode)} to an empty update of zone {self.zone.relative}, which is "
            f"needed to tell {name.relative} from a wildcard's answer; allow our key to update the zone, or to transfer it"
        )


def standing(owner: bytes, answer: Message) -> tuple[Record, ...]:
    """The records of an answer that stand at the name: not those a CNAME leads to, nor a CNAME made up from a DNAME.

    NS records in the authority section of a referral stand there too (the name is a delegation of this zone).
    """
    if any(record.type == rdata.DNAME and record.owner != owner for record in answer.answer):
        return ()
    found = [r for r in answer.answer if r.owner == owner and r.type not in rdata.KEPT_BY_SERVER]
    if not answer.flags & wire.AA:
        found += [r for r in answer.authority if r.owner == owner and r.type == rdata.NS]
    return tuple(dict.fromkeys(found))


def _packed(records: Iterable[Record]) -> bytes:
    return b"".join(wire.FIXED.pack(r.type, r.class_, r.ttl, len(r.data)) + r.data for r in records)
