"""Checks are bounded and apart: what hangs, crashes or may not be is told, and the others go on."""

import asyncio

import pytest

from mcidns.doctor import rules
from mcidns.doctor.backends import Broken
from mcidns.doctor.findings import Group, NotChecked, Outcome, Result
from mcidns.doctor.running import Runner
from mcidns.errors import Transient
from mcidns.kube.errors import Forbidden


async def well() -> Outcome:
    return Outcome(note="fine")


def crash() -> Outcome:
    raise KeyError("the-secret-token")


async def hang() -> Outcome:
    await asyncio.Event().wait()
    raise AssertionError


def raising(error: Exception):
    def work() -> Outcome:
        raise error

    return work


async def run(work, seconds: float = 5.0) -> Result:
    runner = Runner(seconds)
    result = await runner.check(Group.ZONE, "z", "c", work)
    assert runner.results == (result,)
    return result


async def test_a_check_that_crashes_is_a_finding_that_quotes_nothing() -> None:
    (finding,) = (await run(crash)).outcome.findings
    assert (finding.rule.name, "KeyError in crash" in finding.what, "secret" in finding.what) == ("CheckCrashed", True, False)


async def test_a_check_that_hangs_is_given_up() -> None:
    (finding,) = (await run(hang, 0.05)).outcome.findings
    assert (finding.rule.name, finding.what) == ("CheckTimedOut", "no end within 0.05 s")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(NotChecked("no way"), "no way", id="not checked"),
        pytest.param(Forbidden("GET /x", 403, "Forbidden", "you may not"), "a right is missing: you may not", id="forbidden"),
        pytest.param(Transient("server down"), "server down", id="an error of ours"),
    ],
)
async def test_what_cannot_be_checked_says_why(error: Exception, words: str) -> None:
    result = await run(raising(error))
    assert (result.state, result.unchecked, result.outcome) == ("not checked", words, Outcome())


async def test_what_breaks_the_rest_is_a_finding() -> None:
    broken = rules.ZONE_UNUSABLE.found("it is", name="z", remedy="r")
    assert (await run(raising(Broken(broken)))).outcome.findings == (broken,)


async def test_others_go_on_and_results_come_by_group_and_subject() -> None:
    told: list[tuple[str, int, int]] = []
    runner = Runner(0.2, lambda *step: told.append(step))
    checks = ((Group.HOSTS, "b", hang), (Group.ZONE, "z", crash), (Group.HOST, "", well), (Group.HOSTS, "a", well))
    await asyncio.gather(*(runner.check(group, subject, "c", work) for group, subject, work in checks))
    assert [(one.group, one.subject, one.state) for one in runner.results] == [
        (Group.HOST, "", "ok"),
        (Group.ZONE, "z", "problem"),
        (Group.HOSTS, "a", "ok"),
        (Group.HOSTS, "b", "problem"),
    ]
    assert [done for _, done, _ in told] == [1, 2, 3, 4]
