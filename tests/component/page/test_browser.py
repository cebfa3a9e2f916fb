"""The page in a real browser: what is seen, heard by a screen reader, reached by keys and held in a hand."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mcidns.demo import manifests
from mcidns.page.limits import Limits
from mcidns.settings import Settings
from mcidns.web import Health
from tests import browser
from tests.browser import Page
from tests.component.page import boards, pictures
from tests.component.page.boards import Scene
from tests.scenario.stage import Stage, global_host, raised

HOSTILE = "<img src=x onerror='window.owned=1'><script>window.owned=1</script>\"'&amp;\u202e"
WIDE = "document.documentElement.scrollWidth <= window.innerWidth"
CONTRAST = """(() => {
  const light = (text) => text.match(/[\\d.]+/g).slice(0, 3).map((value) => value / 255)
    .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const clear = (one) => /, 0\\)$/.test(getComputedStyle(one).backgroundColor);
  const ground = (one) => { while (clear(one)) one = one.parentElement; return getComputedStyle(one).backgroundColor; };
  const poor = [];
  for (const one of document.querySelectorAll("main *, header *, footer *")) {
    if (![...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    if (!one.offsetParent || one.closest(".unseen")) continue;
    const [a, b] = [light(getComputedStyle(one).color), light(ground(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push([one.tagName, one.className, one.textContent.slice(0, 20), ratio]);
  }
  return poor;
})()"""


@pytest.fixture(scope="module")
def devtools() -> Iterator[str]:
    with browser.chromium() as address:
        yield address


async def focused(page: Page) -> str:
    """What has the focus, in words."""
    return str(
        await page.evaluate("document.activeElement.dataset.host ?? document.activeElement.id ?? document.activeElement.tagName")
    )


def with_page(stage: Stage) -> None:
    """Let the stage's controller serve the page, and ask the stage's name server what DNS answers."""
    port = stage.app.page_port if stage.app is not None and stage.app.page_port else 0
    stage.settings = replace(stage.settings, page=("127.0.0.1", port), resolvers=(f"127.0.0.1:{stage.names.port}",))


async def opened(stage: Stage, page: Page) -> None:
    """Open the page of the running controller."""
    await stage.until_true(lambda: stage.app is not None and stage.app.page_port, "the page to be served")
    assert stage.app is not None
    await page.open(f"http://127.0.0.1:{stage.app.page_port}/")


async def test_a_running_controller_shows_its_verdicts_and_a_lost_region_without_a_reload(devtools: str) -> None:
    async with raised(running=False) as stage, browser.tab(devtools) as page:
        with_page(stage)
        stage.host.put(global_host())
        await stage.start()
        await stage.until_answer("shop.example.org", "192.0.2.1", "192.0.2.2", "192.0.2.3")
        await opened(stage, page)
        await page.until_text("#host-table tbody tr", "shop shop Healthy Ready")
        await page.until_text("#host-table tbody tr", "192.0.2.1 192.0.2.2 192.0.2.3")
        await page.until_text("#cluster-table", "r3 Reachable")
        await page.until_text("#zone-table", "example-org example.org Ready")
        await page.evaluate("window.sameDocument = true")
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await page.until_text("#host-table tbody tr", "PartiallyHealthy")
        await page.until_text("#host-table tbody tr", "NotReady")
        await page.until_text("#host-table tbody tr td:last-child", "shop.example.org 192.0.2.2 192.0.2.3")
        await page.until_text("#timeline", "Withdrawn shop/shop r1:")
        await page.until("document.getElementById('announce').textContent.includes('shop/shop')", "the change to be announced")
        stage.members["r2"].faults.refuse()
        await page.until_text("#notes", "Cluster r2 does not answer.")
        await page.until_text("#host-table tbody tr", "Stale")
        await page.shoot("controller-region-lost")
        await page.evaluate("document.querySelector('a[data-host]').click()")
        await page.until_text("#sheet-body", "192.0.2.2 192.0.2.3 for")
        await page.until_text("#sheet-body", "as decided")
        await page.until_text("#sheet-body", "too few endpoints were ready")
        await page.shoot("controller-sheet")
        assert await page.evaluate("window.sameDocument") is True
        assert page.errors == []


async def test_a_page_left_open_says_that_the_controller_is_gone_and_goes_on_when_it_is_back(devtools: str) -> None:
    async with raised(running=False, members=1) as stage, browser.tab(devtools) as page:
        with_page(stage)
        stage.host.put(global_host())
        await stage.start()
        await opened(stage, page)
        await page.until_text("#host-table tbody tr", "Healthy")
        await page.until_text("#link", "live")
        await page.evaluate("window.sameDocument = true")
        with_page(stage)
        await stage.stop()
        await page.until_text("#link", "disconnected")
        await page.until_text("#heard", "last heard")
        await page.until("!document.getElementById('again').hidden", "the button that tries again")
        await page.shoot("controller-gone")
        assert "Healthy" in await page.text("#host-table tbody tr"), "what was known last stays in view"
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.start()
        await page.until_text("#link", "live")
        await page.until_text("#host-table tbody tr", "FailOpen")
        assert await page.evaluate("window.sameDocument") is True


async def test_everything_is_done_with_keys(devtools: str) -> None:
    async with boards.served(pictures.region_lost()) as url, browser.tab(devtools) as page:
        await page.open(url)
        await page.until("document.querySelectorAll('#host-table tbody tr').length === 10", "the hosts")
        await page.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "Skip to hosts"
        assert await page.evaluate("document.activeElement.getBoundingClientRect().top >= 0"), "a skip link with the focus is seen"
        await page.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "hosts"
        await page.press("/")
        assert await page.evaluate("document.activeElement.id") == "q"
        await page.write("api napoli:notready")
        await page.until("document.querySelectorAll('#host-table tbody tr').length === 1", "one host")
        assert await page.evaluate("location.search") == "?q=api+napoli%3Anotready"
        await page.press("ArrowDown")
        assert await focused(page) == "GlobalHost/shop/api"
        await page.press("Enter")
        await page.until_text("#sheet-body", "Conditions")
        assert await page.evaluate("document.getElementById('sheet').contains(document.activeElement)")
        for _ in range(4):
            await page.press("Tab")
            assert await page.evaluate("!document.querySelector('main').contains(document.activeElement)"), (
                "the sheet keeps the focus"
            )
        await page.press("Escape")
        await page.until("!document.getElementById('sheet').open", "the sheet to close")
        assert await focused(page) == "GlobalHost/shop/api"
        await page.press("ArrowUp")
        assert await page.evaluate("document.activeElement.id") == "q"
        await page.evaluate("document.activeElement.select()")
        await page.write("nowhere")
        await page.until_text("#hosts-empty", "No host has all of “nowhere”.")
        await page.press("Tab", "Tab")
        assert await page.text(":focus") == "Clear the filter"
        await page.press("Enter")
        await page.until("document.querySelectorAll('#host-table tbody tr').length === 10", "all hosts again")


async def test_a_change_takes_the_focus_from_nobody(devtools: str) -> None:
    told = pictures.region_lost()
    async with boards.served(told) as url, browser.tab(devtools) as page:
        await page.open(url)
        await page.until_text("#host-table", "checkout")
        await page.evaluate("document.querySelector('a[data-host$=checkout]').focus()")
        told.decide("checkout", out="catania")
        await page.until_text("tr[data-id$=checkout]", "NotReady")
        assert await focused(page) == "GlobalHost/shop/checkout"


@pytest.mark.parametrize("width", [320, 390])
async def test_in_a_hand_nothing_scrolls_sideways_and_it_is_still_a_table(devtools: str, width: int) -> None:
    told = pictures.region_lost()
    told.decide("a-name-of-a-host-that-is-far-longer-than-any-column-could-be", namespace="a-namespace-as-long-as-they-are-made")
    for number in range(12):
        told.board.member(boards.member(f"cluster-{number:02}"), "")
    told.notice("www", "Withdrawn", "x" * 400)
    async with boards.served(told) as url, browser.tab(devtools) as page:
        await page.size(width, 844, phone=True)
        await page.open(url)
        await page.until_text("#host-table", "far-longer")
        assert await page.evaluate(WIDE)
        await page.shoot(f"phone-{width}")
        tree = await page.send("Accessibility.getFullAXTree")
        roles = [node["role"]["value"] for node in tree["nodes"] if not node.get("ignored")]
        assert roles.count("table") == 3
        assert {"rowheader", "columnheader", "cell", "search", "main", "banner", "contentinfo"} & set(roles) >= {
            "rowheader",
            "cell",
            "main",
        }
        assert await page.evaluate("document.querySelector('#q').getBoundingClientRect().height") >= 44
        await page.evaluate("document.querySelector('a[data-host*=far-longer]').click()")
        await page.until_text("#sheet-body", "Conditions")
        assert await page.evaluate(WIDE)
        assert await page.evaluate("document.getElementById('sheet').scrollWidth <= window.innerWidth")
        await page.shoot(f"phone-{width}-sheet")


async def test_by_day_and_by_night_every_text_can_be_read(devtools: str) -> None:
    async with boards.served(pictures.region_lost()) as url, browser.tab(devtools) as page:
        grounds = []
        for scheme in ("light", "dark"):
            await page.scheme(scheme)
            await page.open(url)
            await page.until_text("#host-table", "PartiallyHealthy")
            assert await page.evaluate(CONTRAST) == []
            grounds.append(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
            await page.shoot(f"page-{scheme}")
        assert grounds[0] != grounds[1]
        assert page.errors == []


async def test_no_state_is_told_by_colour_alone(devtools: str) -> None:
    async with boards.served(pictures.region_lost()) as url, browser.tab(devtools) as page:
        await page.open(url)
        await page.until_text("#host-table", "PartiallyHealthy")
        shapes = await page.evaluate(
            "[...document.querySelectorAll('.state')].map("
            "(one) => [one.dataset.tone, one.querySelector('use').getAttribute('href'), one.textContent.trim() !== ''])"
        )
        assert {(shape, worded) for tone, shape, worded in shapes if shape != f"#{tone}" or not worded} == set()
        assert {tone for tone, *_ in shapes} >= {"good", "doubt", "bad", "wait"}


async def test_hostile_texts_are_texts(devtools: str) -> None:
    told = boards.scene()
    told.health = Health(waiting_for=(HOSTILE,), stuck=(HOSTILE,), role=HOSTILE)
    told.decide("www")
    told.board.member(boards.member(HOSTILE, reachable=False, reason=HOSTILE, message=HOSTILE, version=HOSTILE), HOSTILE)
    told.board.zone(boards.zone(HOSTILE, ready=False, reason=HOSTILE, message=HOSTILE), HOSTILE)
    told.notice(HOSTILE, HOSTILE, HOSTILE, namespace=HOSTILE)
    async with boards.served(told) as url, browser.tab(devtools) as page:
        await page.open(f"{url}?q=%3Cscript%3E")
        await page.until_text("#hosts-empty", "No host has all of “<script>”.")
        await page.until_text("#notes", "<img src=x onerror='window.owned=1'>")
        await page.until_text("#timeline", "<script>window.owned=1</script>")
        told.notice("www", "Withdrawn", HOSTILE)
        await page.until("document.getElementById('announce').textContent.includes('<img')", "the announcement")
        await page.open(f"{url}#host=GlobalHost/shop/%3Cscript%3E")
        await page.until_text("#sheet-body", "There is no such host any more.")
        assert await page.evaluate("[window.owned, document.images.length, document.scripts.length]") == [None, 0, 1]
        assert [one for one in page.errors if "404" not in one] == []


async def test_five_thousand_hosts_are_a_page_of_fifty_and_found_by_a_word(devtools: str) -> None:
    told = boards.scene()
    decision = told.decide("h0000")
    for number in range(1, 5000):
        told.board.decided(
            replace(decision, host=replace(decision.host, name=f"h{number:04}", namespace="many" if number % 2 else "shop"))
        )
    async with boards.served(told) as url, browser.tab(devtools) as page:
        began = time.monotonic()
        await page.open(url)
        await page.until_text("#range", "1 to 50 of 5,000")
        assert time.monotonic() - began < 15, "a second or so where nobody else uses the machine"
        assert await page.evaluate("document.querySelectorAll('#host-table tbody tr').length") == 50
        await page.evaluate("document.getElementById('next').click()")
        await page.until_text("#range", "51 to 100 of 5,000")
        await page.evaluate("document.getElementById('q').focus()")
        await page.write("h4321")
        await page.until_text("#host-table tbody", "h4321")
        await page.until("document.getElementById('pager').hidden", "the pages to go")
        assert await page.evaluate("document.querySelectorAll('#host-table tbody tr').length") == 1


async def test_an_empty_page_says_what_to_do_next(devtools: str) -> None:
    told: Scene = boards.scene()
    async with boards.served(told, Limits(beat=0.2)) as url, browser.tab(devtools) as page:
        await page.open(url)
        await page.until_text("#hosts-empty", "Annotate a federated Ingress with mcidns.io/hostname")
        await page.until_text("#clusters-empty", "kubectl label secret NAME mcidns.io/cluster=NAME")
        await page.until_text("#zones-empty", "kubectl explain dnszone.spec")
        await page.until_text("#changes-empty", "Nothing has changed since this controller started.")
        await page.shoot("empty")
        told.health = Health(waiting_for=("host cluster: not listed yet",))
        await page.until_text("#notes", "Starting. host cluster: not listed yet")


async def test_a_reader_who_is_refused_is_told_why(devtools: str) -> None:
    async with boards.served(boards.scene(), Limits(readers=0)) as url, browser.tab(devtools) as page:
        await page.open(url)
        await page.until_text("#link", "0 readers have this page open, and that is as many as it serves.")
        await page.until_text("#heard", "trying again in")


async def test_a_page_behind_a_token_is_read_by_who_knows_it(devtools: str, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("0123456789abcdef", encoding="utf-8")
    told = boards.scene()
    told.decide("www")
    async with boards.served(told, page_token_file=token) as url, browser.tab(devtools) as page:
        await page.open(url.replace("://", "://anybody:0123456789abcdef@"))
        await page.until_text("#host-table", "www")
        await page.until_text("#link", "live")
        await page.evaluate("document.querySelector('a[data-host]').click()")
        await page.until_text("#sheet-body", "Conditions")


async def test_a_stream_that_goes_dumb_is_given_up_and_tried_again(devtools: str) -> None:
    """What a proxy does that keeps a connection open to a controller that is no more."""
    taken: list[asyncio.StreamWriter] = []

    async def dumb(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nAccess-Control-Allow-Origin: *\r\n\r\n")
        await writer.drain()

    server = await asyncio.start_server(dumb, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    told = boards.scene()
    async with server, boards.served(told) as url, browser.tab(devtools) as page:
        await page.send("Page.setBypassCSP", enabled=True)
        script = f"""{{const ask = window.fetch, later = window.setTimeout;
          window.setTimeout = (what, wait, ...more) => later(what, wait / 50, ...more);
          window.fetch = (path, ...more) => ask(String(path).includes("/live?") ? "http://127.0.0.1:{port}/" : path, ...more);}}"""
        await page.send("Page.addScriptToEvaluateOnNewDocument", source=script)
        await page.open(url)
        async with asyncio.timeout(browser.PATIENCE):
            while len(taken) < 3:
                await asyncio.sleep(0.02)
        assert await page.text("#link") != "live"
        await page.open("about:blank")
        for writer in taken:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


def test_the_pages_flags_are_off_unless_asked_for() -> None:
    assert (Settings().page, Settings().page_token_file, Settings().page_open) == (None, None, False)
