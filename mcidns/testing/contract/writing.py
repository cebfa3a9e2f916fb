"""Contract: what is applied stands, together with its ownership, again and again, and in the order it was given."""

import asyncio

import pytest

from mcidns.model.records import Change, Edit, Urgency
from mcidns.provider import Confirms
from mcidns.testing.contract.base import Contract
from mcidns.testing.contract.bench import change, creation, deletion


class WritingContract(Contract):
    """How changes are carried out."""

    async def test_a_set_is_created_changed_in_every_way_and_deleted(self) -> None:
        async with self.opened() as desk:
            steps = [
                desk.records("www", "A", "192.0.2.1"),
                desk.records("www", "A", "192.0.2.1", "192.0.2.2", "192.0.2.3"),
                desk.records("www", "A", "192.0.2.3", "192.0.2.2"),
                desk.records("www", "A", "192.0.2.3", "192.0.2.2", ttl=900),
                desk.records("www", "A", "192.0.2.9", ttl=60),
            ]
            for old, new in zip([None, *steps], [*steps, None], strict=False):
                await desk.write(change((old, new)))
                await desk.holds(*([new] if new else []))

    async def test_a_record_and_its_ownership_appear_change_and_go_together(self) -> None:
        async with self.opened() as desk:
            first, second = desk.records("www", "A", "192.0.2.1"), desk.records("www", "A", "192.0.2.2")
            mine, next_ = desk.owned("www"), desk.owned("www", owner="successor")
            await desk.write(creation(first, mine))
            await desk.holds(first, mine)
            await desk.write(change((first, second), (mine, mine)))
            await desk.holds(second, mine)
            await desk.write(change((second, second), (mine, next_)))
            await desk.holds(second, next_)
            await desk.write(deletion(second, next_))
            await desk.holds()

    async def test_a_change_that_only_checks_writes_nothing(self) -> None:
        async with self.opened() as desk:
            made, text = desk.records("www", "A", "192.0.2.1"), desk.owned("www")
            await desk.write(creation(made, text))
            await asyncio.sleep(self.lag)
            before = await desk.provider.read(desk.zone, None)
            await desk.write(change((made, made), (text, text)))
            await desk.write(
                Change(desk.name("free"), (Edit(desk.records("free", "A", "192.0.2.1").key, None, None),), Urgency.ADD)
            )
            after = await desk.provider.read(desk.zone, None)
            assert getattr(after, "serial", None) == getattr(before, "serial", None)
            await desk.holds(made, text)

    async def test_applying_what_stands_already_is_no_error_and_changes_nothing(self) -> None:
        async with self.opened() as desk:
            first, second, text = desk.records("www", "A", "192.0.2.1"), desk.records("www", "A", "192.0.2.2"), desk.owned("www")
            for one in (creation(first, text), change((first, second), (text, text)), deletion(second, text)):
                await desk.write(one)
                once = await desk.content()
                await desk.write(one)
                assert await desk.content() == once

    async def test_addresses_become_an_alias_and_addresses_again_in_one_change_each(self) -> None:
        async with self.opened() as desk:
            if "CNAME" not in desk.provider.capabilities.types:
                pytest.skip("capabilities.types does not name CNAME")
            address, alias = desk.records("www", "A", "192.0.2.1"), desk.records("www", "CNAME", "lb.example.net.")
            await desk.write(creation(address))
            await desk.write(change((address, None), (None, alias)))
            await desk.holds(alias)
            await desk.write(change((alias, None), (None, address)))
            await desk.holds(address)

    async def test_a_change_touches_only_its_own_sets(self) -> None:
        async with self.opened() as desk:
            kept = [
                desk.records("www", "TXT", '"kept"'),
                desk.records("sub.www", "A", "192.0.2.7"),
                desk.records("ww", "A", "192.0.2.8"),
            ]
            old, new = desk.records("www", "A", "192.0.2.1"), desk.records("www", "A", "192.0.2.2")
            await desk.write(*(creation(one) for one in kept), creation(old))
            await desk.write(change((old, new)))
            await desk.holds(new, *kept)
            await desk.write(deletion(new))
            await desk.holds(*kept)

    async def test_changes_that_rest_on_the_same_check_pass_together(self) -> None:
        async with self.opened() as desk:
            fence = desk.records("mcidns-fence", "TXT", '"epoch=7"')
            await desk.write(creation(fence))
            made = [desk.records(f"h{i}", "A", f"192.0.2.{i + 1}") for i in range(4)]
            await desk.write(*(change((None, one), (fence, fence)) for one in made))
            await desk.holds(fence, *made)

    async def test_packing_keeps_the_order_loses_nothing_and_makes_no_empty_batch(self) -> None:
        async with self.opened() as desk:
            changes = [
                creation(desk.records(f"h{i}", "A", f"10.0.{i // 250}.{i % 250 + 1}"), desk.owned(f"h{i}")) for i in range(2503)
            ]
            big = [creation(desk.records(f"t{i}", "TXT", *(f'"{i} {j} {"x" * 200}"' for j in range(20)))) for i in range(100)]
            given = [*changes[:1250], *big, *changes[1250:]]
            batches = list(desk.provider.pack(desk.zone, given))
            assert [one for batch in batches for one in batch] == given
            assert () not in batches
            assert list(desk.provider.pack(desk.zone, [])) == []

    async def test_as_many_batches_at_once_as_the_capabilities_say_all_land(self) -> None:
        async with self.opened() as desk:
            made = [desk.records(f"h{i}", "A", f"192.0.2.{i + 1}") for i in range(2 * desk.provider.capabilities.parallel)]
            for start in range(0, len(made), desk.provider.capabilities.parallel):
                await asyncio.gather(
                    *(desk.write(creation(one)) for one in made[start : start + desk.provider.capabilities.parallel])
                )
            await desk.holds(*made)

    async def test_a_write_that_is_cancelled_leaves_a_provider_that_works(self) -> None:
        async with self.opened() as desk:
            made = desk.records("www", "A", "192.0.2.1")
            for turns in range(4):
                task = asyncio.create_task(desk.write(creation(made)))
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            await desk.write(creation(made))
            await desk.holds(made)

    async def test_what_was_written_is_confirmed_in_the_end(self) -> None:
        async with self.opened() as desk:
            provider = desk.provider
            if not isinstance(provider, Confirms):
                pytest.skip("the provider has no confirm")
            made = creation(desk.records("www", "A", "192.0.2.1"), desk.owned("www"))
            desk.touch(made)
            (batch,) = provider.pack(desk.zone, [made])
            receipt = await provider.apply(desk.zone, batch)
            while (seen := await provider.confirm(desk.zone, batch, receipt)).state == "Pending":
                await asyncio.sleep(0.1)
            assert seen.state == "Propagated", seen.message

    async def test_a_provider_that_was_never_used_can_be_closed(self) -> None:
        async with asyncio.timeout(self.patience), self.bench() as bench:
            await bench.provider.aclose()
