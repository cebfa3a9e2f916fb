"""The wanted probes asked again and again, and their streaks; how one is asked and what a streak means is decided elsewhere."""

import asyncio
import logging
import math
import random
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final

from mcidns.model import targets
from mcidns.model.probes import Probe, ProbeRule, Streak
from mcidns.model.targets import Address
from mcidns.observe.asking import Question
from mcidns.observe.replies import Answer, Outcome
from mcidns.observe.turns import Turns, affordable

_LOG = logging.getLogger(__name__)

Ask = Callable[[Question], Awaitable[Answer]]
"""Puts one question; it may take as long as the rule's timeout."""

SHORTER: Final = 0.05
"""An interval is shortened by up to this share, by chance, so that many probes, or several controllers, do not march in step.

It is never lengthened: from the last good question on, `fall` more begin within `fall` intervals (design §8).
"""

SECOND: Final = 0.5
"""The same for the first interval of each, so that a fleet that came at once does not stay together."""

TICK: Final = 0.1
"""Seconds: questions begin on this grid, because waking up once for some costs far less than once for each."""

BEAT: Final = 0.05
LEAST_BEATS: Final = 1 / 3
"""While anything is asked this process counts its own beats, one in so many seconds. A time-out counts only where it felt this
share of the beats that belong into that time: one that was not let run would blame its targets for answers it did not fetch.
"""

COMPLAIN_EVERY: Final = 60.0

FIRST_WITHIN: Final = 1.0
"""Seconds over which first questions are spread; in a large fleet twice the time the rate needs, but no more than the interval."""


def objection(address: Address) -> str | None:
    """Why this address must not be asked, or None; an IPv4 address in IPv6 clothes is judged as what it is."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return targets.objection(mapped or address, ())


@dataclass(slots=True, eq=False)
class _Asked:
    """One wanted probe. `due` is in the loop's time. `fresh`: not asked yet; `hung`: the last question timed out."""

    question: Question
    wishes: int = 0
    streak: Streak | None = None
    due: float = 0.0
    fresh: bool = True
    hung: bool = False
    timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = None


