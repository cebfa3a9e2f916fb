"""Never two at once: an API that delays, loses and answers late, and processes that stand still, in virtual time."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from mcidns.lead import election
from mcidns.lead.election import Absent, Answer, Candidate, Clash, Failed, Found, Lease, Look, Request, State, Terms
from mcidns.model.mandates import Adrift, Leading

TERMS = Terms(duration=15.0, deadline=10.0, retry=2.0)
LIFE = 240.0


@dataclass
class Api:
    """One Lease with optimistic concurrency."""

    lease: Lease | None = None
    version: int = 0

    def serve(self, request: Request, who: str, began: float) -> Answer:
        """Carry it out now."""
        if isinstance(request, Look):
            return Absent() if self.lease is None else Found(self.lease)
        if request.version is None:
            if self.lease is not None:
                return Clash()
        elif self.lease is None:
            return Absent()
        elif self.lease.version != request.version:
            return Clash()
        self.version += 1
        self.lease = Lease(str(self.version), who, TERMS.duration, request.epoch, f"{who} at {began}")
        return Found(self.lease)

    def release(self, who: str) -> None:
        """As at a clean stop."""
        if self.lease is not None and self.lease.holder == who:
            self.version += 1
            self.lease = replace(self.lease, version=str(self.version), holder="")


@dataclass
class Elector:
    """One process with a clock of its own that nobody else knows."""

    name: str
    offset: float
    state: State = field(default_factory=Candidate)
    stopped: bool = False

    def leads(self, time: float) -> bool:
        """Whether it may write anything, fenced or not."""
        return not self.stopped and isinstance(self.mandate(time), Leading)

    def mandate(self, time: float) -> object:
        return election.mandate(self.state, TERMS, self.name, time + self.offset)


class World:
    """Events in virtual time; `chance` decides what goes wrong."""

    def __init__(self, chance: Random, count: int, trouble: float) -> None:
        self.chance = chance
        self.trouble = trouble
        self.api = Api()
        self.electors = [Elector(f"e{number}", chance.uniform(-1e6, 1e6)) for number in range(count)]
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.number = 0
        self.time = 0.0
        self.epochs: dict[int, str] = {}
        self.led = 0.0

    def at(self, time: float, event: Callable[[], None]) -> None:
        self.number += 1
        heapq.heappush(self.events, (time, self.number, event))

    def run(self, until: float) -> None:
        while self.events and self.events[0][0] <= until:
            self.time, _, event = heapq.heappop(self.events)
            event()
            leaders = [one.name for one in self.electors if one.leads(self.time)]
            assert len(leaders) <= 1, f"{leaders} lead at {self.time:.2f}"

    def begin(self, one: Elector) -> None:
        if one.stopped:
            return
        one.state = election.roused(one.state)
        self.go_on(one)

    def go_on(self, one: Elector) -> None:
        if one.stopped:
            return
        began = self.time
        request = election.ask(one.state, TERMS, one.name, began + one.offset)
        if request is None:
            self.at(began + TERMS.retry * self.chance.uniform(0.8, 1.0) + self.pause(), lambda: self.begin(one))
            return
        arrives = began + self.delay()
        answered: list[Answer] = [Failed()]
        lost = self.unlucky()

        def serve() -> None:
            answered[0] = self.api.serve(request, one.name, began)

        if not self.unlucky():
            self.at(arrives, serve)
        returns = arrives + self.delay()
        awake = began + self.pause()
        in_time = returns <= began + TERMS.patience and not lost
        late = returns <= awake and not lost and self.unlucky()  # it stood still, and the answer lay there when it woke
        heard = in_time or late

        def hear() -> None:
            answer = answered[0] if heard else Failed()
            one.state = election.learn(
                one.state, request, answer, me=one.name, began=began + one.offset, now=self.time + one.offset
            )
            self.note(one)
            self.go_on(one)

        self.at(max(returns if heard else began + TERMS.patience, awake), hear)

    def note(self, one: Elector) -> None:
        """An epoch belongs to one elector for ever."""
        mandate = one.mandate(self.time)
        if isinstance(mandate, Leading | Adrift):
            assert self.epochs.setdefault(mandate.epoch, one.name) == one.name

    def unlucky(self) -> bool:
        return self.chance.random() < self.trouble

    def delay(self) -> float:
        return self.chance.expovariate(0.3) if self.unlucky() else self.chance.uniform(0.0, 0.2)

    def pause(self) -> float:
        return self.chance.uniform(0.0, 40.0) if self.chance.random() < self.trouble / 4 else 0.0


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(2, 3), trouble=st.sampled_from([0.05, 0.2, 0.5]))
def test_two_never_lead_at_once_whatever_is_delayed_lost_or_stands_still(seed: int, count: int, trouble: float) -> None:
    world = World(Random(seed), count, trouble)
    for one in world.electors:
        world.at(world.chance.uniform(0.0, 3.0), lambda one=one: world.begin(one))  # type: ignore[misc]
    world.run(LIFE)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), clean=st.booleans())
def test_the_next_leads_within_its_time_after_a_death_or_a_clean_stop(seed: int, clean: bool) -> None:
    world = World(Random(seed), 3, 0.0)
    for one in world.electors:
        world.at(world.chance.uniform(0.0, 3.0), lambda one=one: world.begin(one))  # type: ignore[misc]
    world.run(20.0 + world.chance.uniform(0.0, 5.0))
    (leader,) = [one for one in world.electors if one.leads(world.time)]
    leader.stopped = True
    if clean:
        world.api.release(leader.name)
    died = world.time
    while not any(one.leads(world.time) for one in world.electors):
        world.run(world.events[0][0])
    assert world.time - died <= (3.0 if clean else TERMS.duration + 5.0)


def test_the_simulation_itself_notices_a_leader_that_does_not_stop() -> None:
    """With a deadline beyond the duration two do lead at once."""
    sloppy = replace(TERMS, deadline=60.0)

    class Careless(Elector):
        def mandate(self, time: float) -> object:
            return election.mandate(self.state, sloppy, self.name, time + self.offset)

    def careless(seed: int) -> None:
        world = World(Random(seed), 2, 0.3)
        world.electors = [Careless(one.name, one.offset) for one in world.electors]
        for one in world.electors:
            world.at(0.0, lambda one=one: world.begin(one))  # type: ignore[misc]
        world.run(LIFE)

    caught = 0
    for seed in range(20):
        try:
            careless(seed)
        except AssertionError:
            caught += 1
    assert caught > 0
