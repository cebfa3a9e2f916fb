"""What a benchmark hands back and how it is shown; nothing is measured here."""

import json
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


class Skipped(Exception):
    """This machine cannot run the benchmark; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity. With a `floor` (the same work by `floor_name`, in the same run) the budget bounds `ratio`.

    `budget` None makes it a figure for information. `note` says where the time goes, or what was counted.
    """

    what: str
    value: float
    unit: str
    budget: float | None = None
    floor: float | None = None
    floor_name: str = ""
    note: str = ""
    measured_ratio: float | None = None

    @property
    def ratio(self) -> float | None:
        """Value by floor, as the median over the runs where there were several."""
        if self.measured_ratio is not None:
            return self.measured_ratio
        return None if not self.floor else self.value / self.floor

    @property
    def met(self) -> bool | None:
        """Whether the budget holds; None where there is none."""
        if self.budget is None:
            return None
        return (self.value if self.ratio is None else self.ratio) <= self.budget


Benchmark = Callable[[], Awaitable[Sequence[Figure]]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One benchmark as it went; `skipped` or `broken` say why there are no figures."""

    name: str
    figures: tuple[Figure, ...] = ()
    skipped: str = ""
    broken: str = ""


def against(what: str, ours: Sequence[float], floors: Sequence[float], floor_name: str, budget: float | None) -> Figure:
    """Seconds of pairs of runs as one figure: medians, and the median of the pairs' ratios, which noise touches least."""
    ratio = statistics.median(one / floor for one, floor in zip(ours, floors, strict=True))
    return Figure(
        what,
        statistics.median(ours),
        "s",
        budget=budget,
        floor=statistics.median(floors),
        floor_name=floor_name,
        measured_ratio=ratio,
        note=f"median of {len(ours)} pairs",
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` (0 to 1) of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def show(console: Console, outcome: Outcome) -> None:
    """One table, or the reason why there is none."""
    if outcome.skipped:
        console.print(f"[bold]{outcome.name}[/]: skipped, {outcome.skipped}\n")
        return
    if outcome.broken:
        console.print(f"[bold]{outcome.name}[/]: [red]broken[/]", end=" ")
        console.print(f"{outcome.broken}\n", markup=False, highlight=False)
        return
    table = Table(title=outcome.name, title_justify="left", title_style="bold", expand=False)
    for column in ("what", "figure", "floor", "ratio", "budget", "met", "note"):
        table.add_column(column, justify="right" if column in {"figure", "floor", "ratio", "budget"} else "left")
    for one in outcome.figures:
        floor = f"{_number(one.floor)} {one.unit} ({one.floor_name})" if one.floor is not None else ""
        ratio = f"{one.ratio:.2f}" if one.ratio is not None else ""
        unit = "x" if one.ratio is not None else one.unit
        budget = f"≤ {_number(one.budget)} {unit}" if one.budget is not None else ""
        met = {None: "", True: "[green]met[/]", False: "[red]missed[/]"}[one.met]
        table.add_row(one.what, f"{_number(one.value)} {one.unit}", floor, ratio, budget, met, one.note)
    console.print(table)
    console.print()


def as_json(outcomes: Sequence[Outcome]) -> str:
    """Everything as one JSON document."""
    found = [
        {
            "name": outcome.name,
            "skipped": outcome.skipped,
            "broken": outcome.broken,
            "figures": [
                {
                    "what": one.what,
                    "value": one.value,
                    "unit": one.unit,
                    "floor": one.floor,
                    "floorName": one.floor_name,
                    "ratio": one.ratio,
                    "budget": one.budget,
                    "met": one.met,
                    "note": one.note,
                }
                for one in outcome.figures
            ],
        }
        for outcome in outcomes
    ]
    return json.dumps(found, indent=2)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
