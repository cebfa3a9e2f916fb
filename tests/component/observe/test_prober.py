"""The prober: when it asks, what it keeps, what it tells; in virtual time with answers from a table, and once over real sockets."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import pairwise
from typing import Any

import pytest
from blockbuster import blockbuster_ctx
from hypothesis import given
from hypothesis import strategies as st

from mcidns.model.names import DnsName
from mcidns.model.probes import Probe, ProbeRule, Streak
from mcidns.observe import prober as probing
from mcidns.observe.asking import Question, ask
from mcidns.observe.prober import Prober
from mcidns.observe.replies import Answer, Outcome
from mcidns.observe.trust import Trust
from tests.component.observe.peers import SHOP, http, probe, serving

GOOD = Answer(Outcome.PASSED, "HTTP 200", 0.01)
BAD = Answer(Outcome.STATUS, "HTTP 503", 0.01)


def now() -> float:
    """The loop's time; in these tests the wall clock's too."""
    return asyncio.get_running_loop().time()


def target(number: int, **rule: Any) -> Probe:
    """A probe of the n-th address of a fleet."""
    filled: dict[str, Any] = {"protocol": "HTTP", "port": 80, **rule}
    return Probe(ip_address("192.0.2.0") + number, SHOP, ProbeRule(**filled))


@dataclass
class Bench:
    """A prober whose targets answer by table, each after `takes` seconds, good if not said otherwise."""

    chance: Callable[[], float] = lambda: 0.5
    answers: dict[Probe, Answer | Exception] = field(default_factory=dict)
    takes: dict[Probe, float] = field(default_factory=dict)
    begun: list[tuple[Probe, float]] = field(default_factory=list)
    told: list[tuple[Probe, float, Streak]] = field(default_factory=list)
    heard: Counter[str] = field(default_factory=Counter)
    under_way: int = 0
    most: int = 0
    prober: Prober = field(init=False)

    async def ask(self, question: Question) -> Answer:
        """Answer by table; what takes longer than its timeout times out."""
        asked = question.probe
        self.begun.append((asked, now()))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            takes = self.takes.get(asked, 0.01)
            await asyncio.sleep(min(takes, asked.rule.timeout))
            if takes > asked.rule.timeout:
                return Answer(Outcome.TIMED_OUT, "timed out", asked.rule.timeout)
            answer = self.answers.get(asked, GOOD)
            if isinstance(answer, Exception):
                raise answer
            return answer
        finally:
            self.under_way -= 1

    def times(self, asked: Probe) -> list[float]:
        """When this one was asked."""
        return [when for one, when in self.begun if one == asked]

    def streak(self, asked: Probe) -> Streak | None:
        """Its streak."""
        return dict(self.prober.streaks([asked])).get(asked)

    def changed(self, asked: Probe) -> None:
        """A streak of interest."""
        streak = self.streak(asked)
        assert streak is not None
        self.told.append((asked, now(), streak))


@contextlib.asynccontextmanager
async def probing_with(bench: Bench, **more: Any) -> AsyncIterator[Bench]:
    """Let the bench's prober run; at the end nothing may be left under way."""
    bench.prober = Prober(
        ask=bench.ask,
        on_change=bench.changed,
        on_answer=lambda _, answer: bench.heard.update([str(answer.outcome)]),
        clock=now,
        chance=bench.chance,
        **more,
    )
    running = asyncio.create_task(bench.prober.run())
    await asyncio.sleep(0)
    try:
        yield bench
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert bench.under_way == 0
        asked = len(bench.begun)
        await asyncio.sleep(100)
        assert len(bench.begun) == asked


