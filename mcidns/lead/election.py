"""Who leads, as values and the time in, what to ask and the next state out; clocks, requests and waiting live in elector.

Times are of this process's own clock, which never stands still or goes back; nobody else's clock is ever compared with it. A
candidate counts from the moment at which it saw the Lease change, a leader from the moment at which it began the request that
renewed it. The first is never earlier than the second, so that a leader stops by itself (`deadline`) before a candidate may take
over (`duration`).
"""

from dataclasses import dataclass, replace
from typing import Final, Literal, assert_never

from mcidns.model.mandates import Adrift, Leading, Mandate, Standby

NEVER = float("-inf")
COURTESY = 2.0
"""Retry times for which a process that has not read everything yet leaves a free Lease to those that have."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds: a Lease not renewed for `duration` is free; a leader that cannot renew for `deadline` stops; tries every `retry`."""

    duration: float = 15.0
    deadline: float = 10.0
    retry: float = 2.0

    @property
    def patience(self) -> float:
        """Seconds for one request: less than between two tries."""
        return self.retry * 0.75


TERMS: Final = Terms()


@dataclass(frozen=True, slots=True)
class Lease:
    """A Lease as the API has it. `epoch` is its count of transitions, `renewed` its renewTime as it is spelled there."""

    version: str
    holder: str
    duration: float
    epoch: int
    renewed: str
    uid: str = ""

    @property
    def sign(self) -> tuple[str, int, str]:
        """What changes when its holder renews it, and with nothing else."""
        return self.holder, self.epoch, self.renewed


@dataclass(frozen=True, slots=True)
class Candidate:
    """Does not hold the Lease. `lease` was last seen, so since `since`; `absent`: at the last look there was none any more."""

    lease: Lease | None = None
    since: float = NEVER
    absent: bool = False
    turn: Literal["look", "judge", "rest"] = "look"


@dataclass(frozen=True, slots=True)
class Leader:
    """Holds the Lease as far as it knows. `renewed_at`: when the last request that renewed it began. `bid`: the least epoch."""

    lease: Lease
    renewed_at: float
    bid: int = 0
    turn: Literal["renew", "look", "create", "rest"] = "rest"


State = Candidate | Leader


@dataclass(frozen=True, slots=True)
class Look:
    """Read the Lease."""


@dataclass(frozen=True, slots=True)
class Write:
    """Make the Lease ours under this epoch: if it still has this version, or there is none (`version` None). `anew`: no renewal."""

    version: str | None
    epoch: int
    anew: bool


Request = Look | Write


@dataclass(frozen=True, slots=True)
class Found:
    """The Lease as it is: what a look found, or what a write has made."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such Lease."""


@dataclass(frozen=True, slots=True)
class Clash:
    """Somebody wrote it since it was read; ours was not written."""


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer that says anything: it may have been written or not."""


Answer = Found | Absent | Clash | Failed


def roused(state: State) -> State:
    """Time for another round."""
    match state:
        case Candidate():
            return replace(state, turn="look")
        case Leader():
            return replace(state, turn="renew")
    assert_never(state)


def outbid(state: State, epoch: int) -> State:
    """Some zone carries a higher epoch, of a Lease that was deleted or of another: ours shall be higher still, if it is ours."""
    match state:
        case Candidate():
            return state
        case Leader():
            return replace(state, bid=max(state.bid, epoch + 1), turn="renew")
    assert_never(state)


def ask(state: State, terms: Terms, me: str, now: float, *, warm: bool = True) -> Request | None:
    """What to ask the API now; None when this round is over. `warm`: this process could act at once."""
    match state:
        case Candidate(turn="look") | Leader(turn="look"):
            return Look()
        case Candidate(turn="judge"):
            return _claim(state, me) if _is_free(state, terms, me, now, warm=warm) else None
        case Leader(turn="renew"):
            return Write(state.lease.version, max(state.lease.epoch, state.bid), anew=False)
        case Leader(turn="create"):
            return Write(None, max(state.lease.epoch, state.bid), anew=True)
        case _:
            return None


def _is_free(state: Candidate, terms: Terms, me: str, now: float, *, warm: bool) -> bool:
    lease = state.lease
    if lease is None or lease.holder == me:  # ours: the answer to our taking it was lost
        return True
    courtesy = 0.0 if warm else COURTESY * terms.retry
    held = 0.0 if not lease.holder and not state.absent else max(lease.duration, terms.duration)
    return now - state.since >= held + courtesy


def _claim(state: Candidate, me: str) -> Write:
    lease = state.lease
    epoch = 1 if lease is None else lease.epoch + (lease.holder != me)
    return Write(None if state.absent or lease is None else lease.version, epoch, anew=True)


def learn(state: State, request: Request, answer: Answer, *, me: str, began: float, now: float) -> State:
    """The state after an answer that came `now` to a request that began at `began`."""
    if isinstance(answer, Failed):
        return replace(state, turn="rest")
    match request:
        case Write():
            return _after_write(state, answer, began)
        case Look():
            return _after_look(state, answer, me, now)
    assert_never(request)


def _after_write(state: State, answer: Found | Absent | Clash, began: float) -> State:
    if isinstance(answer, Found):
        return Leader(answer.lease, began, bid=state.bid if isinstance(state, Leader) else 0)
    if isinstance(state, Candidate):
        return replace(state, turn="rest")
    return replace(state, turn="create" if isinstance(answer, Absent) else "look")


def _after_look(state: State, answer: Found | Absent | Clash, me: str, now: float) -> State:
    match state, answer:
        case Candidate(), Found(lease=lease):
            seen = state.lease is not None and state.lease.sign == lease.sign and not state.absent
            return Candidate(lease, state.since if seen else now, turn="judge")
        case Candidate(), _:
            # One that was held a moment ago may have been deleted under a leader that does not know it yet.
            return replace(state, absent=True, turn="judge")
        case Leader(), Found(lease=lease):
            return replace(state, lease=lease, turn="renew") if lease.holder == me else Candidate(lease, now, turn="rest")
        case _:
            return replace(state, turn="create")


def stops_at(state: State, terms: Terms) -> float | None:
    """When a leader stops by itself; None for a candidate."""
    return state.renewed_at + terms.deadline if isinstance(state, Leader) else None


def mandate(state: State, terms: Terms, me: str, now: float) -> Mandate:
    """What this process may write now."""
    match state:
        case Leader(lease=lease):
            led = now - state.renewed_at < terms.deadline
            return Leading(lease.epoch, me) if led else Adrift(lease.epoch, me)
        case Candidate(lease=lease):
            known = lease is not None and not state.absent and now - state.since < max(lease.duration, terms.duration)
            return Standby(lease.holder if lease is not None and known else "")
    assert_never(state)
