"""Reading zones: nothing, the difference or the whole, always complete; and what is said when it cannot be."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from mcidns.errors import Transient
from mcidns.nameserver import NameServer
from mcidns.provider import Delta, Full, Held, Unchanged, Unlisted
from mcidns_rfc2136.content import ZoneContent
from tests.bind import Bind, BindZone
from tests.component.rfc2136.parts import (
    EMPTY,
    KEYS,
    PEERS,
    ZONE,
    Mirror,
    change,
    creation,
    flat,
    name,
    needs_bind,
    provider,
    records,
    serving,
)

FILLED = EMPTY + "".join(f'h{i} IN A 10.0.0.{i}\nh{i} IN TXT "text {i}"\n' for i in range(100))


@pytest.mark.parametrize("peer", PEERS)
async def test_a_zone_that_did_not_move_is_unchanged(peer: str) -> None:
    async with serving(peer, FILLED) as port, provider(port) as dns:
        full = await dns.read(ZONE, None)
        assert isinstance(full, Full)
        mirror = Mirror(full)
        assert await dns.read(ZONE, mirror.held) == Unchanged(mirror.serial)


@pytest.mark.parametrize("peer", PEERS)
async def test_a_difference_laid_over_what_is_held_gives_the_zone(peer: str) -> None:
    async with serving(peer, FILLED) as port, provider(port) as dns, provider(port) as foreign:
        full = await dns.read(ZONE, None)
        assert isinstance(full, Full)
        mirror = Mirror(full)
        await foreign.apply(ZONE, [creation(records("new", "A", "192.0.2.1", "192.0.2.2"))])
        await foreign.apply(ZONE, [change((records("h1", "A", "10.0.0.1"), None), (records("h1", "TXT", '"text 1"'), None))])
        await foreign.apply(
            ZONE, [change((records("new", "A", "192.0.2.1", "192.0.2.2"), records("new", "A", "192.0.2.2", ttl=9)))]
        )
        ours = creation(records("ours", "A", "192.0.2.3"))
        await dns.apply(ZONE, [ours])
        mirror.write(ours)

        reading = await dns.read(ZONE, mirror.held)
        if isinstance(reading, Delta):
            assert {owner.text.partition(".")[0] for owner in reading.names} == {"new", "h1", "ours"}
            assert reading.names[name("h1")] == ()
            mirror.lay(reading)
        else:
            assert peer == "powerdns"  # it answers IXFR with the whole zone
            assert isinstance(reading, Full)
            mirror = Mirror(reading)
        whole = await dns.read(ZONE, None)
        assert isinstance(whole, Full)
        assert (mirror.serial, mirror.names) == (whole.serial, dict(whole.names.items()))
        assert mirror.at(name("new")) == (records("new", "A", "192.0.2.2", ttl=9),)


async def test_a_journal_that_does_not_reach_back_gives_the_whole_zone() -> None:
    async with NameServer({ZONE.text: FILLED}, KEYS, journal=2) as server, provider(server.port) as dns:
        for number in range(5):
            await dns.apply(ZONE, [creation(records(f"n{number}", "A", "192.0.2.1"))])
        reading = await dns.read(ZONE, Held(1, lambda _: ()))
        assert isinstance(reading, Full)
        assert reading.serial == 6
        assert len(reading.names) == 107


@needs_bind
async def test_bind_without_a_journal_gives_the_whole_zone() -> None:
    async with Bind({ZONE.text: FILLED}, KEYS, ("provide-ixfr no;",)) as bind, provider(bind.port) as dns:
        await dns.apply(ZONE, [creation(records("new", "A", "192.0.2.1"))])
        reading = await dns.read(ZONE, Held(1, lambda _: ()))
        assert isinstance(reading, Full)
        assert len(reading.names) == 103


async def test_a_serial_that_went_back_gives_the_whole_zone() -> None:
    async with NameServer({ZONE.text: FILLED}, KEYS) as server, provider(server.port) as dns:
        reading = await dns.read(ZONE, Held(900, lambda _: ()))
        assert isinstance(reading, Full)
        assert reading.serial == 1


@pytest.mark.parametrize("peer", PEERS)
async def test_foreign_records_of_every_kind_are_read(peer: str) -> None:
    text = EMPTY + (
        "Www IN A 192.0.2.1\nwww IN AAAA 2001:db8::1\nmail IN MX 10 Mx.Example.NET.\n"
        "_sip._udp IN SRV 1 2 5060 www\nsub IN NS ns.sub\n"
        'ns.sub IN A 192.0.2.53\nalias IN CNAME WWW\n@ IN CAA 0 issue "ca.example.net"\nodd IN TYPE65400 \\# 2 ABCD\n'
        'n IN NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:x@example.net!" .\ns IN SSHFP 1 1 0123456789ABCDEF0123456789ABCDEF01234567\n'
        't IN TXT "a" "b;c" "d\\"e" "\\200"\n* IN TXT "wild"\n'
    )
    async with serving(peer, text) as port, provider(port) as dns:
        reading = await dns.read(ZONE, None)
        assert isinstance(reading, Full)
        assert flat(reading.names.items()) == {
            "example.org.": {"NS": ("ns1.example.org.",), "CAA": ('0 issue "ca.example.net"',)},
            "ns1.example.org.": {"A": ("127.0.0.1",)},
            "www.example.org.": {"A": ("192.0.2.1",), "AAAA": ("2001:db8::1",)},
            "mail.example.org.": {"MX": ("10 mx.example.net.",)},
            "_sip._udp.example.org.": {"SRV": ("1 2 5060 www.example.org.",)},
            "sub.example.org.": {"NS": ("ns.sub.example.org.",)},
            "ns.sub.example.org.": {"A": ("192.0.2.53",)},
            "alias.example.org.": {"CNAME": ("www.example.org.",)},
            "odd.example.org.": {"TYPE65400": ("\\# 2 abcd",)},
            "n.example.org.": {"NAPTR": ('100 10 "u" "E2U+sip" "!^.*$!sip:x@example.net!" .',)},
            "s.example.org.": {"SSHFP": ("1 1 0123456789abcdef0123456789abcdef01234567",)},
            "t.example.org.": {"TXT": ('"a" "b;c" "d\\"e" "\\200"',)},
            "*.example.org.": {"TXT": ('"wild"',)},
        }


@contextlib.asynccontextmanager
async def cutting(port: int, after: int, *, hang: bool = False) -> AsyncIterator[int]:
    """A way to the server that ends each connection after so many bytes of its answers, or leaves it open in silence."""

    silence = asyncio.Event()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int) -> None:
        while limit > 0 and (data := await reader.read(min(limit, 4096))):
            limit -= len(data)
            writer.write(data)
        if limit <= 0 and hang:
            await silence.wait()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", port)
        there = asyncio.create_task(carry(reader, ours, 1 << 30))
        try:
            await carry(theirs, writer, after)
        finally:
            there.cancel()
            ours.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        silence.set()


@needs_bind
@pytest.mark.parametrize("after", [600, 3000, 60_000, 70_000, 130_000], ids=lambda after: f"after {after} bytes")
async def test_a_transfer_that_is_cut_is_transient_and_never_a_reading(after: int) -> None:
    text = EMPTY + "".join(f'host-number-{i} IN TXT "{"x" * 60}"\n' for i in range(3000))
    async with Bind({ZONE.text: text}, KEYS) as bind, cutting(bind.port, after) as port, provider(port) as dns:
        with pytest.raises(Transient, match="closed the connection before the end"):
            await dns.read(ZONE, None)


@needs_bind
async def test_a_transfer_that_never_ends_is_transient_and_names_the_setting() -> None:
    text = EMPTY + "".join(f'host-number-{i} IN TXT "{"x" * 60}"\n' for i in range(3000))
    async with (
        Bind({ZONE.text: text}, KEYS) as bind,
        cutting(bind.port, 70_000, hang=True) as port,
        provider(port, transferTimeout=0.5) as dns,
    ):
        with pytest.raises(Transient, match=r"longer than 0\.5 s; raise transferTimeout"):
            await dns.read(ZONE, None)


@needs_bind
async def test_a_zone_that_may_not_be_transferred_is_unlisted_with_the_remedy() -> None:
    async with Bind({ZONE.text: BindZone(transfer="allow-transfer { none; };")}, KEYS) as bind, provider(bind.port) as dns:
        reading = await dns.read(ZONE, None)
        assert isinstance(reading, Unlisted)
        assert "REFUSED" in reading.why
        assert "allow-transfer { key ...; };" in reading.why


@needs_bind
@pytest.mark.parametrize("size", [100_000])
async def test_a_large_zone_is_read_whole_and_its_texts_are_found_without_decoding_the_rest(size: int) -> None:
    text = EMPTY + "".join(f'h{i} IN A 10.{i >> 16}.{i >> 8 & 255}.{i & 255}\nt{i} IN TXT "{i}"\n' for i in range(size // 2))
    async with Bind({ZONE.text: text}, KEYS) as bind, provider(bind.port) as dns:
        reading = await dns.read(ZONE, None)
        assert isinstance(reading, Full)
        assert isinstance(reading.names, ZoneContent)
        assert len(reading.names) == size + 2
        assert reading.names[name("h4999")] == (records("h4999", "A", "10.0.19.135"),)
        assert {one.values[0] for one in reading.names.texts()} == {f'"{i}"' for i in range(size // 2)}
        assert await dns.read(ZONE, Held(1, lambda _: ())) == Unchanged(1)