@pytest.mark.looptime
async def test_a_wanted_probe_is_asked_within_a_second_and_then_again_and_again() -> None:
    async with probing_with(Bench()) as bench:
        one = target(1, interval=10)
        bench.prober.want("shop", frozenset({one}))
        assert bench.prober.streaks([one]) == ()
        await asyncio.sleep(1)
        assert len(bench.times(one)) == 1
        await asyncio.sleep(99)
        gaps = [after - before for before, after in pairwise(bench.times(one))]
        assert gaps == [pytest.approx(7.5), *[pytest.approx(9.75, abs=0.06)] * 9]  # on a grid of a tenth
        streak = bench.streak(one)
        assert streak is not None
        assert (streak.good, streak.count, streak.detail) == (True, 11, "HTTP 200")
        assert streak.at - streak.since == pytest.approx(95.25, abs=0.1)


@pytest.mark.looptime
async def test_two_hosts_that_want_the_same_have_it_asked_once_until_neither_does() -> None:
    async with probing_with(Bench()) as bench:
        one = target(1, interval=1)
        bench.prober.want("shop", frozenset({one}))
        bench.prober.want("cart", frozenset({one}))
        bench.prober.want("cart", frozenset({one}))
        await asyncio.sleep(10)
        assert 9 <= len(bench.begun) <= 11
        bench.prober.want("shop", frozenset())
        await asyncio.sleep(10)
        assert 18 <= len(bench.begun) <= 22
        assert bench.streak(one) is not None
        bench.prober.want("cart", frozenset())
        asked = len(bench.begun)
        await asyncio.sleep(10)
        assert len(bench.begun) == asked
        assert bench.streak(one) is None
        assert bench.prober.asked == 0


@pytest.mark.looptime
async def test_removing_a_want_breaks_the_question_off_at_once() -> None:
    one = target(1, interval=10, timeout=5)
    async with probing_with(Bench(takes={one: 4.0})) as bench:
        bench.prober.want("shop", frozenset({one}))
        await asyncio.sleep(1)
        assert bench.under_way == 1
        bench.prober.want("shop", frozenset())
        await asyncio.sleep(0.001)
        assert bench.under_way == 0
        await asyncio.sleep(20)
        assert bench.told == []
        # Wanted again it starts from nothing.
        bench.prober.want("shop", frozenset({one}))
        await asyncio.sleep(6)
        assert [streak.count for _, _, streak in bench.told] == [1]


@pytest.mark.looptime
async def test_only_the_first_answer_a_turn_and_reaching_fall_or_rise_are_told() -> None:
    one = target(1, interval=1, fall=3, rise=2)
    async with probing_with(Bench()) as bench:
        bench.prober.want("shop", frozenset({one}))
        await asyncio.sleep(10)
        assert [(streak.good, streak.count) for _, _, streak in bench.told] == [(True, 1), (True, 2)]
        bench.told.clear()
        bench.answers[one] = BAD
        await asyncio.sleep(10)
        assert [(streak.good, streak.count, streak.detail) for _, _, streak in bench.told] == [
            (False, 1, "HTTP 503"),
            (False, 3, "HTTP 503"),
        ]
        bench.told.clear()
        bench.answers[one] = GOOD
        await asyncio.sleep(10)
        assert [(streak.good, streak.count) for _, _, streak in bench.told] == [(True, 1), (True, 2)]


@pytest.mark.looptime
@pytest.mark.parametrize("chance", [pytest.param(0.0, id="longest intervals"), pytest.param(0.999, id="shortest intervals")])
@pytest.mark.parametrize("offset", [pytest.param(x / 10, id=f"failing {x / 10:g} s later") for x in range(0, 10, 3)])
async def test_a_failure_is_known_within_interval_times_fall_plus_timeout(chance: float, offset: float) -> None:
    one = target(1, interval=1, timeout=0.5, fall=3)
    async with probing_with(Bench(chance=lambda: chance)) as bench:
        bench.prober.want("shop", frozenset({one}))
        await asyncio.sleep(5 + offset)
        failed = now()
        bench.takes[one] = 10.0
        await asyncio.sleep(10)
        (known,) = [when for _, when, streak in bench.told if not streak.good and streak.count == 3]
        assert known - failed <= 1 * 3 + 0.5 + 0.2


