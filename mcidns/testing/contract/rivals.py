"""Contract: what somebody else wrote meanwhile is never overwritten; skipped where no compare and set was promised."""

import asyncio

import pytest

from mcidns.errors import Conflict
from mcidns.testing.contract.base import Contract
from mcidns.testing.contract.bench import Desk, change, creation, deletion


class RivalsContract(Contract):
    """Compare and set."""

    async def test_a_stale_edit_is_a_conflict(self) -> None:
        async with self.opened() as desk:
            self.needs_compare_and_set(desk.provider.capabilities)
            first, second, third = (desk.records("www", "A", f"192.0.2.{i}") for i in (1, 2, 3))
            await desk.write(creation(first))
            await desk.write(change((first, second)))
            for stale in (creation(third), change((first, third)), deletion(first)):
                with pytest.raises(Conflict):
                    await desk.write(stale)
            await desk.holds(second)

    async def test_a_set_that_somebody_made_first_is_a_conflict_and_stays(self) -> None:
        async with self.opened() as desk:
            self.needs_compare_and_set(desk.provider.capabilities)
            theirs = desk.records("www", "A", "192.0.2.66")
            await self.overwrite(desk, theirs.key, theirs)
            with pytest.raises(Conflict):
                await desk.write(creation(desk.records("www", "A", "192.0.2.1"), desk.owned("www")))
            await desk.holds(theirs)

    async def test_a_set_that_somebody_changed_is_a_conflict_and_stays_as_they_left_it(self) -> None:
        async with self.opened() as desk:
            self.needs_compare_and_set(desk.provider.capabilities)
            ours, theirs = desk.records("www", "A", "192.0.2.1"), desk.records("www", "A", "192.0.2.1", "192.0.2.66")
            await desk.write(creation(ours))
            await self.overwrite(desk, theirs.key, theirs)
            for stale in (change((ours, desk.records("www", "A", "192.0.2.2"))), deletion(ours)):
                with pytest.raises(Conflict):
                    await desk.write(stale)
                await desk.holds(theirs)

    async def test_a_set_that_somebody_took_away_is_a_conflict_and_does_not_come_back(self) -> None:
        async with self.opened() as desk:
            self.needs_compare_and_set(desk.provider.capabilities)
            ours = desk.records("www", "A", "192.0.2.1")
            await desk.write(creation(ours))
            await self.overwrite(desk, ours.key, None)
            with pytest.raises(Conflict):
                await desk.write(change((ours, desk.records("www", "A", "192.0.2.2"))))
            await desk.holds()

    async def test_a_record_whose_ownership_somebody_took_is_not_written(self) -> None:
        async with self.opened() as desk:
            self.needs_compare_and_set(desk.provider.capabilities)
            old, mine, theirs = desk.records("www", "A", "192.0.2.1"), desk.owned("www"), desk.owned("www", owner="rival")
            await desk.write(creation(old, mine))
            await self.overwrite(desk, theirs.key, theirs)
            for stale in (
                change((old, desk.records("www", "A", "192.0.2.2")), (mine, mine)),
                change((old, None), (mine, None)),
                change((mine, None), (old, None)),
            ):
                with pytest.raises(Conflict):
                    await desk.write(stale)
                await desk.holds(old, theirs)

    async def test_a_conflict_leaves_the_whole_batch_unwritten(self) -> None:
        async with self.opened() as desk:
            self.needs_compare_and_set(desk.provider.capabilities)
            theirs = desk.records("taken", "A", "192.0.2.66")
            await self.overwrite(desk, theirs.key, theirs)
            changes = [
                creation(desk.records("first", "A", "192.0.2.1"), desk.owned("first")),
                creation(desk.records("taken", "A", "192.0.2.1"), desk.owned("taken")),
                creation(desk.records("last", "A", "192.0.2.1"), desk.owned("last")),
            ]
            desk.touch(*changes)
            written = [theirs]
            for batch in desk.provider.pack(desk.zone, changes):
                if changes[1] in batch:
                    with pytest.raises(Conflict):
                        await desk.provider.apply(desk.zone, batch)
                else:
                    await desk.provider.apply(desk.zone, batch)
                    written += [edit.new for one in batch for edit in one.edits if edit.new]
            await desk.holds(*written)

    async def test_after_a_conflict_the_zone_is_read_again_and_the_next_plan_passes(self) -> None:
        async with self.opened() as desk:
            self.needs_compare_and_set(desk.provider.capabilities)
            ours, theirs, next_ = (desk.records("www", "A", f"192.0.2.{i}") for i in (1, 66, 2))
            await desk.write(creation(ours))
            await self.overwrite(desk, theirs.key, theirs)
            with pytest.raises(Conflict):
                await desk.write(change((ours, next_)))
            (present,) = await desk.at("www")
            await desk.write(change((present, next_)))
            await desk.holds(next_)

    async def test_of_two_writers_that_begin_with_the_same_content_exactly_one_wins(self) -> None:
        async with self.opened() as desk:
            if not desk.provider.capabilities.compare_and_set:
                pytest.skip("capabilities say compare_and_set=False")
            rival = desk.bench.rival
            if rival is None and desk.provider.capabilities.parallel < 2:
                pytest.skip("needs Bench.rival: a second provider on the same back end (this one takes one batch at a time)")
            present = desk.records("www", "A", "192.0.2.100")
            await desk.write(creation(present))
            other = Desk(desk.bench)
            other.provider = rival if rival is not None else desk.provider
            for turn in range(5):
                one, two = desk.records("www", "A", f"192.0.2.{turn}"), desk.records("www", "A", f"198.51.100.{turn}")
                results = await asyncio.gather(
                    desk.write(change((present, one))), other.write(change((present, two))), return_exceptions=True
                )
                assert sorted(type(result).__name__ for result in results) == ["Conflict", "NoneType"]
                present = one if results[0] is None else two
                await desk.holds(present)
            if rival is not None:
                await rival.aclose()
