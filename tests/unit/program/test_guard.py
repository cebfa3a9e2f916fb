"""Which plans wait for a person."""

from hypothesis import given
from hypothesis import strategies as st

from mcidns.model.names import DnsName
from mcidns.model.records import Change, Edit, Urgency
from mcidns.model.zones import Guard
from mcidns.program import guard
from mcidns.program.guard import Ledger
from tests.unit.program.builders import name, records


def deletion(host: str) -> tuple[Change, ...]:
    one = records(host)
    return (Change(one.name, (Edit(one.key, one, None),), Urgency.WITHDRAW),)


def pending(*hosts: str) -> dict[DnsName, tuple[Change, ...]]:
    return {name(host): deletion(host) for host in hosts}


def hosts(count: int) -> list[str]:
    return [f"h{number}" for number in range(count)]


OWNED = frozenset(name(host) for host in hosts(20))


@given(
    count=st.integers(0, 40),
    emptied=st.integers(0, 40),
    recent=st.integers(0, 20),
    rules=st.builds(Guard, max_emptied_percent=st.integers(0, 100), min_names=st.integers(0, 30)),
)
def test_a_plan_is_held_exactly_when_the_share_is_above_the_limit(count, emptied, recent, rules):
    owned = frozenset(name(host) for host in hosts(count))
    going = {name(host): deletion(host) for host in hosts(min(emptied, count))}
    before = frozenset(name(f"gone{number}") for number in range(recent))
    held = guard.weigh(going, owned, before, rules)
    whole = count + recent
    above = len(going) + recent > rules.max_emptied_percent / 100 * whole
    assert (held is not None) == (bool(going) and whole >= rules.min_names and above)


@given(st.permutations(hosts(6)))
def test_the_digest_does_not_depend_on_the_order(order):
    assert guard.digest(pending(*order)) == guard.digest(pending(*hosts(6)))


def test_the_digest_depends_on_what_would_be_deleted():
    assert guard.digest(pending("a")) != guard.digest(pending("b"))


def test_what_is_held_is_all_of_a_pass_that_goes_too_far():
    ledger = Ledger()
    assert ledger.judge(pending(*hosts(7)), OWNED, Guard(), approved="", now=0.0) == set()
    assert ledger.held is not None
    assert len(ledger.held.names) == 7
    assert "7 of 20 names" in ledger.held.message
    assert ledger.held.approval in ledger.held.message


def test_just_the_share_allowed_passes():
    assert len(Ledger().judge(pending(*hosts(6)), OWNED, Guard(), approved="", now=0.0)) == 6


def test_earlier_deletions_count_for_a_minute_and_then_no_more():
    ledger = Ledger()
    ledger.judge(pending(*hosts(6)), OWNED, Guard(), approved="", now=0.0)
    left = OWNED - {name(host) for host in hosts(6)}
    assert ledger.judge(pending("h7"), left, Guard(), approved="", now=59.0) == set()
    late = Ledger()
    late.judge(pending(*hosts(6)), OWNED, Guard(), approved="", now=0.0)
    assert late.judge(pending("h7"), left, Guard(), approved="", now=61.0) == {name("h7")}


def test_a_hold_never_ends_by_waiting():
    ledger = Ledger()
    ledger.judge(pending(*hosts(6)), OWNED, Guard(), approved="", now=0.0)
    left = OWNED - {name(host) for host in hosts(6)}
    for now in (10.0, 100.0, 100_000.0):
        assert ledger.judge(pending("h7"), left, Guard(), approved="", now=now) == set()


def test_names_wished_for_again_count_no_longer():
    ledger = Ledger()
    ledger.judge(pending(*hosts(6)), OWNED, Guard(), approved="", now=0.0)
    for host in hosts(6):
        ledger.wished_again(name(host))
    assert ledger.judge(pending("h7"), OWNED, Guard(), approved="", now=1.0) == {name("h7")}


def held_digest(ledger: Ledger) -> str:
    assert ledger.held is not None
    return ledger.held.digest


def test_an_approved_plan_passes_and_what_is_left_of_it_after_a_failure_too():
    ledger = Ledger()
    ledger.judge(pending(*hosts(9)), OWNED, Guard(), approved="", now=0.0)
    digest = held_digest(ledger)
    assert len(ledger.judge(pending(*hosts(9)), OWNED, Guard(), approved=digest, now=1.0)) == 9
    assert len(ledger.judge(pending(*hosts(4)), OWNED, Guard(), approved=digest, now=2.0)) == 4


def test_an_approval_does_not_cover_names_that_joined_later():
    ledger = Ledger()
    ledger.judge(pending(*hosts(9)), OWNED, Guard(), approved="", now=0.0)
    assert ledger.judge(pending(*hosts(10)), OWNED, Guard(), approved=held_digest(ledger), now=1.0) == set()