@pytest.mark.looptime
async def test_many_first_questions_are_spread_and_the_rate_is_kept() -> None:
    chances = iter([x / 2000 for x in range(2000)] * 100)
    async with probing_with(Bench(chance=lambda: next(chances)), rate=500) as bench:
        fleet = frozenset(target(number % 250, port=number, interval=10) for number in range(1, 2001))
        bench.prober.want("fleet", fleet)
        await asyncio.sleep(10.1)
        assert {one for one, _ in bench.begun} == fleet
        in_each_second = Counter(int(when) for _, when in bench.begun)
        assert max(in_each_second.values()) <= 750


@pytest.mark.looptime
async def test_no_more_are_under_way_than_allowed_and_what_hangs_costs_only_itself() -> None:
    hanging = frozenset(target(number, port=81, interval=10, timeout=3) for number in range(200))
    well = frozenset(target(number, port=82, interval=10, timeout=3) for number in range(50))
    async with probing_with(Bench(takes=dict.fromkeys(hanging, 60.0)), at_once=20, rate=500) as bench:
        bench.prober.want("hanging", hanging)
        await asyncio.sleep(60)
        bench.begun.clear()
        bench.prober.want("well", well)
        await asyncio.sleep(60)
        assert bench.most == 20
        for one in well:
            times = bench.times(one)
            assert len(times) >= 6
            assert max(after - before for before, after in pairwise(times)) < 10.2
        # The hanging ones are late, but each has its turn.
        assert all(bench.times(one) for one in hanging)


@pytest.mark.looptime
async def test_what_this_machine_could_not_ask_says_nothing_of_the_target(caplog: pytest.LogCaptureFixture) -> None:
    one, two = target(1, interval=1), target(2, interval=1)
    async with probing_with(Bench()) as bench:
        bench.answers[one] = bench.answers[two] = Answer(Outcome.UNABLE, "too many open files")
        bench.prober.want("shop", frozenset({one, two}))
        await asyncio.sleep(5)
        assert bench.prober.streaks([one, two]) == ()
        assert bench.told == []
        assert [record.getMessage() for record in caplog.records] == ["probe.unable"]
        bench.answers[one] = GOOD
        await asyncio.sleep(5)
        kept = bench.streak(one)
        bench.answers[one] = Answer(Outcome.UNABLE, "too many open files")
        await asyncio.sleep(1.0)
        asked = len(bench.begun)
        await asyncio.sleep(5)
        assert len(bench.begun) > asked
        assert kept is not None
        assert bench.streak(one).good is True


@pytest.mark.parametrize(
    ("still", "counts"),
    [
        pytest.param(0.9, False, id="most of the time"),
        pytest.param(0.3, True, id="some of the time"),
    ],
)
async def test_a_timeout_counts_unless_this_process_itself_stood_still(still: float, *, counts: bool) -> None:
    one = target(1, interval=1, timeout=1)
    heard: list[str] = []

    async def ask_in_vain(_: Question) -> Answer:
        end = time.monotonic() + 1
        time.sleep(still)
        while time.monotonic() < end:
            await asyncio.sleep(0.01)
        return Answer(Outcome.TIMED_OUT, "timed out")

    prober = Prober(
        ask=ask_in_vain, on_change=lambda _: None, on_answer=lambda _, answer: heard.append(answer.detail), chance=lambda: 0.0
    )
    running = asyncio.create_task(prober.run())
    prober.want("shop", frozenset({one}))
    await until(lambda: heard)
    assert heard[0] == ("timed out" if counts else "this controller was too busy to ask: its process stood still")
    assert [streak.good for _, streak in prober.streaks([one])] == ([False] if counts else [])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.looptime
async def test_a_fault_of_ours_in_one_question_harms_no_other(caplog: pytest.LogCaptureFixture) -> None:
    one, two = target(1, interval=1), target(2, interval=1)
    async with probing_with(Bench()) as bench:
        bench.answers[one] = RuntimeError("a bug")
        bench.prober.want("shop", frozenset({one, two}))
        with caplog.at_level(logging.CRITICAL):
            await asyncio.sleep(5)
        assert len(bench.times(one)) >= 4
        assert bench.streak(one) is None
        assert bench.streak(two).count >= 4


