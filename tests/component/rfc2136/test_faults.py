"""What goes wrong between us and a server: each fault has its error, which names the remedy, and harms nothing else."""

import asyncio
import time

import pytest

from mcidns.errors import Denied, Rejected, Transient
from mcidns.model.names import DnsName
from mcidns.nameserver import NameServer
from mcidns.provider import Full, Unlisted
from mcidns_rfc2136 import Rfc2136Provider, config
from tests.bind import Bind, BindZone
from tests.component.rfc2136.parts import (
    EMPTY,
    KEYS,
    PEERS,
    REAL,
    SECRET,
    ZONE,
    at,
    change,
    content,
    creation,
    name,
    needs_bind,
    provider,
    records,
    serving,
    settings,
)

ADDRESS = records("www", "A", "192.0.2.1")
OTHER = DnsName("other.example.net.")


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize(
    ("fields", "secret"),
    [
        pytest.param({"tsigKeyName": "nobody."}, SECRET, id="unknown key"),
        pytest.param({"tsigAlgorithm": "hmac-sha512"}, SECRET, id="wrong algorithm"),
        pytest.param({}, b"mistyped-mistyped-mistyped-mistyp", id="wrong secret"),
    ],
)
async def test_a_wrong_key_is_denied_naming_the_key_and_no_secret(peer: str, fields: dict[str, object], secret: bytes) -> None:
    async with serving(peer) as port, provider(port, secret=secret, **fields) as dns:
        for attempt in (dns.read(ZONE, None), dns.apply(ZONE, [creation(ADDRESS)])):
            with pytest.raises(Denied, match=r"key|secret|tsigKeyName") as caught:
                await attempt
            assert "mistyped" not in str(caught.value)
    async with serving(peer) as port, provider(port) as right:
        assert await content(right) == {}


@pytest.mark.parametrize("peer", PEERS)
async def test_a_wrong_clock_is_denied(peer: str) -> None:
    async with serving(peer) as port:
        dns = Rfc2136Provider(config.parse(settings(port)), clock=lambda: time.time() - 4000)
        # PowerDNS refuses without a signature and without a word why.
        said = "without a signature" if peer == "powerdns" else r"BADTIME.*\+(3999|400\d) s.*NTP"
        for attempt in (dns.read(ZONE, None), dns.apply(ZONE, [creation(ADDRESS)])):
            with pytest.raises(Denied, match=said):
                await attempt
        await dns.aclose()
        async with provider(port) as right:
            assert await content(right) == {}


@pytest.mark.parametrize("peer", REAL)
async def test_a_key_without_rights_may_neither_write_nor_list(peer: str) -> None:
    async with serving(peer) as port, provider(port, tsigKeyName="stranger.") as dns:
        with pytest.raises(Denied, match=r"key|secret|tsigKeyName|allow-update"):
            await dns.apply(ZONE, [creation(ADDRESS)])
        assert isinstance(await dns.read(ZONE, None), Unlisted)
        async with provider(port) as right:
            assert await content(right) == {}


@needs_bind
@pytest.mark.parametrize(
    "algorithm", ["hmac-sha1", "hmac-sha224", "hmac-sha384", "hmac-sha512", "hmac-sha256-128", "hmac-sha384-192", "hmac-sha512-256"]
)
async def test_every_algorithm_reads_and_writes(algorithm: str) -> None:
    async with (
        Bind({ZONE.text: None}, {"mcidns.": (algorithm, SECRET)}) as bind,
        provider(bind.port, tsigAlgorithm=algorithm) as dns,
    ):
        await dns.apply(ZONE, [creation(ADDRESS)])
        assert await content(dns) == {name("www"): (ADDRESS,)}


@pytest.mark.parametrize("peer", PEERS)
async def test_a_zone_that_is_not_served_is_denied_and_others_go_on(peer: str) -> None:
    async with serving(peer) as port, provider(port) as dns:
        for zone in (OTHER, name("below")):
            with pytest.raises(Denied):
                await dns.read(zone, None)
            with pytest.raises(Denied):
                await dns.look(zone, frozenset({zone}))
        with pytest.raises(Denied):
            await dns.apply(OTHER, [change((None, type(ADDRESS).of(DnsName(f"www.{OTHER}"), "A", 60, ["192.0.2.1"])))])
        await dns.apply(ZONE, [creation(ADDRESS)])


@needs_bind
async def test_what_the_update_policy_does_not_grant_is_rejected_alone() -> None:
    policy = "update-policy { grant mcidns. subdomain app.example.org. A; };"
    async with Bind({ZONE.text: BindZone(update=policy)}, KEYS) as bind, provider(bind.port) as dns:
        granted = creation(records("www.app", "A", "192.0.2.1"))
        with pytest.raises(Rejected, match=r"REFUSED.*update-policy.*key mcidns\. .*www\.example\.org A"):
            await dns.apply(ZONE, [granted, creation(ADDRESS)])
        await dns.apply(ZONE, [granted])
        assert await content(dns) == {name("www.app"): (records("www.app", "A", "192.0.2.1"),)}


