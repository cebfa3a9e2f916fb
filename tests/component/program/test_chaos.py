"""Any sequence of wishes, foreign writes, faults, lost answers and deaths, against the laws, in virtual time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcidns.errors import Conflict, Denied, Rejected, Throttled, Transient
from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet
from mcidns.model.zones import Guard
from mcidns.program import ownership
from mcidns.program.programmer import Programmer
from mcidns.testing.memory import Fault, MemoryProvider
from tests.component.program.bench import loop_clock
from tests.unit.program.builders import OWNER, at, name, records, ref, rules, wish, zone

HOSTS = ("a", "b", "c", "d")
STRANGERS = ("x", "y")
VALUES = st.lists(st.sampled_from(["192.0.2.1", "192.0.2.2", "192.0.2.3"]), max_size=2, unique=True)
pytestmark = pytest.mark.looptime

ERRORS: dict[str, Callable[[], BaseException]] = {
    "transient": lambda: Transient("down"),
    "unsure": lambda: Transient("time-out", unsure=True),
    "throttled": lambda: Throttled("slow down", retry_after=7.0),
    "denied": lambda: Denied("not allowed"),
    "rejected": lambda: Rejected("bad record"),
    "conflict": lambda: Conflict("changed"),
    "bug": lambda: KeyError("a mistake"),
}

STEP = st.one_of(
    st.tuples(st.just("wish"), st.sampled_from(HOSTS), VALUES),
    st.tuples(st.just("alias"), st.sampled_from(HOSTS), st.just([])),
    st.tuples(st.just("forget"), st.sampled_from(HOSTS), st.just([])),
    st.tuples(st.just("foreign"), st.sampled_from(HOSTS), VALUES),
    st.tuples(st.just("edit"), st.sampled_from(HOSTS), VALUES),
    st.tuples(
        st.just("fault"), st.sampled_from(sorted(ERRORS)), st.sampled_from([["apply"], ["read"], ["look"], ["apply", "after"]])
    ),
    st.tuples(st.just("die"), st.just(""), st.just([])),
    st.tuples(st.just("wait"), st.sampled_from(["0", "0.3", "5", "400"]), st.just([])),
)


@dataclass
class World:
    """The truth of a run: what is wished, and what strangers put where."""

    server: MemoryProvider
    wishes: dict[str, RecordSet | None] = field(default_factory=dict)
    strangers: dict[tuple[DnsName, str], RecordSet] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None
    programmer: Programmer | None = None

    async def start(self) -> None:
        self.programmer = Programmer(clock=loop_clock, on_report=lambda _: None, on_zone=lambda _: None)
        self.task = asyncio.create_task(self.programmer.run())
        self.programmer.set_zone(zone(guard=Guard(min_names=1000)), self.server)
        for host in self.wishes:
            self.intend(host)
        self.programmer.settled()

    async def die(self) -> None:
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def intend(self, host: str) -> None:
        assert self.programmer is not None
        one = self.wishes.get(host)
        source = ref(host)
        if one is None:
            self.programmer.forget(source)
            return
        self.programmer.intend(source, (wish(host, *one.values, source=source, type_=one.type),))

    async def step(self, what: str, host: str, detail: list[str]) -> None:
        content = self.server.zone("example.org")
        match what:
            case "wish" | "alias":
                type_ = "CNAME" if what == "alias" else "A"
                self.wishes[host] = records(host, type_, *(detail or ("lb.example.net." if what == "alias" else "192.0.2.9",)))
                self.intend(host)
            case "forget":
                self.wishes[host] = None
                self.intend(host)
            case "foreign" if not content.at(name(host)) and not content.at(name(f"mcidns-a.{host}")):
                stranger = records(host, "A", *(detail or ["203.0.113.1"]))
                content.put(name(host), (stranger,))
                self.strangers[(name(host), "A")] = stranger
            case "edit" if any(one.type == "A" for one in content.at(name(host))) and (name(host), "A") not in self.strangers:
                content.put(name(host), (records(host, "A", *(detail or ["203.0.113.9"])),))
            case "fault":
                moment = "after" if "after" in detail else "before"
                self.server.faults.append(Fault(detail[0], ERRORS[host](), moment=moment))  # type: ignore[arg-type]  # from the table above
            case "die":
                await self.die()
                await self.start()
            case "wait":
                await asyncio.sleep(float(host))
            case _:
                pass
        self.check()

    def check(self) -> None:
        """Foreign sets stand, and no set of ours stands without its TXT, at any moment."""
        content = self.server.zone("example.org")
        laws = rules(zone())
        for (host, _), stranger in self.strangers.items():
            assert stranger in content.at(host)
        for sets in content.sets.values():
            for one in sets:
                if (one.name, one.type) in self.strangers or ownership.holding(one).claim is not None:
                    continue
                holding = laws.names.find(one.key, at(content.sets))
                assert holding is not None, f"{one.key} stands without its TXT"
                assert holding.claim is not None
                assert holding.claim.owner == OWNER


async def live(steps: list[tuple[str, str, list[str]]], *, listing: bool) -> None:
    server = MemoryProvider("example.org", batch=2, listing=listing)
    server.latency = 0.01
    world = World(server)
    for host in STRANGERS:
        await world.step("foreign", host, ["203.0.113.77"])
    await world.start()
    for what, host, detail in steps:
        await world.step(what, host, detail)
    server.faults.clear()
    await asyncio.sleep(2 * 3700.0 + 700.0)
    world.check()
    content = server.zone("example.org")
    for host, wished in world.wishes.items():
        if (name(host), "A") in world.strangers:
            continue
        if wished is None and not listing:
            continue
        found = content.at(name(host))
        assert found == (() if wished is None else (wished,)), f"{host} holds {found}"
    await world.die()


@given(steps=st.lists(STEP, max_size=25), listing=st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_whatever_happens_the_laws_hold_and_the_end_is_as_wished(steps, listing):
    await live(steps, listing=listing)
