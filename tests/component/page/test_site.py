"""The page over real HTTP: who may read it, what its answers forbid, its stream, and readers who take nothing."""

import asyncio
import contextlib
import json
import re
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from blockbuster import blockbuster_ctx

from mcidns.errors import ConfigError
from mcidns.model.decisions import Decision
from mcidns.model.references import ObjectRef
from mcidns.page import site, window
from mcidns.page.board import Board
from mcidns.page.limits import Limits
from mcidns.settings import Settings
from mcidns.web import Health
from tests.component.page import boards
from tests.component.page.boards import Scene

TOKEN = "0123456789abcdef0123456789abcdef"
PATIENCE = 20.0

Json = dict[str, Any]


@contextlib.asynccontextmanager
async def stream(session: aiohttp.ClientSession, url: str, query: str = "") -> AsyncIterator[AsyncIterator[Json]]:
    """The news of one reader."""
    async with session.get(f"{url}live?{query}") as answer:
        assert answer.status == 200, await answer.text()
        assert answer.headers["Content-Type"].startswith("text/event-stream")

        async def news() -> AsyncIterator[Json]:
            async for line in answer.content:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

        yield news()


async def until(told: AsyncIterator[Json], key: str) -> Json:
    """The next piece of news that tells of this."""
    async with asyncio.timeout(PATIENCE):
        async for one in told:
            if one.get(key):
                return one
    raise AssertionError("the stream ended")


async def status(url: str, **request: Any) -> int:
    """What a request is answered with."""
    async with aiohttp.ClientSession() as session, session.request(request.pop("method", "GET"), url, **request) as answer:
        await answer.read()
        return answer.status


# ---- what an answer says of itself


@pytest.mark.parametrize("path", ["", "page.css", "page.js", "icon.svg", "host?id=GlobalHost/shop/www", "host?id=x", "nowhere"])
async def test_every_answer_forbids_what_the_page_does_not_need_and_sets_no_cookie(path: str) -> None:
    told = boards.scene()
    told.decide("www")
    async with boards.served(told) as url, aiohttp.ClientSession() as session, session.get(url + path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["", "live", "host", "answers"])
async def test_nothing_but_get_is_answered(method: str, path: str) -> None:
    async with boards.served(boards.scene()) as url:
        assert await status(url + path, method=method) == 405


