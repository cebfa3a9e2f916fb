"""Sets of routing policies on a provider that can hold them side by side, and on one that cannot."""

import asyncio

import pytest
from msgspec import structs

from mcidns.model.records import RecordSet, Wish
from mcidns.model.references import ObjectRef
from mcidns.provider import Capabilities
from mcidns.testing.memory import TYPES, MemoryProvider
from tests.component.program.bench import Bench, provider, running
from tests.unit.program.builders import name, records, ref, txt

pytestmark = pytest.mark.looptime

ABLE = Capabilities(TYPES, compare_and_set=True, parallel=2, set_identifiers=True)
WEIGHT, REGION, COUNTRY = "aws/weight", "aws/region", "aws/geolocation-country-code"


def able(*sets: RecordSet) -> MemoryProvider:
    return provider(*sets, capabilities=ABLE)


def apart(set_identifier: str, value: str, **pairs: str) -> RecordSet:
    names = {"weight": WEIGHT, "region": REGION, "country": COUNTRY}
    found = RecordSet.of(name("foo"), "A", 30, (value,), set_identifier)
    return structs.replace(found, properties=tuple((names[key], text) for key, text in pairs.items()))


def wished(*sets: RecordSet, source: ObjectRef | None = None, **fields: object) -> Wish:
    given: dict[str, object] = {"claimed_at": 1.0, **fields}
    return Wish(source or ref(), name("foo"), sets, **given)  # type: ignore[arg-type]  # a builder


WEIGHTED = (apart("ams", "192.0.2.1", weight="3"), apart("fra", "192.0.2.2", weight="1"))
PLAIN = records("foo", "A", "192.0.2.1", "192.0.2.2")


def held(bench: Bench, host: str = "foo") -> dict[str, tuple[tuple[str, ...], dict[str, str]]]:
    return {one.key.set_identifier: (one.values, dict(one.properties)) for one in bench.content.at(name(host))}


async def test_sets_stand_side_by_side_each_with_its_own_ownership() -> None:
    async with running(able()) as bench:
        bench.wish(wished(*WEIGHTED))
        await bench.idle()
        assert held(bench) == {"ams": (("192.0.2.1",), {WEIGHT: "3"}), "fra": (("192.0.2.2",), {WEIGHT: "1"})}
        owned = held(bench, "mcidns-a.foo")
        assert {key: pairs for key, (_, pairs) in owned.items()} == {"ams": {WEIGHT: "3"}, "fra": {WEIGHT: "1"}}
        assert (bench.word().state, bench.word().reason) == ("Programmed", "Programmed")


async def test_a_set_comes_and_goes_without_a_touch_on_the_others() -> None:
    async with running(able()) as bench:
        bench.wish(wished(*WEIGHTED))
        await bench.idle()
        bench.provider.batches.clear()
        bench.wish(wished(WEIGHTED[0]))
        await bench.idle()
        assert set(held(bench)) == set(held(bench, "mcidns-a.foo")) == {"ams"}
        edited = {
            str(edit.key) for batch in bench.provider.batches for change in batch for edit in change.edits if not edit.is_check
        }
        assert edited == {"foo.example.org A [fra]", "mcidns-a.foo.example.org TXT [fra]"}


async def test_another_weight_moves_with_its_ownership() -> None:
    async with running(able()) as bench:
        bench.wish(wished(*WEIGHTED))
        await bench.idle()
        bench.wish(wished(apart("ams", "192.0.2.1", weight="9"), WEIGHTED[1]))
        await bench.idle()
        assert held(bench)["ams"] == (("192.0.2.1",), {WEIGHT: "9"})
        assert held(bench, "mcidns-a.foo")["ams"][1] == {WEIGHT: "9"}


async def test_a_restart_on_sets_that_are_right_writes_nothing() -> None:
    server = able()
    async with running(server) as bench:
        bench.wish(wished(*WEIGHTED))
        await bench.idle()
    server.calls.clear()
    async with running(server) as bench:
        bench.wish(wished(*WEIGHTED))
        await bench.idle()
        assert bench.calls("apply") == 0
        assert bench.word().reason == "Programmed"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param((PLAIN,), WEIGHTED, id="from none to weights"),
        pytest.param(WEIGHTED, (PLAIN,), id="from weights to none"),
        pytest.param(
            WEIGHTED,
            (apart("default", "192.0.2.1", country="*"), apart("country-US", "192.0.2.2", country="US")),
            id="from weights to places",
        ),
        pytest.param(
            WEIGHTED,
            (apart("ams", "192.0.2.1", region="eu-west-1"), apart("fra", "192.0.2.2", region="us-east-1")),
            id="to another policy under the same identifiers",
        ),
    ],
)
async def test_a_change_of_policy_is_one_change(before: tuple[RecordSet, ...], after: tuple[RecordSet, ...]) -> None:
    async with running(able()) as bench:
        bench.wish(wished(*before))
        await bench.idle()
        bench.provider.batches.clear()
        bench.wish(wished(*after))
        await bench.idle()
        assert bench.content.at(name("foo")) == tuple(sorted(after))
        assert [len(batch) for batch in bench.provider.batches] == [1]
        owned = bench.content.at(name("mcidns-a.foo"))
        assert [(one.key.set_identifier, one.properties) for one in owned] == [
            (one.key.set_identifier, one.properties) for one in sorted(after)
        ]


