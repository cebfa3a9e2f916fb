"""What a zone holds: the serial first, then the difference, then the whole; the wire forms live in transfer.py."""

import asyncio

from mcidns.errors import Denied, Transient
from mcidns.model.names import DnsName
from mcidns.provider import Delta, Full, Held, Reading, Unchanged, Unlisted
from mcidns_rfc2136 import delta, names, rcodes, rdata, transfer, wire
from mcidns_rfc2136.connection import NoAnswer
from mcidns_rfc2136.servers import Server, Servers
from mcidns_rfc2136.transfer import Broken, Steps, Transfer, TransferRefused, Whole
from mcidns_rfc2136.tsig import BadSignature
from mcidns_rfc2136.wire import Message, Record


async def read(servers: Servers, zone: DnsName, held: Held | None, timeout: float) -> Reading:
    """The cheapest answer that is complete. Raises Transient or Denied."""
    server, soa_data = await soa(servers, zone)
    serial = transfer.serial_of(soa_data)
    if held is not None and serial == held.serial:
        return Unchanged(serial)
    try:
        if held is not None and transfer.newer(serial, held.serial):
            result = await _incremental(server, zone, held.serial, timeout)
        else:
            result = await _whole(server, zone, timeout)
    except TransferRefused as refusal:
        if refusal.rcode == rcodes.SERVFAIL:
            raise Transient(f"{server.address} answers SERVFAIL to the transfer of {zone.relative}; its log says why") from refusal
        return Unlisted(_why(server, zone, refusal.rcode))
    except (NoAnswer, Broken) as problem:
        server.shun(problem)
        raise Transient(f"the transfer of {zone.relative} from {server.address} failed: {problem}") from problem
    except TimeoutError as error:
        server.shun(error)
        raise Transient(
            f"the transfer of {zone.relative} from {server.address} took longer than {timeout:g} s; raise transferTimeout"
        ) from error
    except BadSignature as error:
        raise Denied(f"the transfer of {zone.relative} from {server.address}: {error}") from error
    match result:
        case Whole(serial, content):
            return Full(serial, content)
        case Steps(serial, steps):
            return Delta(serial, await delta.touched(steps, held.at)) if held and serial != held.serial else Unchanged(serial)


async def soa(servers: Servers, zone: DnsName) -> tuple[Server, bytes]:
    """A server that serves the zone, and its SOA's data. Raises Transient, or Denied when it does not serve it."""
    apex = names.to_wire(zone.text)
    server, answer = await servers.ask(wire.query(apex, rdata.SOA))
    return server, soa_data(server, zone, answer)


def soa_data(server: Server, zone: DnsName, answer: Message) -> bytes:
    """The SOA in an authoritative answer. Raises Denied."""
    apex = names.to_wire(zone.text)
    found = [record.data for record in answer.answer if record.type == rdata.SOA and record.owner == apex]
    if answer.rcode == rcodes.NOERROR and found and answer.flags & wire.AA:
        return found[0]
    others = [record.owner for record in answer.authority if record.type == rdata.SOA]
    if answer.rcode in {rcodes.REFUSED, rcodes.NOTAUTH}:
        problem = f"{server.address} answers {rcodes.name(answer.rcode)} for zone {zone.relative}"
        remedy = "check that it serves the zone and lets our address and key query it"
    elif found:
        problem = f"{server.address} is not authoritative for zone {zone.relative}"
        remedy = "name the primary server in config.servers, not a resolver"
    elif others:
        problem = f"{server.address} serves {names.to_text(others[0]).removesuffix('.') or 'the root'}, but no zone {zone.relative}"
        remedy = "correct the DNSZone's domain"
    else:
        problem = f"{server.address} does not serve zone {zone.relative} ({rcodes.name(answer.rcode)})"
        remedy = "create the zone there or correct the DNSZone's domain"
    raise Denied(f"{problem}; {remedy}")


async def _incremental(server: Server, zone: DnsName, held: int, timeout: float) -> Whole | Steps:
    """IXFR, or AXFR where the server knows no IXFR or sends a difference that does not fit."""
    apex = names.to_wire(zone.text)
    start = Record(apex, rdata.SOA, wire.IN, 0, b"\0\0" + held.to_bytes(4, "big") + bytes(16))
    try:
        async with asyncio.timeout(timeout):
            done = await server.transfer(wire.query(apex, rdata.IXFR, (start,)), apex, held)
        return done.result()
    except (TransferRefused, Broken):
        return await _whole(server, zone, timeout)


async def _whole(server: Server, zone: DnsName, timeout: float) -> Whole | Steps:
    apex = names.to_wire(zone.text)
    async with asyncio.timeout(timeout):
        done: Transfer = await server.transfer(wire.query(apex, rdata.AXFR), apex, None)
    return done.result()


def _why(server: Server, zone: DnsName, rcode: int) -> str:
    return (
        f"{server.address} answers {rcodes.name(rcode)} to the transfer of {zone.relative}, so records are looked up one by "
        "one and orphans are not found; allow it there (BIND: allow-transfer { key ...; }; Knot: action transfer; PowerDNS: "
        "TSIG-ALLOW-AXFR)"
    )
