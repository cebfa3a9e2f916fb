"""Contract: what the back end will never take is refused by name, and nothing else suffers for it."""

from collections.abc import Callable

import pytest

from mcidns.errors import Conflict, Rejected
from mcidns.model.names import DnsName
from mcidns.model.records import RecordSet
from mcidns.testing.contract.base import Contract
from mcidns.testing.contract.bench import Desk, creation

CULPRITS: dict[str, Callable[[Desk], RecordSet]] = {
    "an address that is none": lambda desk: desk.records("bad", "A", "192.0.2.300"),
    "an address of the other family": lambda desk: desk.records("bad", "A", "2001:db8::1"),
    "an alias with two targets": lambda desk: desk.records("bad", "CNAME", "a.example.net.", "b.example.net."),
    "an alias at the apex": lambda desk: desk.records("@", "CNAME", "a.example.net."),
    "a name of another zone": lambda desk: RecordSet.of(DnsName("bad.elsewhere.invalid."), "A", 300, ["192.0.2.1"]),
    "a name that only ends like the zone": lambda desk: RecordSet.of(DnsName(f"bad{desk.zone}"), "A", 300, ["192.0.2.1"]),
}


class RefusalsContract(Contract):
    """Partial failure."""

    @pytest.mark.parametrize("culprit", [pytest.param(make, id=label) for label, make in CULPRITS.items()])
    async def test_a_culprit_among_good_changes_is_named_and_all_others_are_written(
        self, culprit: Callable[[Desk], RecordSet]
    ) -> None:
        async with self.opened() as desk:
            bad = culprit(desk)
            good = [(desk.records(f"h{i}", "A", f"192.0.2.{i + 1}"), desk.owned(f"h{i}")) for i in range(6)]
            changes = [*(creation(*pair) for pair in good[:3]), creation(bad), *(creation(*pair) for pair in good[3:])]
            culprits = await desk.write_what_is_taken(*changes)
            assert [one for one, _ in culprits] == [changes[3]]
            assert bad.name.relative in str(culprits[0][1])
            desk.hides_secrets(culprits[0][1])
            await desk.holds(*(records for pair in good for records in pair))

    @pytest.mark.parametrize("culprit", [pytest.param(make, id=label) for label, make in CULPRITS.items()])
    async def test_a_refused_batch_is_written_in_no_part(self, culprit: Callable[[Desk], RecordSet]) -> None:
        async with self.opened() as desk:
            changes = [
                creation(desk.records("first", "A", "192.0.2.1")),
                creation(desk.owned("middle"), culprit(desk), desk.records("middle", "A", "192.0.2.1")),
                creation(desk.records("last", "A", "192.0.2.1")),
            ]
            desk.touch(*changes)
            written: list[RecordSet] = []
            for batch in desk.provider.pack(desk.zone, changes):
                if changes[1] in batch:
                    with pytest.raises(Rejected):
                        await desk.provider.apply(desk.zone, batch)
                else:
                    await desk.provider.apply(desk.zone, batch)
                    written += [edit.new for one in batch for edit in one.edits if edit.new]
            await desk.holds(*written)

    async def test_an_alias_never_comes_to_stand_beside_other_data(self) -> None:
        async with self.opened() as desk:
            if "CNAME" not in desk.provider.capabilities.types:
                pytest.skip("capabilities.types does not name CNAME")
            address, alias = desk.records("www", "A", "192.0.2.1"), desk.records("other", "CNAME", "lb.example.net.")
            await desk.write(creation(address), creation(alias))
            for clash in (desk.records("www", "CNAME", "lb.example.net."), desk.records("other", "A", "192.0.2.1")):
                with pytest.raises((Rejected, Conflict), match=clash.name.relative):
                    await desk.write(creation(clash))
            await desk.holds(address, alias)
