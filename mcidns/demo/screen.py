"""How the demo looks: a live table in a terminal, plain lines elsewhere; nothing happens here."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from mcidns.demo import manifests
from mcidns.demo.manifests import REGIONS
from mcidns.demo.stage import Stage
from mcidns.demo.story import Outcome

_COLOURS = {"Ready": "green", "Stale": "yellow", "LastAddress": "yellow"}
REFRESH = 0.15


class Screen:
    """Shows verdicts, what DNS answers and the steps so far. Without a terminal only the steps, one line each."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._done: list[Outcome] = []
        self._current = ""

    @contextlib.asynccontextmanager
    async def showing(self, stage: Stage) -> AsyncIterator[None]:
        """Keep the table current while the body runs."""
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, auto_refresh=False) as live:
            task = asyncio.create_task(self._refresh(stage, live))
            try:
                yield
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                live.update(self._view(stage.status(), await stage.answer()), refresh=True)

    def begin(self, title: str) -> None:
        """A step starts."""
        self._current = title

    def end(self, outcome: Outcome) -> None:
        """A step has ended."""
        self._done.append(outcome)
        self._current = ""
        if not self._console.is_terminal:
            self._console.print(_line(outcome), soft_wrap=True)

    async def _refresh(self, stage: Stage, live: Live) -> None:
        while True:
            live.update(self._view(stage.status(), await stage.answer()), refresh=True)
            await asyncio.sleep(REFRESH)

    def _view(self, status: dict[str, Any], answer: tuple[str, ...]) -> Group:
        verdicts = {target.get("cluster"): target for target in status.get("targets", [])}
        table = Table("region", "address", "verdict", "why", "in DNS", expand=True, title=f"{manifests.HOSTNAME}")
        for region in REGIONS:
            target = verdicts.get(region.name, {})
            reason = str(target.get("reason", "-"))
            table.add_row(
                f"{region.place} ({region.name})",
                region.address,
                Text(reason, style=_COLOURS.get(reason, "red")),
                str(target.get("message", "")),
                Text("yes", style="green") if region.address in answer else Text("no", style="red"),
            )
        conditions = {c.get("type"): c for c in status.get("conditions", [])}
        words = "  ".join(f"{kind}={c.get('status')} ({c.get('reason')})" for kind, c in sorted(conditions.items()))
        lines = [_line(outcome) for outcome in self._done]
        if self._current:
            lines.append(Text(f"… {self._current}", style="bold"))
        return Group(table, Text(words, style="dim"), Panel(Group(*lines), title="what happens"))


def _line(outcome: Outcome) -> Text:
    if outcome.problem:
        return Text(f"✗ {outcome.step.title}: {outcome.problem} (after {outcome.seconds:.1f} s)", style="red")
    served = ", ".join(outcome.step.addresses)
    return Text(f"✓ {outcome.step.title}  [{outcome.seconds * 1000:.0f} ms; DNS: {served}]", style="green")
