"""The two servers that the same tests run on, our name server and BIND, and how the tests talk to them.

What a right answer is never stands here, only in the tests.
"""

import asyncio
import contextlib
import struct
import time
from collections.abc import AsyncIterator, Mapping
from typing import Protocol

import dns.asyncquery
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TSIG
import dns.tsig
import dns.update
import dns.xfr
import dns.zone
import pytest

from mcidns.nameserver import NameServer
from tests.bind import Bind

ZONE = "example.org."
KEY = dns.tsig.Key("mcidns.", b"hushhush89abcdef0123456789abcdef", "hmac-sha256.")
TIMEOUT = 10.0
QUESTION = dns.message.make_query("www.example.org.", "A")
PEERS = [
    pytest.param("nameserver", id="nameserver"),
    pytest.param("bind", id="bind", marks=pytest.mark.skipif(not Bind.available(), reason="named is not installed")),
]

ZONE_TEXT = """\
$TTL 60
@ IN SOA ns1 hostmaster 7 3600 600 86400 30
@ IN NS ns1
ns1 IN A 127.0.0.1
www IN A 192.0.2.1
www IN A 192.0.2.2
www IN AAAA 2001:db8::1
text IN TXT "heritage=mcidns" "owner=test"
alias IN CNAME www
chain IN CNAME alias
away IN CNAME elsewhere.example.net.
dangling IN CNAME missing
deep.empty IN A 192.0.2.9
*.wild IN A 192.0.2.77
*.wild IN TXT "any"
own.wild IN TXT "mine"
*.walias IN CNAME www
sub IN NS ns.sub
ns.sub IN A 192.0.2.53
"""


class Server(Protocol):
    """Any server that listens on 127.0.0.1."""

    port: int


@contextlib.asynccontextmanager
async def serving(
    peer: str,
    text: str | None = ZONE_TEXT,
    keys: Mapping[str, tuple[str, bytes]] | None = None,
) -> AsyncIterator[Server]:
    """Our server or BIND with one zone; `keys` lets them all update and transfer, KEY alone by default."""
    known = {"mcidns.": ("hmac-sha256", KEY.secret)} if keys is None else dict(keys)
    server = NameServer({ZONE: text}, known) if peer == "nameserver" else Bind({ZONE: text}, known)
    async with server as running:
        yield running


def an_update(key: dns.tsig.Key | None = KEY, zone: str = ZONE) -> dns.update.UpdateMessage:
    """An empty UPDATE for the zone, signed when sent unless `key` is None."""
    update = dns.update.UpdateMessage(zone)
    if key is not None:
        update.use_tsig(key)
    return update


async def send(server: Server, message: dns.message.Message) -> dns.message.Message:
    """The answer to one message over TCP; its signature is checked if the message was signed."""
    return await dns.asyncquery.tcp(message, "127.0.0.1", port=server.port, timeout=TIMEOUT)


async def send_udp(server: Server, message: dns.message.Message) -> dns.message.Message:
    """The answer to one message over UDP."""
    return await dns.asyncquery.udp(message, "127.0.0.1", port=server.port, timeout=TIMEOUT)


async def ask(server: Server, name: str, rdtype: str) -> dns.message.Message:
    """The answer to one question over TCP, the name relative to the zone."""
    full = dns.name.from_text(name, dns.name.from_text(ZONE))
    return await send(server, dns.message.make_query(full, rdtype))


async def held(server: Server, name: str, rdtype: str) -> tuple[int, set[str]] | None:
    """TTL and record data that the server answers for a name and type; None when it answers none."""
    answer = await ask(server, name, rdtype)
    found = [rrset for rrset in answer.answer if rrset.rdtype == dns.rdatatype.from_text(rdtype)]
    return (found[0].ttl, {rdata.to_text() for rdata in found[0]}) if found else None


async def serial(server: Server, zone: str = ZONE) -> int:
    """The serial in the zone's SOA."""
    answer = await send(server, dns.message.make_query(zone, "SOA"))
    return int(answer.answer[0][0].serial)


async def transferred(server: Server, key: dns.tsig.Key | None = KEY, zone: str = ZONE) -> dns.zone.Zone:
    """The whole zone by AXFR."""
    found = dns.zone.Zone(zone)
    query, _ = dns.xfr.make_query(found, keyring=key, serial=None)
    await dns.asyncquery.inbound_xfr("127.0.0.1", found, query, port=server.port, timeout=TIMEOUT, lifetime=60)
    return found


def signed_at(message: dns.message.Message, key: dns.tsig.Key, now: float | None = None) -> tuple[bytes, bytes]:
    """The message's bytes signed as if the client's clock showed `now` (None: the right time), and the signature's MAC."""
    message.tsig = None
    wire = message.to_wire()
    time_signed = int(time.time() if now is None else now)
    fields = (key.algorithm, time_signed, 300, b"", message.id, 0, b"")
    blank = dns.rdtypes.ANY.TSIG.TSIG(dns.rdataclass.ANY, dns.rdatatype.TSIG, *fields)  # type: ignore[no-untyped-call]  # dnspython
    mac = mac_of(wire, key, blank)
    rdata = blank.replace(mac=mac).to_digestable()
    head = key.name.to_digestable() + struct.pack("!HHIH", dns.rdatatype.TSIG, dns.rdataclass.ANY, 0, len(rdata))
    return wire[:11] + bytes([wire[11] + 1]) + wire[12:] + head + rdata, mac


def mac_of(wire: bytes, key: dns.tsig.Key, rdata: dns.rdtypes.ANY.TSIG.TSIG, request_mac: bytes = b"") -> bytes:
    """The MAC that a TSIG record with these fields must have on a message (without the record), by dnspython's reckoning."""
    signed, _ = dns.tsig.sign(wire, key, rdata, rdata.time_signed, request_mac)  # type: ignore[no-untyped-call]  # dnspython
    return bytes(signed.mac)


async def exchange(server: Server, wire: bytes) -> bytes:
    """One message's bytes sent over TCP, and those of the answer."""
    async with asyncio.timeout(TIMEOUT):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            writer.write(len(wire).to_bytes(2, "big") + wire)
            return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        finally:
            writer.close()
            await writer.wait_closed()


def a_server(
    text: str | None = ZONE_TEXT, *, port: int = 0, idle_timeout: float = 30.0, host: str = "127.0.0.1", journal: int = 1000
) -> NameServer:
    """Our server with the test zone and KEY."""
    keys = {"mcidns.": ("hmac-sha256", KEY.secret)}
    return NameServer({ZONE: text}, keys, port=port, idle_timeout=idle_timeout, host=host, journal=journal)


def a_change(name: str = "new", address: str = "192.0.2.9") -> dns.message.Message:
    """A signed UPDATE that adds one address."""
    update = an_update()
    update.add(name, 60, "A", address)
    return update


@contextlib.asynccontextmanager
async def connected(server: NameServer) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A TCP connection to our server."""
    async with asyncio.timeout(TIMEOUT):
        reader, writer = await asyncio.open_connection(server.host, server.port)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


async def receive(reader: asyncio.StreamReader) -> dns.message.Message:
    """The next message on a connection; its signature is not checked."""
    wire = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
    return dns.message.from_wire(wire, keyring=False)