async def test_ownership_that_outlived_its_set_is_swept() -> None:
    async with running(able()) as bench:
        bench.wish(wished(*WEIGHTED))
        await bench.idle()
        bench.content.put(name("foo"), [WEIGHTED[0]])
        bench.wish(wished(WEIGHTED[0]))
        await asyncio.sleep(700.0)  # past a resync
        await bench.idle()
        assert set(held(bench, "mcidns-a.foo")) == {"ams"}


async def test_a_deleted_object_takes_all_its_sets_along() -> None:
    async with running(able()) as bench:
        bench.wish(wished(*WEIGHTED))
        await bench.idle()
        bench.programmer.forget(ref())
        await bench.idle()
        assert (held(bench), held(bench, "mcidns-a.foo")) == ({}, {})


async def test_a_plain_record_of_somebody_else_keeps_our_sets_out() -> None:
    async with running(able(records("foo", "A", "198.51.100.1"))) as bench:
        bench.wish(wished(*WEIGHTED))
        await bench.idle()
        assert set(held(bench)) == {""}
        assert (bench.word().state, bench.word().reason) == ("Failed", "NotOwner")


async def test_while_a_member_cannot_be_asked_sets_stay_and_a_change_of_policy_waits() -> None:
    async with running(able()) as bench:
        bench.wish(wished(*WEIGHTED))
        await bench.idle()
        bench.wish(wished(WEIGHTED[0], complete=False))
        await bench.idle()
        assert set(held(bench)) == {"ams", "fra"}
        bench.wish(wished(records("foo", "A", "192.0.2.1"), complete=False, withdrawn=frozenset({"192.0.2.2"})))
        await bench.idle()
        assert held(bench) == {"ams": (("192.0.2.1",), {WEIGHT: "3"})}
        bench.wish(wished(records("foo", "A", "192.0.2.1")))
        await bench.idle()
        assert held(bench) == {"": (("192.0.2.1",), {})}


async def test_while_a_member_cannot_be_asked_a_set_that_is_known_to_be_withdrawn_goes_but_never_the_last() -> None:
    async with running(able()) as bench:
        bench.wish(wished(*WEIGHTED))
        await bench.idle()
        bench.wish(wished(WEIGHTED[0], complete=False, withdrawn=frozenset({"192.0.2.2"})))
        await bench.idle()
        assert set(held(bench)) == {"ams"}
        bench.wish(wished(complete=False, withdrawn=frozenset({"192.0.2.1", "192.0.2.2"})))
        await bench.idle()
        assert set(held(bench)) == {"ams"}


async def test_a_change_of_policy_does_not_wait_where_nothing_of_the_old_may_stay() -> None:
    async with running(able()) as bench:
        bench.wish(wished(PLAIN))
        await bench.idle()
        bench.wish(wished(apart("ams", "192.0.2.9", weight="1"), complete=False, withdrawn=frozenset(PLAIN.values)))
        await bench.idle()
        assert held(bench) == {"ams": (("192.0.2.9",), {WEIGHT: "1"})}


async def test_partners_of_different_policies_are_served_alike_and_told() -> None:
    async with running(able()) as bench:
        other = ref("other")
        bench.wish(
            wished(WEIGHTED[0], merge="GlobalHost/shop"),
            wished(records("foo", "A", "192.0.2.9"), source=other, merge="GlobalHost/shop", claimed_at=2.0),
        )
        await bench.idle()
        assert held(bench) == {"": (("192.0.2.1", "192.0.2.9"), {})}
        assert {bench.word(source).reason for source in (ref(), other)} == {"StrategyDegraded"}


async def test_a_provider_without_policies_gets_the_nearest_safe_thing_and_it_is_told() -> None:
    async with running() as bench:
        bench.wish(wished(*WEIGHTED, apart("lon", "192.0.2.3", weight="0")))
        await bench.idle()
        assert held(bench) == {"": (("192.0.2.1", "192.0.2.2"), {})}
        assert bench.content.at(name("mcidns-a.foo")) == (txt("mcidns-a.foo"),)
        assert (bench.word().state, bench.word().reason) == ("Programmed", "StrategyDegraded")
