"""Chromium without a screen, driven over its DevTools protocol; what a page should show is the tests' business."""

import asyncio
import base64
import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

PATIENCE = 30.0
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
KEYS = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    "ArrowUp": (38, ""),
    "ArrowDown": (40, ""),
    "/": (191, "/"),
}


@contextlib.contextmanager
def chromium() -> Iterator[str]:
    """A browser with an empty profile; yields the address of its DevTools. Skips where there is none."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    program = os.environ.get("MCIDNS_CHROMIUM") or next((one for one in found if one is not None), None)
    if program is None:
        pytest.skip("no chromium: `sh tests/servers.sh` installs it on Debian, or name one in MCIDNS_CHROMIUM")
    with tempfile.TemporaryDirectory(prefix="mcidns-chromium-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "HOME": profile, "TZ": "UTC"},
        )
        try:
            yield f"http://127.0.0.1:{_port(Path(profile) / 'DevToolsActivePort', process)}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=10)


def _port(file: Path, process: "subprocess.Popen[bytes]") -> int:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            pytest.skip(f"chromium does not start here: it ended with {process.returncode}")
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int(file.read_text(encoding="utf-8").splitlines()[0])
        time.sleep(0.02)
    raise AssertionError("chromium did not open its DevTools port")


@dataclass
class Page:
    """One tab. `errors` are what its console complained of: exceptions, refusals by the policy, failed loads."""

    socket: aiohttp.ClientWebSocketResponse
    answers: dict[int, "asyncio.Future[Any]"] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def listen(self) -> None:
        """Take in what the browser says until it says no more."""
        async for message in self.socket:
            told = json.loads(message.data)
            waiting = self.answers.pop(told.get("id", -1), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(told)
            elif told.get("method") == "Runtime.exceptionThrown":
                self.errors.append(json.dumps(told["params"]["exceptionDetails"]))
            elif told.get("method") == "Log.entryAdded" and told["params"]["entry"]["level"] in ("error", "warning"):
                self.errors.append(str(told["params"]["entry"]["text"]) + " " + str(told["params"]["entry"].get("url", "")))

    async def send(self, method: str, **params: Any) -> Any:
        """A command of the protocol; its result."""
        number = next(self.numbers)
        self.answers[number] = asyncio.get_running_loop().create_future()
        await self.socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(PATIENCE):
            told = await self.answers[number]
        assert "error" not in told, (method, told["error"])
        return told["result"]

    async def evaluate(self, script: str) -> Any:
        """The value of an expression; a promise is waited for."""
        told = await self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def text(self, selector: str) -> str:
        """The text that is shown of the first such element, empty where there is none."""
        return str(
            await self.evaluate(f"(document.querySelector({json.dumps(selector)})?.innerText ?? '').replace(/\\s+/g, ' ').trim()")
        )

    async def until(self, script: str, what: str) -> None:
        """Wait until the expression is true."""
        end = time.monotonic() + PATIENCE
        while not await self.evaluate(f"Boolean({script})"):
            if time.monotonic() > end:
                raise AssertionError(f"waited for {what}; errors: {self.errors}; shown: {await self.text('body')}")
            await asyncio.sleep(0.03)

    async def until_text(self, selector: str, wanted: str) -> None:
        """Wait until an element shows this text somewhere."""
        shown = f"(document.querySelector({json.dumps(selector)})?.innerText ?? '').replace(/\\s+/g, ' ')"
        script = f"{shown}.includes({json.dumps(wanted)})"
        await self.until(script, f"{selector} to show {wanted!r}")

    async def open(self, url: str) -> None:
        """Go there."""
        await self.send("Page.navigate", url=url)
        await self.until("document.readyState === 'complete'", "the page to load")

    async def press(self, *keys: str) -> None:
        """Press and release keys, one after the other."""
        for key in keys:
            code, text = KEYS[key]
            about: dict[str, Any] = {"key": key, "code": key if len(key) > 1 else "Slash", "windowsVirtualKeyCode": code}
            await self.send("Input.dispatchKeyEvent", type="keyDown", **about, **({"text": text} if text else {}))
            await self.send("Input.dispatchKeyEvent", type="keyUp", **about)

    async def write(self, text: str) -> None:
        """Type into what has the focus."""
        await self.send("Input.insertText", text=text)

    async def size(self, width: int, height: int, *, phone: bool = False) -> None:
        """Be a window, or a phone, of this size."""
        await self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone
        )

    async def scheme(self, scheme: str) -> None:
        """Be a reader who likes it light or dark."""
        await self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    async def shoot(self, name: str) -> None:
        """A picture into the folder MCIDNS_SCREENSHOTS, if that is set."""
        folder = os.environ.get("MCIDNS_SCREENSHOTS")
        if folder:
            told = await self.send("Page.captureScreenshot", format="png")
            await asyncio.to_thread(Path(folder).mkdir, parents=True, exist_ok=True)
            await asyncio.to_thread((Path(folder) / f"{name}.png").write_bytes, base64.b64decode(told["data"]))


@contextlib.asynccontextmanager
async def tab(devtools: str) -> AsyncIterator[Page]:
    """A new tab of the browser."""
    async with aiohttp.ClientSession() as session:
        async with session.put(f"{devtools}/json/new?about:blank") as answer:
            made = await answer.json(content_type=None)
        async with session.ws_connect(made["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            page = Page(socket)
            listening = asyncio.create_task(page.listen())
            try:
                for domain in ("Page", "Runtime", "Log"):
                    await page.send(f"{domain}.enable")
                await page.size(1440, 900)
                yield page
            finally:
                async with session.get(f"{devtools}/json/close/{made['id']}"):
                    pass
                await socket.close()
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