@needs_bind
@pytest.mark.parametrize("update", [pytest.param("allow-update { none; };", id="none"), pytest.param("", id="not a dynamic zone")])
async def test_a_zone_that_takes_no_updates_is_denied(update: str) -> None:
    async with Bind({ZONE.text: BindZone(update=update)}, KEYS) as bind, provider(bind.port) as dns:
        with pytest.raises(Denied, match=r"allow-update or update-policy"):
            await dns.apply(ZONE, [creation(ADDRESS)])


@needs_bind
async def test_a_limit_of_the_server_rejects_only_the_change_that_breaks_it() -> None:
    options = ("max-records-per-type 3;",)
    async with Bind({ZONE.text: None}, KEYS, options) as bind, provider(bind.port) as dns:
        large = creation(records("large", "A", *(f"10.0.0.{i}" for i in range(4))))
        with pytest.raises(Rejected, match=r"SERVFAIL.*large\.example\.org A"):
            await dns.apply(ZONE, [large])
        await dns.apply(ZONE, [creation(ADDRESS)])
        assert await content(dns) == {name("www"): (ADDRESS,)}


@pytest.mark.parametrize("peer", PEERS)
async def test_unsigned_updates_are_denied_where_a_key_is_wanted(peer: str) -> None:
    async with serving(peer) as port, provider(port, secret=None, tsigKeyName=None, allowUnsigned=True) as dns:
        with pytest.raises(Denied, match=r"unsigned|NOTAUTH"):
            await dns.apply(ZONE, [creation(ADDRESS)])


@needs_bind
async def test_a_server_that_is_down_is_transient_and_used_again_when_it_is_back() -> None:
    async with Bind({ZONE.text: None}, KEYS) as bind, provider(bind.port) as dns:
        await dns.apply(ZONE, [creation(ADDRESS)])
        await bind.stop()
        with pytest.raises(Transient, match=f"127.0.0.1:{bind.port}") as caught:
            await dns.apply(ZONE, [change((ADDRESS, None))])
        assert not caught.value.unsure
        with pytest.raises(Transient):
            await dns.read(ZONE, None)
        await bind.start()
        await dns.apply(ZONE, [change((ADDRESS, None))])
        assert await content(dns) == {}


async def test_the_second_server_serves_while_the_first_is_down() -> None:
    async with (
        NameServer({ZONE.text: None}, KEYS) as first,
        NameServer({ZONE.text: None}, KEYS) as second,
        provider(first.port, second.port) as dns,
    ):
        await first.faults.refuse()
        await dns.apply(ZONE, [creation(ADDRESS)])
        assert await content(dns) == {name("www"): (ADDRESS,)}
        assert second.rrset(ZONE.text, ADDRESS.name.text, "A") == (60, ("192.0.2.1",))


async def test_servers_at_ipv6_addresses_serve_and_stand_in_for_others() -> None:
    async with (
        NameServer({ZONE.text: None}, KEYS, host="::1") as sixth,
        NameServer({ZONE.text: None}, KEYS) as fourth,
        provider(servers=[f"[::1]:{sixth.port}", f"127.0.0.1:{fourth.port}"]) as dns,
    ):
        await dns.apply(ZONE, [creation(ADDRESS)])
        assert await content(dns) == {name("www"): (ADDRESS,)}
        assert sixth.rrset(ZONE.text, ADDRESS.name.text, "A") == (60, ("192.0.2.1",))
        await sixth.faults.refuse()
        await dns.apply(ZONE, [creation(records("second", "A", "192.0.2.2"))])
        assert fourth.rrset(ZONE.text, name("second").text, "A") == (60, ("192.0.2.2",))


async def test_when_no_server_answers_each_is_named() -> None:
    async with NameServer({ZONE.text: None}, KEYS) as first, NameServer({ZONE.text: None}, KEYS, host="::1") as second:
        ports = first.port, second.port
    async with provider(servers=[f"127.0.0.1:{ports[0]}", f"[::1]:{ports[1]}"]) as dns:
        with pytest.raises(Transient, match=rf"127\.0\.0\.1:{ports[0]}.*\[::1\]:{ports[1]}"):
            await dns.read(ZONE, None)


async def test_a_hung_server_costs_one_time_out_and_then_others_are_asked_first() -> None:
    async with (
        NameServer({ZONE.text: None}, KEYS) as hung,
        NameServer({ZONE.text: None}, KEYS) as second,
        provider(hung.port, second.port, timeout=0.3) as dns,
    ):
        hung.faults.stall()
        loop = asyncio.get_running_loop()
        before = loop.time()
        await dns.apply(ZONE, [creation(ADDRESS)])
        assert loop.time() - before >= 0.3
        asked = hung.counters
        await dns.apply(ZONE, [creation(records("second", "A", "192.0.2.2"))])
        assert hung.counters == asked
        assert set(await content(dns)) == {name("www"), name("second")}
        hung.faults.resume()


