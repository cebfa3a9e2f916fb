"""AXFR and IXFR, held against our name server and against BIND."""

import dns.asyncquery
import dns.message
import dns.rcode
import dns.rdatatype
import dns.versioned
import dns.xfr
import dns.zone
import pytest

from mcidns.nameserver import NameServer
from tests.component.nameserver.peers import (
    KEY,
    PEERS,
    TIMEOUT,
    ZONE,
    ZONE_TEXT,
    Server,
    an_update,
    send,
    serial,
    serving,
    transferred,
)

WRONG_KEY = dns.tsig.Key("stranger.", KEY.secret, KEY.algorithm)


async def _change(server: Server, name: str, *addresses: str, ttl: int = 60) -> None:
    update = an_update()
    update.delete(name)
    if addresses:
        update.add(name, ttl, "A", *addresses)
    assert (await send(server, update)).rcode() == dns.rcode.NOERROR


async def _copy(server: Server) -> dns.versioned.Zone:
    zone = dns.versioned.Zone(ZONE)
    query, _ = dns.xfr.make_query(zone, keyring=KEY, serial=None)
    await dns.asyncquery.inbound_xfr("127.0.0.1", zone, query, port=server.port, timeout=TIMEOUT)
    return zone


async def _follow(server: Server, zone: dns.versioned.Zone) -> None:
    query, _ = dns.xfr.make_query(zone, keyring=KEY)
    await dns.asyncquery.inbound_xfr("127.0.0.1", zone, query, port=server.port, timeout=TIMEOUT)


async def _form(server: Server, held: int, *, udp: bool = False) -> str:
    """How an IXFR from a serial is answered, told by its SOA records."""
    query, _ = dns.xfr.make_query(dns.versioned.Zone(ZONE), keyring=KEY, serial=held)
    exchange = dns.asyncquery.udp if udp else dns.asyncquery.tcp
    answer = await exchange(query, "127.0.0.1", port=server.port, timeout=TIMEOUT, one_rr_per_rrset=True)
    soas = sum(rrset.rdtype == dns.rdatatype.SOA for rrset in answer.answer)
    return {0: "nothing", 1: "only the SOA", 2: "the whole zone"}.get(soas, "changes")


@pytest.mark.parametrize("peer", PEERS)
async def test_the_whole_zone_is_what_was_loaded(peer: str) -> None:
    async with serving(peer) as server:
        assert await transferred(server) == dns.zone.from_text(ZONE_TEXT, ZONE)


@pytest.mark.parametrize("peer", PEERS)
async def test_a_zone_of_many_messages_is_signed_in_every_one(peer: str) -> None:
    text = ZONE_TEXT + "".join(f'host-{n} IN A 10.0.{n // 256}.{n % 256}\nhost-{n} IN TXT "owner={n}"\n' for n in range(3000))
    async with serving(peer, text) as server:
        zone = dns.zone.Zone(ZONE)
        query, _ = dns.xfr.make_query(zone, keyring=KEY, serial=None)
        await dns.asyncquery.inbound_xfr("127.0.0.1", zone, query, port=server.port, timeout=TIMEOUT)

        assert len(zone.nodes) == len(dns.zone.from_text(ZONE_TEXT, ZONE).nodes) + 3000
        assert zone.find_rdataset("host-2999", "TXT")[0].to_text() == '"owner=2999"'


@pytest.mark.parametrize("peer", PEERS)
async def test_rrsets_larger_than_a_message_are_split(peer: str) -> None:
    text = ZONE_TEXT + "".join(f'big IN TXT "{n:04}{"x" * 200}" "{"y" * 200}"\n' for n in range(99))
    async with serving(peer, text) as server:
        assert await transferred(server) == dns.zone.from_text(text, ZONE)


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize(
    ("key", "zone", "rcode"),
    [
        pytest.param(None, ZONE, "REFUSED", id="unsigned"),
        pytest.param(KEY, "example.net.", "NOTAUTH", id="of a zone not served"),
        pytest.param(KEY, "www.example.org.", "NOTAUTH", id="of a name that is no zone"),
    ],
)
async def test_a_transfer_is_refused(peer: str, key: dns.tsig.Key | None, zone: str, rcode: str) -> None:
    async with serving(peer) as server:
        with pytest.raises(dns.xfr.TransferError, match=rcode):
            await transferred(server, key, zone)


