"""The election as a table: what is asked when, what an answer makes of it, and what may be written by then."""

from dataclasses import replace

import pytest

from mcidns.lead import election
from mcidns.lead.election import (
    Absent,
    Answer,
    Candidate,
    Clash,
    Failed,
    Found,
    Leader,
    Lease,
    Look,
    Request,
    State,
    Terms,
    Write,
)
from mcidns.model.mandates import Adrift, Leading, Mandate, Standby

ME, OTHER = "us_1", "them_2"
TERMS = Terms(duration=15.0, deadline=10.0, retry=2.0)


def lease(holder: str = OTHER, *, epoch: int = 3, renewed: str = "t0", version: str = "7", duration: float = 15.0) -> Lease:
    """As the API shows it."""
    return Lease(version, holder, duration, epoch, renewed)


def judging(seen: Lease | None, since: float = 0.0, *, absent: bool = False) -> Candidate:
    """A candidate that has just looked."""
    return Candidate(seen, since, absent, turn="judge")


@pytest.mark.parametrize(
    ("state", "now", "warm", "asked"),
    [
        pytest.param(Candidate(), 0.0, True, Look(), id="a candidate looks first"),
        pytest.param(judging(None), 0.0, True, Write(None, 1, anew=True), id="where there is none it makes one"),
        pytest.param(judging(None), 0.0, False, Write(None, 1, anew=True), id="at the very first start nobody is waited for"),
        pytest.param(judging(lease()), 14.9, True, None, id="another's is left alone while it may be valid"),
        pytest.param(judging(lease()), 15.0, True, Write("7", 4, anew=True), id="one that was not renewed is taken, one epoch on"),
        pytest.param(judging(lease(duration=60.0)), 59.0, True, None, id="the holder's own duration counts where it is longer"),
        pytest.param(judging(lease(duration=1.0)), 14.9, True, None, id="and ours where that is longer"),
        pytest.param(judging(lease("")), 0.0, True, Write("7", 4, anew=True), id="a released one is taken at once"),
        pytest.param(judging(lease("")), 3.9, False, None, id="who has not read everything leaves it to those who have"),
        pytest.param(judging(lease("")), 4.0, False, Write("7", 4, anew=True), id="but not for long"),
        pytest.param(judging(lease()), 18.9, False, None, id="nor is one that ran out taken at once by who is cold"),
        pytest.param(judging(lease(ME)), 0.0, True, Write("7", 3, anew=True), id="ours, the answer was lost: the same epoch"),
        pytest.param(judging(lease(), absent=True), 14.9, True, None, id="deleted under a leader that cannot know it yet"),
        pytest.param(
            judging(lease(), absent=True), 15.0, True, Write(None, 4, anew=True), id="deleted, and the leader has stopped"
        ),
        pytest.param(Candidate(lease(), turn="rest"), 99.0, True, None, id="the round is over"),
        pytest.param(Leader(lease(ME), 0.0, turn="renew"), 2.0, True, Write("7", 3, anew=False), id="a leader renews"),
        pytest.param(
            Leader(lease(ME), 0.0, bid=9, turn="renew"), 2.0, True, Write("7", 9, anew=False), id="with the epoch it needs"
        ),
        pytest.param(Leader(lease(ME), 0.0, turn="create"), 2.0, True, Write(None, 3, anew=True), id="a deleted one is made again"),
        pytest.param(Leader(lease(ME), 0.0), 2.0, True, None, id="a leader that has renewed rests"),
    ],
)
def test_what_is_asked(state: State, now: float, warm: bool, asked: Request | None) -> None:
    assert election.ask(state, TERMS, ME, now, warm=warm) == asked


WRITE = Write("7", 4, anew=True)
MINE = lease(ME, epoch=4, version="8")


@pytest.mark.parametrize(
    ("state", "request_", "answer", "after"),
    [
        pytest.param(judging(lease()), WRITE, Found(MINE), Leader(MINE, 20.0), id="a leader counts from the start of its request"),
        pytest.param(judging(lease()), WRITE, Clash(), Candidate(lease(), 0.0, turn="rest"), id="somebody was faster"),
        pytest.param(judging(lease()), WRITE, Failed(), Candidate(lease(), 0.0, turn="rest"), id="no answer is no Lease"),
        pytest.param(
            Candidate(lease(), 3.0), Look(), Found(lease(version="9")), judging(lease(version="9"), 3.0), id="an edit is no renewal"
        ),
        pytest.param(
            Candidate(lease(), 3.0), Look(), Found(lease(renewed="t1")), judging(lease(renewed="t1"), 21.0), id="a renewal is one"
        ),
        pytest.param(Candidate(lease(), 3.0), Look(), Absent(), judging(lease(), 3.0, absent=True), id="it is gone"),
        pytest.param(Candidate(), Look(), Failed(), Candidate(turn="rest"), id="nothing was learnt"),
        pytest.param(Leader(MINE, 5.0), WRITE, Failed(), Leader(MINE, 5.0), id="an answer that was lost renews nothing"),
        pytest.param(Leader(MINE, 5.0), WRITE, Clash(), Leader(MINE, 5.0, turn="look"), id="somebody wrote it: look"),
        pytest.param(Leader(MINE, 5.0), WRITE, Absent(), Leader(MINE, 5.0, turn="create"), id="somebody deleted it: make it"),
        pytest.param(
            Leader(MINE, 5.0), Look(), Found(lease()), Candidate(lease(), 21.0, turn="rest"), id="it is another's: deposed"
        ),
        pytest.param(
            Leader(MINE, 5.0),
            Look(),
            Found(replace(MINE, version="9")),
            Leader(replace(MINE, version="9"), 5.0, turn="renew"),
            id="it was our own lost write: renew again",
        ),
    ],
)
def test_what_an_answer_makes_of_it(state: State, request_: Request, answer: Answer, after: State) -> None:
    assert election.learn(state, request_, answer, me=ME, began=20.0, now=21.0) == after


@pytest.mark.parametrize(
    ("state", "now", "mandate"),
    [
        pytest.param(Candidate(), 0.0, Standby(), id="nobody is known"),
        pytest.param(Candidate(lease(), 0.0), 14.0, Standby(OTHER), id="another leads"),
        pytest.param(Candidate(lease(), 0.0), 15.0, Standby(), id="another led"),
        pytest.param(Leader(MINE, 0.0), 9.9, Leading(4, ME), id="renewed in time"),
        pytest.param(Leader(MINE, 0.0), 10.0, Adrift(4, ME), id="not renewed in time"),
        pytest.param(Leader(MINE, 0.0), 3600.0, Adrift(4, ME), id="after an hour of standing still"),
    ],
)
def test_what_may_be_written_by_the_clock(state: State, now: float, mandate: Mandate) -> None:
    assert election.mandate(state, TERMS, ME, now) == mandate


def test_a_zone_with_a_higher_epoch_makes_a_leader_bid_more_and_a_candidate_nothing() -> None:
    assert election.outbid(Leader(MINE, 0.0), 11) == Leader(MINE, 0.0, bid=12, turn="renew")
    assert election.outbid(Candidate(lease()), 11) == Candidate(lease())
