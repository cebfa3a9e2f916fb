"""What is on the board, and what of it is news to a reader."""

import asyncio
from dataclasses import replace

from hypothesis import given
from hypothesis.strategies import DataObject, booleans, data, integers, lists, sampled_from
from msgspec import structs

from mcidns.hub.unreadable import Problem, Unreadable
from mcidns.model.references import ObjectRef
from mcidns.page import board, views, window
from mcidns.page.window import Head, Query, Search, Window
from mcidns.testing.build import NOW
from tests.component.page import boards
from tests.component.page.boards import Scene

ALL = Query()
HEAD = Head("0", "hub", "", (), (), 0, 0, decides=True)
WWW = ObjectRef("GlobalHost", "shop", "www")


def look(told: Scene, query: Query = ALL) -> Window:
    return Window(told.board, query, holds=lambda name: told.records.get(name), head=lambda: HEAD)


async def test_the_first_look_shows_everything_and_the_second_nothing() -> None:
    told = boards.scene()
    told.decide("www")
    told.decide("api", out="napoli")
    told.board.member(boards.member("napoli"), "eu")
    told.board.zone(boards.zone(), "example.org")
    told.notice("api", "Withdrawn", "napoli: 0 of 3 endpoints ready")
    reader = look(told)
    first = await reader.news()
    assert first is not None
    assert first.hosts is not None
    assert first.members is not None
    assert first.zones is not None
    assert first.hosts.order == ("GlobalHost/shop/api", "GlobalHost/shop/www")
    assert [(row.name, row.word) for row in first.hosts.rows] == [("api", "PartiallyHealthy"), ("www", "Healthy")]
    assert [(row.id, row.region) for row in first.members.rows] == [("napoli", "eu")]
    assert [(row.serial, row.domain, row.plan) for row in first.zones.rows] == [(2026112501, "example.org", "4 created, 2 updated")]
    assert [(row.reason, row.objects) for row in first.changes] == [("Withdrawn", ("shop/api",))]
    assert (first.matching, first.offset, first.head) == (2, 0, HEAD)
    assert await reader.news() is None


async def test_only_the_host_that_changed_is_sent_again() -> None:
    told = boards.scene()
    for name in ("api", "www"):
        told.decide(name)
    reader = look(told)
    await reader.news()
    told.decide("www", out="catania")
    news = await reader.news()
    assert news is not None
    assert news.hosts is not None
    assert [row.name for row in news.hosts.rows] == ["www"]
    assert (news.hosts.order, news.members, news.zones, news.matching, news.head) == (None, None, None, None, None)


async def test_a_row_says_what_the_zone_holds_and_whether_that_is_what_was_decided() -> None:
    told = boards.scene()
    decision = told.decide("www")
    name = decision.names[0].name
    entry = told.board.hosts[WWW]
    told_of = (told.records[name], (), None)
    shown = [views.host(WWW, entry, dict.fromkeys([name], held).get).names[0] for held in told_of]
    assert [(one.state, one.holds) for one in shown] == [
        ("same", ("192.0.2.10", "192.0.2.11", "192.0.2.12")),
        ("differs", ()),
        ("unknown", ()),
    ]


async def test_pages_are_fifty_hosts_and_one_beyond_the_end_is_the_last() -> None:
    told = boards.scene()
    for number in range(120):
        told.decide(f"h{number:03}")
    second = await look(told, Query(offset=50)).news()
    assert second is not None
    assert second.hosts is not None
    assert second.hosts.order is not None
    assert (second.matching, second.offset, len(second.hosts.rows)) == (120, 50, 50)
    assert second.hosts.order[0] == "GlobalHost/shop/h050"
    beyond = await look(told, Query(offset=5000)).news()
    assert beyond is not None
    assert beyond.offset == 100


async def test_a_search_wants_all_words_and_attention_leaves_out_what_is_well() -> None:
    told = boards.scene()
    told.decide("www", namespace="shop")
    told.decide("api", namespace="shop", out="napoli")
    told.decide("api", namespace="campus")
    for query, found in (
        (Query(("api",)), ["campus/api", "shop/api"]),
        (Query(("api", "napoli:notready")), ["shop/api"]),
        (Query(attention=True), ["shop/api"]),
        (Query(("www",), attention=True), []),
    ):
        news = await look(told, query).news()
        assert news is not None
        rows = news.hosts.rows if news.hosts is not None else ()
        assert [f"{row.namespace}/{row.name}" for row in rows] == found


async def test_a_host_leaves_the_view_of_what_wants_attention_when_it_is_well_again() -> None:
    told = boards.scene()
    told.decide("api", out="napoli")
    reader = look(told, Query(attention=True))
    await reader.news()
    assert told.board.attention == 1
    told.decide("api")
    news = await reader.news()
    assert news is not None
    assert news.hosts is not None
    assert (news.hosts.order, news.matching, told.board.attention) == ((), 0, 0)


