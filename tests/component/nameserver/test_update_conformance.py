"""RFC 2136 as BIND answers it: one table, held against our name server and against BIND itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.update
import pytest

from tests.component.nameserver.peers import KEY, PEERS, an_update, exchange, held, send, send_udp, serial, serving, signed_at

Build = Callable[[dns.update.UpdateMessage], None]
Held = tuple[int, set[str]] | None
UNTOUCHED: Mapping[tuple[str, str], Held] = {
    ("www", "A"): (60, {"192.0.2.1", "192.0.2.2"}),
    ("alias", "CNAME"): (60, {"www"}),
    ("new", "A"): None,
}


@dataclass(frozen=True)
class Case:
    """One UPDATE on the test zone: what it asks, its rcode, how far the serial steps, and what is held after it."""

    build: Build
    rcode: str = "NOERROR"
    step: int = 0
    after: Mapping[tuple[str, str], Held] = field(default_factory=dict)


def _all(*steps: Build) -> Build:
    def build(update: dns.update.UpdateMessage) -> None:
        for step in steps:
            step(update)

    return build


def _add(name: str, ttl: int, rdtype: str, *values: str) -> Build:
    return lambda update: update.add(name, ttl, rdtype, *values)


def _delete(name: str, *what: str) -> Build:
    return lambda update: update.delete(name, *what)


def _present(name: str, *what: str) -> Build:
    return lambda update: update.present(name, *what)


def _absent(name: str, *what: str) -> Build:
    return lambda update: update.absent(name, *what)


def _raw(section: str, name: str, rdclass: str, rdtype: str, ttl: int = 0, data: bytes = b"") -> Build:
    """A record as no client would write it: any class, type, TTL and data."""

    def build(update: dns.update.UpdateMessage) -> None:
        kind = dns.rdatatype.from_text(rdtype)
        target = update.prerequisite if section == "prerequisite" else update.update
        rrset = dns.rrset.RRset(dns.name.from_text(name, None), dns.rdataclass.from_text(rdclass), kind)
        rrset.add(dns.rdata.GenericRdata(dns.rdataclass.from_text(rdclass), kind, data), ttl)
        target.append(rrset)

    return build


ADD_NEW = _add("new", 60, "A", "192.0.2.9")
NEW = {("new", "A"): (60, {"192.0.2.9"})}

PREREQUISITES = {
    "name in use holds": Case(_all(_present("www"), ADD_NEW), step=1, after=NEW),
    "name in use fails": Case(_all(_present("missing"), ADD_NEW), "NXDOMAIN"),
    "name in use fails for an empty non-terminal": Case(_all(_present("empty"), ADD_NEW), "NXDOMAIN"),
    "name in use is not met by a wildcard": Case(_all(_present("x.wild"), ADD_NEW), "NXDOMAIN"),
    "name not in use holds": Case(_all(_absent("missing"), ADD_NEW), step=1, after=NEW),
    "name not in use holds for an empty non-terminal": Case(_all(_absent("empty"), ADD_NEW), step=1, after=NEW),
    "name not in use fails": Case(_all(_absent("www"), ADD_NEW), "YXDOMAIN"),
    "RRset exists holds": Case(_all(_present("www", "A"), ADD_NEW), step=1, after=NEW),
    "RRset exists fails by type": Case(_all(_present("www", "TXT"), ADD_NEW), "NXRRSET"),
    "RRset exists fails by name": Case(_all(_present("missing", "A"), ADD_NEW), "NXRRSET"),
    "RRset does not exist holds": Case(_all(_absent("www", "TXT"), ADD_NEW), step=1, after=NEW),
    "RRset does not exist fails": Case(_all(_absent("www", "A"), ADD_NEW), "YXRRSET"),
    "RRset has these values": Case(_all(_present("www", "A", "192.0.2.2", "192.0.2.1"), ADD_NEW), step=1, after=NEW),
    "RRset has these values and more": Case(_all(_present("www", "A", "192.0.2.1"), ADD_NEW), "NXRRSET"),
    "RRset has fewer values": Case(_all(_present("www", "A", "192.0.2.1", "192.0.2.2", "192.0.2.3"), ADD_NEW), "NXRRSET"),
    "RRset has other values": Case(_all(_present("www", "A", "192.0.2.1", "192.0.2.3"), ADD_NEW), "NXRRSET"),
    "RRset of a value is missing": Case(_all(_present("missing", "A", "192.0.2.1"), ADD_NEW), "NXRRSET"),
    "TXT values are compared by string": Case(
        _all(_present("text", "TXT", '"heritage=mcidns" "owner=test"'), ADD_NEW), step=1, after=NEW
    ),
    "TXT values that only read alike differ": Case(
        _all(_present("text", "TXT", '"heritage=mcidnsowner=test"'), ADD_NEW), "NXRRSET"
    ),
    "a CNAME's target is compared without case": Case(
        _all(_present("alias", "CNAME", "WWW.example.ORG."), ADD_NEW), step=1, after=NEW
    ),
    "a name is compared without case": Case(_all(_present("WwW", "A"), ADD_NEW), step=1, after=NEW),
    "the SOA as the zone's version holds": Case(
        _all(_present("@", "SOA", "ns1 hostmaster 7 3600 600 86400 30"), ADD_NEW), step=1, after=NEW
    ),
    "the SOA as the zone's version fails": Case(
        _all(_present("@", "SOA", "ns1 hostmaster 6 3600 600 86400 30"), ADD_NEW), "NXRRSET"
    ),
    "the first that fails decides": Case(_all(_absent("www"), _present("missing"), ADD_NEW), "YXDOMAIN"),
    "value dependent ones are checked last": Case(_all(_present("www", "A", "192.0.2.3"), _absent("www"), ADD_NEW), "YXDOMAIN"),
    "one outside the zone": Case(_all(_present("www.example.net."), ADD_NEW), "NOTZONE"),
    "one with a TTL": Case(_all(_raw("prerequisite", "www", "IN", "A", 5, bytes(4)), ADD_NEW), "FORMERR"),
    "one of a class that is not the zone's": Case(_all(_raw("prerequisite", "www", "CH", "TXT", 0, b"\1x"), ADD_NEW), "FORMERR"),
    "none changes anything by itself": Case(_present("www")),
}

UPDATES = {
    "a record is added": Case(ADD_NEW, step=1, after=NEW),
    "a record joins its RRset": Case(
        _add("www", 60, "A", "192.0.2.3"), step=1, after={("www", "A"): (60, {"192.0.2.1", "192.0.2.2", "192.0.2.3"})}
    ),
    "a present record changes nothing": Case(_add("www", 60, "A", "192.0.2.1")),
    "a present record with another TTL changes the RRset's": Case(
        _add("www", 90, "A", "192.0.2.1"), step=1, after={("www", "A"): (90, {"192.0.2.1", "192.0.2.2"})}
    ),
    "a new record's TTL becomes the RRset's": Case(
        _add("www", 90, "A", "192.0.2.3"), step=1, after={("www", "A"): (90, {"192.0.2.1", "192.0.2.2", "192.0.2.3"})}
    ),
    "an RRset is replaced": Case(
        _all(_delete("www", "A"), _add("www", 60, "A", "192.0.2.8")), step=1, after={("www", "A"): (60, {"192.0.2.8"})}
    ),
    "an RRset replaced by itself changes nothing": Case(
        _all(_delete("www", "A"), _add("www", 60, "A", "192.0.2.1", "192.0.2.2")), after={("www", "A"): UNTOUCHED["www", "A"]}
    ),
    "an addition taken back changes nothing": Case(_all(ADD_NEW, _delete("new", "A"))),
    "one record is deleted": Case(_delete("www", "A", "192.0.2.1"), step=1, after={("www", "A"): (60, {"192.0.2.2"})}),
    "an RRset is deleted": Case(_delete("www", "A"), step=1, after={("www", "A"): None, ("www", "AAAA"): (60, {"2001:db8::1"})}),
    "a name is deleted": Case(_delete("www"), step=1, after={("www", "A"): None, ("www", "AAAA"): None}),
    "what is absent is deleted": Case(_all(_delete("missing"), _delete("www", "TXT"), _delete("www", "A", "192.0.2.99"))),
    "many changes are one step of the serial": Case(
        _all(ADD_NEW, _delete("www", "AAAA"), _add("other", 60, "TXT", "x")), step=1, after={**NEW, ("www", "AAAA"): None}
    ),
    "data added beside a CNAME is ignored": Case(
        _all(_add("alias", 60, "A", "192.0.2.1"), ADD_NEW), step=1, after={**NEW, ("alias", "CNAME"): (60, {"www"})}
    ),
    "a CNAME added beside data is ignored": Case(
        _all(_add("www", 60, "CNAME", "ns1"), ADD_NEW), step=1, after={**NEW, ("www", "A"): UNTOUCHED["www", "A"]}
    ),
    "a CNAME at the apex is ignored": Case(_all(_add("@", 60, "CNAME", "ns1"), ADD_NEW), step=1, after=NEW),
    "a CNAME replaces a CNAME": Case(_add("alias", 60, "CNAME", "ns1"), step=1, after={("alias", "CNAME"): (60, {"ns1"})}),
    "the last of two CNAMEs wins": Case(
        _all(_add("c", 60, "CNAME", "ns1"), _add("c", 60, "CNAME", "www")), step=1, after={("c", "CNAME"): (60, {"www"})}
    ),
    "a CNAME gives way to data in one message": Case(
        _all(_delete("alias", "CNAME"), _add("alias", 60, "A", "192.0.2.5")), step=1, after={("alias", "A"): (60, {"192.0.2.5"})}
    ),
    "data gives way to a CNAME in one message": Case(
        _all(_delete("www"), _add("www", 60, "CNAME", "ns1")), step=1, after={("www", "CNAME"): (60, {"ns1"})}
    ),
    "the order of the records counts": Case(
        _all(_add("alias", 60, "A", "192.0.2.5"), _delete("alias", "CNAME")), step=1, after={("alias", "A"): None}
    ),
    "the apex's SOA is not deleted": Case(_delete("@", "SOA")),
    "the apex's NS are not deleted": Case(_delete("@", "NS"), after={("@", "NS"): (60, {"ns1"})}),
    "the apex's last NS is not deleted": Case(_delete("@", "NS", "ns1.example.org."), after={("@", "NS"): (60, {"ns1"})}),
    "the apex's second NS is deleted": Case(
        _all(_add("ns2", 60, "A", "127.0.0.1"), _add("@", 60, "NS", "ns2"), _delete("@", "NS", "ns1.example.org.")),
        step=1,
        after={("@", "NS"): (60, {"ns2"})},
    ),
    "the apex as a name keeps SOA and NS": Case(
        _all(_add("@", 60, "TXT", "x"), _delete("@"), ADD_NEW),
        step=1,
        after={**NEW, ("@", "TXT"): None, ("@", "NS"): (60, {"ns1"})},
    ),
    "an SOA with a newer serial is taken": Case(_add("@", 60, "SOA", "ns1 hostmaster 20 3600 600 86400 30"), step=13),
    "an SOA with an older serial is ignored": Case(_add("@", 60, "SOA", "ns1 hostmaster 6 3600 600 86400 30")),
    "an SOA below the apex is ignored": Case(_all(_add("www", 60, "SOA", "ns1 hostmaster 9 1 1 1 1"), ADD_NEW), step=1, after=NEW),
    "one name outside the zone refuses all": Case(_all(ADD_NEW, _add("www.example.net.", 60, "A", "192.0.2.1")), "NOTZONE"),
    "a name that only ends alike is outside": Case(_all(ADD_NEW, _add("notexample.org.", 60, "A", "192.0.2.1")), "NOTZONE"),
    "a record of a meta type refuses all": Case(_all(ADD_NEW, _raw("update", "bad", "IN", "ANY", 60, bytes(4))), "FORMERR"),
    "a record of class CH refuses all": Case(_all(ADD_NEW, _raw("update", "bad", "CH", "TXT", 60, b"\1x")), "FORMERR"),
    "101 records in one RRset refuse all": Case(
        _all(ADD_NEW, _add("many", 60, "A", *(f"192.0.2.{n}" for n in range(101)))), "SERVFAIL", after={("many", "A"): None}
    ),
    "100 records in one RRset are taken": Case(_add("many", 60, "A", *(f"192.0.2.{n}" for n in range(100))), step=1),
    "TTL 0, wildcards, delegations and unknown types are data as any": Case(
        _all(
            _add("zero", 0, "A", "192.0.2.1"),
            _add("*.w", 60, "TXT", '"a" "b"'),
            _add("cut", 60, "NS", "ns.example.net."),
            _add("odd", 60, "TYPE65400", "\\# 3 010203"),
            _add("https", 60, "HTTPS", "1 . alpn=h2"),
        ),
        step=1,
        after={("zero", "A"): (0, {"192.0.2.1"}), ("x.w", "TXT"): (60, {'"a" "b"'}), ("odd", "TYPE65400"): (60, {"\\# 3 010203"})},
    ),
    "an empty message changes nothing": Case(_all()),
}


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in {**PREREQUISITES, **UPDATES}.items()])
async def test_an_update_is_answered_and_applied_as_bind_does(peer: str, case: Case) -> None:
    async with serving(peer) as server:
        before = await serial(server)
        update = an_update()
        case.build(update)

        answer = await send(server, update)

        assert dns.rcode.to_text(answer.rcode()) == case.rcode
        assert await serial(server) - before == case.step
        expected = {**(UNTOUCHED if case.step == 0 else {}), **case.after}
        assert {key: _relative(await held(server, *key)) for key in expected} == expected


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize(
    "build",
    [
        pytest.param(_raw("update", "bad", "IN", "A", 60, bytes(3)), id="malformed record data"),
        pytest.param(_raw("update", "www", "ANY", "A", 0, bytes(4)), id="a deletion of class ANY with data"),
        pytest.param(_raw("prerequisite", "www", "ANY", "A", 0, bytes(4)), id="a prerequisite of class ANY with data"),
    ],
)
async def test_what_cannot_be_read_gets_an_unsigned_format_error(peer: str, build: Build) -> None:
    async with serving(peer) as server:
        update = an_update()
        _all(ADD_NEW, build)(update)
        wire, _ = signed_at(update, KEY)

        answer = dns.message.from_wire(await exchange(server, wire), keyring=False)

        assert (answer.rcode(), answer.had_tsig) == (dns.rcode.FORMERR, False)
        assert await held(server, "new", "A") is None


@pytest.mark.parametrize("peer", PEERS)
async def test_a_message_of_200_rrsets_is_taken_over_udp(peer: str) -> None:
    async with serving(peer) as server:
        update = an_update()
        for number in range(200):
            update.replace(f"host-{number}", 60, "A", "192.0.2.1")

        answer = await send_udp(server, update)

        assert answer.rcode() == dns.rcode.NOERROR
        assert await held(server, "host-199", "A") == (60, {"192.0.2.1"})


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize(
    "zone", [pytest.param("example.net.", id="not served"), pytest.param("www.example.org.", id="a subdomain of a zone")]
)
async def test_an_update_of_what_is_no_zone_here_is_not_authoritative(peer: str, zone: str) -> None:
    async with serving(peer) as server:
        update = an_update(zone=zone)
        update.add("new", 60, "A", "192.0.2.1")

        assert (await send(server, update)).rcode() == dns.rcode.NOTAUTH


def _relative(found: Held) -> Held:
    return None if found is None else (found[0], {value.removesuffix(".example.org.") for value in found[1]})
