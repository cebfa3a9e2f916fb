"""The name server's sockets, zones and counters."""

import asyncio
import socket

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
import dns.tsig
import dns.xfr
import dns.zone
import pytest

from mcidns.nameserver import NameServer
from tests.component.nameserver.peers import (
    KEY,
    QUESTION,
    TIMEOUT,
    ZONE,
    ZONE_TEXT,
    a_change,
    a_server,
    an_update,
    connected,
    held,
    receive,
    send,
    send_udp,
    serial,
    transferred,
)


class TestSockets:
    async def test_udp_and_tcp_share_one_port(self) -> None:
        async with a_server() as server:
            by_udp, by_tcp = await send_udp(server, QUESTION), await send(server, QUESTION)

            assert by_udp.answer == by_tcp.answer != []

    async def test_pipelined_requests_are_answered_in_their_order(self) -> None:
        async with a_server() as server, connected(server) as (reader, writer):
            queries = [dns.message.make_query("www.example.org.", "A") for _ in range(50)]
            writer.write(b"".join(query.to_wire(prepend_length=True) for query in queries))

            answers = [await receive(reader) for _ in queries]

            assert [answer.id for answer in answers] == [query.id for query in queries]
            assert server.counters.connections == 1

    async def test_a_request_may_arrive_octet_by_octet(self) -> None:
        async with a_server() as server, connected(server) as (reader, writer):
            for octet in QUESTION.to_wire(prepend_length=True):
                writer.write(bytes([octet]))
                await writer.drain()

            assert (await receive(reader)).id == QUESTION.id

    async def test_a_silent_connection_is_closed(self) -> None:
        async with a_server(idle_timeout=0.01) as server, connected(server) as (reader, _):
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await receive(reader)

    async def test_closing_ends_open_connections_and_frees_the_port(self) -> None:
        async with a_server() as server:
            reader, writer = await asyncio.open_connection(server.host, server.port)
            writer.write(QUESTION.to_wire(prepend_length=True))
            await receive(reader)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await receive(reader)
        writer.close()

        async with a_server(port=server.port) as again:
            assert await held(again, "www", "AAAA") == (60, {"2001:db8::1"})

    async def test_closing_ends_a_client_that_never_reads_its_transfer(self) -> None:
        text = ZONE_TEXT + "".join(f'big-{n} IN TXT "{"x" * 250}" "{"y" * 250}"\n' for n in range(4000))
        async with a_server(text) as server:
            reader, writer = await asyncio.open_connection(server.host, server.port, limit=1)
            query, _ = dns.xfr.make_query(dns.zone.Zone(ZONE), serial=None, keyring=KEY)
            writer.write(query.to_wire(prepend_length=True))
            await reader.readexactly(2)

            assert await held(server, "www", "AAAA") == (60, {"2001:db8::1"})
        writer.transport.abort()

        assert server.counters.transfers == {"AXFR": 1}

    async def test_what_is_no_dns_message_harms_nobody(self) -> None:
        async with a_server() as server:
            async with connected(server) as (reader, writer):
                writer.write(b"\0\x05hello")
                assert await reader.read() == b""
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(server.host, server.port))
            transport.sendto(b"hello")
            transport.sendto(QUESTION.to_wire()[:20])
            transport.close()

            assert (await send_udp(server, QUESTION)).rcode() == dns.rcode.NOERROR

    async def test_an_answer_sent_to_it_is_not_answered(self) -> None:
        """Else two servers would answer each other for ever."""
        async with a_server() as server, connected(server) as (reader, writer):
            writer.write(dns.message.make_response(QUESTION).to_wire(prepend_length=True))

            assert await reader.read() == b""

    async def test_it_listens_on_ipv6_too(self) -> None:
        if not socket.has_ipv6:
            pytest.skip("this machine has no IPv6")
        async with a_server(host="::1") as server:
            answer = await dns.asyncquery.tcp(QUESTION, "::1", port=server.port, timeout=TIMEOUT)

            assert answer.rcode() == dns.rcode.NOERROR

    async def test_a_taken_port_is_told(self) -> None:
        async with a_server() as server:
            with pytest.raises(OSError, match="in use"):
                await a_server(port=server.port).__aenter__()


class TestZones:
    async def test_a_zone_without_text_is_empty_and_right(self) -> None:
        async with a_server(None) as server:
            assert await serial(server) == 1
            assert await held(server, "@", "NS") == (60, {"ns1.example.org."})

    async def test_a_zone_may_be_added_at_any_time(self) -> None:
        async with a_server() as server:
            server.add_zone("example.net.")

            assert await serial(server, "example.net.") == 1

    async def test_the_longest_zone_answers(self) -> None:
        async with a_server() as server:
            server.add_zone("www.example.org.", "$TTL 5\n@ SOA ns1 h 44 1 1 1 1\n@ NS ns1\nns1 A 127.0.0.1\n")

            assert await held(server, "www", "A") is None
            assert await serial(server, "www.example.org.") == 44

    async def test_what_it_holds_can_be_read_without_a_query(self) -> None:
        async with a_server() as server:
            assert server.serial("Example.Org") == 7
            assert server.rrset(ZONE, "www.example.org.", "A") == (60, ("192.0.2.1", "192.0.2.2"))
            assert server.rrset(ZONE, "www.example.org.", "TXT") is None

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("nonsense", id="no master file"),
            pytest.param("$TTL 5\nwww A 192.0.2.1\n", id="no SOA"),
            pytest.param("$TTL 5\n@ SOA ns1 h 44 1 1 1 1\n", id="no NS"),
        ],
    )
    def test_text_that_is_no_zone_is_refused_by_name(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"zone example\.org\.: "):
            NameServer({ZONE: text})

    def test_an_unknown_algorithm_is_refused_and_the_secret_is_not_told(self) -> None:
        with pytest.raises(ValueError, match="hmac-sha256") as caught:
            NameServer({}, {"k.": ("hmac-sha3", b"very secret")})

        assert "very secret" not in str(caught.value)

    async def test_the_serial_wraps_around_and_skips_zero(self) -> None:
        async with a_server(ZONE_TEXT.replace("hostmaster 7", f"hostmaster {2**32 - 1}")) as server:
            await send(server, a_change())

            assert server.serial(ZONE) == 1


class TestCounters:
    async def test_queries_updates_and_transfers_are_counted(self) -> None:
        async with a_server() as server:
            await send(server, QUESTION)
            await send_udp(server, QUESTION)
            await send(server, a_change())
            await send(server, a_change())
            await send(server, an_update(None))
            await transferred(server)
            with pytest.raises(dns.tsig.PeerBadKey):
                await transferred(server, dns.tsig.Key("stranger.", b"x", KEY.algorithm))

            counters = server.counters
            assert counters.queries == {"A": 2}
            assert counters.updates == {"NOERROR": 2, "REFUSED": 1}
            assert counters.effective_updates == 1
            assert counters.transfers == {"AXFR": 1}
            assert counters.signature_errors == {"BADKEY": 1}
            counters.reset()
            assert (counters.updates.total(), counters.queries.total(), counters.effective_updates) == (0, 0, 0)

    async def test_the_log_tells_what_each_update_changed(self) -> None:
        async with a_server() as server:
            await send(server, a_change("new"))
            await send(server, a_change("new"))
            await send(server, a_change("www", "192.0.2.3"))

            assert [(entry.zone, entry.key, entry.serials, entry.names) for entry in server.log] == [
                (ZONE, "mcidns.", (7, 8), frozenset({"new.example.org."})),
                (ZONE, "mcidns.", (8, 9), frozenset({"www.example.org."})),
            ]
