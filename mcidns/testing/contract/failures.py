"""Contract: trouble with the back end is told in the right kind, harms nothing, and is over when it is over."""

from collections.abc import Awaitable, Iterator

import pytest

from mcidns.errors import Conflict, Denied, Throttled, Transient
from mcidns.model.records import RecordSet
from mcidns.provider import Full, Unlisted
from mcidns.testing.contract.base import Contract
from mcidns.testing.contract.bench import Desk, change, creation, plain


class FailuresContract(Contract):
    """Each kind of Failure; a test skips where the bench cannot make it."""

    async def test_refused_credentials_are_denied_without_a_secret_and_may_be_mended(self) -> None:
        async with self.opened() as desk:
            made, more = await self._filled(desk)
            async with desk.failing("denied"):
                for call in self._calls(desk, made, more):
                    with pytest.raises(Denied) as caught:
                        await call
                    desk.hides_secrets(caught.value)
                    assert len(str(caught.value)) > 20, "say what to do about it"
            await self._goes_on(desk, made, more)

    async def test_a_request_to_slow_down_is_told_with_its_delay(self) -> None:
        async with self.opened() as desk:
            made, more = await self._filled(desk)
            async with desk.failing("throttled"):
                for call in self._calls(desk, made, more):
                    with pytest.raises(Throttled) as caught:
                        await call
                    assert 0 <= caught.value.retry_after <= 3600
            await self._goes_on(desk, made, more)

    async def test_a_server_that_is_down_is_transient_and_used_again_when_it_is_back(self) -> None:
        async with self.opened() as desk:
            made, more = await self._filled(desk)
            async with desk.failing("down"):
                for call in self._calls(desk, made, more):
                    with pytest.raises(Transient) as caught:
                        await call
                    desk.hides_secrets(caught.value)
            await self._goes_on(desk, made, more)

    async def test_a_write_whose_answer_was_lost_is_told_as_unsure_and_may_be_repeated(self) -> None:
        async with self.opened() as desk:
            made, more = await self._filled(desk)
            for one in (creation(more, desk.owned("more")), change((made, moved := desk.records("www", "A", "192.0.2.9")))):
                told = []
                async with desk.failing("unanswered"):
                    try:
                        await desk.write(one)
                    except Transient as error:
                        told.append(error)
                assert [error for error in told if not error.unsure] == [], "it was carried out, and the error does not say it may"
                await desk.write(one)
            await desk.holds(moved, more, desk.owned("more"))

    async def test_a_write_whose_answer_was_lost_and_that_somebody_changed_since_is_not_repeated(self) -> None:
        async with self.opened() as desk:
            self.needs_compare_and_set(desk.provider.capabilities)
            made, _ = await self._filled(desk)
            moved, theirs = desk.records("www", "A", "192.0.2.9"), desk.records("www", "A", "192.0.2.66")
            async with desk.failing("unanswered"):
                try:
                    await desk.write(change((made, moved)))
                except Transient:
                    await self.overwrite(desk, theirs.key, theirs)
                else:
                    pytest.skip("the provider found out by itself that the write was carried out")
            with pytest.raises(Conflict):
                await desk.write(change((made, moved)))
            await desk.holds(theirs)

    async def test_an_answer_torn_half_way_is_never_taken_for_the_zone(self) -> None:
        async with self.opened() as desk:
            sets = [desk.records(f"h{i}", "A", f"10.1.{i // 200}.{i % 200 + 1}") for i in range(min(self.many, 400))]
            await desk.write(*(creation(one) for one in sets))
            whole = plain((await desk.full()).names)
            async with desk.failing("torn"):
                try:
                    reading = await desk.provider.read(desk.zone, None)
                except Transient as error:
                    desk.hides_secrets(error)
                else:
                    if isinstance(reading, Full):
                        assert plain(reading.names) == whole
                    else:
                        assert isinstance(reading, Unlisted)
            assert plain((await desk.full()).names) == whole

    async def _filled(self, desk: Desk) -> tuple[RecordSet, RecordSet]:
        made, more = desk.records("www", "A", "192.0.2.1"), desk.records("more", "A", "192.0.2.2")
        await desk.write(creation(made))
        return made, more

    def _calls(self, desk: Desk, made: RecordSet, more: RecordSet) -> Iterator[Awaitable[object]]:
        """One after the other, made when asked for, so that none is left without its answer."""
        yield desk.write(creation(more))
        yield desk.provider.look(desk.zone, frozenset({made.name}))
        yield desk.provider.read(desk.zone, None)

    async def _goes_on(self, desk: Desk, made: RecordSet, more: RecordSet) -> None:
        """Nothing came of what failed, and the same provider works again."""
        await desk.holds(made)
        await desk.write(creation(more))
        await desk.holds(made, more)
