"""Trouble at every single request: nothing is ever served without its ownership, and a repeat always converges."""

import asyncio
import time

import pytest
from aiohttp import web

from mcidns.errors import ProviderError, Throttled, Transient
from mcidns.model.names import DnsName
from mcidns.model.records import Change, RecordSet, Wish
from mcidns.model.references import ObjectRef
from mcidns.model.zones import Zone as ServedZone
from mcidns.program.programmer import Programmer
from mcidns_designate import DesignateProvider
from tests.component.designate import parts
from tests.component.designate.parts import Zone, change, creation, deletion
from tests.openstack.designate import Designate
from tests.openstack.proxy import Fault, Proxy, method, reads, writes


async def unowned(zone: Zone, owned_by: dict[str, str]) -> list[str]:
    """Names that hold addresses without the text that says whose they are."""
    rows = await zone.rows()
    return [label for (label, type_) in rows if type_ != "TXT" and (owned_by[type_].format(label), "TXT") not in rows]


HARMS = [
    pytest.param(Fault("cut"), id="cut before it is carried out"),
    pytest.param(Fault("lost"), id="carried out, the answer lost"),
    pytest.param(Fault("torn"), id="carried out, the answer torn"),
    pytest.param(Fault("status", status=504, body={"code": 504, "type": "timeout"}), id="a time-out inside"),
    pytest.param(Fault("status", status=503), id="not available"),
    pytest.param(Fault("status", status=429, headers={"Retry-After": "1"}), id="asked to slow down"),
]


@pytest.mark.parametrize("harm", HARMS)
async def test_trouble_at_any_request_leaves_no_record_unowned_and_a_repeat_converges(designate: Designate, harm: Fault):
    async with parts.behind_proxy(designate.open) as (zone, proxy, made):
        address, mine = zone.records("www", "A", "192.0.2.1"), zone.owned("www")
        other = zone.records("www", "A", "192.0.2.2")
        alias, alias_mine = zone.records("www", "CNAME", "lb.example.net."), zone.owned("www", "cname")
        await made.read(zone.domain, None)
        walk = [
            (creation(address, mine), {address, mine}),
            (change((address, other), (mine, mine)), {other, mine}),
            (change((other, None), (mine, None), (None, alias), (None, alias_mine)), {alias, alias_mine}),
            (deletion(alias, alias_mine), set()),
        ]
        for one, expected in walk:
            await troubled(made, zone, proxy, one, harm)
            assert await parts.content(made, zone) == expected


async def troubled(made: DesignateProvider, zone: Zone, proxy: Proxy, one: Change, harm: Fault) -> None:
    """Apply until it is taken; the first try fails at its first request, the second at its second, and so on."""
    for position in range(20):
        # Twice, because aiohttp repeats by itself what may be repeated.
        fault = Fault(harm.harm, skip=position, times=2, status=harm.status, headers=harm.headers, body=harm.body)
        with proxy.failing(fault):
            try:
                await made.apply(zone.domain, [one])
            except Transient:
                assert fault.times < 2, "nothing was done to it"
            else:
                return
        assert await unowned(zone, {"A": "a-{}", "CNAME": "cname-{}"}) == []
    pytest.fail("twenty tries were not enough")


async def test_a_write_that_may_have_been_carried_out_says_so(designate: Designate):
    async with parts.behind_proxy(designate.open, timeout=0.5) as (zone, proxy, made):
        wished = creation(zone.records("www", "A", "192.0.2.1"), zone.owned("www"))
        await made.read(zone.domain, None)
        for fault, unsure in (
            (Fault("slow", writes, delay=3), True),
            (Fault("lost", method("POST"), skip=1), True),
            (Fault("status", method("POST"), skip=1, status=429, headers={"Retry-After": "4"}), False),
        ):
            with proxy.failing(fault), pytest.raises(Transient) as caught:
                await made.apply(zone.domain, [wished])
            assert caught.value.unsure is unsure or isinstance(caught.value, Throttled)
        assert isinstance(caught.value, Throttled)
        assert caught.value.retry_after == 4


async def test_no_request_waits_longer_than_it_may(designate: Designate):
    async with parts.behind_proxy(designate.open, timeout=0.3) as (zone, proxy, made):
        await made.read(zone.domain, None)
        with proxy.failing(Fault("slow", reads, delay=5)):
            begin = time.monotonic()
            with pytest.raises(Transient, match=r"does not answer within 0\.3 s"):
                await made.read(zone.domain, None)
        assert time.monotonic() - begin < 4


