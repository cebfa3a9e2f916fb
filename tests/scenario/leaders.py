"""Several controllers on one stage, each with a line of its own to the host's API that can be cut; no test lives here."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from mcidns.app import App
from mcidns.kube import access
from mcidns.lead.election import Terms
from mcidns.model.mandates import Leading, Standby
from mcidns.settings import Settings
from tests.scenario.stage import Stage

TERMS = Terms() if os.environ.get("MCIDNS_TEST_REAL_TERMS") else Terms(duration=5.0, deadline=3.5, retry=0.6)
"""Short, but long enough for a slow machine. With the variable the defaults, to measure what docs/high-availability.md tells."""

_PORT = re.compile(r"(https?://127\.0\.0\.1):(\d+)")


class Line:
    """Passes bytes on to a port of this machine. `cut` ends every connection and refuses new ones, `mend` takes that back."""

    def __init__(self, upstream: int) -> None:
        self.port = 0
        self._upstream = upstream
        self._is_cut = False
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()
        await asyncio.sleep(0)

    @property
    def is_used(self) -> bool:
        """Whether somebody is connected."""
        return bool(self._writers)

    def cut(self) -> None:
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        self._is_cut = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        try:
            upper, lower = await asyncio.open_connection("127.0.0.1", self._upstream)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, lower}
        with contextlib.suppress(OSError):
            await asyncio.gather(_pump(reader, lower), _pump(upper, writer))
        self._writers -= {writer, lower}
        for one in (writer, lower):
            one.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


def over(config: str, line: Line) -> str:
    """A kubeconfig that goes by the line."""
    return _PORT.sub(rf"\1:{line.port}", config)


def port_of(config: str) -> int:
    found = _PORT.search(config)
    assert found is not None, config
    return int(found[2])


@dataclass
class Controller:
    """One App with its own line."""

    app: App
    task: "asyncio.Task[None]"
    line: Line

    @property
    def leads(self) -> bool:
        return isinstance(self.app.leadership.mandate, Leading)

    @property
    def stands_by(self) -> bool:
        """Warm, and knows who leads."""
        mandate = self.app.leadership.mandate
        return isinstance(mandate, Standby) and bool(mandate.leader) and not self.app.health().waiting_for

    async def stop(self) -> None:
        """Cleanly."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def die(self) -> None:
        """Nothing more of it reaches the host, so that its Lease stays as it is."""
        self.line.cut()
        await self.stop()


@dataclass
class Theatre:
    """A stage and those who act on it."""

    stage: Stage
    stack: contextlib.AsyncExitStack

    def settings(self, **options: Any) -> Settings:
        return replace(self.stage.settings, **{"lease": "mcidns", "terms": TERMS, "stop_within": 1.0, **options})

    async def enter(self, **options: Any) -> Controller:
        """One more controller."""
        config = self.stage.host.kubeconfig_yaml()
        line = await self.stack.enter_async_context(Line(port_of(config)))
        app = App(self.settings(**options), access.from_kubeconfig(over(config, line)))
        controller = Controller(app, asyncio.create_task(app.run()), line)
        self.stack.push_async_callback(controller.stop)
        return controller

    async def leader(self, **options: Any) -> Controller:
        """One that leads and has decided everything."""
        controller = await self.enter(**options)
        await self.stage.until_true(
            lambda: controller.leads and not controller.app.health().waiting_for, "the first controller to lead"
        )
        return controller

    async def leader_of(self, lease: str) -> Controller:
        """One that leads by a Lease of its own, as if it knew of nobody."""
        return await self.leader(lease=lease)

    async def understudy(self, **options: Any) -> Controller:
        """One that stands by and has decided everything."""
        controller = await self.enter(**options)
        await self.stage.until_true(lambda: controller.stands_by, "the second controller to stand by")
        return controller

    def lease(self) -> dict[str, Any]:
        found = self.stage.host.find("leases", "mcidns", "mcidns-system") or {}
        return dict(found.get("spec", {}))


@contextlib.asynccontextmanager
async def on(stage: Stage) -> AsyncIterator[Theatre]:
    async with contextlib.AsyncExitStack() as stack:
        yield Theatre(stage, stack)


@dataclass
class Process:
    """A real `mcidns run`. `events` are its log lines, as they come."""

    process: asyncio.subprocess.Process
    line: Line
    events: list[dict[str, Any]] = field(default_factory=list)
    reading: "asyncio.Task[None] | None" = None

    async def read(self) -> None:
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            with contextlib.suppress(json.JSONDecodeError):
                self.events.append(json.loads(raw))

    def said(self, event: str) -> bool:
        return any(one.get("event") == event for one in self.events)

    def last(self, *events: str) -> str:
        """Which of these it said last."""
        return next((str(one["event"]) for one in reversed(self.events) if one.get("event") in events), "")

    @property
    def role(self) -> str:
        return self.last("lease.leading", "lease.standby", "lease.adrift", "lease.released")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def end(self) -> None:
        """However it stands."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
                self.process.kill()
        await self.process.wait()
        if self.reading is not None:
            await self.reading


async def process(theatre: Theatre, folder: Path, *options: str) -> Process:
    """Start one with short lease times; it ends with the theatre."""
    config = theatre.stage.host.kubeconfig_yaml()
    line = await theatre.stack.enter_async_context(Line(port_of(config)))
    path = folder / f"{line.port}.yaml"
    path.write_text(over(config, line), encoding="utf-8")
    times = (f"--lease-duration={TERMS.duration}", f"--lease-renew-deadline={TERMS.deadline}", f"--lease-retry={TERMS.retry}")
    arguments = ("-m", "mcidns", "run", f"--kubeconfig={path}", "--http=off", "--heartbeat=0.3", *times, *options)
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 20,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    found = Process(started, line)
    found.reading = asyncio.create_task(found.read())
    theatre.stack.push_async_callback(found.end)
    return found


async def until_role(theatre: Theatre, one: Process, role: str) -> None:
    """Wait until it has said so last."""
    await theatre.stage.until_true(lambda: one.role == role, f"{role}, but it said {one.events[-5:]}")


Note = Callable[[str, object], None]


async def gap(stage: Stage, note: Note, what: str, *addresses: str) -> float:
    """Seconds from now until DNS answers this, noted under `what`."""
    began = time.monotonic()
    await stage.until_answer("shop.example.org", *addresses)
    seconds = time.monotonic() - began
    note(what, round(seconds, 2))
    print(f"{what}: {seconds:.2f} s")
    return seconds
