"""Contract: many names are written, read whole over however many pages, changed and deleted; nothing here is timed."""

from mcidns.testing.contract.base import Contract
from mcidns.testing.contract.bench import change, creation, deletion, gathered


class ScaleContract(Contract):
    """`many` names, each with its ownership."""

    async def test_many_names_are_written_read_whole_changed_and_deleted(self) -> None:
        async with self.opened() as desk:
            olds = [desk.records(f"h{i}", "A", f"10.2.{i // 250}.{i % 250 + 1}") for i in range(self.many)]
            texts = [desk.owned(f"h{i}") for i in range(self.many)]
            await desk.write(*(creation(old, text) for old, text in zip(olds, texts, strict=True)))
            assert await desk.content() == gathered(*olds, *texts)

            news = [desk.records(f"h{i}", "A", f"10.3.{i // 250}.{i % 250 + 1}") for i in range(self.many)]
            moves = zip(olds, news, texts, strict=True)
            await desk.write(*(change((old, new), (text, text)) for old, new, text in moves))
            assert await desk.content() == gathered(*news, *texts)

            await desk.write(*(deletion(new, text) for new, text in zip(news, texts, strict=True)))
            await desk.holds()

    async def test_a_look_at_many_names_finds_each(self) -> None:
        async with self.opened() as desk:
            made = [desk.records(f"h{i}", "A", f"10.2.0.{i + 1}") for i in range(min(self.many, 200))]
            await desk.write(*(creation(one) for one in made))
            asked = frozenset({*(one.name for one in made), *(desk.name(f"absent{i}") for i in range(50))})
            found = await desk.provider.look(desk.zone, asked)
            assert {name: tuple(found[name]) for name in asked} == {name: gathered(*made).get(name, ()) for name in asked}
