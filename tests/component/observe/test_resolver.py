"""Load balancers' names resolved against a real name server: followed at their TTL, and kept while nobody answers."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import cast

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from mcidns.errors import ConfigError
from mcidns.model.clusters import Resolved, Unresolved
from mcidns.model.names import DnsName
from mcidns.nameserver import NameServer
from mcidns.observe.resolver import Resolver

A1, AAAA1 = ip_address("192.0.2.1"), ip_address("2001:db8::1")


def zone(*lines: str, serial: int = 1) -> str:
    """A zone of load balancers."""
    soa = f"@ 30 IN SOA ns.lb.example. root.lb.example. {serial} 60 60 60 30"
    head = f"$ORIGIN lb.example.\n{soa}\n@ 30 IN NS ns\nns 30 IN A 127.0.0.1\n"
    return head + "\n".join(lines) + "\n"


def name(label: str) -> DnsName:
    """A load balancer's name."""
    return DnsName.parse(f"{label}.lb.example")


@dataclass
class Bench:
    """A resolver at work, its clock and what it told."""

    resolver: Resolver
    told: list[str]
    ahead: float = 0.0

    def known(self, label: str) -> object:
        """What is known of a name, None before it was asked for."""
        found = dict(self.resolver.resolutions([name(label)]))
        return found.get(name(label))

    def addresses(self, label: str) -> set[str]:
        """The addresses of a name that resolves."""
        found = self.known(label)
        return {str(one) for one in found.addresses} if isinstance(found, Resolved) else set()

    def want(self, *labels: str, who: str = "host") -> None:
        """Let somebody want these."""
        self.resolver.want(who, frozenset(map(name, labels)))

    async def pass_time(self, seconds: float) -> None:
        """Turn the resolver's clock, and let it notice."""
        self.ahead += seconds
        self.want(f"marker{self.ahead:.0f}", who=f"marker {self.ahead}")
        await asyncio.sleep(0)

    async def until(self, claim: Callable[[], bool]) -> None:
        """Wait for the claim to hold."""
        deadline = time.monotonic() + 15.0
        while not claim():
            assert time.monotonic() < deadline, f"it never came: {self.told}"
            await asyncio.sleep(0.005)


