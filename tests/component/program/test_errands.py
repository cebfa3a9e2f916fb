"""One-off changes of ownership against a server that others write to, that fails, and that dies in mid-answer."""

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcidns.errors import Denied, Transient
from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet
from mcidns.program import adoption, ownership
from mcidns.program.adoption import Outcome, Taking
from mcidns.program.errands import TRIES, Done, Errand
from mcidns.program.ownership import At
from mcidns.provider import Capabilities
from mcidns.testing.memory import TYPES, Call, Fault, MemoryProvider, Moment
from tests.component.program.bench import provider
from tests.unit.program.builders import OWNER, name, records, txt, zone

OLD = "former"
FOO = records("foo")
UNLISTED = "transfers are refused"


async def adopt(server: MemoryProvider, *hosts: str, former: str | None = None) -> dict[str, Done]:
    errand = Errand(zone(), server)

    def plan(host: DnsName, at: At) -> Outcome:
        return adoption.adopt(errand.rules, host, at, Taking(former))

    wanted = [name(host) for host in hosts]
    await errand.read(wanted)
    done = await errand.carry_out(wanted, plan)
    return {one.outcome.name.relative.partition(".")[0]: one for one in done}


def owners(server: MemoryProvider, host: str) -> set[str]:
    """Who our way of reading says the A of a host belongs to."""
    there = server.zone("example.org").at(name(f"mcidns-a.{host}"))
    return {claim.owner for one in there for value in one.values if (claim := ownership.read(value)) is not None}


def meddle(server: MemoryProvider, *turns: Iterable[RecordSet]) -> None:
    """Somebody else writes just before each of our writes, as long as turns are left."""
    left = iter(turns)

    def hook(call: Call, moment: Moment) -> None:
        if (call, moment) == ("apply", "before"):
            for one in next(left, ()):
                content = server.zone("example.org")
                content.put(one.name, (*(other for other in content.at(one.name) if other.key != one.key), one))

    server.hook = hook


async def test_a_record_that_somebody_changes_meanwhile_is_looked_at_again():
    server = provider(FOO)
    changed = records("foo", "A", "203.0.113.9")
    meddle(server, [changed])
    done = await adopt(server, "foo")
    assert (done["foo"].written, owners(server, "foo")) == (True, {OWNER})
    assert server.zone("example.org").at(name("foo")) == (changed,)


async def test_a_record_that_somebody_marks_meanwhile_is_left_to_them():
    server = provider(FOO)
    meddle(server, [txt("mcidns-a.foo", "rival")])
    done = await adopt(server, "foo")
    assert (done["foo"].written, owners(server, "foo")) == (False, {"rival"})
    assert "belongs to rival" in done["foo"].outcome.refused[0]


async def test_who_never_rests_is_told_of():
    server = provider(FOO)
    meddle(server, *([records("foo", "A", f"203.0.113.{turn}")] for turn in range(1, TRIES + 2)))
    done = await adopt(server, "foo")
    assert (done["foo"].written, owners(server, "foo")) == (False, set())
    assert done["foo"].failure.startswith("somebody else changed it at the same time")


async def test_one_that_is_refused_harms_no_other():
    server = provider(*(records(f"h{number}") for number in range(5)))
    server.denies = lambda change: "not this one" if change.name == name("h3") else None
    done = await adopt(server, *(f"h{number}" for number in range(5)))
    assert {host for host, one in done.items() if one.written} == {"h0", "h1", "h2", "h4"}
    assert done["h3"].failure == "it was not written: not this one"


@pytest.mark.parametrize("moment", [pytest.param("before", id="before it was written"), pytest.param("after", id="after it")])
async def test_an_answer_that_is_lost_is_told_and_a_second_errand_finds_what_is_left(moment):
    server = provider(*(records(f"h{number}") for number in range(4)), batch=2)
    server.faults.append(Fault("apply", Transient("cut off", unsure=True), moment))
    done = await adopt(server, "h0", "h1", "h2", "h3")
    assert ["repeat this" in done[host].failure for host in ("h0", "h1")] == [True, True]
    assert ["not tried" in done[host].failure for host in ("h2", "h3")] == [True, True]
    again = await adopt(server, "h0", "h1", "h2", "h3")
    assert {owner for host in again for owner in owners(server, host)} == {OWNER}
    assert all(not one.failure for one in again.values())


async def test_a_zone_that_cannot_be_listed_is_worked_on_by_name_only():
    server = provider(FOO, listing=False)
    done = await adopt(server, "foo")
    assert (done["foo"].written, owners(server, "foo")) == (True, {OWNER})
    with pytest.raises(Transient, match=UNLISTED):
        await Errand(zone(), server).read()


async def test_where_nothing_compares_the_names_are_looked_at_right_before():
    server = provider(FOO, capabilities=Capabilities(types=TYPES, compare_and_set=False))
    errand = Errand(zone(), server)
    await errand.read()
    server.zone("example.org").put(name("mcidns-a.foo"), (txt("mcidns-a.foo", "rival"),))
    (done,) = await errand.carry_out([name("foo")], lambda host, at: adoption.adopt(errand.rules, host, at, Taking()))
    assert (done.written, owners(server, "foo")) == (False, {"rival"})


async def test_credentials_that_are_denied_reach_whoever_asked():
    server = provider(FOO)
    server.faults.append(Fault("read", Denied("no transfer for this key")))
    with pytest.raises(Denied):
        await adopt(server, "foo")


STEPS = st.sampled_from(
    [
        (),
        (records("foo", "A", "203.0.113.9"),),
        (txt("mcidns-a.foo", "rival"),),
        (records("mcidns-a.foo", "TXT", '"v=spf1"'),),
        (txt("mcidns-a.foo", OLD),),
        (records("bar", "A", "203.0.113.8"), txt("mcidns-a.bar", "rival")),
    ]
)


@given(start=STEPS, turns=st.lists(STEPS, max_size=4), former=st.sampled_from([None, OLD]), compares=st.booleans())
@settings(max_examples=150, deadline=None)
def test_no_race_makes_us_touch_a_record_or_take_what_is_a_rivals(start, turns, former, compares):
    """Law 3: whatever others write before each of our writes, their records and marks are as they left them."""
    server = provider(FOO, records("bar"), capabilities=Capabilities(types=TYPES, compare_and_set=True, parallel=1))
    content = server.zone("example.org")
    last = {FOO.key: FOO, records("bar").key: records("bar")}
    for one in start:
        content.put(one.name, (one,))
        last[one.key] = one
    left = iter(turns)

    def hook(call: Call, moment: Moment) -> None:
        if (call, moment) != ("apply", "before"):
            return
        for one in next(left, ()):
            content.put(one.name, (one,))
            last[one.key] = one

    server.hook = hook
    asyncio.run(adopt(server, "foo", "bar", former=former))
    for key, one in last.items():
        claims = [claim for value in one.values if (claim := ownership.read(value)) is not None]
        ours_to_take = key.type == "TXT" and {claim.owner for claim in claims} == {former}
        if not ours_to_take:
            assert one in content.at(key.name), f"{one} was somebody else's"
