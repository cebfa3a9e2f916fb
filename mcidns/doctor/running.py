"""Runs checks, each bounded and on its own: one that hangs or crashes is a finding, and the others go on."""

import asyncio
import inspect
import traceback
from collections.abc import Awaitable, Callable
from typing import Final

from mcidns.doctor import catalogue
from mcidns.doctor.backends import Broken
from mcidns.doctor.findings import Group, NotChecked, Outcome, Result
from mcidns.errors import McidnsError
from mcidns.kube.errors import Forbidden

Work = Callable[[], Outcome | Awaitable[Outcome]]
Step = Callable[[str, int, int], None]
"""Hears what was just finished, how many checks are finished, and how many were begun so far."""

AT_ONCE: Final = 32


class Runner:
    """Keeps the results in the order in which checks were begun. `seconds` bound each check."""

    def __init__(self, seconds: float, on_step: Step = lambda *_: None) -> None:
        self._seconds = seconds
        self._on_step = on_step
        self._results: dict[int, Result] = {}
        self._begun = 0
        self._gate = asyncio.Semaphore(AT_ONCE)

    @property
    def results(self) -> tuple[Result, ...]:
        """By group, subject, and then as begun."""
        groups = list(Group)
        ranked = sorted(self._results.items(), key=lambda item: (groups.index(item[1].group), item[1].subject, item[0]))
        return tuple(result for _, result in ranked)

    async def check(self, group: Group, subject: str, check: str, work: Work) -> Result:
        """Make a check; never raises but for cancellation."""
        number, self._begun = self._begun, self._begun + 1
        result = await self._made(Result(group, subject, check), work)
        self._results[number] = result
        self._on_step(f"{group} {subject}: {check}", len(self._results), self._begun)
        return result

    async def _made(self, result: Result, work: Work) -> Result:
        where = (result.group, result.subject, result.check)
        try:
            async with self._gate, asyncio.timeout(self._seconds):
                found = work()
                return Result(*where, await found if inspect.isawaitable(found) else found)
        except NotChecked as error:
            return Result(*where, unchecked=str(error))
        except Broken as error:
            return Result(*where, Outcome((error.finding,)))
        except Forbidden as error:
            return Result(*where, unchecked=f"a right is missing: {error.message or error}")
        except TimeoutError:
            what = f"no end within {self._seconds:g} s"
            longer = f"{self._seconds * 3:g}"
            return Result(*where, Outcome((catalogue.CHECK_TIMED_OUT.found(what, longer=longer),)))
        except McidnsError as error:
            return Result(*where, unchecked=str(error))
        except Exception as error:  # noqa: BLE001  whatever it is, the other checks are worth having
            return Result(*where, Outcome((catalogue.CHECK_CRASHED.found(_place(error)),)))


def _place(error: Exception) -> str:
    """What broke and where. The error's own text stays out, as it may quote what was read."""
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    return type(error).__name__ + (f" in {last.name}, line {last.lineno}" if last is not None else "")
