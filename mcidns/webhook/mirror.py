"""One zone as last read and patched by our own writes, ready to be sent; who asks for it and when lives in server.py."""

import asyncio
import logging
from collections.abc import Iterable

from mcidns.errors import Conflict, ProviderError, Rejected, Transient
from mcidns.model.names import DnsName
from mcidns.model.records import Change, RecordKey, RecordSet
from mcidns.provider import Delta, Full, Held, Provider, Unchanged, Unlisted
from mcidns.webhook import endpoints, wire

_LOG = logging.getLogger(__name__)
_STEP = 256


class Mirror:
    """Reading and writing take turns, so that no reading undoes what was written while it was under way.

    `problem` says why the zone could not be read the last time, empty when it could. `writes` counts changes written.
    """

    def __init__(self, provider: Provider, zone: DnsName) -> None:
        self.zone = zone
        self.problem = f"zone {zone.relative} was not read yet"
        self.writes = 0
        self.stale = asyncio.Event()
        self._provider = provider
        self._lock = asyncio.Lock()
        self._serial: int | None = None
        self._read = False
        self._sets: dict[DnsName, tuple[RecordSet, ...]] = {}
        self._texts: dict[DnsName, bytes] = {}
        self._body: bytes | None = None

    @property
    def ready(self) -> bool:
        """Whether the zone was ever read whole."""
        return self._read

    def __len__(self) -> int:
        return len(self._sets)

    def body(self) -> bytes:
        """All record sets as JSON, without the brackets."""
        if self._body is None:
            self._body = b",".join(self._texts.values())
        return self._body

    def holds(self, key: RecordKey) -> RecordSet | None:
        """One record set, if it stands."""
        return next((records for records in self._sets.get(key.name, ()) if records.key == key), None)

    async def refresh(self) -> None:
        """Learn what changed. Raises ProviderError; the mirror is then as it was."""
        async with self._lock:
            self.stale.clear()
            try:
                await self._learn()
            except ProviderError as error:
                self.problem = str(error)
                raise
            except Exception as error:
                _LOG.exception("webhook.unexpected")
                self.problem = f"unexpected {type(error).__name__}: {error}; see the log and report it"
                raise Transient(self.problem) from error
            self._read, self.problem = True, ""

    async def _learn(self) -> None:
        held = None if self._serial is None else Held(self._serial, lambda name: self._sets.get(name, ()))
        reading = await self._provider.read(self.zone, held)
        match reading:
            case Unchanged():
                self._serial = reading.serial
            case Delta():
                await self._take((name, reading.names[name]) for name in reading.names)
                self._serial = reading.serial
            case Full():
                for gone in self._sets.keys() - set(reading.names):
                    self._put(gone, ())
                await self._take((name, reading.names[name]) for name in reading.names)
                self._serial = reading.serial
            case Unlisted():
                raise Transient(f"zone {self.zone.relative} cannot be listed, and ExternalDNS works on lists only: {reading.why}")

    async def _take(self, names: Iterable[tuple[DnsName, tuple[RecordSet, ...]]]) -> None:
        for count, (name, sets) in enumerate(names):
            self._put(name, sets)
            if not count % _STEP:
                await asyncio.sleep(0)

    def _put(self, name: DnsName, sets: tuple[RecordSet, ...]) -> None:
        if self._sets.get(name, ()) == sets:
            return
        self._body = None
        if sets:
            self._sets[name] = sets
            self._texts[name] = b",".join(wire.encode(endpoints.endpoint(records)) for records in sets)
        else:
            self._sets.pop(name, None)
            self._texts.pop(name, None)

    async def write(self, changes: list[Change]) -> list[ProviderError]:
        """Carry the changes out, each wholly or not at all; the errors of those that could not be.

        A refused batch is halved until the culprit stands alone. Trouble with the back end ends the work on this zone.
        """
        if not self._read:
            return [Transient(f"nothing is written to zone {self.zone.relative} before it was read: {self.problem}")]
        errors: list[ProviderError] = []
        async with self._lock:
            try:
                for batch in self._provider.pack(self.zone, changes):
                    errors += await self._write(batch)
            except ProviderError as error:
                errors.append(error)
            except Exception as error:  # noqa: BLE001  a provider's mistake must not take the other zones along
                _LOG.exception("webhook.unexpected")
                errors.append(Transient(f"unexpected {type(error).__name__}: {error}; see the log and report it", unsure=True))
        if errors:
            self.stale.set()
        return errors

    async def _write(self, batch: tuple[Change, ...]) -> list[ProviderError]:
        try:
            await self._provider.apply(self.zone, batch)
        except (Rejected, Conflict) as error:
            if len(batch) == 1:
                return [error]
            half = len(batch) // 2
            return [*await self._write(batch[:half]), *await self._write(batch[half:])]
        self._believe(batch)
        return []

    def _believe(self, batch: tuple[Change, ...]) -> None:
        self.writes += len(batch)
        for edit in (edit for change in batch for edit in change.edits if not edit.is_check):
            others = tuple(records for records in self._sets.get(edit.key.name, ()) if records.key != edit.key)
            self._put(edit.key.name, others if edit.new is None else tuple(sorted((*others, edit.new))))
