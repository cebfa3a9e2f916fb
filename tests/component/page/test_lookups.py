"""What DNS answers now, asked of a real name server."""

import contextlib
from collections.abc import AsyncIterator

import dns.asyncquery
import dns.message
import pytest

from mcidns.nameserver import NameServer
from mcidns.page.lookups import Answered, Lookups
from mcidns.testing import build

ZONE = """
$TTL 30
@ SOA ns1 hostmaster 7 3600 600 86400 30
@ NS ns1
@ NS ns2
ns1 A 192.0.2.53
ns2 A 192.0.2.54
www A 192.0.2.1
www A 192.0.2.2
www AAAA 2001:db8::1
alias CNAME www
"""


@contextlib.asynccontextmanager
async def asking(*, dead: str = "") -> AsyncIterator[Lookups]:
    """Lookups by a resolver that is itself authoritative; the servers' addresses lead to it too, but for a dead one."""
    async with NameServer({"example.org.": ZONE}) as server:

        async def query(question: dns.message.Message, address: str) -> dns.message.Message:
            if address == dead:
                raise TimeoutError
            return await dns.asyncquery.tcp(question, "127.0.0.1", port=server.port, timeout=5)

        lookups = Lookups((("127.0.0.1", server.port),), query=query)
        try:
            yield lookups
        finally:
            await lookups.aclose()


async def test_the_resolver_and_every_authoritative_server_are_asked_for_all_addresses() -> None:
    async with asking() as lookups:
        found = await lookups.ask(build.name("www.example.org"))
    values = ("192.0.2.1", "192.0.2.2", "2001:db8::1")
    assert found == (
        Answered("resolver 127.0.0.1", True, values, 30),
        Answered("ns1.example.org (192.0.2.53)", True, values, 30),
        Answered("ns2.example.org (192.0.2.54)", True, values, 30),
    )


async def test_a_server_that_does_not_answer_is_told_beside_those_that_do() -> None:
    async with asking(dead="192.0.2.54") as lookups:
        found = await lookups.ask(build.name("www.example.org"))
    assert [(one.by, one.trouble) for one in found if one.trouble] == [("ns2.example.org (192.0.2.54)", "no answer in time")]


@pytest.mark.parametrize(("name", "trouble"), [("nowhere.example.org", "no such name"), ("example.org", "no address")])
async def test_a_name_without_addresses_says_which_it_is(name: str, trouble: str) -> None:
    async with asking() as lookups:
        found = await lookups.ask(build.name(name))
    assert {one.trouble for one in found} == {trouble}
    assert {one.values for one in found} == {()}


async def test_an_alias_is_answered_with_where_it_leads() -> None:
    async with asking() as lookups:
        found = await lookups.ask(build.name("alias.example.org"))
    assert "www.example.org" in found[0].values


async def test_no_resolver_at_all_is_an_answer_too() -> None:
    lookups = Lookups((("127.0.0.1", 9),))
    found = await lookups.ask(build.name("www.example.org"))
    await lookups.aclose()
    assert [one.values for one in found] == [()]
    assert found[0].trouble
