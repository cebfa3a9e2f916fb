"""Contract: every kind of record, text and name stands as it was written, or is refused; never mangled."""

from collections.abc import Sequence

import pytest

from mcidns.errors import Rejected
from mcidns.model.names import DnsName
from mcidns.model.records import RecordKey, RecordSet
from mcidns.testing.contract.base import Contract
from mcidns.testing.contract.bench import Desk, change, creation, deletion
from mcidns.testing.contract.samples import NAMES, ODD_TEXTS, TEXTS, TYPES


class KindsContract(Contract):
    """What can be expressed."""

    async def test_the_capabilities_are_sound_and_constant(self) -> None:
        async with self.opened() as desk:
            can = desk.provider.capabilities
            assert {type_ for type_ in can.types if type_ != type_.upper() or not type_} == set()
            assert can.types >= {"A", "TXT"}, "without A and TXT nothing can be published and owned"
            assert can.parallel >= 1
            assert 0 <= can.min_ttl <= can.max_ttl <= 2**31 - 1
            await desk.write(creation(desk.records("www", "A", "192.0.2.1")))
            assert desk.provider.capabilities == can

    async def test_the_contract_has_a_sample_of_every_type_that_the_capabilities_name(self) -> None:
        async with self.opened() as desk:
            unknown = desk.provider.capabilities.types - TYPES.keys() - self.samples.keys()
            assert unknown == set(), "add values of these types to the class attribute `samples`"

    @pytest.mark.parametrize("type_", [pytest.param(type_, id=type_) for type_ in TYPES])
    async def test_a_record_of_each_type_is_created_changed_and_deleted(self, type_: str) -> None:
        async with self.opened() as desk:
            if type_ not in desk.provider.capabilities.types:
                pytest.skip(f"capabilities.types does not name {type_}")
            label, values = TYPES[type_]
            await _walk(desk, type_, label, self.samples.get(type_, values))

    async def test_a_record_of_each_type_that_only_this_back_end_knows_is_created_changed_and_deleted(self) -> None:
        async with self.opened() as desk:
            others = sorted((self.samples.keys() & desk.provider.capabilities.types) - TYPES.keys())
            if not others:
                pytest.skip("the back end has no type that the contract does not know")
            for type_ in others:
                await _walk(desk, type_, f"odd-{type_.lower()}", self.samples[type_])

    @pytest.mark.parametrize("text", TEXTS)
    async def test_a_text_stands_as_it_was_written_and_can_be_taken_away(self, text: str) -> None:
        async with self.opened() as desk:
            made = desk.records("text", "TXT", text, '"another"')
            await desk.write(creation(made))
            await desk.holds(made)
            await desk.write(deletion(made))
            await desk.holds()

    @pytest.mark.parametrize("text", ODD_TEXTS)
    async def test_an_odd_text_stands_as_it_was_written_or_is_rejected(self, text: str) -> None:
        async with self.opened() as desk:
            made = desk.records("text", "TXT", text)
            culprits = await desk.write_what_is_taken(creation(made))
            await (desk.holds() if culprits else desk.holds(made))

    @pytest.mark.parametrize("label", NAMES)
    async def test_every_kind_of_name_is_written_found_and_deleted(self, label: str) -> None:
        async with self.opened() as desk:
            sets = [desk.records(label, "TXT", '"here"')]
            if "_" not in label:  # a host's address may not stand there (RFC 952), and BIND refuses it
                sets.append(desk.records(label, "A", "192.0.2.1"))
            await desk.write(creation(*sets))
            await desk.holds(*sets)
            assert await desk.at(label) == tuple(sorted(sets))
            await desk.write(deletion(*sets))
            await desk.holds()

    async def test_a_name_as_long_as_dns_allows_is_written_or_rejected(self) -> None:
        async with self.opened() as desk:
            room = 253 - len(desk.zone.relative) - 1
            label = ".".join(["a" * 49] * (room // 50) + ["b" * (room % 50 or 1)])[-room:].strip(".")
            made = desk.records(label, "A", "192.0.2.1")
            culprits = await desk.write_what_is_taken(creation(made))
            await (desk.holds() if culprits else desk.holds(made))

    async def test_the_apex_takes_records_and_keeps_what_the_back_end_has_there(self) -> None:
        async with self.opened() as desk:
            made, text = desk.records("@", "A", "192.0.2.1"), desk.records("@", "TXT", '"v=spf1 -all"')
            await desk.write(creation(made, text))
            await desk.holds(made, text)
            await desk.write(deletion(made, text))
            await desk.holds()

    async def test_names_and_targets_come_back_in_lower_case_whoever_wrote_them(self) -> None:
        async with self.opened() as desk:
            loud = RecordKey(DnsName(f"WwW.{desk.zone}"), "CNAME")
            await self.overwrite(desk, loud, RecordSet(loud, 300, ("Target.EXAMPLE.net.",)))
            calm = RecordSet.of(desk.name("www"), "CNAME", 300, ["target.example.net."])
            await desk.holds(calm)
            await desk.write(deletion(calm))
            await desk.holds()

    async def test_a_ttl_at_either_bound_stands_or_is_rejected(self) -> None:
        async with self.opened() as desk:
            can = desk.provider.capabilities
            made = [desk.records("low", "A", "192.0.2.1", ttl=can.min_ttl), desk.records("high", "A", "192.0.2.1", ttl=can.max_ttl)]
            culprits = await desk.write_what_is_taken(*(creation(one) for one in made))
            refused = {bad.name for bad, _ in culprits}
            await desk.holds(*(one for one in made if one.name not in refused))

    async def test_sets_with_identifiers_stand_side_by_side_and_change_alone(self) -> None:
        async with self.opened() as desk:
            if not desk.provider.capabilities.set_identifiers:
                pytest.skip("capabilities say set_identifiers=False")
            name, policy = desk.name("www"), tuple(sorted(self.policy.items()))
            one = RecordSet(RecordKey(name, "A", "eu"), 300, ("192.0.2.1",), policy)
            other = RecordSet(RecordKey(name, "A", "us"), 300, ("192.0.2.2",), policy)
            await desk.write(creation(one), creation(other))
            await desk.holds(one, other)
            moved = RecordSet(one.key, 300, ("192.0.2.3",), policy)
            await desk.write(change((one, moved)))
            await desk.holds(moved, other)
            await desk.write(deletion(other))
            await desk.holds(moved)

    async def test_a_set_identifier_that_cannot_be_expressed_is_rejected_not_dropped(self) -> None:
        async with self.opened() as desk:
            if desk.provider.capabilities.set_identifiers:
                pytest.skip("capabilities say set_identifiers=True")
            made = RecordSet(RecordKey(desk.name("www"), "A", "eu"), 300, ("192.0.2.1",))
            with pytest.raises(Rejected, match="www"):
                await desk.write(creation(made))
            await desk.holds()


async def _walk(desk: Desk, type_: str, label: str, values: Sequence[str]) -> None:
    first, every = desk.records(label, type_, values[0]), desk.records(label, type_, *values, ttl=600)
    beside = [desk.records(label, "NS", "ns1.example.net.")] if type_ == "DS" else []  # it says something of a delegation only
    await desk.write(*(creation(one) for one in beside))
    await desk.write(creation(first))
    await desk.holds(first, *beside)
    await desk.write(change((first, every)))
    await desk.holds(every, *beside)
    await desk.write(deletion(every))
    await desk.holds(*beside)
