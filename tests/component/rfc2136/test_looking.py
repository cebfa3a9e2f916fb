"""Names looked up one by one: what stands there, not what a server makes up from wildcards, aliases and DNAMEs."""

import pytest

from mcidns.errors import Denied, Transient
from mcidns.nameserver import NameServer
from mcidns.provider import Unlisted
from tests.bind import Bind, BindZone
from tests.component.rfc2136.parts import (
    EMPTY,
    KEYS,
    PEERS,
    ZONE,
    change,
    creation,
    flat,
    name,
    needs_bind,
    provider,
    records,
    serving,
)

TEXT = EMPTY + (
    '*.w IN A 192.0.2.9\n*.w IN TXT "wild"\nreal.w IN A 192.0.2.9\nalias IN CNAME ns1\n*.c IN CNAME ns1\n'
    "both IN A 192.0.2.1\n"
    "both IN AAAA 2001:db8::1\nboth IN MX 10 mx.example.net.\nsub IN NS ns.example.net.\ndeep.ent IN A 192.0.2.2\n"
)
ASKED = ("x.w", "real.w", "*.w", "alias", "x.c", "both", "sub", "ent", "missing", "@")
CONTENT = {
    "x.w.example.org.": {},
    "real.w.example.org.": {"A": ("192.0.2.9",)},
    "*.w.example.org.": {"A": ("192.0.2.9",), "TXT": ('"wild"',)},
    "alias.example.org.": {"CNAME": ("ns1.example.org.",)},
    "x.c.example.org.": {},
    "both.example.org.": {"A": ("192.0.2.1",), "AAAA": ("2001:db8::1",), "MX": ("10 mx.example.net.",)},
    "sub.example.org.": {"NS": ("ns.example.net.",)},
    "ent.example.org.": {},
    "missing.example.org.": {},
    "example.org.": {"NS": ("ns1.example.org.",)},
}


@pytest.mark.parametrize("peer", PEERS)
async def test_only_what_stands_at_a_name_is_its_content(peer: str) -> None:
    async with serving(peer, TEXT) as port, provider(port) as dns:
        assert flat((await dns.look(ZONE, frozenset(map(name, ASKED)))).items()) == CONTENT


@needs_bind
async def test_what_a_dname_makes_up_is_no_content() -> None:
    text = EMPTY + "d IN DNAME elsewhere.example.net.\n"
    async with Bind({ZONE.text: text}, KEYS) as bind, provider(bind.port) as dns:
        found = await dns.look(ZONE, frozenset({name("d"), name("x.d")}))
        assert flat(found.items()) == {"d.example.org.": {"DNAME": ("elsewhere.example.net.",)}, "x.d.example.org.": {}}


@needs_bind
async def test_a_zone_without_transfers_is_written_by_looking() -> None:
    async with Bind({ZONE.text: BindZone(TEXT, transfer="allow-transfer { none; };")}, KEYS) as bind, provider(bind.port) as dns:
        assert isinstance(await dns.read(ZONE, None), Unlisted)
        names = frozenset({name("x.w"), name("both")})
        seen = await dns.look(ZONE, names)
        (address,) = (one for one in seen[name("both")] if one.type == "A")
        await dns.apply(ZONE, [change((address, records("both", "A", "192.0.2.7"))), creation(records("x.w", "A", "192.0.2.8"))])
        after = flat((await dns.look(ZONE, names)).items())
        assert after["x.w.example.org."] == {"A": ("192.0.2.8",)}
        assert after["both.example.org."]["A"] == ("192.0.2.7",)


@needs_bind
async def test_a_wildcards_answer_cannot_be_told_where_updates_are_refused_so_that_is_denied() -> None:
    async with Bind({ZONE.text: BindZone(TEXT, update="allow-update { none; };")}, KEYS) as bind, provider(bind.port) as dns:
        assert (await dns.look(ZONE, frozenset({name("alias")})))[name("alias")] == (records("alias", "CNAME", "ns1.example.org."),)
        with pytest.raises(Denied, match=r"x\.w\.example\.org"):
            await dns.look(ZONE, frozenset({name("x.w")}))


@needs_bind
async def test_thousands_of_names_are_looked_up_at_once() -> None:
    text = EMPTY + "".join(f"h{i} IN A 10.0.{i >> 8}.{i & 255}\n" for i in range(3000))
    async with Bind({ZONE.text: text}, KEYS) as bind, provider(bind.port) as dns:
        found = await dns.look(ZONE, frozenset(name(f"h{i}") for i in range(4000)))
        assert sum(1 for sets in found.values() if sets) == 3000
        assert found[name("h2999")] == (records("h2999", "A", "10.0.11.183"),)
        assert found[name("h3999")] == ()


async def test_a_server_that_stops_answering_while_names_are_looked_up_is_transient() -> None:
    async with NameServer({ZONE.text: TEXT}, KEYS) as server, provider(server.port, timeout=0.2) as dns:
        await dns.look(ZONE, frozenset({name("both")}))
        server.faults.stall()
        with pytest.raises(Transient):
            await dns.look(ZONE, frozenset({name("both")}))
        server.faults.resume()