@needs_bind
async def test_a_secondary_that_never_got_the_zone_is_passed_over_for_reading() -> None:
    empty = 'zone "example.org" { type secondary; file "s"; primaries { 127.0.0.1 port 9; }; };'
    async with (
        Bind(config=empty) as secondary,
        NameServer({ZONE.text: None}, KEYS) as primary,
        provider(secondary.port, primary.port, secret=None, tsigKeyName=None, allowUnsigned=True) as dns,
        provider(secondary.port, secret=None, tsigKeyName=None, allowUnsigned=True) as alone,
    ):
        assert (await dns.look(ZONE, frozenset({name("missing")}))) == {name("missing"): ()}
        with pytest.raises(Transient, match="SERVFAIL"):
            await alone.read(ZONE, None)


async def test_a_single_hung_server_is_transient_and_unsure_for_a_write() -> None:
    async with NameServer({ZONE.text: None}, KEYS) as server, provider(server.port, timeout=0.2) as dns:
        server.faults.stall()
        with pytest.raises(Transient, match=r"does not answer within 0\.2 s") as caught:
            await dns.apply(ZONE, [creation(ADDRESS)])
        assert caught.value.unsure
        server.faults.resume()
        await dns.apply(ZONE, [creation(ADDRESS)])
        assert await at(dns, "www") == (ADDRESS,)


async def test_a_write_whose_answer_was_lost_is_repeated_and_found_done() -> None:
    async with NameServer({ZONE.text: None}, KEYS) as server, provider(server.port) as dns:
        await dns.read(ZONE, None)  # so that there is a connection to lose
        server.faults.crash_after_updates()
        await dns.apply(ZONE, [creation(ADDRESS)])
        assert await content(dns) == {name("www"): (ADDRESS,)}
        assert server.serial(ZONE.text) == 2


async def test_a_connection_that_the_server_closed_while_idle_is_replaced() -> None:
    async with NameServer({ZONE.text: None}, KEYS, idle_timeout=0.05) as server, provider(server.port) as dns:
        for number in range(3):
            await dns.apply(ZONE, [creation(records(f"h{number}", "A", "192.0.2.1"))])
            (connection,) = [one._connection for one in dns._servers.all if one._connection]
            async with asyncio.timeout(10):
                await connection._task  # it ends with the connection
        assert len(await content(dns)) == 3


async def test_servfail_of_a_server_that_still_serves_the_zone_is_rejected_so_that_the_batch_is_bisected() -> None:
    async with NameServer({ZONE.text: None}, KEYS) as server, provider(server.port) as dns:
        server.faults.answer_updates("SERVFAIL")
        with pytest.raises(Rejected, match="SERVFAIL"):
            await dns.apply(ZONE, [creation(ADDRESS)])


@pytest.mark.parametrize(
    ("rcode", "error"),
    [
        pytest.param("NOTIMP", Denied, id="NOTIMP"),
        pytest.param("NOTAUTH", Denied, id="NOTAUTH"),
        pytest.param("NOTZONE", Rejected, id="NOTZONE"),
        pytest.param("FORMERR", Rejected, id="FORMERR"),
    ],
)
async def test_other_refusals_have_their_error(rcode: str, error: type[Exception]) -> None:
    async with NameServer({ZONE.text: None}, KEYS) as server, provider(server.port) as dns:
        server.faults.answer_updates(rcode)
        with pytest.raises(error, match=rcode):
            await dns.apply(ZONE, [creation(ADDRESS)])


async def test_what_is_no_dns_server_is_transient() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n" * 2000)
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, provider(port, timeout=0.5) as dns:
        with pytest.raises(Transient):
            await dns.read(ZONE, None)


async def test_many_zones_share_one_connection_and_each_gets_its_own_answer() -> None:
    zones = [DnsName(f"z{number}.test.") for number in range(20)]
    texts = {zone.text: EMPTY.replace(" 1 3600", f" {index + 10} 3600") for index, zone in enumerate(zones)}
    async with NameServer(texts, KEYS) as server, provider(server.port) as dns:
        readings = await asyncio.gather(*(dns.read(zone, None) for zone in zones))
        assert [reading.serial for reading in readings if isinstance(reading, Full)] == list(range(10, 30))


async def test_closing_ends_what_is_under_way() -> None:
    async with NameServer({ZONE.text: None}, KEYS) as server:
        dns = Rfc2136Provider.from_settings(settings(server.port))
        server.faults.stall()
        waiting = asyncio.create_task(dns.read(ZONE, None))
        async with asyncio.timeout(5):
            while not waiting.done():
                await asyncio.sleep(0.01)
                await dns.aclose()
        with pytest.raises(Transient):
            await waiting
        server.faults.resume()
        await dns.aclose()