@pytest.mark.looptime
@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "169.254.169.254", "fe80::1", "224.0.0.1", "ff02::1", "0.0.0.0", "::", "::ffff:127.0.0.1"],
    ids=str,
)
async def test_an_address_that_must_not_be_asked_never_is(address: str, caplog: pytest.LogCaptureFixture) -> None:
    forbidden, fine = probe("HTTP", 80, address=address), target(1)
    async with probing_with(Bench()) as bench:
        bench.prober.want("shop", frozenset({forbidden, fine}))
        await asyncio.sleep(60)
        assert {one for one, _ in bench.begun} == {fine}
        assert bench.prober.streaks([forbidden, fine])[0][0] == fine
        assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == ["probe.refused"]
        bench.prober.want("shop", frozenset())


@pytest.mark.looptime
async def test_what_was_wanted_before_the_start_is_asked_and_a_second_run_goes_on() -> None:
    one = target(1, interval=1)
    bench = Bench()
    bench.prober = Prober(ask=bench.ask, on_change=bench.changed, clock=now, chance=lambda: 0.5)
    bench.prober.want("shop", frozenset({one}))
    for count in (5, 10):
        running = asyncio.create_task(bench.prober.run())
        await asyncio.sleep(5)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert bench.streak(one).count == pytest.approx(count, abs=1)


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_a_streak_is_the_latest_run_of_equal_answers(answers: list[bool]) -> None:
    streak: Streak | None = None
    for number, good in enumerate(answers):
        streak = probing.advance(streak, good=good, detail=str(number), at=float(number))
    run = next((n for n, good in enumerate(reversed(answers)) if good != answers[-1]), len(answers))
    last = len(answers) - 1
    assert streak == Streak(answers[-1], run, float(last - run + 1), float(last), str(last))


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 5), st.integers(1, 5))
def test_whoever_hears_only_the_news_knows_every_fall_and_every_rise(answers: list[bool], fall: int, rise: int) -> None:
    rule = ProbeRule("TCP", 80, fall=fall, rise=rise)
    streak: Streak | None = None
    heard: tuple[bool, bool] | None = None
    for good in answers:
        before, streak = streak, probing.advance(streak, good=good, detail="", at=0.0)
        if probing.is_news(before, streak, rule):
            heard = _standing(streak, rule)
        assert heard == _standing(streak, rule)


def _standing(streak: Streak, rule: ProbeRule) -> tuple[bool, bool]:
    return streak.good, streak.count >= (rule.rise if streak.good else rule.fall)


async def until(claim: Callable[[], object]) -> None:
    """Wait for the claim to hold."""
    deadline = time.monotonic() + 20
    while not claim():
        assert time.monotonic() < deadline, "it never came"
        await asyncio.sleep(0.005)


async def test_over_real_sockets_a_target_falls_and_rises_and_nothing_blocks() -> None:
    told: list[Probe] = []
    trust = Trust()
    async with serving(http(200)) as one, serving(http(200), address="::1") as two:
        prober = Prober(ask=lambda question: ask(question, trust), on_change=told.append, permit=lambda _: None)
        probes = [peer.probe(interval=0.1, fall=2, rise=2) for peer in (one, two)]
        other = one.probe("TCP", name=DnsName.parse("other.example"), interval=0.1)

        def counts(asked: Iterable[Probe]) -> list[tuple[bool, int]]:
            return [(streak.good, min(2, streak.count)) for _, streak in prober.streaks(asked)]

        with blockbuster_ctx():
            running = asyncio.create_task(prober.run())
            prober.want("shop", frozenset([*probes, other]))
            await until(lambda: counts([*probes, other]) == [(True, 2)] * 3)
            one.script = http(503)
            await until(lambda: counts(probes) == [(False, 2), (True, 2)])
            one.script = http(200)
            await until(lambda: counts(probes) == [(True, 2), (True, 2)])
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        assert told.count(probes[0]) == 6
        assert told.count(probes[1]) == 2
