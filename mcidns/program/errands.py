"""One errand of a person's in one zone: read it, plan, write, and again where somebody else was faster; no worker is involved."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from mcidns.errors import Conflict, Denied, ProviderError, Rejected, Transient
from mcidns.model.names import DnsName
from mcidns.model.records import Change, RecordSet
from mcidns.model.zones import Zone
from mcidns.program import adoption
from mcidns.program.adoption import Outcome
from mcidns.program.ownership import At
from mcidns.program.standing import Rules
from mcidns.provider import Adjusts, Full, Provider, Unlisted

TRIES = 3
_LOOKS = 50
_OFFER = 500

Plan = Callable[[DnsName, At], Outcome]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one name: `written` only if the zone took the change as planned; `failure` says why it did not."""

    outcome: Outcome
    written: bool = False
    failure: str = ""


class Errand:
    """Reads a zone once and carries changes out by compare and set. Raises ProviderError where the zone cannot be used at all."""

    def __init__(self, zone: Zone, provider: Provider) -> None:
        """Raises ConfigError where the zone's rules cannot work."""
        adjusts = provider if isinstance(provider, Adjusts) else None
        self.rules = Rules.of(zone, provider.capabilities, adjusts)
        self._zone = zone
        self._provider = provider
        self._sets: dict[DnsName, tuple[RecordSet, ...]] = {}

    async def read(self, names: Iterable[DnsName] = ()) -> None:
        """Learn the whole zone, or just these names where it cannot be listed. Raises Transient where it would have to be."""
        reading = await self._provider.read(self._zone.domain, None)
        if isinstance(reading, Full):
            self._sets = {name: reading.names[name] for name in reading.names}
            return
        wanted = tuple(names)
        if not wanted:
            why = reading.why if isinstance(reading, Unlisted) else "its server sent a difference only"
            raise Transient(f"zone {self._zone.domain.relative} cannot be listed ({why}); name the names you mean")
        await self._look(wanted)

    async def _look(self, names: Sequence[DnsName]) -> None:
        for start in range(0, len(names), _LOOKS):
            asked = adoption.places(self.rules, names[start : start + _LOOKS])
            found = await self._provider.look(self._zone.domain, asked)
            self._sets |= {name: tuple(found.get(name, ())) for name in asked}

    def at(self, name: DnsName) -> tuple[RecordSet, ...]:
        """What stands at a name."""
        return self._sets.get(name, ())

    @property
    def names(self) -> tuple[DnsName, ...]:
        """Every name that holds something, sorted."""
        return tuple(sorted(name for name, sets in self._sets.items() if sets))

    def plan(self, names: Iterable[DnsName], plan: Plan) -> list[Outcome]:
        """What would be done, by what was read."""
        return [plan(name, self.at) for name in names]

    async def carry_out(self, names: Iterable[DnsName], plan: Plan) -> list[Done]:
        """Do it, each name wholly or not at all; what met somebody else's change is read and planned again, three times at most."""
        done: dict[DnsName, Done] = {}
        waiting = list(dict.fromkeys(names))
        fresh = self._provider.capabilities.compare_and_set
        for _ in range(TRIES):
            if not fresh:
                await self._look(waiting)
            fresh = False
            outcomes = {name: plan(name, self.at) for name in waiting}
            done |= {name: Done(outcome) for name, outcome in outcomes.items()}
            changes = [outcome.change for outcome in outcomes.values() if outcome.change is not None]
            results = await self._write(changes)
            done |= {name: replace(done[name], written=error is None, failure=_said(error)) for name, error in results.items()}
            waiting = [name for name, error in results.items() if isinstance(error, Conflict)]
            if not waiting:
                break
        return list(done.values())

    async def _write(self, changes: Sequence[Change]) -> dict[DnsName, ProviderError | None]:
        """Why each change was not taken, None if it was. When the server is gone the rest is not tried."""
        results: dict[DnsName, ProviderError | None] = {}
        for start in range(0, len(changes), _OFFER):
            for batch in self._provider.pack(self._zone.domain, changes[start : start + _OFFER]):
                await self._send(batch, results)
                gone = next((error for error in results.values() if isinstance(error, Transient)), None)
                if gone is not None:
                    left = [change.name for change in changes if change.name not in results]
                    return results | dict.fromkeys(left, Transient(f"not tried: {gone}"))
        return results

    async def _send(self, batch: tuple[Change, ...], results: dict[DnsName, ProviderError | None]) -> None:
        try:
            await self._provider.apply(self._zone.domain, batch)
        except (Conflict, Rejected, Denied) as error:
            if len(batch) > 1:
                half = len(batch) // 2
                await self._send(batch[:half], results)
                await self._send(batch[half:], results)
            else:
                results[batch[0].name] = error
        except Transient as error:
            results |= dict.fromkeys((change.name for change in batch), error)
        else:
            results |= dict.fromkeys((change.name for change in batch), None)


def _said(error: ProviderError | None) -> str:
    match error:
        case None:
            return ""
        case Conflict():
            return f"somebody else changed it at the same time: {error}"
        case Transient(unsure=True):
            return f"it may have been written or not, repeat this to find out: {error}"
        case _:
            return f"it was not written: {error}"
