"""Contract: what is read is true and whole; the difference laid over what was held is the whole again."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from mcidns.errors import ProviderError
from mcidns.model.names import DnsName
from mcidns.model.records import Change
from mcidns.provider import Unchanged, Unlisted
from mcidns.testing.contract.base import Contract
from mcidns.testing.contract.bench import Copy, Desk, change, creation, deletion, plain


class ReadingContract(Contract):
    """What `read` and `look` say."""

    async def test_an_absent_name_looks_empty(self) -> None:
        async with self.opened() as desk:
            await desk.write(creation(desk.records("below.www", "A", "192.0.2.1")))
            asked = frozenset({desk.name("absent"), desk.name("www"), desk.name("below.www")})
            found = await desk.provider.look(desk.zone, asked)
            assert found[desk.name("absent")] == ()
            assert found[desk.name("www")] == ()
            assert found[desk.name("below.www")] == (desk.records("below.www", "A", "192.0.2.1"),)

    async def test_looking_at_no_name_is_no_error(self) -> None:
        async with self.opened() as desk:
            assert plain(await desk.provider.look(desk.zone, frozenset())) == {}

    async def test_a_name_that_only_a_wildcard_answers_looks_empty(self) -> None:
        async with self.opened() as desk:
            star = desk.records("*.apps", "A", "192.0.2.1")
            await desk.write(creation(star))
            assert await desk.at("shop.apps") == ()
            assert await desk.at("*.apps") == (star,)

    async def test_all_types_at_a_name_are_seen(self) -> None:
        async with self.opened() as desk:
            sets = (desk.records("www", "A", "192.0.2.1"), desk.records("www", "TXT", '"a"', '"b"'))
            await desk.write(creation(sets[0]), creation(sets[1]))
            assert await desk.at("www") == sets
            await desk.holds(*sets)

    async def test_what_somebody_else_wrote_is_seen(self) -> None:
        async with self.opened() as desk:
            theirs = desk.records("theirs", "A", "192.0.2.66")
            await desk.overwrite(theirs.key, theirs)
            await self._soon(lambda: desk.holds(theirs))
            await desk.overwrite(theirs.key, None)
            await self._soon(desk.holds)

    async def test_a_zone_that_is_not_served_is_an_error_never_an_empty_zone(self) -> None:
        async with self.opened() as desk:
            other = DnsName("not-served-here.invalid.")
            try:
                reading = await desk.provider.read(other, None)
            except ProviderError as error:
                desk.hides_secrets(error)
            else:
                assert isinstance(reading, Unlisted), f"an unknown zone reads as {reading}"
            with pytest.raises(ProviderError):
                await desk.provider.look(other, frozenset({DnsName(f"www.{other}")}))

    async def test_a_quiet_zone_is_unchanged_at_its_serial(self) -> None:
        async with self.opened() as desk:
            await desk.write(creation(desk.records("www", "A", "192.0.2.1")))
            await asyncio.sleep(self.lag)
            copy = Copy(await desk.full())
            assert await desk.provider.read(desk.zone, copy.held) == Unchanged(copy.serial)

    @pytest.mark.parametrize("by", [pytest.param("us", id="by ourselves"), pytest.param("others", id="by somebody else")])
    async def test_the_difference_over_what_was_held_is_what_the_zone_holds(self, by: str) -> None:
        async with self.opened() as desk:
            kept, old, gone = (desk.records(label, "A", "192.0.2.1") for label in ("kept", "moved", "gone"))
            await desk.write(creation(kept), creation(old), creation(gone))
            await asyncio.sleep(self.lag)
            copy = Copy(await desk.full())
            new, fresh = desk.records("moved", "A", "192.0.2.2"), desk.records("fresh", "TXT", '"fresh"')
            for one in (change((old, new)), deletion(gone), creation(fresh)):
                await self._write(desk, one, by)

            async def caught_up() -> None:
                copy.lay(await desk.provider.read(desk.zone, copy.held))
                assert copy.names == plain((await desk.full()).names)
                assert {desk.name("gone"), desk.name("fresh")} & copy.names.keys() == {desk.name("fresh")}
                assert copy.names[desk.name("moved")] == (new,)

            await self._soon(caught_up)

    async def _write(self, desk: Desk, one: Change, by: str) -> None:
        if by == "us":
            await desk.write(one)
        else:
            for edit in one.edits:
                await desk.overwrite(edit.key, edit.new)

    async def test_a_serial_that_the_back_end_never_had_is_answered_with_the_truth(self) -> None:
        async with self.opened() as desk:
            made = desk.records("www", "A", "192.0.2.1")
            await desk.write(creation(made))
            copy = Copy(await desk.full())
            for serial in (copy.serial + 1_000_000, max(copy.serial - 1_000_000, 0)):
                other = Copy(await desk.full())
                other.serial = serial
                other.lay(await desk.provider.read(desk.zone, other.held))
                assert other.names == plain((await desk.full()).names)

    async def _soon(self, check: Callable[[], Awaitable[None]]) -> None:
        """Once, and again until the back end's lag is over."""
        deadline = asyncio.get_running_loop().time() + self.lag
        while True:
            try:
                await check()
            except AssertionError:
                if asyncio.get_running_loop().time() >= deadline:
                    raise
                await asyncio.sleep(0.1)
            else:
                return
