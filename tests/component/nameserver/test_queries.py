"""Answers to plain queries, held against our name server and against BIND."""

from dataclasses import dataclass

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest

from tests.component.nameserver.peers import PEERS, ZONE, an_update, ask, exchange, send, send_udp, serving

WWW = {("www", "A", "192.0.2.1"), ("www", "A", "192.0.2.2")}


@dataclass(frozen=True)
class Case:
    """One question, and the rcode, the answer's records (owner, type, data) and the types in the authority section."""

    name: str
    rdtype: str
    answer: frozenset[tuple[str, str, str]] = frozenset()
    rcode: str = "NOERROR"
    authority: frozenset[str] = frozenset()
    authoritative: bool = True


def _case(name: str, rdtype: str, answer: set[tuple[str, str, str]]) -> Case:
    return Case(name, rdtype, frozenset(answer))


def _negative(name: str, rdtype: str, rcode: str = "NOERROR", answer: frozenset[tuple[str, str, str]] = frozenset()) -> Case:
    return Case(name, rdtype, answer, rcode, frozenset({"SOA"}))


CASES = {
    "addresses": _case("www", "A", WWW),
    "an IPv6 address": _case("www", "AAAA", {("www", "AAAA", "2001:db8::1")}),
    "text of several strings": _case("text", "TXT", {("text", "TXT", '"heritage=mcidns" "owner=test"')}),
    "the SOA": _case("@", "SOA", {("@", "SOA", "ns1 hostmaster 7 3600 600 86400 30")}),
    "the NS": _case("@", "NS", {("@", "NS", "ns1")}),
    "a name in other letters": _case("WWW", "AAAA", {("www", "AAAA", "2001:db8::1")}),
    "a CNAME is followed": _case("alias", "A", {("alias", "CNAME", "www"), *WWW}),
    "a chain of CNAMEs is followed": _case("chain", "A", {("chain", "CNAME", "alias"), ("alias", "CNAME", "www"), *WWW}),
    "a CNAME itself": _case("alias", "CNAME", {("alias", "CNAME", "www")}),
    "a CNAME out of the zone": _case("away", "A", {("away", "CNAME", "elsewhere.example.net.")}),
    "a CNAME to nowhere": _negative("dangling", "A", "NXDOMAIN", frozenset({("dangling", "CNAME", "missing")})),
    "every type": _case("www", "ANY", {*WWW, ("www", "AAAA", "2001:db8::1")}),
    "no such type": _negative("www", "TXT"),
    "no such name": _negative("missing", "A", "NXDOMAIN"),
    "no such name below one that exists": _negative("below.www", "A", "NXDOMAIN"),
    "an empty non-terminal": _negative("empty", "A"),
    "a wildcard": _case("any.thing.wild", "A", {("any.thing.wild", "A", "192.0.2.77")}),
    "a wildcard asked by its own name": _case("*.wild", "A", {("*.wild", "A", "192.0.2.77")}),
    "a wildcard without the type": _negative("x.wild", "AAAA"),
    "a wildcard does not cover a name that exists": _negative("own.wild", "A"),
    "a wildcard does not cover names below one that exists": _negative("x.own.wild", "A", "NXDOMAIN"),
    "a wildcard does not cover its own parent": _negative("wild", "A"),
    "a wildcard CNAME": _case("x.walias", "A", {("x.walias", "CNAME", "www"), *WWW}),
    "a delegation": Case("host.sub", "A", frozenset(), "NOERROR", frozenset({"NS"}), authoritative=False),
    "a delegation's own name": Case("sub", "A", frozenset(), "NOERROR", frozenset({"NS"}), authoritative=False),
    "a name in a zone not served": Case("www.example.net.", "A", frozenset(), "REFUSED", frozenset(), authoritative=False),
}


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
async def test_a_question_is_answered_as_bind_does(peer: str, case: Case) -> None:
    async with serving(peer) as server:
        found = await ask(server, case.name, case.rdtype)

        # BIND adds NS records to positive answers; that is nobody's loss, so only negative ones are compared.
        authority = (
            {dns.rdatatype.to_text(rrset.rdtype) for rrset in found.authority} if case.authority or not case.answer else set()
        )
        assert _records(found) == case.answer
        assert dns.rcode.to_text(found.rcode()) == case.rcode
        assert bool(found.flags & dns.flags.AA) == case.authoritative
        assert authority == case.authority