async def test_a_refusal_that_cannot_be_taken_back_is_looked_at_again(designate: Designate):
    async with parts.behind_proxy(designate.open) as (zone, proxy, made):
        many = zone.records("www", "A", *(f"192.0.2.{number}" for number in range(21)))
        with (
            proxy.failing(Fault("cut", method("DELETE"), times=2)),
            pytest.raises(Transient, match="cannot be taken back") as caught,
        ):
            await made.apply(zone.domain, [creation(many, zone.owned("www"))])
        assert caught.value.unsure
        assert (await zone.rows()).keys() == {("a-www", "TXT")}


async def test_somebody_who_is_faster_by_a_hair_keeps_what_they_made(designate: Designate):
    async with parts.behind_proxy(designate.open) as (zone, proxy, made):

        async def meanwhile(request: web.Request) -> None:
            if request.method == "POST" and b'"A"' in await request.read():
                proxy.meanwhile = None
                await zone.put("www", "A", "192.0.2.66")

        await made.read(zone.domain, None)
        proxy.meanwhile = meanwhile
        with pytest.raises(ProviderError, match=r"is there already and holds 192\.0\.2\.66"):
            await made.apply(zone.domain, [creation(zone.records("www", "A", "192.0.2.1"), zone.owned("www"))])
        assert await parts.content(made, zone) == {zone.records("www", "A", "192.0.2.66")}


class Controller:
    """A Programmer on one zone, as a run of mcidns has it; leaving the block is its sudden end."""

    def __init__(self, zone: Zone, made: DesignateProvider) -> None:
        self.programmer = Programmer(clock=time.time, on_report=lambda _: None, on_zone=lambda _: None)
        self.programmer.set_zone(ServedZone("main", zone.domain, "tests", "dns"), made)

    async def __aenter__(self) -> Programmer:
        self._task = asyncio.create_task(self.programmer.run())
        return self.programmer

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def wish(name: DnsName, address: str) -> Wish:
    """GlobalHost shop/web wishes for one name."""
    return Wish(ObjectRef("GlobalHost", "shop", "web"), name, (RecordSet.of(name, "A", 60, [address]),), 1_700_000_000.0)


@pytest.mark.parametrize("dies_at", [pytest.param(0, id="before the first write"), pytest.param(1, id="between the two")])
async def test_a_controller_that_dies_between_two_writes_is_taken_over_by_the_next(designate: Designate, dies_at: int):
    async with parts.behind_proxy(designate.open) as (zone, proxy, first), parts.provider(designate.open) as second:
        wished, reached, count = wish(zone.name("www"), "192.0.2.1"), asyncio.Event(), 0

        async def meanwhile(request: web.Request) -> None:
            nonlocal count
            if request.method == "POST":
                count += 1
                if count == dies_at + 1:
                    reached.set()
                    await asyncio.Event().wait()

        proxy.meanwhile = meanwhile
        async with Controller(zone, first) as programmer:
            programmer.intend(wished.source, (wished,))
            programmer.settled()
            await asyncio.wait_for(reached.wait(), 20)
        rows = await zone.rows()
        assert {type_ for _, type_ in rows} == ({"TXT"} if dies_at else set())

        async with Controller(zone, second) as programmer:
            programmer.intend(wished.source, (wished,))
            programmer.settled()
            await programmer.idle(20)
            (word,) = programmer.programming(wished.source)
        assert word.state == "Programmed"
        assert sorted((type_, row["records"][0][:24]) for (_, type_), row in (await zone.rows()).items()) == [
            ("A", "192.0.2.1"),
            ("TXT", '"heritage=external-dns,e'),
        ]


async def test_a_controller_goes_on_through_a_storm_of_faults(designate: Designate):
    async with parts.behind_proxy(designate.open, timeout=2.0) as (zone, proxy, made):
        proxy.faults = [
            Fault("lost", writes, 2, skip=1),
            Fault("status", writes, 1, skip=4, status=429, headers={"Retry-After": "0.1"}),
            Fault("torn", reads, 2, skip=3),
            Fault("status", writes, 1, skip=6, status=500),
        ]
        names = [zone.name(f"h{number}") for number in range(6)]
        source = ObjectRef("GlobalHost", "shop", "web")
        wishes = tuple(Wish(source, name, (RecordSet.of(name, "A", 60, ["192.0.2.1"]),), 1_700_000_000.0) for name in names)
        async with Controller(zone, made) as programmer:
            programmer.intend(source, wishes)
            programmer.settled()
            await programmer.idle(60)
            assert {word.state for word in programmer.programming(source)} == {"Programmed"}
        addresses = {name for (name, type_) in await zone.rows() if type_ == "A"}
        assert addresses == {f"h{number}" for number in range(6)}
        assert len(await zone.rows()) == 12
        assert not [fault for fault in proxy.faults if fault.times]
