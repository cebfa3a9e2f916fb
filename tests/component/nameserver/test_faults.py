"""The faults that a test or the demo can ask of the name server."""

import asyncio

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
import dns.tsig
import dns.xfr
import dns.zone
import pytest

from tests.component.nameserver.peers import (
    QUESTION,
    ZONE,
    a_change,
    a_server,
    connected,
    held,
    receive,
    send,
    send_udp,
    serial,
    transferred,
)


async def test_a_refusing_server_comes_back_on_its_port_with_its_zone() -> None:
    async with a_server() as server:
        await send(server, a_change())
        port = server.port
        await server.faults.refuse()
        with pytest.raises(ConnectionRefusedError):
            await send(server, QUESTION)
        await server.faults.refuse()

        await server.faults.accept()

        assert server.port == port
        assert await held(server, "new", "A") == (60, {"192.0.2.9"})
        assert (await send_udp(server, QUESTION)).rcode() == dns.rcode.NOERROR


async def test_a_refusing_server_drops_the_connections_it_has() -> None:
    async with a_server() as server, connected(server) as (reader, writer):
        writer.write(QUESTION.to_wire(prepend_length=True))
        await receive(reader)

        await server.faults.refuse()

        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await receive(reader)


async def test_a_refusing_server_can_be_closed() -> None:
    async with a_server() as server:
        await server.faults.refuse()

    async with a_server(port=server.port) as again:
        assert await serial(again) == 7


async def test_a_stalled_server_answers_what_it_took_once_it_goes_on() -> None:
    async with a_server() as server, connected(server) as (reader, writer):
        server.faults.stall()
        writer.write(a_change().to_wire(prepend_length=True))
        with pytest.raises(dns.exception.Timeout):
            await dns.asyncquery.udp(QUESTION, server.host, port=server.port, timeout=0.02)
        assert server.counters.updates.total() == 0

        server.faults.resume()

        assert (await receive(reader)).rcode() == dns.rcode.NOERROR
        assert server.rrset(ZONE, "new.example.org.", "A") is not None


async def test_a_stalled_server_can_be_closed() -> None:
    async with a_server() as server, connected(server) as (reader, writer):
        server.faults.stall()
        writer.write(QUESTION.to_wire(prepend_length=True))
        await server.faults.refuse()

        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await receive(reader)


async def test_the_next_updates_get_the_rcode_asked_for_and_do_nothing() -> None:
    async with a_server() as server:
        server.faults.answer_updates("SERVFAIL", times=2)

        rcodes = [dns.rcode.to_text((await send(server, a_change(f"new-{n}"))).rcode()) for n in range(3)]

        assert rcodes == ["SERVFAIL", "SERVFAIL", "NOERROR"]
        assert [entry.names for entry in server.log] == [{"new-2.example.org."}]


async def test_a_crash_after_the_write_loses_the_answer_but_not_the_write() -> None:
    async with a_server() as server:
        server.faults.crash_after_updates()

        with pytest.raises((EOFError, ConnectionResetError)):
            await send(server, a_change())

        assert await held(server, "new", "A") == (60, {"192.0.2.9"})
        assert (await send(server, a_change("newer"))).rcode() == dns.rcode.NOERROR


async def test_transfers_alone_can_be_refused() -> None:
    async with a_server() as server:
        server.faults.refuse_transfers = True
        with pytest.raises(dns.xfr.TransferError, match="REFUSED"):
            await transferred(server)
        assert (await send(server, a_change())).rcode() == dns.rcode.NOERROR

        server.faults.clear()

        assert (await transferred(server)).get_rdataset("new", "A") is not None


async def test_a_skewed_clock_makes_signatures_bad() -> None:
    async with a_server() as server:
        server.faults.clock_skew = 4000.0
        with pytest.raises(dns.tsig.PeerBadTime):
            await send(server, a_change())

        server.faults.clear()

        assert (await send(server, a_change())).rcode() == dns.rcode.NOERROR