@pytest.mark.parametrize("peer", PEERS)
async def test_a_transfer_with_an_unknown_key_is_told_so(peer: str) -> None:
    async with serving(peer) as server:
        with pytest.raises(dns.tsig.PeerBadKey):
            await transferred(server, WRONG_KEY)


@pytest.mark.parametrize("peer", PEERS)
async def test_changes_alone_bring_a_copy_up_to_date(peer: str) -> None:
    # BIND sends the whole zone when that is shorter than the changes, so the zone must not be tiny.
    async with serving(peer, ZONE_TEXT + "".join(f"host-{n} IN A 10.0.0.{n}\n" for n in range(200))) as server:
        copy = await _copy(server)
        await _change(server, "new", "192.0.2.8", "192.0.2.9")
        await _change(server, "www")
        await _change(server, "new", "192.0.2.9", "192.0.2.10", ttl=90)
        await _change(server, "alias", "192.0.2.11")

        form = await _form(server, 7)
        await _follow(server, copy)

        assert form == "changes"
        with copy.reader() as reader:
            followed = {(name, rdataset.rdtype): rdataset for name, rdataset in reader.iterate_rdatasets()}
        whole = await transferred(server)
        assert followed == {(name, rdataset.rdtype): rdataset for name, rdataset in whole.iterate_rdatasets()}


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize(("held", "udp"), [pytest.param(8, False, id="over TCP"), pytest.param(8, True, id="over UDP")])
async def test_who_is_up_to_date_gets_only_the_soa(peer: str, held: int, udp: bool) -> None:
    async with serving(peer) as server:
        await _change(server, "new", "192.0.2.8")

        assert await serial(server) == held
        assert await _form(server, held, udp=udp) == "only the SOA"


@pytest.mark.parametrize("peer", PEERS)
async def test_who_is_ahead_gets_only_the_soa(peer: str) -> None:
    async with serving(peer) as server:
        assert await _form(server, 1000) == "only the SOA"


@pytest.mark.parametrize("peer", PEERS)
async def test_a_serial_the_journal_never_had_gets_the_whole_zone(peer: str) -> None:
    async with serving(peer) as server:
        await _change(server, "new", "192.0.2.8")

        assert await _form(server, 3) == "the whole zone"


async def test_a_serial_that_left_the_bounded_journal_gets_the_whole_zone() -> None:
    async with NameServer({ZONE: ZONE_TEXT}, {"mcidns.": ("hmac-sha256", KEY.secret)}, journal=10) as server:
        copy = await _copy(server)
        for number in range(5):
            await _change(server, "new", f"192.0.2.{number}")

        forms = [await _form(server, held) for held in (7, 8, 10, 11)]
        await _follow(server, copy)

        assert forms == ["the whole zone", "the whole zone", "changes", "changes"]
        with copy.reader() as reader:
            assert reader.get("new", "A")[0].to_text() == "192.0.2.4"


@pytest.mark.parametrize("peer", PEERS)
async def test_a_big_change_comes_in_several_signed_messages(peer: str) -> None:
    async with serving(peer) as server:
        copy = await _copy(server)
        for batch in range(4):
            update = an_update()
            for number in range(300):
                update.add(f"host-{batch}-{number}", 60, "TXT", f"owner={number}{'x' * 60}")
            await send(server, update)

        await _follow(server, copy)

        with copy.reader() as reader:
            assert reader.get("host-3-299", "TXT")[0].to_text() == f'"owner=299{"x" * 60}"'


async def test_a_change_far_ahead_of_the_serial_is_one_step_of_the_journal() -> None:
    async with NameServer({ZONE: ZONE_TEXT}, {"mcidns.": ("hmac-sha256", KEY.secret)}) as server:
        update = an_update()
        update.add("@", 60, "SOA", "ns1 hostmaster 500 3600 600 86400 30")
        await send(server, update)

        assert (server.serial(ZONE), await _form(server, 7)) == (500, "changes")