class FickleServer(asyncio.DatagramProtocol):
    """A name server that has one address of each family for every name, and answers SERVFAIL for one type when told to."""

    def __init__(self) -> None:
        self.v4, self.v6, self.fails = "192.0.2.1", "2001:db8::1", ""
        self.address = ""
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def serving(cls) -> AsyncIterator["FickleServer"]:
        """Serve on a free port."""
        transport, server = await asyncio.get_running_loop().create_datagram_endpoint(cls, local_addr=("127.0.0.1", 0))
        host, port = transport.get_extra_info("sockname")
        server.address = f"{host}:{port}"
        try:
            yield server
        finally:
            transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer."""
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query)
        question = query.question[0]
        type_ = dns.rdatatype.to_text(question.rdtype)
        if type_ == self.fails:
            reply.set_rcode(dns.rcode.SERVFAIL)
        else:
            reply.answer.append(dns.rrset.from_text(question.name, 30, "IN", type_, self.v4 if type_ == "A" else self.v6))
        assert self._transport is not None
        self._transport.sendto(reply.to_wire(), addr)


@contextlib.asynccontextmanager
async def resolving(*lines: str, lifetime: float = 0.5) -> AsyncIterator[tuple[Bench, NameServer]]:
    """A resolver that asks a name server with this zone."""
    async with NameServer(zones={"lb.example.": zone(*lines)}) as server:
        told: list[str] = []
        resolver = Resolver(
            clock=lambda: time.time() + bench.ahead,
            on_change=lambda one: told.append(one.labels[0]),
            nameservers=[f"127.0.0.1:{server.port}"],
            lifetime=lifetime,
        )
        bench = Bench(resolver, told)
        running = asyncio.create_task(resolver.run())
        try:
            yield bench, server
            assert not running.done()
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running


async def test_a_name_resolves_to_both_families_until_its_ttl() -> None:
    async with resolving("eu 60 A 192.0.2.1", "eu 120 AAAA 2001:db8::1") as (bench, _):
        bench.want("eu")
        await bench.until(lambda: bench.known("eu") is not None)
        found = bench.known("eu")
        assert isinstance(found, Resolved)
        assert found.addresses == {A1, AAAA1}
        assert 0 < found.until - time.time() <= 60
        assert bench.told == ["eu"]


async def test_the_shortest_link_of_a_chain_of_aliases_counts() -> None:
    async with resolving("eu 20 CNAME front", "front 300 A 192.0.2.1") as (bench, _):
        bench.want("eu")
        await bench.until(lambda: bench.addresses("eu") == {"192.0.2.1"})
        found = bench.known("eu")
        assert isinstance(found, Resolved)
        assert found.until - time.time() <= 20


@pytest.mark.parametrize(
    ("ttl", "least", "most"),
    [pytest.param(0, 3.0, 5.0, id="no less than 5 s"), pytest.param(86400, 3500.0, 3600.0, id="no more than an hour")],
)
async def test_a_ttl_is_bounded(ttl: int, least: float, most: float) -> None:
    async with resolving(f"eu {ttl} A 192.0.2.1", f"eu {ttl} AAAA 2001:db8::1") as (bench, _):
        bench.want("eu")
        await bench.until(lambda: bench.addresses("eu") != set())
        found = bench.known("eu")
        assert isinstance(found, Resolved)
        assert least < found.until - time.time() <= most


async def test_a_change_is_found_at_the_ttl_and_a_mere_refresh_is_silent() -> None:
    async with resolving("eu 60 A 192.0.2.1", "us 60 A 192.0.2.2") as (bench, server):
        bench.want("eu", "us")
        await bench.until(lambda: sorted(bench.told) == ["eu", "us"])
        first = bench.known("us")
        assert isinstance(first, Resolved)
        server.add_zone("lb.example.", zone("eu 60 A 192.0.2.9", "us 60 A 192.0.2.2", serial=2))
        await bench.pass_time(61)
        await bench.until(lambda: bench.addresses("eu") == {"192.0.2.9"})
        await bench.until(lambda: bench.known("us") != first)
        assert bench.addresses("us") == {"192.0.2.2"}
        assert bench.told.count("us") == 1


async def test_a_name_that_does_not_exist_harms_only_itself() -> None:
    async with resolving("eu 60 A 192.0.2.1", "text 60 TXT hello") as (bench, _):
        bench.want("eu", "nothing", "text")
        await bench.until(lambda: len(bench.told) == 3)
        assert bench.known("nothing") == Unresolved("there is no such name")
        assert bench.known("text") == Unresolved("it has no addresses")
        assert bench.addresses("eu") == {"192.0.2.1"}


async def test_while_nobody_answers_the_last_addresses_are_kept_and_it_passes() -> None:
    async with resolving("eu 60 A 192.0.2.1") as (bench, server):
        bench.want("eu")
        await bench.until(lambda: bench.addresses("eu") == {"192.0.2.1"})
        last = bench.known("eu")
        server.faults.stall()
        await bench.pass_time(61)
        await bench.until(lambda: isinstance(bench.known("eu"), Unresolved))
        found = bench.known("eu")
        assert isinstance(found, Unresolved)
        assert found.last == last
        assert "no answer" in found.why
        server.faults.resume()
        await bench.pass_time(61)
        await bench.until(lambda: bench.addresses("eu") == {"192.0.2.1"})


async def test_no_answer_for_one_family_is_not_the_answer_that_it_has_none() -> None:
    async with FickleServer.serving() as server:
        bench = Bench(Resolver(clock=lambda: time.time() + bench.ahead, on_change=lambda _: None, nameservers=[server.address]), [])
        running = asyncio.create_task(bench.resolver.run())
        try:
            bench.want("eu")
            await bench.until(lambda: bench.addresses("eu") == {"192.0.2.1", "2001:db8::1"})
            server.fails, server.v4 = "AAAA", "192.0.2.9"
            await bench.pass_time(61)
            await bench.until(lambda: bench.addresses("eu") == {"192.0.2.9", "2001:db8::1"})
            server.fails = "A"
            await bench.pass_time(61)
            server.v6 = "2001:db8::2"
            await bench.until(lambda: bench.addresses("eu") == {"192.0.2.9", "2001:db8::2"})
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running


async def test_a_name_nobody_wants_any_more_is_forgotten() -> None:
    async with resolving("eu 60 A 192.0.2.1") as (bench, _):
        bench.want("eu", who="one")
        bench.want("eu", who="two")
        await bench.until(lambda: bench.addresses("eu") != set())
        bench.want(who="one")
        await bench.pass_time(61)
        await bench.until(lambda: bench.known("marker61") is not None)
        assert bench.addresses("eu") == {"192.0.2.1"}
        bench.want(who="two")
        await bench.pass_time(3700)
        await bench.until(lambda: bench.known("eu") is None)


async def test_many_names_at_once_are_asked_within_bounds_and_all_answered() -> None:
    lines = [f"n{number} 60 A 192.0.2.{number}" for number in range(1, 101)]
    async with resolving(*lines, lifetime=10.0) as (bench, _):
        bench.want(*(f"n{number}" for number in range(1, 101)))
        await bench.until(lambda: len(bench.told) == 100)
        assert bench.addresses("n77") == {"192.0.2.77"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ns.example.org", id="a name"),
        pytest.param("192.0.2.1:port", id="no port"),
        pytest.param("192.0.2.1:70000", id="a port too large"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_name_server_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="resolvers"):
        Resolver(clock=time.time, on_change=lambda _: None, nameservers=[text])