@pytest.mark.parametrize("peer", PEERS)
async def test_a_negative_answer_may_be_kept_as_long_as_the_soa_says(peer: str) -> None:
    async with serving(peer) as server:
        assert [rrset.ttl for rrset in (await ask(server, "missing", "A")).authority] == [30]


@pytest.mark.parametrize("peer", PEERS)
async def test_a_delegation_brings_the_address_of_its_server(peer: str) -> None:
    async with serving(peer) as server:
        found = await ask(server, "host.sub", "A")

        assert [(rrset.name.to_text(), rrset[0].to_text()) for rrset in found.additional] == [("ns.sub.example.org.", "192.0.2.53")]


@pytest.mark.parametrize("peer", PEERS)
async def test_the_question_comes_back_in_its_own_letters(peer: str) -> None:
    async with serving(peer) as server:
        query = dns.message.make_query("wWw.ExAmPlE.oRg.", "A")

        wire = await exchange(server, query.to_wire())

        assert b"\x03wWw\x07ExAmPlE\x03oRg\x00" in wire


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize(
    ("payload", "truncated"),
    [
        pytest.param(None, True, id="no EDNS: over 512 octets"),
        pytest.param(512, True, id="EDNS with 512 octets"),
        pytest.param(1232, False, id="EDNS with 1232 octets"),
        pytest.param(65000, False, id="EDNS with more than the server sends"),
    ],
)
async def test_an_answer_too_big_for_a_datagram_says_so(peer: str, payload: int | None, truncated: bool) -> None:
    async with serving(peer) as server:
        await send(server, _many_addresses(60))
        query = dns.message.make_query("many.example.org.", "A")
        query.use_edns(payload is not None, payload=payload or 0)

        found = await send_udp(server, query)

        assert bool(found.flags & dns.flags.TC) == truncated
        assert (len(_records(found)) == 60) == (not truncated)
        assert found.edns == (-1 if payload is None else 0)


@pytest.mark.parametrize("peer", PEERS)
async def test_what_no_datagram_holds_comes_whole_over_tcp(peer: str) -> None:
    async with serving(peer) as server:
        await send(server, _many_addresses(100))
        query = dns.message.make_query("many.example.org.", "A", use_edns=0, payload=65000)

        by_udp, by_tcp = await send_udp(server, query), await send(server, query)

        assert by_udp.flags & dns.flags.TC
        assert len(_records(by_tcp)) == 100


@pytest.mark.parametrize("peer", PEERS)
async def test_an_edns_version_to_come_is_told_ours(peer: str) -> None:
    async with serving(peer) as server:
        query = dns.message.make_query(ZONE, "SOA")
        query.use_edns(1)

        found = await send(server, query)

        assert (found.rcode(), found.edns) == (dns.rcode.BADVERS, 0)


@pytest.mark.parametrize("peer", PEERS)
async def test_an_operation_nobody_knows_is_not_implemented(peer: str) -> None:
    async with serving(peer) as server:
        query = dns.message.make_query(ZONE, "SOA")
        query.set_opcode(dns.opcode.STATUS)

        found = dns.message.from_wire(await exchange(server, query.to_wire()))

        assert found.rcode() == dns.rcode.NOTIMP


def _many_addresses(count: int) -> dns.message.Message:
    update = an_update()
    update.add("many", 60, "A", *(f"192.0.2.{number}" for number in range(count)))
    return update


def _records(message: dns.message.Message) -> set[tuple[str, str, str]]:
    origin = dns.name.from_text(ZONE)
    return {
        (rrset.name.relativize(origin).to_text().lower(), dns.rdatatype.to_text(rrset.rdtype), rdata.to_text(origin=origin))
        for rrset in message.answer
        for rdata in rrset
    }