class Prober:
    """Asks what somebody wants, each Probe once however many want it, and keeps the latest run of equal answers.

    `ask` puts one question. `on_change` hears of the first answer, of a streak that turned, and of one that has just reached
    the rule's `fall` or `rise`: a quiet fleet says nothing. `on_answer` hears every answer. `permit` says why an address must
    not be asked, or None: such a probe never gets an answer. At most `rate` questions begin a second, and at most `at_once`
    are under way, if this process may open twice as many files.
    """

    def __init__(
        self,
        *,
        ask: Ask,
        on_change: Callable[[Probe], None],
        on_answer: Callable[[Probe, Answer], None] = lambda probe, answer: None,
        permit: Callable[[Address], str | None] = objection,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
        rate: float = 500.0,
        at_once: int = 2000,
    ) -> None:
        self._ask = ask
        self._on_change = on_change
        self._on_answer = on_answer
        self._permit = permit
        self._clock = clock
        self._chance = chance
        self._rate = rate
        self._wanted: dict[Hashable, frozenset[Probe]] = {}
        self._asked: dict[Probe, _Asked] = {}
        self._turns: Turns[_Asked] = Turns(self._begin, rate=rate, places=affordable(at_once))
        self._tasks: asyncio.TaskGroup | None = None
        self._complained: dict[str, float] = {}
        self._beats = 0
        self._some = asyncio.Event()

    @property
    def asked(self) -> int:
        """How many probes are wanted."""
        return len(self._asked)

    @property
    def unanswered(self) -> int:
        """How many probes have no answer yet and will have one."""
        return sum(asked.streak is None and self._permit(probe.address) is None for probe, asked in self._asked.items())

    def want(self, who: Hashable, probes: frozenset[Probe]) -> None:
        """Ask these for `who`, in place of what it wanted before; what nobody wants any more is broken off and forgotten."""
        before = self._wanted.get(who, frozenset())
        if before == probes:
            return
        if probes:
            self._wanted[who] = probes
        else:
            self._wanted.pop(who, None)
        for probe in probes - before:
            asked = self._asked.get(probe)
            if asked is None:
                asked = self._asked[probe] = _Asked(Question.of(probe))
                self._start(asked)
            asked.wishes += 1
        for probe in before - probes:
            asked = self._asked[probe]
            asked.wishes -= 1
            if asked.wishes == 0:
                del self._asked[probe]
                _break_off(asked)
        if self._asked:
            self._some.set()
        else:
            self._some.clear()

    def streaks(self, probes: Iterable[Probe]) -> tuple[tuple[Probe, Streak], ...]:
        """What is known of these, in their order; those without an answer so far are left out."""
        found = ((probe, self._asked.get(probe)) for probe in probes)
        return tuple([(probe, asked.streak) for probe, asked in found if asked is not None and asked.streak is not None])

    async def run(self) -> None:
        """Ask until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                try:
                    self._tasks = tasks
                    for asked in self._asked.values():
                        self._start(asked)
                    while True:
                        await self._some.wait()
                        await asyncio.sleep(BEAT)
                        self._beats += 1
                finally:
                    # Before the tasks end: each that does would let the next one begin.
                    self._tasks = None
                    self._turns.stop()
        finally:
            for asked in self._asked.values():
                _break_off(asked)

    def _start(self, asked: _Asked) -> None:
        """Schedule the first question, unless it must not be asked."""
        if self._tasks is None:
            return
        probe = asked.question.probe
        why = self._permit(probe.address)
        if why is not None:
            _LOG.warning("probe.refused", extra=_about(asked) | {"why": why})
            return
        spread = min(probe.rule.interval, max(FIRST_WITHIN, 2 * len(self._asked) / self._rate))
        loop = asyncio.get_running_loop()
        asked.due = loop.time() + spread * self._chance()
        asked.timer = loop.call_at(_on_grid(asked.due), self._come_due, asked)

    def _come_due(self, asked: _Asked) -> None:
        asked.timer = None
        self._turns.come(asked, slow=asked.hung)

    def _begin(self, asked: _Asked) -> bool:
        if asked.wishes == 0 or self._tasks is None:
            return False  # unwanted while it waited for its turn
        slow = asked.hung
        asked.task = self._tasks.create_task(self._put(asked), name="probe")
        asked.task.add_done_callback(lambda _: self._turns.leave(slow=slow))
        return True

    async def _put(self, asked: _Asked) -> None:
        beats = self._beats
        try:
            answer = await self._ask(asked.question)
            due = int(asked.question.probe.rule.timeout / BEAT * LEAST_BEATS)
            if answer.outcome is Outcome.TIMED_OUT and self._beats - beats < due:
                answer = Answer(Outcome.UNABLE, "this controller was too busy to ask: its process stood still")
            self._note(asked, answer)
        except Exception:  # noqa: BLE001  the one place: a fault of ours in one question ends there (law 4)
            _LOG.exception("probe.failed", extra=_about(asked))
        asked.task = None
        step = asked.question.probe.rule.interval * (1.0 - (SECOND if asked.fresh else SHORTER) * self._chance())
        asked.fresh = False
        # From when it was due, not from when it began: what had to wait for its turn is not late again.
        loop = asyncio.get_running_loop()
        asked.due = max(asked.due + step, loop.time())
        asked.timer = loop.call_at(_on_grid(asked.due), self._come_due, asked)

    def _note(self, asked: _Asked, answer: Answer) -> None:
        probe, before = asked.question.probe, asked.streak
        asked.hung = answer.outcome is Outcome.TIMED_OUT
        self._on_answer(probe, answer)
        if answer.good is None:
            self._complain(asked, answer.detail)
            return
        after = asked.streak = advance(before, good=answer.good, detail=answer.detail, at=self._clock())
        if is_news(before, after, probe.rule):
            level = logging.INFO if not after.good and after.count >= probe.rule.fall else logging.DEBUG
            _LOG.log(level, "probe.changed", extra=_about(asked) | {"good": after.good, "times": after.count, "now": after.detail})
            self._on_change(probe)

    def _complain(self, asked: _Asked, why: str) -> None:
        """One warning a minute for each reason, however many probes it concerns; the metric has their number."""
        now = asyncio.get_running_loop().time()
        told = self._complained.get(why)
        if told is None or now - told >= COMPLAIN_EVERY:
            self._complained[why] = now
            _LOG.warning("probe.unable", extra=_about(asked) | {"why": why})


def _on_grid(when: float) -> float:
    return math.ceil(when / TICK) * TICK


def _about(asked: _Asked) -> dict[str, object]:
    probe = asked.question.probe
    return {
        "address": str(probe.address),
        "dns_name": probe.name.relative,
        "protocol": probe.rule.protocol,
        "port": probe.rule.port,
    }


def _break_off(asked: _Asked) -> None:
    if asked.timer is not None:
        asked.timer.cancel()
        asked.timer = None
    if asked.task is not None:
        asked.task.cancel()
        asked.task = None


def advance(before: Streak | None, *, good: bool, detail: str, at: float) -> Streak:
    """The streak with one more answer."""
    if before is None or before.good != good:
        return Streak(good, 1, at, at, detail)
    return Streak(good, before.count + 1, before.since, at, detail)


def is_news(before: Streak | None, after: Streak, rule: ProbeRule) -> bool:
    """Whether a decision could follow: the first answer, another kind of answer, or `fall` or `rise` reached just now."""
    return before is None or before.good != after.good or after.count == (rule.rise if after.good else rule.fall)