async def test_what_is_gone_is_gone_from_the_board() -> None:
    told = boards.scene()
    told.decide("www", out="napoli")
    told.board.member(boards.member("r1"), "")
    told.board.zone(boards.zone("main"), "example.org")
    reader = look(told)
    await reader.news()
    for ref in (WWW, ObjectRef("MemberCluster", "", "r1"), ObjectRef("DNSZone", "", "main"), ObjectRef("DNSProvider", "", "x")):
        told.board.gone(ref)
    news = await reader.news()
    assert news is not None
    assert news.hosts is not None
    assert news.members is not None
    assert news.zones is not None
    assert (news.hosts.order, news.members.order, news.zones.order, told.board.attention) == ((), (), (), 0)


async def test_a_host_that_cannot_be_read_is_shown_and_what_was_decided_of_it_stays() -> None:
    told = boards.scene()
    told.board.unreadable(Unreadable(WWW, "", 2, (Problem("spec.ttl", "is -1", "give 1 or more"),)))
    news = await look(told).news()
    assert news is not None
    assert news.hosts is not None
    assert [(row.word, row.says, row.cells) for row in news.hosts.rows] == [("Invalid", "spec.ttl: is -1; give 1 or more", ())]
    told.decide("www")
    again = await look(told).news()
    assert again is not None
    assert again.hosts is not None
    assert [(row.word, len(row.cells)) for row in again.hosts.rows] == [("Invalid", 3)]
    told.board.readable(WWW)
    well = await look(told).news()
    assert well is not None
    assert well.hosts is not None
    assert well.hosts.rows[0].word == "Healthy"


async def test_one_cause_for_many_hosts_is_one_line_with_their_number() -> None:
    now = [NOW]
    told = boards.scene(lambda: now[0])
    for number in range(4000):
        told.notice(f"h{number}", "Withdrawn", "r2: it is drained")
    assert [(one.times, len(one.objects)) for one in told.board.changes.values()] == [(4000, 5)]
    now[0] += board.TOGETHER + 1
    told.notice("h1", "Withdrawn", "r2: it is drained")
    assert [one.times for one in told.board.changes.values()] == [4000, 1], "later it is a line of its own"


async def test_the_timeline_keeps_the_last_changes_and_no_more() -> None:
    told = boards.scene()
    for number in range(board.CHANGES + 50):
        told.notice("www", "Withdrawn", f"cause {number}")
    assert len(told.board.changes) == board.CHANGES
    news = await look(told).news()
    assert news is not None
    assert [news.changes[0].note, news.changes[-1].note] == ["cause 50", f"cause {board.CHANGES + 49}"]


async def test_working_out_many_hosts_gives_way_in_between() -> None:
    told = boards.scene()
    decision = told.decide("www")
    for number in range(2000):
        host = replace(decision.host, name=f"h{number}")
        told.board.decided(replace(decision, host=host))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    news = await look(told).news()
    counting.cancel()
    assert news is not None
    assert news.hosts is not None
    assert (news.matching, len(news.hosts.rows)) == (2001, window.ROWS)
    assert turns >= 8


async def test_texts_too_long_for_a_row_are_cut_there_and_whole_on_the_sheet() -> None:
    told = boards.scene()
    told.board.unreadable(Unreadable(WWW, "", 2, (Problem("spec.x", "y" * 5000, "z"),)))
    entry = told.board.hosts[WWW]
    assert len(views.host(WWW, entry, lambda _: None).says) == views.LONGEST
    assert len(views.details(WWW, entry, lambda _: None, names=20).row.says) > 5000


async def test_the_sheet_tells_the_rule_behind_each_verdict_and_every_condition() -> None:
    told = boards.scene()
    told.decide("www", out="napoli")
    found = views.details(WWW, told.board.hosts[WWW], lambda name: told.records.get(name), names=20)
    napoli = next(cell for cell in found.row.cells if cell.cluster == "napoli")
    assert (napoli.message, napoli.rule) == ("0 of 3 endpoints ready", "too few endpoints were ready for `fall` observations")
    assert found.source == "Ingress shop/www"
    assert {one.type: one.tone for one in found.conditions}["Healthy"] == "bad"


@given(data())
async def test_a_search_that_looks_at_changes_alone_finds_what_one_that_looks_at_all_would(drawn: DataObject) -> None:
    told = boards.scene()
    names = ("api", "cart", "www")
    readers = {query: Search(told.board, query) for query in (Query(("napoli:notready",)), Query(attention=True), Query(("api",)))}
    for _ in range(drawn.draw(integers(1, 8))):
        for name in drawn.draw(lists(sampled_from(names), max_size=3)):
            if drawn.draw(booleans()):
                told.decide(name, out=drawn.draw(sampled_from(("", "napoli", "catania"))))
            else:
                told.board.gone(structs.replace(WWW, name=name))
        await told.board.catch_up()
        for query, reader in readers.items():
            assert list(reader.found()) == list(Search(told.board, query).found())
        attention = [ref for ref in told.board.all() if told.board.hosts[ref].standing.wants_attention]
        assert told.board.attention == len(attention)