async def test_the_files_fetch_nothing_from_elsewhere_and_hold_no_script_or_style_in_the_markup() -> None:
    folder = Path(site.__file__).parent / "files"
    html, css = ((folder / name).read_text(encoding="utf-8") for name in ("index.html", "page.css"))
    script = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.js")))
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)[^\s\"']+", html + css + script) == []
    assert re.findall(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|javascript:", html) == []
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|\.cookie|localStorage", script) == []
    assert "@import" not in css
    assert "url(" not in css


async def test_the_stream_is_not_opened_by_a_question_for_its_headers() -> None:
    told = boards.scene()
    async with boards.served(told) as url:
        assert await status(f"{url}live", method="HEAD") == 405
        assert told.board.listeners == 0


# ---- the door


async def test_without_a_token_only_this_machine_is_answered_by_its_own_names() -> None:
    async with boards.served(boards.scene()) as url:
        for host, code in (
            ("localhost:1", 200),
            ("127.0.0.1", 200),
            ("[::1]:80", 200),
            ("rebound.example", 403),
            ("127.0.0.1.example", 403),
        ):
            assert await status(url, headers={"Host": host}) == code, host


async def test_with_a_token_it_is_shown_as_bearer_or_as_password_of_anybody(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n", encoding="utf-8")
    async with boards.served(boards.scene(), page=("0.0.0.0", 0), page_token_file=file) as url:
        for path in ("", "page.js", "live", "host?id=a/b/c", "answers?id=a/b/c"):
            assert await status(url + path) == 401, path
        assert await status(url, headers={"Authorization": f"Bearer {TOKEN}", "Host": "status.example.org"}) == 200
        assert await status(url, headers={"Authorization": f"bearer {TOKEN}"}) == 200
        assert await status(url, headers={"Authorization": aiohttp.encode_basic_auth("anybody", TOKEN)}) == 200
        for wrong in (
            "Bearer",
            "Bearer ",
            f"Bearer {TOKEN}x",
            f"Bearer {TOKEN[:-1]}",
            "Basic ????",
            f"Token {TOKEN}",
            "Bearer \u00ff\u00fe",
        ):
            assert await status(url, headers={"Authorization": wrong}) == 401, wrong
        assert await status(url, headers={"Authorization": aiohttp.encode_basic_auth(TOKEN, "")}) == 401
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
            assert TOKEN not in await answer.text()


async def test_another_token_in_the_file_counts_and_an_unreadable_one_lets_nobody_in(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN, encoding="utf-8")
    async with boards.served(boards.scene(), Limits(token=0.0), page_token_file=file) as url:
        assert await status(url, headers={"Authorization": f"Bearer {TOKEN}"}) == 200
        file.write_text(TOKEN[::-1], encoding="utf-8")
        assert await status(url, headers={"Authorization": f"Bearer {TOKEN}"}) == 401
        assert await status(url, headers={"Authorization": f"Bearer {TOKEN[::-1]}"}) == 200
        file.unlink()
        assert await status(url, headers={"Authorization": f"Bearer {TOKEN[::-1]}"}) == 503
        assert await status(url) == 503


@pytest.mark.parametrize(
    ("text", "problem"),
    [("short", "has 5 characters"), ("", "has 0 characters"), ("x" * 5000, "has 4097"), (None, "cannot be read")],
)
async def test_a_token_that_protects_nothing_is_refused_at_the_start(text: str | None, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=problem):
        async with boards.served(boards.scene(), page_token_file=file):
            pass


async def test_opened_to_everybody_it_answers_by_any_name() -> None:
    async with boards.served(boards.scene(), page_open=True) as url:
        assert await status(url, headers={"Host": "status.example.org"}) == 200


# ---- the stream


async def test_a_reader_hears_of_a_change_and_of_nothing_else() -> None:
    told = boards.scene()
    for name in ("api", "www"):
        told.decide(name)
    async with boards.served(told) as url, aiohttp.ClientSession() as session, stream(session, url) as news:
        first = await until(news, "hosts")
        assert [row["name"] for row in first["hosts"]["rows"]] == ["api", "www"]
        told.decide("www", out="napoli")
        told.notice("www", "Withdrawn", "napoli: 0 of 3 endpoints ready")
        second = await until(news, "hosts")
        assert [(row["name"], row["word"]) for row in second["hosts"]["rows"]] == [("www", "PartiallyHealthy")]
        assert [one["note"] for one in second["changes"]] == ["napoli: 0 of 3 endpoints ready"]
        assert second["members"] is second["zones"] is second["matching"] is None


async def test_a_reader_with_nothing_new_to_hear_still_hears_that_the_controller_lives() -> None:
    told = boards.scene()
    async with boards.served(told, Limits(beat=0.05)) as url, aiohttp.ClientSession() as session, stream(session, url) as news:
        await until(news, "head")
        beat = await until(news, "now")
        assert [key for key, value in beat.items() if value] == ["now"]
        told.health = Health(waiting_for=("members: not all were read or tried yet",), role="standby")
        head = (await until(news, "head"))["head"]
        assert (head["waiting"], head["role"]) == (["members: not all were read or tried yet"], "standby")


def many(told: Scene, decision: Decision) -> None:
    """Five thousand hosts of this decision."""
    for number in range(5000):
        told.board.decided(replace(decision, host=replace(decision.host, name=f"h{number:04}")))


async def test_five_thousand_hosts_load_at_once_and_a_change_of_all_is_one_page() -> None:
    told = boards.scene()
    well, out = told.decide("h0000"), told.decide("h0000", out="napoli")
    many(told, well)
    async with boards.served(told) as url, aiohttp.ClientSession() as session:
        began = time.perf_counter()
        async with session.get(f"{url}live?q=h4") as answer:
            line = await _line(answer)
            seconds = time.perf_counter() - began
            first = json.loads(line[6:])
            assert (first["matching"], len(first["hosts"]["rows"]), first["head"]["hosts"]) == (1000, window.ROWS, 5000)
            assert len(line) < 100_000
            assert seconds < 10, "a second or so where nobody else uses the machine"
            many(told, out)
            line = await _line(answer)
            second = json.loads(line[6:])
            assert len(second["hosts"]["rows"]) <= window.ROWS
            assert second["hosts"]["order"] is None
            assert len(line) < 100_000


async def _line(answer: aiohttp.ClientResponse) -> bytes:
    async with asyncio.timeout(60):
        while True:
            line = await answer.content.readline()
            if line.startswith(b"data: ") and b'"rows"' in line:
                return line


async def test_more_readers_than_can_be_served_are_told_so_and_one_who_leaves_makes_room() -> None:
    told = boards.scene()
    async with boards.served(told, Limits(readers=2, beat=0.05)) as url, aiohttp.ClientSession() as session:
        async with stream(session, url) as one, stream(session, url) as other:
            await until(one, "head")
            await until(other, "head")
            async with session.get(f"{url}live") as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
                assert "2 readers have this page open" in await answer.text()
            assert await status(url) == 200
        async with asyncio.timeout(PATIENCE):
            while told.board.listeners:
                await asyncio.sleep(0.01)
        async with stream(session, url) as again:
            await until(again, "head")


async def test_a_reader_who_takes_nothing_holds_up_nobody_keeps_nothing_and_is_cut_off() -> None:
    told = boards.scene()
    wide = "x" * 900
    for number in range(window.ROWS):
        told.decide(f"{'h' * 50}{number:02}", namespace=wide[:60])
    async with boards.served(told, Limits(pace=0.0, patience=0.5)) as url, aiohttp.ClientSession() as session:
        port = int(url.rpartition(":")[2].strip("/"))
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.setblocking(False)
        await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=narrow, limit=1024)
        writer.write(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await writer.drain()
        async with stream(session, url) as news:
            await until(news, "hosts")
            assert told.board.listeners == 2
            async with asyncio.timeout(60):
                for turn in range(10_000):
                    for number in range(window.ROWS):
                        told.decide(f"{'h' * 50}{number:02}", namespace=wide[:60], out="" if turn % 2 else "napoli")
                    await until(news, "hosts")  # whoever reads goes on hearing
                    if told.board.listeners == 1:
                        break
        assert told.board.listeners <= 1
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        del reader


async def test_a_stop_ends_the_streams_at_once() -> None:
    told = boards.scene()
    async with aiohttp.ClientSession() as session:
        async with boards.served(told) as url:
            answer = await session.get(f"{url}live")
            await answer.content.readline()
            began = time.monotonic()
        assert time.monotonic() - began < 5.0
        with contextlib.suppress(aiohttp.ClientError):
            await answer.content.read()
        answer.close()
    assert told.board.listeners == 0


# ---- one host


async def test_a_host_has_its_sheet_and_one_that_is_gone_has_none() -> None:
    told = boards.scene()
    told.decide("www", out="napoli")
    async with boards.served(told) as url, aiohttp.ClientSession() as session:
        async with session.get(f"{url}host", params={"id": "GlobalHost/shop/www"}) as answer:
            found = await answer.json()
        assert {cell["cluster"]: cell["word"] for cell in found["row"]["cells"]} == {
            "catania": "Ready",
            "napoli": "NotReady",
            "palermo": "Ready",
        }
        assert {one["type"] for one in found["conditions"]} >= {"Accepted", "Healthy", "Programmed"}
        for bad in ("GlobalHost/shop/other", "x", "", "a/b/c/d", "GlobalHost/../www"):
            async with session.get(f"{url}host", params={"id": bad}) as answer:
                assert answer.status == 404, bad


async def test_dns_that_does_not_answer_is_told_in_time_and_asked_once_for_all_readers() -> None:
    questions = 0

    class Silent(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            nonlocal questions
            questions += 1

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Silent, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    told = boards.scene()
    told.decide("www")
    try:
        async with (
            boards.served(told, Limits(answer=0.3, fresh=60.0), resolvers=(f"127.0.0.1:{port}",)) as url,
            aiohttp.ClientSession() as session,
        ):

            async def asked() -> Json:
                async with session.get(f"{url}answers", params={"id": "GlobalHost/shop/www"}) as answer:
                    found: Json = await answer.json()
                    return found

            found = await asyncio.gather(*(asked() for _ in range(20)))
    finally:
        transport.close()
    assert {one["trouble"] for told in found for one in told["names"]["www.example.org"]} == {"no answer in time"}
    assert 0 < questions < 20


async def test_nothing_of_it_blocks_the_loop(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN, encoding="utf-8")
    told = boards.scene()
    told.decide("www")
    with blockbuster_ctx():
        async with boards.served(told, page_token_file=file) as url:
            shown = {"Authorization": f"Bearer {TOKEN}"}
            for path in ("", "page.js", "host?id=GlobalHost/shop/www"):
                assert await status(url + path, headers=shown) == 200
            async with aiohttp.ClientSession(headers=shown) as session, stream(session, url) as news:
                await until(news, "head")


def test_the_board_of_a_controller_without_a_page_is_told_and_costs_next_to_nothing() -> None:
    told: Scene = boards.scene()
    for number in range(100):
        told.decide("www", out="napoli" if number % 2 else "")
    assert isinstance(told.board, Board)
    assert told.board.hosts[ObjectRef("GlobalHost", "shop", "www")].standing is None, "worked out only when somebody looks"
    assert Settings().page is None
